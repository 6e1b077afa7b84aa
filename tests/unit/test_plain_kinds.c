/* Files of every kind that is decoded without libvips, or scaled without it, against what it makes of them:
 * the same pixels at their own size, about the same at others, the same notes, and the same verdict on what
 * is damaged. */
#include "support/random_tensors.h"
#include <math.h>
#include <stdio.h>
#include <jpeglib.h>
#include <png.h>
#include "base/file.h"
#include "io/image_source.h"
#include "io/images/load.h"
#include "io/images/marks.h"
#include "io/images/profile.h"

static const struct {
    int width, height;
    dc3_fit fit;
} views[] = {{0, 0, DC3_FIT_CROP},     {24, 24, DC3_FIT_CROP}, {31, 20, DC3_FIT_PAD},
             {23, 30, DC3_FIT_SQUASH}, {40, 13, DC3_FIT_CROP}, {6, 5, DC3_FIT_CROP},
             {110, 100, DC3_FIT_CROP}, {90, 120, DC3_FIT_PAD}, {101, 30, DC3_FIT_SQUASH}};
enum { VIEWS = sizeof views / sizeof *views };

/* Sides are multiples of 8, for libvips drops what is no whole pixel of a JPEG that is scaled down while it
 * is decoded. As it was read before there was another way. */
static dc3_status by_libvips(const void *data, size_t size, int view, dc3_image *image, unsigned *notes)
{
    dc3_load l = {.origin = "image", .data = data, .size = size};
    VipsImage *header, *whole;
    int width = views[view].width, height = views[view].height;
    dc3_fit fit = views[view].fit;
    *image = (dc3_image){0};
    DC3_TRY(dc3_vips_start());
    dc3_status status = dc3_load_look(&l, &header);
    if (status == DC3_OK) {
        if (!width) width = l.width, height = l.height, fit = DC3_FIT_SQUASH;
        int shrink = l.kind == DC3_KIND_JPEG ? dc3_jpeg_shrink(l.width, l.height, width, height) : 1;
        status = dc3_load_whole(&l, header, shrink, &whole);
        if (status == DC3_OK) {
            status = dc3_vips_fit("image", whole, l.profile, width, height, fit, image);
            if (status != DC3_OK && l.profile) {
                dc3_profile_drop(whole, &l.notes);
                status = dc3_vips_fit("image", whole, 0, width, height, fit, image);
            }
            g_object_unref(whole);
        }
    }
    *notes = l.notes;
    dc3_load_close(&l);
    return status;
}

static dc3_status by_dc3(const void *data, size_t size, int view, dc3_image *image, unsigned *notes)
{
    dc3_image_source *source;
    void *copy = malloc(size + 1);
    memcpy(copy, data, size);
    assert_int_equal(dc3_image_source_open("image", copy, size, &source), DC3_OK);
    dc3_status status =
        dc3_image_source_read(source, views[view].width, views[view].height, views[view].fit, 0, image);
    *notes = dc3_image_source_notes(source);
    dc3_image_source_close(&source);
    return status;
}

/* Mean and largest difference that a kind may have at other sizes; at its own `own`. */
typedef struct limits {
    double mean;
    int most, own;
} limits;

static void compare(const char *what, int view, const dc3_image *found, const dc3_image *wanted,
                    limits allowed)
{
    double sum = 0;
    int most = 0, count = wanted->width * wanted->height * 3, limit = view ? allowed.most : allowed.own;
    if (found->width != wanted->width || found->height != wanted->height)
        fail_msg("%s, view %d: %d x %d, expected %d x %d", what, view, found->width, found->height,
                 wanted->width, wanted->height);
    for (int i = 0; i < count; i++) {
        int d = abs(found->pixels[i] - wanted->pixels[i]);
        most = d > most ? d : most;
        sum += d;
    }
    if (most > limit || sum / count > allowed.mean)
        fail_msg("%s, view %d: differs by %d, on average %g", what, view, most, sum / count);
}

