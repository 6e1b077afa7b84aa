/* The gradients of a convolution's and of a linear layer's weight (gradient_plan.h). A piece of work is a
 * part of the groups of images and a rectangle of dw's blocks. It goes through the groups in chunks: packs x,
 * then for each block of channels dy, and adds their products, tap by tap, to its sums. Sums of several
 * parts are added in order, whoever made them. */
#include <omp.h>
#include "kernels/amx/depthwise_gradient.h"
#include "kernels/amx/gradient_finish.h"
#include "kernels/amx/gradient_pack.h"
#include "kernels/amx/gradient_products.h"
#include "kernels/amx/weight_gradient.h"

/* What a thread works in; all 64-byte aligned. */
typedef struct work {
    position_list *of_dy, *of_x; /* [2][steps]; [copies][2][steps]: of a whole group, of the last */
    uint16_t *dy;                /* of a block of channels: [2][groups][rows][steps] tiles */
    uint16_t *x;                 /* [blocks of a rectangle][copies][2][groups][slots][steps] */
    float *sums;                 /* of a rectangle, or of a block if there is one chunk; only of one part */
} work;

typedef struct operands {
    const uint16_t *x, *dy;
    float *dw, *sums; /* sums: of the parts, if there are several, [parts][blocks of dw][taps] */
} operands;

/* Groups [group, group + count), output rows [first, last) of each. */
typedef struct chunk {
    int64_t group, count, first, last;
    gradient_rows rows;
    int is_first, is_last; /* of the part */
} chunk;

static int is_one_chunk(const gradient_plan *p)
{
    return p->parts == 1 && p->rows == p->oh && p->groups >= blocks_of(p->n, p->images);
}

/* Values of x of 16 channels in a copy, and of dy. */
static int64_t x_half(const gradient_plan *p)
{
    return p->groups * p->slots * p->steps * TILE;
}

static int64_t dy_half(const gradient_plan *p)
{
    return p->groups * p->rows * p->steps * TILE;
}

static size_t work_size(const gradient_plan *p, char *base, work *w)
{
    size_t at = 0;
    int64_t across = blocks_of(p->g.ci_blocks, p->g.across), down = blocks_of(p->g.co_blocks, p->g.down);
#define PLACE(field, count)                                                                                  \
    do {                                                                                                     \
        w->field = base ? (void *)(base + at) : NULL;                                                        \
        at += ((size_t)(count) * sizeof *w->field + 63) / 64 * 64;                                           \
    } while (0)
    PLACE(of_dy, 2 * p->steps);
    PLACE(of_x, p->copies * 2 * p->steps);
    PLACE(dy, 2 * dy_half(p));
    PLACE(x, across * p->copies * 2 * x_half(p));
    PLACE(sums, p->parts > 1 ? 0 : (is_one_chunk(p) ? 1 : across * down) * p->taps * BLOCK);
#undef PLACE
    return at;
}

/* The positions of step `step` of a row of `group`: of dy, or of what is seen of x at column kx. */
static void list_positions(const gradient_plan *p, int64_t group, int64_t step, int64_t kx,
                           position_list *of_dy, position_list *of_x)
{
    memset(of_dy, 0, sizeof *of_dy);
    memset(of_x, 0, sizeof *of_x);
    for (int q = 0; q < DEPTH; q++) {
        int64_t position = step * DEPTH + q, image = position / p->ow, column = position % p->ow;
        int64_t seen = column * p->stride + kx - p->left;
        if (image >= p->images || group * p->images * p->ow + position >= p->positions) break;
        of_dy->mask[q] = UINT32_MAX;
        of_dy->at[q] = (image * p->oh * p->ow + column) * p->co;
        of_x->mask[q] = p->gathered || (seen >= 0 && seen < p->w) ? UINT32_MAX : 0;
        of_x->at[q] = (image * p->h * p->w + seen) * p->ci;
        of_x->low[q] = (int16_t)(at_least(0, -seen) * p->ci);
        of_x->high[q] = (int16_t)(at_most(p->kw, p->w - seen) * p->ci);
    }
}

/* Number of the first list of a group: the last may lack images. */
static int64_t lists_of(const gradient_plan *p, int64_t group)
{
    return (group + 1) * p->images * p->ow > p->positions ? p->steps : 0;
}

