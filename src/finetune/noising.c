#include "finetune/noising.h"

#include <math.h>
#include <stdlib.h>
#include "base/rng.h"
#include "diffusion/sampler.h"

dc3_status dc3_noising_open(const dc3_scheduler_config *config, dc3_noising *noising)
{
    *noising = (dc3_noising){.steps = config->train_steps, .prediction = config->prediction};
    noising->alpha_bar = malloc((size_t)config->train_steps * sizeof *noising->alpha_bar);
    if (!noising->alpha_bar) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    dc3_schedule_alpha_bar(config, noising->alpha_bar);
    return DC3_OK;
}

void dc3_noising_free(dc3_noising *noising)
{
    free(noising->alpha_bar);
    noising->alpha_bar = NULL;
}

/* y = a x + b noise. */
static void mix(int64_t n, double a, const float *x, double b, const float *noise, float *y)
{
    for (int64_t i = 0; i < n; i++) y[i] = (float)(a * (double)x[i] + b * (double)noise[i]);
}

void dc3_noise_add(const dc3_noising *noising, int t, int64_t n, const float *x, const float *noise,
                   float *noisy)
{
    double bar = noising->alpha_bar[t];
    mix(n, sqrt(bar), x, sqrt(1 - bar), noise, noisy);
}

void dc3_noise_target(const dc3_noising *noising, int t, int64_t n, const float *x, const float *noise,
                      float *target)
{
    double bar = noising->alpha_bar[t];
    if (noising->prediction == DC3_PREDICT_V)
        mix(n, -sqrt(1 - bar), x, sqrt(bar), noise, target);
    else if (noising->prediction == DC3_PREDICT_SAMPLE)
        mix(n, 1, x, 0, noise, target);
    else
        mix(n, 0, x, 1, noise, target);
}

double dc3_noise_weight(const dc3_noising *noising, int t, double gamma)
{
    double bar = noising->alpha_bar[t], snr = bar / (1 - bar), least = snr < gamma ? snr : gamma;
    if (!(gamma > 0)) return 1;
    if (noising->prediction == DC3_PREDICT_SAMPLE) return least;
    /* Without any signal left min(s, gamma) / s is 1. */
    if (noising->prediction == DC3_PREDICT_EPSILON) return snr > 0 ? least / snr : 1;
    return least / (snr + 1);
}

dc3_noise_draw dc3_noise_draw_row(uint64_t seed, int64_t row, int steps, double dropout, int64_t n,
                                  float *noise)
{
    dc3_rng rng = dc3_rng_make(seed, DC3_RNG_FINETUNE, (uint64_t)row);
    dc3_noise_draw draw = {.timestep = (int)dc3_rng_below(&rng, (uint64_t)steps)};
    draw.flip = (int)(dc3_rng_u32(&rng) >> 31);
    draw.drop = dc3_rng_uniform(&rng) < dropout;
    dc3_rng_normal(&rng, noise, (size_t)n);
    return draw;
}
