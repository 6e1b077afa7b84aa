#include "condense/helping.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/file.h"
#include "base/listener.h"
#include "base/rng.h"
#include "calibrate/calibrate.h"
#include "condense/making.h"
#include "condense/settings.h"
#include "features/features.h"
#include "kernels/describe.h"
#include "methods/chosen.h"
#include "ranks/agree.h"
#include "ranks/ranks.h"

/* ---- whether ranks work on the same ---- */

/* Of the names of the images in their order, and their classes. */
static json_t *describe_listing(const dc3_dataset *d)
{
    uint64_t hash = 0;
    int64_t n = dc3_dataset_size(d);
    for (int64_t i = 0; i < n; i++) {
        const char *key = dc3_dataset_key(d, i);
        uint64_t all[] = {hash, dc3_hash64(key, strlen(key)), (uint64_t)dc3_dataset_label(d, i)};
        hash = dc3_hash64(all, sizeof all);
    }
    return json_sprintf("%lld images in %d classes, listed as %016llx", (long long)n, dc3_dataset_classes(d),
                        (unsigned long long)hash);
}

dc3_status dc3_run_agree(const dc3_run *run)
{
    char kernels[64];
    if (dc3_ranks_count() == 1) return DC3_OK;
    json_t *all = dc3_run_settings(run);
    json_object_set_new(all, "dataset", describe_listing(run->dataset));
    dc3_status status = dc3_ranks_agree_on(dc3_kernels_text(kernels), all);
    json_decref(all);
    return status;
}

/* ---- whether they see the same files ---- */

/* What a rank writes into the folder: OUT/.rank-2. The caller frees; NULL without memory. */
static char *mark_path(const dc3_run *run, int rank)
{
    char name[32];
    snprintf(name, sizeof name, ".rank-%d", rank);
    return dc3_path_join(run->options->out, name);
}

static dc3_status write_mark(const dc3_run *run, int rank, const void *text, size_t bytes)
{
    char *path = mark_path(run, rank);
    dc3_status status = path ? dc3_file_write(path, text, bytes) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    free(path);
    return status;
}

static int has_mark(const char *path, const void *text, size_t bytes)
{
    char *found = NULL;
    size_t size = 0;
    int same = dc3_path_what(path) == DC3_PATH_FILE && dc3_file_read(path, 256, &found, &size) == DC3_OK &&
               size == bytes && memcmp(found, text, bytes) == 0;
    free(found);
    return same;
}

/* Waits for another rank's: a file system of several machines may show it some seconds later. */
static dc3_status see_mark(const dc3_run *run, int rank, const void *text, size_t bytes)
{
    enum { SECONDS = 60, OFTEN = 20000 }; /* microseconds */
    char *path = mark_path(run, rank);
    double until = dc3_seconds_now() + SECONDS;
    dc3_status status = path ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    while (status == DC3_OK && !has_mark(path, text, bytes)) {
        usleep(OFTEN);
        status = dc3_check_cancel();
        if (status == DC3_OK && dc3_seconds_now() > until)
            status = dc3_fail(DC3_ERR_IO,
                              "%s: does not show what rank %d wrote there %d seconds ago; expected a "
                              "folder that all ranks share",
                              run->options->out, rank, SECONDS);
    }
    free(path);
    return status;
}

static void remove_mark(const dc3_run *run, int rank)
{
    char *path = mark_path(run, rank);
    if (path) unlink(path);
    free(path);
}

static const char folder_stage[] = "folder";

/* Another rank's part. */
static dc3_status look_at_folder(void *user, const void *text, size_t bytes)
{
    const dc3_run *run = user;
    DC3_TRY(see_mark(run, 0, text, bytes));
    return write_mark(run, dc3_ranks_rank(), text, bytes);
}

dc3_status dc3_run_check_folder(const dc3_run *run)
{
    char text[64];
    dc3_share *share = NULL;
    if (dc3_ranks_count() == 1) return DC3_OK;
    snprintf(text, sizeof text, "%d %.9f", (int)getpid(), dc3_seconds_now());
    dc3_status status = write_mark(run, 0, text, strlen(text));
    if (status == DC3_OK) status = dc3_share_open(folder_stage, text, strlen(text), &share);
    if (status == DC3_OK) status = dc3_share_wait(share);
    for (int i = 1; status == DC3_OK && i < dc3_ranks_count(); i++)
        status = see_mark(run, i, text, strlen(text));
    dc3_share_close(&share);
    for (int i = 0; i < dc3_ranks_count(); i++) remove_mark(run, i);
    return status;
}

/* ---- the part of those that help ---- */

static dc3_status make_edits(void *user, const void *known, size_t bytes)
{
    dc3_run *run = user;
    dc3_crew crew;
    int64_t count;
    (void)bytes;
    memcpy(&count, known, sizeof count);
    dc3_status status = dc3_crew_open(run, count, dc3_run_crew_edits(run), &crew);
    if (status == DC3_OK) status = dc3_calibrate_serve_edits(&crew);
    dc3_crew_close(&crew);
    return status;
}

dc3_status dc3_run_help(dc3_condense_options *own, dc3_run_needs needs, dc3_condense_report *report)
{
    const dc3_stage stages[] = {
        {folder_stage, look_at_folder},          {dc3_features_stage, dc3_run_serve_features},
        {dc3_calibrate_edits_stage, make_edits}, {dc3_calibrate_choices_stage, dc3_calibrate_serve_choices},
        {dc3_making_stage, dc3_making_serve},    {NULL, NULL}};
    dc3_run run;
    own->listener = (dc3_listener){.cancel = dc3_ranks_cancel()};
    DC3_CANCEL_SCOPE(own->listener.cancel);
    dc3_status status = dc3_run_open(own, needs, report, &run);
    if (status == DC3_OK) status = dc3_run_agree(&run);
    if (status == DC3_OK) {
        own->teacher_top1 = 0, own->any_teacher = 1; /* rank 0 looks what the teacher is worth */
        status = dc3_share_follow(stages, &run);
    }
    dc3_run_close(&run);
    return status == DC3_ERR_CANCELLED ? DC3_OK : status;
}
