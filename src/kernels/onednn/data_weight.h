/* Weights as gradients with respect to inputs read them. A form that is kept, as forward's are; but a large
 * weight that is not trained has forward's alone, so that a network with adapters beside it takes little more
 * than half the memory (bench/results/2026-11-30-zen4-finetune-speed.txt). Private to this folder. */
#ifndef DC3_KERNELS_ONEDNN_DATA_WEIGHT_H
#define DC3_KERNELS_ONEDNN_DATA_WEIGHT_H

#include "kernels/onednn/execute.h"

/* The weight in the format of p, a PLAN_CONV_DATA or PLAN_LINEAR_DATA, into *weights, and room for p's
 * scratch. A large convolution's that is not trained is made of forward's form each time, behind the scratch.
 */
dc3_status dc3_onednn_data_weight(onednn *d, plan *p, dc3_weight *weight, operand *weights);

/* A large matrix that is not trained as dc3_linear_data reads it, which is forward's form; NULL: it has none
 * such. */
const void *dc3_onednn_data_matrix(const dc3_linear_shape *shape, const dc3_weight *weight);

#endif
