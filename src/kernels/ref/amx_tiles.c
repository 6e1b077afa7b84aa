#include "kernels/ref/amx_tiles.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* Compiled for FMA too, which the loader takes where the processor has it: fmaf is a call otherwise. */
#if defined(__x86_64__) && !defined(DC3_TSAN)
#define WITH_FMA __attribute__((target_clones("avx512f", "default")))
#else
#define WITH_FMA
#endif

enum { PAIRS = DC3_TILE_BYTES / 4 };

typedef union tile {
    uint16_t pairs[DC3_TILE_ROWS][PAIRS][2]; /* bf16 */
    float sums[DC3_TILE_ROWS][PAIRS];
    char bytes[DC3_TILE_ROWS][DC3_TILE_BYTES];
} tile;

static _Thread_local tile tiles[DC3_TILES];
static _Thread_local dc3_tile_config shapes;

void dc3_tile_configure(const dc3_tile_config *config)
{
    shapes = *config;
    memset(tiles, 0, sizeof tiles);
}

void dc3_tile_release(void)
{
    memset(&shapes, 0, sizeof shapes);
    memset(tiles, 0, sizeof tiles);
}

void dc3_tile_zero(int t)
{
    memset(&tiles[t], 0, sizeof tiles[t]);
}

void dc3_tile_load(int t, const void *from, int64_t stride)
{
    dc3_tile_zero(t);
    for (int r = 0; r < shapes.rows[t]; r++)
        memcpy(tiles[t].bytes[r], (const char *)from + r * stride, shapes.row_bytes[t]);
}

void dc3_tile_store(int t, void *to, int64_t stride)
{
    for (int r = 0; r < shapes.rows[t]; r++)
        memcpy((char *)to + r * stride, tiles[t].bytes[r], shapes.row_bytes[t]);
}

/* A denormal is zero. */
static inline float flushed(float x)
{
    return fabsf(x) < FLT_MIN ? copysignf(0, x) : x;
}

static inline float value_of(uint16_t bf16)
{
    uint32_t bits = (uint32_t)bf16 << 16;
    float value;
    memcpy(&value, &bits, sizeof value);
    return flushed(value);
}

WITH_FMA static void multiply(tile *c, const tile *a, const tile *b, int rows, int pairs, int columns)
{
    float first[PAIRS][PAIRS], second[PAIRS][PAIRS];
    for (int k = 0; k < pairs; k++)
        for (int n = 0; n < columns; n++)
            first[k][n] = value_of(b->pairs[k][n][0]), second[k][n] = value_of(b->pairs[k][n][1]);
    for (int m = 0; m < rows; m++) {
        float one[PAIRS] = {0}, two[PAIRS] = {0};
        for (int k = 0; k < pairs; k++) {
            float x = value_of(a->pairs[m][k][0]), y = value_of(a->pairs[m][k][1]);
            for (int n = 0; n < columns; n++) {
                one[n] = flushed(fmaf(x, first[k][n], one[n]));
                two[n] = flushed(fmaf(y, second[k][n], two[n]));
            }
        }
        for (int n = 0; n < columns; n++)
            c->sums[m][n] = flushed(flushed(c->sums[m][n]) + flushed(one[n] + two[n]));
    }
}

void dc3_tile_multiply(int c, int a, int b)
{
    multiply(&tiles[c], &tiles[a], &tiles[b], shapes.rows[c], shapes.row_bytes[a] / 4,
             shapes.row_bytes[c] / 4);
}
