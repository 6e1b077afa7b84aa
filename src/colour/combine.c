#include "colour/combine.h"

#include <string.h>
#include "base/rng.h"

enum { BLEND = 20, CELL = 8 };

int dc3_combine_edits(dc3_combine mode)
{
    return mode == DC3_COMBINE_FOURFOLD ? 4 : 2;
}

/* Share of the cold edit at position x: 0, then linspace(0, 1, BLEND) over the middle, then 1. */
static float cold_share(int x, int size)
{
    int width = size < BLEND ? size : BLEND, at = x - (size - width) / 2;
    if (at < 0) return 0;
    return at >= width ? 1 : width > 1 ? (float)at / (float)(width - 1) : 0.5f;
}

static void gradient(int size, const float *warm, const float *cold, dc3_rng *rng, float *out)
{
    int sideways = dc3_rng_u32(rng) & 1;
    for (int y = 0; y < size; y++)
        for (int x = 0; x < size; x++) {
            float share = cold_share(sideways ? x : y, size);
            for (int c = 0; c < 3; c++) {
                int i = (y * size + x) * 3 + c;
                out[i] = warm[i] * (1 - share) + cold[i] * share;
            }
        }
}

static void fourfold(int size, const float *const *edits, float *out)
{
    int half = size / 2;
    for (int i = 0; i < 4; i++)
        for (int y = 0; y < half; y++)
            memcpy(out + (((i % 2) * half + y) * size + (i / 2) * half) * 3, edits[i] + y * half * 3,
                   (size_t)half * 3 * sizeof *out);
}

void dc3_combine_images(dc3_combine mode, int size, const float *const *edits, uint64_t seed, uint64_t item,
                        float *out)
{
    dc3_rng rng = dc3_rng_make(seed, DC3_RNG_COMBINE, item);
    int cells = (size + CELL - 1) / CELL;
    switch (mode) {
    case DC3_COMBINE_FOURFOLD:
        fourfold(size, edits, out);
        break;
    case DC3_COMBINE_RANDOM:
        for (int i = 0; i < size * size * 3; i++) out[i] = edits[dc3_rng_u32(&rng) & 1][i];
        break;
    case DC3_COMBINE_GRID:
        for (int cell = 0; cell < cells * cells; cell++) {
            const float *from = edits[dc3_rng_u32(&rng) & 1];
            int top = cell / cells * CELL, left = cell % cells * CELL;
            for (int y = top; y < top + CELL && y < size; y++)
                for (int x = left; x < left + CELL && x < size; x++)
                    memcpy(out + (y * size + x) * 3, from + (y * size + x) * 3, 3 * sizeof *out);
        }
        break;
    default:
        gradient(size, edits[0], edits[1], &rng, out);
    }
}
