/* A small folder of images, made for a test. */
#ifndef DC3_TESTS_SMALL_DATASET_H
#define DC3_TESTS_SMALL_DATASET_H

#include "support/random_tensors.h"
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include "io/image.h"

enum { SMALL_SIDE = 24, SMALL_CLASSES = 2, SMALL_EACH = 10 };

/* Image `number` of a class: a ramp of the class's colour with noise; `image` is freed by the caller. */
static inline void small_image(int label, int number, int width, int height, dc3_image *image)
{
    dc3_rng rng = dc3_rng_make((uint64_t)label, DC3_RNG_TEST, (uint64_t)number);
    *image = (dc3_image){width, height, malloc((size_t)width * (size_t)height * 3)};
    assert_non_null(image->pixels);
    for (int i = 0; i < width * height; i++)
        for (int c = 0; c < 3; c++)
            image->pixels[3 * i + c] =
                (uint8_t)((c == label ? 120 : 40) + i % width * 80 / width + (int)(dc3_rng_u32(&rng) % 40));
}

/* Makes `folder`, a template for mkdtemp, and in it data/<class>/, SMALL_CLASSES folders of SMALL_EACH PNG
 * files. */
static inline void small_dataset(char *folder)
{
    char path[256];
    dc3_image image;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/data", folder);
    assert_int_equal(mkdir(path, 0700), 0);
    for (int label = 0; label < SMALL_CLASSES; label++) {
        snprintf(path, sizeof path, "%s/data/%d", folder, label);
        assert_int_equal(mkdir(path, 0700), 0);
        for (int i = 0; i < SMALL_EACH; i++) {
            small_image(label, i, SMALL_SIDE, SMALL_SIDE, &image);
            snprintf(path, sizeof path, "%s/data/%d/%d.png", folder, label, i);
            assert_int_equal(dc3_image_write(path, &image, DC3_PNG), DC3_OK);
            dc3_image_free(&image);
        }
    }
}

static inline int small_remove(const char *path, const struct stat *info, int kind, struct FTW *at)
{
    (void)info, (void)kind, (void)at;
    return remove(path);
}

/* Removes a folder and all in it. */
static inline void remove_folder(const char *folder)
{
    assert_int_equal(nftw(folder, small_remove, 16, FTW_DEPTH | FTW_PHYS), 0);
}

#endif
