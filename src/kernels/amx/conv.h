/* Convolutions as products of matrices that are never made. A panel of the outputs lies as one list of
 * positions, in a copy of the inputs with their padding and with channels padded to DEPTH: what position p
 * sees at a tap is position p + offset of the tap in the copy, so that a tile of positions is read where it
 * stands for each tap. A convolution by a stride reads a copy for each phase of its taps (rows 0, 2, 4.. and
 * 1, 3, 5..); the gradient of its data is a convolution of dy for each phase of dx, by some of the taps.
 * Positions behind the end of an output's row are computed too and left out. Private to conv*.c. */
#ifndef DC3_KERNELS_AMX_CONV_H
#define DC3_KERNELS_AMX_CONV_H

#include "kernels/tile_conv.h"
#include "kernels/amx/amx.h"
#include "kernels/amx/finish.h"
#include "kernels/amx/panels.h"
#include "kernels/amx/share.h"
#include "kernels/amx/weight_gradient.h"

enum { MOST_KERNEL = 8 };

/* One direction, of rows or of columns. */
typedef struct axis {
    int64_t in, out;           /* inputs, outputs of this phase */
    int64_t in_step, out_step; /* from one to the next of a phase */
    int64_t out_phase;
    int64_t origin; /* the padded place where input 0 stands */
    int64_t size;   /* positions, from one row (image) to the next */
    int64_t phases; /* of inputs */
    int64_t taps, kernel[MOST_KERNEL], phase[MOST_KERNEL], offset[MOST_KERNEL];
    int64_t reach; /* the largest offset */
} axis;

typedef struct images {
    int64_t n, c, padded; /* channels of the inputs, as they are and padded */
    int64_t outputs;      /* their channels */
    axis y, x;
    int64_t positions; /* of the outputs: n * y.size * x.size */
} images;

/* Fills images for outputs of phase (row, column), below the stride, of a pass. */
images AMX(conv_images)(const dc3_conv_shape *shape, dc3_conv_pass pass, int64_t row, int64_t column);
/* Copies `count` positions of the inputs of a phase from number `first` on: to [padded /
 * DEPTH][count][DEPTH], so that tiles read lines one after the other. */
void AMX(conv_copy)(const images *m, const uint16_t *x, int64_t row, int64_t column, int64_t first,
                    int64_t count, uint16_t *to);

/* Position p of the outputs: which image, row and column; goes on by one. */
typedef struct place {
    int64_t image, y, x;
} place;

static inline place place_of(const images *m, int64_t p)
{
    return (place){p / (m->y.size * m->x.size), p / m->x.size % m->y.size, p % m->x.size};
}

static inline void advance(const images *m, place *at)
{
    if (++at->x < m->x.size) return;
    at->x = 0;
    if (++at->y < m->y.size) return;
    at->y = 0;
    at->image++;
}

#endif
