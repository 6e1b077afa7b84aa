/* Selection over all classes (docs/method.md, Clustering and Submodular sampling). Classes and bins are
 * independent; BLAS runs on one thread in each, so that sums do not depend on the number of threads. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/call.h"
#include "base/file.h"
#include "base/options.h"
#include "base/pieces.h"
#include "dc3/select.h"
#include "select/bins.h"
#include "select/blas.h"
#include "select/check.h"
#include "select/choose.h"

/* One bin's rows and picks; all lie in two shared arrays. */
typedef struct bin {
    int64_t first, count; /* rows[first .. first + count) */
    int64_t ends;         /* the class whose last one it is; -1: not the last */
    int64_t picks, out;   /* how many, and where in the selection */
    int64_t opens;        /* which of its rows is the class's first in a nested selection; -1: none */
} bin;

typedef struct job {
    const dc3_select_options *options;
    dc3_select_options own; /* what options point to, where they had to be completed */
    dc3_chooser *chooser;   /* of each bin */
    int whole;              /* a class is one bin */
    int64_t n, d, c;
    const float *embeddings, *logits;
    const int64_t *labels, *given;
    dc3_meter meter;
    int64_t *rows;        /* [n] by class, then bin, then row */
    int64_t *bins;        /* [n] of each row */
    int64_t *class_first; /* [classes + 1] in rows */
    int64_t classes;
    bin *parts;
    int64_t part_count;
    int64_t *firsts; /* [classes] of a nested selection: the row that it begins with */
    int64_t *turns;  /* [classes, ipc] of it: the place in parts of the bin that each row is of */
} job;

dc3_select_options dc3_select_defaults(void)
{
    return (dc3_select_options){.struct_size = sizeof(dc3_select_options),
                                .ipc = 10,
                                .bins = 10,
                                .components = 50,
                                .lambda = 1,
                                .epsilon = 0.9,
                                .beta = 0.9,
                                .threads = 1,
                                .nested = -1};
}

static dc3_status out_of_memory(void)
{
    return dc3_fail(DC3_ERR_MEMORY, "out of memory in the selection");
}

/* Checks what is given, and completes the options. */
static dc3_status check(job *j)
{
    j->own = dc3_select_defaults();
    DC3_TRY(DC3_TAKE_OPTIONS(dc3_select_options, cancel, j->options, &j->own));
    DC3_TRY(dc3_options_threads(&j->own.threads));
    j->options = &j->own;
    DC3_TRY(dc3_select_check_options(j->options));
    j->own.nested = !j->whole && dc3_select_nests(j->options);
    return dc3_select_check_values(
        &(dc3_select_input){j->n, j->d, j->c, j->embeddings, j->logits, j->labels, j->given});
}

static int by_class_bin_row(const void *a, const void *b, void *of)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    const job *j = of;
    if (j->labels[x] != j->labels[y]) return j->labels[x] < j->labels[y] ? -1 : 1;
    if (j->bins[x] != j->bins[y]) return j->bins[x] < j->bins[y] ? -1 : 1;
    return (x > y) - (x < y);
}

static void sort_rows(job *j)
{
    qsort_r(j->rows, (size_t)j->n, sizeof *j->rows, by_class_bin_row, j);
}

/* rows by class, and where each class begins. */
static dc3_status group_classes(job *j)
{
    for (int64_t i = 0; i < j->n; i++) j->rows[i] = i;
    sort_rows(j);
    j->classes = 1;
    for (int64_t i = 1; i < j->n; i++) j->classes += j->labels[j->rows[i]] != j->labels[j->rows[i - 1]];
    j->class_first = dc3_meter_alloc(&j->meter, (size_t)j->classes + 1, sizeof *j->class_first);
    if (!j->class_first) return out_of_memory();
    int64_t k = 1;
    for (int64_t i = 1; i < j->n; i++)
        if (j->labels[j->rows[i]] != j->labels[j->rows[i - 1]]) j->class_first[k++] = i;
    j->class_first[k] = j->n;
    return DC3_OK;
}

/* Lets go of the pages of a class's rows in mapped arrays, unless other classes' rows lie among them. */
static void forget_class(const job *j, int64_t k)
{
    int64_t first = j->class_first[k], end = j->class_first[k + 1], low = j->n, high = 0;
    for (int64_t i = first; i < end; i++) {
        low = j->rows[i] < low ? j->rows[i] : low;
        high = j->rows[i] > high ? j->rows[i] : high;
    }
    int64_t spread = high - low + 1;
    if (spread != end - first) return;
    dc3_map_forget(j->embeddings + low * j->d, (size_t)(spread * j->d) * sizeof *j->embeddings);
    if (j->logits) dc3_map_forget(j->logits + low * j->c, (size_t)(spread * j->c) * sizeof *j->logits);
}

