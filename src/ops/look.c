#include "ops/look.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/pieces.h"
#include "ops/workers.h"
#include "ranks/share.h"

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

/* Views of a piece that are made. */
typedef struct showing {
    const dc3_look *look;
    int64_t first; /* its first view */
    int count;     /* of those that there are */
    float *views;  /* [rows, pixels] */
    void *piece;   /* its slots */
} showing;

/* Row i of the piece: its view, or zeros behind the last. */
static dc3_status show(void *user, int worker, int64_t i, void *result)
{
    const showing *s = user;
    const dc3_look *l = s->look;
    slot *to = slot_of(l, s->piece, (int)i);
    float *view = s->views + i * l->pixels;
    int is_there = i < s->count;
    (void)result;
    to->status = is_there ? l->show(l->user, worker, s->first + i, view, to->note) : DC3_OK;
    snprintf(to->reason, REASON, "%s", to->status == DC3_OK ? "" : dc3_error_text());
    if (is_there && to->status == DC3_OK) return DC3_OK;
    memset(view, 0, (size_t)l->pixels * sizeof *view);
    memset(to->note, 0, l->note);
    return DC3_OK;
}

/* All rows, by worker `at` or, where there is one alone, by as many threads as there is room for. */
static dc3_status show_all(const team *t, int at, showing *s)
{
    const dc3_look *l = t->look;
    dc3_pieces rows = {.count = l->rows,
                       .workers = dc3_threads_with_room(dc3_ctx_threads(l->ctx), l->show_bytes),
                       .user = s,
                       .work = show};
    if (t->count == 1) DC3_TRY(dc3_pieces_run(&rows));
    for (int i = 0; t->count > 1 && i < l->rows; i++) DC3_TRY(show(s, at, i, NULL));
    return dc3_check_cancel();
}

static dc3_status work(void *user, int at, int64_t piece, void *result)
{
    const team *t = user;
    const dc3_look *l = t->look;
    int64_t first = l->first + piece * l->rows;
    showing s = {l, first, views_of(l, first), t->views[at], result};
    DC3_TRY(show_all(t, at, &s));
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
    if (l->stage && l->listener && l->listener->progress)
        l->listener->progress(l->listener->user, l->stage, first + count, l->count);
    return DC3_OK;
}

int dc3_look_workers(const dc3_look *l)
{
    double views = 4.0 * l->rows * (double)l->pixels;
    return dc3_workers(l->ctx, (l->count + l->rows - 1) / l->rows, l->bytes + l->show_bytes + views);
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

/* What other ranks must know. */
typedef struct known {
    int64_t first, told;
} known;

/* A piece of rank 0's with a view that it cannot show either. */
static int lacks(void *user, const void *result)
{
    const dc3_look *l = ((const team *)user)->look;
    for (int i = 0; i < l->rows; i++) {
        const slot *s = slot_of(l, (void *)result, i);
        if (s->status != DC3_OK || (l->lacks && l->lacks(s->note))) return 1;
    }
    return 0;
}

static dc3_status run_shared(const dc3_look *l, const dc3_pieces *pieces)
{
    const known k = {l->first, l->told};
    const dc3_shared how = {.user = pieces->user, .listener = l->listener, .lacks = lacks};
    dc3_share *share;
    dc3_status status = dc3_share_open(l->shared, &k, sizeof k, &share);
    if (status == DC3_OK) status = dc3_share_run(share, &how, pieces);
    dc3_share_close(&share);
    return status;
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
    if (status == DC3_OK) status = l->shared ? run_shared(l, &pieces) : dc3_pieces_run(&pieces);
    shut(&t);
    return status;
}

static dc3_status serve(void *user, int at, int64_t number, const void *task, void *result)
{
    const team *t = user;
    const dc3_look *l = t->look;
    (void)task;
    DC3_TRY(work(user, at, number, result));
    for (int i = 0; i < views_of(l, l->first + number * l->rows); i++) {
        const slot *s = slot_of(l, result, i);
        if (s->status != DC3_OK) return dc3_fail(s->status, "%s", s->reason);
    }
    return DC3_OK;
}

int64_t dc3_look_told(const void *of)
{
    known k;
    memcpy(&k, of, sizeof k);
    return k.told;
}

dc3_status dc3_look_serve(const dc3_look *look, const void *of, size_t bytes)
{
    dc3_look l = *look;
    team t = {.look = &l, .count = dc3_look_workers(&l)};
    known k;
    (void)bytes;
    memcpy(&k, of, sizeof k);
    l.first = k.first;
    dc3_status status = open(&t);
    dc3_serving serving = {.workers = t.count, .result_size = piece_size(&l), .user = &t, .work = serve};
    if (status == DC3_OK) status = dc3_share_serve(&serving);
    shut(&t);
    return status;
}
