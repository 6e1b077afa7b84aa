#include "condense/making.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "base/file.h"
#include "condense/originals.h"
#include "methods/chosen.h"
#include "run_folder/saved_edits.h"
#include "run_folder/store.h"

/* What an image is made of, and which it is. */
typedef struct task {
    dc3_part parts[DC3_PARTS];
    char relative[]; /* "": it is there */
} task;

/* What rank 0 has decided. */
typedef struct known {
    int64_t images; /* for which the crews are opened */
    dc3_coding coding;
} known;

const char dc3_making_stage[] = "images";

static dc3_status write(dc3_run *run, const dc3_part *parts, const char *relative, char *path, dc3_made *made)
{
    if (made->edits.pixels) DC3_TRY(dc3_edits_write(run->options->out, relative, &made->edits));
    DC3_TRY(dc3_make_folder_of(path));
    return dc3_store_keeps(run->options) ? dc3_original_write(run, parts->item, path)
                                         : dc3_image_write_as(path, &made->image, run->coding);
}

static dc3_status make_and_write(dc3_run *run, const dc3_part *parts, const char *relative, char *path,
                                 dc3_making *to)
{
    dc3_made made = {0};
    struct stat info;
    dc3_status status = run->synthesis->make(run, parts, &made);
    to->unreadable = status != DC3_OK && made.unreadable ? (int)(made.unreadable - parts) : -1;
    if (status == DC3_OK) status = write(run, parts, relative, path, &made);
    dc3_made_free(&made);
    for (int i = 0; i < run->each; i++) to->notes[i] = dc3_dataset_heard(run->dataset, parts[i].item);
    if (status != DC3_OK && status != DC3_ERR_CANCELLED && to->unreadable >= 0) {
        snprintf(to->reason, sizeof to->reason, "%s", dc3_error_text());
        return DC3_OK;
    }
    to->bytes = status == DC3_OK && stat(path, &info) == 0 ? (int64_t)info.st_size : -1;
    return status;
}

dc3_status dc3_make_stored(dc3_run *run, const dc3_part *parts, const char *relative, dc3_making *made)
{
    char *train = dc3_path_join(run->options->out, "train"),
         *path = train ? dc3_path_join(train, relative) : NULL;
    memset(made, 0, sizeof *made);
    dc3_status status =
        path ? make_and_write(run, parts, relative, path, made) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    free(train);
    free(path);
    return status;
}

dc3_status dc3_making_open(const dc3_run *run, const dc3_crew *crew, dc3_share **share)
{
    const known k = {.images = crew->images, .coding = run->coding};
    return dc3_share_open(dc3_making_stage, &k, sizeof k, share);
}

size_t dc3_making_tell(const dc3_run *run, const dc3_part *parts, const char *relative, void *to)
{
    task *t = to;
    memcpy(t->parts, parts, (size_t)run->each * sizeof *parts);
    snprintf(t->relative, DC3_MAKING_TASK - sizeof *t, "%s", relative ? relative : "");
    return sizeof *t + strlen(t->relative) + 1;
}

static dc3_status serve(void *user, int worker, int64_t number, const void *of, void *result)
{
    const dc3_crew *crew = user;
    const task *t = of;
    const dc3_making *made = result;
    (void)number;
    if (!*t->relative) return DC3_OK;
    DC3_TRY(dc3_make_stored(crew->runs[worker], t->parts, t->relative, result));
    return made->unreadable < 0 ? DC3_OK : dc3_fail(DC3_ERR_IO, "%s", made->reason);
}

dc3_status dc3_making_serve(void *user, const void *known_there, size_t bytes)
{
    dc3_run *run = user;
    dc3_crew crew;
    known k;
    (void)bytes;
    memcpy(&k, known_there, sizeof k);
    run->coding = k.coding;
    dc3_status status = dc3_crew_open(run, k.images, dc3_run_crew_edits(run), &crew);
    dc3_serving serving = {
        .workers = crew.count, .result_size = sizeof(dc3_making), .user = &crew, .work = serve};
    if (status == DC3_OK) status = dc3_share_serve(&serving);
    dc3_crew_close(&crew);
    return status;
}
