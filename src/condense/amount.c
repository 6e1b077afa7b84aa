#include "condense/amount.h"

#include <math.h>
#include <stdlib.h>
#include "budget/spread.h"
#include "condense/offers.h"
#include "methods/method.h"

static const double spare = 0.05; /* part of the images that is made beyond those that should fit */

dc3_cost dc3_run_cost(const dc3_run *run)
{
    return dc3_run_cost_with(run, dc3_run_precision(run));
}

int64_t *dc3_run_class_sizes(const dc3_run *run, int64_t *live)
{
    int classes = dc3_dataset_classes(run->dataset);
    int64_t *have = calloc((size_t)classes + 1, sizeof *have);
    *live = 0;
    for (int64_t i = 0; have && i < dc3_dataset_size(run->dataset); i++)
        *live += !have[dc3_dataset_label(run->dataset, i)]++;
    return have;
}

/* Of a budget, by the rule: what it chooses becomes the run's, and what the options say. */
static dc3_status spend_budget(dc3_run *run, int64_t live, dc3_condense_options *own, int64_t *images)
{
    dc3_offer offer;
    DC3_TRY(dc3_offers_choose(run, live, &offer, images));
    run->coding = offer.coding;
    own->label_bits = offer.labels.bits, own->label_top_k = offer.labels.top_k;
    double more = ceil((double)*images * (1 + spare));
    *images = more < (double)dc3_dataset_size(run->dataset) ? (int64_t)more : dc3_dataset_size(run->dataset);
    return DC3_OK;
}

/* With the least fraction that gives each class an image, rounded up to few digits. */
static dc3_status refuse_fraction(double fraction, int64_t live, int64_t all)
{
    int64_t scale = 1000;
    while (scale < 100 * all / live) scale *= 10;
    int64_t least = (live * scale + all - 1) / all;
    while (floor((double)least / (double)scale * (double)all) < (double)live) least++;
    return dc3_fail_setting(
        "fraction", "expected at least %.10g, that is %lld of %lld images, one of each class, found %g",
        (double)least / (double)scale, (long long)live, (long long)all, fraction);
}

static dc3_status decide_total(dc3_run *run, int64_t live, dc3_condense_options *own, int64_t *images)
{
    const dc3_condense_options *o = run->options;
    int64_t all = dc3_dataset_size(run->dataset);
    if (o->budget > 0) return spend_budget(run, live, own, images);
    *images = o->total ? o->total : (int64_t)floor(o->fraction * (double)all);
    if (*images >= live && *images <= all) return DC3_OK;
    if (!o->total) return refuse_fraction(o->fraction, live, all);
    return dc3_fail_setting("total", "expected %lld to %lld images, at least one of each class, found %lld",
                            (long long)live, (long long)all, (long long)*images);
}

dc3_status dc3_amount_decide(dc3_run *run, dc3_condense_options *own)
{
    int64_t live, images = 0, *have = NULL;
    int classes = dc3_dataset_classes(run->dataset);
    if (!dc3_amount_given(run->options)) return DC3_OK;
    have = dc3_run_class_sizes(run, &live);
    run->give = calloc((size_t)classes + 1, sizeof *run->give);
    dc3_status status = have && run->give ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK) status = decide_total(run, live, own, &images);
    if (status == DC3_OK) {
        own->select.ipc = (int)dc3_spread_by(run->options->balance, images, classes, have, run->give);
        run->total = images;
    }
    free(have);
    return status;
}