static void check_view(const char *what, const void *data, size_t size, int view, limits allowed)
{
    dc3_image found, wanted;
    char text[1000] = "";
    unsigned notes, more;
    dc3_status wanted_status = by_libvips(data, size, view, &wanted, &notes);
    if (wanted_status != DC3_OK) snprintf(text, sizeof text, "%s", dc3_error_text());
    dc3_status status = by_dc3(data, size, view, &found, &more);
    if (status != wanted_status)
        fail_msg("%s, view %d: status %d, expected %d %s", what, view, (int)status, (int)wanted_status, text);
    if (status == DC3_OK) {
        compare(what, view, &found, &wanted, allowed);
        if (notes != more) fail_msg("%s: notes %x, expected %x", what, more, notes);
    } else
        assert_string_equal(dc3_error_text(), text);
    dc3_image_free(&found);
    dc3_image_free(&wanted);
}

/* Whole, cut short, and with a byte changed: damage that no decoder notices changes pixels, in both. A curve
 * of a profile may be damaged between the colours of dc3's table. */
static void check_file(const char *what, uint8_t *data, size_t size, dc3_rng *rng, limits allowed,
                       int profile)
{
    for (int view = 0; view < VIEWS; view++) check_view(what, data, size, view, allowed);
    for (int i = 0; i < 6; i++) check_view(what, data, dc3_rng_below(rng, size), i % 2, allowed);
    check_view(what, data, size - 1, 0, allowed);
    for (int i = 0; i < 12; i++) {
        size_t at = dc3_rng_below(rng, i % 2 ? size : size < 700 ? size : 700);
        uint8_t before = data[at];
        data[at] = (uint8_t)dc3_rng_below(rng, 256);
        check_view(what, data, size, 0, profile ? (limits){2, 255, 255} : allowed);
        data[at] = before;
    }
}

static uint8_t level_at(dc3_rng *rng, int x, int y, int c)
{
    double v = 120 + 70 * sin(x * 0.11 + c) + 45 * cos(y * 0.09 - c) + (double)dc3_rng_below(rng, 16);
    return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
}

/* Of 1 to 4 bands; alpha is smooth. */
static VipsImage *smooth_image(dc3_rng *rng, int width, int height, int bands)
{
    size_t n = (size_t)(width * height * bands);
    uint8_t *pixels = malloc(n), *to = pixels;
    VipsImage *out;
    for (int i = 0; i < width * height; i++)
        for (int c = 0; c < bands; c++)
            *to++ = bands % 2 == 0 && c == bands - 1
                        ? (uint8_t)(128 + 127 * sin((i % width) * 0.07 + i / width * 0.05))
                        : level_at(rng, i % width, i / width, c);
    VipsImage *in = vips_image_new_from_memory_copy(pixels, n, width, height, bands, VIPS_FORMAT_UCHAR);
    assert_int_equal(vips_copy(in, &out, "interpretation",
                               bands < 3 ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB, NULL),
                     0);
    g_object_unref(in);
    free(pixels);
    return out;
}

static const limits usual = {0.5, 4, 0}, clear = {1, 8, 0}, managed = {0.7, 20, 12}, deep = {0.5, 4, 1},
                    both = {1, 20, 12};

