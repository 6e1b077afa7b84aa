/* Accuracy of classifiers: batches of test images as pieces of work (base/pieces.h), a thread each. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/pieces.h"
#include "learn/tester.h"
#include "ops/workers.h"

enum { BATCH = 100 }; /* always as many, so that an image's outputs depend on it alone */

/* What a worker has for itself. */
typedef struct worker {
    dc3_augmenter *augmenter;
    dc3_loaded_image images[BATCH];
    dc3_view_params params[BATCH];
    char *views; /* [BATCH, size, size, 3] */
    void *room;  /* of the networks that see them at another size; NULL: none does */
} worker;

typedef struct test {
    dc3_ctx **contexts; /* [count] */
    const dc3_ensemble *nets;
    dc3_images *images;
    int size, count; /* count: workers */
    int64_t n, classes;
    worker *workers;   /* [count] */
    int64_t *by_class; /* [classes, 2]; NULL: not counted */
    int mirrors;       /* each image is seen mirrored too, by one network */
    void (*progress)(void *user, int64_t done, int64_t total);
    void *user;
    /* Of their mean, and of each; top1, top5: numbers of images, not yet shares. */
    dc3_accuracy accuracy, each[DC3_ENSEMBLE_MOST];
    dc3_accuracy mirrored; /* of the mean of the logits of both */
} test;

/* What comes of a batch, with the outputs of each network [networks, BATCH, classes] behind it, and those of
 * the mirrored images behind these. */
typedef struct outputs {
    int64_t count; /* images that can be read */
    int64_t items[BATCH];
} outputs;

static float *logits_of(outputs *o)
{
    return (float *)(void *)(o + 1);
}

static int64_t images_of(const test *t, int64_t batch)
{
    int64_t left = t->n - batch * BATCH;
    return left < BATCH ? left : BATCH;
}

static dc3_status work(void *user, int at, int64_t batch, void *result)
{
    const test *t = user;
    worker *w = &t->workers[at];
    dc3_ctx *ctx = t->contexts[at];
    outputs *o = result;
    int64_t items[BATCH], wanted = images_of(t, batch);
    for (int64_t i = 0; i < wanted; i++) items[i] = batch * BATCH + i;
    DC3_TRY(dc3_images_batch(t->images, wanted, items, w->images, &o->count));
    if (!o->count) return DC3_OK;
    for (int64_t i = 0; i < o->count; i++) {
        o->items[i] = w->images[i].item;
        w->params[i] = dc3_view_whole(w->images[i].width, w->images[i].height);
    }
    DC3_TRY(dc3_augment(w->augmenter, (int)o->count, w->images, w->params, w->views));
    DC3_TRY(dc3_ensemble_logits(t->nets, ctx, BATCH, t->size, w->views, w->room, logits_of(o)));
    if (!t->mirrors) return DC3_OK;
    for (int64_t i = 0; i < o->count; i++) w->params[i].flip = 1;
    DC3_TRY(dc3_augment(w->augmenter, (int)o->count, w->images, w->params, w->views));
    return dc3_ensemble_logits(t->nets, ctx, BATCH, t->size, w->views, w->room,
                               logits_of(o) + BATCH * t->classes);
}

/* Adds what the logits of one image say; 0: one of them is not finite. */
static int count_one(const float *z, int64_t classes, int label, dc3_accuracy *a)
{
    int above = 0, finite = 1;
    for (int64_t j = 0; j < classes; j++) {
        above += z[j] > z[label] || (z[j] == z[label] && j < label);
        finite &= isfinite(z[j]) != 0;
    }
    a->n++;
    a->top1 += above < 1;
    a->top5 += above < 5;
    return finite;
}

/* Those of each network, before the mean takes the place of the first. */
static dc3_status count_each(test *t, outputs *o)
{
    int64_t values = BATCH * t->classes;
    for (int k = 0; k < t->nets->count; k++)
        for (int64_t i = 0; i < o->count; i++) {
            int label = dc3_images_label(t->images, o->items[i]);
            if (label >= t->classes)
                return dc3_fail(DC3_ERR_ARGUMENT,
                                "the network distinguishes %lld classes, the test images have more",
                                (long long)t->classes);
            if (!count_one(logits_of(o) + k * values + i * t->classes, t->classes, label, &t->each[k]))
                return dc3_fail(DC3_ERR_FORMAT, "the network's outputs are not finite (NaN or infinite)");
        }
    dc3_ensemble_mean(t->nets, values, logits_of(o), logits_of(o));
    return DC3_OK;
}

/* Logits of both views become their mean. */
static void count_mirrored(test *t, outputs *o)
{
    float *z = logits_of(o), *other = z + BATCH * t->classes;
    for (int64_t j = 0; j < o->count * t->classes; j++) z[j] = (z[j] + other[j]) / 2;
    for (int64_t i = 0; i < o->count; i++)
        count_one(z + i * t->classes, t->classes, dc3_images_label(t->images, o->items[i]), &t->mirrored);
}

