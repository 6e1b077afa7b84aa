/* What a method of optimization provides: sgd.c, adamw.c. */
#ifndef DC3_LEARN_OPTIMIZER_PRIVATE_H
#define DC3_LEARN_OPTIMIZER_PRIVATE_H

#include "learn/optimizer.h"

enum { DC3_OPTIMIZER_STATES = 2 };

typedef struct dc3_optimizer_method {
    dc3_optimizer_options defaults;
    /* DC3_ERR_ARGUMENT if an option of the method's own is out of range. */
    dc3_status (*check)(const dc3_optimizer_options *options);
    /* How many arrays a parameter needs, at most DC3_OPTIMIZER_STATES, and what they are called. */
    int (*states)(const dc3_optimizer_options *options);
    const char *state_names[DC3_OPTIMIZER_STATES];
    /* Step t = 1, 2, ... of one parameter of n elements, with weight decay `decay`. */
    void (*step)(const dc3_kernels *kernels, const dc3_optimizer_options *options, int64_t t, double lr,
                 double decay, int64_t n, const float *gradient, float *value,
                 float *const state[DC3_OPTIMIZER_STATES]);
} dc3_optimizer_method;

extern const dc3_optimizer_method dc3_sgd_method, dc3_adamw_method;

#endif
