#include "kernels/amx/panels.h"

/* A block of sums that are not yet results, and how many of its rows are. */
typedef struct pending {
    float *sums;
    const int32_t *row;
    int64_t channel, done;
} pending;

static inline void finish_some(const output *o, pending *w, int64_t count)
{
    if (count > SIDE - w->done) count = SIDE - w->done;
    finish_rows(o, w->sums + w->done * SIDE, w->row + w->done, count, w->channel);
    w->done += count;
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

/* A block of rows by some steps of a block of columns: as many as the first-level cache holds of the columns,
 * and no more than the processor looks ahead (from some 25 on it waits 0.3 us longer before it can store). */
typedef struct piece {
    const uint16_t *rows, *columns;
    const int32_t *offset;
    int64_t steps;
    const char *next;
    int64_t fetched;
} piece;

static void multiply_piece(const panel *p, const piece *x, float *sums, int add, pending *before)
{
    int64_t finished = x->steps > 0 ? blocks_of(SIDE, x->steps) : SIDE;
    begin_block(sums, add);
#define BY(lines)                                                                                            \
    multiply_steps(p, x->rows, x->offset, x->steps, x->columns, x->next, x->fetched, lines, before, finished)
    if (x->fetched == 0)
        BY(0);
    else if (x->fetched <= 64)
        BY(1);
    else if (x->fetched <= 256)
        BY(4);
    else
        BY(32);
#undef BY
    store_block(sums);
}

enum {
    GROUP = 8, /* blocks of rows whose sums the first-level cache holds beside a piece */
    REACH = 1 << 19,
};

static int64_t group_of(const panels *cut, const panel *p)
{
    int64_t bytes = p->steps * PAIR * (int64_t)sizeof(uint16_t);
    return bytes > REACH || cut->blocks < GROUP ? cut->blocks : GROUP;
}

size_t AMX(panel_sums)(const panels *cut)
{
    return (size_t)(2 * cut->blocks * SIDE * SIDE) * sizeof(float);
}

/* Blocks of rows first to last - 1 by block j of columns; the last of them stays pending. */
static void multiply_group(const panels *cut, const panel *p, int64_t j, int64_t first, int64_t last,
                           float *sums, pending *before)
{
    int64_t fetched = cut->fetched ? blocks_of(PAIR * 2, last - first) : 0;
    int64_t pieces = p->steps > p->piece ? blocks_of(p->steps, p->piece) : 1;
    for (int64_t i = 0; i < pieces; i++) {
        int64_t k = p->steps * i / pieces, steps = p->steps * (i + 1) / pieces - k;
        const uint16_t *columns = p->columns + (j * p->steps + k) * PAIR;
        const char *next = (const char *)(columns + steps * PAIR);
        for (int64_t b = first; b < last; b++, next += steps * fetched) {
            piece x = {p->rows + b * p->block, columns, p->offset + k, steps, next, fetched};
            float *own = sums + (b - first) * SIDE * SIDE;
            multiply_piece(p, &x, own, i > 0, before);
            if (i + 1 < pieces) continue;
            finish_some(p->o, before, SIDE);
            *before = (pending){.sums = own, .row = p->row + b * SIDE, .channel = j * SIDE};
        }
    }
}

void AMX(multiply_panel)(const panels *cut, const unit *u, const panel *p, float *sums)
{
    pending before = {.done = SIDE};
    int64_t blocks = u->bottom - u->top, group = group_of(cut, p), half = 0;
    for (int64_t j = u->left; j < u->right; j++)
        for (int64_t first = 0; first < blocks; first += group, half = !half)
            multiply_group(cut, p, j, first, first + group < blocks ? first + group : blocks,
                           sums + half * cut->blocks * SIDE * SIDE, &before);
    finish_some(p->o, &before, SIDE);
}
