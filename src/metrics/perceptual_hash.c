#include "metrics/perceptual_hash.h"

#include <math.h>
#include <string.h>

enum { SIDE = DC3_PERCEPTUAL_SIDE, LOW = DC3_PERCEPTUAL_LEAST };

static const double least = 2; /* levels, below which there is nothing to hash */

/* table[u][i] = cos(pi (2i + 1) u / 2n), n >= LOW */
static void make_cosines(int n, float table[LOW][SIDE])
{
    const double pi = 3.14159265358979323846;
    float circle[4 * SIDE];
    for (int k = 0; k < 4 * n; k++) circle[k] = (float)cos(pi * k / (2 * n));
    for (int u = 0; u < LOW; u++)
        for (int i = 0; i < n; i++) table[u][i] = circle[(2 * i + 1) * u % (4 * n)];
}

/* Along the rows: to[i][v] = sum_j y_ij cos_v(j). */
static void transform_rows(int width, int height, const uint8_t *rgb, float table[LOW][SIDE],
                           float to[SIDE][LOW])
{
    float y[SIDE];
    for (int i = 0; i < height; i++) {
        for (int j = 0; j < width; j++, rgb += 3)
            y[j] = 0.299f * (float)rgb[0] + 0.587f * (float)rgb[1] + 0.114f * (float)rgb[2];
        for (int v = 0; v < LOW; v++) {
            float sum = 0;
#pragma omp simd reduction(+ : sum)
            for (int j = 0; j < width; j++) sum += y[j] * table[v][j];
            to[i][v] = sum;
        }
    }
}

/* Along the columns: c[u][v] = sum_i cos_u(i) rows[i][v]. */
static void transform_columns(int height, float rows[SIDE][LOW], float table[LOW][SIDE], float c[LOW][LOW])
{
    memset(c, 0, sizeof(float[LOW][LOW]));
    for (int u = 0; u < LOW; u++)
        for (int i = 0; i < height; i++)
            for (int v = 0; v < LOW; v++) c[u][v] += table[u][i] * rows[i][v];
}

int dc3_perceptual_hash(int width, int height, const uint8_t *rgb, uint64_t hash[DC3_PERCEPTUAL_WORDS])
{
    float table[LOW][SIDE], rows[SIDE][LOW], c[LOW][LOW];
    double variance = 0;
    memset(hash, 0, DC3_PERCEPTUAL_WORDS * sizeof *hash);
    if (width < LOW || height < LOW) return 0;
    make_cosines(width, table);
    transform_rows(width, height, rgb, table, rows);
    make_cosines(height, table);
    transform_columns(height, rows, table, c);
    for (int bit = 1; bit < LOW * LOW; bit++) {
        int u = bit / LOW, v = bit % LOW;
        double mean = (double)c[u][v] / ((double)width * height);
        variance += mean * mean * (u ? 2 : 1) * (v ? 2 : 1);
        if (c[u][v] > 0) hash[bit / 64] |= (uint64_t)1 << bit % 64;
    }
    if (sqrt(variance) >= least) return 1;
    memset(hash, 0, DC3_PERCEPTUAL_WORDS * sizeof *hash);
    return 0;
}

void dc3_perceptual_mirror(uint64_t mask[DC3_PERCEPTUAL_WORDS])
{
    for (int i = 0; i < DC3_PERCEPTUAL_WORDS; i++) mask[i] = 0xaaaaaaaaaaaaaaaau; /* odd v */
}
