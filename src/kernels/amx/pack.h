/* Blocks of bf16 matrices as pairs of tiles (tiles.h), padded with zeros. A pair covers SIDE rows of A, or
 * SIDE columns of B, and DEPTH steps of the sum between them; `depth` pairs follow one another. */
#ifndef DC3_KERNELS_AMX_PACK_H
#define DC3_KERNELS_AMX_PACK_H

#include <string.h>
#include "kernels/amx/tiles.h"
#if defined(__AVX512F__)
#include "kernels/vector/lanes.h"
#endif

enum { HALF = 16 }; /* columns of a tile of B, rows of one of A */

/* HALF rows of HALF 32-bit values, `stride` values of 16 bits apart, transposed to a tile. */
static inline void turn_tile(const uint16_t *from, int64_t stride, uint16_t *to)
{
#if defined(__AVX512F__)
    v_transpose(from, stride * 2, to, 64);
#else
    for (int r = 0; r < HALF; r++)
        for (int c = 0; c < HALF; c++) memcpy(to + c * 32 + 2 * r, from + r * stride + 2 * c, 4);
#endif
}

/* A row of a tile of B: pairs of HALF values of two rows. */
static inline void interleave(const uint16_t *first, const uint16_t *second, uint16_t *to)
{
    for (int c = 0; c < HALF; c++) to[2 * c] = first[c], to[2 * c + 1] = second[c];
}

/* A from rows: x [rows <= SIDE][k], `stride` values from one to the next. */
static inline void pack_rows(int64_t rows, int64_t k, const uint16_t *x, int64_t stride, uint16_t *to)
{
    int64_t whole = k / DEPTH;
    for (int64_t r = 0; r < rows; r++)
        for (int64_t d = 0; d < whole; d++) memcpy(to + d * PAIR + r * DEPTH, x + r * stride + d * DEPTH, 64);
    for (int64_t d = 0; rows < SIDE && d < whole; d++)
        memset(to + d * PAIR + rows * DEPTH, 0, (size_t)((SIDE - rows) * DEPTH) * sizeof *to);
    if (k % DEPTH == 0) return;
    memset(to + whole * PAIR, 0, PAIR * sizeof *to);
    for (int64_t r = 0; r < rows; r++)
        memcpy(to + whole * PAIR + r * DEPTH, x + r * stride + whole * DEPTH,
               (size_t)(k % DEPTH) * sizeof *to);
}

/* A from columns: x [k][columns <= SIDE], as tiles of B, turned. */
static inline void pack_columns(int64_t columns, int64_t k, const uint16_t *x, int64_t stride, uint16_t *to)
{
    uint16_t pairs[TILE] __attribute__((aligned(64))), whole[DEPTH * SIDE] __attribute__((aligned(64)));
    for (int64_t d = 0; d < blocks_of(k, DEPTH); d++, to += PAIR, x += DEPTH * stride) {
        int64_t some = k - d * DEPTH < DEPTH ? k - d * DEPTH : DEPTH, apart = stride;
        const uint16_t *from = x;
        if (some < DEPTH || columns < SIDE) { /* padded */
            pack_rows(some, columns, x, stride, whole);
            from = whole, apart = SIDE;
        }
        for (int64_t at = 0; at < SIDE; at += HALF) {
            for (int p = 0; p < HALF; p++)
                interleave(from + 2 * p * apart + at, from + (2 * p + 1) * apart + at, pairs + p * 32);
            turn_tile(pairs, 32, to + at * DEPTH);
        }
    }
}

/* B from rows along the sum: x [k][columns <= SIDE]; two rows become pairs. */
static inline void pack_pairs(int64_t columns, int64_t k, const uint16_t *x, int64_t stride, uint16_t *to)
{
    for (int64_t d = 0; d < blocks_of(k, DEPTH); d++, to += PAIR) {
        if (k - d * DEPTH < DEPTH || columns < SIDE) memset(to, 0, PAIR * sizeof *to);
        for (int64_t p = 0; p < DEPTH && d * DEPTH + p < k; p += 2) {
            const uint16_t *first = x + (d * DEPTH + p) * stride;
            int whole = d * DEPTH + p + 1 < k;
            for (int64_t h = 0; h < columns; h += 16) {
                uint16_t *row = to + h / 16 * TILE + p * 16;
                int64_t some = columns - h < 16 ? columns - h : 16;
                if (whole)
                    for (int64_t c = 0; c < some; c++)
                        row[2 * c] = first[h + c], row[2 * c + 1] = first[stride + h + c];
                else
                    for (int64_t c = 0; c < some; c++) row[2 * c] = first[h + c];
            }
        }
    }
}

