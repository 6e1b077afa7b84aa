/* The convolution and the gradient of its data, which is the convolution of dy by the kernels turned
 * (conv.h). A thread takes a panel of positions and a group of output channels; its second-level cache holds
 * the kernels of a block of channels while the panel goes by. */
#include <omp.h>
#include "kernels/x86/amx/conv.h"
#include "kernels/x86/amx/conv_strided.h"

enum {
    PANEL = 8, /* blocks of SIDE positions */
    PARTS = 4, /* pieces of work for each thread, where there are as many */
};

static int64_t outputs_of(const dc3_conv_shape *s, dc3_conv_pass pass)
{
    return pass == DC3_PASS_DATA ? s->ci : s->co;
}

/* Values of the kernels of a block of outputs. */
static int64_t kernels_of(const images *m)
{
    return m->kh * m->kw * (m->padded / DEPTH) * PAIR;
}

static size_t packed_size(const dc3_conv_shape *s, dc3_conv_pass pass)
{
    if (s->stride > 1) return AMX(strided_packed_size)(s, pass);
    images m = images_of(s, pass);
    return (size_t)(blocks_of(outputs_of(s, pass), SIDE) * kernels_of(&m)) * sizeof(uint16_t);
}

/* The kernels of outputs `first` to first + columns - 1: [taps][depth of inputs] pairs of tiles. */
static void pack_block(const dc3_conv_shape *s, dc3_conv_pass pass, int64_t first, int64_t columns,
                       const uint16_t *w, uint16_t *to)
{
    images m = images_of(s, pass);
    int64_t taps = s->kh * s->kw, depth = m.padded / DEPTH, row = s->ci * taps;
    int data = pass == DC3_PASS_DATA;
    int64_t to_output = data ? taps : row, to_input = data ? row : taps;
    memset(to, 0, (size_t)kernels_of(&m) * sizeof *to);
    for (int64_t c = 0; c < columns; c++)
        for (int64_t i = 0; i < m.c; i++) {
            const uint16_t *from = w + (first + c) * to_output + i * to_input;
            uint16_t *at = to + i / DEPTH * PAIR + c / 16 * TILE + i % DEPTH / 2 * 32 + c % 16 * 2 + i % 2;
            for (int64_t t = 0; t < taps; t++) at[t * depth * PAIR] = from[data ? taps - 1 - t : t];
        }
}

static void pack(const dc3_conv_shape *s, dc3_conv_pass pass, const uint16_t *w, void *packed)
{
    if (s->stride > 1) {
        AMX(strided_pack)(s, pass, w, packed);
        return;
    }
    images m = images_of(s, pass);
    int64_t outputs = outputs_of(s, pass);
#pragma omp parallel for
    for (int64_t j = 0; j < blocks_of(outputs, SIDE); j++)
        pack_block(s, pass, j * SIDE, rest(outputs, j), w, (uint16_t *)packed + j * kernels_of(&m));
}

static int64_t copied_positions(const images *m)
{
    return blocks_of(m->positions, SIDE) * SIDE + reach_of(m);
}

/* The copy with its padding, and zeros behind its end. */
static void copy_images(const images *m, const uint16_t *x, uint16_t *to)
{
    int64_t rows = m->n * m->height;
#pragma omp parallel for
    for (int64_t r = 0; r < rows; r++) {
        uint16_t *row = to + r * m->width * m->padded;
        int64_t y = r % m->height - m->top, image = r / m->height;
        if (y < 0 || y >= m->h || m->padded > m->c || m->left > 0 || m->width > m->left + m->w)
            memset(row, 0, (size_t)(m->width * m->padded) * sizeof *row);
        for (int64_t p = 0; y >= 0 && y < m->h && p < m->width; p++)
            if (p >= m->left && p - m->left < m->w)
                memcpy(row + p * m->padded, x + ((image * m->h + y) * m->w + p - m->left) * m->c,
                       (size_t)m->c * sizeof *x);
    }
    memset(to + m->positions * m->padded, 0,
           (size_t)((copied_positions(m) - m->positions) * m->padded) * sizeof *to);
}

