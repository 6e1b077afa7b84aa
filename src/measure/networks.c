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
    return dc3_ctx_open(NULL, DC3_F32, m->options->threads, DC3_CTX_FAST, &m->inception_ctx);
}

dc3_status dc3_networks_open(dc3_measuring *m)
{
    DC3_TRY(open_teacher(m));
    DC3_TRY(open_inception(m));
    for (int k = 0; k < DC3_NETWORKS; k++) {
        dc3_network *n = &m->networks[k];
        if (!n->size) continue;
        n->views = calloc(DC3_MEASURE_BATCH * dc3_view_values(n), sizeof *n->views);
        n->embeddings = malloc(DC3_MEASURE_BATCH * (size_t)n->features * sizeof *n->embeddings);
        n->logits = malloc(DC3_MEASURE_BATCH * (size_t)n->classes * sizeof *n->logits);
        if (!n->views || !n->embeddings || !n->logits) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    }
    return DC3_OK;
}

void dc3_networks_close(dc3_measuring *m)
{
    dc3_teacher_close(&m->teacher);
    dc3_inception_close(&m->inception);
    dc3_ctx_close(&m->inception_ctx);
    for (int k = 0; k < DC3_NETWORKS; k++) {
        free(m->networks[k].views);
        free(m->networks[k].embeddings);
        free(m->networks[k].logits);
    }
}

size_t dc3_view_values(const dc3_network *n)
{
    return (size_t)n->size * (size_t)n->size * 3;
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

static dc3_status run_inception(dc3_measuring *m, const float *views, float *embeddings, float *logits)
{
    dc3_ctx *ctx = m->inception_ctx;
    dc3_ctx_clear(ctx);
    dc3_scope scope = dc3_scope_open(ctx);
    dc3_tensor x = dc3_view((void *)(uintptr_t)views, DC3_F32, 4,
                            (int64_t[]){DC3_MEASURE_BATCH, DC3_INCEPTION_SIZE, DC3_INCEPTION_SIZE, 3});
    dc3_tensor h, z = dc3_inception_of(ctx, m->inception, dc3_on_device(ctx, x), &h);
    dc3_download(ctx, h, embeddings);
    dc3_download(ctx, z, logits);
    dc3_status status = dc3_ctx_status(ctx);
    dc3_scope_close(ctx, scope);
    return status;
}

dc3_status dc3_network_run(dc3_measuring *m, int k, float *views, float *embeddings, float *logits)
{
    return k == DC3_BY_INCEPTION ? run_inception(m, views, embeddings, logits)
                                 : dc3_teacher_run(&m->teacher, DC3_MEASURE_BATCH, views, embeddings, logits);
}
