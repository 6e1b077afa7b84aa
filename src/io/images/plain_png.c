#include <png.h>
#include <stdlib.h>
#include <string.h>
#include "io/image_notes.h"
#include "io/images/marks.h"
#include "io/images/plain.h"
#include "io/images/value_range.h"

typedef struct bytes {
    const unsigned char *data;
    size_t left;
} bytes;

static void take(png_structp png, png_bytep to, size_t size)
{
    bytes *from = png_get_io_ptr(png);
    if (size > from->left) png_error(png, "");
    memcpy(to, from->data, size);
    from->data += size;
    from->left -= size;
}

static void stop(png_structp png, png_const_charp text)
{
    (void)text;
    png_longjmp(png, 1);
}

/* The colour profile. 0: it is left to libvips. */
static int find_colours(png_structp png, png_infop info, int grey, dc3_plain *plain)
{
    png_charp name;
    png_bytep profile;
    png_uint_32 size;
    int way;
    return !grey && png_get_iCCP(png, info, &name, &way, &profile, &size) == PNG_INFO_iCCP &&
           dc3_colours_of(profile, size, &plain->colours);
}

/* Whether it has 8 bits once unpacked, or 16 without transparency. */
static int is_plain(png_structp png, png_infop info)
{
    return png_get_bit_depth(png, info) < 16 || (!(png_get_color_type(png, info) & PNG_COLOR_MASK_ALPHA) &&
                                                 !png_get_valid(png, info, PNG_INFO_tRNS));
}

/* RGB or RGBA of 8 bits or RGB of 16: bytes a pixel. */
static int unpack(png_structp png, png_infop info)
{
    png_set_expand(png); /* palettes, fewer bits, transparent colours */
    png_set_gray_to_rgb(png);
    png_set_interlace_handling(png);
    png_read_update_info(png, info);
    return png_get_channels(png, info) * png_get_bit_depth(png, info) / 8;
}

/* Memory for pixels before they become RGB of 8 bits, in place. */
static int prepare(png_structp png, png_infop info, size_t size, int pixel, dc3_image *image)
{
    png_uint_32 width = png_get_image_width(png, info), height = png_get_image_height(png, info);
    double pixels = (double)width * height;
    if (pixels > DC3_IMAGE_LIMIT || !dc3_plain_may_take(size, pixels * pixel)) return 0;
    *image = (dc3_image){(int)width, (int)height, malloc((size_t)width * height * (size_t)pixel)};
    return image->pixels != NULL;
}

/* Chunks may also stand behind the pixels. */
static void read_all(png_structp png, png_infop info, int passes, int pixel, const dc3_image *image)
{
    for (int pass = 0; pass < passes; pass++)
        for (int y = 0; y < image->height; y++)
            png_read_row(png, image->pixels + (size_t)y * (size_t)image->width * (size_t)pixel, NULL);
    png_read_end(png, info);
}

/* RGB of 16 bits, the high byte first, to what stands for them, and a note where that is not all of 16. As in
 * libvips, colours lose their low byte and grey is rounded. */
static void narrow(uint8_t *pixels, size_t count, int grey, unsigned *notes)
{
    dc3_values values = {DC3_VALUE_UNSIGNED, 16, .least = 65535};
    int least = 65535, most = 0;
    for (size_t i = 0; i < 3 * count; i++) {
        int v = pixels[2 * i] << 8 | pixels[2 * i + 1];
        least = v < least ? v : least;
        most = v > most ? v : most;
    }
    values.least = least, values.most = most;
    dc3_value_range range = most ? dc3_value_range_of(&values) : (dc3_value_range){0, 65535, 0};
    *notes |= range.notes;
    double scale = 255 / (range.white - range.black), start = 0.5 - range.black * scale;
    int high_byte = !grey && range.black <= 0 && range.white >= 65535;
    for (size_t i = 0; i < 3 * count; i++) {
        double v = high_byte ? pixels[2 * i] : (pixels[2 * i] << 8 | pixels[2 * i + 1]) * scale + start;
        pixels[i] = (uint8_t)(v > 255 ? 255 : v);
    }
}

/* The pixels as RGB of 8 bits, and no more memory than they need. */
static void finish(int pixel, int grey, dc3_plain *plain)
{
    dc3_image *image = &plain->image;
    size_t count = (size_t)image->width * (size_t)image->height;
    if (pixel == 4) dc3_plain_to_rgb(image->pixels, 4, count, &plain->colours, image->pixels);
    if (pixel == 6) narrow(image->pixels, count, grey, &plain->notes);
    uint8_t *less = pixel == 3 ? NULL : realloc(image->pixels, 3 * count);
    if (less) image->pixels = less;
}

/* Fails by a jump. */
static int decode(png_structp png, png_infop info, const dc3_marks *marks, size_t size, dc3_plain *plain)
{
    png_read_info(png, info);
    if (!is_plain(png, info)) return 0;
    int passes = png_get_interlace_type(png, info) == PNG_INTERLACE_NONE ? 1 : PNG_INTERLACE_ADAM7_PASSES;
    int grey = !(png_get_color_type(png, info) & PNG_COLOR_MASK_COLOR), pixel = unpack(png, info);
    if (!prepare(png, info, size, pixel, &plain->image)) return 0;
    read_all(png, info, passes, pixel, &plain->image);
    if (marks->profile && !find_colours(png, info, grey, plain)) return 0;
    finish(pixel, grey, plain);
    return 1;
}

int dc3_plain_png(const void *data, size_t size, dc3_plain *plain)
{
    static const png_byte texts[] = "tEXt\0zTXt\0iTXt";
    bytes from = {data, size};
    dc3_marks marks = dc3_marks_of_png(data, size);
    volatile int done = 0;
    png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, NULL, stop, stop); /* warnings too */
    png_infop info = png ? png_create_info_struct(png) : NULL;
    if (info && !setjmp(png_jmpbuf(png))) {
        png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, texts, 3); /* nobody reads them */
        png_set_read_fn(png, &from, take);
        done = decode(png, info, &marks, size, plain);
    }
    png_destroy_read_struct(&png, &info, NULL);
    plain->orientation = marks.orientation ? marks.orientation : 1;
    plain->notes |= (marks.frames ? DC3_NOTE_FRAMES : 0U) | (marks.gamma ? DC3_NOTE_GAMMA : 0U);
    return done;
}
