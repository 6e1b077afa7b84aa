/* Gradients of weights by oneDNN, whose own sums over the batch depend on the number of threads. Private to
 * this folder. */
#ifndef DC3_KERNELS_ONEDNN_WEIGHT_PARTS_H
#define DC3_KERNELS_ONEDNN_WEIGHT_PARTS_H

#include "kernels/onednn/execute.h"

/* dw += from x and dy, by parts of the batch or of the output channels that the shape alone decides: a thread
 * each, summed in order. key: of PLAN_CONV_WEIGHT or PLAN_LINEAR_WEIGHT. */
dc3_status dc3_onednn_weight_by_parts(onednn *d, const plan_key *key, const void *x, const void *dy,
                                      float *dw);
/* 1 for linear layers of so many rows that oneDNN may split the sum over them; the bytes of others do not
 * depend on threads. */
int dc3_onednn_linear_has_parts(int64_t rows);

#endif
