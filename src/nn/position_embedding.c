#include "nn/position_embedding.h"

#include <math.h>
#include <string.h>

/* Half a patch's values: sines, then cosines, of a place. */
static void waves(int64_t half, double place, float *out)
{
    int64_t quarter = half / 2;
    for (int64_t i = 0; i < quarter; i++) {
        double angle = place * pow(10000, -(double)i / (double)quarter);
        out[i] = (float)sin(angle);
        out[quarter + i] = (float)cos(angle);
    }
}

void dc3_position_embedding(int64_t c, int64_t h, int64_t w, int64_t base, float *out)
{
    int64_t half = c / 2;
    size_t bytes = (size_t)half * sizeof *out;
    for (int64_t j = 0; j < w; j++) { /* of a column, the same in each row */
        waves(half, (double)j * (double)base / (double)w, out + j * c);
        for (int64_t i = 1; i < h; i++) memcpy(out + (i * w + j) * c, out + j * c, bytes);
    }
    for (int64_t i = 0; i < h; i++) {
        float *first = out + i * w * c + half;
        waves(half, (double)i * (double)base / (double)h, first);
        for (int64_t j = 1; j < w; j++) memcpy(first + j * c, first, bytes);
    }
}
