#include "condense/offers.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "budget/measure.h"
#include "colour/combine.h"
#include "condense/output.h"
#include "dc3/text.h"
#include "labels/soft_labels.h"
#include "methods/method.h"
#include "methods/selection.h"
#include "options/coding.h"
#include "run_folder/store.h"
#include "teacher/classes.h"

enum {
    SIZED = 64, /* images whose lines are measured */
    BITS = 16,  /* of a logit, where the options do not say it */
    MOST = DC3_OFFERS * DC3_OFFER_PRECISIONS,
    TEXT = 80
};

/* ---- what an image takes ---- */

dc3_precision dc3_run_precision(const dc3_run *run)
{
    const dc3_condense_options *o = run->options;
    if (!o->label_views) return (dc3_precision){0, 0};
    return (dc3_precision){o->label_bits ? o->label_bits : BITS, o->label_top_k};
}

dc3_cost dc3_run_cost_with(const dc3_run *run, dc3_precision labels)
{
    const dc3_condense_options *o = run->options;
    dc3_cost cost = {.tar = o->store == DC3_STORE_TAR, .shard = dc3_store_shard_bytes(o)};
    if (!labels.bits) return cost;
    json_t *names = dc3_class_names(run->dataset);
    cost.labels = dc3_soft_labels_bytes(1, o->label_views, dc3_dataset_classes(run->dataset), labels.top_k,
                                        labels.bits);
    cost.names = dc3_cost_names(names);
    json_decref(names);
    return cost;
}

dc3_status dc3_run_measure_bytes(const dc3_run *run, const dc3_coding *codings, int count, double seconds,
                                 double *each, double *costs)
{
    const dc3_cost cost = dc3_run_cost_with(run, (dc3_precision){0, 0}); /* of images alone */
    /* One of several parts shows as much as they do at their size. */
    int fourfold = run->synthesis->combines && run->combine == DC3_COMBINE_FOURFOLD;
    int parts = fourfold || run->each > 1 ? 4 : 1;
    const dc3_sizing sizing = {run->dataset, parts > 1 ? run->size / 2 : run->size, parts,
                               run->fit,     run->options->select.threads,          seconds,
                               &cost};
    return dc3_budget_measure(&sizing, codings, count, each, costs);
}

/* Bytes of what is stored beside an image, mean of the same images. */
static dc3_status measure_rest(const dc3_run *run, const dc3_cost *cost, double *each)
{
    int64_t n = dc3_dataset_size(run->dataset), looks = n < SIZED ? n : SIZED;
    int crops = run->crops > 0, gains = dc3_run_uses(run) & DC3_USES_MAXIMIZER;
    double sum = 0;
    for (int64_t i = 0; i < looks; i++) {
        dc3_part parts[4] = {0};
        char name[600];
        for (int k = 0; k < 4; k++)
            parts[k] = (dc3_part){.item = n * i / looks,
                                  .box = {.side = crops ? 100 : 0, .left = 10, .top = 10},
                                  .loss = 0.123456789,
                                  .candidate = -1,
                                  .bin = run->needs & DC3_NEEDS_BINS ? 1 : -1,
                                  .rank = 1,
                                  .gain = gains ? 12.345678901234567 : NAN};
        const char *key = dc3_dataset_key(run->dataset, parts->item), *slash = strrchr(key, '/');
        int label = dc3_dataset_label(run->dataset, parts->item);
        snprintf(name, sizeof name, "%.200s/000-%.200s", dc3_dataset_class_name(run->dataset, label),
                 slash ? slash + 1 : key);
        char *line = dc3_metadata_line(run, label, name, parts);
        if (!line) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
        sum += dc3_cost_rest(cost, (double)strlen(line), label, name);
        free(line);
    }
    *each = looks ? sum / (double)looks : 0;
    return DC3_OK;
}

/* ---- what there is to choose from ---- */

/* The offers with what is told of them. */
typedef struct offers {
    dc3_offer list[MOST];
    double image[MOST], rest[MOST]; /* bytes of an image, and of what stands beside it */
    int count;
    double once; /* bytes that are taken once */
} offers;

static int list_precisions(const dc3_run *run, dc3_precision list[DC3_OFFER_PRECISIONS])
{
    const dc3_condense_options *o = run->options;
    list[0] = dc3_run_precision(run);
    return !o->label_views || o->label_bits || o->label_top_k ? 1 : dc3_budget_precisions(list);
}

static dc3_status list_offers(const dc3_run *run, offers *all)
{
    int fixed = run->options->format != DC3_FORMAT_DEFAULT, codings = fixed ? 1 : DC3_OFFERS;
    const dc3_coding *list = fixed ? &run->coding : dc3_budget_codings;
    double each[DC3_OFFERS], costs[DC3_OFFERS], rest = 0;
    dc3_precision labels[DC3_OFFER_PRECISIONS];
    int precisions = list_precisions(run, labels);
    DC3_TRY(dc3_run_measure_bytes(run, list, codings, 0, each, costs));
    if (each[0] <= 0)
        return dc3_fail(DC3_ERR_FORMAT, "%s: none of its images can be read", run->options->data);
    all->count = 0;
    for (int k = 0; k < precisions; k++) {
        dc3_cost cost = dc3_run_cost_with(run, labels[k]);
        all->once = dc3_cost_once(&cost, run->options->budget);
        DC3_TRY(measure_rest(run, &cost, &rest));
        for (int i = 0; i < codings; i++) {
            all->list[all->count] = (dc3_offer){list[i], labels[k], costs[i] + rest};
            all->image[all->count] = each[i];
            all->rest[all->count++] = costs[i] - each[i] + rest;
        }
    }
    return DC3_OK;
}

