/* From sums to the gradient of a weight (gradient_plan.h). */
#ifndef DC3_KERNELS_AMX_GRADIENT_FINISH_H
#define DC3_KERNELS_AMX_GRADIENT_FINISH_H

#include "kernels/amx/gradient_plan.h"
#include "kernels/amx/pack.h"

enum { MOST_TURNED = HALF }; /* taps */

/* to [SIDE][taps] = sums [taps][BLOCK], SIDE columns of one row. `to` has HALF values more. */
static inline void turn_taps(int64_t taps, const float *sums, float *to)
{
#if defined(__AVX512F__)
    float rows[HALF][HALF] __attribute__((aligned(64)));
    for (int64_t t = taps; t < HALF; t++) v_store(rows[t], v_zero());
    for (int64_t c = 0; c < SIDE; c += HALF) {
        for (int64_t t = 0; t < taps; t++) v_store(rows[t], v_load(sums + t * BLOCK + c));
        v_transpose(rows, 64, to + c * taps, taps * 4); /* what is behind a row's taps is written again */
    }
#else
    for (int64_t c = 0; c < SIDE; c++)
        for (int64_t t = 0; t < taps; t++) to[c * taps + t] = sums[t * BLOCK + c];
#endif
}

static inline void add_values(int64_t count, const float *x, float *sums)
{
#pragma omp simd
    for (int64_t i = 0; i < count; i++) sums[i] += x[i];
}

/* Rows of dw, `row` values apart, += sums [taps][rows][SIDE]. A row is turned while the one before is added,
 * since what was just written in pieces cannot be read at once. */
static inline void add_rows(int64_t rows, int64_t columns, int64_t taps, const float *sums, int64_t row,
                            float *dw)
{
    float turned[2][(SIDE + 1) * MOST_TURNED];
    for (int64_t r = 0; r <= rows && taps > 1; r++) {
        if (r < rows) turn_taps(taps, sums + r * SIDE, turned[r & 1]);
        if (r > 0) add_values(columns * taps, turned[(r - 1) & 1], dw + (r - 1) * row);
    }
    for (int64_t r = 0; r < rows && taps == 1; r++) add_values(columns, sums + r * SIDE, dw + r * row);
}

/* The same of many taps. */
static inline void add_many_taps(int64_t rows, int64_t columns, int64_t taps, const float *sums, int64_t row,
                                 float *dw)
{
    for (int64_t r = 0; r < rows; r++)
        for (int64_t c = 0; c < columns; c++)
            for (int64_t t = 0; t < taps; t++) dw[r * row + c * taps + t] += sums[t * BLOCK + r * SIDE + c];
}

/* dw += block (i, j): sums [taps][SIDE][SIDE]. */
static inline void add_to_gradient(const gradient_plan *p, int64_t i, int64_t j, const float *sums, float *dw)
{
    int64_t rows = rest(p->co, i), columns = rest(p->columns, j), row = p->ci * p->kh * p->kw;
    float *to = dw + i * SIDE * row;
    if (p->gathered) {
        for (int64_t c = 0; c < columns; c++) {
            int64_t k = j * SIDE + c, at = k % p->ci * (p->kh * p->kw) + k / p->ci;
            for (int64_t r = 0; r < rows; r++) to[r * row + at] += sums[r * SIDE + c];
        }
        return;
    }
    (p->taps <= MOST_TURNED ? add_rows : add_many_taps)(rows, columns, p->taps, sums, row,
                                                        to + j * SIDE * p->taps);
}

#endif
