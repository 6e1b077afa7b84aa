/* Euler's method on the probability flow (Karras et al. 2022, algorithm 2 without churn): x += (x - x0) /
 * sigma * (sigma' - sigma). */
#include "diffusion/sampler.h"

void dc3_euler_step(const dc3_sampler *s, int i, int64_t n, const float *output, const float *noise, float *x,
                    float *memory)
{
    (void)noise, (void)memory;
    double sigma = s->sigmas[i], next = s->sigmas[i + 1];
    for (int64_t k = 0; k < n; k++) {
        double slope = (x[k] - dc3_denoised(s, sigma, x[k], output[k])) / sigma;
        x[k] = (float)(x[k] + slope * (next - sigma));
    }
}
