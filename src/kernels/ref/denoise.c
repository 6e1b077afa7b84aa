/* What is computed between the networks of an editor: values brought to another range, the guidance of a
 * denoiser, a sampler's step. */
#include "kernels/ref/ref.h"

enum { SMALL = 1 << 13 }; /* values that are not worth a second thread */

void dc3_ref_affine(int64_t n, float scale, float offset, const float *x, float *y)
{
#pragma omp parallel for if (n > SMALL)
    for (int64_t i = 0; i < n; i++) y[i] = x[i] * scale + offset;
}

void dc3_ref_clamp(int64_t n, float low, float high, float *x)
{
#pragma omp parallel for if (n > SMALL)
    for (int64_t i = 0; i < n; i++) x[i] = x[i] > low ? (x[i] < high ? x[i] : high) : low;
}

void dc3_ref_guided(const dc3_guided_shape *s, const float *rows, const float *condition, float *y)
{
#pragma omp parallel for if (s->n > SMALL)
    for (int64_t i = 0; i < s->n; i++) {
        float sum = 0;
        for (int k = 0; k < s->kinds; k++) {
            int64_t at = k * s->n + i;
            sum += s->weight[k] * (rows[at] - s->share * condition[at]);
        }
        y[i] = sum;
    }
}

void dc3_ref_sampler_step(const dc3_sampler_step *step, int64_t n, const float *y, const float *noise,
                          float *x, float *memory)
{
    const double *e = step->estimate, *s = step->slope, *next = step->next;
#pragma omp parallel for if (n > SMALL)
    for (int64_t i = 0; i < n; i++) {
        double estimate = (e[0] * x[i] + e[1] * y[i]) / e[2];
        double slope = (s[0] * x[i] + s[1] * y[i] + s[2] * estimate) / s[3];
        if (step->bound > 0)
            estimate = estimate < -step->bound  ? -step->bound
                       : estimate > step->bound ? step->bound
                                                : estimate;
        double sum = next[0] * x[i] + next[1] * estimate + next[2] * slope + next[3] * memory[i];
        x[i] = (float)(noise ? sum + next[4] * noise[i] : sum);
        memory[i] = (float)estimate;
    }
}