static const struct kind {
    const char *form; /* the ending and options by which libvips saves it */
    int bands, orientation;
    const char *profile; /* NULL: none */
    const limits *allowed;
    int wide; /* by how much the values are multiplied as 16 bits; 0: 8 bits */
} kinds[] = {
    {".jpg[Q=90]", 3, 0, NULL, &usual, 0},
    {".jpg[Q=90,subsample_mode=off]", 3, 1, NULL, &usual, 0},
    {".jpg[Q=90,restart_interval=2]", 3, 2, NULL, &usual, 0},
    {".jpg[Q=80]", 3, 3, NULL, &usual, 0},
    {".jpg[Q=90,interlace]", 3, 4, NULL, &usual, 0},
    {".jpg[Q=90]", 3, 5, NULL, &usual, 0},
    {".jpg[Q=90]", 3, 6, NULL, &usual, 0},
    {".jpg[Q=90]", 1, 7, NULL, &usual, 0},
    {".jpg[Q=90]", 3, 8, "srgb", &usual, 0},
    {".jpg[Q=90,interlace]", 3, 0, NULL, &usual, 0},
    {".jpg[Q=90,interlace,trellis_quant]", 1, 0, NULL, &usual, 0},
    {".jpg[Q=90]", 1, 0, "srgb", &usual, 0},
    {".jpg[Q=90]", 3, 0, "p3", &managed, 0},
    {".jpg[Q=90]", 3, 6, "p3", &managed, 0},
    {".jpg[Q=90]", 4, 0, NULL, &usual, 0},
    {".png", 1, 0, NULL, &usual, 0},
    {".png", 2, 0, NULL, &clear, 0},
    {".png[interlace]", 3, 0, NULL, &usual, 0},
    {".png[filter=all]", 4, 6, NULL, &clear, 0},
    {".png[palette]", 3, 0, NULL, &usual, 0},
    {".png", 3, 0, "srgb", &usual, 0},
    {".png", 1, 0, "srgb", &usual, 0},
    {".png", 3, 0, "p3", &managed, 0},
    {".png", 4, 0, "p3", &both, 0},
    {".png", 1, 0, NULL, &deep, 251},
    {".png[interlace]", 3, 0, NULL, &usual, 256},
    {".png", 3, 0, NULL, &usual, 16},
    {".png", 3, 0, NULL, &usual, 1},
    {".webp", 3, 0, NULL, &usual, 0},
    {".webp[lossless]", 3, 6, NULL, &usual, 0},
    {".webp[lossless]", 4, 0, NULL, &clear, 0},
    {".webp", 4, 0, NULL, &clear, 0},
    {".webp[Q=40]", 3, 5, NULL, &usual, 0},
    {".webp", 1, 0, NULL, &usual, 0},
    {".webp", 3, 8, "srgb", &usual, 0},
    {".webp", 3, 0, "p3", &managed, 0},
    {".webp[lossless]", 4, 6, "p3", &both, 0},
    {".tif", 3, 8, NULL, &usual, 0},
    {".tif[compression=lzw]", 4, 0, NULL, &clear, 0},
    {".tif", 1, 0, NULL, &usual, 0},
    {".tif", 3, 0, "p3", &managed, 0},
    {".gif", 3, 0, NULL, &usual, 0},
};

/* As it is said in a file of the kind; consumes `in`. */
static VipsImage *say(VipsImage *in, const struct kind *k)
{
    VipsImage *out;
    VipsBlob *profile = NULL;
    if (k->wide) {
        VipsImage *wide;
        assert_int_equal(vips_linear1(in, &out, k->wide, 0, NULL), 0);
        g_object_unref(in);
        assert_int_equal(vips_cast_ushort(out, &wide, NULL), 0);
        g_object_unref(out);
        assert_int_equal(vips_copy(wide, &in, "interpretation",
                                   k->bands < 3 ? VIPS_INTERPRETATION_GREY16 : VIPS_INTERPRETATION_RGB16,
                                   NULL),
                         0);
        g_object_unref(wide);
    }
    out = vips_image_copy_memory(in);
    g_object_unref(in);
    if (k->orientation) vips_image_set_int(out, VIPS_META_ORIENTATION, k->orientation);
    if (k->profile) {
        size_t size;
        assert_int_equal(vips_profile_load(k->profile, &profile, NULL), 0);
        const void *bytes = vips_blob_get(profile, &size);
        vips_image_set_blob_copy(out, VIPS_META_ICC_NAME, bytes, size);
        vips_area_unref(VIPS_AREA(profile));
    }
    return out;
}

static void saved_by_libvips(void **state)
{
    dc3_rng rng = dc3_rng_make(7, DC3_RNG_TEST, 0);
    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        const struct kind *k = &kinds[i];
        char what[100];
        void *data;
        size_t size;
        VipsImage *in = say(smooth_image(&rng, 64 + 8 * (int)(i % 4), 48 + 8 * (int)(i % 3), k->bands), k);
        snprintf(what, sizeof what, "%s, %d bands, orientation %d, profile %s, times %d", k->form, k->bands,
                 k->orientation, k->profile ? k->profile : "none", k->wide);
        if (vips_image_write_to_buffer(in, k->form, &data, &size, NULL)) fail_msg("%s: not made", what);
        check_file(what, data, size, &rng, *k->allowed, k->profile != NULL);
        g_free(data);
        g_object_unref(in);
    }
}

