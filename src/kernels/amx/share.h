/* How the gradient of a weight is shared among threads. */
#ifndef DC3_KERNELS_AMX_SHARE_H
#define DC3_KERNELS_AMX_SHARE_H

#include "kernels/amx/tiles.h"

/* What block `block` of n has, at most SIDE. */
static inline int64_t rest(int64_t n, int64_t block)
{
    return n - block * SIDE < SIDE ? n - block * SIDE : SIDE;
}

/* The blocks of dw [co, ci]: `down` parts of co, `across` of ci. A part is a rectangle, which one thread has.
 */
typedef struct grid {
    int64_t co_blocks, ci_blocks, down, across;
} grid;

/* Block range of a part. */
typedef struct rectangle {
    int64_t top, bottom, left, right;
} rectangle;

static inline rectangle part_of(const grid *g, int64_t part)
{
    int64_t row = part / g->across, column = part % g->across;
    return (rectangle){g->co_blocks * row / g->down, g->co_blocks * (row + 1) / g->down,
                       g->ci_blocks * column / g->across, g->ci_blocks * (column + 1) / g->across};
}

#endif
