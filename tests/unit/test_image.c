/* Images of the kinds that real folders hold, against what Pillow reads of them (tools/golden/images.py).
 */
#include "support/random_tensors.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vips/vips.h>
#include "io/image.h"
#include "io/safetensors.h"

#define FOLDER DC3_TEST_DATA "/images/"

/* The largest difference of a channel; fails where the sizes differ. */
static int difference(const char *name, const dc3_image *image, const dc3_tensor *wanted)
{
    int most = 0;
    if (image->height != wanted->shape[0] || image->width != wanted->shape[1])
        fail_msg("%s: %dx%d pixels, expected %dx%d", name, image->width, image->height, (int)wanted->shape[1],
                 (int)wanted->shape[0]);
    for (int i = 0; i < image->width * image->height * 3; i++) {
        int d = abs(image->pixels[i] - ((const uint8_t *)wanted->data)[i]);
        most = d > most ? d : most;
    }
    return most;
}

static void against_pillow(void **state)
{
    (void)state;
    dc3_table *golden;
    int count = 0;
    assert_int_equal(dc3_safetensors_open(FOLDER "golden.safetensors", &golden), DC3_OK);
    for (size_t i = 0; i < dc3_table_size(golden); i++) {
        char path[1024];
        const char *name = dc3_table_name(golden, i);
        dc3_image image;
        if (strcmp(name, "cmyk.jpg") == 0) continue;
        snprintf(path, sizeof path, "%s%s", FOLDER, name);
        if (dc3_image_read(path, 0, 0, DC3_FIT_CROP, &image) != DC3_OK) fail_msg("%s", dc3_error_text());
        /* Two JPEG decoders may round differently, and so does blending with white. */
        int d = difference(name, &image, dc3_table_at(golden, i)), limit = strstr(name, ".jpg") ? 3 : 1;
        if (d > limit) fail_msg("%s: a channel differs by %d", name, d);
        dc3_image_free(&image);
        count++;
    }
    assert_int_equal(count, 18);
    dc3_table_close(&golden);
}

/* What is right for CMYK: the inks of the embedded profile, without one those of libvips's fallback, a press
 * of the common kind. On photographs this agrees with LittleCMS under the same profile within a mean of 1 of
 * 255, and an image separated for a press looks as before, by eye too. Pillow's convert("RGB") ignores
 * profiles and takes ideal inks, 255 - C - K: it makes such an image too colourful, a mean of 15 of 255 away
 * (25 on the blocks of pure ink below), and gives back only what its own convert("CMYK") made. Adobe's
 * inverted values are undone by both. So the golden file of Pillow has no say here. */
static void cmyk_round_trip(void **state)
{
    (void)state;
    static uint8_t pixels[32 * 32 * 3];
    for (int i = 0; i < 32 * 32; i++)
        for (int c = 0; c < 3; c++) /* colours that a press can print */
            pixels[3 * i + c] = (uint8_t)(110 + ((i % 32) / 8 + c * 2) % 4 * 20 + (i / 256) * 8);
    dc3_image first = {32, 32, pixels}, image;
    void *data;
    size_t size;
    assert_int_equal(dc3_image_encode(&first, DC3_PNG, &data, &size), DC3_OK); /* starts libvips */
    free(data);
    for (int strip = 0; strip < 2; strip++) {
        VipsImage *in = vips_image_new_from_memory(pixels, sizeof pixels, 32, 32, 3, VIPS_FORMAT_UCHAR);
        VipsImage *rgb, *inks;
        void *jpeg;
        double sum = 0;
        assert_int_equal(vips_copy(in, &rgb, "interpretation", VIPS_INTERPRETATION_sRGB, NULL), 0);
        assert_int_equal(
            vips_icc_export(rgb, &inks, "output_profile", "cmyk", "intent", VIPS_INTENT_RELATIVE, NULL), 0);
        assert_int_equal(vips_jpegsave_buffer(inks, &jpeg, &size, "Q", 97, "strip", strip, NULL), 0);
        if (dc3_image_decode("press.jpg", jpeg, size, 0, 0, DC3_FIT_CROP, &image) != DC3_OK)
            fail_msg("%s", dc3_error_text());
        for (size_t i = 0; i < sizeof pixels; i++) sum += abs(image.pixels[i] - pixels[i]);
        if (sum / sizeof pixels > 5) fail_msg("strip %d: a mean of %g away", strip, sum / sizeof pixels);
        dc3_image_free(&image);
        g_free(jpeg);
        g_object_unref(inks), g_object_unref(rgb), g_object_unref(in);
    }
}

