/* Views made from what was drawn for them. */
#include "views/augment.h"

#include <stdlib.h>
#include <string.h>
#include "base/pieces.h"
#include "views/rand_augment.h"
#include "views/view_rows.h"
#include "nn/classifier.h"

struct dc3_augmenter {
    dc3_augment_options options;
    float scale[3], shift[3]; /* from bytes to values */
    int threads;              /* that work now, at most those of the options */
    dc3_view_rows *scratch;   /* [threads of the options] */
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
    for (int t = 0; a->scratch && t < a->options.threads; t++) dc3_view_rows_free(&a->scratch[t]);
    free(a->scratch);
    free(a->bytes);
    free(a);
    *augmenter = NULL;
}

/* Memory of every thread for the largest crop. */
static dc3_status reserve(dc3_augmenter *a, int n, const dc3_view_params *params)
{
    int width = 1, height = 1;
    for (int i = 0; i < n; i++) {
        width = params[i].w > width ? params[i].w : width;
        height = params[i].h > height ? params[i].h : height;
    }
    for (int t = 0; t < a->threads; t++)
        DC3_TRY(dc3_view_rows_reserve(&a->scratch[t], a->options.size, width, height));
    return DC3_OK;
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
static void render(const dc3_augmenter *a, dc3_view_rows *s, const dc3_loaded_image *image,
                   const dc3_view_params *p, const int box[4], void *views, size_t at)
{
    int size = a->options.size, x0 = box[0], x1 = box[2];
    dc3_view_rows_begin(s, size, p);
    for (int y = box[1]; y < box[3]; y++) {
        const float *row = dc3_view_row(s, image, p, a->options.padding, y, x0, x1, a->scale, a->shift);
        store(a->options.dtype, row, views, at + ((size_t)y * (size_t)size + (size_t)x0) * 3,
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
static void render_bytes(const dc3_augmenter *a, dc3_view_rows *s, const dc3_loaded_image *image,
                         const dc3_view_params *p, uint8_t *view)
{
    static const float one[3] = {1, 1, 1}, zero[3];
    int size = a->options.size;
    dc3_view_rows_begin(s, size, p);
    for (int y = 0; y < size; y++) {
        const float *row = dc3_view_row(s, image, p, a->options.padding, y, 0, size, one, zero);
        for (int i = 0; i < size * 3; i++) *view++ = (uint8_t)(row[i] + 0.5f);
    }
}

/* Row y of a view's bytes and, in its box, of its partner's, as values. */
static void finish_row(const dc3_augmenter *a, const dc3_view_rows *s, const dc3_view_params *p,
                       const uint8_t *own, const uint8_t *partner, int y)
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
    const dc3_view_rows *s = &a->scratch[worker];
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
    dc3_view_rows *s = &a->scratch[worker];
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
