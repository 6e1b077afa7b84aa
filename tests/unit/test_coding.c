/* How images are stored: what "webp:30" and its like say, and the files that come of it. */
#include "support/random_tensors.h"
#include <omp.h>
#include <string.h>
#include "io/image.h"
#include "options/coding.h"

enum { SIDE = 48, PIXELS = SIDE * SIDE * 3 };

/* Waves of all colours, finer to the right and brighter below: both details and hues that are lost
 * differently. */
static dc3_image picture(void)
{
    dc3_image image = {SIDE, SIDE, malloc(PIXELS)};
    for (int i = 0; i < PIXELS; i++) {
        int x = i / 3 % SIDE, y = i / 3 / SIDE;
        double wave = sin(x * x * (i % 3 + 2) / 160.0 + y / 7.0);
        image.pixels[i] = (uint8_t)(128 + 60 * wave + y);
    }
    return image;
}

/* Mean squared difference of what comes back from the picture; `size`: bytes of the file. */
static double loss(dc3_coding coding, size_t *size)
{
    dc3_image image = picture(), back;
    void *data;
    double sum = 0;
    assert_int_equal(dc3_image_encode_as(&image, coding, &data, size), DC3_OK);
    assert_int_equal(dc3_image_decode("image", data, *size, 0, 0, DC3_FIT_CROP, &back), DC3_OK);
    assert_true(back.width == SIDE && back.height == SIDE);
    for (int i = 0; i < PIXELS; i++)
        sum += (image.pixels[i] - back.pixels[i]) * (image.pixels[i] - back.pixels[i]);
    dc3_image_free(&image), dc3_image_free(&back);
    free(data);
    return sum / PIXELS;
}

static void words(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        dc3_coding coding;
    } right[] = {{"png", {DC3_PNG, 0, 0}},
                 {"webp", {DC3_WEBP, 0, 0}},
                 {"jpeg", {DC3_JPEG, 0, 0}},
                 {"webp:1", {DC3_WEBP, 1, 0}},
                 {"webp:100", {DC3_WEBP, 100, 0}},
                 {"jpeg:80", {DC3_JPEG, 80, DC3_CHROMA_444}},
                 {"jpeg:7:420", {DC3_JPEG, 7, DC3_CHROMA_420}}};
    for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
        dc3_coding found = {DC3_AVIF, 55, DC3_CHROMA_420};
        char text[DC3_CODING_TEXT];
        assert_int_equal(dc3_image_coding_parse(right[i].text, &found.format, &found.quality, &found.chroma),
                         DC3_OK);
        assert_memory_equal(&found, &right[i].coding, sizeof found);
        assert_string_equal(dc3_coding_text(found, text), right[i].text);
    }
    dc3_coding of;
    assert_int_equal(dc3_image_coding_parse("jpeg:80:444", &of.format, &of.quality, &of.chroma), DC3_OK);
    assert_true(of.format == DC3_JPEG && of.quality == 80 && of.chroma == DC3_CHROMA_444);
    static const char *const wrong[] = {
        "",          "gif",          "webp:",       "webp:0",      "webp:101", "webp:-1",   "webp:3.5",
        "webp:30 ",  "webp:30:",     "webp:30:420", "jpeg:80:422", "jpeg:420", "png:50",    "avif",
        "jpeg::420", "jpeg:80:4200", ":30",         "jpeg:80x",    "png:0",    "webp:0030", "jpeg 80",
        NULL};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        dc3_coding kept = {DC3_AVIF, 55, DC3_CHROMA_420};
        if (dc3_image_coding_parse(wrong[i], &kept.format, &kept.quality, &kept.chroma) != DC3_ERR_OPTION)
            fail_msg("'%s' is taken", wrong[i] ? wrong[i] : "NULL");
        if (strncmp(dc3_error_text(), "format: ", 8) != 0) fail_msg("'%s': %s", wrong[i], dc3_error_text());
        assert_true(kept.format == DC3_AVIF && kept.quality == 55 && kept.chroma == DC3_CHROMA_420);
    }
}