static void pack_outputs(const gradient_plan *p, const work *w, const chunk *c, const uint16_t *dy, int64_t i)
{
    uint16_t *to = w->dy;
    for (int64_t g = c->group; g < c->group + c->count; g++)
        for (int64_t y = c->first; y < c->last; y++) {
            const uint16_t *row = dy + (g * p->images * p->oh + y) * p->ow * p->co + i * SIDE;
            const position_list *l = w->of_dy + lists_of(p, g);
            for (int64_t s = 0; s < p->steps; s++, to += TILE)
                pack_step_turned(row, &l[s], p->ow * p->co, rest(p->co, i), to, dy_half(p));
        }
}

/* The rows of x that group g sees, of one copy. */
static void pack_rows_seen(const gradient_plan *p, const chunk *c, int64_t g, const uint16_t *x, int64_t j,
                           const position_list *l, uint16_t *to)
{
    x += g * p->images * p->h * p->w * p->ci;
    for (int64_t y = c->first; p->gathered && y < c->last; y++)
        for (int64_t s = 0; s < p->steps; s++, to += TILE)
            gather_step(p, x, y * p->stride - p->top, &l[s], j * SIDE, to, x_half(p));
    for (int64_t at = 0; !p->gathered && at < p->stride; at++)
        for (int64_t k = 0; k < c->rows.count[at]; k++) {
            const uint16_t *row = x + ((c->rows.first[at] + k) * p->stride + at) * p->w * p->ci + j * SIDE;
            uint16_t *slot = to + (c->rows.slot[at] + k) * p->steps * TILE;
            for (int64_t s = 0; s < p->steps; s++)
                pack_step(row, &l[s], p->stride * p->w * p->ci, rest(p->columns, j), slot + s * TILE,
                          x_half(p));
        }
}

static void pack_inputs(const gradient_plan *p, const work *w, const chunk *c, const uint16_t *x, int64_t j,
                        uint16_t *to)
{
    for (int64_t kx = 0; kx < p->copies; kx++, to += 2 * x_half(p))
        for (int64_t g = 0; g < c->count; g++)
            pack_rows_seen(p, c, c->group + g, x, j, w->of_x + 2 * kx * p->steps + lists_of(p, c->group + g),
                           to + g * p->slots * p->steps * TILE);
}

/* A block of channels of dy by one of x, both packed: sums [taps]. */
static void add_taps(const gradient_plan *p, const work *w, const chunk *c, const uint16_t *x, float *sums)
{
    int64_t row = p->steps * TILE;
    panel a = {w->dy, dy_half(p), (c->last - c->first) * row}, b = {x, x_half(p), p->slots * row};
    if (slides(p)) {
        slide a_row = {.count = c->count,
                       .steps = p->steps,
                       .rows = c->last - c->first,
                       .above = c->first > 0,
                       .below = c->last < p->oh,
                       .add = !c->is_first};
        for (int64_t kx = 0; kx < p->copies; kx++, b.at += 2 * x_half(p))
            slide_taps(&a_row, &a, &b, sums + kx * BLOCK);
        return;
    }
    for (int64_t t = 0; t < p->taps; t++) {
        tap_rows seen = AMX(tap_rows_of)(p, &c->rows, t / p->copies, c->first, c->last);
        int64_t steps = (seen.high - seen.low) * p->steps, count = c->count;
        if (steps * TILE == a.apart && a.apart == b.apart) steps *= count, count = 1;
        panel from = {a.at + (seen.low - c->first) * row, a.half, a.apart};
        panel to = {b.at + t % p->copies * 2 * x_half(p) + seen.slot * row, b.half, b.apart};
        multiply(count, steps, &from, &to, sums + t * BLOCK, !c->is_first);
    }
}

/* Sums of block (i, j), of rectangle `own` of part `part`. */
static float *sums_of(const gradient_plan *p, const work *w, const operands *o, int64_t part,
                      const rectangle *own, int64_t i, int64_t j)
{
    int64_t size = p->taps * BLOCK;
    if (p->parts > 1) return o->sums + ((part * p->g.co_blocks + i) * p->g.ci_blocks + j) * size;
    return is_one_chunk(p) ? w->sums
                           : w->sums + ((i - own->top) * (own->right - own->left) + j - own->left) * size;
}

