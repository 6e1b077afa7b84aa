/* Stochastic gradient descent with momentum, as torch.optim.SGD with dampening 0:
 *   g = gradient + weight_decay * value
 *   m = momentum * m + g                       m = 0 before the first step
 *   value -= lr * m, or with Nesterov lr * (g + momentum * m)
 * (Sutskever et al., "On the importance of initialization and momentum in deep learning", ICML 2013, with
 * the learning rate outside of m.) */
#include "learn/optimizer_private.h"

static dc3_status check(const dc3_optimizer_options *o)
{
    if (!(o->momentum >= 0 && o->momentum < 1))
        return dc3_fail(DC3_ERR_ARGUMENT, "momentum: expected 0 to less than 1, found %g", o->momentum);
    if (o->nesterov && o->momentum == 0)
        return dc3_fail(DC3_ERR_ARGUMENT, "Nesterov's momentum needs a momentum of more than 0");
    return DC3_OK;
}

static int states(const dc3_optimizer_options *o)
{
    return o->momentum > 0;
}

static void step(const dc3_kernels *kernels, const dc3_optimizer_options *o, int64_t t, double lr,
                 double decay, int64_t n, const float *gradient, float *value,
                 float *const state[DC3_OPTIMIZER_STATES])
{
    (void)t;
    dc3_sgd_step s = {.lr = lr, .decay = decay, .momentum = o->momentum, .nesterov = o->nesterov};
    kernels->sgd(&s, n, gradient, value, state[0]);
}

const dc3_optimizer_method dc3_sgd_method = {.defaults = {.kind = DC3_SGD},
                                             .check = check,
                                             .states = states,
                                             .state_names = {"momentum_buffer"},
                                             .step = step};
