/* Factors of an image's channels (squeeze and excitation), and dropout (Srivastava et al. 2014) with
 * stochastic depth (Huang et al. 2016). In f32. */
#include <math.h>
#include "base/rng.h"
#include "kernels/ref/element.h"
#include "kernels/ref/ref.h"

enum { BLOCK = 64 }; /* channels that are summed at once */

void dc3_ref_scale_channels(dc3_dtype type, int64_t n, int64_t pixels, int64_t c, const void *x,
                            const void *scale, void *y)
{
#pragma omp parallel for
    for (int64_t p = 0; p < n * pixels; p++)
        for (int64_t j = 0; j < c; j++)
            store(y, type, p * c + j, load(x, type, p * c + j) * load(scale, type, p / pixels * c + j));
}

void dc3_ref_scale_channels_gradient(dc3_dtype type, int64_t n, int64_t pixels, int64_t c, const void *x,
                                     const void *dy, void *dscale)
{
#pragma omp parallel for collapse(2)
    for (int64_t i = 0; i < n; i++)
        for (int64_t first = 0; first < c; first += BLOCK) {
            int64_t count = c - first < BLOCK ? c - first : BLOCK;
            float sum[BLOCK] = {0};
            for (int64_t p = 0; p < pixels; p++) {
                int64_t at = (i * pixels + p) * c + first;
                for (int64_t j = 0; j < count; j++) sum[j] += load(x, type, at + j) * load(dy, type, at + j);
            }
            for (int64_t j = 0; j < count; j++) store(dscale, type, i * c + first + j, sum[j]);
        }
}

void dc3_ref_dropout(const dc3_dropout_shape *s, const void *x, void *y)
{
    uint64_t least = (uint64_t)ldexp(s->p, 32);
    float rate = s->p < 1 ? 1 / (1 - s->p) : 0;
#pragma omp parallel for
    for (int64_t first = 0; first < s->count; first += s->width) {
        dc3_rng rng = dc3_rng_make(s->seed, DC3_RNG_DROPOUT, (uint64_t)(first / s->width));
        int64_t end = first + s->width < s->count ? first + s->width : s->count;
        float factor = 0;
        for (int64_t i = first; i < end; i++) {
            if (s->each || i == first) factor = dc3_rng_u32(&rng) >= least ? rate : 0;
            store(y, s->type, i, factor > 0 ? load(x, s->type, i) * factor : 0);
        }
    }
}