enum { JPEG_USUAL, JPEG_RGB, JPEG_422, JPEG_440, JPEG_SCANS };

/* What libvips does not write: without a transform to YCbCr, with chroma halved along one side, and a scan
 * for each component. */
static void write_jpeg(dc3_rng *rng, int form, unsigned char **data, unsigned long *size)
{
    static const jpeg_scan_info scans[] = {
        {1, {0}, 0, 63, 0, 0}, {1, {1}, 0, 63, 0, 0}, {1, {2}, 0, 63, 0, 0}};
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr errors;
    JSAMPLE row[64 * 3], *rows = row;
    *data = NULL;
    jpeg.err = jpeg_std_error(&errors);
    jpeg_create_compress(&jpeg);
    jpeg_mem_dest(&jpeg, data, size);
    jpeg.image_width = 64, jpeg.image_height = 48, jpeg.input_components = 3, jpeg.in_color_space = JCS_RGB;
    jpeg_set_defaults(&jpeg);
    jpeg_set_quality(&jpeg, 90, TRUE);
    if (form == JPEG_RGB) jpeg_set_colorspace(&jpeg, JCS_RGB);
    if (form == JPEG_422) jpeg.comp_info[0].v_samp_factor = 1;
    if (form == JPEG_440) jpeg.comp_info[0].h_samp_factor = 1;
    if (form == JPEG_SCANS) jpeg.scan_info = scans, jpeg.num_scans = 3;
    jpeg_start_compress(&jpeg, TRUE);
    for (int y = 0; y < 48; y++) {
        for (int i = 0; i < 64 * 3; i++) row[i] = level_at(rng, i / 3, y, i % 3);
        jpeg_write_scanlines(&jpeg, &rows, 1);
    }
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
}

static void other_jpegs(void **state)
{
    dc3_rng rng = dc3_rng_make(8, DC3_RNG_TEST, 0);
    (void)state;
    for (int form = JPEG_USUAL; form <= JPEG_SCANS; form++) {
        char what[20];
        unsigned char *data;
        unsigned long size;
        write_jpeg(&rng, form, &data, &size);
        snprintf(what, sizeof what, "JPEG %d", form);
        check_file(what, data, size, &rng, usual, 0);
        free(data);
    }
}

/* Where a marker stands from `at` on. */
static size_t find_marker(const uint8_t *data, size_t size, size_t at, int marker)
{
    while (at + 1 < size && (data[at] != 0xff || data[at + 1] != marker)) at++;
    assert_true(at + 1 < size);
    return at;
}

/* The first scan many times over, each of which takes as long as all of the image. */
static void many_scans(void **state)
{
    dc3_rng rng = dc3_rng_make(9, DC3_RNG_TEST, 0);
    unsigned char *data;
    unsigned long size;
    (void)state;
    write_jpeg(&rng, JPEG_SCANS, &data, &size);
    size_t first = find_marker(data, size, 0, 0xda), second = find_marker(data, size, first + 2, 0xda),
           length = second - first;
    for (size_t scans = 90; scans <= 110; scans += 20) {
        uint8_t *file = malloc(size + scans * length), *to = file;
        memcpy(to, data, first), to += first;
        for (size_t i = 0; i < scans; i++, to += length) memcpy(to, data + first, length);
        memcpy(to, data + first, size - first), to += size - first;
        dc3_plain plain;
        assert_int_equal(dc3_plain_decode(file, (size_t)(to - file), 0, 0, &plain), scans < 100);
        dc3_plain_free(&plain);
        free(file);
    }
    free(data);
}

/* Headers that promise more than the bytes can hold are left alone before memory is taken. */
static void promises(void **state)
{
    dc3_rng rng = dc3_rng_make(10, DC3_RNG_TEST, 0);
    unsigned char *data;
    unsigned long size;
    dc3_plain plain;
    (void)state;
    write_jpeg(&rng, JPEG_SCANS, &data, &size);
    size_t frame = find_marker(data, size, 0, 0xc0);
    memcpy(data + frame + 5, "\x3f\xff\x3f\xff", 4);
    assert_false(dc3_plain_decode(data, size, 0, 0, &plain));
    assert_true(dc3_plain_may_take(100, DC3_SMALL_DECODED));
    assert_false(dc3_plain_may_take(100, DC3_SMALL_DECODED + 1.0));
    assert_true(dc3_plain_may_take(1 << 20, DC3_DECODED_LIMIT));
    assert_false(dc3_plain_may_take(1 << 20, DC3_DECODED_LIMIT + 1.0));
    free(data);
}

