/* The products of the gradient of a weight (gradient_plan.h). */
#ifndef DC3_KERNELS_AMX_GRADIENT_PRODUCTS_H
#define DC3_KERNELS_AMX_GRADIENT_PRODUCTS_H

#include "kernels/amx/gradient_plan.h"

/* Tiles of 32 channels: the second 16 channels' are `half` values behind the first ones', a group's `apart`
 * behind those of the one before. */
typedef struct panel {
    const uint16_t *at;
    int64_t half, apart;
} panel;

/* sums = dy^T x, with `add` +=, of `count` groups of `steps` steps each. */
static inline void multiply(int64_t count, int64_t steps, const panel *dy, const panel *x, float *sums,
                            int add)
{
    begin_block(sums, add);
    for (int64_t g = 0; g < count; g++) {
        const uint16_t *a = dy->at + g * dy->apart, *b = x->at + g * x->apart;
        for (int64_t k = 0; k < steps; k++, a += TILE, b += TILE) {
            tile_load(4, a, 64);
            tile_load(6, b, 64);
            tile_load(7, b + x->half, 64);
            tile_multiply(0, 4, 6);
            tile_multiply(1, 4, 7);
            tile_load(5, a + dy->half, 64);
            tile_multiply(2, 5, 6);
            tile_multiply(3, 5, 7);
        }
    }
    store_block(sums);
}

/* A column of the kernel, where it slides. */
typedef struct slide {
    int64_t count, steps, rows; /* groups, steps of a row, rows of outputs */
    int above, below;           /* 1: x has a row above, below, these */
    int add;
} slide;

#define SLIDE(before, here, after)                                                                           \
    do {                                                                                                     \
        tile_load(3, a, 64);                                                                                 \
        if (y + 1 < s->rows || s->below) tile_load(after, b, 64);                                            \
        if (y > 0 || s->above) tile_multiply(0, 3, before);                                                  \
        tile_multiply(1, 3, here);                                                                           \
        if (y + 1 < s->rows || s->below) tile_multiply(2, 3, after);                                         \
        a += row, b += row, y++;                                                                             \
    } while (0)

/* The rows of a group of one step. */
static inline void slide_rows(const slide *s, const uint16_t *a, const uint16_t *b)
{
    int64_t row = s->steps * TILE, y = 0;
    if (s->above) {
        tile_load(4, b, 64);
        b += row;
    }
    tile_load(5, b, 64);
    b += row;
    for (;;) {
        SLIDE(4, 5, 6);
        if (y == s->rows) return;
        SLIDE(5, 6, 4);
        if (y == s->rows) return;
        SLIDE(6, 4, 5);
        if (y == s->rows) return;
    }
}

#undef SLIDE

/* The three taps' sums, each of which is three blocks behind the one before. */
static inline void slide_taps(const slide *s, const panel *dy, const panel *x, float *sums)
{
    enum { TAP = 3 * BLOCK };
    for (int half = 0; half < 4; half++) {
        const uint16_t *a = dy->at + half / 2 * dy->half, *b = x->at + half % 2 * x->half;
        float *to = sums + half / 2 * 16 * SIDE + half % 2 * 16;
        if (s->add) {
            tile_load(0, to, SIDE * 4);
            tile_load(1, to + TAP, SIDE * 4);
            tile_load(2, to + 2 * TAP, SIDE * 4);
        } else {
            tile_zero(0);
            tile_zero(1);
            tile_zero(2);
        }
        for (int64_t g = 0; g < s->count; g++)
            for (int64_t k = 0; k < s->steps; k++)
                slide_rows(s, a + g * dy->apart + k * TILE, b + g * x->apart + k * TILE);
        tile_store(0, to, SIDE * 4);
        tile_store(1, to + TAP, SIDE * 4);
        tile_store(2, to + 2 * TAP, SIDE * 4);
    }
}

#endif
