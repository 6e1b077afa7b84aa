/* Bins and selection of a run's images by their features. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "select/bins.h"
#include "methods/choose.h"
#include "methods/chosen.h"
#include "methods/selection.h"
#include "features/crops.h"

static int64_t *labels_of(const dc3_run *run)
{
    int64_t *labels = malloc((size_t)(run->n + 1) * sizeof *labels);
    for (int64_t i = 0; labels && i < run->n; i++) labels[i] = dc3_dataset_label(run->dataset, run->items[i]);
    return labels;
}

/* A stored image takes as many of the selection as it has parts. */
static dc3_select_options options_of(const dc3_run *run)
{
    dc3_select_options options = run->options->select;
    options.ipc *= run->each;
    options.nested = dc3_run_nests(run);
    return options;
}

dc3_status dc3_run_bins(dc3_run *run)
{
    const dc3_select_options options = options_of(run);
    int64_t *labels = labels_of(run);
    free(run->bins);
    run->bins = malloc((size_t)(run->n + 1) * sizeof *run->bins);
    dc3_status status = labels && run->bins ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK)
        status = dc3_select_bins(&options, run->n, run->feature_length, run->features, labels, run->bins);
    free(labels);
    return status;
}

static dc3_status note_bins(const dc3_run *run, const int64_t *bins)
{
    if (!run->state) return DC3_OK;
    DC3_TRY(dc3_state_begin(run->state));
    DC3_TRY(dc3_state_unbin(run->state));
    for (int64_t i = 0; i < run->n; i++) DC3_TRY(dc3_state_bin(run->state, run->items[i], bins[i]));
    return dc3_state_commit(run->state);
}

/* Bins by the features, similarities by the teacher's gradients, or by the same features. */
static dc3_status select_in_bins(dc3_run *run, const int64_t *labels, dc3_selection *selection)
{
    const dc3_select_options own = options_of(run), *options = &own;
    const dc3_classifier_info *teacher = run->teacher.info;
    DC3_TRY(dc3_run_bins(run));
    DC3_TRY(note_bins(run, run->bins));
    if (!teacher)
        return dc3_select_rows(options, run->n, run->feature_length, 0, run->features, NULL, labels,
                               run->bins, selection);
    return dc3_select_rows(options, run->n, teacher->embedding, teacher->classes, run->embeddings,
                           run->logits, labels, run->bins, selection);
}

static dc3_status select_rows(dc3_run *run, const int64_t *labels, dc3_selection *selection)
{
    const dc3_select_options own = options_of(run), *options = &own;
    const dc3_classifier_info *teacher = run->teacher.info;
    dc3_chooser *chooser = run->selection ? run->selection->chooser : run->method->chooser;
    int by_features = run->given || run->backbone.net;
    int asks = run->selection || run->method->uses & DC3_USES_MAXIMIZER || !by_features;
    if (!chooser) return select_in_bins(run, labels, selection);
    if (teacher && run->selection && run->given) /* whose embeddings are not looked at */
        return dc3_select_by(options, chooser, run->n, run->feature_length, teacher->classes, run->features,
                             run->logits, labels, selection);
    if (teacher && asks)
        return dc3_select_by(options, chooser, run->n, teacher->embedding, teacher->classes, run->embeddings,
                             run->logits, labels, selection);
    return dc3_select_by(options, chooser, run->n, run->feature_length, 0, run->features, NULL, labels,
                         selection);
}

/* A word on every class that has too few readable images. */
static dc3_status check_classes(dc3_run *run, const int64_t *labels)
{
    int classes = dc3_dataset_classes(run->dataset);
    int64_t *readable = calloc((size_t)classes, sizeof *readable);
    if (!readable) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    for (int64_t i = 0; i < run->n; i++) readable[labels[i]]++;
    dc3_status status = DC3_OK;
    for (int c = 0; status == DC3_OK && c < classes; c++)
        status = dc3_run_check_class(run, c, readable[c], dc3_run_wanted(run, c) * run->each);
    free(readable);
    return status;
}

/* How row i of the selection was chosen, the place-th of its class; the parts of those before it are there.
 */
static dc3_part part_of(const dc3_run *run, const dc3_selection *s, int64_t i, int64_t place,
                        const dc3_part *parts)
{
    int64_t row = s->rows[i];
    dc3_part part = {.item = run->items[row], .bin = run->bins ? run->bins[row] : -1, .rank = 1};
    if (dc3_run_nests(run))
        part.rank = (int)place + 1;
    else if (place && parts[i - 1].bin == part.bin)
        part.rank = parts[i - 1].rank + 1;
    part.gain = s->gains[i];
    if (run->boxes) part.box = run->boxes[part.item], part.loss = run->losses[part.item];
    return part;
}

/* A class of too few gives its rows again, from the first on: as they were, without a gain. */
static void take_parts(const dc3_run *run, const dc3_selection *s, dc3_part *parts)
{
    int64_t each = options_of(run).ipc, period = 0;
    for (int64_t i = 0; i < s->count; i++) {
        if (i % each == 0)
            period = 0;
        else if (!period && s->rows[i] == s->rows[i - i % each])
            period = i % each;
        parts[i] = period ? parts[i - period] : part_of(run, s, i, i % each, parts);
        if (period) parts[i].gain = NAN, parts[i].repeat++;
    }
}

static int by_turns(const void *a, const void *b)
{
    const dc3_part *x = a, *y = b;
    if (x->repeat != y->repeat) return x->repeat < y->repeat ? -1 : 1;
    if (x->rank != y->rank) return x->rank < y->rank ? -1 : 1;
    return (x->bin > y->bin) - (x->bin < y->bin);
}

/* The parts [n] of a class. Those of a stored image are one after the other in turns between the bins, so
 * that they are of different images, and the first images are a selection. A repeat has another crop. */
static dc3_status arrange(dc3_run *run, int64_t n, dc3_part *parts)
{
    int64_t first = 0;
    if (run->each > 1) qsort(parts, (size_t)n, sizeof *parts, by_turns);
    while (first < n && !parts[first].repeat) first++;
    return run->crops && first < n ? dc3_run_best_crops(run, n - first, parts + first) : DC3_OK;
}

static dc3_status take_all(dc3_run *run, const dc3_selection *s, dc3_chosen *chosen)
{
    int64_t each = options_of(run).ipc;
    DC3_TRY(dc3_chosen_open(run, s->count / run->each, chosen));
    take_parts(run, s, chosen->parts);
    for (int64_t i = 0; i < s->count; i += each) DC3_TRY(arrange(run, each, chosen->parts + i));
    chosen->count = s->count / run->each;
    return DC3_OK;
}

dc3_status dc3_run_select(dc3_run *run, dc3_chosen *chosen)
{
    dc3_selection selection = {0};
    *chosen = (dc3_chosen){0};
    int64_t *labels = labels_of(run);
    dc3_status status = labels ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK) status = check_classes(run, labels);
    if (status == DC3_OK) status = select_rows(run, labels, &selection);
    if (status == DC3_OK) status = take_all(run, &selection, chosen);
    run->report->repeated = selection.repeated;
    dc3_selection_free(&selection);
    free(labels);
    if (status != DC3_OK) dc3_chosen_free(chosen);
    return status;
}
