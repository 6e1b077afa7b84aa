#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <jpeglib.h>
#include "io/images/plain.h"

typedef struct decoder {
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr errors;
    jmp_buf stop;
} decoder;

static void stop(j_common_ptr jpeg)
{
    longjmp(((decoder *)jpeg->client_data)->stop, 1);
}

/* Level -1 is a warning: damage that the library passes over. */
static void on_message(j_common_ptr jpeg, int level)
{
    if (level < 0) stop(jpeg);
}

static int is_plain(struct jpeg_decompress_struct *jpeg)
{
    return !jpeg_has_multiple_scans(jpeg) && jpeg->num_components == 3 && jpeg->data_precision == 8 &&
           !jpeg->marker_list && (jpeg->jpeg_color_space == JCS_YCbCr || jpeg->jpeg_color_space == JCS_RGB);
}

/* Without the last row and column where they stand for less than a whole block of the file's pixels. In
 * place. */
static void trim(dc3_image *image, int width, int height)
{
    for (int y = 1; y < height && width < image->width; y++)
        memmove(image->pixels + (size_t)y * (size_t)width * 3,
                image->pixels + (size_t)y * (size_t)image->width * 3, (size_t)width * 3);
    image->width = width;
    image->height = height;
}

static void read_all(struct jpeg_decompress_struct *jpeg, const dc3_image *image)
{
    jpeg->out_color_space = JCS_RGB;
    jpeg_start_decompress(jpeg);
    while (jpeg->output_scanline < jpeg->output_height) {
        JSAMPROW row = image->pixels + (size_t)jpeg->output_scanline * (size_t)image->width * 3;
        jpeg_read_scanlines(jpeg, &row, 1);
    }
    jpeg_finish_decompress(jpeg);
}

int dc3_jpeg_shrink(int own_width, int own_height, int width, int height)
{
    if (!width || !height) return 1;
    int across = own_width / width, down = own_height / height, factor = across < down ? across : down;
    return factor >= 16 ? 8 : factor >= 8 ? 4 : factor >= 4 ? 2 : 1;
}

/* Sets the scale and takes memory. */
static int prepare(struct jpeg_decompress_struct *jpeg, int width, int height, dc3_image *image)
{
    jpeg->scale_num = 1;
    jpeg->scale_denom =
        (unsigned)dc3_jpeg_shrink((int)jpeg->image_width, (int)jpeg->image_height, width, height);
    jpeg_calc_output_dimensions(jpeg);
    return (double)jpeg->image_width * jpeg->image_height <= DC3_IMAGE_LIMIT &&
           dc3_image_allocate(jpeg->output_width, jpeg->output_height, image);
}

int dc3_plain_jpeg(const void *data, size_t size, int width, int height, int *shrink, dc3_image *image)
{
    decoder d = {0};
    volatile int done = 0;
    d.jpeg.err = jpeg_std_error(&d.errors);
    d.jpeg.client_data = &d;
    d.errors.error_exit = stop;
    d.errors.emit_message = on_message;
    if (!setjmp(d.stop)) {
        jpeg_create_decompress(&d.jpeg);
        for (int i = 1; i <= 2; i++)
            jpeg_save_markers(&d.jpeg, JPEG_APP0 + i, 1); /* EXIF and XMP; profiles */
        jpeg_mem_src(&d.jpeg, data, size);
        jpeg_read_header(&d.jpeg, TRUE);
        if (is_plain(&d.jpeg) && prepare(&d.jpeg, width, height, image)) {
            *shrink = (int)d.jpeg.scale_denom;
            read_all(&d.jpeg, image);
            trim(image, (int)d.jpeg.image_width / *shrink, (int)d.jpeg.image_height / *shrink);
            done = 1;
        }
    }
    jpeg_destroy_decompress(&d.jpeg);
    return done;
}
