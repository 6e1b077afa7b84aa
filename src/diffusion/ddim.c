/* DDIM without noise (Song et al. 2021, equation 12 with eta = 0): x = sqrt(a') x0 + sqrt(1 - a') epsilon,
 * where a is alpha_bar at this step and a' at the next. */
#include <math.h>
#include "diffusion/sampler.h"

void dc3_ddim_step(const dc3_sampler *s, int i, int64_t n, const float *output, const float *noise, float *x,
                   float *memory)
{
    (void)noise, (void)memory;
    int at = (int)s->times[i], before = at - s->config.train_steps / s->steps;
    double a = s->alpha_bar[at], next = before >= 0 ? s->alpha_bar[before] : s->final_alpha_bar;
    double root = sqrt(a), rest = sqrt(1 - a);
    for (int64_t k = 0; k < n; k++) {
        double x0, epsilon;
        if (s->config.prediction == DC3_PREDICT_V) {
            x0 = root * x[k] - rest * output[k];
            epsilon = root * output[k] + rest * x[k];
        } else if (s->config.prediction == DC3_PREDICT_SAMPLE) {
            x0 = output[k];
            epsilon = (x[k] - root * x0) / rest;
        } else {
            epsilon = output[k];
            x0 = (x[k] - rest * epsilon) / root;
        }
        if (s->config.clip > 0) /* epsilon stays, as in diffusers */
            x0 = fmin(fmax(x0, -s->config.clip), s->config.clip);
        x[k] = (float)(sqrt(next) * x0 + sqrt(1 - next) * epsilon);
    }
}
