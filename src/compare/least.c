/* Whether the smallest budget holds a set, which is known before hours of work with a teacher. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "budget/measure.h"
#include "budget/rule.h"
#include "compare/comparing.h"

/* Classes that have any image; *lines: what one of each takes in metadata.jsonl by any method, at least. */
static int64_t live_classes(const dc3_dataset *data, double *lines)
{
    static const char each[] =
        "{\"file_name\":\"/\",\"label\":0,\"class\":\"\",\"source\":\"\",\"method\":\"\"}\n";
    int64_t live = 0;
    size_t shortest = SIZE_MAX;
    char *seen = calloc((size_t)dc3_dataset_classes(data) + 1, 1);
    *lines = 0;
    for (int64_t i = 0; seen && i < dc3_dataset_size(data); i++) {
        int label = dc3_dataset_label(data, i);
        size_t key = strlen(dc3_dataset_key(data, i));
        if (key < shortest) shortest = key;
        if (seen[label]) continue;
        *lines += (double)(strlen(each) + 2 * strlen(dc3_dataset_class_name(data, label)));
        seen[label] = 1;
        live++;
    }
    free(seen);
    if (live) *lines += (double)live * (double)shortest;
    return live;
}

dc3_status dc3_comparing_check_least(const dc3_comparing *c, const dc3_dataset *data, int size)
{
    const dc3_condense_options *d = &c->options->condense;
    dc3_cell one;
    int64_t least = 0;
    double each[DC3_OFFERS], lines;
    const dc3_coding fixed = {d->format, d->quality, d->chroma};
    int is_fixed = d->format != DC3_FORMAT_DEFAULT, count = is_fixed ? 1 : DC3_OFFERS;
    for (int i = 0; dc3_wanted_amount(c->options, i, &one); i++)
        if (!i || one.budget < least) least = one.budget;
    if (!least) return DC3_OK;
    const dc3_sizing sizing = {
        data, size, 1, d->fit == DC3_FIT_DEFAULT ? DC3_FIT_CROP : d->fit, d->select.threads, 0, NULL};
    DC3_TRY(dc3_budget_measure(&sizing, is_fixed ? &fixed : dc3_budget_codings, count, each, NULL));
    for (int i = 1; i < count; i++) each[0] = fmin(each[0], each[i]);
    int64_t live = live_classes(data, &lines);
    double needed = each[0] * (double)live + lines;
    if (needed <= (double)least) return DC3_OK;
    return dc3_fail_setting(
        "budgets",
        "expected at least about %.0f bytes, which an image of each of %lld classes takes at %d "
        "px; found %lld; a smaller %s takes fewer",
        ceil(needed), (long long)live, size, (long long)least, dc3_setting("size"));
}
