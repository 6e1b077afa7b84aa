/* Reading a run's images: whole, a square of one, and several squares side by side. */
#ifndef DC3_FEATURES_IMAGES_H
#define DC3_FEATURES_IMAGES_H

#include "features/part.h"
#include "io/alike.h"

/* Hashes of an image: of its bytes, as dc3_dataset_hash has it, and dc3_hash64 of the pixels of the first
 * size that is read; of a square, of all pixels of its image. */
typedef struct dc3_image_hashes {
    uint64_t file;
    dc3_appearance view;
} dc3_image_hashes;

/* One image as floats in [0, 1] at two sizes, decoded once where that gives the same pixels: to[i]
 * [sizes[i], sizes[i], 3], NULL: not wanted. hashes may be NULL. */
dc3_status dc3_run_read_sizes(const dc3_run *run, int64_t item, const int sizes[2], float *const to[2],
                              dc3_image_hashes *hashes);
/* The same as selection sees it: the square that stands for it (crops.h), where there is one. */
dc3_status dc3_run_read_candidate(const dc3_run *run, int64_t item, const int sizes[2], float *const to[2],
                                  dc3_image_hashes *hashes);
/* What a stored image is made of, before any edit: parts [run->each], the image of the only one, whole or its
 * square, or factor x factor squares of each a part, the k-th in row k / factor and column k % factor, which
 * takes even sizes. DC3_ERR_FORMAT where an image is too small now for its square. On failure *unreadable is
 * the part whose image cannot be read, or NULL for another reason. */
dc3_status dc3_run_read_parts(const dc3_run *run, const dc3_part *parts, const int sizes[2],
                              float *const to[2], const dc3_part **unreadable);

#endif
