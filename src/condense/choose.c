/* Bins and selection of a run's pictures. */
#include <stdlib.h>
#include <string.h>
#include "condense/run.h"
#include "select/bins.h"

static int64_t *labels_of(const dc3_run *run)
{
    int64_t *labels = malloc((size_t)(run->n + 1) * sizeof *labels);
    for (int64_t i = 0; labels && i < run->n; i++) labels[i] = dc3_dataset_label(run->dataset, run->items[i]);
    return labels;
}

dc3_status dc3_run_bins(dc3_run *run, int64_t *bins)
{
    int64_t *labels = labels_of(run);
    if (!labels) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    dc3_status status =
        dc3_bins_of_classes(&run->options->select, run->n, run->feature_length, run->features, labels, bins);
    free(labels);
    return status;
}

dc3_status dc3_run_select(dc3_run *run, int64_t **items, int64_t *count)
{
    dc3_selection selection = {0};
    int64_t *labels = labels_of(run);
    *items = NULL;
    dc3_status status = labels ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    dc3_select_options options = run->options->select;
    const dc3_classifier_info *teacher = run->teacher.info;
    if (status == DC3_OK && teacher) {
        int64_t *bins = malloc((size_t)(run->n + 1) * sizeof *bins);
        status = bins ? dc3_run_bins(run, bins) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
        if (status == DC3_OK)
            status = dc3_select_rows(&options, run->n, teacher->embedding, teacher->classes, run->embeddings,
                                     run->logits, labels, bins, &selection);
        free(bins);
    } else if (status == DC3_OK)
        status = dc3_select_rows(&options, run->n, run->feature_length, 0, run->features, NULL, labels, NULL,
                                 &selection);
    for (int64_t i = 0; status == DC3_OK && i < selection.count; i++)
        selection.rows[i] = run->items[selection.rows[i]];
    if (status == DC3_OK) {
        *items = selection.rows;
        *count = selection.count;
        run->report->repeated = selection.repeated;
    }
    for (int c = 0; status == DC3_OK && c < dc3_dataset_classes(run->dataset); c++) {
        int64_t readable = 0;
        for (int64_t i = 0; i < run->n; i++) readable += labels[i] == c;
        if (readable && readable < options.ipc)
            dc3_run_say(run,
                        "warning: class '%s' has %lld readable images, fewer than %d; some are used again "
                        "with other prompts",
                        dc3_dataset_class_name(run->dataset, c), (long long)readable, options.ipc);
        if (!readable)
            dc3_run_say(run, "warning: class '%s' has no readable image and gets none",
                        dc3_dataset_class_name(run->dataset, c));
    }
    free(labels);
    return status;
}
