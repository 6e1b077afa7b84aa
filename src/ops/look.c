#include "ops/look.h"

#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/cancel.h"
#include "base/pieces.h"
#include "ops/workers.h"

enum { REASON = 256 }; /* bytes of a reason */

typedef struct team {
    const dc3_look *look;
    int count;
    dc3_ctx **opened;         /* [count], or NULL */
    dc3_ctx *const *contexts; /* [count], those or the caller's */
    float **views;            /* [count], each [rows, pixels] */
} team;

/* What comes of a view, with its note; of a piece there are [rows], and both parts of the values behind them.
 */
typedef struct slot {
    dc3_status status;
    char reason[REASON];
    _Alignas(16) char note[];
} slot;

static size_t slot_size(const dc3_look *l)
{
    return sizeof(slot) + (l->note + 15) / 16 * 16;
}

static slot *slot_of(const dc3_look *l, void *piece, int i)
{
    return (slot *)(void *)((char *)piece + (size_t)i * slot_size(l));
}

static float *values_of(const dc3_look *l, void *piece, int part)
{
    return (float *)(void *)slot_of(l, piece, l->rows) + (part ? l->rows * l->widths[0] : 0);
}

static size_t piece_size(const dc3_look *l)
{
    return (size_t)l->rows * (slot_size(l) + (size_t)(l->widths[0] + l->widths[1]) * sizeof(float));
}

/* Views of a piece that begins with view `first`. */
static int views_of(const dc3_look *l, int64_t first)
{
    int64_t left = l->count - first;
    return left < l->rows ? (int)left : l->rows;
}

/* View i, or none with -1, as worker `at`. */
static void show(const dc3_look *l, int at, int64_t i, float *view, slot *to)
{
    to->status = i < 0 ? DC3_OK : l->show(l->user, at, i, view, to->note);
    snprintf(to->reason, REASON, "%s", to->status == DC3_OK ? "" : dc3_error_text());
    if (i < 0 || to->status != DC3_OK) memset(view, 0, (size_t)l->pixels * sizeof *view);
}

static dc3_status work(void *user, int at, int64_t piece, void *result)
{
    const team *t = user;
    const dc3_look *l = t->look;
    int64_t first = l->first + piece * l->rows;
    int count = views_of(l, first);
    int threads = t->count > 1 ? 1 : dc3_ctx_threads(l->ctx);
    dc3_watch *watch = dc3_cancel_here();
#pragma omp parallel for schedule(dynamic) num_threads(threads)
    for (int i = 0; i < l->rows; i++) {
        DC3_CANCEL_SHARE(watch);
        int worker = t->count > 1 ? at : omp_get_thread_num();
        show(l, worker, i < count ? first + i : -1, t->views[at] + i * l->pixels, slot_of(l, result, i));
    }
    DC3_TRY(dc3_check_cancel());
    float *const values[] = {values_of(l, result, 0), values_of(l, result, 1)};
    return l->run(l->network, t->contexts[at], l->rows, t->views[at], values);
}

static dc3_status take(void *user, int64_t piece, void *result)
{
    const team *t = user;
    const dc3_look *l = t->look;
    int64_t first = l->first + piece * l->rows;
    int count = views_of(l, first);
    for (int i = 0; i < count; i++) {
        const slot *s = slot_of(l, result, i);
        dc3_seen seen = {s->status, s->reason, s->note, {NULL, NULL}};
        for (int k = 0; k < 2; k++) seen.values[k] = values_of(l, result, k) + i * l->widths[k];
        DC3_TRY(l->take(l->user, first + i, &seen));
    }
    if (l->listener && l->listener->progress)
        l->listener->progress(l->listener->user, l->stage, first + count, l->count);
    return DC3_OK;
}

int dc3_look_workers(const dc3_look *l)
{
    double views = 4.0 * l->rows * (double)l->pixels;
    return dc3_workers(l->ctx, (l->count + l->rows - 1) / l->rows, l->bytes + views);
}

/* Always close. */
static dc3_status open(team *t)
{
    const dc3_look *l = t->look;
    t->views = calloc((size_t)t->count, sizeof *t->views);
    int ready = t->views != NULL;
    for (int i = 0; ready && i < t->count; i++)
        ready = (t->views[i] = malloc((size_t)l->rows * (size_t)l->pixels * sizeof(float))) != NULL;
    if (!ready)
        return dc3_fail(DC3_ERR_MEMORY, "out of memory for %d views of %lld values", l->rows,
                        (long long)l->pixels);
    if (!l->contexts) DC3_TRY(dc3_workers_open(l->ctx, t->count, &t->opened));
    t->contexts = l->contexts ? l->contexts : t->opened;
    return DC3_OK;
}

static void shut(team *t)
{
    for (int i = 0; t->views && i < t->count; i++) free(t->views[i]);
    free(t->views);
    dc3_workers_close(t->look->ctx, t->count, &t->opened);
}

dc3_status dc3_look_run(const dc3_look *l)
{
    if (l->first >= l->count) return DC3_OK;
    team t = {.look = l, .count = l->contexts ? l->workers : dc3_look_workers(l)};
    dc3_status status = open(&t);
    dc3_pieces pieces = {.count = (l->count - l->first + l->rows - 1) / l->rows,
                         .workers = t.count,
                         .result_size = piece_size(l),
                         .user = &t,
                         .work = work,
                         .take = take};
    if (status == DC3_OK) status = dc3_pieces_run(&pieces);
    shut(&t);
    return status;
}
