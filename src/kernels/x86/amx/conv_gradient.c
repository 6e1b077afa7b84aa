/* The gradient of a convolution's weight (conv.h): dw[tap] = sum over positions p of dy[p]^T x[p + offset of
 * the tap]. Each thread has a rectangle of dw and goes through the positions in chunks. dy^T is packed once
 * for all taps. x lies as pairs of positions, twice, the first pair at an even and at an odd one, so that for
 * each tap a tile of pairs is read where it stands. */
#include <omp.h>
#include "kernels/x86/amx/conv.h"

enum {
    CHUNK = 512, /* positions */
    STEPS = CHUNK / DEPTH,
    BLOCK = SIDE * SIDE, /* floats of a block of sums */
};

static const uint16_t nothing[SIDE]; /* the channels of a position that is padding */

typedef struct layout {
    images m;
    grid g;
    int64_t taps, pairs; /* pairs: of positions, of a chunk and what the kernel reaches beyond */
    int64_t sums;        /* floats of a part */
    size_t part_size;    /* bytes of a part's scratch */
} layout;

static layout layout_of(const dc3_conv_shape *s)
{
    layout l = {.m = images_of(s, DC3_PASS_WEIGHT), .taps = s->kh * s->kw};
    l.g = grid_of(s->co, s->ci, omp_get_max_threads());
    int64_t down = blocks_of(l.g.co_blocks, l.g.down), across = blocks_of(l.g.ci_blocks, l.g.across);
    l.pairs = blocks_of(CHUNK + reach_of(&l.m) + 2, 2);
    l.sums = l.taps * down * across * BLOCK;
    l.part_size = (size_t)l.sums * sizeof(float) +
                  (size_t)(STEPS * PAIR + 2 * across * 2 * l.pairs * 32) * sizeof(uint16_t);
    return l;
}

/* Position p of image channels, or NULL where there is padding. */
static const uint16_t *input_at(const images *m, const place *at, const uint16_t *x)
{
    int64_t y = at->y - m->top, column = at->x - m->left;
    if (at->image >= m->n || y < 0 || y >= m->h || column < 0 || column >= m->w) return NULL;
    return x + ((at->image * m->h + y) * m->w + column) * m->c;
}

/* Channels from `channel` on, 16 or fewer, of the pairs of positions from `first` on: to [pairs][16][2]. */
static void pack_positions(const layout *l, const uint16_t *x, int64_t first, int64_t channel, uint16_t *to)
{
    const images *m = &l->m;
    int64_t some = m->c - channel < 16 ? m->c - channel : 16;
    place at = place_of(m, first);
    if (some < HALF) memset(to, 0, (size_t)(l->pairs * 32) * sizeof *to);
    for (int64_t p = 0; p < l->pairs; p++, to += 32) {
        const uint16_t *one = input_at(m, &at, x);
        advance(m, &at);
        const uint16_t *other = input_at(m, &at, x);
        advance(m, &at);
        if (some == HALF) interleave(one ? one + channel : nothing, other ? other + channel : nothing, to);
        for (int64_t c = 0; some < HALF && c < some; c++)
            to[2 * c] = one ? one[channel + c] : 0, to[2 * c + 1] = other ? other[channel + c] : 0;
    }
}

/* dy^T of a block of channels at a chunk of positions. */
static void pack_outputs(const layout *l, const uint16_t *dy, int64_t co, int64_t first, int64_t channel,
                         uint16_t *to)
{
    uint16_t pairs[2][TILE] __attribute__((aligned(64)));
    int64_t columns = co - channel < SIDE ? co - channel : SIDE;
    place at = place_of(&l->m, first);
    if (columns < SIDE) memset(to, 0, STEPS * PAIR * sizeof *to);
    for (int64_t d = 0; d < STEPS; d++, to += PAIR) {
        for (int64_t p = 0; p < HALF; p++) {
            const uint16_t *two[2];
            for (int k = 0; k < 2; k++, advance(&l->m, &at)) {
                int64_t pixel = output_at(&l->m, &at);
                two[k] = pixel < 0 ? nothing : dy + pixel * co + channel;
                for (int64_t c = 0; pixel >= 0 && columns < SIDE && c < columns; c++)
                    to[c * DEPTH + 2 * p + k] = two[k][c];
            }
            for (int h = 0; columns == SIDE && h < 2; h++)
                interleave(two[0] + h * HALF, two[1] + h * HALF, pairs[h] + p * 32);
        }
        for (int h = 0; columns == SIDE && h < 2; h++) turn_tile(pairs[h], 32, to + h * TILE);
    }
}

