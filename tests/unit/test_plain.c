/* The short way for plain images gives libvips's bytes, and leaves everything else to it. */
#include "support/random_tensors.h"
#include <png.h>
#include <stdio.h>
#include <vips/vips.h>
#include "base/file.h"
#include "io/image.h"
#include "io/images/plain.h"

/* Some order and some noise, so that JPEG's chroma and PNG's filters have something to do. */
static VipsImage *random_image(dc3_rng *rng, int width, int height)
{
    size_t n = (size_t)width * (size_t)height * 3;
    uint8_t *pixels = malloc(n);
    VipsImage *rgb;
    for (size_t i = 0; i < n; i++) {
        size_t x = i / 3 % (size_t)width, y = i / 3 / (size_t)width;
        pixels[i] = (uint8_t)(x * 7 * (i % 3 + 1) / 2 + y * 5 + dc3_rng_below(rng, 1 + x));
    }
    VipsImage *in = vips_image_new_from_memory_copy(pixels, n, width, height, 3, VIPS_FORMAT_UCHAR);
    assert_int_equal(vips_copy(in, &rgb, "interpretation", VIPS_INTERPRETATION_sRGB, NULL), 0);
    g_object_unref(in);
    free(pixels);
    return rgb;
}

/* A PNG of 4 x 3 pixels, with alpha of so many bits or without, with the gamma of sRGB and significant bits,
 * which say nothing, and compressed texts. */
