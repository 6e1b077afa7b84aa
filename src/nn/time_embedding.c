#include "nn/time_embedding.h"

#include <math.h>

void dc3_time_embedding(int64_t c, int cosine_first, double freq_shift, int steps, const float *timesteps,
                        float *out)
{
    int64_t half = c / 2;
    for (int s = 0; s < steps; s++) {
        float *row = out + s * c;
        for (int64_t i = 0; i < half; i++) {
            double rate = exp(-log(10000.0) * (double)i / ((double)half - freq_shift));
            double angle = (double)timesteps[s] * (double)(float)rate;
            row[i] = (float)(cosine_first ? cos(angle) : sin(angle));
            row[half + i] = (float)(cosine_first ? sin(angle) : cos(angle));
        }
        if (c % 2) row[c - 1] = 0;
    }
}
