#include "kernels/x86/amx/panels.h"

/* A block of sums that are not yet results, and how many of its rows are. */
typedef struct pending {
    float *sums;
    const int32_t *row;
    int64_t channel, done;
} pending;

static inline void finish_some(const output *o, pending *w, int64_t count)
{
    for (int64_t end = w->done + count; w->done < end && w->done < SIDE; w->done++)
        if (w->row[w->done] >= 0) finish_row(o, w->sums + w->done * SIDE, w->row[w->done], w->channel);
}

/* `steps` steps of a block's sums: tiles of rows a + offset[k], one above another, by a pair of tiles of
 * columns; rows of the block before are finished in between, as the processor does both at once, but sees no
 * further than a few steps. `lines`: a constant that covers `fetched`, the bytes of `next` that the
 * second-level cache is asked for. */
static inline __attribute__((always_inline)) void
multiply_steps(const panel *p, const uint16_t *a, const int32_t *offset, int64_t steps, const uint16_t *b,
               const char *next, int64_t fetched, int lines, pending *before, int64_t finished)
{
    for (int64_t k = 0; k < steps; k++, b += PAIR, next += fetched) {
        const uint16_t *upper = a + offset[k];
        tile_load(4, upper, p->apart * 2);
        tile_load(6, b, 64);
        tile_load(7, b + TILE, 64);
        tile_multiply(0, 4, 6);
        tile_load(5, upper + 16 * p->apart, p->apart * 2);
        tile_multiply(1, 4, 7);
        tile_multiply(2, 5, 6);
        tile_multiply(3, 5, 7);
        for (int l = 0; l < lines; l++) __builtin_prefetch(next + l * 64, 0, 2);
        finish_some(p->o, before, finished);
    }
}

/* sums [SIDE][SIDE] = rows by a block of columns. Before it can store, the processor waits 0.3 us more after
 * some 25 steps or more than after fewer: where that is long beside the steps, the sums are stored in
 * between. */
static void multiply_block(const panel *p, const uint16_t *a, const uint16_t *b, const char *next,
                           int64_t fetched, float *sums, pending *before)
{
    enum { FEW = 24, MANY = 96 };
    int64_t parts = p->steps > FEW && p->steps < MANY ? blocks_of(p->steps, FEW) : 1;
    int64_t finished = p->steps > 0 ? blocks_of(SIDE, p->steps) : SIDE;
    for (int64_t i = 0, k = 0, end; i < parts; i++, k = end) {
        end = p->steps * (i + 1) / parts;
        const char *from = next + k * fetched;
        begin_block(sums, i > 0);
        if (fetched == 0)
            multiply_steps(p, a, p->offset + k, end - k, b + k * PAIR, from, 0, 0, before, finished);
        else if (fetched <= 64)
            multiply_steps(p, a, p->offset + k, end - k, b + k * PAIR, from, fetched, 1, before, finished);
        else if (fetched <= 256)
            multiply_steps(p, a, p->offset + k, end - k, b + k * PAIR, from, fetched, 4, before, finished);
        else
            multiply_steps(p, a, p->offset + k, end - k, b + k * PAIR, from, fetched, 32, before, finished);
        store_block(sums);
    }
}

void AMX(multiply_panel)(const panels *cut, const unit *u, const panel *p)
{
    float sums[2][SIDE * SIDE] __attribute__((aligned(64)));
    pending before = {.done = SIDE};
    int now = 0;
    for (int64_t j = u->left; j < u->right; j++) {
        const uint16_t *columns = p->columns + j * p->steps * PAIR;
        const char *next = (const char *)(columns + p->steps * PAIR);
        for (int64_t b = 0; b < u->bottom - u->top; b++, next += p->steps * cut->fetched, now = !now) {
            multiply_block(p, p->rows + b * p->block, columns, next, cut->fetched, sums[now], &before);
            finish_some(p->o, &before, SIDE);
            before = (pending){.sums = sums[now], .row = p->row + b * SIDE, .channel = j * SIDE};
        }
    }
    finish_some(p->o, &before, SIDE);
}