/* Bins of one class by PCA and k-means of its embeddings. */
static dc3_status cluster_class(job *j, int64_t k)
{
    const dc3_select_options *o = j->options;
    int64_t first = j->class_first[k], count = j->class_first[k + 1] - first;
    float *x = dc3_meter_alloc(&j->meter, (size_t)(count * j->d), sizeof *x);
    int *bins = dc3_meter_alloc(&j->meter, (size_t)count, sizeof *bins);
    dc3_status status = x && bins ? DC3_OK : out_of_memory();
    for (int64_t i = 0; status == DC3_OK && i < count; i++)
        memcpy(x + i * j->d, j->embeddings + j->rows[first + i] * j->d, (size_t)j->d * sizeof *x);
    forget_class(j, k);
    if (status == DC3_OK)
        status = dc3_bins(&j->meter, count, j->d, x, o->components,
                          o->nested || o->bins < o->ipc ? o->bins : o->ipc, o->seed,
                          (uint64_t)j->labels[j->rows[first]], bins);
    for (int64_t i = 0; status == DC3_OK && i < count; i++) j->bins[j->rows[first + i]] = bins[i];
    dc3_meter_free(&j->meter, x);
    dc3_meter_free(&j->meter, bins);
    return status;
}

static dc3_status cluster_piece(void *user, int worker, int64_t class, void *result)
{
    (void)worker, (void)result;
    return cluster_class(user, class);
}

static dc3_status cluster(job *j)
{
    if (j->whole) return DC3_OK; /* all rows are in bin 0 */
    if (j->given) {
        memcpy(j->bins, j->given, (size_t)j->n * sizeof *j->bins);
        return DC3_OK;
    }
    return dc3_pieces_run(
        &(dc3_pieces){.count = j->classes, .workers = j->options->threads, .user = j, .work = cluster_piece});
}

/* `count` rows of one class from the first-th on, as a chooser takes them; item names their random numbers.
 */
static dc3_candidates candidates(job *j, int64_t first, int64_t count, uint64_t item)
{
    return (dc3_candidates){.meter = &j->meter,
                            .options = j->options,
                            .m = count,
                            .d = j->d,
                            .c = j->c,
                            .rows = j->rows + first,
                            .embeddings = j->embeddings,
                            .logits = j->logits,
                            .label = j->labels[j->rows[first]],
                            .item = item};
}

/* The best row of the whole class k, whose rows are in ascending order still. */
static dc3_status open_class(void *user, int worker, int64_t k, void *result)
{
    job *j = user;
    int64_t first = j->class_first[k], best;
    const dc3_candidates all = candidates(j, first, j->class_first[k + 1] - first, (uint64_t)k);
    (void)worker, (void)result;
    DC3_TRY(j->chooser(&all, 1, &best));
    j->firsts[k] = j->rows[first + best];
    forget_class(j, k);
    return DC3_OK;
}

static dc3_status open_classes(job *j)
{
    if (!j->options->nested) return DC3_OK;
    j->firsts = dc3_meter_alloc(&j->meter, (size_t)j->classes, sizeof *j->firsts);
    if (!j->firsts) return out_of_memory();
    return dc3_pieces_run(
        &(dc3_pieces){.count = j->classes, .workers = j->options->threads, .user = j, .work = open_class});
}

/* Appends the bins of class k, whose rows are sorted; returns how many they are. */
static int add_bins(job *j, int64_t k)
{
    int64_t start = j->part_count;
    for (int64_t i = j->class_first[k]; i < j->class_first[k + 1]; i++) {
        int fresh = i == j->class_first[k] || j->bins[j->rows[i]] != j->bins[j->rows[i - 1]];
        if (fresh) j->parts[j->part_count++] = (bin){.first = i, .ends = -1, .opens = -1};
        j->parts[j->part_count - 1].count++;
    }
    j->parts[j->part_count - 1].ends = k;
    return (int)(j->part_count - start);
}