/* sums [SIDE][SIDE] of the positions from x on by the kernels of a block of outputs. */
static void conv_block(const images *m, const uint16_t *x, const uint16_t *kernels, float *sums)
{
    int64_t stride = m->padded * (int64_t)sizeof *x;
    zero_block();
    for (int64_t ky = 0; ky < m->kh; ky++)
        for (int64_t kx = 0; kx < m->kw; kx++) {
            const uint16_t *at = x + (ky * m->width + kx) * m->padded;
            for (int64_t d = 0; d < m->padded; d += DEPTH, kernels += PAIR) {
                tile_load(4, at + d, stride);
                tile_load(6, kernels, 64);
                tile_load(7, kernels + TILE, 64);
                tile_multiply(0, 4, 6);
                tile_load(5, at + 16 * m->padded + d, stride);
                tile_multiply(1, 4, 7);
                tile_multiply(2, 5, 6);
                tile_multiply(3, 5, 7);
            }
        }
    store_block(sums);
}

/* What follows the sums. */
typedef struct output {
    int64_t channels;
    const float *bias;        /* NULL: none */
    const uint16_t *residual; /* NULL: none */
    dc3_activation act;
    int act_last;
    uint16_t *y;
} output;

static void finish(const images *m, const output *o, float *sums, int64_t position, int64_t channel)
{
    int64_t columns = o->channels - channel < SIDE ? o->channels - channel : SIDE;
    place at = place_of(m, position);
    for (int64_t r = 0; r < SIDE; r++, advance(m, &at)) {
        int64_t pixel = output_at(m, &at), to = pixel * o->channels + channel;
        if (pixel >= 0)
            finish_row(sums + r * SIDE, columns, o->bias ? o->bias + channel : NULL, o->act,
                       o->residual ? o->residual + to : NULL, o->act_last, o->y + to);
    }
}

static void run(const images *m, const output *o, const uint16_t *x, const uint16_t *packed, uint16_t *copy)
{
    int64_t blocks = blocks_of(m->positions, SIDE), panels = blocks_of(blocks, PANEL);
    int64_t across = blocks_of(o->channels, SIDE), wanted = blocks_of(PARTS * omp_get_max_threads(), panels);
    int64_t group = blocks_of(across, wanted < across ? wanted : across), groups = blocks_of(across, group);
    copy_images(m, x, copy);
#pragma omp parallel
    {
        float sums[SIDE * SIDE] __attribute__((aligned(64)));
        tile_configure(&full_tiles);
#pragma omp for schedule(static)
        for (int64_t u = 0; u < panels * groups; u++) {
            int64_t first = u / groups * PANEL, left = u % groups * group;
            for (int64_t j = left; j < across && j < left + group; j++)
                for (int64_t i = first; i < blocks && i < first + PANEL; i++) {
                    conv_block(m, copy + i * SIDE * m->padded, packed + j * kernels_of(m), sums);
                    finish(m, o, sums, i * SIDE, j * SIDE);
                }
        }
        tile_release();
    }
}

static void forward(const dc3_conv_shape *s, const void *x, const void *packed, const float *bias,
                    const void *residual, void *y, void *scratch)
{
    if (s->stride > 1) {
        AMX(strided_forward)(s, x, packed, bias, residual, y, scratch);
        return;
    }
    images m = images_of(s, DC3_PASS_FORWARD);
    output o = {.channels = s->co,
                .bias = s->bias ? bias : NULL,
                .residual = s->residual ? residual : NULL,
                .act = s->act,
                .act_last = s->act_last,
                .y = y};
    run(&m, &o, x, packed, scratch);
}

static void data(const dc3_conv_shape *s, const void *dy, const void *packed, void *dx, void *scratch)
{
    if (s->stride > 1) {
        AMX(strided_data)(s, dy, packed, dx, scratch);
        return;
    }
    images m = images_of(s, DC3_PASS_DATA);
    output o = {.channels = s->ci, .y = dx};
    run(&m, &o, dy, packed, scratch);
}

static size_t scratch_of(const dc3_conv_shape *s, dc3_conv_pass pass)
{
    images m = images_of(s, pass);
    if (pass == DC3_PASS_WEIGHT) return AMX(conv_gradient_scratch)(s);
    if (s->stride > 1) return AMX(strided_scratch)(s, pass);
    if (s->type != DC3_BF16 || s->stride != 1 || s->groups > 1 || m.n < 1 || m.oh < 1 || m.ow < 1 ||
        s->pad_top >= s->kh || s->pad_left >= s->kw || s->pad_bottom >= s->kh || s->pad_right >= s->kw)
        return 0;
    return (size_t)(copied_positions(&m) * m.padded) * sizeof(uint16_t);
}

const dc3_tile_conv AMX(conv) = {packed_size, pack, scratch_of, forward, data, AMX(conv_gradient)};