static void run_chunk(const gradient_plan *p, const work *w, const operands *o, int64_t part,
                      const rectangle *own, const chunk *c)
{
    int64_t apart = p->copies * 2 * x_half(p);
    for (int64_t j = own->left; j < own->right; j++)
        pack_inputs(p, w, c, o->x, j, w->x + (j - own->left) * apart);
    for (int64_t i = own->top; i < own->bottom; i++) {
        pack_outputs(p, w, c, o->dy, i);
        for (int64_t j = own->left; j < own->right; j++) {
            float *sums = sums_of(p, w, o, part, own, i, j);
            add_taps(p, w, c, w->x + (j - own->left) * apart, sums);
            if (c->is_last && p->parts == 1) add_to_gradient(p, i, j, sums, o->dw);
        }
    }
}

static void run_piece(const gradient_plan *p, const work *w, const operands *o, int64_t part,
                      const rectangle *own)
{
    int64_t all = blocks_of(p->n, p->images), group = all * part / p->parts,
            last = all * (part + 1) / p->parts;
    chunk c = {.is_first = 1};
    for (c.group = group; c.group < last; c.group += c.count) {
        c.count = at_most(p->groups, last - c.group);
        for (c.first = 0; c.first < p->oh; c.first = c.last) {
            c.last = at_most(p->oh, c.first + p->rows);
            c.rows = AMX(gradient_rows_of)(p, c.first, c.last);
            c.is_last = c.group + c.count == last && c.last == p->oh;
            run_chunk(p, w, o, part, own, &c);
            c.is_first = 0;
        }
    }
}

/* dw += the parts' sums of a block, in order. */
static void add_parts(const gradient_plan *p, const operands *o, int64_t block)
{
    int64_t size = p->taps * BLOCK, apart = p->g.co_blocks * p->g.ci_blocks * size;
    float *sums = o->sums + block * size;
    for (int64_t part = 1; part < p->parts; part++)
        for (int64_t k = 0; k < size; k++) sums[k] += sums[part * apart + k];
    add_to_gradient(p, block / p->g.ci_blocks, block % p->g.ci_blocks, sums, o->dw);
}

static size_t sums_size(const gradient_plan *p)
{
    int64_t blocks = p->parts > 1 ? p->parts * p->g.co_blocks * p->g.ci_blocks : 0;
    return (size_t)(blocks * p->taps * BLOCK) * sizeof(float);
}

size_t AMX(conv_gradient_scratch)(const dc3_conv_shape *s)
{
    if (s->groups > 1) return AMX(depthwise_gradient_scratch)(s);
    if (s->type != DC3_BF16 || s->n < 1 || dc3_conv_out_height(s) < 1 || dc3_conv_out_width(s) < 1 ||
        s->stride > MOST_STRIDE || (s->kw + s->pad_left + s->pad_right) * s->ci > INT16_MAX)
        return 0;
    work w;
    gradient_plan p = AMX(gradient_plan_of)(s);
    return sums_size(&p) + (size_t)omp_get_max_threads() * work_size(&p, NULL, &w);
}

void AMX(conv_gradient)(const dc3_conv_shape *s, const void *x, const void *dy, float *dw, void *scratch)
{
    if (s->groups > 1) {
        AMX(depthwise_gradient)(s, x, dy, dw, scratch);
        return;
    }
    gradient_plan p = AMX(gradient_plan_of)(s);
    operands o = {x, dy, dw, scratch};
    char *own = (char *)scratch + sums_size(&p);
    int64_t parts = p.g.down * p.g.across, blocks = p.parts > 1 ? p.g.co_blocks * p.g.ci_blocks : 0;
    int64_t last = blocks_of(p.n, p.images) - 1;
#pragma omp parallel
    {
        work w;
        size_t size = work_size(&p, NULL, &w);
        work_size(&p, own + (size_t)omp_get_thread_num() * size, &w);
        for (int64_t k = 0; k < p.copies * 2 * p.steps; k++)
            list_positions(&p, k / p.steps % 2 ? last : 0, k % p.steps, k / p.steps / 2,
                           &w.of_dy[k % (2 * p.steps)], &w.of_x[k]);
        tile_configure(&full_tiles);
#pragma omp for schedule(dynamic)
        for (int64_t u = 0; u < p.parts * parts; u++) {
            rectangle r = part_of(&p.g, u % parts);
            run_piece(&p, &w, &o, u / parts, &r);
        }
        tile_release();
#pragma omp for schedule(static)
        for (int64_t b = 0; b < blocks; b++) add_parts(&p, &o, b);
    }
}