static dc3_status take(void *user, int64_t batch, void *result)
{
    test *t = user;
    outputs *o = result;
    DC3_TRY(count_each(t, o));
    for (int64_t i = 0; i < o->count; i++) {
        int label = dc3_images_label(t->images, o->items[i]);
        double right = t->accuracy.top1;
        count_one(logits_of(o) + i * t->classes, t->classes, label, &t->accuracy);
        if (t->by_class) t->by_class[2 * label]++, t->by_class[2 * label + 1] += t->accuracy.top1 > right;
    }
    if (t->mirrors) count_mirrored(t, o);
    if (t->progress) t->progress(t->user, batch * BATCH + images_of(t, batch), t->n);
    return DC3_OK;
}

/* What a batch takes: temporaries of the network, and views. */
static double batch_bytes(const test *t, const dc3_ctx *ctx)
{
    return dc3_ensemble_bytes(t->nets, ctx, BATCH, t->size) +
           (double)BATCH * t->size * t->size * 3 * (double)dc3_dtype_size(dc3_ctx_dtype(ctx));
}

/* Images that are decoded batch by batch are decoded by all threads. Always close. */
static dc3_status open(test *t, dc3_ctx *ctx)
{
    int64_t batches = (t->n + BATCH - 1) / BATCH;
    t->count = dc3_images_held(t->images) && dc3_ctx_threads(ctx) > 1
                   ? dc3_workers(ctx, batches, batch_bytes(t, ctx))
                   : 1;
    t->workers = calloc((size_t)t->count, sizeof *t->workers);
    if (!t->workers) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    DC3_TRY(dc3_workers_open(ctx, t->count, &t->contexts));
    dc3_dtype type = dc3_ctx_dtype(ctx);
    dc3_augment_options options = {
        .size = t->size, .dtype = type, .normalise = 1, .threads = t->count > 1 ? 1 : dc3_ctx_threads(ctx)};
    for (int i = 0; i < t->count; i++) {
        worker *w = &t->workers[i];
        w->views = calloc(BATCH * (size_t)t->size * (size_t)t->size * 3, dc3_dtype_size(type));
        size_t room = dc3_ensemble_room(t->nets, BATCH, t->size, type);
        if (room) w->room = malloc(room);
        if (!w->views || (room && !w->room)) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
        DC3_TRY(dc3_augmenter_open(&options, &w->augmenter));
    }
    return DC3_OK;
}

static void shut(test *t, const dc3_ctx *ctx)
{
    for (int i = 0; t->workers && i < t->count; i++)
        dc3_augmenter_close(&t->workers[i].augmenter), free(t->workers[i].views), free(t->workers[i].room);
    free(t->workers);
    dc3_workers_close(ctx, t->count, &t->contexts);
}

static dc3_accuracy shares(dc3_accuracy a)
{
    if (a.n) a.top1 /= (double)a.n, a.top5 /= (double)a.n;
    return a;
}

static dc3_status test_all(dc3_ctx *ctx, test *t, dc3_accuracy *accuracy)
{
    t->n = dc3_images_count(t->images);
    t->classes = dc3_classifier_describe(t->nets->nets[0])->classes;
    dc3_status status = open(t, ctx);
    dc3_pieces pieces = {.count = (t->n + BATCH - 1) / BATCH,
                         .workers = t->count,
                         .result_size =
                             sizeof(outputs) +
                             (size_t)((t->nets->count + t->mirrors) * BATCH * t->classes) * sizeof(float),
                         .user = t,
                         .work = work,
                         .take = take};
    if (status == DC3_OK) status = dc3_pieces_run(&pieces);
    shut(t, ctx);
    *accuracy = shares(t->accuracy);
    return status;
}

dc3_status dc3_test_ensemble(dc3_ctx *ctx, const dc3_ensemble *nets, dc3_images *images, int size,
                             dc3_accuracy *each, dc3_accuracy *mean)
{
    test t = {.nets = nets, .images = images, .size = size};
    dc3_status status = test_all(ctx, &t, mean);
    for (int k = 0; k < nets->count; k++) each[k] = shares(t.each[k]);
    return status;
}

dc3_status dc3_test_classifier(dc3_ctx *ctx, dc3_classifier *net, dc3_images *images, int size,
                               void (*progress)(void *user, int64_t done, int64_t total), void *user,
                               dc3_accuracy *accuracy)
{
    const dc3_ensemble one = {.count = 1, .nets = {net}};
    test t = {.nets = &one, .images = images, .size = size, .progress = progress, .user = user};
    return test_all(ctx, &t, accuracy);
}

dc3_status dc3_test_mirrored(dc3_ctx *ctx, dc3_classifier *net, dc3_images *images, int size,
                             dc3_accuracy *accuracy, dc3_accuracy *mirrored)
{
    const dc3_ensemble one = {.count = 1, .nets = {net}};
    test t = {.nets = &one, .images = images, .size = size, .mirrors = 1};
    dc3_status status = test_all(ctx, &t, accuracy);
    *mirrored = shares(t.mirrored);
    return status;
}

dc3_status dc3_test_classes(dc3_ctx *ctx, dc3_classifier *net, dc3_images *images, int size,
                            int64_t *by_class, dc3_accuracy *accuracy)
{
    const dc3_ensemble one = {.count = 1, .nets = {net}};
    int64_t classes = dc3_classifier_describe(net)->classes;
    memset(by_class, 0, 2 * (size_t)classes * sizeof *by_class);
    test t = {.nets = &one, .images = images, .size = size, .by_class = by_class};
    return test_all(ctx, &t, accuracy);
}
