/* Adam with decoupled weight decay (Loshchilov and Hutter, "Decoupled weight decay regularization", ICLR
 * 2019), as torch.optim.AdamW. At step t = 1, 2, ..., from m = v = 0:
 *   value *= 1 - lr * weight_decay
 *   m = beta1 * m + (1 - beta1) * gradient
 *   v = beta2 * v + (1 - beta2) * gradient^2
 *   value -= lr / (1 - beta1^t) * m / (sqrt(v / (1 - beta2^t)) + eps) */
#include <math.h>
#include "learn/optimizer_private.h"

static dc3_status check(const dc3_optimizer_options *o)
{
    if (!(o->beta1 >= 0 && o->beta1 < 1 && o->beta2 >= 0 && o->beta2 < 1))
        return dc3_fail(DC3_ERR_ARGUMENT, "betas: expected 0 to less than 1, found %g and %g", o->beta1,
                        o->beta2);
    if (!(o->eps >= 0 && isfinite(o->eps)))
        return dc3_fail(DC3_ERR_ARGUMENT, "eps: expected 0 or more, found %g", o->eps);
    return DC3_OK;
}

static int states(const dc3_optimizer_options *o)
{
    (void)o;
    return 2;
}

static void step(const dc3_kernels *kernels, const dc3_optimizer_options *o, int64_t t, double lr,
                 double decay, int64_t n, const float *gradient, float *value,
                 float *const state[DC3_OPTIMIZER_STATES])
{
    dc3_adamw_step s = {.lr = lr,
                        .decay = decay,
                        .beta1 = o->beta1,
                        .beta2 = o->beta2,
                        .eps = o->eps,
                        .correction1 = 1 - pow(o->beta1, (double)t),
                        .correction2 = 1 - pow(o->beta2, (double)t)};
    kernels->adamw(&s, n, gradient, value, state[0], state[1]);
}

const dc3_optimizer_method dc3_adamw_method = {
    .defaults = {.kind = DC3_ADAMW, .weight_decay = 0.01, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8},
    .check = check,
    .states = states,
    .state_names = {"exp_avg", "exp_avg_sq"},
    .step = step};