/* How many rows each of the last `count` bins, those of class k, gives. sizes: scratch [2, n]. */
static void share_class(job *j, int64_t k, int count, int64_t *sizes)
{
    bin *parts = j->parts + j->part_count - count;
    int64_t *shares = sizes + j->n, *turns = j->turns ? j->turns + k * j->options->ipc : NULL;
    for (int b = 0; b < count; b++) sizes[b] = parts[b].count;
    if (!turns) {
        dc3_budget(count, sizes, j->options->ipc, shares);
        for (int b = 0; b < count; b++) parts[b].picks = shares[b];
        return;
    }
    int opens = 0;
    while (j->bins[j->rows[parts[opens].first]] != j->bins[j->firsts[k]]) opens++;
    while (j->rows[parts[opens].first + ++parts[opens].opens] != j->firsts[k]) {
    }
    int64_t rows = dc3_turns(count, sizes, opens, j->options->ipc, shares, turns);
    for (int64_t i = 0; i < rows; i++) {
        parts[turns[i]].picks++;
        turns[i] += j->part_count - count;
    }
}

/* The bins in order, each with its share of the class's budget. */
static dc3_status make_parts(job *j)
{
    const dc3_select_options *o = j->options;
    sort_rows(j);
    j->parts = dc3_meter_alloc(&j->meter, (size_t)j->n, sizeof *j->parts);
    int64_t *sizes = dc3_meter_alloc(&j->meter, 2 * (size_t)j->n, sizeof *sizes);
    if (o->nested) j->turns = dc3_meter_alloc(&j->meter, (size_t)(j->classes * o->ipc), sizeof *j->turns);
    dc3_status status = j->parts && sizes && (j->turns || !o->nested) ? DC3_OK : out_of_memory();
    for (int64_t k = 0; status == DC3_OK && k < j->classes; k++) {
        int64_t out = k * o->ipc, total = j->class_first[k + 1] - j->class_first[k];
        int count = add_bins(j, k);
        share_class(j, k, count, sizes);
        for (bin *b = j->parts + j->part_count - count; b < j->parts + j->part_count; b++) {
            b->out = out;
            out += b->picks;
        }
        if (total < o->ipc && o->strict) /* else repeat_rows fills what is missing */
            status = dc3_fail(DC3_ERR_ARGUMENT, "class %lld has %lld rows, fewer than ipc %d",
                              (long long)j->labels[j->rows[j->class_first[k]]], (long long)total, o->ipc);
    }
    dc3_meter_free(&j->meter, sizes);
    return status;
}

/* Of a nested selection: from by bin to by turns. */
static dc3_status take_turns(job *j, dc3_selection *selection)
{
    int64_t ipc = j->options->ipc;
    if (!j->turns) return DC3_OK;
    int64_t *rows = dc3_meter_alloc(&j->meter, (size_t)ipc, sizeof *rows);
    double *gains = dc3_meter_alloc(&j->meter, (size_t)ipc, sizeof *gains);
    dc3_status status = rows && gains ? DC3_OK : out_of_memory();
    for (int64_t k = 0; status == DC3_OK && k < j->classes; k++) {
        int64_t total = j->class_first[k + 1] - j->class_first[k], n = total < ipc ? total : ipc;
        for (int64_t i = 0; i < n; i++) {
            int64_t from = j->parts[j->turns[k * ipc + i]].out++;
            rows[i] = selection->rows[from];
            gains[i] = selection->gains[from];
        }
        memcpy(selection->rows + k * ipc, rows, (size_t)n * sizeof *rows);
        memcpy(selection->gains + k * ipc, gains, (size_t)n * sizeof *gains);
    }
    dc3_meter_free(&j->meter, rows);
    dc3_meter_free(&j->meter, gains);
    return status;
}

static dc3_status pick(job *j, const bin *b, uint64_t item, int64_t *out, double *gains)
{
    if (!b->picks) return DC3_OK;
    dc3_candidates from = candidates(j, b->first, b->count, item);
    from.first = b->opens < 0 ? NULL : &b->opens;
    from.gains = gains;
    DC3_TRY(j->chooser(&from, b->picks, out));
    for (int64_t i = 0; i < b->picks; i++) out[i] = j->rows[b->first + out[i]];
    return DC3_OK;
}

/* A class of too few rows gives them again, from the first on. */
static void repeat_rows(const job *j, dc3_selection *selection)
{
    for (int64_t k = 0; k < j->classes; k++) {
        int64_t *rows = selection->rows + k * j->options->ipc,
                total = j->class_first[k + 1] - j->class_first[k];
        for (int64_t i = total; i < j->options->ipc; i++, selection->repeated++) rows[i] = rows[i - total];
    }
}