/* Big-endian, as in a profile. */
static void put_number(uint8_t *at, size_t value)
{
    for (int i = 0; i < 4; i++) at[i] = (uint8_t)(value >> (24 - 8 * i));
}

/* A profile of two levels, which alternate with every second value: too steep for a table, when it is met
 * first and when it is known. */
static void steep_profile(void **state)
{
    enum { LEVELS = 128, CURVE = 12 + 2 * LEVELS, TAGS = 128, ENTRY = 12 };
    VipsBlob *blob = NULL;
    size_t size;
    (void)state;
    assert_int_equal(vips_profile_load("p3", &blob, NULL), 0);
    const void *plain = vips_blob_get(blob, &size);
    uint8_t *steep = calloc(1, size + CURVE), *curve = steep + size;
    memcpy(steep, plain, size);
    memcpy(curve, "curv", 4);
    put_number(curve + 8, LEVELS);
    for (int i = 0; i < LEVELS; i++) memset(curve + 12 + 2 * i, i % 2 ? 255 : 0, 2);
    put_number(steep, size + CURVE);
    int curves = 0;
    for (uint8_t *tag = steep + TAGS + 4; tag < steep + TAGS + 4 + ENTRY * steep[TAGS + 3]; tag += ENTRY)
        if (memcmp(tag + 1, "TRC", 3) == 0) put_number(tag + 4, size), put_number(tag + 8, CURVE), curves++;
    assert_int_equal(curves, 3);
    for (int i = 0; i < 2; i++) {
        dc3_colours *colours;
        assert_int_equal(dc3_colours_of(plain, size, &colours), 1);
        assert_non_null(colours);
        dc3_colours_release(&colours);
        assert_int_equal(dc3_colours_of(steep, size + CURVE, &colours), 0);
        assert_null(colours);
    }
    free(steep);
    vips_area_unref(VIPS_AREA(blob));
}

/* Random samples; consumes nothing, gives malloc's memory. */
static void *write_png(dc3_rng *rng, int type, int depth, int interlace, int clear_colour, size_t *size)
{
    char *memory = NULL;
    FILE *file = open_memstream(&memory, size);
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    png_color palette[256];
    png_byte clear_entries[256], row[70 * 8];
    png_color_16 colour = {0};
    int width = (int)between(rng, 1, 70), height = (int)between(rng, 1, 20);
    png_init_io(png, file);
    png_set_IHDR(png, info, (png_uint_32)width, (png_uint_32)height, depth, type,
                 interlace ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                 PNG_FILTER_TYPE_DEFAULT);
    for (int i = 0; i < 256; i++) {
        palette[i].red = level_at(rng, i, i, 0), palette[i].green = level_at(rng, i, i, 1);
        palette[i].blue = level_at(rng, i, i, 2), clear_entries[i] = (png_byte)dc3_rng_below(rng, 256);
    }
    if (type == PNG_COLOR_TYPE_PALETTE) png_set_PLTE(png, info, palette, 1 << depth);
    if (clear_colour) png_set_tRNS(png, info, clear_entries, 1 << depth > 2 ? 3 : 2, &colour);
    png_write_info(png, info);
    for (int pass = png_set_interlace_handling(png); pass > 0; pass--)
        for (int y = 0; y < height; y++) {
            for (size_t i = 0; i < png_get_rowbytes(png, info); i++)
                row[i] =
                    (png_byte)(interlace ? (size_t)y * 31 + i * 7 : dc3_rng_below(rng, 256) * (i % 3 > 0));
            png_write_row(png, row);
        }
    png_write_end(png, info);
    png_destroy_write_struct(&png, &info);
    fclose(file);
    return memory;
}

