#include "kernels/amx/gradient_plan.h"

#include <omp.h>

enum {
    STEPS = 8,             /* of a chunk, about: dy and x of a block of channels fit the first-level cache */
    SLIDE_STEPS = 24,      /* where each row of x is loaded once: longer sums */
    MOST_STEPS = 48,       /* of a chunk that is all there is, so that its sums stay in tiles */
    INPUT_BYTES = 5 << 18, /* of a chunk's x, and */
    SUM_BYTES = 640 << 10, /* of a rectangle's sums, about: both stay in 2 MB */
    PARTS = 4,             /* pieces of work there shall be, whatever the number of threads */
    LITTLE = 64 << 10,     /* bytes of sums of which there may be */
    MANY = 16,             /* parts */
    FEW_CHANNELS = 16,
};

/* A kernel of one place by stride 1 and a linear layer: one list of positions, cut into rows. */
static void as_list(gradient_plan *p)
{
    p->positions = p->n * p->h * p->w;
    p->n = blocks_of(p->positions, DEPTH);
    p->h = p->oh = 1, p->w = p->ow = DEPTH, p->stride = 1;
}

static void choose_chunk(gradient_plan *p)
{
    int64_t all = blocks_of(p->n, p->images), whole = p->oh * p->steps;
    int64_t steps = all * whole <= MOST_STEPS ? MOST_STEPS : slides(p) ? SLIDE_STEPS : STEPS;
    p->rows = at_most(p->oh, at_least(1, steps / p->steps));
    p->rows = blocks_of(p->oh, blocks_of(p->oh, p->rows));
    p->groups = p->rows < p->oh ? 1 : at_most(all, at_least(1, steps / whole));
    p->slots = p->gathered ? p->rows : (p->rows - 1) * p->stride + p->kh;
}

/* Of blocks down and across: sums stay in tiles, so that a rectangle is as wide as x fits the cache, and
 * high. */
static void choose_columns(gradient_plan *p, int64_t across, int64_t column)
{
    p->g.across = blocks_of(across, at_most(across, at_least(1, INPUT_BYTES / column)));
    p->g.down = 1;
}

/* A rectangle's sums and its x fit the cache. */
static void choose_rectangle(gradient_plan *p, int64_t down, int64_t across, int64_t column)
{
    int64_t blocks = at_least(1, SUM_BYTES / (p->taps * BLOCK * (int64_t)sizeof(float))), side = 1;
    while ((side + 1) * (side + 1) <= blocks) side++;
    int64_t columns = at_most(across, at_least(blocks / down, side));
    columns = at_most(columns, at_least(1, INPUT_BYTES / column));
    p->g.down = blocks_of(down, at_most(down, at_least(1, blocks / columns)));
    p->g.across = blocks_of(across, columns);
}

static void choose_grid(gradient_plan *p)
{
    int64_t down = blocks_of(p->co, SIDE), across = blocks_of(p->columns, SIDE),
            threads = omp_get_max_threads();
    int64_t column = p->copies * p->groups * p->slots * p->steps * PAIR * (int64_t)sizeof(uint16_t);
    int64_t groups = blocks_of(p->n, p->images), is_one = p->rows == p->oh && p->groups >= groups;
    int64_t bytes = down * across * p->taps * BLOCK * (int64_t)sizeof(float);
    p->g = (grid){.co_blocks = down, .ci_blocks = across};
    if (is_one)
        choose_columns(p, across, column);
    else
        choose_rectangle(p, down, across, column);
    p->parts = bytes <= LITTLE ? MANY : blocks_of(PARTS, p->g.down * p->g.across);
    p->parts = at_most(p->parts, groups);
    if (is_one && down * across >= PARTS) p->parts = 1;
    int64_t wanted = at_least(is_one ? PARTS : 1, threads);
    while (p->parts * p->g.down * p->g.across < wanted && p->g.down < down) p->g.down++;
    while (p->parts * p->g.down * p->g.across < wanted && p->g.across < across) p->g.across++;
}

gradient_plan AMX(gradient_plan_of)(const dc3_conv_shape *s)
{
    gradient_plan p = {.n = s->n, .h = s->h, .w = s->w, .ci = s->ci, .co = s->co, .kh = s->kh, .kw = s->kw};
    p.oh = dc3_conv_out_height(s), p.ow = dc3_conv_out_width(s);
    p.stride = s->stride, p.top = s->pad_top, p.left = s->pad_left;
    p.positions = p.n * p.ow;
    p.taps = p.kh * p.kw;
    int padded = s->pad_top + s->pad_left + s->pad_bottom + s->pad_right > 0;
    if (p.taps == 1 && p.oh == p.h && p.ow == p.w && !padded) as_list(&p);
    p.gathered = p.taps > 1 && (p.ci <= FEW_CHANNELS || p.stride >= p.kw);
    p.columns = p.gathered ? p.taps * p.ci : p.ci;
    p.copies = p.gathered ? 1 : p.kw;
    if (p.gathered) p.taps = 1;
    p.images = p.ow < DEPTH ? DEPTH / p.ow : 1;
    p.steps = blocks_of(p.images * p.ow, DEPTH);
    choose_chunk(&p);
    choose_grid(&p);
    return p;
}

gradient_rows AMX(gradient_rows_of)(const gradient_plan *p, int64_t first, int64_t last)
{
    gradient_rows r = {0};
    int64_t slot = 0;
    if (p->gathered) return r;
    int64_t low = at_least(0, first * p->stride - p->top);
    int64_t high = at_most(p->h, (last - 1) * p->stride + p->kh - p->top);
    for (int64_t ky = 0; ky < at_most(p->kh, p->stride); ky++) {
        int64_t at = (ky + p->top * (p->stride - 1)) % p->stride; /* its rows' remainder */
        r.first[at] = blocks_of(low - at, p->stride), r.slot[at] = slot;
        r.count[at] = at_least(0, blocks_of(high - at, p->stride) - r.first[at]);
        slot += r.count[at];
    }
    return r;
}

tap_rows AMX(tap_rows_of)(const gradient_plan *p, const gradient_rows *r, int64_t ky, int64_t first,
                          int64_t last)
{
    if (p->gathered) return (tap_rows){first, last, 0};
    tap_rows t = {.low = at_least(first, at_least(0, blocks_of(p->top - ky, p->stride)))};
    t.high = at_most(last, blocks_of(p->h + p->top - ky, p->stride));
    if (t.low >= t.high) return (tap_rows){0};
    int64_t row = t.low * p->stride + ky - p->top, at = row % p->stride;
    t.slot = r->slot[at] + row / p->stride - r->first[at];
    return t;
}
