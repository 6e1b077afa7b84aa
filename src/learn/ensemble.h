/* Networks whose logits are averaged: z = (z_1 + .. + z_K) / K, class by class, before any softmax. (EDC,
 * Shao et al. 2024, and FADRM, Cui et al. 2025, take soft labels of several teachers.) One network alone is
 * one of these, with its own logits to the last bit. */
#ifndef DC3_LEARN_ENSEMBLE_H
#define DC3_LEARN_ENSEMBLE_H

#include "nn/classifier.h"

enum { DC3_ENSEMBLE_MOST = 16 };

typedef struct dc3_ensemble {
    int count;                               /* 1 to DC3_ENSEMBLE_MOST */
    dc3_classifier *nets[DC3_ENSEMBLE_MOST]; /* of as many classes each; the owner's to close */
    int sizes[DC3_ENSEMBLE_MOST];            /* pixels of a side at which each sees views; 0: as they are */
} dc3_ensemble;

/* Bytes of temporaries of a forward pass over n images of `size` pixels in a context like ctx; 0: not known.
 */
double dc3_classifier_bytes(const dc3_ctx *ctx, dc3_classifier *net, int64_t n, int64_t size);
/* Bytes for the views that some of them see at another size: 0 where all see them as they are. */
size_t dc3_ensemble_room(const dc3_ensemble *ensemble, int64_t n, int size, dc3_dtype dtype);
/* What a forward pass takes: the temporaries of the largest, and that room; 0: not known. */
double dc3_ensemble_bytes(const dc3_ensemble *ensemble, const dc3_ctx *ctx, int64_t n, int size);
/* each [count, n, classes] f32: the logits of each network for normalised views [n, size, size, 3] of the
 * type of ctx, which is cleared. room: bytes as above, NULL where they are 0. */
dc3_status dc3_ensemble_logits(const dc3_ensemble *ensemble, dc3_ctx *ctx, int64_t n, int size,
                               const void *views, void *room, float *each);
/* mean [values] of each [count, values]; they may begin at the same place. */
void dc3_ensemble_mean(const dc3_ensemble *ensemble, int64_t values, const float *each, float *mean);

#endif