static void other_pngs(void **state)
{
    static const int types[] = {PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_RGB, PNG_COLOR_TYPE_PALETTE,
                                PNG_COLOR_TYPE_GRAY_ALPHA, PNG_COLOR_TYPE_RGB_ALPHA};
    dc3_rng rng = dc3_rng_make(11, DC3_RNG_TEST, 0);
    (void)state;
    for (int i = 0; i < 5 * 5 * 2 * 2; i++) {
        int type = types[i % 5], depth = 1 << i / 5 % 5, interlace = i / 25 % 2, clear_colour = i / 50;
        char what[100];
        size_t size;
        if ((depth < 8 && type != PNG_COLOR_TYPE_GRAY && type != PNG_COLOR_TYPE_PALETTE) ||
            (depth == 16 && type == PNG_COLOR_TYPE_PALETTE) || (clear_colour && type & PNG_COLOR_MASK_ALPHA))
            continue;
        void *data = write_png(&rng, type, depth, interlace, clear_colour, &size);
        snprintf(what, sizeof what, "PNG of type %d, %d bits, interlace %d, tRNS %d", type, depth, interlace,
                 clear_colour);
        check_view(what, data, size, 0, depth == 16 && !type ? deep : usual);
        check_view(what, data, size - 3, 0, usual);
        dc3_plain plain;
        int taken = dc3_plain_decode(data, size, 0, 0, &plain);
        assert_int_equal(taken, depth < 16 || !(clear_colour || type & PNG_COLOR_MASK_ALPHA));
        dc3_plain_free(&plain);
        free(data);
    }
}

/* A directory of EXIF with `count` entries of a tag, type and number of values. */
static size_t write_exif(uint8_t *to, int big, int count, int tag, int type, int values, int value)
{
    uint8_t *at = to;
    memcpy(at, big ? "Exif\0\0MM\0*\0\0\0\x08" : "Exif\0\0II*\0\x08\0\0\0", 14), at += 14;
    const int entry[] = {tag, type, big ? 0 : values, big ? values : 0, value, 0};
    for (int i = 0; i < 1 + 6 * count; i++) {
        int v = i ? entry[(i - 1) % 6] : count;
        *at++ = (uint8_t)(big ? v >> 8 : v);
        *at++ = (uint8_t)(big ? v : v >> 8);
    }
    memset(at, 0, 4);
    return (size_t)(at + 4 - to);
}

static void orientations(void **state)
{
    static const struct {
        int count, tag, type, values, value, wanted;
    } cases[] = {{1, 0x112, 3, 1, 6, 6}, {1, 0x112, 3, 1, 1, 1}, {1, 0x112, 3, 1, 8, 8},
                 {0, 0x112, 3, 1, 6, 1}, {1, 0x110, 3, 1, 6, 1}, {2, 0x112, 3, 1, 6, 0},
                 {1, 0x112, 4, 1, 6, 0}, {1, 0x112, 3, 2, 6, 0}, {1, 0x112, 3, 1, 0, 0},
                 {1, 0x112, 3, 1, 9, 0}};
    (void)state;
    for (size_t i = 0; i < 2 * sizeof cases / sizeof *cases; i++) {
        uint8_t block[200];
        size_t c = i / 2, size = write_exif(block, i % 2, cases[c].count, cases[c].tag, cases[c].type,
                                            cases[c].values, cases[c].value);
        assert_int_equal(dc3_marks_orientation(block, size), cases[c].wanted);
        assert_int_equal(dc3_marks_orientation(block + 6, size - 6), cases[c].wanted); /* as in most WebPs */
        for (size_t cut = 0; cut < size - 4; cut++) { /* which ends with the place of the next directory */
            uint8_t *part = malloc(cut + 1);
            memcpy(part, block, cut);
            assert_int_equal(dc3_marks_orientation(part, cut), 0);
            free(part);
        }
        block[0] = 'e';
        assert_int_equal(dc3_marks_orientation(block, size), 0);
    }
}

static int start(void **state)
{
    (void)state;
    return dc3_vips_start() != DC3_OK;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(saved_by_libvips), cmocka_unit_test(other_jpegs),
                                       cmocka_unit_test(many_scans),       cmocka_unit_test(promises),
                                       cmocka_unit_test(steep_profile),    cmocka_unit_test(other_pngs),
                                       cmocka_unit_test(orientations)};
    return cmocka_run_group_tests(tests, start, NULL);
}
