#include "condense/storing.h"

#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "base/call.h"
#include "base/file.h"
#include "condense/amount.h"
#include "condense/chosen.h"
#include "condense/method.h"
#include "features/skipped.h"
#include "run_folder/saved_edits.h"

enum { AT_ONCE = 16, PARTS = 4 }; /* images in work where threads make them; parts of an image at most */

/* An image on its way to the disk. */
typedef struct job {
    const dc3_part *parts;
    char *relative, *path;
    int there;              /* it stood there before */
    uint64_t hashes[PARTS]; /* of the files of its parts, but for those that cannot be read */
    int failed[PARTS];
    dc3_status status;          /* of what follows the hashes */
    const dc3_part *unreadable; /* the part that it failed for, or NULL */
    char reason[512];
} job;

/* Bytes of an image in the folder; -1: it is not there. */
static int64_t bytes_of(const dc3_output *output, const char *relative, const char *path)
{
    struct stat info;
    if (output->shards) return dc3_shards_bytes(output->shards, relative);
    return stat(path, &info) == 0 && S_ISREG(info.st_mode) ? (int64_t)info.st_size : -1;
}

/* 1 if the image is there, and all of it. */
static int is_there(const dc3_output *output, int64_t image, const char *relative, const char *path)
{
    const dc3_run *run = output->run;
    int64_t found = bytes_of(output, relative, path), written = dc3_state_stored_bytes(run->state, image);
    if (found >= 0 && written >= 0 && written != found)
        dc3_run_say(run, "note: %s has %lld bytes and not the %lld that were written; made again", path,
                    (long long)found, (long long)written);
    return found >= 0 && (written < 0 || written == found);
}

static dc3_status make_and_write(dc3_run *run, job *j)
{
    dc3_made made = {0};
    dc3_status status = run->synthesis->make(run, j->parts, &made);
    j->unreadable = status == DC3_OK ? NULL : made.unreadable;
    if (status == DC3_OK && made.edits.pixels)
        status = dc3_edits_write(run->options->out, j->relative, &made.edits);
    if (status == DC3_OK) status = dc3_make_folder_of(j->path);
    if (status == DC3_OK) status = dc3_image_write_as(j->path, &made.image, run->coding);
    dc3_made_free(&made);
    return status;
}

/* The two parts of the work need neither the state nor the report, so that threads may do them at once. */
static void hash_parts(dc3_run *run, job *j)
{
    for (int k = 0; k < run->each; k++)
        j->failed[k] = dc3_dataset_hash(run->dataset, j->parts[k].item, &j->hashes[k]) != DC3_OK;
}

static void make(dc3_run *run, job *j)
{
    j->status = dc3_check_cancel();
    if (j->status == DC3_OK) j->status = make_and_write(run, j);
    if (j->status != DC3_OK) snprintf(j->reason, sizeof j->reason, "%s", dc3_error_text());
}

/* For each image that is not there. */
static void do_all(dc3_run *run, job *jobs, int count, void (*part)(dc3_run *run, job *j))
{
    dc3_watch *watch = dc3_cancel_here();
    int threads = count > 1 ? run->options->select.threads : 1;
    if (threads > 1) {
#pragma omp parallel for schedule(dynamic) num_threads(threads)
        for (int i = 0; i < count; i++) {
            DC3_CANCEL_SHARE(watch);
            if (!jobs[i].there) part(run, &jobs[i]);
        }
    } else
        for (int i = 0; i < count; i++)
            if (!jobs[i].there) part(run, &jobs[i]);
}

/* What is read is in the state before any image of it is on the disk: an image that an interrupted command
 * left there is not made again, and its inputs are not read. */
static dc3_status note_inputs(const dc3_run *run, const job *jobs, int count)
{
    dc3_status status = DC3_OK;
    int64_t items[PARTS];
    for (int i = 0; status == DC3_OK && i < count; i++) {
        for (int k = 0; k < run->each; k++) items[k] = jobs[i].parts[k].item;
        if (!jobs[i].there) status = dc3_run_note_read(run, run->each, items, jobs[i].hashes, jobs[i].failed);
    }
    return status;
}

