/* What tensors begin with that no file gives. */
#include <math.h>
#include <string.h>
#include "base/rng.h"
#include "nn/module_private.h"

static int ends_with(const char *name, const char *end)
{
    size_t n = strlen(name), m = strlen(end);
    return n >= m && strcmp(name + n - m, end) == 0;
}

int dc3_name_is_buffer(const char *name)
{
    return ends_with(name, ".running_mean") || ends_with(name, ".running_var");
}

static void fill(float *x, int64_t n, float value)
{
    for (int64_t i = 0; i < n; i++) x[i] = value;
}

/* Uniform in +- bound. */
static void fill_uniform(dc3_rng *rng, float *x, int64_t n, double bound)
{
    for (int64_t i = 0; i < n; i++) x[i] = (float)((2 * dc3_rng_uniform(rng) - 1) * bound);
}

static void fill_normal(dc3_rng *rng, float *x, int64_t n, double deviation)
{
    dc3_rng_normal(rng, x, (size_t)n);
    for (int64_t i = 0; i < n; i++) x[i] = (float)(x[i] * deviation);
}

/* A weight of n values. */
static void fill_weight(dc3_init init, dc3_rng *rng, float *x, int64_t n, double fan_in, double fan_out)
{
    switch (init) {
    case DC3_INIT_TORCH:
    case DC3_INIT_DIRAC:
        fill_uniform(rng, x, n, 1 / sqrt(fan_in));
        break;
    case DC3_INIT_UNIFORM_FAN_OUT:
        fill_uniform(rng, x, n, 1 / sqrt(fan_out));
        break;
    case DC3_INIT_XAVIER:
        fill_uniform(rng, x, n, sqrt(6 / (fan_in + fan_out)));
        break;
    case DC3_INIT_XAVIER_ROWS:
        fill_uniform(rng, x, n, sqrt(6 / (fan_in + (double)n / fan_in)));
        break;
    case DC3_INIT_KAIMING_FAN_OUT:
        fill_normal(rng, x, n, sqrt(2 / fan_out));
        break;
    case DC3_INIT_NORMAL_FAN_IN:
        fill_normal(rng, x, n, sqrt(1 / fan_in));
        break;
    case DC3_INIT_NORMAL_ROWS:
        fill_normal(rng, x, n, fan_in / (double)n);
        break;
    case DC3_INIT_NORMAL_001:
        fill_normal(rng, x, n, 0.01);
        break;
    case DC3_INIT_NORMAL_002:
        fill_normal(rng, x, n, 0.02);
        break;
    case DC3_INIT_ZERO: /* as it is */
        break;
    case DC3_INIT_ONE:
        fill(x, n, 1);
        break;
    }
}

/* Kernel o of a convolution [co, ci, h, w] gives channel o as it is, for o < co and o < ci. */
static void fill_identity(const int64_t *shape, float *x)
{
    int64_t size = shape[2] * shape[3], middle = shape[2] / 2 * shape[3] + shape[3] / 2;
    for (int64_t o = 0; o < shape[0] && o < shape[1]; o++) {
        float *kernels = x + o * shape[1] * size;
        fill(kernels, shape[1] * size, 0);
        kernels[o * size + middle] = 1;
    }
}

void dc3_initial_values(const dc3_first_values *first, const char *name, int ndim, const int64_t *shape,
                        float *values)
{
    dc3_rng rng = dc3_rng_make(first->seed, DC3_RNG_INIT, dc3_hash64(name, strlen(name)));
    int64_t n = 1;
    for (int i = 0; i < ndim; i++) n *= shape[i];
    if (ndim > 1) {
        double fan_in = (double)(n / shape[0]), fan_out = (double)(n / (shape[1] ? shape[1] : 1));
        fill_weight(first->init, &rng, values, n, fan_in, fan_out);
        if (first->init == DC3_INIT_DIRAC && ndim == 4) fill_identity(shape, values);
    } else if (first->fan_in > 0) {
        if (first->init == DC3_INIT_TORCH) fill_uniform(&rng, values, n, 1 / sqrt(first->fan_in));
        if (first->init == DC3_INIT_XAVIER) fill_normal(&rng, values, n, 1e-6);
    } else if (ends_with(name, ".weight") || ends_with(name, ".running_var"))
        fill(values, n, 1);
}
