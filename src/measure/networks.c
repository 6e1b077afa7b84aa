/* The networks that look at the images: the teacher and Inception. */
#include <stdlib.h>
#include <string.h>
#include "teacher/classes.h"
#include "teacher/outputs.h"
#include "measure/networks.h"
#include "io/weights.h"

static dc3_status open_teacher(dc3_measuring *m)
{
    enum { MOST = 224 };
    const dc3_measure_options *o = m->options;
    dc3_teacher *t = &m->teacher;
    if (!o->teacher) return DC3_OK;
    DC3_TRY(dc3_teacher_open(o->teacher, o->arch, o->teacher_size, dc3_usual_size(m->subjects->data, MOST),
                             o->threads, t));
    const dc3_subject *first = &m->subjects[0];
    json_t *names = dc3_run_class_names(first->path, first->data);
    dc3_teacher_outputs outputs = {o->teacher, o->teacher_classes, first->path, names, &o->listener};
    dc3_status status = dc3_teacher_choose_outputs(&outputs, t->net, &t->classes);
    json_decref(names);
    DC3_TRY(status);
    dc3_report_teacher(&o->listener, t);
    m->networks[DC3_BY_TEACHER] =
        (dc3_network){.size = t->size, .features = t->info->embedding, .classes = t->info->classes};
    return DC3_OK;
}

static dc3_status open_inception(dc3_measuring *m)
{
    dc3_table *table;
    if (!m->options->inception) return DC3_OK;
    DC3_TRY(dc3_weights_open(m->options->inception, &table));
    DC3_TRY(dc3_inception_open(NULL, &table, &m->inception));
    m->networks[DC3_BY_INCEPTION] = (dc3_network){
        .size = DC3_INCEPTION_SIZE, .features = DC3_INCEPTION_FEATURES, .classes = DC3_INCEPTION_CLASSES};
    return DC3_OK;
}

dc3_status dc3_networks_open(dc3_measuring *m)
{
    DC3_TRY(open_teacher(m));
    DC3_TRY(open_inception(m));
    return dc3_ctx_open(NULL, DC3_F32, m->options->threads, DC3_CTX_FAST, &m->ctx);
}

void dc3_networks_close(dc3_measuring *m)
{
    dc3_teacher_close(&m->teacher);
    dc3_inception_close(&m->inception);
    dc3_ctx_close(&m->ctx);
}

dc3_status dc3_network_view(const dc3_measuring *m, int k, const dc3_image *image, float *to)
{
    if (k == DC3_BY_INCEPTION) {
        dc3_inception_view(image->width, image->height, image->pixels, to);
        return DC3_OK;
    }
    dc3_image view;
    DC3_TRY(dc3_image_resize(image, m->teacher.size, m->teacher.size, DC3_FIT_CROP, &view));
    dc3_image_to_floats(&view, to);
    dc3_image_free(&view);
    return DC3_OK;
}

/* The k-th that looks: a network, or with DC3_NETWORKS the teacher at the original. size 0: it does not. */
static dc3_network eye(const dc3_sight *sight, int k)
{
    const dc3_network none = {0};
    if (k < DC3_NETWORKS) return sight->m->networks[k];
    return sight->originals ? sight->m->networks[DC3_BY_TEACHER] : none;
}

static int64_t view_values(dc3_network n)
{
    return (int64_t)n.size * n.size * 3;
}

static int64_t answer_values(dc3_network n)
{
    return n.size ? n.features + n.classes : 0;
}

float *dc3_sight_view(const dc3_sight *sight, int k, float *view)
{
    for (int i = 0; i < k; i++) view += view_values(eye(sight, i));
    return eye(sight, k).size ? view : NULL;
}

dc3_answers dc3_sight_answers(const dc3_sight *sight, const dc3_seen *seen)
{
    dc3_answers a = {{NULL}, {NULL}, NULL};
    const float *at = seen->values[0];
    for (int k = 0; k <= DC3_NETWORKS; at += answer_values(eye(sight, k++))) {
        dc3_network n = eye(sight, k);
        if (n.size && k < DC3_NETWORKS) a.embeddings[k] = at, a.logits[k] = at + n.features;
        if (n.size && k == DC3_NETWORKS) a.before = at + n.features;
    }
    return a;
}

