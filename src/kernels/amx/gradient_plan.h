/* How the gradient of a weight over tiles is laid out: dw[tap] = sum over positions p of the outputs of
 * dy[p]^T x[what p sees at the tap]. A position is (group of images, row, image of the group, column), in
 * this order: a row of the few images of a group is whole steps of DEPTH positions, and what a tap of the
 * next row of the kernel sees is so many steps farther on. Private to the gradients. */
#ifndef DC3_KERNELS_AMX_GRADIENT_PLAN_H
#define DC3_KERNELS_AMX_GRADIENT_PLAN_H

#include "kernels/tile_conv.h"
#include "kernels/amx/share.h"

enum { BLOCK = SIDE * SIDE }; /* floats of a block of sums */

typedef struct gradient_plan {
    int64_t n, h, w, ci, co, oh, ow, kh, kw, stride, top, left;
    int64_t positions; /* of all images in one row */
    int gathered;      /* 1: columns of dw are (ky, kx, channel), side by side, and there is one tap */
    int64_t columns, taps, copies; /* copies: of x, one for each tap of a row of the kernel */
    int64_t images, steps;         /* of a group; of its row */
    int64_t rows, groups;          /* of outputs, in a chunk; in the last only whole images have several */
    int64_t slots;                 /* rows of x in a chunk of one group */
    int64_t parts;                 /* of the groups, whose sums are added in order: by the shape alone */
    grid g;                        /* of dw's blocks */
} gradient_plan;

/* Rows of inputs that a chunk of output rows sees, by their remainder by the stride: those of a remainder
 * stand one behind the other, so that a tap's are. */
enum { MOST_STRIDE = 16 };
typedef struct gradient_rows {
    int64_t first[MOST_STRIDE]; /* number of the first row of a remainder, divided by the stride */
    int64_t count[MOST_STRIDE], slot[MOST_STRIDE];
} gradient_rows;

/* Output rows [low, high) see row `high` - 1 or fewer; a tap's begin in this slot. */
typedef struct tap_rows {
    int64_t low, high, slot;
} tap_rows;

static inline int64_t at_least(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* Whether the three taps of a column of a 3x3 kernel see the rows above, at and below an output's: then each
 * row of x is loaded once and stays in a tile for three rows of outputs, so that 2 tiles are loaded for 3
 * products. */
static inline int slides(const gradient_plan *p)
{
    return !p->gathered && p->kh == 3 && p->kw == 3 && p->stride == 1 && p->top == 1 && p->oh == p->h;
}

gradient_plan AMX(gradient_plan_of)(const dc3_conv_shape *shape);
gradient_rows AMX(gradient_rows_of)(const gradient_plan *p, int64_t first, int64_t last);
tap_rows AMX(tap_rows_of)(const gradient_plan *p, const gradient_rows *r, int64_t ky, int64_t first,
                          int64_t last);

#endif
