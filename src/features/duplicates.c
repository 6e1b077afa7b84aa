#include "features/duplicates.h"

#include <stdlib.h>
#include "features/copies.h"
#include "features/feature_rows.h"
#include "features/given.h"
#include "lookalikes/lookalikes.h"

dc3_status dc3_duplicates_check(const dc3_condense_options *o)
{
    if (o->hash_distance != -1 && !o->without_duplicates)
        return dc3_fail_setting("hash_distance", "says how near duplicates are for %s; use both",
                                dc3_setting("without_duplicates"));
    return o->hash_distance == -1 ? DC3_OK : dc3_lookalikes_check(o->hash_distance);
}

/* Where features are made, who makes them says so, too. */
static dc3_status pass(void *user, int64_t item, const char *reason)
{
    dc3_run *run = user;
    return run->given && !dc3_run_asks(run) ? dc3_given_lose(run, item, reason) : DC3_OK;
}

static void tell(dc3_run *run, const dc3_lookalikes *l)
{
    const dc3_dataset *d = run->dataset;
    int64_t near = -1, other = -1;
    for (int64_t i = dc3_dataset_size(d) - 1; i >= 0; i--) {
        if (l->images[i].own.kind == DC3_NEAR_HASH) near = i;
        if (l->images[i].other.kind == DC3_NEAR_HASH) other = i;
    }
    if (near >= 0)
        dc3_run_say(run, "note: %lld image%s class ('%s' of '%s'): left out", (long long)l->near,
                    l->near == 1 ? " is a near-duplicate of another of its"
                                 : "s are near-duplicates of others of their",
                    dc3_dataset_key(d, near), dc3_dataset_key(d, l->images[near].own.item));
    else
        dc3_run_say(run, "no image is a near-duplicate of another of its class");
    if (other >= 0)
        dc3_run_say(run,
                    "warning: '%s' is a near-duplicate of '%s' of another class: with both labels they are "
                    "kept; one of "
                    "them may be wrong (dc3 duplicates lists all)",
                    dc3_dataset_key(d, other), dc3_dataset_key(d, l->images[other].other.item));
}

dc3_status dc3_duplicates_find(dc3_run *run)
{
    const dc3_condense_options *o = run->options;
    int64_t n = dc3_dataset_size(run->dataset);
    if (!o->without_duplicates || run->duplicates) return DC3_OK;
    dc3_lookalikes l = {.dataset = run->dataset,
                        .most = o->hash_distance < 0 ? DC3_LOOKALIKE_BITS : o->hash_distance,
                        .threads = o->select.threads,
                        .listener = &o->listener,
                        .skip = pass,
                        .user = run};
    dc3_status status = dc3_lookalikes_find(&l);
    if (status == DC3_OK && !(run->duplicates = malloc((size_t)n + 1)))
        status = dc3_fail(DC3_ERR_MEMORY, "out of memory");
    for (int64_t i = 0; status == DC3_OK && i < n; i++) {
        run->duplicates[i] = l.images[i].own.item >= 0;
        if (run->duplicates[i]) status = dc3_copies_note(run, i, l.images[i].own.item);
    }
    if (status == DC3_OK) {
        tell(run, &l);
        run->report->near_duplicates += l.near;
    }
    dc3_lookalikes_free(&l);
    return status;
}

dc3_status dc3_duplicates_leave_out(dc3_run *run)
{
    DC3_TRY(dc3_duplicates_find(run));
    if (!run->duplicates) return DC3_OK;
    int64_t *first = malloc((size_t)(run->n + 1) * sizeof *first);
    if (!first) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    for (int64_t i = 0; i < run->n; i++) first[i] = run->duplicates[run->items[i]] ? -1 : i;
    dc3_status status = dc3_feature_rows_keep(run, first);
    free(first);
    return status;
}
