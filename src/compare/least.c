/* Whether the smallest budget holds a set, which is known before hours of work with a teacher. */
#include <math.h>
#include <stdlib.h>
#include "budget/measure.h"
#include "budget/rule.h"
#include "compare/comparing.h"

/* Classes that have any image. */
static int64_t live_classes(const dc3_dataset *data)
{
    int64_t live = 0;
    char *seen = calloc((size_t)dc3_dataset_classes(data) + 1, 1);
    for (int64_t i = 0; seen && i < dc3_dataset_size(data); i++) {
        char *one = &seen[dc3_dataset_label(data, i)];
        live += !*one;
        *one = 1;
    }
    free(seen);
    return live;
}

dc3_status dc3_comparing_check_least(const dc3_comparing *c, const dc3_dataset *data, int size)
{
    const dc3_condense_options *d = &c->options->condense;
    const double seconds = 1;
    dc3_cell one;
    int64_t least = 0;
    double each;
    dc3_coding coding = dc3_budget_codings[0]; /* of most loss */
    for (int i = 0; dc3_wanted_amount(c->options, i, &one); i++)
        if (!i || one.budget < least) least = one.budget;
    if (!least) return DC3_OK;
    if (d->format != DC3_FORMAT_DEFAULT) coding = (dc3_coding){d->format, d->quality, d->chroma};
    const dc3_sizing sizing = {
        data, size, 1, d->fit == DC3_FIT_DEFAULT ? DC3_FIT_CROP : d->fit, d->select.threads, seconds, NULL};
    DC3_TRY(dc3_budget_measure(&sizing, &coding, 1, &each, NULL));
    double needed = each * (double)live_classes(data);
    if (needed <= (double)least) return DC3_OK;
    return dc3_fail_setting(
        "budgets",
        "expected at least about %.0f bytes, which an image of each of %lld classes takes at %d "
        "px; found %lld; a smaller %s takes fewer",
        ceil(needed), (long long)live_classes(data), size, (long long)least, dc3_setting("size"));
}