/* White paper, black ink, cyan, magenta, yellow. */
static void cmyk(void **state)
{
    (void)state;
    dc3_image image;
    if (dc3_image_read(FOLDER "cmyk.jpg", 0, 0, DC3_FIT_CROP, &image) != DC3_OK)
        fail_msg("%s", dc3_error_text());
    assert_int_equal(image.width, 40);
    const uint8_t *at[5];
    for (int i = 0; i < 5; i++) at[i] = image.pixels + (4 * 40 + 8 * i + 4) * 3;
    for (int c = 0; c < 3; c++) {
        assert_true(at[0][c] > 245);
        assert_true(at[1][c] < 70);
        for (int other = 0; other < 3; other++)
            if (other != c)
                assert_true(at[2 + c][c] + 60 < at[2 + c][other]); /* each ink takes its own light */
    }
    dc3_image_free(&image);
}

static void expect_error(const char *file, const char *text)
{
    dc3_image image;
    char path[1024];
    snprintf(path, sizeof path, "%s%s", FOLDER, file);
    for (int size = 0; size < 17; size += 16) {
        assert_int_not_equal(dc3_image_read(path, size, size, DC3_FIT_CROP, &image), DC3_OK);
        assert_null(image.pixels);
        if (!strstr(dc3_error_text(), text) || !strstr(dc3_error_text(), file))
            fail_msg("expected '%s' and the file's name in: %s", text, dc3_error_text());
    }
}

static void damaged(void **state)
{
    (void)state;
    expect_error("cut.jpg", "damaged or truncated");
    expect_error("cut.png", "damaged or truncated");
    expect_error("text.jpg", "not an image");
    expect_error("empty.png", "the file is empty");
    expect_error("missing.png", "cannot open");
}

/* A wide image of two halves, fitted to a square. */
static void fits(void **state)
{
    (void)state;
    static uint8_t pixels[40 * 20 * 3];
    for (int i = 0; i < 40 * 20; i++) memset(pixels + 3 * i, i % 40 < 20 ? 10 : 200, 3);
    dc3_image wide = {40, 20, pixels}, square;
    struct {
        dc3_fit fit;
        int corner, left, right;
    } cases[] = {{DC3_FIT_CROP, 10, 10, 200}, {DC3_FIT_SQUASH, 10, 10, 200}, {DC3_FIT_PAD, 255, 10, 200}};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(dc3_image_resize(&wide, 20, 20, cases[i].fit, &square), DC3_OK);
        assert_int_equal(square.width, 20);
        assert_int_equal(square.height, 20);
        assert_in_range(square.pixels[0] + 2, cases[i].corner, cases[i].corner + 4);
        assert_in_range(square.pixels[(10 * 20 + 3) * 3] + 2, cases[i].left, cases[i].left + 4);
        assert_in_range(square.pixels[(10 * 20 + 16) * 3] + 2, cases[i].right, cases[i].right + 4);
        dc3_image_free(&square);
    }
}

/* HEIC, where libvips has an encoder to make one. */
static void heic(void **state)
{
    (void)state;
    enum { SIDE = 64 };
    static uint8_t pixels[SIDE * SIDE * 3];
    for (int i = 0; i < SIDE * SIDE; i++) memcpy(pixels + 3 * i, (uint8_t[]){200, 30, 40}, 3);
    dc3_image one = {SIDE, SIDE, pixels}, image;
    void *data;
    size_t size;
    assert_int_equal(dc3_image_encode(&one, DC3_PNG, &data, &size), DC3_OK); /* starts libvips */
    VipsImage *in = vips_image_new_from_buffer(data, size, "", NULL);
    void *file;
    if (vips_heifsave_buffer(in, &file, &size, "compression", VIPS_FOREIGN_HEIF_COMPRESSION_HEVC, "Q", 90,
                             NULL))
        skip();
    if (dc3_image_decode("phone.heic", file, size, 0, 0, DC3_FIT_CROP, &image) != DC3_OK)
        fail_msg("%s", dc3_error_text());
    assert_int_equal(image.width, SIDE);
    for (int c = 0; c < 3; c++) assert_true(abs(image.pixels[3 * SIDE * SIDE / 2 + c] - pixels[c]) <= 6);
    dc3_image_free(&image);
    g_object_unref(in);
    g_free(file);
    free(data);
}

