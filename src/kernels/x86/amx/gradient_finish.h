/* From sums to the gradient of a weight (gradient_plan.h). */
#ifndef DC3_KERNELS_X86_AMX_GRADIENT_FINISH_H
#define DC3_KERNELS_X86_AMX_GRADIENT_FINISH_H

#include "kernels/x86/amx/gradient_plan.h"
#include "kernels/x86/amx/pack.h"

/* dw [32 channels][taps] += of one row of sums [taps][BLOCK], up to 16 columns at a time turned. */
static inline void add_row(int64_t columns, int64_t taps, const float *sums, float *dw)
{
#if defined(__AVX512F__)
    float rows[HALF][HALF] __attribute__((aligned(64))), turned[HALF][HALF] __attribute__((aligned(64)));
    vec_span span = v_span(taps);
    if (taps > 1 && taps <= HALF) {
        for (int64_t t = 0; t < HALF; t++) v_store(rows[t], v_zero());
        for (int64_t c = 0; c < columns; c += HALF) {
            for (int64_t t = 0; t < taps; t++) v_store(rows[t], v_load(sums + t * BLOCK + c));
            v_transpose(rows, 64, turned, 64);
            for (int64_t k = 0; k < HALF && c + k < columns; k++) {
                float *to = dw + (c + k) * taps;
                v_store_span(to, span, v_add(v_load_span(to, span), v_load(turned[k])));
            }
        }
        return;
    }
#endif
    for (int64_t c = 0; c < columns; c++)
        for (int64_t t = 0; t < taps; t++) dw[c * taps + t] += sums[t * BLOCK + c];
}

/* dw += block (i, j): sums [taps][SIDE][SIDE]. */
static inline void add_to_gradient(const gradient_plan *p, int64_t i, int64_t j, const float *sums, float *dw)
{
    int64_t rows = rest(p->co, i), columns = rest(p->columns, j), row = p->ci * p->kh * p->kw;
    float *to = dw + i * SIDE * row;
    for (int64_t r = 0; r < rows; r++, sums += SIDE, to += row)
        if (p->gathered)
            for (int64_t c = 0; c < columns; c++) {
                int64_t k = j * SIDE + c;
                to[k % p->ci * (p->kh * p->kw) + k / p->ci] += sums[c];
            }
        else
            add_row(columns, p->taps, sums, to + j * SIDE * p->taps);
}

#endif