static void *png_that_says(size_t *size, int alpha_bits, int texts)
{
    static png_byte pixels[4 * 8 * 3];
    char comment[1000] = {0};
    png_text text = {.compression = PNG_TEXT_COMPRESSION_zTXt, .key = "Comment", .text = comment};
    char *memory = NULL;
    FILE *file = open_memstream(&memory, size);
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    png_color_8 bits = {.red = 5, .green = 6, .blue = 5, .alpha = 5};
    for (size_t i = 0; i < sizeof pixels; i++) pixels[i] = (png_byte)(7 * i);
    png_init_io(png, file);
    png_set_IHDR(png, info, 4, 3, alpha_bits ? alpha_bits : 8,
                 alpha_bits ? PNG_COLOR_TYPE_RGBA : PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_set_gAMA(png, info, 0.45455);
    png_set_sBIT(png, info, &bits);
    memset(comment, 't', sizeof comment - 1);
    for (int i = 0; i < texts; i++) png_set_text(png, info, &text, 1);
    png_write_info(png, info);
    for (int y = 0; y < 3; y++) png_write_row(png, pixels + (alpha_bits ? 2 * alpha_bits : 12) * y);
    png_write_end(png, info);
    png_destroy_write_struct(&png, &info);
    fclose(file);
    return memory;
}

static void same_as_libvips(const char *what, const void *data, size_t size, int width, int height)
{
    dc3_plain plain;
    size_t bytes;
    if (!dc3_plain_decode(data, size, width, height, &plain)) fail_msg("%s is not taken", what);
    dc3_image image = plain.image;
    int shrink = plain.shrink;
    assert_int_equal(plain.orientation, 1);
    assert_null(plain.colours);
    assert_int_equal(plain.notes, 0);
    VipsImage *in = vips_image_new_from_buffer(data, size, "", "fail_on", VIPS_FAIL_ON_ERROR,
                                               shrink > 1 ? "shrink" : NULL, shrink, NULL);
    assert_int_equal(image.width - in->Xsize, shrink > 1 && plain.columns > in->Xsize);
    assert_int_equal(image.height - in->Ysize, shrink > 1 && plain.rows > in->Ysize);
    uint8_t *pixels = vips_image_write_to_memory(in, &bytes);
    assert_int_equal(bytes, (size_t)in->Xsize * (size_t)in->Ysize * 3);
    for (int y = 0; y < in->Ysize; y++) /* which drops what is no whole row or column */
        if (memcmp(pixels + (size_t)y * (size_t)in->Xsize * 3,
                   image.pixels + (size_t)y * (size_t)image.width * 3, (size_t)in->Xsize * 3) != 0)
            fail_msg("%s of %d x %d differs from libvips", what, image.width, image.height);
    g_free(pixels);
    g_object_unref(in);
    dc3_plain_free(&plain);
}

static void left_alone(const char *what, const void *data, size_t size)
{
    dc3_plain plain;
    if (dc3_plain_decode(data, size, 0, 0, &plain)) fail_msg("%s is taken", what);
    assert_null(plain.image.pixels);
    assert_null(plain.colours);
}

static void taken(void **state)
{
    (void)state;
    dc3_rng rng = dc3_rng_make(1, DC3_RNG_TEST, 0);
    void *data;
    size_t size;
    for (int round = 0; round < 200; round++) {
        int width = (int)between(&rng, 1, 70), height = (int)between(&rng, 1, 70);
        int quality = (int)between(&rng, 1, 100), subsample = round % 3;
        VipsImage *rgb = random_image(&rng, width, height);
        assert_int_equal(vips_jpegsave_buffer(rgb, &data, &size, "Q", quality, "subsample_mode", subsample,
                                              "strip", TRUE, "optimize_coding", round % 2, NULL),
                         0);
        same_as_libvips("JPEG", data, size, 0, 0);
        same_as_libvips("JPEG", data, size, width, height);
        same_as_libvips("a smaller JPEG", data, size, width / 20 + 1, height / 20 + 1);
        g_free(data);
        assert_int_equal(vips_pngsave_buffer(rgb, &data, &size, "filter", VIPS_FOREIGN_PNG_FILTER_ALL,
                                             "strip", TRUE, NULL),
                         0);
        same_as_libvips("PNG", data, size, 0, 0);
        same_as_libvips("PNG", data, size, width, height);
        g_free(data);
        assert_int_equal(vips_webpsave_buffer(rgb, &data, &size, "Q", quality, "lossless", round % 2,
                                              "effort", 1, "strip", TRUE, NULL),
                         0);
        same_as_libvips("WebP", data, size, 0, 0);
        same_as_libvips("WebP", data, size, width, height);
        g_free(data);
        g_object_unref(rgb);
    }
    data = png_that_says(&size, 0, 0);
    same_as_libvips("PNG with a gamma", data, size, 0, 0);
    free(data);
}

/* Cut short anywhere; and with a byte changed, whatever is taken has all its pixels. */
static void damage(const char *what, const uint8_t *data, size_t size, dc3_rng *rng)
{
    dc3_plain plain;
    uint8_t *changed = malloc(size);
    for (size_t length = 0; length + 1 < size; length++) left_alone(what, data, length);
    for (int round = 0; round < 2000; round++) {
        memcpy(changed, data, size);
        changed[dc3_rng_below(rng, size)] = (uint8_t)dc3_rng_below(rng, 256);
        if (!dc3_plain_decode(changed, size, 0, 0, &plain)) continue;
        const volatile uint8_t *pixels = plain.image.pixels; /* so that each is read */
        for (size_t i = 0; i < (size_t)plain.image.width * (size_t)plain.image.height * 3; i++)
            (void)pixels[i];
        dc3_plain_free(&plain);
    }
    free(changed);
}

static void shrinks(void **state)
{
    (void)state;
    assert_int_equal(dc3_jpeg_shrink(400, 300, 0, 0), 1);
    assert_int_equal(dc3_jpeg_shrink(400, 300, 100, 76), 1);
    assert_int_equal(dc3_jpeg_shrink(400, 300, 100, 75), 2);
    assert_int_equal(dc3_jpeg_shrink(799, 800, 100, 100), 2);
    assert_int_equal(dc3_jpeg_shrink(800, 900, 100, 100), 4);
    assert_int_equal(dc3_jpeg_shrink(1600, 9000, 100, 100), 8);
    assert_int_equal(dc3_jpeg_shrink(16000, 100, 100, 100), 1);
}

/* A JPEG that is scaled down while it is decoded gives what all its pixels give, though its sides be no
 * multiples: of noise on a slope that would show any shift. */
static void reduced(void **state)
{
    dc3_rng rng = dc3_rng_make(4, DC3_RNG_TEST, 0);
    (void)state;
    for (int round = 0; round < 12; round++) {
        int width = 241 + round, height = 323 - round, to = round % 2 ? 60 : 29;
        dc3_image image = {width, height, malloc((size_t)width * (size_t)height * 3)}, whole, small, found;
        void *data;
        size_t size;
        for (int i = 0; i < width * height * 3; i++)
            image.pixels[i] =
                (uint8_t)(i / 3 % width % 60 * 3 + i / 3 / width % 70 * 1 + (int)dc3_rng_below(&rng, 9));
        assert_int_equal(dc3_image_encode(&image, DC3_JPEG, &data, &size), DC3_OK);
        assert_int_equal(dc3_image_decode("image", data, size, 0, 0, DC3_FIT_CROP, &whole), DC3_OK);
        assert_int_equal(dc3_image_resize(&whole, to, to, DC3_FIT_SQUASH, &small), DC3_OK);
        assert_int_equal(dc3_image_decode("image", data, size, to, to, DC3_FIT_SQUASH, &found), DC3_OK);
        double sum = 0;
        for (int i = 0; i < to * to * 3; i++) sum += abs(found.pixels[i] - small.pixels[i]);
        if (sum / (to * to * 3) > 1) fail_msg("%d x %d to %d: %g", width, height, to, sum / (to * to * 3));
        dc3_image_free(&image), dc3_image_free(&whole), dc3_image_free(&small), dc3_image_free(&found);
        free(data);
    }
}

static void damaged(void **state)
{
    (void)state;
    dc3_rng rng = dc3_rng_make(2, DC3_RNG_TEST, 0);
    void *data;
    size_t size;
    VipsImage *rgb = random_image(&rng, 20, 18);
    assert_int_equal(vips_jpegsave_buffer(rgb, &data, &size, "strip", TRUE, NULL), 0);
    damage("a cut JPEG", data, size, &rng);
    g_free(data);
    assert_int_equal(vips_pngsave_buffer(rgb, &data, &size, "strip", TRUE, NULL), 0);
    damage("a cut PNG", data, size, &rng);
    g_free(data);
    for (int lossless = 0; lossless < 2; lossless++) {
        assert_int_equal(vips_webpsave_buffer(rgb, &data, &size, "lossless", lossless, "strip", TRUE, NULL),
                         0);
        damage("a cut WebP", data, size, &rng);
        g_free(data);
    }
    g_object_unref(rgb);
}

static void *read_golden(const char *name, size_t *size)
{
    char path[1024], *data;
    snprintf(path, sizeof path, DC3_TEST_DATA "/%s", name);
    assert_int_equal(dc3_file_read(path, 1 << 20, &data, size), DC3_OK);
    return data;
}

static void left_to_libvips(void **state)
{
    (void)state;
    static const char *const files[] = {"images/cmyk.jpg",     "images/cut.jpg",   "images/text.jpg",
                                        "images/cut.png",      "images/empty.png", "images/animated.webp",
                                        "images/animated.gif", "images/pages.tif"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        size_t size;
        void *data = read_golden(files[i], &size);
        left_alone(files[i], data, size);
        free(data);
    }
}

/* A WebP with transparency, an orientation or a profile is taken, and what its pixels need is known. */
static void webps(void **state)
{
    enum { FLAGS = 20, ALPHA = 0x10, EXIF = 0x08, ICC = 0x20, ANIMATION = 0x02 };
    static const struct {
        const char *name;
        int orientation, managed;
    } files[] = {
        {"images/alpha.webp", 1, 0}, {"odd_images/turned.webp", 3, 0}, {"odd_images/wide.webp", 1, 1}};
    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        size_t size;
        dc3_plain plain;
        uint8_t *data = read_golden(files[i].name, &size);
        assert_int_equal(dc3_plain_decode(data, size, 0, 0, &plain), 1);
        assert_int_equal(plain.orientation, files[i].orientation);
        assert_int_equal(plain.colours != NULL, files[i].managed);
        dc3_plain_free(&plain);
        if (memcmp(data + 12, "VP8X", 4) == 0) { /* whose header names parts that are not there */
            data[FLAGS] ^= EXIF | ICC;
            left_alone("a WebP without what it names", data, size);
            data[FLAGS] = ANIMATION;
            left_alone("an animated WebP", data, size);
        }
        free(data);
    }
}

