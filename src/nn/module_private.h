/* The parameter store's own: module.c and what makes a parameter's first values (initial.c). */
#ifndef DC3_NN_MODULE_PRIVATE_H
#define DC3_NN_MODULE_PRIVATE_H

#include "nn/module.h"

/* How a tensor that no file gives begins: what its rule needs to know. */
typedef struct dc3_first_values {
    dc3_init init;
    uint64_t seed;
    double fan_in; /* of the layer that a bias belongs to; 0: no layer's bias */
} dc3_first_values;

/* The first values of the tensor `name` of this shape into `values`, which are zeros; drawn by seed and name,
 * so that they do not depend on what else is made. */
void dc3_initial_values(const dc3_first_values *first, const char *name, int ndim, const int64_t *shape,
                        float *values);
/* Whether a tensor of this name is a buffer: training changes it, but along no gradient. */
int dc3_name_is_buffer(const char *name);

#endif
