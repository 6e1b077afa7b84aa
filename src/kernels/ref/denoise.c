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

/* The weighted sum of the terms, memories last; `noise` is left out where there is none. */
static double sum_terms(const double *weight, const double *terms, int memories, int noise)
{
    double sum = weight[DC3_TERM_X] * terms[DC3_TERM_X] +
                 weight[DC3_TERM_ESTIMATE] * terms[DC3_TERM_ESTIMATE] +
                 weight[DC3_TERM_SLOPE] * terms[DC3_TERM_SLOPE];
    for (int k = DC3_TERM_MEMORY; k < DC3_TERM_MEMORY + memories; k++) sum += weight[k] * terms[k];
    return noise ? sum + weight[DC3_TERM_NOISE] * terms[DC3_TERM_NOISE] : sum;
}

void dc3_ref_sampler_step(const dc3_sampler_step *step, int64_t n, const float *y, const float *noise,
                          float *x, float *memory)
{
    const double *e = step->estimate, *s = step->slope;
#pragma omp parallel for if (n > SMALL)
    for (int64_t i = 0; i < n; i++) {
        double t[DC3_TERMS] = {x[i]}, estimate = (e[0] * x[i] + e[1] * y[i]) / e[2];
        t[DC3_TERM_SLOPE] = (s[0] * x[i] + s[1] * y[i] + s[2] * estimate) / s[3];
        if (step->bound > 0)
            estimate = estimate < -step->bound  ? -step->bound
                       : estimate > step->bound ? step->bound
                                                : estimate;
        t[DC3_TERM_ESTIMATE] = estimate;
        if (noise) t[DC3_TERM_NOISE] = noise[i];
        for (int k = 0; k < step->memories; k++) t[DC3_TERM_MEMORY + k] = memory[k * n + i];
        x[i] = (float)sum_terms(step->next, t, step->memories, noise != NULL);
        for (int k = 0; k < step->memories; k++)
            memory[k * n + i] = (float)sum_terms(step->keep[k], t, step->memories, noise != NULL);
    }
}
