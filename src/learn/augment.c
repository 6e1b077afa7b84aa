/* Views made from what was drawn for them. Rows are blended first, over the few columns that are needed, then
 * the columns of each row: bytes in, floats out, nothing between them but one row. */
#include "learn/augment.h"

#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "base/pieces.h"
#include "learn/rand_augment.h"
#include "learn/resample.h"
#include "nn/classifier.h"

/* How an axis of the crop becomes one of the view. */
typedef struct axis {
    int width; /* room for an output's weights */
    dc3_tap *taps;
    float *weights; /* [size, width] */
} axis;

/* One thread's memory. */
typedef struct scratch {
    size_t size;
    unsigned char *memory;
    axis columns, rows;
    double *exact;   /* weights on their way to an axis */
    uint8_t *row;    /* [w, 3] a row of the crop that does not lie in one piece */
    float *line;     /* [w, 3] rows of the crop, blended */
    float *finished; /* [size, 3] a row of the view */
} scratch;

struct dc3_augmenter {
    dc3_augment_options options;
    float scale[3], shift[3]; /* from bytes to values */
    int threads;              /* that work now, at most those of the options */
    scratch *scratch;         /* [threads of the options] */
    uint8_t *bytes;           /* [n + threads, size, size, 3] whole views, and room to work on one; or NULL */
    size_t bytes_size;
};

dc3_status dc3_augmenter_open(const dc3_augment_options *options, dc3_augmenter **augmenter)
{
    *augmenter = NULL;
    if (options->size < 1 || options->size > 1 << 15 || options->threads < 1)
        return dc3_fail(DC3_ERR_ARGUMENT,
                        "expected views of 1 to 32768 pixels and 1 thread or more, found %d "
                        "and %d",
                        options->size, options->threads);
    if (options->dtype != DC3_F32 && options->dtype != DC3_BF16)
        return dc3_fail(DC3_ERR_ARGUMENT, "expected views in f32 or bf16, found %s",
                        dc3_dtype_name(options->dtype));
    dc3_augmenter *a = *augmenter = calloc(1, sizeof *a);
    if (a) a->scratch = calloc((size_t)options->threads, sizeof *a->scratch);
    if (!a || !a->scratch) {
        dc3_augmenter_close(augmenter);
        return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    }
    a->options = *options;
    a->threads = options->threads;
    float ends[6] = {0, 0, 0, 1, 1, 1}; /* black and white */
    if (options->normalise) dc3_classifier_normalise(2, ends);
    for (int c = 0; c < 3; c++) a->scale[c] = (ends[3 + c] - ends[c]) / 255, a->shift[c] = ends[c];
    return DC3_OK;
}

void dc3_augmenter_set_threads(dc3_augmenter *a, int threads)
{
    a->threads = threads < a->options.threads ? threads : a->options.threads;
}

void dc3_augmenter_close(dc3_augmenter **augmenter)
{
    dc3_augmenter *a = *augmenter;
    if (!a) return;
    for (int t = 0; a->scratch && t < a->options.threads; t++) free(a->scratch[t].memory);
    free(a->scratch);
    free(a->bytes);
    free(a);
    *augmenter = NULL;
}

/* The next `bytes` bytes at *at, 64-byte aligned; without memory only counted. */
static void *cut(unsigned char *memory, size_t *at, size_t bytes)
{
    void *piece = memory ? memory + *at : NULL;
    *at += (bytes + 63) / 64 * 64;
    return piece;
}

/* Lays the arrays out for crops of at most width x height; returns the bytes they take. */
static size_t lay_out(scratch *s, int size, int width, int height)
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

/* Memory of every thread for the largest crop. */
static dc3_status reserve(dc3_augmenter *a, int n, const dc3_view_params *params)
{
    int width = 1, height = 1;
    for (int i = 0; i < n; i++) {
        width = params[i].w > width ? params[i].w : width;
        height = params[i].h > height ? params[i].h : height;
    }
    for (int t = 0; t < a->threads; t++) {
        scratch *s = &a->scratch[t], none = {0};
        size_t bytes = lay_out(&none, a->options.size, width, height);
        if (bytes > s->size) {
            free(s->memory);
            s->memory = dc3_alloc(bytes);
            s->size = s->memory ? bytes : 0;
            if (!s->memory)
                return dc3_fail(DC3_ERR_MEMORY, "out of memory for views of %d x %d pixels", width, height);
        }
        lay_out(s, a->options.size, width, height);
    }
    return DC3_OK;
}

