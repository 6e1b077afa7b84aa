/* Which of the chosen images stay, where they are counted over all classes. What a budget leaves out is noted
 * in selection.json (run_folder/left_out.h) before it goes, so that a command that is given again
 * makes none of it anew. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "budget/leave.h"
#include "budget/spread.h"
#include "condense/amount.h"
#include "methods/chosen.h"
#include "methods/method.h"
#include "dc3/text.h"
#include "options/coding.h"
#include "run_folder/left_out.h"
#include "run_folder/saved_edits.h"

/* The chosen images, class by class; those that are stored, before that all, are there. The caller frees. */
static dc3_status list_images(const dc3_run *run, const dc3_chosen *chosen, dc3_stay **images)
{
    dc3_stay *list = *images = calloc((size_t)chosen->count + 1, sizeof *list);
    for (int64_t i = 0; list && i < chosen->count; i++) {
        const dc3_part *part = chosen->parts + i * run->each;
        list[i] = (dc3_stay){.label = dc3_dataset_label(run->dataset, part->item),
                             .rank = part->rank,
                             .repeat = part->repeat > 0,
                             .there = (char)(!chosen->stored || chosen->stored[i])};
    }
    return list ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
}

static int64_t count_repeats(const dc3_stay *images, int64_t count)
{
    int64_t repeats = 0;
    for (int64_t i = 0; i < count; i++) repeats += images[i].there && images[i].repeat;
    return repeats;
}

/* Takes those out that go [count], and keeps the others in their order. */
static void take_out(const dc3_run *run, dc3_chosen *c, const char *goes)
{
    int64_t kept = 0, each = run->each;
    for (int64_t i = 0; i < c->count; i++) {
        if (goes[i]) continue;
        memmove(c->parts + kept * each, c->parts + i * each, (size_t)each * sizeof *c->parts);
        if (c->stored) c->stored[kept] = c->stored[i];
        kept++;
    }
    c->count = kept;
}

dc3_status dc3_amount_trim(dc3_run *run, dc3_chosen *chosen)
{
    dc3_stay *images;
    if (!run->give) return DC3_OK;
    char *goes = calloc((size_t)chosen->count + 1, 1);
    if (!goes) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    dc3_status status = list_images(run, chosen, &images);
    if (status == DC3_OK) {
        int64_t repeats = count_repeats(images, chosen->count);
        status = dc3_leave_beyond(images, chosen->count, run->give);
        run->report->repeated -= repeats - count_repeats(images, chosen->count);
        for (int64_t i = 0; i < chosen->count; i++) goes[i] = !images[i].there;
        if (status == DC3_OK) take_out(run, chosen, goes);
        free(images);
    }
    free(goes);
    return status;
}

/* ---- bytes ---- */

/* Bytes of an image, and what is stored beside it. */
static dc3_status bytes_of(const dc3_output *output, const dc3_cost *cost, const dc3_part *parts,
                           double *image, double *rest)
{
    char *relative, *path;
    struct stat info;
    DC3_TRY(dc3_output_name(output, parts, &relative, &path));
    int number = output->labels[dc3_dataset_label(output->run->dataset, parts->item)];
    char *text = dc3_metadata_line(output->run, number, relative, parts);
    *image = stat(path, &info) == 0 ? (double)info.st_size : 0;
    *rest = text ? dc3_cost_rest(cost, (double)strlen(text), number, relative) : 0;
    dc3_status status = text ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    free(text);
    free(relative);
    free(path);
    return status;
}

/* The image with its edits, as far as they are there. */
static dc3_status remove_image(const dc3_output *output, const dc3_part *parts)
{
    char *relative, *path;
    DC3_TRY(dc3_output_name(output, parts, &relative, &path));
    dc3_status status = DC3_OK;
    if (unlink(path) != 0 && errno != ENOENT)
        status = dc3_fail(DC3_ERR_IO, "%s: cannot be removed: %s", path, strerror(errno));
    dc3_edits_remove(output->folder, relative);
    free(relative);
    free(path);
    return status;
}

static dc3_status remove_images(const dc3_output *output, const dc3_chosen *chosen, const char *goes)
{
    for (int64_t i = 0; i < chosen->count; i++)
        if (goes[i]) DC3_TRY(remove_image(output, chosen->parts + i * output->run->each));
    return DC3_OK;
}

/* Leaves images out until the budget is kept; *sum: bytes of the rest. */
static dc3_status keep_within(const dc3_run *run, dc3_stay *images, int64_t count, double budget, double *sum)
{
    int64_t live, *have = dc3_run_class_sizes(run, &live);
    int classes = dc3_dataset_classes(run->dataset);
    double *weights = calloc((size_t)classes + 1, sizeof *weights);
    for (int i = 0; have && weights && i < classes; i++)
        weights[i] = dc3_spread_weight(run->options->balance, have[i]);
    dc3_status status = have && weights ? dc3_leave_until(images, count, weights, budget, sum)
                                        : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    free(have);
    free(weights);
    return status;
}

