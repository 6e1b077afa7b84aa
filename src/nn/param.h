/* What training changes in a module. */
#ifndef DC3_NN_PARAM_H
#define DC3_NN_PARAM_H

#include "kernels/dense.h"

/* A tensor that training changes, or a buffer that it updates (running statistics). */
typedef struct dc3_param {
    const char *name;    /* as in the checkpoint; owned by the module */
    dc3_tensor value;    /* f32, memory and id of the module's */
    dc3_tensor gradient; /* as value, on the same device, added up; empty: a buffer, not trained */
    dc3_weight
        *weight; /* whose packed forms depend on value, or NULL; its version is raised by every change */
} dc3_param;

#endif
