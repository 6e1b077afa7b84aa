/* The convolution and the gradient of its data (conv.h). */
#include "kernels/amx/conv.h"
#include "kernels/amx/conv_patches.h"
#include "kernels/amx/product.h"

static int64_t phases_of(const dc3_conv_shape *s, dc3_conv_pass pass)
{
    return pass == DC3_PASS_DATA ? s->stride : 1; /* in each direction */
}

static int64_t taps_of(const images *m)
{
    return m->y.taps * m->x.taps;
}

/* Values of the kernels of a block of outputs. */
static int64_t kernels_of(const images *m)
{
    return taps_of(m) * (m->padded / DEPTH) * PAIR;
}

static int64_t packed_of(const images *m)
{
    return blocks_of(m->outputs, SIDE) * kernels_of(m);
}

/* Phases of outputs one behind the other. */
static size_t packed_size(const dc3_conv_shape *s, dc3_conv_pass pass)
{
    if (is_patches(s, pass)) return AMX(patches_packed_size)(s);
    int64_t values = 0, phases = phases_of(s, pass);
    for (int64_t p = 0; p < phases * phases; p++) {
        images m = AMX(conv_images)(s, pass, p / phases, p % phases);
        values += packed_of(&m);
    }
    return (size_t)(values ? values : 1) * sizeof(uint16_t);
}

/* The kernels of outputs `first` to first + columns - 1: [depth of inputs][taps] pairs of tiles. */
static void pack_block(const dc3_conv_shape *s, dc3_conv_pass pass, const images *m, int64_t first,
                       int64_t columns, const uint16_t *w, uint16_t *to)
{
    int64_t row = s->ci * s->kh * s->kw, data = pass == DC3_PASS_DATA;
    int64_t to_output = data ? s->kh * s->kw : row, to_input = data ? row : s->kh * s->kw;
    for (int64_t d = 0; d < m->c; d += DEPTH)
        for (int64_t y = 0; y < m->y.taps; y++)
            for (int64_t x = 0; x < m->x.taps; x++, to += PAIR)
                pack_apart(columns, m->c - d < DEPTH ? m->c - d : DEPTH,
                           w + first * to_output + d * to_input + m->y.kernel[y] * s->kw + m->x.kernel[x],
                           to_output, to_input, to);
}

static void pack(const dc3_conv_shape *s, dc3_conv_pass pass, const uint16_t *w, void *packed)
{
    if (is_patches(s, pass)) {
        AMX(patches_pack)(s, w, packed);
        return;
    }
    int64_t phases = phases_of(s, pass);
    uint16_t *to = packed;
    for (int64_t p = 0; p < phases * phases; p++) {
        images m = AMX(conv_images)(s, pass, p / phases, p % phases);
#pragma omp parallel for
        for (int64_t j = 0; j < blocks_of(m.outputs, SIDE); j++)
            pack_block(s, pass, &m, j * SIDE, rest(m.outputs, j), w, to + j * kernels_of(&m));
        to += packed_of(&m);
    }
}

/* One convolution, and where it reads and writes. */
typedef struct convolution {
    images m;
    panels p;
    int64_t steps;                             /* pairs of tiles of a block */
    int64_t offset[MOST_KERNEL * MOST_KERNEL]; /* values of the copy, of each tap */
    int64_t copied;                            /* positions of the copy of a phase */
    const uint16_t *x, *packed;
    output o;
    int64_t height, width; /* of the whole of y */
} convolution;

static convolution convolution_of(const dc3_conv_shape *s, dc3_conv_pass pass, int64_t row, int64_t column)
{
    convolution c = {.m = AMX(conv_images)(s, pass, row, column)};
    const images *m = &c.m;
    int64_t row_bytes = SIDE * m->padded * m->y.phases * m->x.phases * (int64_t)sizeof(uint16_t);
    c.p = panels_of(blocks_of(m->positions, SIDE), row_bytes, blocks_of(m->outputs, SIDE),
                    kernels_of(m) * (int64_t)sizeof(uint16_t));
    c.steps = taps_of(m) * (m->padded / DEPTH);
    c.copied = c.p.blocks * SIDE + m->y.reach * m->x.size + m->x.reach;
    for (int64_t t = 0; t < taps_of(m); t++) {
        int64_t y = t / m->x.taps, x = t % m->x.taps;
        c.offset[t] = (m->y.phase[y] * m->x.phases + m->x.phase[x]) * c.copied * m->padded +
                      (m->y.offset[y] * m->x.size + m->x.offset[x]) * DEPTH;
    }
    c.height = pass == DC3_PASS_DATA ? s->h : m->y.out, c.width = pass == DC3_PASS_DATA ? s->w : m->x.out;
    return c;
}

static size_t panel_bytes(const convolution *c)
{
    return list_bytes(c->p.blocks * SIDE) + AMX(panel_sums)(&c->p) +
           (size_t)(c->m.y.phases * c->m.x.phases * c->copied * c->m.padded) * sizeof(uint16_t);
}

/* Where the rows of each step stand: all taps of DEPTH channels, whose inputs the first-level cache holds,
 * then the next. */
static void list_steps(const convolution *c, int32_t *offset)
{
    int64_t taps = taps_of(&c->m);
    for (int64_t k = 0; k < c->steps; k++)
        offset[k] = (int32_t)(c->offset[k % taps] + k / taps * DEPTH * c->copied);
}

