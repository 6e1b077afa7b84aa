/* What images are compared by: features of the VAE and of the teacher. */
#ifndef DC3_FEATURES_FEATURES_H
#define DC3_FEATURES_FEATURES_H

#include "features/run.h"
#include "io/alike.h"

/* The features of every image, as the method needs; those that cannot be read are listed, or
 * fatal with strict. */
dc3_status dc3_run_features(dc3_run *run);
/* Seconds that one image takes in it, from some batches spread over the dataset. */
dc3_status dc3_run_measure_features(dc3_run *run, double *seconds);
/* Images of `size` pixels that the VAE encodes at once: of small ones as many as keep the network's tensors
 * in a core's second-level cache, where they are fastest (bench/bench_features.c), yet as many pixels as its
 * kernels want. It depends on nothing else, so that an image's features do not. */
int dc3_images_at_once(int size);
/* One image as floats in [0, 1], [size, size, 3]. */
dc3_status dc3_run_read_floats(const dc3_run *run, int64_t item, int size, float *to);

/* Hashes of an image: of its bytes, as dc3_dataset_hash has it, and dc3_hash64 of the pixels of the first
 * size that is read. */
typedef struct dc3_image_hashes {
    uint64_t file;
    dc3_appearance view;
} dc3_image_hashes;
/* The same at two sizes, decoded once where that gives the same pixels: to[i] [sizes[i], sizes[i], 3], NULL:
 * not wanted. hashes may be NULL. */
dc3_status dc3_run_read_sizes(const dc3_run *run, int64_t item, const int sizes[2], float *const to[2],
                              dc3_image_hashes *hashes);

#endif
