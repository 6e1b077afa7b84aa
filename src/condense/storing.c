#include "condense/storing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "base/file.h"
#include "base/pieces.h"
#include "condense/amount.h"
#include "condense/making.h"
#include "methods/chosen.h"
#include "methods/method.h"
#include "features/crew.h"
#include "features/skipped.h"
#include "ranks/ranks.h"
#include "run_folder/store.h"

/* Images in work where several are made at once, at least, and for each worker; more with other
 * ranks, which wait for the last. */
enum { AT_ONCE = 64, EACH = 4, EACH_OF_RANKS = 16 };

/* An image on its way to the disk. */
typedef struct job {
    const dc3_part *parts;
    char *relative, *path;
    int there;                  /* it stood there before */
    uint64_t hashes[DC3_PARTS]; /* of the files of its parts, but for those that cannot be read */
    int failed[DC3_PARTS];
} job;

/* What is made. */
typedef struct storing {
    dc3_run *run;
    dc3_output *output;
    dc3_chosen *chosen;
    dc3_crew crew;
    dc3_share *share; /* with other ranks */
    int64_t made;     /* of the images; the others were there already */
    int64_t first;    /* the images in work: `count` from this one on */
    int count;
    job *jobs; /* [most] */
    int most;
} storing;

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

/* The two parts of the work on an image need neither the state nor the report, so that threads may do them at
 * once. */
static dc3_status hash_parts(void *user, int worker, int64_t i, void *result)
{
    storing *s = user;
    job *j = &s->jobs[i];
    (void)worker, (void)result;
    for (int k = 0; !j->there && k < s->run->each; k++)
        j->failed[k] = dc3_dataset_hash(s->run->dataset, j->parts[k].item, &j->hashes[k]) != DC3_OK;
    return DC3_OK;
}

static dc3_status make(void *user, int worker, int64_t i, void *result)
{
    const storing *s = user;
    const job *j = &s->jobs[i];
    return j->there ? DC3_OK : dc3_make_stored(s->crew.runs[worker], j->parts, j->relative, result);
}

static size_t tell(void *user, int64_t i, void *to)
{
    const storing *s = user;
    const job *j = &s->jobs[i];
    return dc3_making_tell(s->run, j->parts, j->there ? NULL : j->relative, to);
}

/* What is read is in the state before any image of it is on the disk: an image that an interrupted command
 * left there is not made again, and its inputs are not read. */
static dc3_status note_inputs(const dc3_run *run, const job *jobs, int count)
{
    dc3_status status = DC3_OK;
    int64_t items[DC3_PARTS];
    for (int i = 0; status == DC3_OK && i < count; i++) {
        for (int k = 0; k < run->each; k++) items[k] = jobs[i].parts[k].item;
        if (!jobs[i].there) status = dc3_run_note_read(run, run->each, items, jobs[i].hashes, jobs[i].failed);
    }
    return status;
}

/* Notes what came of an image; one that cannot be read is skipped. */
static dc3_status note(void *user, int64_t i, void *result)
{
    storing *s = user;
    dc3_run *run = s->run;
    const job *j = &s->jobs[i];
    const dc3_making *made = result;
    int edits = dc3_run_edits(run);
    int64_t image = s->first + i;
    for (int k = 0; !j->there && k < run->each; k++)
        dc3_dataset_hear(run->dataset, j->parts[k].item, made->notes[k]);
    if (!j->there && made->unreadable >= 0)
        DC3_TRY(dc3_run_skip(run, j->parts[made->unreadable].item, made->reason));
    else {
        int64_t bytes = j->there ? bytes_of(s->output, j->relative, j->path) : made->bytes;
        s->chosen->stored[image] = 1;
        run->report->stored++;
        run->report->bytes += (double)bytes;
        if (!j->there) run->report->edits += edits, s->made++;
        DC3_TRY(dc3_state_store(run->state, image, bytes, edits));
    }
    run->making = image + 1;
    dc3_run_made(run, 0);
    return DC3_OK;
}

static dc3_status name_images(storing *s)
{
    dc3_run *run = s->run;
    dc3_status status = dc3_check_cancel();
    for (int i = 0; status == DC3_OK && i < s->count; i++) {
        job *j = &s->jobs[i];
        j->parts = s->chosen->parts + (s->first + i) * run->each;
        status = dc3_output_name(s->output, j->parts, &j->relative, &j->path);
        if (status == DC3_OK) j->there = is_there(s->output, s->first + i, j->relative, j->path);
        if (status == DC3_OK && !j->there && run->options->budget > 0) status = dc3_output_reopen(s->output);
    }
    return status;
}