/* Transparency that the header does not name: libwebp passes over a chunk of it; where it is in the pixels
 * themselves, libvips decides what becomes of it. */
static void unnamed_alpha(void **state)
{
    enum { FLAGS = 20, ALPHA = 0x10 };
    dc3_rng rng = dc3_rng_make(6, DC3_RNG_TEST, 0);
    (void)state;
    VipsImage *rgb = random_image(&rng, 20, 18), *clear;
    assert_int_equal(vips_bandjoin_const1(rgb, &clear, 100, NULL), 0);
    for (int lossless = 0; lossless < 2; lossless++) {
        void *data;
        size_t size;
        dc3_plain plain;
        vips_image_set_int(clear, VIPS_META_ORIENTATION, 1); /* for which EXIF is written, and a header */
        assert_int_equal(vips_webpsave_buffer(clear, &data, &size, "lossless", lossless, NULL), 0);
        uint8_t *flags = (uint8_t *)data + FLAGS;
        assert_true(*flags & ALPHA);
        assert_int_equal(dc3_plain_decode(data, size, 0, 0, &plain), 1);
        dc3_plain_free(&plain);
        *flags &= (uint8_t)~ALPHA;
        if (lossless)
            left_alone("a WebP with alpha in its pixels only", data, size);
        else
            same_as_libvips("a WebP with alpha that its header does not name", data, size, 0, 0);
        g_free(data);
    }
    g_object_unref(clear);
    g_object_unref(rgb);
}

