#include "views/view_rows.h"

#include <stdlib.h>
#include <string.h>
#include "base/memory.h"

/* The next `bytes` bytes at *at, 64-byte aligned; without memory only counted. */
static void *cut(unsigned char *memory, size_t *at, size_t bytes)
{
    void *piece = memory ? memory + *at : NULL;
    *at += (bytes + 63) / 64 * 64;
    return piece;
}

/* Lays the arrays out for crops of at most width x height; returns the bytes they take. */
static size_t lay_out(dc3_view_rows *s, int size, int width, int height)
{
    size_t side = (size_t)size, at = 0, pixels = (size_t)width * 3;
    size_t across = (size_t)dc3_taps_width(width, size), down = (size_t)dc3_taps_width(height, size);
    s->exact = cut(s->memory, &at, side * (across > down ? across : down) * sizeof *s->exact);
    s->columns.weights = cut(s->memory, &at, side * across * sizeof *s->columns.weights);
    s->rows.weights = cut(s->memory, &at, side * down * sizeof *s->rows.weights);
    s->columns.taps = cut(s->memory, &at, side * sizeof *s->columns.taps);
    s->rows.taps = cut(s->memory, &at, side * sizeof *s->rows.taps);
    s->finished = cut(s->memory, &at, side * 3 * sizeof *s->finished);
    s->line = cut(s->memory, &at, pixels * sizeof *s->line);
    s->row = cut(s->memory, &at, pixels);
    return at;
}

dc3_status dc3_view_rows_reserve(dc3_view_rows *s, int size, int width, int height)
{
    dc3_view_rows none = {0};
    size_t bytes = lay_out(&none, size, width, height);
    if (bytes > s->size) {
        free(s->memory);
        s->memory = dc3_alloc(bytes);
        s->size = s->memory ? bytes : 0;
        if (!s->memory)
            return dc3_fail(DC3_ERR_MEMORY, "out of memory for views of %d x %d pixels", width, height);
    }
    lay_out(s, size, width, height);
    return DC3_OK;
}

void dc3_view_rows_free(dc3_view_rows *s)
{
    free(s->memory);
    *s = (dc3_view_rows){0};
}

static void fill_axis(int in, int size, double *exact, dc3_view_axis *a)
{
    a->width = dc3_taps_width(in, size);
    dc3_taps_fill(in, size, a->width, a->taps, exact);
    for (int i = 0; i < size; i++)
        for (int t = 0; t < a->taps[i].used; t++)
            a->weights[i * a->width + t] = (float)exact[i * a->width + t];
}

/* Where a coordinate beyond 0..n-1 lies after reflection at the outermost pixels. */
static int reflected(int i, int n)
{
    int period = 2 * (n - 1);
    if (!period) return 0;
    i = (i % period + period) % period;
    return i < n ? i : period - i;
}

/* Pixels [from, to) of row r of the crop, the crop's pixel `from` first: in the image itself where they lie
 * in one piece, else copied into `copy`. */
static const uint8_t *row_of(const dc3_loaded_image *image, const dc3_view_params *p, dc3_padding padding,
                             int r, int from, int to, uint8_t *copy)
{
    int width = image->width, height = image->height, y = p->y + r;
    int shift = p->swap_columns ? width / 2 : 0;
    if ((y < 0 || y >= height) && padding == DC3_PAD_ZERO) return memset(copy, 0, (size_t)(to - from) * 3);
    y = (reflected(y, height) + (p->swap_rows ? height / 2 : 0)) % height;
    const uint8_t *row = image->pixels + (size_t)y * (size_t)width * 3;
    for (int k = from; k < to;) {
        int x = p->x + k, inside = x >= 0 && x < width, run = 1;
        uint8_t *here = copy + (size_t)(k - from) * 3;
        const uint8_t *source = row + (size_t)((reflected(x, width) + shift) % width) * 3;
        if (inside) {
            int piece = x < width - shift ? width - shift - x : width - x; /* to the seam or the edge */
            run = piece < to - k ? piece : to - k;
            if (run == to - from) return source;
        }
        if (inside || padding == DC3_PAD_REFLECT)
            memcpy(here, source, (size_t)run * 3);
        else
            memset(here, 0, 3);
        k += run;
    }
    return copy;
}

/* line[0..n) = the blend of the crop's rows for output row y. */
static void blend_rows(const dc3_loaded_image *image, const dc3_view_params *p, dc3_padding padding,
                       const dc3_view_rows *s, int y, int from, int to)
{
    dc3_tap tap = s->rows.taps[y];
    const float *w = s->rows.weights + y * s->rows.width;
    float *restrict line = s->line;
    int n = (to - from) * 3;
    for (int t = 0; t < tap.used; t++) {
        const uint8_t *restrict row = row_of(image, p, padding, tap.first + t, from, to, s->row);
        float weight = w[t];
        if (t == 0)
            for (int i = 0; i < n; i++) line[i] = weight * (float)row[i];
        else
            for (int i = 0; i < n; i++) line[i] += weight * (float)row[i];
    }
}

/* Output columns x0..x1-1 of the blended line, whose first pixel is the crop's `from`, as values: times
 * scale [3], plus shift [3]. */
static void blend_columns(const dc3_view_rows *s, int size, const float *scale, const float *shift, int flip,
                          int from, int x0, int x1)
{
    float *out = s->finished;
    for (int x = x0; x < x1; x++, out += 3) {
        int column = flip ? size - 1 - x : x;
        dc3_tap tap = s->columns.taps[column];
        const float *w = s->columns.weights + column * s->columns.width;
        const float *in = s->line + (tap.first - from) * 3;
        float r = w[0] * in[0], g = w[0] * in[1], b = w[0] * in[2];
        for (int t = 1; t < tap.used; t++) {
            r += w[t] * in[3 * t];
            g += w[t] * in[3 * t + 1];
            b += w[t] * in[3 * t + 2];
        }
        out[0] = r * scale[0] + shift[0];
        out[1] = g * scale[1] + shift[1];
        out[2] = b * scale[2] + shift[2];
    }
}

void dc3_view_rows_begin(dc3_view_rows *s, int size, const dc3_view_params *p)
{
    fill_axis(p->w, size, s->exact, &s->columns);
    fill_axis(p->h, size, s->exact, &s->rows);
    s->side = size;
}

const float *dc3_view_row(const dc3_view_rows *s, const dc3_loaded_image *image, const dc3_view_params *p,
                          dc3_padding padding, int y, int x0, int x1, const float *scale, const float *shift)
{
    dc3_tap first = s->columns.taps[p->flip ? s->side - x1 : x0],
            last = s->columns.taps[p->flip ? s->side - 1 - x0 : x1 - 1];
    int from = first.first, to = last.first + last.used;
    blend_rows(image, p, padding, s, y, from, to);
    blend_columns(s, s->side, scale, shift, p->flip, from, x0, x1);
    return s->finished;
}
