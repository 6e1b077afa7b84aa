#include "metrics/psnr.h"

#include <math.h>

double dc3_psnr(const uint8_t *a, const uint8_t *b, int64_t values)
{
    int64_t sum = 0;
    for (int64_t i = 0; i < values; i++) {
        int d = a[i] - b[i];
        sum += d * d;
    }
    return sum ? 10 * log10(255.0 * 255.0 * (double)values / (double)sum) : INFINITY;
}
