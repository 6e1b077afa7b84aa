/* Where a convolution's inputs, outputs and taps lie (conv.h). */
#include "kernels/amx/conv.h"

static int64_t floor_divide(int64_t a, int64_t b)
{
    return a >= 0 ? a / b : -((b - 1 - a) / b);
}

/* Output o sees at tap k input o * step + k - pad. */
static axis forward_axis(int64_t in, int64_t out, int64_t kernel, int64_t pad, int64_t step)
{
    axis a = {.in = in, .out = out, .in_step = step, .out_step = 1, .origin = pad, .taps = kernel};
    a.phases = step < kernel ? step : kernel;
    for (int64_t k = 0; k < kernel; k++) a.kernel[k] = k, a.phase[k] = k % step, a.offset[k] = k / step;
    a.reach = (kernel - 1) / step;
    return a;
}

/* dx of place o * step + phase takes dy of place o + (phase + pad - k) / step at each tap k where that is a
 * whole number. */
static axis data_axis(int64_t in, int64_t all, int64_t kernel, int64_t pad, int64_t step, int64_t phase)
{
    axis a = {.in = in, .in_step = 1, .out_step = step, .out_phase = phase, .phases = 1};
    a.out = all > phase ? (all - phase + step - 1) / step : 0;
    for (int64_t k = kernel - 1; k >= 0; k--) {
        if ((phase + pad - k) % step != 0) continue;
        int64_t at = floor_divide(phase + pad - k, step);
        if (a.taps == 0) a.origin = -at;
        a.kernel[a.taps] = k, a.offset[a.taps++] = at + a.origin;
        a.reach = at + a.origin;
    }
    return a;
}

/* Of neighbouring rows (images) the padding behind one may be that before the next. */
static int64_t size_of(const axis *a)
{
    int64_t before = a->origin, behind = a->out - 1 + a->reach - before - (a->in - 1);
    if (a->in_step > 1 || before < 0 || behind < 0) return a->out + a->reach;
    return a->in + (before > behind ? before : behind);
}

images AMX(conv_images)(const dc3_conv_shape *s, dc3_conv_pass pass, int64_t row, int64_t column)
{
    int64_t oh = dc3_conv_out_height(s), ow = dc3_conv_out_width(s);
    int data = pass == DC3_PASS_DATA;
    images m = {.n = s->n, .c = data ? s->co : s->ci, .outputs = data ? s->ci : s->co};
    m.padded = blocks_of(m.c, DEPTH) * DEPTH;
    m.y = data ? data_axis(oh, s->h, s->kh, s->pad_top, s->stride, row)
               : forward_axis(s->h, oh, s->kh, s->pad_top, s->stride);
    m.x = data ? data_axis(ow, s->w, s->kw, s->pad_left, s->stride, column)
               : forward_axis(s->w, ow, s->kw, s->pad_left, s->stride);
    m.y.size = size_of(&m.y), m.x.size = size_of(&m.x);
    m.positions = m.n * m.y.size * m.x.size;
    return m;
}

/* `count` positions of one row of the padded inputs, from column `column` on; `plane`: values from one DEPTH
 * channels to the next. */
static void copy_row(const images *m, const uint16_t *row, int64_t column, int64_t phase, int64_t count,
                     int64_t plane, uint16_t *to)
{
    const axis *a = &m->x;
    int64_t x = column * a->in_step + phase - a->origin;
    for (int64_t p = 0; p < count; p++, x += a->in_step, to += DEPTH) {
        const uint16_t *from = row && x >= 0 && x < a->in ? row + x * m->c : NULL;
        for (int64_t c = 0; c < m->padded; c += DEPTH) {
            uint16_t *line = to + c / DEPTH * plane;
            if (from && c + DEPTH <= m->c)
                memcpy(line, from + c, DEPTH * sizeof *to);
            else {
                memset(line, 0, DEPTH * sizeof *to);
                if (from) memcpy(line, from + c, (size_t)(m->c - c) * sizeof *to);
            }
        }
    }
}

void AMX(conv_copy)(const images *m, const uint16_t *x, int64_t row, int64_t column, int64_t first,
                    int64_t count, uint16_t *to)
{
    place at = place_of(m, first);
    for (int64_t left = count, some; left > 0; left -= some, to += some * DEPTH) {
        int64_t y = at.y * m->y.in_step + row - m->y.origin;
        some = m->x.size - at.x < left ? m->x.size - at.x : left;
        int is = at.image < m->n && y >= 0 && y < m->y.in;
        copy_row(m, is ? x + (at.image * m->y.in + y) * m->x.in * m->c : NULL, at.x, column, some,
                 count * DEPTH, to);
        at.x += some - 1;
        advance(m, &at);
    }
}
