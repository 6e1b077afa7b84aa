/* Files as cameras, scanners and array libraries write them (tools/golden/odd_images.py): their colours by
 * the formats' rules, and what is said of those that leave something open. */
#include "support/random_tensors.h"
#include <dirent.h>
#include <stdio.h>
#include "base/file.h"
#include "io/image_source.h"

#define FOLDER DC3_TEST_DATA "/odd_images/"

enum { CELL = 8, JPEG = 3, AVIF = 6, PRESS = 6 };

/* A row of squares: their colours, "grey" or "red,green,blue", how far they may be away, and the notes. */
typedef struct expected {
    const char *name, *cells;
    int within;
    unsigned notes;
} expected;

#define QUARTERS "0 64 128 255"
#define TWO_COLOURS "0,128,255 255,64,0"
#define PLAIN "200,30,40 20,180,60"
#define THREE "200,30,40 20,180,60 10,60,220"
#define TURNED "10,60,220 20,180,60 200,30,40"
#define INKS "255 41,35,43 0,156,228 234,23,133 255,240,0 137"
#define WIDE "227,100,29 0,181,42 129"

static const expected files[] = {
    /* Samples that are no bytes. */
    {"f32.tif", QUARTERS, 0, DC3_NOTE_UNIT},
    {"f16.tif", QUARTERS, 0, DC3_NOTE_UNIT},
    {"f64.tif", QUARTERS, 0, DC3_NOTE_UNIT},
    {"f16-rgb.tif", TWO_COLOURS, 0, DC3_NOTE_UNIT},
    {"f32-rgb-big-endian.tif", TWO_COLOURS, 0, DC3_NOTE_UNIT},
    {"f32-rgb-planes-tiles.tif", TWO_COLOURS, 0, DC3_NOTE_UNIT},
    {"f16-bigtiff.tif", QUARTERS, 0, DC3_NOTE_UNIT},
    {"f32-array-rgb.tif", TWO_COLOURS, 0, DC3_NOTE_UNIT},
    {"f32-rgba.tif", "0,128,255 255,159,127", 1, DC3_NOTE_UNIT},
    {"f32-rgba-associated.tif", "0,128,255 190", 2, DC3_NOTE_UNIT},
    {"f32-rgba-255.tif", "200,100,50", 0, DC3_NOTE_8_BITS},
    {"f32-pages.tif", QUARTERS, 0, DC3_NOTE_UNIT | DC3_NOTE_FRAMES},
    {"f32-white-is-zero.tif", "255 191 127 0", 1, DC3_NOTE_UNIT},
    {"f32-turned.tif", "255 128 64 0", 0, DC3_NOTE_UNIT},
    {"f32-255.tif", QUARTERS, 0, DC3_NOTE_8_BITS},
    {"f32-highlights.tif", "0 128 255 255", 0, DC3_NOTE_UNIT},
    {"f32-signed.tif", "0 128 191 255", 0, DC3_NOTE_SIGNED_UNIT},
    {"f32-not-finite.tif", "0 0 255 128", 0, DC3_NOTE_UNIT | DC3_NOTE_NOT_FINITE},
    {"f32-named-255.tif", "0 5 10 15", 0, 0},
    {"u32-255.tif", QUARTERS, 0, DC3_NOTE_8_BITS},
    {"u32-all.tif", QUARTERS, 0, DC3_NOTE_FULL},
    {"u32-odd.tif", QUARTERS, 0, DC3_NOTE_SPREAD},
    {"u64-65535.tif", QUARTERS, 0, DC3_NOTE_16_BITS},
    {"i16-tomography.tif", QUARTERS, 0, DC3_NOTE_SPREAD},
    {"i8.tif", "0 128 192 255", 0, DC3_NOTE_FULL},
    {"u16-12-bits.tif", QUARTERS, 0, DC3_NOTE_12_BITS},
    {"u16-rgb-12-bits.tif", TWO_COLOURS, 0, DC3_NOTE_12_BITS},
    {"u16-12-bits-white-is-zero.tif", "255 191 127 0", 1, DC3_NOTE_12_BITS},
    {"u16-8-bits.tif", QUARTERS, 0, DC3_NOTE_8_BITS},
    {"u16-all.tif", QUARTERS, 0, 0},
    {"u16-named-4095.tif", "0 16 32 64", 0, 0},
    {"u16-named-14-bits.tif", QUARTERS, 0, 0},
    {"u16-named-65535.tif", "0 1 2 4", 0, 0},
    {"u16-named-less.tif", QUARTERS, 0, DC3_NOTE_LIMITS},
    {"u16-named-10000.tif", QUARTERS, 0, 0},
    {"u16-named-least.tif", QUARTERS, 0, 0},
    {"f32-named-1000.tif", QUARTERS, 0, 0},
    {"f32-named-100.tif", QUARTERS, 0, 0},
    {"u16-named-more.tif", QUARTERS, 0, 0},
    {"u12-packed.tif", QUARTERS, 0, 0},
    {"u10-packed.tif", QUARTERS, 0, 0},
    {"u6-packed.tif", "0 81 162 255", 0, 0},
    {"u4-rgb-packed.tif", "255,0,119 0,255,136", 0, 0},
    {"u16-12-bits.png", QUARTERS, 0, DC3_NOTE_12_BITS},
    {"u16-rgba-12-bits.png", TWO_COLOURS, 0, DC3_NOTE_12_BITS},
    {"u16-dark-rgba.png", "12,8,4 255", 1, 0},
    {"u16-all.png", QUARTERS, 0, 0},
    {"pillow-F.tif", QUARTERS, 0, DC3_NOTE_UNIT},
    {"pillow-I.tif", QUARTERS, 0, DC3_NOTE_8_BITS},
    /* Channels that are no colours. */
    {"rgb-infrared.tif", "200,30,40 20,180,60 10,60,220", 0, DC3_NOTE_CHANNELS},
    {"rgba.tif", "200,30,40 137,217,157 255", 1, 0},
    {"rgba-untold.tif", "200,30,40 137,217,157 255", 1, 0},
    {"rgba-associated.tif", "200,30,40 137,217,157 255", 2, 0},
    {"rgb-mask-alpha.tif", "200,30,40 255", 0, DC3_NOTE_CHANNELS},
    {"grey-mask.tif", "200 20", 0, DC3_NOTE_CHANNELS},
    {"grey-alpha.tif", "255 20", 0, 0},
    {"bands.tif", "10,20,30 140,130,120", 0, DC3_NOTE_CHANNELS},
    {"ycbcr.tif", "254,0,0 0,255,1 0,0,254", 1, 0},
    {"white-is-zero.tif", "255 191 127 0", 0, 0},
    {"planes.tif", PLAIN, 0, 0},
    {"tiles-bigtiff.tif", PLAIN, 0, 0},
    {"bilevel-group4.tif", "0 255", 0, 0},
    {"bilevel.png", "0 255", 0, 0},
    {"grey-key.png", "255 20", 0, 0},
    {"jpeg.tif", PLAIN, JPEG, 0},
    /* Colour profiles for other pixels. */
    {"grey-profile-rgb.jpg", "200 20", JPEG, DC3_NOTE_PROFILE},
    {"grey-profile-rgb.png", "200 20", 0, DC3_NOTE_PROFILE},
    {"grey-profile-rgb.tif", "200 20", 0, DC3_NOTE_PROFILE},
    {"rgb-profile-grey.jpg", PLAIN, JPEG, DC3_NOTE_PROFILE},
    {"rgb-profile-grey.png", PLAIN, 0, DC3_NOTE_PROFILE},
    {"rgb-profile-grey.tif", PLAIN, 0, DC3_NOTE_PROFILE},
    {"rgb-profile-grey.webp", PLAIN, 0, DC3_NOTE_PROFILE},
    {"rgb-profile-cut.jpg", PLAIN, JPEG, DC3_NOTE_PROFILE},
    {"rgb-profile-cut.png", PLAIN, 0, DC3_NOTE_PROFILE},
    {"rgb-profile-cut.tif", PLAIN, 0, DC3_NOTE_PROFILE},
    {"rgb-profile-cmyk.jpg", PLAIN, JPEG, DC3_NOTE_PROFILE},
    {"rgb-profile-lab.jpg", PLAIN, JPEG, DC3_NOTE_PROFILE},
    {"rgb-profile-junk.jpg", PLAIN, JPEG, DC3_NOTE_PROFILE},
    {"rgb-profile-tables.jpg", PLAIN, JPEG, DC3_NOTE_PROFILE},
    /* The first of several. */
    {"frames.avif", "220,20,20 220,20,20", AVIF, DC3_NOTE_FRAMES},
    {"still.avif", "220,20,20 220,20,20", AVIF, 0},
    {"frames.mpo", "220,20,20 220,20,20", JPEG, DC3_NOTE_FRAMES},
    {"frames.png", "220,20,20 220,20,20", 0, DC3_NOTE_FRAMES},
    {"several.ppm", PLAIN, 0, DC3_NOTE_FRAMES},
    {"clear.gif", "255 255", 0, DC3_NOTE_FRAMES},
    /* Frames of another size than the canvas. */
    {"canvas.gif", "255,0,0 0,255,0 255,0,0", 0, 0},
    {"canvas-blue.gif", "0,0,255 0,255,0 0,0,255", 0, DC3_NOTE_FRAMES},
    {"canvas-clear.gif", "255 0,255,0 255", 0, 0},
    {"canvas-beyond.gif", "0,255,0 0,255,0", 0, 0},
    /* PNG: few bits, colours that are clear, chunks. */
    {"palette-2-bits.png", THREE, 0, 0},
    {"palette-4-bits-clear.png", "200,30,40 137,217,157 255", 1, 0},
    {"grey-2-bits-key.png", "0 255 170 255", 0, 0},
    {"rgb-key.png", "200,30,40 255 10,60,220", 0, 0},
    {"u16-grey-alpha.png", "255 166 255", 1, 0},
    {"gamma.png", THREE, 0, DC3_NOTE_GAMMA},
    {"gamma-srgb.png", THREE, 0, 0},
    /* Turned by EXIF, which in a PNG may stand behind the pixels; there is no turn 9. */
    {"turned-behind.png", TURNED, 0, 0},
    {"turned-wrongly.png", THREE, 0, 0},
    {"turned.webp", TURNED, 0, 0},
    {"turned.avif", TURNED, AVIF, 0},
    /* CMYK: Adobe's JPEGs are inverted, and so is what bears no mark. */
    {"inks.jpg", INKS, PRESS, 0},
    {"inks-unmarked.jpg", INKS, PRESS, 0},
    {"inks-luma.jpg", INKS, PRESS, 0},
    {"inks.tif", INKS, PRESS, 0},
    {"inks-16-bits.tif", INKS, PRESS, 0},
    {"inks-16-bits-alpha.tif", "41,35,43 127,206,241 255", PRESS, 0},
    {"inks-f32.tif", INKS, PRESS, DC3_NOTE_UNIT},
    {"inks-planes-tiles.tif", INKS, PRESS, 0},
    /* L*, a*, b*: black, white, sRGB's red, grey, sRGB's blue. */
    {"lab.tif", "0 255 254,0,0 129 0,0,255", 2, 0},
    {"lab-icc.tif", "0 255 254,0,0 129 0,0,255", 2, 0},
    {"lab-16-bits.tif", "0 255 254,0,0 129 0,0,255", 2, 0},
    {"lab-alpha.tif", "0 255 254,0,0 255 255", 2, 0},
    {"planes-tiles.tif", PLAIN, 0, 0},
    {"grey-associated.tif", "200 137 255", 1, 0},
    /* Profiles that are followed. */
    {"wide.jpg", WIDE, JPEG, 0},
    {"wide.png", WIDE, 1, 0},
    {"wide.tif", WIDE, 1, 0},
    {"wide.webp", WIDE, 1, 0},
    {"wide.avif", WIDE, AVIF, 0},
    {"grey-gamma.png", "210 26 146", 1, 0},
    /* Netpbm. */
    {"colour.ppm", PLAIN, 0, 0},
    {"line-behind.ppm", PLAIN, 0, 0},
    {"grey.pgm", "82 118", 0, 0},
    {"bilevel.pbm", "0 255", 0, 0},
    {"plain-4095.pgm", QUARTERS, 0, 0},
    {"plain-15.ppm", "255,0,119 0,255,136", 0, 0},
    {"plain.pbm", "0 255", 0, 0},
    {"raw-65535.pgm", QUARTERS, 0, 0},
};
enum { FILES = sizeof files / sizeof *files };

