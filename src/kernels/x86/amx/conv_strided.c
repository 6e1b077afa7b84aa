#include "kernels/x86/amx/conv_strided.h"

#include <omp.h>
#include "kernels/x86/amx/finish.h"
#include "kernels/x86/amx/share.h"

enum {
    PANEL = 8,              /* blocks of SIDE positions */
    PARTS = 4,              /* pieces of work for each thread, where there are as many */
    KERNEL_BYTES = 1 << 20, /* of a group of channels, about: half of 2 MB */
    MOST_STRIDE = 4,
    MOST_PARTS = MOST_STRIDE * MOST_STRIDE,
    MOST_TAPS = 64,
};

/* Every `step`-th row and column of images from (y, x) on, which may be outside. */
typedef struct part {
    int64_t step, y, x;
    int64_t taps, first; /* of outputs: how many they see; number of the first among those of all parts */
} part;

typedef struct strided {
    int64_t n, h, w, c, padded;       /* inputs; padded: channels */
    int64_t oh, ow, channels;         /* outputs */
    int64_t height, width, positions; /* of the grid; of all images */
    int64_t front, span;              /* positions that are seen in front of a panel's first, and in all */
    int64_t taps, copies, parts;      /* copies: of the inputs; parts: of the outputs */
    part copy[MOST_PARTS], part[MOST_PARTS];
    int64_t tap[MOST_TAPS], from[MOST_TAPS]; /* number in the kernel; where it is seen, in values */
} strided;