/* What came of image number `image`; one that cannot be read is skipped. */
static dc3_status note(const dc3_output *output, int64_t image, const job *j, char *stored)
{
    dc3_run *run = output->run;
    int edits = dc3_run_edits(run);
    if (j->status != DC3_OK && j->unreadable) return dc3_run_skip(run, j->unreadable->item, j->reason);
    if (j->status != DC3_OK) return dc3_fail(j->status, "%s", j->reason);
    int64_t bytes = bytes_of(output, j->relative, j->path);
    *stored = 1;
    run->report->stored++;
    run->report->bytes += (double)bytes;
    if (!j->there) run->report->edits += edits;
    return dc3_state_store(run->state, image, bytes, edits);
}

/* The images from `first` on, `count` of them. */
static dc3_status store(dc3_run *run, dc3_output *output, const dc3_chosen *chosen, int64_t first, int count)
{
    job jobs[AT_ONCE] = {0};
    dc3_status status = dc3_check_cancel();
    for (int i = 0; status == DC3_OK && i < count; i++) {
        job *j = &jobs[i];
        j->parts = chosen->parts + (first + i) * run->each;
        status = dc3_output_name(output, j->parts, &j->relative, &j->path);
        if (status == DC3_OK) j->there = is_there(output, first + i, j->relative, j->path);
        if (status == DC3_OK && !j->there && run->options->budget > 0) status = dc3_output_reopen(output);
    }
    if (status == DC3_OK) {
        do_all(run, jobs, count, hash_parts);
        status = note_inputs(run, jobs, count);
    }
    if (status == DC3_OK) do_all(run, jobs, count, make);
    for (int i = 0; status == DC3_OK && i < count; i++)
        status = note(output, first + i, &jobs[i], chosen->stored + first + i);
    for (int i = 0; i < count; i++) free(jobs[i].relative), free(jobs[i].path);
    return status;
}

/* Numbers the images, notes their names and prepares them. What a budget left out before has its number, and
 * its part in what is prepared, as it had when the others were made. */
static dc3_status plan(dc3_run *run, dc3_output *output, dc3_chosen *chosen)
{
    int left = run->options->budget > 0 && output->continues;
    DC3_TRY(dc3_chosen_number(run, chosen));
    if (!left) DC3_TRY(dc3_output_plan(output, chosen));
    run->to_make = chosen->count;
    if (run->synthesis->prepare) DC3_TRY(run->synthesis->prepare(run, chosen));
    if (!left) return DC3_OK;
    DC3_TRY(dc3_amount_continue(run, output, chosen));
    run->to_make = chosen->count;
    return dc3_output_plan(output, chosen);
}

/* What an earlier part of the run packed is as good as files if nothing lacks; else files are made of it. */
static dc3_status look_into_shards(dc3_run *run, dc3_output *output, const dc3_chosen *chosen)
{
    if (run->options->store != DC3_STORE_TAR || !output->continues) return DC3_OK;
    DC3_TRY(dc3_shards_open(output->train, &output->shards));
    int there = output->shards && dc3_shards_whole(output->shards);
    for (int64_t i = 0; there && i < chosen->count; i++) {
        char *relative, *path;
        DC3_TRY(dc3_output_name(output, chosen->parts + i * run->each, &relative, &path));
        there = is_there(output, i, relative, path);
        free(relative);
        free(path);
    }
    if (!output->shards || there) return DC3_OK;
    dc3_shards_close(&output->shards);
    DC3_TRY(dc3_output_reopen(output));
    return dc3_shards_unpack(output->train);
}

dc3_status dc3_store_all(dc3_run *run, dc3_output *output, dc3_chosen *chosen)
{
    int most = run->synthesis->threads ? AT_ONCE : 1;
    DC3_TRY(plan(run, output, chosen));
    DC3_TRY(look_into_shards(run, output, chosen));
    for (run->making = 0; run->making < run->to_make;) {
        int64_t left = run->to_make - run->making, count = left < most ? left : most;
        dc3_run_made(run, 0);
        DC3_TRY(store(run, output, chosen, run->making, (int)count));
        run->making += count;
    }
    dc3_run_made(run, 0);
    if (run->report->stored == 0)
        return dc3_fail(DC3_ERR_FORMAT, "%s: none of %lld images can be read", run->options->data,
                        (long long)chosen->count);
    DC3_TRY(dc3_output_write_metadata(output, chosen));
    if (run->synthesis->tidy) run->synthesis->tidy(run, chosen);
    if (run->options->budget > 0 && !output->shards) DC3_TRY(dc3_amount_fit(run, output, chosen));
    return dc3_output_finish(output);
}
