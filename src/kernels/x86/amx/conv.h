/* Convolutions of stride 1 as products of matrices that are never made: a copy of the images with their
 * padding, and channels padded to DEPTH, lies as one list of positions. What position p of the outputs sees
 * at tap (ky, kx) is position p + ky * width + kx of the copy, so that a tile of positions is read where it
 * stands for each tap. The padding before a row is that behind the row before, and likewise of images.
 * Positions behind the end of an output's row are computed too and left out. Private to conv*.c. */
#ifndef DC3_KERNELS_X86_AMX_CONV_H
#define DC3_KERNELS_X86_AMX_CONV_H

#include "kernels/tile_conv.h"
#include "kernels/x86/amx/amx.h"
#include "kernels/x86/amx/finish.h"
#include "kernels/x86/amx/share.h"
#include "kernels/x86/amx/weight_gradient.h"

typedef struct images {
    int64_t n, h, w, c; /* as they are given */
    int64_t top, left;
    int64_t height, width, padded; /* of the copy; padded: channels */
    int64_t oh, ow, kh, kw;        /* of the outputs, of the kernel */
    int64_t positions;             /* n * height * width */
} images;

/* The inputs of a pass: x, or for the gradient of the data dy, padded so that the kernel turned by 180
 * degrees goes over it. */
static inline images images_of(const dc3_conv_shape *s, dc3_conv_pass pass)
{
    int64_t oh = dc3_conv_out_height(s), ow = dc3_conv_out_width(s);
    images m = {.n = s->n, .kh = s->kh, .kw = s->kw};
    if (pass == DC3_PASS_DATA) {
        m.h = oh, m.w = ow, m.c = s->co, m.oh = s->h, m.ow = s->w;
        m.top = s->kh - 1 - s->pad_top, m.left = s->kw - 1 - s->pad_left;
    } else {
        m.h = s->h, m.w = s->w, m.c = s->ci, m.oh = oh, m.ow = ow;
        m.top = s->pad_top, m.left = s->pad_left;
    }
    int64_t bottom = m.oh + m.kh - 1 - m.h - m.top, right = m.ow + m.kw - 1 - m.w - m.left;
    m.height = m.h + (m.top > bottom ? m.top : bottom), m.width = m.w + (m.left > right ? m.left : right);
    m.padded = blocks_of(m.c, DEPTH) * DEPTH;
    m.positions = m.n * m.height * m.width;
    return m;
}

/* How far a kernel reaches from a position. */
static inline int64_t reach_of(const images *m)
{
    return (m->kh - 1) * m->width + m->kw - 1;
}

/* Position p: which image, row and column; goes on by one. */
typedef struct place {
    int64_t image, y, x;
} place;

static inline place place_of(const images *m, int64_t p)
{
    return (place){p / (m->height * m->width), p / m->width % m->height, p % m->width};
}

static inline void advance(const images *m, place *at)
{
    if (++at->x < m->width) return;
    at->x = 0;
    if (++at->y < m->height) return;
    at->y = 0;
    at->image++;
}

/* The output at a position, or -1. */
static inline int64_t output_at(const images *m, const place *at)
{
    if (at->image >= m->n || at->y >= m->oh || at->x >= m->ow) return -1;
    return (at->image * m->oh + at->y) * m->ow + at->x;
}

#endif