static void together(void **state)
{
    (void)state;
    dc3_coding coding;
    assert_int_equal(dc3_coding_of(DC3_FORMAT_DEFAULT, 0, DC3_CHROMA_444, &coding), DC3_OK);
    assert_true(coding.format == DC3_PNG && !coding.quality);
    assert_int_equal(dc3_coding_of(DC3_FORMAT_DEFAULT, 30, DC3_CHROMA_444, &coding), DC3_ERR_OPTION);
    assert_int_equal(dc3_coding_of(DC3_WEBP, 101, DC3_CHROMA_444, &coding), DC3_ERR_OPTION);
    assert_int_equal(dc3_coding_of(DC3_WEBP, -1, DC3_CHROMA_444, &coding), DC3_ERR_OPTION);
    assert_int_equal(dc3_coding_of(DC3_JPEG, 80, (dc3_chroma)2, &coding), DC3_ERR_OPTION);
    assert_int_equal(dc3_coding_of(DC3_JPEG, 0, DC3_CHROMA_420, &coding), DC3_ERR_OPTION);
    assert_int_equal(dc3_coding_of(DC3_AVIF, 0, DC3_CHROMA_444, &coding), DC3_ERR_OPTION);
    dc3_status status = dc3_coding_of(DC3_AVIF, 50, DC3_CHROMA_420, &coding);
    assert_int_equal(status, dc3_image_writes(DC3_AVIF) ? DC3_OK : DC3_ERR_OPTION);
}

/* More bytes and less loss the higher the quality. */
static void qualities(void **state)
{
    (void)state;
    static const int steps[] = {5, 30, 60, 95};
    for (dc3_image_format format = DC3_WEBP; format <= DC3_AVIF; format++) {
        size_t size, before = 0;
        double least = INFINITY;
        for (int i = 0; dc3_image_writes(format) && i < 4; i++) {
            double now = loss((dc3_coding){format, steps[i], DC3_CHROMA_444}, &size);
            if (size <= before || now >= least)
                fail_msg("%s: %zu bytes and loss %g at %d, after %zu and %g", dc3_image_format_name(format),
                         size, now, steps[i], before, least);
            before = size, least = now;
        }
    }
}

static void chroma(void **state)
{
    (void)state;
    size_t full, half;
    double kept = loss((dc3_coding){DC3_JPEG, 80, DC3_CHROMA_444}, &full);
    double lost = loss((dc3_coding){DC3_JPEG, 80, DC3_CHROMA_420}, &half);
    assert_true(half < full && lost > kept);
}

/* The file is the format's, and a WebP holds its bitstream and nothing else. */
static void contents(void **state)
{
    (void)state;
    dc3_image image = picture();
    unsigned char *data;
    size_t size;
    assert_int_equal(dc3_image_encode_as(&image, (dc3_coding){DC3_WEBP, 30, 0}, (void **)&data, &size),
                     DC3_OK);
    assert_memory_equal(data, "RIFF", 4);
    assert_memory_equal(data + 8, "WEBPVP8 ", 8);
    size_t file = data[4] | (size_t)data[5] << 8 | (size_t)data[6] << 16;
    size_t chunk = data[16] | (size_t)data[17] << 8 | (size_t)data[18] << 16;
    assert_int_equal(file + 8, size);
    assert_int_equal(12 + 8 + chunk + chunk % 2, size);
    free(data);
    assert_int_equal(dc3_image_encode_as(&image, (dc3_coding){DC3_JPEG, 30, 0}, (void **)&data, &size),
                     DC3_OK);
    assert_memory_equal(data, "\xff\xd8\xff", 3);
    free(data);
    if (dc3_image_writes(DC3_AVIF)) {
        assert_int_equal(dc3_image_encode_as(&image, (dc3_coding){DC3_AVIF, 30, 0}, (void **)&data, &size),
                         DC3_OK);
        assert_memory_equal(data + 4, "ftypavif", 8);
        free(data);
    }
    dc3_image_free(&image);
}

/* Threads that encode at once do not change the bytes. */
static void threads(void **state)
{
    (void)state;
    static const dc3_coding codings[] = {
        {DC3_WEBP, 30, 0}, {DC3_JPEG, 80, DC3_CHROMA_420}, {DC3_AVIF, 50, 0}};
    enum { RUNS = 8 };
    dc3_image image = picture();
    for (int k = 0; k < 3; k++) {
        void *alone, *data[RUNS];
        size_t size, sizes[RUNS];
        if (!dc3_image_writes(codings[k].format)) continue;
        assert_int_equal(dc3_image_encode_as(&image, codings[k], &alone, &size), DC3_OK);
#pragma omp parallel for num_threads(4)
        for (int i = 0; i < RUNS; i++)
            if (dc3_image_encode_as(&image, codings[k], &data[i], &sizes[i]) != DC3_OK) data[i] = NULL;
        for (int i = 0; i < RUNS; i++) {
            assert_non_null(data[i]);
            assert_int_equal(sizes[i], size);
            assert_memory_equal(data[i], alone, size);
            free(data[i]);
        }
        free(alone);
    }
    dc3_image_free(&image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(words),     cmocka_unit_test(together),
                                       cmocka_unit_test(qualities), cmocka_unit_test(chroma),
                                       cmocka_unit_test(contents),  cmocka_unit_test(threads)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
