/* What images are compared by: features of the VAE and of the teacher. */
#ifndef DC3_FEATURES_FEATURES_H
#define DC3_FEATURES_FEATURES_H

#include "features/run.h"

/* The features of every image, as the method needs, or of the square that stands for it (crops.h); those that
 * cannot be read are listed, or fatal with strict. */
dc3_status dc3_run_features(dc3_run *run);
/* Again where they are of a file and some images were lost (dc3_given_lose): of the others, among which
 * duplicates are looked for anew. */
dc3_status dc3_run_features_again(dc3_run *run);
/* The part of another rank in it (dc3_stage in ranks/share.h); user: its dc3_run. */
extern const char dc3_features_stage[];
dc3_status dc3_run_serve_features(void *user, const void *known, size_t bytes);
/* Seconds that one image takes in it, from some batches spread over the dataset. */
dc3_status dc3_run_measure_features(dc3_run *run, double *seconds);
/* Images of `size` pixels that the VAE encodes at once: of small ones as many as keep the network's tensors
 * in a core's second-level cache, where they are fastest (bench/bench_features.c), yet as many pixels as its
 * kernels want. It depends on nothing else, so that an image's features do not. */
int dc3_images_at_once(int size);

#endif
