#include <setjmp.h>
#include <stdio.h>

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

int dc3_plain_jpeg(const void *data, size_t size, int width, int height, dc3_image *image)
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
        if (is_plain(&d.jpeg) &&
            dc3_image_allocate(d.jpeg.image_width, d.jpeg.image_height, width, height, image)) {
            read_all(&d.jpeg, image);
            done = 1;
        }
    }
    jpeg_destroy_decompress(&d.jpeg);
    return done;
}
