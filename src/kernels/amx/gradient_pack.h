/* Operands of the gradient of a weight (gradient_plan.h) as pairs of tiles. */
#ifndef DC3_KERNELS_AMX_GRADIENT_PACK_H
#define DC3_KERNELS_AMX_GRADIENT_PACK_H

#include "kernels/amx/gradient_plan.h"
#include "kernels/amx/pack.h"

/* Where a group's positions of a row lie, in values from its first image's row on. */
typedef struct position_list {
    int64_t at[DEPTH];    /* of a step */
    uint32_t mask[DEPTH]; /* all bits where there is one, none where it is padding */
    /* Of a run of values that a row of the kernel sees, where x has them; only if they are gathered. */
    int16_t low[DEPTH], high[DEPTH];
} position_list;

/* One step of a row: DEPTH positions of `columns` channels, or fewer, as B: two rows become pairs. The two
 * tiles are `apart` values apart; `next`: values to the row that is packed next, which is asked for. */
static inline void pack_step(const uint16_t *x, const position_list *l, int64_t next, int64_t columns,
                             uint16_t *to, int64_t apart)
{
#if defined(__AVX512F__)
    static const uint16_t order[2][32]
        __attribute__((aligned(64))) = {{0, 32, 1, 33, 2,  34, 3,  35, 4,  36, 5,  37, 6,  38, 7,  39,
                                         8, 40, 9, 41, 10, 42, 11, 43, 12, 44, 13, 45, 14, 46, 15, 47},
                                        {16, 48, 17, 49, 18, 50, 19, 51, 20, 52, 21, 53, 22, 54, 23, 55,
                                         24, 56, 25, 57, 26, 58, 27, 59, 28, 60, 29, 61, 30, 62, 31, 63}};
    __m512i low = _mm512_load_si512(order[0]), high = _mm512_load_si512(order[1]);
    uint32_t all = (uint32_t)((1ull << columns) - 1);
    for (int q = 0; q < DEPTH; q += 2, to += 32) {
        const uint16_t *first = x + l->at[q], *second = x + l->at[q + 1];
        __m512i one = _mm512_maskz_loadu_epi16(l->mask[q] & all, first);
        __m512i two = _mm512_maskz_loadu_epi16(l->mask[q + 1] & all, second);
        __builtin_prefetch(first + next);
        __builtin_prefetch(second + next);
        _mm512_store_si512(to, _mm512_permutex2var_epi16(one, low, two));
        _mm512_store_si512(to + apart, _mm512_permutex2var_epi16(one, high, two));
    }
#else
    (void)next;
    memset(to, 0, TILE * sizeof *to);
    memset(to + apart, 0, TILE * sizeof *to);
    for (int q = 0; q < DEPTH; q++)
        for (int64_t c = 0; c < columns && l->mask[q]; c++)
            to[c / HALF * apart + q / 2 * 32 + c % HALF * 2 + q % 2] = x[l->at[q] + c];
#endif
}

/* The same as A: a row for each channel. */
static inline void pack_step_turned(const uint16_t *x, const position_list *l, int64_t next, int64_t columns,
                                    uint16_t *to, int64_t apart)
{
    uint16_t pairs[PAIR] __attribute__((aligned(64)));
    pack_step(x, l, next, columns, pairs, TILE);
    turn_tile(pairs, 32, to);
    turn_tile(pairs + TILE, 32, to + apart);
}

/* Columns [first, first + DEPTH) of what position q sees; y: the row that the kernel's first one sees. */
static inline void gather_position(const gradient_plan *p, const uint16_t *x, int64_t y,
                                   const position_list *l, int q, int64_t first, uint16_t *to)
{
    int64_t run = p->kw * p->ci, last = at_most(p->kh, blocks_of(first + DEPTH, run));
#if defined(__AVX512F__)
    __m512i v = _mm512_setzero_si512();
#else
    memset(to, 0, DEPTH * sizeof *to);
#endif
    for (int64_t ky = at_least(first / run, -y); ky < last && y + ky < p->h; ky++) {
        int64_t start = ky * run - first;
        int64_t low = at_least(0, start + l->low[q]), high = at_most(DEPTH, start + l->high[q]);
        const uint16_t *from = x + l->at[q] + (y + ky) * p->w * p->ci - start;
        if (low >= high) continue;
#if defined(__AVX512F__)
        v = _mm512_mask_loadu_epi16(v, (__mmask32)((1ull << high) - (1ull << low)), from);
#else
        for (int64_t c = low; c < high; c++) to[c] = from[c];
#endif
    }
#if defined(__AVX512F__)
    _mm512_store_si512(to, v);
#endif
}

/* A step whose columns are those of all taps: the kernel's rows are runs of values of x. */
static inline void gather_step(const gradient_plan *p, const uint16_t *x, int64_t y, const position_list *l,
                               int64_t first, uint16_t *to, int64_t apart)
{
    uint16_t rows[DEPTH][DEPTH] __attribute__((aligned(64)));
    for (int q = 0; q < DEPTH; q++)
        if (l->mask[q])
            gather_position(p, x, y, l, q, first, rows[q]);
        else
            memset(rows[q], 0, sizeof rows[q]);
    for (int q = 0; q < DEPTH; q += 2)
        for (int h = 0; h < 2; h++)
            interleave(rows[q] + h * HALF, rows[q + 1] + h * HALF, to + h * apart + q * HALF);
}

#endif
