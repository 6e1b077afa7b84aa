/* Augmentation: what is random about a view of an image is drawn first (dc3_draw_*), and another function
 * makes the view from it, so that views can be stored and made again. A draw is named by (seed, epoch, item)
 * and depends on nothing else. */
#ifndef DC3_VIEWS_AUGMENT_H
#define DC3_VIEWS_AUGMENT_H

#include "views/images.h"
#include "tensor/tensor.h"

enum { DC3_VIEW_OPS = 4 }; /* operations of RandAugment on a view, at most */

/* A view of an image of width W and height H, in this order: halves change places, a crop, resampling to
 * size x size, a flip, operations of RandAugment; then a box of the result shows another view of the batch.
 */
typedef struct dc3_view_params {
    int swap_columns;   /* 1: the columns from W / 2 on come first (W / 2 in whole numbers) */
    int swap_rows;      /* 1: the rows from H / 2 on come first; after the columns */
    int x, y, w, h;     /* the crop, pixels; it may reach beyond the image, into its padding */
    int flip;           /* 1: left and right change places */
    int partner;        /* place in the batch of the view, before its own box, that the box shows */
    int x0, y0, x1, y1; /* the box in the view's pixels: columns x0..x1-1 of rows y0..y1-1; empty: x0 = x1 */
    int8_t
        ops[DC3_VIEW_OPS]; /* rand_augment.h; where the batch has any its views are rounded to bytes first */
    int8_t strength;       /* of all of them, 0 to 30; 0: there are none */
} dc3_view_params;

/* All of an image, nothing random. */
dc3_view_params dc3_view_whole(int width, int height);

/* Standard training, small images: the image with size / 8 pixels of padding on each side, of it a crop
 * of size x size (or all, where it is smaller), and a flip by a coin. */
void dc3_draw_crop(uint64_t seed, int64_t epoch, int64_t item, int width, int height, int size,
                   dc3_view_params *params);
/* Standard training, larger images: RandomResizedCrop of torchvision with areas from 0.08 to 1 of the
 * image and shapes w / h from 3/4 to 4/3, and a flip by a coin. */
void dc3_draw_resized_crop(uint64_t seed, int64_t epoch, int64_t item, int width, int height,
                           dc3_view_params *params);
/* Fast training: up to `small` pixels the image with size / 16 pixels of padding on each side, of it a crop
 * of size x size, for larger views RandomResizedCrop with areas from 0.35 to 1; flips alternate: a coin of
 * the image's decides about its first epoch, and each epoch is the other way round than the one before
 * (Jordan 2024, arXiv 2404.00498), so that two epochs show both. */
void dc3_draw_alternating(uint64_t seed, int64_t epoch, int64_t item, int width, int height, int size,
                          int small, dc3_view_params *params);
/* The RDED protocol: factor 2 swaps the halves of columns and of rows by a coin each, then RandomResizedCrop
 * with areas from `least` to 1, and a flip by a coin. factor 1 or 2; least more than 0, at most 1: RDED's is
 * 1 / factor, and 0 means that. */
void dc3_draw_rded(uint64_t seed, int64_t epoch, int64_t item, int width, int height, int factor,
                   double least, dc3_view_params *params);
/* No CutMix: each view is its own partner. */
void dc3_draw_unmixed(int n, dc3_view_params *params);
/* CutMix (Yun et al. 2019) with alpha 1 for a batch of n views of size x size: one box for all of them, of an
 * area 1 - lambda with lambda from Beta(1, 1) (which is uniform), round a uniform middle and cut at the
 * edges; partners are a random permutation. Sets partner and box of params [n]. Named by (seed, epoch,
 * batch). */
void dc3_draw_cutmix(uint64_t seed, int64_t epoch, int64_t batch, int n, int size, dc3_view_params *params);
/* The part of a view of size x size that its box leaves: CutMix's lambda, after the cut. */
double dc3_view_lambda(const dc3_view_params *params, int size);
/* A random order of 0..n-1 for an epoch. */
void dc3_draw_order(uint64_t seed, int64_t epoch, int64_t n, int64_t *order);

typedef enum dc3_padding { DC3_PAD_ZERO, DC3_PAD_REFLECT } dc3_padding;

typedef struct dc3_augment_options {
    int size;            /* of a view, pixels of a side; 1 or more */
    dc3_dtype dtype;     /* of its values: DC3_F32 or DC3_BF16 */
    int normalise;       /* 1: less ImageNet's mean and over its deviation; 0: in [0, 1] */
    dc3_padding padding; /* outside an image: black, or the image reflected at its outermost pixels */
    int threads;         /* 1 or more; the result does not depend on it */
} dc3_augment_options;

/* Keeps the memory that making views needs. */
typedef struct dc3_augmenter dc3_augmenter;
dc3_status dc3_augmenter_open(const dc3_augment_options *options, dc3_augmenter **augmenter);
/* From now on as many threads, 1 to those of the options. */
void dc3_augmenter_set_threads(dc3_augmenter *augmenter, int threads);
/* Accepts NULL; nulls. */
void dc3_augmenter_close(dc3_augmenter **augmenter);
/* Makes n views: views [n, size, size, 3] in the options' type, owned by the caller. Resampling is bilinear
 * on float values and antialiased where it shrinks, as torchvision's RandomResizedCrop does with tensors and
 * antialias=True (its default since 0.17, and what RDED's program sets). DC3_ERR_ARGUMENT where a crop is
 * empty, or a box or a partner lies outside the view or the batch. */
dc3_status dc3_augment(dc3_augmenter *augmenter, int n, const dc3_loaded_image *images,
                       const dc3_view_params *params, void *views);
/* The first `made` of them alone. */
dc3_status dc3_augment_first(dc3_augmenter *augmenter, int n, int made, const dc3_loaded_image *images,
                             const dc3_view_params *params, void *views);

#endif
