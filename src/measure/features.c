/* Distances of datasets in the features of the networks: of Inception they are FID and KID, and there is the
 * Inception score; of a teacher they are named after it, and of a file they have its name. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "measure/features.h"
#include "metrics/frechet.h"
#include "metrics/memorisation.h"
#include "metrics/precision_recall.h"
#include "select/choose.h"
#include "base/listener.h"
#include "base/memory.h"
#include "base/text.h"

/* Rows that are sampled for all but the Frechet distance, of each dataset; subsets of the kernel distance,
 * and blocks of its error; parts of the Inception score. */
enum { RESERVOIR = 10000, SUBSETS = 100, SUBSET_SIZE = 1000, BLOCKS = 10, PARTS = 10 };
/* Names the random order of the score's parts; the numbers below are those of the kernel distance. */
static const uint64_t score_item = (uint64_t)1 << 32;

/* Two datasets at a time have a covariance each, and their distance takes three more matrices. */
static dc3_status check_width(const dc3_measuring *m, const char *path, int64_t d)
{
    char why[300];
    double bytes = (m->count > 1 ? 5.0 : 1.0) * (double)sizeof(double) * (double)d * (double)d;
    if (dc3_check_memory(bytes) == DC3_OK) return DC3_OK;
    snprintf(why, sizeof why, "%s", dc3_error_text());
    return dc3_fail(
        DC3_ERR_MEMORY,
        "%s: covariances of rows of %lld values take about %.1f GB; expected shorter rows, such as "
        "their principal components: %s",
        path, (long long)d, bytes * 1e-9, why);
}

dc3_status dc3_features_open_files(dc3_measuring *m)
{
    const char *const *files = m->options->features;
    dc3_network *n = &m->networks[DC3_BY_FILE];
    int count = 0, all = m->count + (m->training != NULL);
    if (!files) return DC3_OK;
    while (files[count]) count++;
    if (count != all)
        return dc3_fail_setting("features",
                                "expected a file for each of %d datasets, %sin their order%s; found %d", all,
                                m->options->reference ? "the reference first, " : "",
                                m->training ? ", of the training images last" : "", count);
    for (int i = 0; i < all; i++) {
        dc3_subject *s = &m->subjects[i];
        DC3_TRY(dc3_image_rows_open(files[i], s->data, &s->given));
        if (i && s->given->d != n->features)
            return dc3_fail(DC3_ERR_FORMAT, "%s: expected rows of %lld values, as %s has, found %lld",
                            files[i], (long long)n->features, files[0], (long long)s->given->d);
        n->features = s->given->d;
    }
    return check_width(m, files[0], n->features);
}

static dc3_status open_score(const dc3_measuring *m, dc3_subject *s, int64_t classes, dc3_feature_sums *f)
{
    int64_t n = dc3_dataset_size(s->data);
    dc3_rng rng = dc3_rng_make(m->options->seed, DC3_RNG_MEASURE, score_item);
    f->ranks = malloc((size_t)n * sizeof *f->ranks);
    if (!f->ranks) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    dc3_shuffle(&rng, n, n, f->ranks);
    return dc3_inception_score_open(classes, PARTS, &f->score);
}

dc3_status dc3_features_open(const dc3_measuring *m, dc3_subject *s)
{
    for (int k = 0; k < DC3_NETWORKS; k++) {
        const dc3_network *n = &m->networks[k];
        dc3_feature_sums *f = &s->features[k];
        if (!n->features) continue;
        int64_t most = s == m->training ? dc3_dataset_size(s->data) : RESERVOIR;
        DC3_TRY(dc3_feature_sample_open(n->features, most, m->options->seed, &f->sample));
        if (s == m->training) continue;
        DC3_TRY(dc3_moments_open(n->features, &f->moments));
        if (n->classes) DC3_TRY(open_score(m, s, n->classes, f));
    }
    return DC3_OK;
}

void dc3_features_close(dc3_subject *s)
{
    for (int k = 0; k < DC3_NETWORKS; k++) {
        dc3_feature_sums *f = &s->features[k];
        dc3_moments_close(&f->moments);
        dc3_feature_sample_close(&f->sample);
        dc3_inception_score_close(&f->score);
        free(f->ranks);
        f->ranks = NULL;
    }
}

dc3_status dc3_features_add(const dc3_measuring *m, dc3_subject *s, int64_t item, const dc3_answers *answers)
{
    for (int k = 0; k < DC3_NETWORKS; k++) {
        dc3_feature_sums *f = &s->features[k];
        if (!m->networks[k].features) continue;
        DC3_TRY(dc3_feature_sample_add(f->sample, answers->embeddings[k]));
        if (s == m->training) continue;
        dc3_moments_add(f->moments, 1, answers->embeddings[k]);
        if (!f->score) continue;
        int part = dc3_inception_score_part(f->ranks[item], dc3_dataset_size(s->data), PARTS);
        dc3_inception_score_add(f->score, part, answers->logits[k]);
    }
    return DC3_OK;
}

