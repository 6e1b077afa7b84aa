#include "features/feature_rows.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/row_store.h"

enum { FEATURES, EMBEDDINGS, LOGITS, KINDS };
static const char *const names[KINDS] = {"features", "embeddings", "logits"};

struct dc3_feature_rows {
    dc3_row_store *stores[KINDS]; /* NULL: not wanted, or in the table */
    dc3_table *table;             /* that they were taken from */
};

/* Features that are the teacher's embeddings lie there. */
static void share(dc3_run *run)
{
    if (run->shares) run->features = run->embeddings;
}

/* Values of a row; 0: the run has none of the kind. */
static int64_t columns_of(const dc3_run *run, int kind)
{
    const dc3_teacher *t = &run->teacher;
    if (kind == FEATURES) return dc3_run_has_features(run) ? run->feature_length : 0;
    if (!dc3_run_asks(run)) return 0;
    return kind == EMBEDDINGS ? t->info->embedding : t->info->classes;
}

static const float **place_of(dc3_run *run, int kind)
{
    return kind == FEATURES ? &run->features : kind == EMBEDDINGS ? &run->embeddings : &run->logits;
}

static dc3_status open_empty(dc3_run *run)
{
    run->rows = calloc(1, sizeof *run->rows);
    return run->rows ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
}

dc3_status dc3_feature_rows_open(dc3_run *run, int64_t n)
{
    /* A command without a folder of its own writes to a file. */
    const char *out = run->options->out,
               *folder = out && dc3_path_what(out) == DC3_PATH_FOLDER ? out : g_get_tmp_dir();
    DC3_TRY(open_empty(run));
    run->items = malloc((size_t)n * sizeof *run->items);
    if (!run->items) return dc3_fail(DC3_ERR_MEMORY, "out of memory for %lld images", (long long)n);
    for (int k = 0; k < KINDS; k++) {
        int64_t bytes = columns_of(run, k) * (int64_t)sizeof(float);
        if (bytes) DC3_TRY(dc3_row_store_open(folder, n, bytes, DC3_ROW_STORE_MEMORY, &run->rows->stores[k]));
    }
    return DC3_OK;
}

dc3_status dc3_feature_rows_add(dc3_run *run, int64_t item, const float *latents, const float *embedding,
                                const float *logits)
{
    const float *rows[KINDS] = {latents, embedding, logits};
    for (int k = 0; k < KINDS; k++)
        if (rows[k]) DC3_TRY(dc3_row_store_append(run->rows->stores[k], rows[k]));
    run->items[run->n++] = item;
    return DC3_OK;
}

dc3_status dc3_feature_rows_finish(dc3_run *run)
{
    for (int k = 0; k < KINDS; k++) {
        const void *rows = NULL;
        if (run->rows->stores[k]) DC3_TRY(dc3_row_store_read(run->rows->stores[k], &rows));
        *place_of(run, k) = rows;
    }
    share(run);
    return DC3_OK;
}

/* The numbers of the images in a file: the dataset's own, ascending. */
static int take_items(dc3_run *run, const dc3_tensor *items)
{
    int64_t all = dc3_dataset_size(run->dataset);
    if (!items || items->dtype != DC3_I64 || items->ndim != 1 || items->shape[0] < 1 || items->shape[0] > all)
        return 0;
    int64_t n = items->shape[0], *own = malloc((size_t)n * sizeof *own);
    if (!own) return 0;
    memcpy(own, items->data, (size_t)n * sizeof *own);
    int fit = 1;
    for (int64_t i = 0; i < n; i++) fit = fit && own[i] > (i ? own[i - 1] : -1) && own[i] < all;
    if (!fit) free(own);
    if (fit) run->items = own, run->n = n;
    return fit;
}

int dc3_feature_rows_take(dc3_run *run, dc3_table *table)
{
    const dc3_tensor *found[KINDS] = {NULL};
    const dc3_tensor *items = dc3_table_find(table, "items");
    for (int k = 0; k < KINDS; k++) {
        int64_t columns = columns_of(run, k);
        if (columns &&
            (!items || items->ndim != 1 ||
             dc3_table_get(table, names[k], 2, (int64_t[]){items->shape[0], columns}, &found[k]) != DC3_OK ||
             found[k]->dtype != DC3_F32))
            return 0;
    }
    if (open_empty(run) != DC3_OK || !take_items(run, items)) {
        dc3_feature_rows_close(run);
        return 0;
    }
    for (int k = 0; k < KINDS; k++) *place_of(run, k) = found[k] ? found[k]->data : NULL;
    share(run);
    run->rows->table = table;
    return 1;
}

dc3_status dc3_feature_rows_give(const dc3_run *run, dc3_table *table)
{
    const float *rows[KINDS] = {run->features, run->embeddings, run->logits};
    for (int k = 0; k < KINDS; k++)
        if (rows[k] && columns_of(run, k))
            DC3_TRY(dc3_table_add(
                table, names[k],
                dc3_view((void *)(uintptr_t)rows[k], DC3_F32, 2, (int64_t[]){run->n, columns_of(run, k)})));
    return dc3_table_add(table, "items", dc3_view(run->items, DC3_I64, 1, &run->n));
}

static void close_rows(dc3_feature_rows *rows)
{
    if (!rows) return;
    for (int k = 0; k < KINDS; k++) dc3_row_store_close(&rows->stores[k]);
    dc3_table_close(&rows->table);
    free(rows);
}

void dc3_feature_rows_close(dc3_run *run)
{
    for (int k = 0; k < KINDS; k++) *place_of(run, k) = NULL;
    close_rows(run->rows);
    run->rows = NULL;
}

dc3_status dc3_feature_rows_keep(dc3_run *run, const int64_t *first)
{
    dc3_feature_rows *old = run->rows;
    int64_t n = run->n, *items = run->items;
    const float *rows[KINDS] = {run->features, run->embeddings, run->logits};
    run->rows = NULL, run->items = NULL, run->n = 0;
    dc3_status status = dc3_feature_rows_open(run, n);
    for (int64_t i = 0; status == DC3_OK && i < n; i++) {
        const float *row[KINDS];
        for (int k = 0; k < KINDS; k++)
            row[k] = rows[k] && columns_of(run, k) ? rows[k] + i * columns_of(run, k) : NULL;
        if (first[i] == i)
            status = dc3_feature_rows_add(run, items[i], row[FEATURES], row[EMBEDDINGS], row[LOGITS]);
    }
    if (status == DC3_OK) status = dc3_feature_rows_finish(run);
    close_rows(old);
    free(items);
    return status;
}
