#include "features/given.h"

#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/pieces.h"
#include "base/text.h"
#include "features/feature_rows.h"
#include "features/skipped.h"
#include "select/row_paths.h"

/* The list of the rows' images is no place for a result. */
static dc3_status check_list(const dc3_condense_options *o)
{
    char *list, *real = NULL, *out = NULL;
    DC3_TRY(dc3_row_paths_beside(o->features, &list));
    if (list && o->out) real = dc3_path_real(list), out = dc3_path_real(o->out);
    int same = real && out && strcmp(real, out) == 0;
    free(real), free(out), g_free(list);
    if (same)
        return dc3_fail_setting("out", "%s is the list of %s; choose another name", o->out, o->features);
    return DC3_OK;
}

dc3_status dc3_given_open(dc3_run *run)
{
    char others[64] = "";
    const char *path = run->options->features;
    DC3_TRY(check_list(run->options));
    DC3_TRY(dc3_image_rows_again(run->opened, path, run->dataset, &run->given));
    const dc3_image_rows *g = run->given;
    run->feature_length = g->d;
    if (g->others)
        snprintf(others, sizeof others, "; %lld row%s of other images", (long long)g->others,
                 g->others == 1 ? " is" : "s are");
    dc3_run_say(run, "features of %lld image%s from %s, %lld values each%s", (long long)g->images,
                g->images == 1 ? "" : "s", path, (long long)g->d, others);
    return DC3_OK;
}

dc3_status dc3_given_add(dc3_run *run, int64_t item, const float *embedding, const float *logits)
{
    if (run->given->row_of[item] < 0) return dc3_run_skip(run, item, "it has no row of features");
    return dc3_feature_rows_add(run, item, dc3_image_rows_get(run->given, item), embedding, logits);
}

/* An image without a row could not be read. */
static dc3_status skip_unreadable(dc3_run *run, int64_t item)
{
    char reason[256] = "it has no row of features";
    dc3_image image = {0};
    if (dc3_dataset_read(run->dataset, item, 0, 0, run->fit, &image) != DC3_OK)
        snprintf(reason, sizeof reason, "%s", dc3_error_text());
    dc3_image_free(&image);
    return dc3_run_skip(run, item, reason);
}

dc3_status dc3_given_skip(dc3_run *run)
{
    for (int64_t i = 0; i < dc3_dataset_size(run->dataset); i++) {
        if (run->given->row_of[i] < 0) DC3_TRY(skip_unreadable(run, i));
        DC3_TRY(dc3_check_cancel());
    }
    return DC3_OK;
}

dc3_status dc3_given_take(dc3_run *run)
{
    int64_t n = dc3_dataset_size(run->dataset);
    DC3_TRY(dc3_feature_rows_open(run, n));
    for (int64_t i = 0; i < n; i++) {
        if (run->given->row_of[i] >= 0) DC3_TRY(dc3_given_add(run, i, NULL, NULL));
        DC3_TRY(dc3_check_cancel());
    }
    if (!run->n)
        return dc3_fail(DC3_ERR_FORMAT, "%s: no image that has a row of features can be read",
                        run->options->data);
    return dc3_feature_rows_finish(run);
}

dc3_status dc3_given_lose(dc3_run *run, int64_t item, const char *reason)
{
    if (run->given->row_of[item] < 0) return DC3_OK;
    run->given->row_of[item] = -1;
    return dc3_run_skip(run, item, reason);
}

/* ---- images that were chosen ---- */

typedef struct looking {
    dc3_run *run;
    const dc3_part *parts;
} looking;

typedef struct look {
    int failed;
    char reason[256];
} look;

static dc3_status look_at(void *user, int worker, int64_t i, void *result)
{
    const looking *l = user;
    const dc3_run *run = l->run;
    look *to = result;
    int64_t item = l->parts[i].item;
    dc3_image image = {0};
    (void)worker;
    to->failed = !run->seen[item] &&
                 dc3_dataset_read(run->dataset, item, run->size, run->size, run->fit, &image) != DC3_OK;
    if (to->failed) snprintf(to->reason, sizeof to->reason, "%s", dc3_error_text());
    dc3_image_free(&image);
    return DC3_OK;
}

static dc3_status note(void *user, int64_t i, void *result)
{
    const looking *l = user;
    const look *found = result;
    return found->failed ? dc3_given_lose(l->run, l->parts[i].item, found->reason) : DC3_OK;
}

dc3_status dc3_given_check(dc3_run *run, int64_t count, const dc3_part *parts, int *lost)
{
    looking l = {run, parts};
    dc3_pieces pieces = {.count = count,
                         .workers = run->options->select.threads,
                         .result_size = sizeof(look),
                         .user = &l,
                         .work = look_at,
                         .take = note};
    if (!run->seen) run->seen = calloc((size_t)dc3_dataset_size(run->dataset) + 1, 1);
    dc3_status status = run->seen ? dc3_pieces_run(&pieces) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    *lost = 0;
    for (int64_t i = 0; status == DC3_OK && i < count; i++) {
        int there = run->given->row_of[parts[i].item] >= 0;
        run->seen[parts[i].item] = (uint8_t)there;
        *lost |= !there;
    }
    return status;
}
