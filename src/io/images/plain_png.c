#include <png.h>
#include <string.h>
#include "io/images/marks.h"
#include "io/images/plain.h"

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

static int is_plain(png_structp png, png_infop info)
{
    png_uint_32 says = PNG_INFO_tRNS | PNG_INFO_iCCP | PNG_INFO_eXIf;
    return png_get_color_type(png, info) == PNG_COLOR_TYPE_RGB && png_get_bit_depth(png, info) == 8 &&
           png_get_interlace_type(png, info) == PNG_INTERLACE_NONE && !png_get_valid(png, info, says);
}

/* Chunks may also stand behind the pixels. */
static void read_all(png_structp png, png_infop info, const dc3_image *image)
{
    for (int y = 0; y < image->height; y++)
        png_read_row(png, image->pixels + (size_t)y * (size_t)image->width * 3, NULL);
    png_read_end(png, info);
}

int dc3_plain_png(const void *data, size_t size, dc3_image *image)
{
    static const png_byte texts[] = "tEXt\0zTXt\0iTXt";
    bytes from = {data, size};
    dc3_marks marks = dc3_marks_of_png(data, size);
    if (marks.frames || marks.gamma) return 0; /* which is noted */
    volatile int done = 0;
    png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, NULL, stop, stop); /* warnings too */
    png_infop info = png ? png_create_info_struct(png) : NULL;
    if (info && !setjmp(png_jmpbuf(png))) {
        png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, texts, 3); /* nobody reads them */
        png_set_read_fn(png, &from, take);
        png_read_info(png, info);
        if (is_plain(png, info) &&
            dc3_image_allocate(png_get_image_width(png, info), png_get_image_height(png, info), image)) {
            read_all(png, info, image);
            done = is_plain(png, info);
        }
    }
    png_destroy_read_struct(&png, &info, NULL);
    return done;
}