/* Texts that a small file may inflate to gigabytes. */
static void texts(void **state)
{
    (void)state;
    size_t size;
    dc3_image image;
    void *data = png_that_says(&size, 0, DC3_TEXT_LIMIT + 1);
    same_as_libvips("PNG with texts", data, size, 0, 0); /* without them */
    for (size_t cut = 0; cut < size; cut += 7)           /* the pass over the chunks */
        assert_int_not_equal(dc3_image_decode("cut.png", data, cut, 2, 2, DC3_FIT_CROP, &image), DC3_OK);
    free(data);
    data = png_that_says(&size, 16, DC3_TEXT_LIMIT);
    assert_int_equal(dc3_image_decode("texts.png", data, size, 0, 0, DC3_FIT_CROP, &image), DC3_OK);
    dc3_image_free(&image);
    free(data);
    data = png_that_says(&size, 16, DC3_TEXT_LIMIT + 1);
    assert_int_equal(dc3_image_decode("texts.png", data, size, 0, 0, DC3_FIT_CROP, &image), DC3_ERR_FORMAT);
    assert_string_equal(dc3_error_text(),
                        "texts.png: 17 compressed texts beside the image are more than the limit of 16");
    free(data);
}

static int start(void **state)
{
    (void)state;
    return VIPS_INIT("test_plain");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(taken),           cmocka_unit_test(shrinks),
                                       cmocka_unit_test(reduced),         cmocka_unit_test(damaged),
                                       cmocka_unit_test(left_to_libvips), cmocka_unit_test(webps),
                                       cmocka_unit_test(unnamed_alpha),   cmocka_unit_test(texts)};
    return cmocka_run_group_tests(tests, start, NULL);
}