static int lacks(void *user, const void *result)
{
    (void)user;
    return ((const dc3_making *)result)->unreadable >= 0;
}

/* The images in work. */
static dc3_status store(storing *s)
{
    dc3_pieces pieces = {.count = s->count, .workers = s->crew.count, .user = s, .work = hash_parts};
    memset(s->jobs, 0, (size_t)s->count * sizeof *s->jobs);
    dc3_status status = name_images(s);
    if (status == DC3_OK) status = dc3_pieces_run(&pieces);
    if (status == DC3_OK) status = note_inputs(s->run, s->jobs, s->count);
    pieces.work = make, pieces.take = note, pieces.result_size = sizeof(dc3_making);
    dc3_shared how = {.first = s->first,
                      .task = DC3_MAKING_TASK,
                      .user = s,
                      .tell = tell,
                      .listener = &s->run->options->listener,
                      .what = dc3_run_edits(s->run) ? NULL : dc3_making_stage, /* edits may take long */
                      .lacks = lacks};
    if (status == DC3_OK) status = dc3_share_run(s->share, &how, &pieces);
    for (int i = 0; i < s->count; i++) free(s->jobs[i].relative), free(s->jobs[i].path);
    return status;
}

/* All of them. Where an editor makes one after the other, its inputs are read just before. */
static dc3_status store_each(storing *s)
{
    dc3_run *run = s->run;
    int ranks = dc3_ranks_count(), workers = s->crew.count * ranks;
    int wanted = workers * (ranks > 1 ? EACH_OF_RANKS : EACH), most = wanted > AT_ONCE ? wanted : AT_ONCE;
    s->most = workers > 1 || !dc3_run_crew_edits(run).at_once ? most : 1;
    s->jobs = malloc((size_t)s->most * sizeof *s->jobs);
    if (!s->jobs) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    run->making = 0;
    dc3_run_made(run, 0);
    DC3_TRY(dc3_making_open(run, &s->crew, &s->share));
    for (s->first = 0; s->first < run->to_make; s->first += s->count) {
        int64_t left = run->to_make - s->first;
        s->count = left < s->most ? (int)left : s->most;
        DC3_TRY(store(s));
    }
    return DC3_OK;
}

/* Numbers the images, notes their names and prepares them. What a budget left out before has its number, and
 * its part in what is prepared, as it had when the others were made. */
static dc3_status plan(storing *s)
{
    dc3_run *run = s->run;
    int left = run->options->budget > 0 && s->output->continues;
    DC3_TRY(dc3_chosen_number(run, s->chosen));
    if (!left) DC3_TRY(dc3_output_plan(s->output, s->chosen));
    run->to_make = s->chosen->count;
    DC3_TRY(dc3_crew_open(run, s->chosen->count, dc3_run_crew_edits(run), &s->crew));
    if (run->synthesis->prepare) DC3_TRY(run->synthesis->prepare(run, s->chosen, &s->crew));
    if (!left) return DC3_OK;
    DC3_TRY(dc3_amount_continue(run, s->output, s->chosen));
    run->to_make = s->chosen->count;
    return dc3_output_plan(s->output, s->chosen);
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
    storing s = {.run = run, .output = output, .chosen = chosen};
    dc3_status status = plan(&s);
    if (status == DC3_OK) status = look_into_shards(run, output, chosen);
    if (status == DC3_OK) status = store_each(&s);
    dc3_share_close(&s.share);
    dc3_crew_close(&s.crew);
    free(s.jobs);
    DC3_TRY(status);
    if (run->report->stored == 0)
        return dc3_fail(DC3_ERR_FORMAT, "%s: none of %lld images can be read", run->options->data,
                        (long long)chosen->count);
    DC3_TRY(dc3_output_write_metadata(output, chosen));
    if (output->continues && run->report->stored == chosen->count && !s.made)
        dc3_run_say(run, "%s: all images are there already: none was made", run->options->out);
    if (run->synthesis->tidy) run->synthesis->tidy(run, chosen);
    if (run->options->budget > 0 && !output->shards) DC3_TRY(dc3_amount_fit(run, output, chosen));
    return dc3_output_finish(output);
}
