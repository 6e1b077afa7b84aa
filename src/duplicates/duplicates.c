/* dc3 duplicates: images that are the same, or nearly. */
#include "dc3/duplicates.h"

#include <stdlib.h>
#include "base/call.h"
#include "base/listener.h"
#include "base/options.h"
#include "duplicates/embeddings.h"
#include "duplicates/folder.h"
#include "duplicates/groups.h"
#include "duplicates/tell.h"
#include "teacher/classes.h"

dc3_duplicates_options dc3_duplicates_defaults(void)
{
    return (dc3_duplicates_options){
        .struct_size = sizeof(dc3_duplicates_options), .hash_distance = -1, .threads = 1};
}

/* While the dataset is listed nobody knows how many there will be. */
static void listed(void *user, int64_t images)
{
    const dc3_listener *listener = user;
    if (listener->progress) listener->progress(listener->user, "listing", images, -1);
}

static dc3_status open_data(dc3_finding *f, dc3_listener *listener)
{
    const dc3_duplicates_options *o = f->options;
    DC3_TRY(dc3_dataset_open_given(o->data, &o->choice, listed, listener, &f->dataset));
    dc3_report_notes(listener, f->dataset);
    const char *fault = dc3_dataset_fault(f->dataset);
    if (o->strict && fault) return dc3_fail(DC3_ERR_FORMAT, "%s (%s)", fault, dc3_setting("strict"));
    if (o->strict) DC3_TRY(dc3_dataset_check_skipped(f->dataset));
    f->report->images = dc3_dataset_size(f->dataset);
    return DC3_OK;
}

/* An image that cannot be read. */
static dc3_status skip(void *user, int64_t item, const char *reason)
{
    enum { TOLD = 5 };
    dc3_finding *f = user;
    const dc3_listener *listener = &f->options->listener;
    if (f->options->strict) return dc3_fail(DC3_ERR_FORMAT, "%s (%s)", reason, dc3_setting("strict"));
    json_t *line = json_array();
    json_array_append_new(line, dc3_json_text(dc3_dataset_key(f->dataset, item)));
    json_array_append_new(line, dc3_json_text(reason));
    if (json_array_append_new(f->skipped, line) != 0) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    f->report->skipped++;
    if (f->report->skipped <= TOLD) dc3_listener_say(listener, "skipped: %s", reason);
    if (f->report->skipped == TOLD + 1)
        dc3_listener_say(listener, "skipped: more; %s lists them all", dc3_setting("json"));
    return DC3_OK;
}

static dc3_status find(dc3_finding *f)
{
    const dc3_duplicates_options *o = f->options;
    f->like = (dc3_lookalikes){.dataset = f->dataset,
                               .most = o->exact               ? DC3_LOOKALIKE_EXACT
                                       : o->hash_distance < 0 ? DC3_LOOKALIKE_BITS
                                                              : o->hash_distance,
                               .threads = o->threads,
                               .listener = &o->listener,
                               .skip = skip,
                               .user = f};
    DC3_TRY(dc3_lookalikes_find(&f->like));
    if (f->report->skipped == f->report->images)
        return dc3_fail(DC3_ERR_FORMAT, "%s: none of %lld images can be read", o->data,
                        (long long)f->report->images);
    DC3_TRY(dc3_embeddings_compare(f));
    DC3_TRY(dc3_groups_make(f));
    DC3_TRY(dc3_tell_text(f));
    return dc3_tell_json(f);
}

static dc3_status check_options(const dc3_duplicates_options *o)
{
    DC3_TRY(dc3_lookalikes_check(o->hash_distance));
    if (o->exact && o->hash_distance >= 0)
        return dc3_fail_about("hash_distance",
                              "%s looks for no near-duplicates, %s for those: expected one of them",
                              dc3_setting("exact"), dc3_setting("hash_distance"));
    DC3_TRY(dc3_embeddings_check(o));
    return dc3_duplicates_check_place(o);
}

dc3_status dc3_duplicates(const dc3_duplicates_options *given, dc3_duplicates_report *report)
{
    dc3_duplicates_options own = dc3_duplicates_defaults();
    DC3_TRY(dc3_place_need("report", report));
    *report = (dc3_duplicates_report){0};
    DC3_TRY(DC3_TAKE_OPTIONS(dc3_duplicates_options, listener, given, &own));
    DC3_TRY(dc3_options_threads(&own.threads));
    DC3_TRY(dc3_options_need("data", own.data));
    DC3_CALL_SCOPE(own.listener.cancel);
    dc3_finding f = {.options = &own, .report = report, .skipped = json_array()};
    dc3_status status = check_options(&own);
    if (status == DC3_OK) status = open_data(&f, &own.listener);
    if (status == DC3_OK) status = find(&f);
    if (status == DC3_OK && own.out) status = dc3_duplicates_write(&f);
    dc3_dataset_say_reading(f.dataset, &own.listener);
    dc3_dataset_close(&f.dataset);
    dc3_lookalikes_free(&f.like);
    json_decref(f.skipped);
    free(f.groups), free(f.members);
    if (status == DC3_OK) return status;
    free(report->text), free(report->json);
    report->text = report->json = NULL;
    return status;
}