static dc3_status run_inception(const dc3_measuring *m, dc3_ctx *ctx, int n, const float *views,
                                float *embeddings, float *logits)
{
    dc3_ctx_clear(ctx);
    dc3_scope scope = dc3_scope_open(ctx);
    dc3_tensor x = dc3_view((void *)(uintptr_t)views, DC3_F32, 4,
                            (int64_t[]){n, DC3_INCEPTION_SIZE, DC3_INCEPTION_SIZE, 3});
    dc3_tensor h, z = dc3_inception_of(ctx, m->inception, dc3_on_device(ctx, x), &h);
    dc3_download(ctx, h, embeddings);
    dc3_download(ctx, z, logits);
    dc3_status status = dc3_ctx_status(ctx);
    dc3_scope_close(ctx, scope);
    return status;
}

/* What it takes in a context. */
static double inception_bytes(const dc3_measuring *m)
{
    dc3_ctx *counting;
    dc3_tensor h;
    if (!m->inception ||
        dc3_ctx_open(dc3_ctx_device(m->ctx)->name, DC3_F32, 1, DC3_CTX_COUNT, &counting) != DC3_OK)
        return 0;
    int64_t shape[] = {DC3_MEASURE_BATCH, DC3_INCEPTION_SIZE, DC3_INCEPTION_SIZE, 3};
    dc3_inception_of(counting, m->inception, dc3_new(counting, DC3_F32, 4, shape), &h);
    double bytes = (double)dc3_ctx_bytes(counting);
    dc3_ctx_close(&counting);
    return bytes;
}

/* The k-th on its part of `rows` views, which are `pixels` apart; its part of the values is `at` values from
 * the beginning, and they are `width` apart. */
static dc3_status run_one(const dc3_sight *sight, int k, dc3_ctx *ctx, int rows, const float *views,
                          int64_t pixels, float *values, int64_t width)
{
    const dc3_measuring *m = sight->m;
    dc3_network n = eye(sight, k);
    int64_t each = view_values(n);
    float *memory = malloc((size_t)rows * (size_t)(each + n.features + n.classes) * sizeof *memory);
    if (!memory) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    float *h = memory + rows * each, *z = h + rows * n.features;
    for (int i = 0; i < rows; i++)
        memcpy(memory + i * each, views + i * pixels, (size_t)each * sizeof *memory);
    dc3_status status = k == DC3_BY_INCEPTION ? run_inception(m, ctx, rows, memory, h, z)
                                              : dc3_teacher_run_in(&m->teacher, ctx, rows, memory, h, z);
    for (int i = 0; i < rows; i++) {
        memcpy(values + i * width, h + i * n.features, (size_t)n.features * sizeof *values);
        memcpy(values + i * width + n.features, z + i * n.classes, (size_t)n.classes * sizeof *values);
    }
    free(memory);
    return status;
}

static dc3_status run(const void *network, dc3_ctx *ctx, int rows, float *views, float *const values[2])
{
    const dc3_sight *sight = network;
    dc3_look l = dc3_sight_look(sight);
    float *at = values[0];
    for (int k = 0; k <= DC3_NETWORKS; at += answer_values(eye(sight, k++)))
        if (eye(sight, k).size)
            DC3_TRY(run_one(sight, k, ctx, rows, dc3_sight_view(sight, k, views), l.pixels, at, l.widths[0]));
    return DC3_OK;
}

dc3_look dc3_sight_look(const dc3_sight *sight)
{
    const dc3_measuring *m = sight->m;
    dc3_look l = {.ctx = m->ctx, .rows = DC3_MEASURE_BATCH, .network = sight, .run = run};
    for (int k = 0; k <= DC3_NETWORKS; k++)
        l.pixels += view_values(eye(sight, k)), l.widths[0] += answer_values(eye(sight, k));
    return l;
}

double dc3_sight_bytes(const dc3_sight *sight)
{
    const dc3_measuring *m = sight->m;
    double teacher = m->teacher.net ? dc3_teacher_bytes(&m->teacher, DC3_MEASURE_BATCH) : 0;
    double inception = inception_bytes(m),
           largest = DC3_INCEPTION_SIZE > m->teacher.size ? DC3_INCEPTION_SIZE : m->teacher.size;
    return (teacher > inception ? teacher : inception) + 12.0 * DC3_MEASURE_BATCH * largest * largest;
}