static int64_t at_least(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t copy_size(const strided *m)
{
    return m->span * m->padded;
}

static void list_forward(strided *m, const dc3_conv_shape *s)
{
    int64_t rows = s->kh < s->stride ? s->kh : s->stride, columns = s->kw < s->stride ? s->kw : s->stride;
    m->parts = 1, m->part[0] = (part){.step = 1, .taps = m->taps};
    m->copies = rows * columns;
    for (int64_t i = 0; i < m->copies; i++)
        m->copy[i] = (part){.step = s->stride, .y = i / columns - s->pad_top, .x = i % columns - s->pad_left};
    for (int64_t t = 0; t < m->taps; t++) {
        int64_t ky = t / s->kw, kx = t % s->kw, copy = ky % s->stride * columns + kx % s->stride;
        m->tap[t] = t;
        m->from[t] = copy * copy_size(m) + (ky / s->stride * m->width + kx / s->stride) * m->padded;
    }
}

static void list_data(strided *m, const dc3_conv_shape *s)
{
    int64_t count = 0;
    m->copies = 1, m->copy[0] = (part){.step = 1};
    m->parts = s->stride * s->stride;
    for (int64_t i = 0; i < m->parts; i++) {
        int64_t top = i / s->stride, left = i % s->stride;
        part *p = &m->part[i];
        *p = (part){.step = s->stride, .y = top - s->pad_top, .x = left - s->pad_left, .first = count};
        for (int64_t ky = top; ky < s->kh; ky += s->stride)
            for (int64_t kx = left; kx < s->kw; kx += s->stride, count++, p->taps++) {
                m->tap[count] = ky * s->kw + kx;
                m->from[count] = -(ky / s->stride * m->width + kx / s->stride) * m->padded;
            }
    }
}

static strided strided_of(const dc3_conv_shape *s, dc3_conv_pass pass)
{
    int64_t oh = dc3_conv_out_height(s), ow = dc3_conv_out_width(s), forward = pass == DC3_PASS_FORWARD;
    int64_t down = (s->kh - 1) / s->stride, across = (s->kw - 1) / s->stride; /* beyond a position */
    strided m = {.n = s->n, .taps = s->kh * s->kw};
    if (forward) {
        m.h = s->h, m.w = s->w, m.c = s->ci, m.oh = oh, m.ow = ow, m.channels = s->co;
        m.height = oh + down, m.width = ow + across;
    } else {
        m.h = oh, m.w = ow, m.c = s->co, m.oh = s->h, m.ow = s->w, m.channels = s->ci;
        m.height = at_least(oh + down, (s->h - 1 + s->pad_top) / s->stride + 1);
        m.width = at_least(ow + across, (s->w - 1 + s->pad_left) / s->stride + 1);
    }
    m.front = forward ? 0 : down * m.width + across;
    m.span = PANEL * SIDE + down * m.width + across;
    m.padded = blocks_of(m.c, DEPTH) * DEPTH;
    m.positions = m.n * m.height * m.width;
    (forward ? list_forward : list_data)(&m, s);
    return m;
}

/* Values of the kernels of a block of outputs: [taps][depth of inputs] pairs of tiles. */
static int64_t kernels_of(const strided *m)
{
    return m->taps * (m->padded / DEPTH) * PAIR;
}

size_t AMX(strided_packed_size)(const dc3_conv_shape *s, dc3_conv_pass pass)
{
    strided m = strided_of(s, pass);
    return (size_t)(blocks_of(m.channels, SIDE) * kernels_of(&m)) * sizeof(uint16_t);
}

void AMX(strided_pack)(const dc3_conv_shape *s, dc3_conv_pass pass, const uint16_t *w, void *packed)
{
    strided m = strided_of(s, pass);
    int64_t row = s->ci * m.taps, data = pass == DC3_PASS_DATA, step = m.padded * SIDE;
    int64_t to_output = data ? m.taps : row, to_input = data ? row : m.taps;
#pragma omp parallel for
    for (int64_t k = 0; k < blocks_of(m.channels, SIDE) * m.taps; k++) {
        int64_t j = k / m.taps;
        pack_apart(rest(m.channels, j), m.c, w + j * SIDE * to_output + m.tap[k % m.taps], to_output,
                   to_input, (uint16_t *)packed + k * step);
    }
}

/* The pixels, of images of h x w, of `count` positions from `first` on, -1 where there is none. */
static void list_pixels(const strided *m, const part *p, int64_t h, int64_t w, int64_t first, int64_t count,
                        int32_t *pixel)
{
    int64_t x = first % m->width, y = first / m->width % m->height, image = first / (m->height * m->width);
    for (int64_t k = 0; k < count; k++) {
        int64_t py = y * p->step + p->y, px = x * p->step + p->x;
        int is = image < m->n && py >= 0 && py < h && px >= 0 && px < w;
        pixel[k] = is ? (int32_t)((image * h + py) * w + px) : -1;
        if (++x < m->width) continue;
        x = 0;
        if (++y < m->height) continue;
        y = 0, image++;
    }
}

/* Channels of a position, padded with zeros, or nothing but zeros. */
static void copy_channels(const strided *m, const uint16_t *from, uint16_t *to)
{
    for (int64_t d = 0; d < m->padded; d += DEPTH) {
        int64_t some = from ? at_least(0, m->c - d < DEPTH ? m->c - d : DEPTH) : 0;
        if (some < DEPTH) memset(to + d, 0, DEPTH * sizeof *to);
        if (some == DEPTH)
            memcpy(to + d, from + d, DEPTH * sizeof *to);
        else if (some > 0)
            memcpy(to + d, from + d, (size_t)some * sizeof *to);
    }
}

/* What the positions of a panel see. */
static void copy_panel(const strided *m, int64_t first, const uint16_t *x, uint16_t *to)
{
    for (int64_t k = 0; k < m->copies; k++)
        for (int64_t at = 0; at < m->span; at += SIDE) {
            int32_t pixel[SIDE];
            int64_t before = m->front - first - at, count = m->span - at < SIDE ? m->span - at : SIDE;
            int64_t none = before < 0 ? 0 : before < count ? before : count; /* in front of all images */
            list_pixels(m, &m->copy[k], m->h, m->w, at_least(0, -before), count - none, pixel + none);
            for (int64_t i = 0; i < count; i++, to += m->padded)
                copy_channels(m, i < none || pixel[i] < 0 ? NULL : x + pixel[i] * m->c, to);
        }
}

/* What follows the sums. */
typedef struct output {
    const float *bias;        /* NULL: none */
    const uint16_t *residual; /* NULL: none */
    dc3_activation act;
    int act_last;
    uint16_t *y;
} output;

/* sums [SIDE][SIDE] of the positions from x on by a part's kernels of a block of outputs. */
static void multiply(const strided *m, const part *p, const uint16_t *x, const uint16_t *kernels, float *sums)
{
    int64_t stride = m->padded * (int64_t)sizeof *x;
    zero_block();
    for (int64_t t = p->first; t < p->first + p->taps; t++)
        for (int64_t d = 0; d < m->padded; d += DEPTH, kernels += PAIR) {
            const uint16_t *at = x + m->from[t] + d;
            tile_load(4, at, stride);
            tile_load(6, kernels, 64);
            tile_load(7, kernels + TILE, 64);
            tile_multiply(0, 4, 6);
            tile_load(5, at + 16 * m->padded, stride);
            tile_multiply(1, 4, 7);
            tile_multiply(2, 5, 6);
            tile_multiply(3, 5, 7);
        }
    store_block(sums);
}

static void finish(const strided *m, const output *o, const int32_t *pixel, int64_t j, float *sums)
{
    int64_t columns = rest(m->channels, j);
    for (int64_t r = 0; r < SIDE; r++) {
        int64_t to = pixel[r] * m->channels + j * SIDE;
        if (pixel[r] >= 0)
            finish_row(sums + r * SIDE, columns, o->bias ? o->bias + j * SIDE : NULL, o->act,
                       o->residual ? o->residual + to : NULL, o->act_last, o->y + to);
    }
}

/* Blocks [left, right) of outputs for a panel of positions. */
static void run_panel(const strided *m, const output *o, int64_t panel, int64_t left, int64_t right,
                      const uint16_t *x, const uint16_t *packed, uint16_t *copy)
{
    float sums[SIDE * SIDE] __attribute__((aligned(64)));
    int32_t pixels[MOST_PARTS][PANEL * SIDE];
    int64_t first = panel * PANEL * SIDE, depth = m->padded / DEPTH * PAIR;
    for (int64_t k = 0; k < m->parts; k++)
        list_pixels(m, &m->part[k], m->oh, m->ow, first, PANEL * SIDE, pixels[k]);
    copy_panel(m, first, x, copy);
    for (int64_t j = left; j < right; j++)
        for (int64_t k = 0; k < m->parts; k++)
            for (int64_t i = 0; i < PANEL && first + i * SIDE < m->positions; i++) {
                const part *p = &m->part[k];
                multiply(m, p, copy + (m->front + i * SIDE) * m->padded,
                         packed + j * kernels_of(m) + p->first * depth, sums);
                finish(m, o, pixels[k] + i * SIDE, j, sums);
            }
}

static void run(const strided *m, const output *o, const uint16_t *x, const uint16_t *packed, uint16_t *copy)
{
    int64_t panels = blocks_of(m->positions, PANEL * SIDE), across = blocks_of(m->channels, SIDE);
    int64_t few = kernels_of(m) * (int64_t)sizeof *packed * across / KERNEL_BYTES;
    int64_t groups = at_least(at_least(1, few), blocks_of(PARTS * omp_get_max_threads(), panels));
    if (groups > across) groups = across;
#pragma omp parallel
    {
        uint16_t *own = copy + omp_get_thread_num() * m->copies * copy_size(m);
        tile_configure(&full_tiles);
#pragma omp for schedule(static)
        for (int64_t u = 0; u < panels * groups; u++) {
            int64_t group = u / panels;
            run_panel(m, o, u % panels, across * group / groups, across * (group + 1) / groups, x, packed,
                      own);
        }
        tile_release();
    }
}

void AMX(strided_forward)(const dc3_conv_shape *s, const void *x, const void *packed, const float *bias,
                          const void *residual, void *y, void *scratch)
{
    strided m = strided_of(s, DC3_PASS_FORWARD);
    output o = {s->bias ? bias : NULL, s->residual ? residual : NULL, s->act, s->act_last, y};
    run(&m, &o, x, packed, scratch);
}

void AMX(strided_data)(const dc3_conv_shape *s, const void *dy, const void *packed, void *dx, void *scratch)
{
    strided m = strided_of(s, DC3_PASS_DATA);
    output o = {.act = DC3_ACT_NONE, .y = dx};
    run(&m, &o, dy, packed, scratch);
}

size_t AMX(strided_scratch)(const dc3_conv_shape *s, dc3_conv_pass pass)
{
    if (s->type != DC3_BF16 || s->stride > MOST_STRIDE || s->kh * s->kw > MOST_TAPS || s->groups > 1 ||
        s->n < 1 || dc3_conv_out_height(s) < 1 || dc3_conv_out_width(s) < 1 || s->n * s->h * s->w > INT32_MAX)
        return 0;
    strided m = strided_of(s, pass);
    return (size_t)(omp_get_max_threads() * m.copies * copy_size(&m)) * sizeof(uint16_t);
}