/* Decides which images go, [count]; *gone of them. */
static dc3_status decide(dc3_run *run, const dc3_output *output, const dc3_chosen *chosen, char *goes,
                         int64_t *gone)
{
    dc3_stay *images;
    dc3_cost cost = dc3_run_cost(run);
    double once = dc3_cost_once(&cost, run->options->budget);
    double sum = 0, image, rest, budget = run->options->budget - once;
    char size[DC3_NUMBER_TEXT];
    DC3_TRY(list_images(run, chosen, &images));
    dc3_status status = DC3_OK;
    for (int64_t i = 0; status == DC3_OK && i < chosen->count; i++) {
        if (!images[i].there) continue;
        status = bytes_of(output, &cost, chosen->parts + i * run->each, &image, &rest);
        images[i].bytes = dc3_cost_image(&cost, image) + rest;
    }
    int64_t repeats = count_repeats(images, chosen->count);
    if (status == DC3_OK) status = keep_within(run, images, chosen->count, budget, &sum);
    if (status == DC3_OK && sum > budget) {
        run->report->least_bytes = sum + once;
        status = dc3_fail_setting(
            "budget", "expected at least %.0f bytes, which an image of each class takes; found %s",
            sum + once, dc3_exact_size_text(run->options->budget, size));
    }
    *gone = 0;
    for (int64_t i = 0; status == DC3_OK && i < chosen->count; i++)
        *gone += goes[i] = chosen->stored[i] && !images[i].there;
    if (*gone) run->report->repeated -= repeats - count_repeats(images, chosen->count);
    free(images);
    return status;
}

static dc3_status note_left_out(const dc3_output *output, const dc3_chosen *chosen, const char *goes)
{
    char *relative, *file;
    json_t *names = json_array();
    dc3_status status = DC3_OK;
    for (int64_t i = 0; status == DC3_OK && i < chosen->count; i++) {
        if (!goes[i]) continue;
        status = dc3_output_name(output, chosen->parts + i * output->run->each, &relative, &file);
        if (status != DC3_OK) break;
        json_array_append_new(names, dc3_json_text(relative));
        free(relative);
        free(file);
    }
    if (status == DC3_OK) status = dc3_left_out_add(output->folder, names, output->run->report->repeated);
    json_decref(names);
    return status;
}

/* Notes what is left in the folder's state and in the report. */
static dc3_status note_left(dc3_run *run, dc3_output *output, dc3_chosen *chosen)
{
    int edits = dc3_run_edits(run);
    DC3_TRY(dc3_output_plan(output, chosen));
    run->report->stored = 0;
    run->report->bytes = 0;
    dc3_cost cost = dc3_run_cost(run);
    for (int64_t i = 0; i < chosen->count; i++) {
        double image, rest;
        if (!chosen->stored[i]) continue;
        DC3_TRY(bytes_of(output, &cost, chosen->parts + i * run->each, &image, &rest));
        DC3_TRY(dc3_state_store(run->state, i, (int64_t)image, edits));
        run->report->stored++;
        run->report->bytes += image;
    }
    return DC3_OK;
}

/* Whatever ends it in between, the command given again goes on: what is noted as left out is no longer
 * described, then no longer there, then no longer listed. */
static dc3_status leave_out(dc3_run *run, dc3_output *output, dc3_chosen *chosen, const char *goes)
{
    DC3_TRY(note_left_out(output, chosen, goes));
    for (int64_t i = 0; i < chosen->count; i++)
        if (goes[i]) chosen->stored[i] = 0;
    DC3_TRY(dc3_output_write_metadata(output, chosen));
    DC3_TRY(remove_images(output, chosen, goes));
    take_out(run, chosen, goes);
    return note_left(run, output, chosen);
}

dc3_status dc3_amount_fit(dc3_run *run, dc3_output *output, dc3_chosen *chosen)
{
    int64_t gone = 0;
    char *goes = calloc((size_t)chosen->count + 1, 1);
    if (!goes) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    dc3_status status = decide(run, output, chosen, goes, &gone);
    if (status == DC3_OK && gone) {
        dc3_run_say(run, "budget: %lld image%s made beyond it %s left out, %lld stay", (long long)gone,
                    gone == 1 ? "" : "s", gone == 1 ? "is" : "are", (long long)(run->report->stored - gone));
        status = leave_out(run, output, chosen, goes);
    }
    free(goes);
    return status;
}

dc3_status dc3_amount_continue(dc3_run *run, const dc3_output *output, dc3_chosen *chosen)
{
    char *goes = calloc((size_t)chosen->count + 1, 1), *relative, *file;
    json_t *names = NULL;
    if (!goes) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    dc3_status status = dc3_left_out_read(output->folder, &names);
    for (int64_t i = 0; status == DC3_OK && json_object_size(names) && i < chosen->count; i++) {
        status = dc3_output_name(output, chosen->parts + i * run->each, &relative, &file);
        if (status != DC3_OK) break;
        goes[i] = json_object_get(names, relative) != NULL;
        free(relative);
        free(file);
    }
    if (status == DC3_OK) status = remove_images(output, chosen, goes);
    if (status == DC3_OK) take_out(run, chosen, goes);
    json_decref(names);
    free(goes);
    return status;
}