/* Rows by class, and the bins of each. */
static dc3_status make_bins(job *j)
{
    j->rows = dc3_meter_alloc(&j->meter, (size_t)j->n, sizeof *j->rows);
    j->bins = dc3_meter_alloc(&j->meter, (size_t)j->n, sizeof *j->bins);
    if (!j->rows || !j->bins) return out_of_memory();
    DC3_TRY(group_classes(j));
    return cluster(j);
}

typedef struct picking {
    job *job;
    dc3_selection *selection;
} picking;

static dc3_status pick_piece(void *user, int worker, int64_t piece, void *result)
{
    const picking *p = user;
    const bin *b = &p->job->parts[piece];
    (void)worker, (void)result;
    dc3_status status =
        pick(p->job, b, (uint64_t)piece, p->selection->rows + b->out, p->selection->gains + b->out);
    if (b->ends >= 0) forget_class(p->job, b->ends);
    return status;
}

static dc3_status select_all(job *j, dc3_selection *selection)
{
    DC3_TRY(make_bins(j));
    DC3_TRY(open_classes(j));
    DC3_TRY(make_parts(j));
    selection->count = j->classes * j->options->ipc;
    selection->rows = calloc((size_t)selection->count, sizeof *selection->rows);
    selection->gains = malloc((size_t)selection->count * sizeof *selection->gains);
    if (!selection->rows || !selection->gains) return out_of_memory();
    for (int64_t i = 0; i < selection->count; i++) selection->gains[i] = NAN;
    DC3_TRY(dc3_pieces_run(&(dc3_pieces){.count = j->part_count,
                                         .workers = j->options->threads,
                                         .user = &(picking){j, selection},
                                         .work = pick_piece}));
    DC3_TRY(take_turns(j, selection));
    repeat_rows(j, selection);
    return DC3_OK;
}

static void close_job(job *j)
{
    dc3_meter_free(&j->meter, j->rows);
    dc3_meter_free(&j->meter, j->bins);
    dc3_meter_free(&j->meter, j->class_first);
    dc3_meter_free(&j->meter, j->parts);
    dc3_meter_free(&j->meter, j->firsts);
    dc3_meter_free(&j->meter, j->turns);
}

dc3_status dc3_select_bins(const dc3_select_options *options, int64_t n, int64_t d, const float *embeddings,
                           const int64_t *labels, int64_t *bins)
{
    job j = {.options = options, .n = n, .d = d, .embeddings = embeddings, .labels = labels};
    DC3_TRY(dc3_place_need("bins", bins));
    DC3_TRY(check(&j));
    DC3_CALL_SCOPE(j.options->cancel);
    DC3_BLAS_SCOPE();
    dc3_status status = make_bins(&j);
    if (status == DC3_OK) memcpy(bins, j.bins, (size_t)n * sizeof *bins);
    close_job(&j);
    return status;
}

/* Checks, selects, and leaves nothing behind on failure. */
static dc3_status run_job(job *j, dc3_selection *selection)
{
    DC3_TRY(dc3_place_need("selection", selection));
    *selection = (dc3_selection){0};
    DC3_TRY(check(j));
    DC3_CALL_SCOPE(j->options->cancel);
    DC3_BLAS_SCOPE();
    dc3_status status = select_all(j, selection);
    close_job(j);
    selection->peak_bytes = atomic_load(&j->meter.peak);
    if (status != DC3_OK) dc3_selection_free(selection);
    return status;
}

dc3_status dc3_select_rows(const dc3_select_options *options, int64_t n, int64_t d, int64_t c,
                           const float *embeddings, const float *logits, const int64_t *labels,
                           const int64_t *bins, dc3_selection *selection)
{
    job j = {.options = options,
             .chooser = dc3_choose_submodular,
             .n = n,
             .d = d,
             .c = c,
             .embeddings = embeddings,
             .logits = logits,
             .labels = labels,
             .given = bins};
    return run_job(&j, selection);
}

dc3_status dc3_select_by(const dc3_select_options *options, dc3_chooser *chooser, int64_t n, int64_t d,
                         int64_t c, const float *embeddings, const float *logits, const int64_t *labels,
                         dc3_selection *selection)
{
    job j = {.options = options,
             .chooser = chooser,
             .whole = 1,
             .n = n,
             .d = d,
             .c = c,
             .embeddings = embeddings,
             .logits = logits,
             .labels = labels};
    return run_job(&j, selection);
}

void dc3_selection_free(dc3_selection *selection)
{
    if (!selection) return;
    free(selection->rows);
    free(selection->gains);
    selection->rows = NULL;
    selection->gains = NULL;
    selection->count = 0;
}