static void check_cells(const expected *e, const dc3_image *image)
{
    int count = 0, used, colour[3];
    for (const char *at = e->cells; *at; at += used, at += *at == ' ', count++) {
        int n = sscanf(at, "%d%n,%d,%d%n", &colour[0], &used, &colour[1], &colour[2], &used);
        if (n == 1) colour[1] = colour[2] = colour[0];
        for (int y = 1; y < CELL - 1; y++)
            for (int x = CELL * count + 1; x < CELL * count + CELL - 1; x++)
                for (int c = 0; c < 3; c++) {
                    int found = image->pixels[(y * image->width + x) * 3 + c];
                    if (abs(found - colour[c]) > e->within)
                        fail_msg("%s: square %d, channel %d: %d, expected %d", e->name, count, c, found,
                                 colour[c]);
                }
    }
    assert_int_equal(image->width, CELL * count);
    assert_int_equal(image->height, CELL);
}

static void right_colours(void **state)
{
    (void)state;
    for (int i = 0; i < FILES; i++) {
        char path[1024];
        dc3_image_source *source;
        dc3_image image;
        snprintf(path, sizeof path, "%s%s", FOLDER, files[i].name);
        assert_int_equal(dc3_image_source_open_file(path, &source), DC3_OK);
        if (dc3_image_source_read(source, 0, 0, DC3_FIT_CROP, 0, &image) != DC3_OK)
            fail_msg("%s", dc3_error_text());
        check_cells(&files[i], &image);
        if (dc3_image_source_notes(source) != files[i].notes)
            fail_msg("%s: notes %x, expected %x", files[i].name, dc3_image_source_notes(source),
                     files[i].notes);
        dc3_image_free(&image);
        dc3_image_source_close(&source);
    }
}

