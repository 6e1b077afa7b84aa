/* Distances of datasets in the features of a network. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "condense/classes.h"
#include "condense/measure.h"
#include "condense/run.h"
#include "metrics/frechet.h"

/* Rows that are kept for the kernel distance, of each dataset; its subsets. */
enum { KEPT = 10000, SUBSETS = 100, SUBSET_SIZE = 1000 };

dc3_status dc3_measure_open_network(dc3_measuring *m)
{
    enum { MOST = 224 };
    const dc3_measure_options *o = m->options;
    dc3_teacher *t = &m->teacher;
    if (!o->teacher) return DC3_OK;
    DC3_TRY(dc3_teacher_open(o->teacher, o->arch, o->teacher_size, dc3_usual_size(m->subjects->data, MOST),
                             o->threads, t));
    dc3_teacher_tell(&o->listener, t);
    m->views = calloc(DC3_MEASURE_BATCH * dc3_measure_view_values(m), sizeof *m->views);
    m->embeddings = malloc(DC3_MEASURE_BATCH * (size_t)t->info->embedding * sizeof *m->embeddings);
    m->logits = malloc(DC3_MEASURE_BATCH * (size_t)t->info->classes * sizeof *m->logits);
    return m->views && m->embeddings && m->logits ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
}

void dc3_measure_close_network(dc3_measuring *m)
{
    dc3_teacher_close(&m->teacher);
    free(m->views);
    free(m->embeddings);
    free(m->logits);
}

size_t dc3_measure_view_values(const dc3_measuring *m)
{
    return (size_t)m->teacher.size * (size_t)m->teacher.size * 3;
}

dc3_status dc3_measure_view(const dc3_measuring *m, const dc3_image *image, float *to)
{
    dc3_image view;
    DC3_TRY(dc3_image_resize(image, m->teacher.size, m->teacher.size, DC3_FIT_CROP, &view));
    dc3_image_to_floats(&view, to);
    dc3_image_free(&view);
    return DC3_OK;
}

dc3_status dc3_features_open(const dc3_measuring *m, dc3_subject *s)
{
    if (!m->views) return DC3_OK;
    int64_t d = m->teacher.info->embedding;
    DC3_TRY(dc3_moments_open(d, &s->features.moments));
    return dc3_feature_sample_open(d, KEPT, m->options->seed, &s->features.sample);
}

void dc3_features_close(dc3_subject *s)
{
    dc3_moments_close(&s->features.moments);
    dc3_feature_sample_close(&s->features.sample);
}

dc3_status dc3_features_add(dc3_measuring *m, dc3_subject *s, const int *wanted)
{
    int64_t d = m->teacher.info->embedding;
    DC3_TRY(dc3_teacher_run(&m->teacher, DC3_MEASURE_BATCH, m->views, m->embeddings, m->logits));
    for (int i = 0; i < DC3_MEASURE_BATCH; i++) {
        if (!wanted[i]) continue;
        dc3_moments_add(s->features.moments, 1, m->embeddings + i * d);
        DC3_TRY(dc3_feature_sample_add(s->features.sample, m->embeddings + i * d));
    }
    return DC3_OK;
}

/* The distances of two datasets of two pictures or more. */
static dc3_status compare(const dc3_measuring *m, const dc3_subject *s, json_t *o)
{
    const dc3_feature_sums *a = &m->subjects->features, *b = &s->features;
    double distance = NAN, mean = NAN, deviation = NAN;
    int64_t least = dc3_feature_sample_count(b->sample), other = dc3_feature_sample_count(a->sample);
    int64_t size = other < least ? other : least;
    if (size > SUBSET_SIZE) size = SUBSET_SIZE;
    if (s != m->subjects && size > 1) {
        DC3_TRY(dc3_frechet_distance(a->moments, b->moments, &distance));
        DC3_TRY(
            dc3_kernel_distance(a->sample, b->sample, SUBSETS, size, m->options->seed, &mean, &deviation));
    }
    dc3_measure_set(o, "frechet_distance", distance);
    dc3_measure_set(o, "kernel_distance", mean);
    dc3_measure_set(o, "kernel_distance_deviation", deviation);
    json_object_set_new(o, "kernel_subsets", json_integer(SUBSETS));
    json_object_set_new(o, "kernel_subset_size", json_integer(size));
    return DC3_OK;
}

dc3_status dc3_features_finish(dc3_measuring *m, dc3_subject *s)
{
    char name[64];
    if (!m->views) return DC3_OK;
    snprintf(name, sizeof name, "teacher, a %s", m->teacher.info->arch);
    int64_t n = dc3_moments_count(s->features.moments), d = dc3_moments_size(s->features.moments);
    json_t *o = s->distribution = json_object();
    json_object_set_new(o, "network", json_string(name));
    json_object_set_new(o, "dimensions", json_integer(d));
    json_object_set_new(o, "images", json_integer(n));
    if (n <= d)
        dc3_listener_say(
            &m->options->listener,
            "note: %s: %lld pictures are no more than the %lld features: its Frechet distance is "
            "large for that alone; compare with a random choice of the same size",
            s->path, (long long)n, (long long)d);
    dc3_status status = compare(m, s, o);
    if (s != m->subjects) dc3_features_close(s);
    return status;
}