/* The distances of two datasets of two images or more, under the names that they have for the network. */
static dc3_status compare(const dc3_measuring *m, const dc3_subject *s, int k, json_t *o)
{
    static const char *const names[2][6] = {
        {"frechet_distance", "kernel_distance", "kernel_distance_deviation", "kernel_subsets",
         "kernel_subset_size", "kernel_distance_error"},
        {"fid", "kid", "kid_deviation", "kid_subsets", "kid_subset_size", "kid_error"}};
    const char *const *called = names[k == DC3_BY_INCEPTION];
    const dc3_feature_sums *a = &m->subjects->features[k], *b = &s->features[k];
    double distance = NAN, mean = NAN, deviation = NAN, error = NAN;
    int64_t least = dc3_feature_sample_count(b->sample), other = dc3_feature_sample_count(a->sample);
    int64_t size = other < least ? other : least;
    if (size > SUBSET_SIZE) size = SUBSET_SIZE;
    if (s != m->subjects && size > 1) {
        DC3_TRY(dc3_frechet_distance(a->moments, b->moments, &distance));
        DC3_TRY(
            dc3_kernel_distance(a->sample, b->sample, SUBSETS, size, m->options->seed, &mean, &deviation));
        DC3_TRY(dc3_kernel_error(a->sample, b->sample, BLOCKS, &error));
    }
    dc3_measure_set(o, called[0], distance);
    dc3_measure_set(o, called[1], mean);
    dc3_measure_set(o, called[2], deviation);
    json_object_set_new(o, called[3], json_integer(SUBSETS));
    json_object_set_new(o, called[4], json_integer(size));
    dc3_measure_set(o, called[5], error);
    return DC3_OK;
}

/* `count` of the rows, which stand in the order of the classes: row i count / n of n. The caller frees. */
static float *spread_rows(const dc3_feature_sample *s, int64_t count)
{
    int64_t d = dc3_feature_sample_size(s), n = dc3_feature_sample_count(s);
    float *rows = malloc((size_t)(count * d) * sizeof *rows);
    for (int64_t i = 0; rows && i < count; i++)
        memcpy(rows + i * d, dc3_feature_sample_rows(s) + i * n / count * d, (size_t)d * sizeof *rows);
    return rows;
}

/* Of as many rows of both, since a manifold of few rows is a wider one. */
static dc3_status add_manifolds(const dc3_measuring *m, const dc3_subject *s, int k, json_t *o)
{
    const dc3_feature_sample *a = m->subjects->features[k].sample, *b = s->features[k].sample;
    int64_t first = dc3_feature_sample_count(a), second = dc3_feature_sample_count(b);
    int64_t n = s == m->subjects ? 0 : first < second ? first : second;
    dc3_precision_recall r = {NAN, NAN, NAN, NAN};
    if (n) {
        float *real = spread_rows(a, n), *made = spread_rows(b, n);
        dc3_status status = real && made ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
        if (status == DC3_OK)
            status = dc3_precision_recall_of(dc3_feature_sample_size(a), n, real, n, made, &r);
        free(real), free(made);
        DC3_TRY(status);
    }
    json_object_set_new(o, "manifold_images", n ? json_integer(n) : json_null());
    dc3_measure_set(o, "precision", r.precision);
    dc3_measure_set(o, "recall", r.recall);
    dc3_measure_set(o, "density", r.density);
    dc3_measure_set(o, "coverage", r.coverage);
    return DC3_OK;
}

/* The reference's share is what images have that were not generated: the value to compare with. */
static dc3_status add_memorised(const dc3_measuring *m, const dc3_subject *s, int k, json_t *o)
{
    if (!m->training) return DC3_OK;
    const dc3_feature_sample *train = m->training->features[k].sample, *x = s->features[k].sample;
    double share;
    DC3_TRY(dc3_memorised(dc3_feature_sample_size(train), dc3_feature_sample_count(train),
                          dc3_feature_sample_rows(train), dc3_feature_sample_count(x),
                          dc3_feature_sample_rows(x), &share));
    dc3_measure_set(o, "memorised", share);
    return DC3_OK;
}

static void add_score(const dc3_inception_score *score, int k, json_t *o)
{
    static const char *const names[2][3] = {
        {"classifier_score", "classifier_score_deviation", "classifier_score_parts"},
        {"inception_score", "inception_score_deviation", "inception_score_parts"}};
    const char *const *called = names[k == DC3_BY_INCEPTION];
    double mean, deviation;
    if (!score) return;
    dc3_inception_score_get(score, &mean, &deviation);
    dc3_measure_set(o, called[0], mean);
    dc3_measure_set(o, called[1], deviation);
    json_object_set_new(o, called[2], json_integer(PARTS));
}

static dc3_status finish(dc3_measuring *m, dc3_subject *s, int k)
{
    char name[64] = "Inception v3";
    const dc3_feature_sums *f = &s->features[k];
    if (k == DC3_BY_TEACHER)
        snprintf(name, sizeof name, "teacher, %s %s", dc3_text_article(m->teacher.info->arch),
                 m->teacher.info->arch);
    int64_t n = dc3_moments_count(f->moments), d = dc3_moments_size(f->moments);
    json_t *o = s->distribution[k] = json_object();
    json_object_set_new(o, k == DC3_BY_FILE ? "file" : "network",
                        k == DC3_BY_FILE ? dc3_json_text(s->given->path) : json_string(name));
    json_object_set_new(o, "dimensions", json_integer(d));
    json_object_set_new(o, "images", json_integer(n));
    if (n <= d)
        dc3_listener_say(&m->options->listener,
                         "note: %s: %lld images are no more than the %lld features: its %s is large for that "
                         "alone; compare with a random choice of the same size",
                         s->path, (long long)n, (long long)d,
                         k == DC3_BY_INCEPTION ? "FID" : "Frechet distance");
    DC3_TRY(compare(m, s, k, o));
    DC3_TRY(add_manifolds(m, s, k, o));
    DC3_TRY(add_memorised(m, s, k, o));
    add_score(f->score, k, o);
    return DC3_OK;
}

dc3_status dc3_features_finish(dc3_measuring *m, dc3_subject *s)
{
    for (int k = 0; k < DC3_NETWORKS; k++)
        if (m->networks[k].features) DC3_TRY(finish(m, s, k));
    if (s != m->subjects) dc3_features_close(s);
    return DC3_OK;
}