/* Inks are made smaller before they become colours, and those after it. */
static void smaller_inks(void **state)
{
    enum { WIDTH = 24, HEIGHT = 4, NEAR = 24 };
    (void)state;
    for (int wide = 0; wide < 2; wide++) {
        dc3_image whole, small;
        const char *path = wide ? FOLDER "inks-16-bits.tif" : FOLDER "inks.tif";
        assert_int_equal(dc3_image_read(path, 0, 0, DC3_FIT_CROP, &whole), DC3_OK);
        assert_int_equal(dc3_image_read(path, WIDTH, HEIGHT, DC3_FIT_SQUASH, &small), DC3_OK);
        assert_int_equal(small.width, WIDTH);
        assert_int_equal(small.height, HEIGHT);
        for (int i = 0; i < WIDTH / 4; i++)
            for (int c = 0; c < 3; c++) {
                int x = small.pixels[(WIDTH + 4 * i + 1) * 3 + c];
                int y = whole.pixels[(4 * whole.width + CELL * i + 4) * 3 + c];
                if (abs(x - y) > NEAR) fail_msg("%s: square %d, channel %d: %d, whole %d", path, i, c, x, y);
            }
        dc3_image_free(&whole);
        dc3_image_free(&small);
    }
}

static const struct {
    const char *name, *text;
} refused[] = {
    {"windows.bmp", "a BMP image, which is not read; convert it to PNG or JPEG"},
    {"drawing.svg", "an SVG drawing, which is not read; convert it to PNG or JPEG"},
    {"wavelets.jp2", "a JPEG 2000 image, which is not read; convert it to PNG or JPEG"},
    {"pointer.jpg", "expected an image, found a Git LFS pointer: the file itself, of 1234 bytes, was not "
                    "fetched; git lfs pull in its repository fetches it"},
    {"page.jpg",
     "expected an image, found a web page (HTML) in place of the file: was its download refused?"},
    {"bits12.jpg", "a JPEG of 12 bits a sample; expected 8; convert it to PNG or JPEG"},
    {"lossless.jpg", "a lossless JPEG, which is not read; convert it to PNG or JPEG"},
    {"compression.tif",
     "a TIFF of compression 33007, which is not read; store it with LZW or ZIP compression"},
    {"f32-compression.tif",
     "a TIFF of compression 33007, which is not read; store it with LZW or ZIP compression"},
    {"f32-rgb-one-sample.tif", "the image is damaged: 1 of the 3 samples of an RGB pixel"},
    {"cut.tif", "the image is damaged or truncated"},
    {"cut.ppm",
     "a Netpbm (PPM, PGM, PBM) image that cannot be opened: it is damaged or truncated, or of a form "
     "that is not read; convert it to PNG or JPEG"},
};
enum { REFUSED = sizeof refused / sizeof *refused };

/* What a file is that cannot be read, and what to do about it. */
static void clear_refusals(void **state)
{
    (void)state;
    for (int i = 0; i < REFUSED; i++) {
        char path[1024], wanted[1400];
        dc3_image image;
        snprintf(path, sizeof path, "%s%s", FOLDER, refused[i].name);
        snprintf(wanted, sizeof wanted, "%s: %s", path, refused[i].text);
        assert_int_equal(dc3_image_read(path, 16, 16, DC3_FIT_CROP, &image), DC3_ERR_FORMAT);
        assert_null(image.pixels);
        assert_string_equal(dc3_error_text(), wanted);
    }
}

/* No file is left that says nothing. */
static void all_files(void **state)
{
    (void)state;
    int count = 0;
    DIR *folder = opendir(FOLDER);
    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder));) count += entry->d_name[0] != '.';
    closedir(folder);
    assert_int_equal(count, FILES + REFUSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(right_colours), cmocka_unit_test(smaller_inks),
                                       cmocka_unit_test(clear_refusals), cmocka_unit_test(all_files)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
