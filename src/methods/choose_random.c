/* Random images of each class, or the best crop of each (features/crops.h). An image is known to be readable
 * only once it is read, so the class's random order is gone through until enough are found: the cost follows
 * what is stored, not what there is. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "methods/choose_random.h"
#include "base/pieces.h"
#include "base/rng.h"
#include "methods/chosen.h"
#include "features/copies.h"
#include "features/crops.h"
#include "features/skipped.h"

enum { AT_ONCE = 64 };

/* A few images of a class that are looked at. */
typedef struct draw {
    int count;
    int64_t items[AT_ONCE];
    uint64_t files[AT_ONCE]; /* hashes of those that can be read */
    dc3_appearance views[AT_ONCE];
    int failed[AT_ONCE];
    char reasons[AT_ONCE][256];
} draw;

/* The draw and its run, for pieces of work of an image each. */
typedef struct looking {
    const dc3_run *run;
    draw *draw;
} looking;

static dc3_status look_at(void *user, int worker, int64_t i, void *result)
{
    const looking *l = user;
    const dc3_run *run = l->run;
    draw *d = l->draw;
    dc3_image_source *source = NULL;
    dc3_image image = {0};
    (void)worker, (void)result;
    d->failed[i] = dc3_dataset_source(run->dataset, d->items[i], &source) != DC3_OK ||
                   dc3_image_source_read(source, run->size, run->size, run->fit, 0, &image) != DC3_OK;
    if (d->failed[i])
        snprintf(d->reasons[i], sizeof d->reasons[i], "%s", dc3_error_text());
    else {
        d->files[i] = dc3_image_source_hash(source);
        d->views[i] = dc3_appearance_of(&image, dc3_image_source_reduced(source));
    }
    dc3_image_free(&image);
    dc3_image_source_close(&source);
    return DC3_OK;
}

static dc3_status look(const dc3_run *run, draw *d)
{
    looking l = {run, d};
    dc3_pieces pieces = {
        .count = d->count, .workers = run->options->select.threads, .user = &l, .work = look_at};
    return dc3_pieces_run(&pieces);
}

/* Appends those that can be read and are no copies. */
static dc3_status take(dc3_run *run, dc3_same_files *files, const draw *d, int64_t *items, int64_t *found)
{
    DC3_TRY(dc3_run_note_read(run, d->count, d->items, d->files, d->failed));
    for (int i = 0; i < d->count; i++) {
        int is_copy = 0;
        if (run->duplicates && run->duplicates[d->items[i]]) continue;
        if (d->failed[i]) {
            DC3_TRY(dc3_run_skip(run, d->items[i], d->reasons[i]));
            continue;
        }
        DC3_TRY(dc3_copies_meet_file(run, files, d->items[i], d->files[i], &is_copy));
        if (!is_copy) DC3_TRY(dc3_copies_meet(run, d->items[i], &d->views[i], &is_copy));
        if (!is_copy) items[(*found)++] = d->items[i];
    }
    return DC3_OK;
}

dc3_status dc3_run_draw_readable(dc3_run *run, int64_t first, int64_t n, int64_t wanted, int64_t *items,
                                 int64_t *found)
{
    int64_t at = 0, *order = malloc((size_t)n * sizeof *order);
    draw *d = malloc(sizeof *d);
    dc3_same_files *files = NULL;
    dc3_status status = order && d ? dc3_same_files_open(run->dataset, first, n, &files)
                                   : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK)
        dc3_random_order(run->options->select.seed, dc3_dataset_label(run->dataset, first), n, n, order);
    *found = 0;
    while (status == DC3_OK && at < n && *found < wanted) {
        int64_t missing = wanted - *found, left = n - at, most = missing < left ? missing : left;
        d->count = most < AT_ONCE ? (int)most : AT_ONCE;
        for (int i = 0; i < d->count; i++) d->items[i] = first + order[at + i];
        status = look(run, d);
        if (status == DC3_OK) status = take(run, files, d, items, found);
        at += d->count;
        if (status == DC3_OK) status = dc3_check_cancel();
    }
    dc3_same_files_close(&files);
    free(order);
    free(d);
    return status;
}

dc3_part dc3_part_drawn(int64_t item, int64_t place, int64_t repeat)
{
    return (dc3_part){.item = item, .bin = -1, .rank = (int)place + 1, .gain = NAN, .repeat = (int)repeat};
}

/* Images of one class, as many as it is to give: a class of too few repeats them, one of none gives none. */
static dc3_status choose_class(dc3_run *run, int64_t first, int64_t n, dc3_chosen *chosen)
{
    int label = dc3_dataset_label(run->dataset, first);
    int64_t ipc = dc3_run_wanted(run, label), wanted = ipc * run->each, found,
            *items = malloc((size_t)wanted * sizeof *items);
    dc3_part *parts = chosen->parts + chosen->count * run->each;
    if (!items) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    dc3_status status = dc3_run_draw_readable(run, first, n, wanted, items, &found);
    if (status == DC3_OK) status = dc3_run_check_class(run, label, found, wanted);
    for (int64_t i = 0; status == DC3_OK && found && i < wanted; i++)
        parts[i] = dc3_part_drawn(items[i % found], i % found, i / found);
    if (status == DC3_OK && found && run->crops) status = dc3_run_best_crops(run, wanted, parts);
    if (status == DC3_OK && found) {
        chosen->count += ipc;
        run->report->repeated += wanted - (found < wanted ? found : wanted);
    }
    free(items);
    return status;
}

dc3_status dc3_run_each_class(dc3_run *run, dc3_chosen *chosen,
                              dc3_status (*choose)(dc3_run *run, int64_t first, int64_t n,
                                                   dc3_chosen *chosen))
{
    int64_t n = dc3_dataset_size(run->dataset), most = 0, next;
    for (int c = 0; c < dc3_dataset_classes(run->dataset); c++) most += dc3_run_wanted(run, c);
    DC3_TRY(dc3_chosen_open(run, most, chosen));
    dc3_status status = DC3_OK;
    for (int64_t first = 0; status == DC3_OK && first < n; first = next) {
        for (next = first + 1; next < n; next++)
            if (dc3_dataset_label(run->dataset, next) != dc3_dataset_label(run->dataset, first)) break;
        status = choose(run, first, next - first, chosen);
        dc3_run_progress(run, "selection", next, n);
    }
    if (status == DC3_OK) dc3_copies_tell(run);
    run->report->readable = n - run->report->skipped;
    if (status == DC3_OK && !chosen->count)
        status =
            dc3_fail(DC3_ERR_FORMAT, "%s: none of %lld images can be read", run->options->data, (long long)n);
    if (status != DC3_OK) dc3_chosen_free(chosen);
    return status;
}

dc3_status dc3_run_select_random(dc3_run *run, dc3_chosen *chosen)
{
    return dc3_run_each_class(run, chosen, choose_class);
}