/* B from columns along the sum: x [columns <= SIDE][k]; pairs lie as they are wanted. */
static inline void pack_turned(int64_t columns, int64_t k, const uint16_t *x, int64_t stride, uint16_t *to)
{
    uint16_t whole[SIDE * DEPTH] __attribute__((aligned(64)));
    for (int64_t d = 0; d < blocks_of(k, DEPTH); d++, to += PAIR) {
        const uint16_t *from = x + d * DEPTH;
        int64_t apart = stride;
        if (columns < SIDE || k - d * DEPTH < DEPTH) { /* padded: as many rows as there should be */
            pack_rows(columns, k - d * DEPTH < DEPTH ? k - d * DEPTH : DEPTH, from, stride, whole);
            from = whole, apart = DEPTH;
        }
        turn_tile(from, apart, to);
        turn_tile(from + HALF * apart, apart, to + TILE);
    }
}

/* HALF pairs of values `to_next` apart, the first ones `to_column` apart, of which `columns` are there. */
static inline void pair_columns(int64_t columns, const uint16_t *x, int64_t to_column, int64_t to_next,
                                uint16_t *to)
{
    memset(to, 0, 2 * HALF * sizeof *to);
    for (int64_t c = 0; c < columns && c < HALF; c++)
        to[2 * c] = x[c * to_column], to[2 * c + 1] = x[c * to_column + to_next];
}

/* B from values anywhere: column c's k-th is x[c * to_column + k * to_next]. */
static inline void pack_apart(int64_t columns, int64_t k, const uint16_t *x, int64_t to_column,
                              int64_t to_next, uint16_t *to)
{
#if defined(__AVX512F__)
    vec_int at = _mm512_mullo_epi32(v_numbers(0), _mm512_set1_epi32((int)to_column));
#endif
    for (int64_t i = 0; i < blocks_of(k, DEPTH) * DEPTH; i += 2)
        for (int64_t c = 0; c < SIDE; c += HALF) {
            uint16_t *row = to + i / DEPTH * PAIR + c / HALF * TILE + i % DEPTH * HALF;
            const uint16_t *from = x + c * to_column + i * to_next;
#if defined(__AVX512F__)
            /* A gather reads 32 bits; the second ones as the upper half, from one value before. */
            if (i + 1 < k && c + HALF <= columns && to_next > 0) {
                __m512i one = _mm512_i32gather_epi32(at, from, 2);
                __m512i two = _mm512_i32gather_epi32(at, from + to_next - 1, 2);
                _mm512_storeu_si512(row, _mm512_mask_blend_epi16(0xaaaaaaaau, one, two));
                continue;
            }
#endif
            pair_columns(i < k ? columns - c : 0, from, to_column, i + 1 < k ? to_next : 0, row);
            for (int64_t n = 0; i + 1 == k && n < HALF; n++) row[2 * n + 1] = 0;
        }
}

/* Rounded to the nearest, ties to even; NaN stays. */
static inline uint16_t to_bf16(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    uint32_t rounded = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
    return (uint16_t)((bits & 0x7fffffff) > 0x7f800000 ? bits >> 16 | 0x40 : rounded);
}

static inline float from_bf16(uint16_t value)
{
    uint32_t bits = (uint32_t)value << 16;
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* HALF rows of HALF sums, in rows of SIDE, transposed. */
static inline void turn_sums(const float *from, float *to)
{
#if defined(__AVX512F__)
    v_transpose(from, SIDE * 4, to, HALF * 4);
#else
    for (int r = 0; r < HALF; r++)
        for (int c = 0; c < HALF; c++) to[c * HALF + r] = from[r * SIDE + c];
#endif
}

/* The first `count` of HALF values, times `factor`, to y. */
static inline void put_row(const float *x, float factor, int64_t count, uint16_t *y)
{
#if defined(__AVX512BF16__)
    __m512 values = _mm512_mul_ps(_mm512_load_ps(x), _mm512_set1_ps(factor));
    _mm256_mask_storeu_epi16(y, v_span(count), (__m256i)_mm512_cvtneps_pbh(values));
#else
    for (int64_t i = 0; i < count; i++) y[i] = to_bf16(x[i] * factor);
#endif
}

#endif