static void fill_axis(int in, int size, double *exact, axis *a)
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
                       const scratch *s, int y, int from, int to)
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
static void blend_columns(const scratch *s, int size, const float *scale, const float *shift, int flip,
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

/* n finite values to where they go. */
static void store(dc3_dtype dtype, const float *from, void *views, size_t at, size_t n)
{
    if (dtype == DC3_F32) {
        memcpy((float *)views + at, from, n * sizeof *from);
        return;
    }
    uint16_t *to = (uint16_t *)views + at;
    for (size_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, from + i, 4);
        to[i] = (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16); /* to the nearest, ties to even */
    }
}

/* Columns x0..x1-1 of rows y0..y1-1 of one view into `views` from element `at` on. */
static void render(const dc3_augmenter *a, scratch *s, const dc3_loaded_image *image,
                   const dc3_view_params *p, const int box[4], void *views, size_t at)
{
    int size = a->options.size, x0 = box[0], x1 = box[2];
    fill_axis(p->w, size, s->exact, &s->columns);
    fill_axis(p->h, size, s->exact, &s->rows);
    dc3_tap first = s->columns.taps[p->flip ? size - x1 : x0],
            last = s->columns.taps[p->flip ? size - 1 - x0 : x1 - 1];
    int from = first.first, to = last.first + last.used;
    for (int y = box[1]; y < box[3]; y++) {
        blend_rows(image, p, a->options.padding, s, y, from, to);
        blend_columns(s, size, a->scale, a->shift, p->flip, from, x0, x1);
        store(a->options.dtype, s->finished, views, at + ((size_t)y * (size_t)size + (size_t)x0) * 3,
              (size_t)(x1 - x0) * 3);
    }
}

static dc3_status check(const dc3_augmenter *a, int n, const dc3_view_params *params)
{
    int size = a->options.size;
    for (int i = 0; i < n; i++) {
        const dc3_view_params *p = &params[i];
        if (p->w < 1 || p->h < 1)
            return dc3_fail(DC3_ERR_ARGUMENT,
                            "view %d: expected a crop of 1 x 1 pixel or more, found %d x %d", i, p->w, p->h);
        if (p->x0 < 0 || p->y0 < 0 || p->x1 > size || p->y1 > size || p->x1 < p->x0 || p->y1 < p->y0 ||
            p->partner < 0 || p->partner >= n)
            return dc3_fail(
                DC3_ERR_ARGUMENT,
                "view %d: expected a box within %d pixels and a partner of 0 to %d, found columns "
                "%d to %d, rows %d to %d and partner %d",
                i, size, n - 1, p->x0, p->x1, p->y0, p->y1, p->partner);
    }
    return DC3_OK;
}

/* What is made of a batch, view by view. */
typedef struct batch {
    dc3_augmenter *a;
    int n;
    const dc3_loaded_image *images;
    const dc3_view_params *params;
    void *views;
} batch;

/* The first `count` views, each alone. */
static dc3_status each_view(batch *b, int count, dc3_status (*make)(void *, int, int64_t, void *))
{
    dc3_pieces pieces = {.count = count, .workers = b->a->threads, .user = b, .work = make};
    return dc3_pieces_run(&pieces);
}

static size_t values_of(const dc3_augmenter *a)
{
    return (size_t)a->options.size * (size_t)a->options.size * 3;
}

/* ---- views that operations on bytes follow ---- */

static int has_ops(int n, const dc3_view_params *params)
{
    for (int i = 0; i < n; i++)
        if (params[i].strength) return 1;
    return 0;
}

/* A whole view as bytes, before its box. */
static void render_bytes(const dc3_augmenter *a, scratch *s, const dc3_loaded_image *image,
                         const dc3_view_params *p, uint8_t *view)
{
    static const float one[3] = {1, 1, 1}, zero[3];
    int size = a->options.size;
    fill_axis(p->w, size, s->exact, &s->columns);
    fill_axis(p->h, size, s->exact, &s->rows);
    for (int y = 0; y < size; y++) {
        blend_rows(image, p, a->options.padding, s, y, 0, p->w);
        blend_columns(s, size, one, zero, p->flip, 0, 0, size);
        for (int i = 0; i < size * 3; i++) *view++ = (uint8_t)(s->finished[i] + 0.5f);
    }
}

