/* Euler's method to a lower noise level than asked for, then fresh noise up to it (Karras' k-diffusion,
 * sample_euler_ancestral): sigma_up^2 = sigma'^2 (sigma^2 - sigma'^2) / sigma^2, sigma_down^2 = sigma'^2 -
 * sigma_up^2. */
#include <math.h>
#include "diffusion/sampler.h"

void dc3_euler_ancestral_step(const dc3_sampler *s, int i, int64_t n, const float *output, const float *noise,
                              float *x, float *memory)
{
    (void)memory;
    double sigma = s->sigmas[i], next = s->sigmas[i + 1];
    double up = sqrt(next * next * (sigma * sigma - next * next) / (sigma * sigma));
    double down = sqrt(next * next - up * up);
    for (int64_t k = 0; k < n; k++) {
        double slope = (x[k] - dc3_denoised(s, sigma, x[k], output[k])) / sigma;
        x[k] = (float)(x[k] + slope * (down - sigma) + (noise ? noise[k] * up : 0));
    }
}
