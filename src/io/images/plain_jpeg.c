#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
#include "io/image_notes.h"
#include "io/images/marks.h"
#include "io/images/plain.h"
#include "io/images/turn.h"

typedef struct decoder {
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr errors;
    struct jpeg_progress_mgr progress;
    JOCTET *profile;
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

/* A small file may have thousands of scans of all its pixels. */
static void on_progress(j_common_ptr jpeg)
{
    enum { SCANS = 100 };
    if (((j_decompress_ptr)jpeg)->input_scan_number > SCANS) stop(jpeg);
}

static int is_plain(const struct jpeg_decompress_struct *jpeg)
{
    J_COLOR_SPACE space = jpeg->jpeg_color_space;
    int grey = jpeg->num_components == 1 && space == JCS_GRAYSCALE;
    return jpeg->data_precision == 8 &&
           (grey || (jpeg->num_components == 3 && (space == JCS_YCbCr || space == JCS_RGB)));
}

/* How it stands; 0: libvips is to say. */
static int find_orientation(const struct jpeg_decompress_struct *jpeg)
{
    int orientation = 1, blocks = 0;
    for (jpeg_saved_marker_ptr m = jpeg->marker_list; m; m = m->next)
        if (m->marker == JPEG_APP0 + 1 && m->data_length >= 4 && memcmp(m->data, "Exif", 4) == 0) {
            orientation = dc3_marks_orientation(m->data, m->data_length);
            blocks++;
        }
    return blocks > 1 ? 0 : orientation;
}

/* What stands before the pixels: 0 where libvips is to read them. */
static int read_marks(decoder *d, dc3_plain *plain)
{
    int icc = 0;
    plain->orientation = find_orientation(&d->jpeg);
    for (jpeg_saved_marker_ptr m = d->jpeg.marker_list; m; m = m->next)
        icc |= m->marker == JPEG_APP0 + 2 && m->data_length >= 11 && memcmp(m->data, "ICC_PROFILE", 11) == 0;
    if (!plain->orientation || !icc) return plain->orientation;
    unsigned size;
    return d->jpeg.num_components == 3 && jpeg_read_icc_profile(&d->jpeg, &d->profile, &size) &&
           dc3_colours_of(d->profile, size, &plain->colours);
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

/* Sets the scale and takes memory: of several scans, coefficients of 16 bits are kept too. */
static int prepare(struct jpeg_decompress_struct *jpeg, size_t size, int width, int height, dc3_plain *plain)
{
    enum { COPIES = 3 };
    int swap = dc3_turn_swaps(plain->orientation);
    double bytes = 3.0 * jpeg->image_width * jpeg->image_height;
    if (jpeg_has_multiple_scans(jpeg)) bytes *= COPIES;
    if (!dc3_plain_may_take(size, bytes)) return 0;
    jpeg->scale_num = 1;
    jpeg->scale_denom = (unsigned)dc3_jpeg_shrink((int)jpeg->image_width, (int)jpeg->image_height,
                                                  swap ? height : width, swap ? width : height);
    jpeg_calc_output_dimensions(jpeg);
    return (double)jpeg->image_width * jpeg->image_height <= DC3_IMAGE_LIMIT &&
           dc3_image_allocate(jpeg->output_width, jpeg->output_height, &plain->image);
}

static void start(decoder *d, const void *data, size_t size)
{
    jpeg_create_decompress(&d->jpeg);
    d->jpeg.progress = &d->progress;
    for (int i = 1; i <= 2; i++)
        jpeg_save_markers(&d->jpeg, JPEG_APP0 + i, 0xffff); /* EXIF and XMP; profiles */
    jpeg_mem_src(&d->jpeg, data, size);
    jpeg_read_header(&d->jpeg, TRUE);
}

int dc3_plain_jpeg(const void *data, size_t size, int width, int height, dc3_plain *plain)
{
    decoder d = {.progress.progress_monitor = on_progress};
    volatile int done = 0;
    d.jpeg.err = jpeg_std_error(&d.errors);
    d.jpeg.client_data = &d;
    d.errors.error_exit = stop;
    d.errors.emit_message = on_message;
    if (!setjmp(d.stop)) {
        start(&d, data, size);
        if (is_plain(&d.jpeg) && read_marks(&d, plain) && prepare(&d.jpeg, size, width, height, plain)) {
            plain->shrink = (int)d.jpeg.scale_denom;
            read_all(&d.jpeg, &plain->image);
            plain->columns = (double)d.jpeg.image_width / plain->shrink;
            plain->rows = (double)d.jpeg.image_height / plain->shrink;
            if (dc3_marks_of_jpeg(data, size).frames) plain->notes |= DC3_NOTE_FRAMES;
            done = 1;
        }
    }
    free(d.profile);
    jpeg_destroy_decompress(&d.jpeg);
    return done;
}