/* sums += dy^T x of a chunk, of two blocks of 16 channels of x. */
static void add_block(const uint16_t *dy, const uint16_t *left, const uint16_t *right, float *sums)
{
    load_block(sums);
    for (int64_t k = 0; k < STEPS; k++, dy += PAIR, left += TILE, right += TILE) {
        tile_load(4, dy, 64);
        tile_load(6, left, 64);
        tile_load(7, right, 64);
        tile_multiply(0, 4, 6);
        tile_load(5, dy + TILE, 64);
        tile_multiply(1, 4, 7);
        tile_multiply(2, 5, 6);
        tile_multiply(3, 5, 7);
    }
    store_block(sums);
}

/* dw += a part's sums [blocks of co][blocks of ci][taps]. */
static void finish(const dc3_conv_shape *s, const layout *l, const rectangle *own, const float *sums,
                   float *dw)
{
    for (int64_t i = own->top; i < own->bottom; i++)
        for (int64_t j = own->left; j < own->right; j++, sums += l->taps * BLOCK)
            for (int64_t r = 0; r < rest(s->co, i); r++)
                for (int64_t c = 0; c < rest(s->ci, j); c++) {
                    float *to = dw + ((i * SIDE + r) * s->ci + j * SIDE + c) * l->taps;
                    for (int64_t t = 0; t < l->taps; t++) to[t] += sums[t * BLOCK + r * SIDE + c];
                }
}

static void run_part(const dc3_conv_shape *s, const layout *l, int64_t part, const uint16_t *x,
                     const uint16_t *dy, float *dw, char *scratch)
{
    rectangle own = part_of(&l->g, part);
    int64_t across = own.right - own.left, strip = l->pairs * 32; /* values of 16 channels */
    float *sums = (void *)scratch;
    uint16_t *outputs = (void *)(scratch + (size_t)l->sums * sizeof *sums), *inputs = outputs + STEPS * PAIR;
    memset(sums, 0, (size_t)l->sums * sizeof *sums);
    for (int64_t first = 0; first < l->m.positions; first += CHUNK) {
        for (int64_t j = 0; j < 4 * across; j++) /* strip j / 2, from an even and from an odd position on */
            pack_positions(l, x, first + j % 2, (2 * own.left + j / 2) * 16, inputs + j * strip);
        float *to = sums;
        for (int64_t i = own.top; i < own.bottom; i++) {
            pack_outputs(l, dy, s->co, first, i * SIDE, outputs);
            for (int64_t j = 0; j < across; j++)
                for (int64_t t = 0; t < l->taps; t++, to += BLOCK) {
                    int64_t offset = t / s->kw * l->m.width + t % s->kw;
                    const uint16_t *left = inputs + (4 * j + offset % 2) * strip + offset / 2 * 32;
                    add_block(outputs, left, left + 2 * strip, to);
                }
        }
    }
    finish(s, l, &own, sums, dw);
}

size_t AMX(conv_gradient_scratch)(const dc3_conv_shape *s)
{
    if (s->type != DC3_BF16 || s->stride != 1 || s->groups > 1 || s->n < 1 || dc3_conv_out_height(s) < 1 ||
        dc3_conv_out_width(s) < 1 || s->pad_top >= s->kh || s->pad_left >= s->kw || s->pad_bottom >= s->kh ||
        s->pad_right >= s->kw)
        return 0;
    layout l = layout_of(s);
    return (size_t)(l.g.down * l.g.across) * l.part_size;
}

void AMX(conv_gradient)(const dc3_conv_shape *s, const void *x, const void *dy, float *dw, void *scratch)
{
    layout l = layout_of(s);
#pragma omp parallel
    {
        tile_configure(&full_tiles);
#pragma omp for schedule(static)
        for (int64_t part = 0; part < l.g.down * l.g.across; part++)
            run_part(s, &l, part, x, dy, dw, (char *)scratch + (size_t)part * l.part_size);
        tile_release();
    }
}
