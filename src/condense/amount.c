#include "condense/amount.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "budget/measure.h"
#include "budget/rule.h"
#include "budget/spread.h"
#include "colour/combine.h"
#include "methods/method.h"
#include "methods/selection.h"
#include "dc3/text.h"
#include "labels/soft_labels.h"
#include "options/coding.h"
#include "run_folder/store.h"
#include "teacher/classes.h"

enum { SIZED = 64 };              /* images whose lines are measured */
static const double spare = 0.05; /* part of the images that is made beyond those that should fit */

/* ---- what an image takes ---- */

dc3_cost dc3_run_cost(const dc3_run *run)
{
    const dc3_condense_options *o = run->options;
    dc3_cost cost = {.tar = o->store == DC3_STORE_TAR, .shard = dc3_store_shard_bytes(o)};
    if (!o->label_views) return cost;
    json_t *names = dc3_class_names(run->dataset);
    cost.labels = dc3_soft_labels_bytes(1, o->label_views, dc3_dataset_classes(run->dataset), o->label_top_k,
                                        o->label_bits ? o->label_bits : 16);
    cost.names = dc3_cost_names(names);
    json_decref(names);
    return cost;
}

dc3_status dc3_run_measure_bytes(const dc3_run *run, const dc3_coding *codings, int count, double seconds,
                                 double *each, double *costs)
{
    dc3_cost cost = dc3_run_cost(run);
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
    int crops = run->crops > 0, ranked = run->needs & (DC3_NEEDS_FEATURES | DC3_NEEDS_BINS);
    int gains = ranked && dc3_run_uses(run) & DC3_USES_MAXIMIZER;
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
                                  .rank = ranked ? 1 : 0,
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

/* ---- how many ---- */

/* Images of each class, [classes], the caller frees; *live classes have any. */
static int64_t *count_images(const dc3_run *run, int64_t *live)
{
    int classes = dc3_dataset_classes(run->dataset);
    int64_t *have = calloc((size_t)classes + 1, sizeof *have);
    *live = 0;
    for (int64_t i = 0; have && i < dc3_dataset_size(run->dataset); i++)
        *live += !have[dc3_dataset_label(run->dataset, i)]++;
    return have;
}

static const char *what_else(const dc3_cost *cost)
{
    if (cost->tar) return cost->labels > 0 ? "tar, metadata and labels" : "tar and metadata";
    return cost->labels > 0 ? "metadata and labels" : "metadata";
}

static dc3_status choose_offer(dc3_run *run, int64_t live, int64_t *images)
{
    const dc3_condense_options *o = run->options;
    dc3_offer offers[DC3_OFFERS];
    double each[DC3_OFFERS], costs[DC3_OFFERS], rest = 0;
    dc3_cost cost = dc3_run_cost(run);
    int fixed = o->format != DC3_FORMAT_DEFAULT, count = fixed ? 1 : DC3_OFFERS, which = 0;
    char size[DC3_NUMBER_TEXT], text[DC3_CODING_TEXT], expected[DC3_NUMBER_TEXT];
    const dc3_coding *codings = fixed ? &run->coding : dc3_budget_codings;
    if (o->label_top_k >= dc3_dataset_classes(run->dataset))
        return dc3_fail_setting("label_top_k", "expected less than the %d classes, found %d",
                                dc3_dataset_classes(run->dataset), o->label_top_k);
    DC3_TRY(dc3_run_measure_bytes(run, codings, count, 0, each, costs));
    DC3_TRY(measure_rest(run, &cost, &rest));
    if (each[0] <= 0) return dc3_fail(DC3_ERR_FORMAT, "%s: none of its images can be read", o->data);
    double once = dc3_cost_once(&cost, o->budget);
    for (int i = 0; i < count; i++) {
        offers[i] = (dc3_offer){codings[i], costs[i] + rest};
        double least = ceil(once + offers[i].bytes * (double)live);
        if (!i || least < run->report->least_bytes) run->report->least_bytes = least;
    }
    dc3_exact_size_text(o->budget, size);
    if (dc3_budget_choose(offers, count, o->budget, once, live, dc3_dataset_size(run->dataset), &which,
                          images) != DC3_OK)
        return dc3_fail_setting(
            "budget",
            "expected at least about %.0f bytes, which an image of each of %lld classes takes at %d px; "
            "found %.0f; a smaller %s takes fewer",
            run->report->least_bytes, (long long)live, run->size, o->budget, dc3_setting("size"));
    run->coding = codings[which];
    dc3_run_say(run, "budget of %s: about %lld images as %s, %s and %.0f bytes of %s each", size,
                (long long)*images, dc3_coding_text(run->coding, text), dc3_size_text(each[which], expected),
                rest + costs[which] - each[which], what_else(&cost));
    double more = ceil((double)*images * (1 + spare));
    *images = more < (double)dc3_dataset_size(run->dataset) ? (int64_t)more : dc3_dataset_size(run->dataset);
    return DC3_OK;
}

static dc3_status decide_total(dc3_run *run, int64_t live, int64_t *images)
{
    const dc3_condense_options *o = run->options;
    int64_t all = dc3_dataset_size(run->dataset);
    if (o->budget > 0) return choose_offer(run, live, images);
    *images = o->total ? o->total : (int64_t)floor(o->fraction * (double)all);
    if (*images >= live && *images <= all) return DC3_OK;
    return dc3_fail_setting(o->total ? "total" : "fraction",
                            "expected %lld to %lld images, at least one of each class, found %lld",
                            (long long)live, (long long)all, (long long)*images);
}

dc3_status dc3_amount_decide(dc3_run *run, dc3_condense_options *own)
{
    int64_t live, images = 0, *have = NULL;
    int classes = dc3_dataset_classes(run->dataset);
    if (!dc3_amount_given(run->options)) return DC3_OK;
    have = count_images(run, &live);
    run->give = calloc((size_t)classes + 1, sizeof *run->give);
    dc3_status status = have && run->give ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK) status = decide_total(run, live, &images);
    if (status == DC3_OK) {
        own->select.ipc = (int)dc3_spread_by(run->options->balance, images, classes, have, run->give);
        run->total = images;
    }
    free(have);
    return status;
}
