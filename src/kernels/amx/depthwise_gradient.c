/* dw[c][ky][kx] = sum over images and pixels of dy[pixel][c] * x[pixel moved by (ky, kx)][c]. A row of dy by
 * one of x goes to the taps of a row of the kernel, whose sums stay in registers, for two vectors of channels
 * at a time; tiles are of no use where no channel meets another. Images are cut into parts, as many as the
 * shape says, whose sums are added in order. */
#include <string.h>
#include "kernels/amx/depthwise_gradient.h"
#if defined(__AVX512F__)
#include "kernels/vector/lanes.h"
#else
#include "kernels/amx/pack.h"
#endif

enum { PARTS = 16, MOST_COLUMNS = 7, CHANNELS = 32 }; /* channels: two vectors */

static int64_t parts_of(const dc3_conv_shape *s)
{
    return s->n < PARTS ? s->n : PARTS;
}

/* Floats of a part: [rows of the kernel][columns][channels]. */
static int64_t sums_of(const dc3_conv_shape *s)
{
    return s->kh * s->kw * s->ci;
}

size_t AMX(depthwise_gradient_scratch)(const dc3_conv_shape *s)
{
    if (s->type != DC3_BF16 || s->n < 1 || s->groups != s->ci || s->co != s->ci || s->kw > MOST_COLUMNS)
        return 0;
    return (size_t)(parts_of(s) * sums_of(s)) * sizeof(float);
}

/* Channels from `channel` on of a row of dy, of one of x, and of sums [kw][ci]. */
typedef struct rows {
    const dc3_conv_shape *s;
    int64_t width, low, high; /* outputs of a row; all columns of the kernel see x from low to high - 1 */
    const uint16_t *x, *dy;
    float *sums;
} rows;

#if defined(__AVX512F__)

/* Adds an output at the rim, some of whose taps see x. */
static void add_at_rim(const rows *r, int64_t columns, const vec_span span[2], int64_t o)
{
    int64_t c = r->s->ci, first = o * r->s->stride - r->s->pad_left;
    for (int64_t k = 0; k < columns; k++)
        for (int64_t h = 0; h < 2 && first + k >= 0 && first + k < r->s->w; h++) {
            float *to = r->sums + k * c + h * LANES;
            vec x = v_load_bf16(r->x + (first + k) * c + h * LANES, span[h]);
            vec g = v_load_bf16(r->dy + o * c + h * LANES, span[h]);
            v_store_span(to, span[h], v_mul_add(g, x, v_load_span(to, span[h])));
        }
}

DC3_INLINE void add_row(const rows *r, int columns, const vec_span span[2])
{
    int64_t c = r->s->ci, step = r->s->stride * c;
    const uint16_t *x = r->x + r->low * step - r->s->pad_left * c, *dy = r->dy + r->low * c;
    vec sums[MOST_COLUMNS][2];
    for (int k = 0; k < columns; k++) sums[k][0] = sums[k][1] = v_zero();
    for (int64_t o = r->low; o < r->high; o++, x += step, dy += c) {
        vec g[] = {v_load_bf16(dy, span[0]), v_load_bf16(dy + LANES, span[1])};
        for (int k = 0; k < columns; k++) {
            sums[k][0] = v_mul_add(g[0], v_load_bf16(x + k * c, span[0]), sums[k][0]);
            sums[k][1] = v_mul_add(g[1], v_load_bf16(x + k * c + LANES, span[1]), sums[k][1]);
        }
    }
    for (int k = 0; k < columns; k++)
        for (int h = 0; h < 2; h++) {
            float *to = r->sums + k * c + h * LANES;
            v_store_span(to, span[h], v_add(v_load_span(to, span[h]), sums[k][h]));
        }
    for (int64_t o = 0; o < r->low; o++) add_at_rim(r, columns, span, o);
    for (int64_t o = r->high; o < r->width; o++) add_at_rim(r, columns, span, o);
}

/* With numbers that the compiler knows, so that sums stay in registers. */
static void add_any_row(const rows *r, int64_t channels)
{
    const vec_span whole[] = {v_span(LANES), v_span(LANES)};
    const vec_span some[] = {v_span(channels), v_span(channels > LANES ? channels - LANES : 0)};
    if (channels >= CHANNELS && r->s->kw == 3)
        add_row(r, 3, whole);
    else if (channels >= CHANNELS && r->s->kw == 5)
        add_row(r, 5, whole);
    else if (r->s->kw == 3)
        add_row(r, 3, some);
    else
        add_row(r, (int)r->s->kw, some);
}

#else

static void add_any_row(const rows *r, int64_t channels)
{
    int64_t c = r->s->ci, first = -r->s->pad_left;
    for (int64_t o = 0; o < r->width; o++, first += r->s->stride)
        for (int64_t k = 0; k < r->s->kw; k++)
            for (int64_t i = 0; i < channels && i < CHANNELS && first + k >= 0 && first + k < r->s->w; i++)
                r->sums[k * c + i] += from_bf16(r->dy[o * c + i]) * from_bf16(r->x[(first + k) * c + i]);
}

#endif

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Of an image. */
static void add_image(const dc3_conv_shape *s, const uint16_t *x, const uint16_t *dy, float *sums)
{
    int64_t height = dc3_conv_out_height(s), width = dc3_conv_out_width(s), c = s->ci;
    int64_t low = smaller((s->pad_left + s->stride - 1) / s->stride, width);
    int64_t high = smaller((s->w - s->kw + s->pad_left + s->stride) / s->stride, width);
    if (high < low) high = low;
    for (int64_t o = 0; o < height; o++, dy += width * c)
        for (int64_t ky = 0; ky < s->kh; ky++) {
            int64_t row = o * s->stride + ky - s->pad_top;
            for (int64_t channel = 0; row >= 0 && row < s->h && channel < c; channel += CHANNELS) {
                rows r = {.s = s,
                          .width = width,
                          .low = low,
                          .high = high,
                          .x = x + row * s->w * c + channel,
                          .dy = dy + channel,
                          .sums = sums + ky * s->kw * c + channel};
                add_any_row(&r, c - channel);
            }
        }
}

void AMX(depthwise_gradient)(const dc3_conv_shape *s, const void *x, const void *dy, float *dw, void *scratch)
{
    int64_t parts = parts_of(s), size = sums_of(s), taps = s->kh * s->kw, c = s->ci;
    int64_t in = s->h * s->w * c, out = dc3_conv_out_height(s) * dc3_conv_out_width(s) * c;
    float *sums = scratch;
#pragma omp parallel for schedule(dynamic)
    for (int64_t part = 0; part < parts; part++) {
        float *own = sums + part * size;
        memset(own, 0, (size_t)size * sizeof *own);
        for (int64_t i = s->n * part / parts; i < s->n * (part + 1) / parts; i++)
            add_image(s, (const uint16_t *)x + i * in, (const uint16_t *)dy + i * out, own);
    }
    for (int64_t part = 1; part < parts; part++)
        for (int64_t k = 0; k < size; k++) sums[k] += sums[part * size + k];
    for (int64_t j = 0; j < c; j++)
        for (int64_t t = 0; t < taps; t++) dw[j * taps + t] += sums[t * c + j];
}
