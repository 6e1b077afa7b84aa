/* Distances of datasets in the features of the networks: of Inception they are FID and KID, and there is the
 * Inception score; of a teacher they are named after it. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "measure/features.h"
#include "metrics/frechet.h"
#include "select/choose.h"
#include "base/listener.h"
#include "base/text.h"

/* Rows that are sampled for the kernel distance, of each dataset; its subsets; parts of the Inception score.
 */
enum { RESERVOIR = 10000, SUBSETS = 100, SUBSET_SIZE = 1000, PARTS = 10 };
/* Names the random order of the score's parts; the numbers below are those of the kernel distance. */
static const uint64_t score_item = (uint64_t)1 << 32;

static dc3_status open_score(const dc3_measuring *m, dc3_subject *s, dc3_feature_sums *f)
{
    int64_t n = dc3_dataset_size(s->data);
    dc3_rng rng = dc3_rng_make(m->options->seed, DC3_RNG_MEASURE, score_item);
    f->ranks = malloc((size_t)n * sizeof *f->ranks);
    if (!f->ranks) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    dc3_shuffle(&rng, n, n, f->ranks);
    return dc3_inception_score_open(DC3_INCEPTION_CLASSES, PARTS, &f->score);
}

dc3_status dc3_features_open(const dc3_measuring *m, dc3_subject *s)
{
    for (int k = 0; k < DC3_NETWORKS; k++) {
        const dc3_network *n = &m->networks[k];
        dc3_feature_sums *f = &s->features[k];
        if (!n->size) continue;
        DC3_TRY(dc3_moments_open(n->features, &f->moments));
        DC3_TRY(dc3_feature_sample_open(n->features, RESERVOIR, m->options->seed, &f->sample));
        if (k == DC3_BY_INCEPTION) DC3_TRY(open_score(m, s, f));
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
        if (!m->networks[k].size) continue;
        dc3_moments_add(f->moments, 1, answers->embeddings[k]);
        DC3_TRY(dc3_feature_sample_add(f->sample, answers->embeddings[k]));
        if (!f->score) continue;
        int part = dc3_inception_score_part(f->ranks[item], dc3_dataset_size(s->data), PARTS);
        dc3_inception_score_add(f->score, part, answers->logits[k]);
    }
    return DC3_OK;
}

/* The distances of two datasets of two images or more, under the names that they have for the network. */
static dc3_status compare(const dc3_measuring *m, const dc3_subject *s, int k, json_t *o)
{
    static const char *const names[DC3_NETWORKS][5] = {
        {"frechet_distance", "kernel_distance", "kernel_distance_deviation", "kernel_subsets",
         "kernel_subset_size"},
        {"fid", "kid", "kid_deviation", "kid_subsets", "kid_subset_size"}};
    const dc3_feature_sums *a = &m->subjects->features[k], *b = &s->features[k];
    double distance = NAN, mean = NAN, deviation = NAN;
    int64_t least = dc3_feature_sample_count(b->sample), other = dc3_feature_sample_count(a->sample);
    int64_t size = other < least ? other : least;
    if (size > SUBSET_SIZE) size = SUBSET_SIZE;
    if (s != m->subjects && size > 1) {
        DC3_TRY(dc3_frechet_distance(a->moments, b->moments, &distance));
        DC3_TRY(
            dc3_kernel_distance(a->sample, b->sample, SUBSETS, size, m->options->seed, &mean, &deviation));
    }
    dc3_measure_set(o, names[k][0], distance);
    dc3_measure_set(o, names[k][1], mean);
    dc3_measure_set(o, names[k][2], deviation);
    json_object_set_new(o, names[k][3], json_integer(SUBSETS));
    json_object_set_new(o, names[k][4], json_integer(size));
    return DC3_OK;
}

static void add_score(const dc3_inception_score *score, json_t *o)
{
    double mean, deviation;
    dc3_inception_score_get(score, &mean, &deviation);
    dc3_measure_set(o, "inception_score", mean);
    dc3_measure_set(o, "inception_score_deviation", deviation);
    json_object_set_new(o, "inception_score_parts", json_integer(PARTS));
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
    json_object_set_new(o, "network", json_string(name));
    json_object_set_new(o, "dimensions", json_integer(d));
    json_object_set_new(o, "images", json_integer(n));
    if (n <= d)
        dc3_listener_say(&m->options->listener,
                         "note: %s: %lld images are no more than the %lld features: its %s is large for that "
                         "alone; compare with a random choice of the same size",
                         s->path, (long long)n, (long long)d,
                         k == DC3_BY_INCEPTION ? "FID" : "Frechet distance");
    DC3_TRY(compare(m, s, k, o));
    if (f->score) add_score(f->score, o);
    return DC3_OK;
}

dc3_status dc3_features_finish(dc3_measuring *m, dc3_subject *s)
{
    for (int k = 0; k < DC3_NETWORKS; k++)
        if (m->networks[k].size) DC3_TRY(finish(m, s, k));
    if (s != m->subjects) dc3_features_close(s);
    return DC3_OK;
}
