/* What a denoiser sees of time. */
#ifndef DC3_NN_TIME_EMBEDDING_H
#define DC3_NN_TIME_EMBEDDING_H

#include <stdint.h>

/* Sinusoids of time steps (Vaswani et al. 2017, section 3.5; diffusers' get_timestep_embedding): with half =
 * c / 2 rounded down and rate_i = 10000^(-i / (half - freq_shift)), row s of out [steps, c] is sin(t_s
 * rate_i) for i below half, then cos(t_s rate_i), or the cosines first with `cosine_first`; of an odd c the
 * last column is 0. All of the host's memory. */
void dc3_time_embedding(int64_t c, int cosine_first, double freq_shift, int steps, const float *timesteps,
                        float *out);

#endif