/* The pixel of y at each position of a panel, or -1. */
static void list_rows(const convolution *c, const unit *u, int32_t *row)
{
    const axis *y = &c->m.y, *x = &c->m.x;
    place at = place_of(&c->m, u->top * SIDE);
    for (int64_t i = 0; i < (u->bottom - u->top) * SIDE; i++, advance(&c->m, &at)) {
        int64_t line = at.image * c->height + at.y * y->out_step + y->out_phase;
        int is = at.image < c->m.n && at.y < y->out && at.x < x->out;
        row[i] = is ? (int32_t)(line * c->width + at.x * x->out_step + x->out_phase) : -1;
    }
}

static void copy_panel(const convolution *c, const unit *u, uint16_t *copy)
{
    for (int64_t y = 0; y < c->m.y.phases; y++)
        for (int64_t x = 0; x < c->m.x.phases; x++, copy += c->copied * c->m.padded)
            AMX(conv_copy)(&c->m, c->x, y, x, u->top * SIDE, c->copied, copy);
}

static void run(const convolution *c, char *scratch)
{
    int32_t *offset = (void *)scratch;
    scratch += list_bytes(c->steps);
    list_steps(c, offset);
#pragma omp parallel
    {
        int32_t *row = (void *)(scratch + (size_t)omp_get_thread_num() * panel_bytes(c));
        float *sums = (void *)((char *)row + list_bytes(c->p.blocks * SIDE));
        uint16_t *copy = (void *)((char *)sums + AMX(panel_sums)(&c->p));
        panel p = {.rows = copy,
                   .apart = DEPTH,
                   .block = SIDE * DEPTH,
                   .row = row,
                   .columns = c->packed,
                   .steps = c->steps,
                   .offset = offset,
                   .piece = 18,
                   .o = &c->o};
        int64_t have = -1;
        tile_configure(&full_tiles);
#pragma omp for schedule(static)
        for (int64_t i = 0; i < c->p.panels * c->p.groups; i++) {
            unit u = unit_of(&c->p, i);
            if (u.panel != have) copy_panel(c, &u, copy), list_rows(c, &u, row);
            have = u.panel;
            AMX(multiply_panel)(&c->p, &u, &p, sums);
        }
        tile_release();
    }
}

static int is_pointwise(const dc3_conv_shape *s)
{
    return s->kh * s->kw * s->stride == 1 && s->pad_top + s->pad_left + s->pad_bottom + s->pad_right == 0;
}

static void forward(const dc3_conv_shape *s, const void *x, const void *packed, const float *bias,
                    const void *residual, void *y, void *scratch)
{
    output o = {.channels = s->co,
                .bias = s->bias ? bias : NULL,
                .residual = s->residual ? residual : NULL,
                .act = s->act,
                .act_last = s->act_last,
                .y = y};
    if (is_pointwise(s)) {
        AMX(product)(s->n * s->h * s->w, s->ci, x, packed, &o, scratch);
        return;
    }
    convolution c = convolution_of(s, DC3_PASS_FORWARD, 0, 0);
    c.x = x, c.packed = packed, c.o = o;
    run(&c, scratch);
}

static void data(const dc3_conv_shape *s, const void *dy, const void *packed, void *dx, void *scratch)
{
    if (is_patches(s, DC3_PASS_DATA)) {
        AMX(patches_data)(s, dy, packed, dx, scratch);
        return;
    }
    output o = {.channels = s->ci, .residual = s->residual ? dx : NULL, .y = dx};
    if (is_pointwise(s)) {
        AMX(product)(s->n * s->h * s->w, s->co, dy, packed, &o, scratch);
        return;
    }
    const uint16_t *kernels = packed;
    for (int64_t p = 0; p < s->stride * s->stride; p++) {
        convolution c = convolution_of(s, DC3_PASS_DATA, p / s->stride, p % s->stride);
        c.x = dy, c.packed = kernels, c.o = o;
        if (c.m.y.out > 0 && c.m.x.out > 0) run(&c, scratch);
        kernels += packed_of(&c.m);
    }
}

static size_t scratch_of(const dc3_conv_shape *s, dc3_conv_pass pass)
{
    if (pass == DC3_PASS_WEIGHT) return AMX(conv_gradient_scratch)(s);
    if (s->n * s->h * s->w > INT32_MAX || s->n * dc3_conv_out_height(s) * dc3_conv_out_width(s) > INT32_MAX)
        return 0; /* pixels have numbers of 32 bits */
    if (is_patches(s, pass)) return AMX(patches_scratch)(s);
    if (s->type != DC3_BF16 || s->groups > 1 || s->n < 1 || dc3_conv_out_height(s) < 1 ||
        dc3_conv_out_width(s) < 1 || s->kh > MOST_KERNEL || s->kw > MOST_KERNEL || s->pad_top >= s->kh ||
        s->pad_left >= s->kw || s->pad_bottom >= s->kh || s->pad_right >= s->kw)
        return 0;
    if (is_pointwise(s))
        return AMX(product_scratch)(s->n * s->h * s->w, pass == DC3_PASS_DATA ? s->co : s->ci,
                                    pass == DC3_PASS_DATA ? s->ci : s->co);
    size_t most = 0;
    for (int64_t p = 0, phases = phases_of(s, pass); p < phases * phases; p++) {
        convolution c = convolution_of(s, pass, p / phases, p % phases);
        size_t size = list_bytes(c.steps) + panel_bytes(&c) * (size_t)omp_get_max_threads();
        most = size > most ? size : most;
    }
    return most + 64;
}

const dc3_tile_conv AMX(conv) = {packed_size, pack, scratch_of, forward, data, AMX(conv_gradient)};