/* ---- what is said of the choice ---- */

static int same_coding(const dc3_offer *a, const dc3_offer *b)
{
    return a->coding.format == b->coding.format && a->coding.quality == b->coding.quality;
}

static int same_labels(const dc3_offer *a, const dc3_offer *b)
{
    return a->labels.bits == b->labels.bits && a->labels.top_k == b->labels.top_k;
}

static void coding_text(const dc3_offer *offer, char text[TEXT])
{
    char coding[DC3_CODING_TEXT];
    snprintf(text, TEXT, "%s", dc3_coding_text(offer->coding, coding));
}

static void labels_text(const dc3_offer *offer, char text[TEXT])
{
    int n = snprintf(text, TEXT, "labels of %d bits", offer->labels.bits);
    if (offer->labels.top_k) snprintf(text + n, (size_t)(TEXT - n), ", top %d", offer->labels.top_k);
}

/* What the rule chooses, and how it is told. */
static const struct {
    const char *name;
    int (*same)(const dc3_offer *a, const dc3_offer *b);
    void (*text)(const dc3_offer *offer, char text[TEXT]);
} chosen[] = {{"format", same_coding, coding_text}, {"label precision", same_labels, labels_text}};

/* The offers whose choice `k` is another than that of the one that is taken. */
static int list_others(const offers *all, int which, size_t k, dc3_offer others[MOST])
{
    int count = 0;
    for (int i = 0; i < all->count; i++)
        if (!chosen[k].same(&all->list[i], &all->list[which])) others[count++] = all->list[i];
    return count;
}

/* A line for each of what was open: the best with another choice, and how far it is behind. */
static void tell_why(dc3_run *run, const offers *all, const dc3_purpose *p, int which, int64_t images)
{
    const dc3_offer *taken = &all->list[which];
    double score = dc3_budget_score(taken, (double)images / (double)p->classes);
    for (size_t k = 0; k < sizeof chosen / sizeof *chosen; k++) {
        dc3_offer others[MOST];
        int count = list_others(all, which, k, others), next;
        int64_t held;
        char line[400], own[TEXT], other[TEXT];
        if (!count) continue;
        chosen[k].text(taken, own);
        if (dc3_budget_choose(others, count, p, &next, &held) == DC3_OK) {
            double behind = score - dc3_budget_score(&others[next], (double)held / (double)p->classes);
            chosen[k].text(&others[next], other);
            snprintf(line, sizeof line,
                     "%s: %s; %s would hold %lld images, an expected score %.1f points lower", chosen[k].name,
                     own, other, (long long)held, fmax(0, behind));
        } else
            snprintf(line, sizeof line, "%s: %s; no other holds an image of each class", chosen[k].name, own);
        dc3_run_say(run, "budget: %s", line);
        json_array_append_new(run->choices, json_string(line));
    }
}

static const char *what_else(const dc3_run *run)
{
    int labels = run->options->label_views > 0;
    if (run->options->store == DC3_STORE_TAR) return labels ? "tar, metadata and labels" : "tar and metadata";
    return labels ? "metadata and labels" : "metadata";
}

static dc3_status check_top_k(const dc3_run *run)
{
    int classes = dc3_dataset_classes(run->dataset), k = run->options->label_top_k;
    if (k < classes) return DC3_OK;
    return dc3_fail_setting("label_top_k", "expected less than the %d classes, found %d", classes, k);
}

/* The least bytes that any offer takes for an image of each class. */
static double least_of(const offers *all, int64_t live)
{
    double least = INFINITY;
    for (int i = 0; i < all->count; i++)
        least = fmin(least, ceil(all->once + all->list[i].bytes * (double)live));
    return least;
}

dc3_status dc3_offers_choose(dc3_run *run, int64_t live, dc3_offer *offer, int64_t *images)
{
    const dc3_condense_options *o = run->options;
    char budget[DC3_NUMBER_TEXT], each[DC3_NUMBER_TEXT], coding[DC3_CODING_TEXT];
    offers all;
    int which;
    DC3_TRY(check_top_k(run));
    DC3_TRY(list_offers(run, &all));
    const dc3_purpose purpose = {
        .budget = o->budget, .once = all.once, .classes = live, .most = dc3_dataset_size(run->dataset)};
    run->report->least_bytes = least_of(&all, live);
    if (dc3_budget_choose(all.list, all.count, &purpose, &which, images) != DC3_OK)
        return dc3_fail_setting(
            "budget",
            "expected at least about %.0f bytes, which an image of each of %lld classes takes at %d px; "
            "found %.0f; a smaller %s takes fewer%s%s",
            run->report->least_bytes, (long long)live, run->size, o->budget, dc3_setting("size"),
            o->label_views ? ", and so do fewer " : "", o->label_views ? dc3_setting("label_views") : "");
    *offer = all.list[which];
    dc3_run_say(run, "budget of %s: about %lld images as %s, %s and %.0f bytes of %s each",
                dc3_exact_size_text(o->budget, budget), (long long)*images,
                dc3_coding_text(offer->coding, coding), dc3_size_text(all.image[which], each),
                all.rest[which], what_else(run));
    if (!run->choices) run->choices = json_array();
    tell_why(run, &all, &purpose, which, *images);
    return DC3_OK;
}