/* Row y of a view's bytes and, in its box, of its partner's, as values. */
static void finish_row(const dc3_augmenter *a, const scratch *s, const dc3_view_params *p, const uint8_t *own,
                       const uint8_t *partner, int y)
{
    int mixed = y >= p->y0 && y < p->y1;
    for (int x = 0; x < a->options.size; x++)
        for (int c = 0; c < 3; c++) {
            const uint8_t *from = mixed && x >= p->x0 && x < p->x1 ? partner : own;
            s->finished[3 * x + c] = (float)from[3 * x + c] * a->scale[c] + a->shift[c];
        }
}

static dc3_status make_bytes(void *user, int worker, int64_t i, void *result)
{
    const batch *b = user;
    const dc3_augmenter *a = b->a;
    size_t each = values_of(a);
    uint8_t *view = a->bytes + (size_t)i * each, *room = a->bytes + (size_t)(b->n + worker) * each;
    (void)result;
    render_bytes(a, &a->scratch[worker], &b->images[i], &b->params[i], view);
    if (b->params[i].strength) dc3_rand_augment(view, a->options.size, &b->params[i], room);
    return DC3_OK;
}

static dc3_status finish_bytes(void *user, int worker, int64_t i, void *result)
{
    const batch *b = user;
    const dc3_augmenter *a = b->a;
    const scratch *s = &a->scratch[worker];
    size_t each = values_of(a), row = (size_t)a->options.size * 3;
    const uint8_t *own = a->bytes + (size_t)i * each,
                  *partner = a->bytes + (size_t)b->params[i].partner * each;
    (void)result;
    for (int y = 0; y < a->options.size; y++) {
        size_t at = (size_t)y * row;
        finish_row(a, s, &b->params[i], own + at, partner + at, y);
        store(a->options.dtype, s->finished, b->views, (size_t)i * each + at, row);
    }
    return DC3_OK;
}

static dc3_status augment_bytes(batch *b, int made)
{
    dc3_augmenter *a = b->a;
    size_t bytes = (size_t)(b->n + a->threads) * values_of(a);
    if (bytes > a->bytes_size) {
        free(a->bytes);
        a->bytes = malloc(bytes);
        a->bytes_size = a->bytes ? bytes : 0;
        if (!a->bytes)
            return dc3_fail(DC3_ERR_MEMORY, "out of memory for %d views of %d pixels", b->n, a->options.size);
    }
    DC3_TRY(each_view(b, b->n, make_bytes));
    return each_view(b, made, finish_bytes);
}

static dc3_status make_view(void *user, int worker, int64_t i, void *result)
{
    const batch *b = user;
    const dc3_augmenter *a = b->a;
    scratch *s = &a->scratch[worker];
    const dc3_view_params *p = &b->params[i];
    int whole[] = {0, 0, a->options.size, a->options.size}, box[] = {p->x0, p->y0, p->x1, p->y1};
    size_t at = (size_t)i * values_of(a);
    (void)result;
    render(a, s, &b->images[i], p, whole, b->views, at);
    if (p->x1 > p->x0 && p->y1 > p->y0)
        render(a, s, &b->images[p->partner], &b->params[p->partner], box, b->views, at);
    return DC3_OK;
}

dc3_status dc3_augment_first(dc3_augmenter *a, int n, int made, const dc3_loaded_image *images,
                             const dc3_view_params *params, void *views)
{
    batch b = {a, n, images, params, views};
    DC3_TRY(check(a, n, params));
    DC3_TRY(reserve(a, n, params));
    return has_ops(n, params) ? augment_bytes(&b, made) : each_view(&b, made, make_view);
}

dc3_status dc3_augment(dc3_augmenter *a, int n, const dc3_loaded_image *images, const dc3_view_params *params,
                       void *views)
{
    return dc3_augment_first(a, n, n, images, params, views);
}
