#include "views/resize_views.h"

#include <stdlib.h>
#include "base/pieces.h"
#include "views/resample.h"

/* The same for rows and columns. */
typedef struct axis {
    int in, out, width;
    dc3_tap *taps;   /* [out] */
    double *weights; /* [out, width] */
} axis;

static float value_at(dc3_dtype dtype, const void *from, size_t i)
{
    return dtype == DC3_F32 ? ((const float *)from)[i] : dc3_from_bf16(((const uint16_t *)from)[i]);
}

static void set_at(dc3_dtype dtype, void *to, size_t i, float value)
{
    if (dtype == DC3_F32)
        ((float *)to)[i] = value;
    else
        ((uint16_t *)to)[i] = dc3_to_bf16(value);
}

/* line [in, 3] = the rows that make output row y, blended. */
static void blend_rows(const axis *a, dc3_dtype dtype, const void *from, size_t view, int y, float *line)
{
    const double *weights = a->weights + (size_t)y * (size_t)a->width;
    size_t row = (size_t)a->in * 3;
    for (size_t i = 0; i < row; i++) {
        double sum = 0;
        for (int t = 0; t < a->taps[y].used; t++)
            sum +=
                weights[t] * (double)value_at(dtype, from, view + (size_t)(a->taps[y].first + t) * row + i);
        line[i] = (float)sum;
    }
}

/* What the pieces read: a view each. */
typedef struct resizing {
    const axis *axis;
    dc3_dtype dtype;
    const void *from;
    void *to;
    float *lines; /* [threads, in, 3] */
} resizing;

static dc3_status resize_one(void *user, int worker, int64_t number, void *result)
{
    const resizing *r = user;
    const axis *a = r->axis;
    float *line = r->lines + (size_t)worker * (size_t)a->in * 3;
    (void)result;
    size_t in = (size_t)a->in, out = (size_t)a->out, view = (size_t)number * in * in * 3,
           at = (size_t)number * out * out * 3;
    for (int y = 0; y < a->out; y++) {
        blend_rows(a, r->dtype, r->from, view, y, line);
        for (int x = 0; x < a->out; x++) {
            const double *weights = a->weights + (size_t)x * (size_t)a->width;
            for (int c = 0; c < 3; c++) {
                double sum = 0;
                for (int t = 0; t < a->taps[x].used; t++)
                    sum += weights[t] * (double)line[3 * (a->taps[x].first + t) + c];
                set_at(r->dtype, r->to, at++, (float)sum);
            }
        }
    }
    return DC3_OK;
}

dc3_status dc3_resize_views(int64_t n, dc3_dtype dtype, int size, const void *from, int wanted, void *to,
                            int threads)
{
    axis a = {.in = size, .out = wanted, .width = dc3_taps_width(size, wanted)};
    size_t row = (size_t)size * 3;
    a.taps = malloc((size_t)wanted * sizeof *a.taps);
    a.weights = malloc((size_t)wanted * (size_t)a.width * sizeof *a.weights);
    float *lines = malloc((size_t)threads * row * sizeof *lines);
    int complete = a.taps && a.weights && lines;
    resizing r = {&a, dtype, from, to, lines};
    dc3_pieces pieces = {.count = n, .workers = threads, .user = &r, .work = resize_one};
    if (complete) dc3_taps_fill(size, wanted, a.width, a.taps, a.weights);
    dc3_status status = complete ? dc3_pieces_run(&pieces) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    free(a.taps), free(a.weights), free(lines);
    return status;
}