enum { BLANK = 32 };
/* A lossless WebP of one colour: VP8L's header, no transform, and five prefix codes of one symbol each, which
 * need no bits for the pixels. */
static void blank_webp(int side, unsigned char file[BLANK])
{
    const struct {
        int value, bits;
    } fields[] = {{side - 1, 14},
                  {side - 1, 14},
                  {0, 1 + 3}, /* alpha, version */
                  {0, 3},     /* transform, colour cache, meta codes */
                  {5 | 200 << 3, 11},
                  {5 | 100 << 3, 11},
                  {5 | 50 << 3, 11}, /* green, red, blue */
                  {1, 4},
                  {1, 4}}; /* alpha, distance */
    memset(file, 0, BLANK);
    memcpy(file, "RIFF\x18\0\0\0WEBPVP8L\x0c\0\0\0\x2f", 21);
    int at = 21 * 8;
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        for (int bit = 0; bit < fields[i].bits; bit++, at++)
            file[at / 8] |= (unsigned char)((fields[i].value >> bit & 1) << at % 8);
}

/* What a file of a few bytes may make a decoder allocate; and that those within the limits are read. */
static void expansion(void **state)
{
    (void)state;
    unsigned char file[BLANK];
    dc3_image image = {0};
    blank_webp(1000, file);
    if (dc3_image_decode("small.webp", file, BLANK, 0, 0, DC3_FIT_CROP, &image) != DC3_OK)
        fail_msg("%s", dc3_error_text());
    assert_int_equal(image.width, 1000);
    assert_int_equal(image.height, 1000);
    assert_memory_equal(image.pixels + 3 * 999999, ((uint8_t[]){100, 200, 50}), 3);
    dc3_image_free(&image);
    const int sides[] = {16383, 5000};
    for (int i = 0; i < 2; i++) {
        char text[100];
        blank_webp(sides[i], file);
        assert_int_equal(dc3_image_decode("large.webp", file, BLANK, 64, 64, DC3_FIT_CROP, &image),
                         DC3_ERR_FORMAT);
        snprintf(text, sizeof text, "large.webp: %d x %d pixels take ", sides[i], sides[i]);
        assert_non_null(strstr(dc3_error_text(), text));
        assert_non_null(strstr(dc3_error_text(), "MB, more than 3072 for each of the file's 32 bytes"));
        assert_null(image.pixels);
    }
}

/* What a forked process makes of images: 0 if those that need no thread are read, and others are refused. */
static int in_child(const dc3_image *image)
{
    unsigned char file[BLANK];
    dc3_image read = {0};
    void *data;
    size_t size;
    alarm(60); /* rather than wait for a thread that is not here */
    blank_webp(100, file);
    if (dc3_image_decode("small.webp", file, BLANK, 0, 0, DC3_FIT_CROP, &read) != DC3_OK) return 1;
    dc3_image_free(&read);
    if (dc3_image_encode(image, DC3_PNG, &data, &size) != DC3_ERR_UNSUPPORTED) return 2;
    return strstr(dc3_error_text(), "before this process was forked") ? 0 : 3;
}

static void after_fork(void **state)
{
    (void)state;
    uint8_t pixels[3 * 4 * 4] = {0};
    dc3_image image = {4, 4, pixels};
    void *data;
    size_t size;
    int status;
    assert_int_equal(dc3_image_encode(&image, DC3_PNG, &data, &size), DC3_OK); /* which starts libvips */
    free(data);
    pid_t child = fork();
    if (child == 0) _exit(in_child(&image));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(dc3_image_encode(&image, DC3_PNG, &data, &size), DC3_OK);
    free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(against_pillow), cmocka_unit_test(cmyk),      cmocka_unit_test(cmyk_round_trip),
        cmocka_unit_test(damaged),        cmocka_unit_test(fits),      cmocka_unit_test(heic),
        cmocka_unit_test(expansion),      cmocka_unit_test(after_fork)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
