/* What optimizers do to each element. Threads take whole blocks, so that which elements stand at the end of a
 * vector loop does not depend on how many threads there are. */
#include "kernels/math.h"
#include "kernels/vector/vector.h"

enum { BLOCK = 1 << 13 };

/* `momentum`, `nesterov` are constants at every call. */
DC3_INLINE void sgd_all(const dc3_sgd_step *s, int64_t n, const float *gradient, float *value, float *m,
                        int momentum, int nesterov)
{
    float lr = (float)s->lr, decay = (float)s->decay, rate = (float)s->momentum;
#pragma omp parallel for if (n > BLOCK)
    for (int64_t from = 0; from < n; from += BLOCK) {
        int64_t to = n - from < BLOCK ? n : from + BLOCK;
#pragma omp simd
        for (int64_t i = from; i < to; i++) {
            float g = gradient[i] + decay * value[i], change = g;
            if (momentum) {
                change = rate * m[i] + g;
                m[i] = change;
            }
            if (nesterov) change = g + rate * change;
            value[i] -= lr * change;
        }
    }
}

void VECTOR(sgd)(const dc3_sgd_step *s, int64_t n, const float *gradient, float *value, float *momentum)
{
    if (!momentum)
        sgd_all(s, n, gradient, value, NULL, 0, 0);
    else if (s->nesterov)
        sgd_all(s, n, gradient, value, momentum, 1, 1);
    else
        sgd_all(s, n, gradient, value, momentum, 1, 0);
}

void VECTOR(adamw)(const dc3_adamw_step *s, int64_t n, const float *gradient, float *value, float *m,
                   float *v)
{
    float keep = (float)(1 - s->lr * s->decay), rate = (float)(s->lr / s->correction1);
    float fresh1 = (float)(1 - s->beta1), beta2 = (float)s->beta2, fresh2 = (float)(1 - s->beta2);
    float root = (float)(1 / sqrt(s->correction2)), eps = (float)s->eps;
#pragma omp parallel for if (n > BLOCK)
    for (int64_t from = 0; from < n; from += BLOCK) {
        int64_t to = n - from < BLOCK ? n : from + BLOCK;
#pragma omp simd
        for (int64_t i = from; i < to; i++) {
            float g = gradient[i], first = m[i] + fresh1 * (g - m[i]), second = beta2 * v[i] + fresh2 * g * g;
            m[i] = first;
            v[i] = second;
            value[i] = value[i] * keep - rate * first / (sqrtf(second) * root + eps);
        }
    }
}
