#include "base/pieces.h"

#include <omp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include "base/cancel.h"
#include "base/memory.h"

/* What came of a piece, until it is taken. */
typedef struct slot {
    int done, elsewhere;   /* the latter: its piece is done there */
    int failed;            /* it could not be done there, as `failure` says */
    void *own;             /* a result's memory, once a thread of ours needed it */
    void *memory, *result; /* of a piece that was done elsewhere */
    dc3_status status;
    dc3_failure failure;
} slot;

typedef struct member {
    dc3_team *team;
    int worker;
} member;

/* A thread that the system begins late finds that all is done: the call has not waited for it, and of the
 * team there is only what says so. */
struct dc3_team {
    const dc3_pieces *pieces; /* the caller's, as the watch is: there for those who are present */
    dc3_watch *watch;
    pthread_mutex_t lock;     /* of what follows, but for a slot's result, which its piece's worker has */
    pthread_cond_t room, end; /* a piece may begin, or none will; a piece is done, or somebody has gone */
    int64_t next, taken;      /* the first piece that nobody has begun; pieces that were taken */
    int stops;                /* no piece begins any more, and nobody comes */
    dc3_status broken;        /* as dc3_team_break has it */
    dc3_failure why;
    int stopped;          /* 1: so that the watch stops who works on a piece */
    int present, holders; /* workers that are at work; threads that will still look at the team */
    int64_t slot_count;
    slot *slots;      /* [slot_count] of piece p the one at p % slot_count */
    size_t each;      /* bytes of a result */
    member members[]; /* [workers] */
};

/* Where a thread of ours leaves the slot's result. */
static dc3_status own_result(const dc3_team *t, slot *s)
{
    if (!s->own && (s->own = dc3_alloc(t->each)) != NULL) memset(s->own, 0, t->each);
    return s->own ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
}

static int may_begin(const dc3_team *t)
{
    return !t->stops && t->next < t->pieces->count && t->next < t->taken + t->slot_count;
}

/* The slot's piece is done; the lock is held. */
static void end_piece(dc3_team *t, slot *s)
{
    s->done = 1;
    if (s->status != DC3_OK) t->stops = 1;
    pthread_cond_signal(&t->end);
    if (t->stops) pthread_cond_broadcast(&t->room);
}

/* Does the next piece; the lock is held before and after. */
static void work_on_next(dc3_team *t, int worker)
{
    int64_t piece = t->next++;
    slot *s = &t->slots[piece % t->slot_count];
    pthread_mutex_unlock(&t->lock);
    dc3_status status = dc3_check_cancel();
    if (status == DC3_OK) status = own_result(t, s);
    if (status == DC3_OK) status = t->pieces->work(t->pieces->user, worker, piece, s->own);
    if (status != DC3_OK) dc3_failure_note(&s->failure);
    pthread_mutex_lock(&t->lock);
    s->status = status;
    end_piece(t, s);
}

/* The lock is held before and after. */
static void take_part(dc3_team *t, int worker)
{
    DC3_CANCEL_SHARE(t->watch);
    omp_set_num_threads(1);
    while (!t->stops && t->next < t->pieces->count)
        if (may_begin(t))
            work_on_next(t, worker);
        else
            pthread_cond_wait(&t->room, &t->lock);
}

/* `threads` threads look at the team no more; the lock is held before, and with the last goes the team. */
static void leave(dc3_team *t, int threads)
{
    int is_left = t->holders -= threads;
    pthread_mutex_unlock(&t->lock);
    if (is_left) return;
    pthread_cond_destroy(&t->end);
    pthread_cond_destroy(&t->room);
    pthread_mutex_destroy(&t->lock);
    free(t);
}

static void *work(void *of)
{
    const member *m = of;
    dc3_team *t = m->team;
    pthread_mutex_lock(&t->lock);
    if (!t->stops) {
        t->present++;
        take_part(t, m->worker);
        t->present--;
        pthread_cond_signal(&t->end);
    }
    leave(t, 1);
    return NULL;
}

/* Does the piece whose turn it is, with which others failed; the lock is held before and after. */
static void redo_next(dc3_team *t, slot *s)
{
    const dc3_elsewhere *others = t->pieces->elsewhere;
    s->failed = 0;
    pthread_mutex_unlock(&t->lock);
    dc3_status status = dc3_check_cancel();
    if (status == DC3_OK) status = own_result(t, s);
    if (status == DC3_OK) status = t->pieces->work(t->pieces->user, 0, t->taken, s->own);
    if (status == DC3_OK)
        others->redone(others->user, s->own, &s->failure);
    else
        dc3_failure_note(&s->failure);
    pthread_mutex_lock(&t->lock);
    s->status = status;
}

/* Takes the piece whose turn it is and which is done; the lock is held before and after. */
static dc3_status take_next(dc3_team *t)
{
    slot *s = &t->slots[t->taken % t->slot_count];
    if (s->failed) redo_next(t, s);
    if (s->status != DC3_OK) return dc3_failure_give(&s->failure, s->status);
    dc3_status status = DC3_OK;
    pthread_mutex_unlock(&t->lock);
    if (t->pieces->take) status = t->pieces->take(t->pieces->user, t->taken, s->memory ? s->result : s->own);
    free(s->memory);
    pthread_mutex_lock(&t->lock);
    s->memory = NULL;
    s->done = 0;
    t->taken++;
    pthread_cond_signal(&t->room);
    const dc3_elsewhere *others = t->pieces->elsewhere;
    if (!others || status != DC3_OK) return status;
    pthread_mutex_unlock(&t->lock);
    others->room(others->user);
    pthread_mutex_lock(&t->lock);
    return status;
}

/* Until a piece is done or somebody has gone; where others work elsewhere no piece of ours reads the caller's
 * flag meanwhile. The lock is held before and after. */
static dc3_status wait_for_end(dc3_team *t)
{
    enum { OFTEN = 200000000 }; /* nanoseconds */
    struct timespec until;
    if (!t->pieces->elsewhere) {
        pthread_cond_wait(&t->end, &t->lock);
        return DC3_OK;
    }
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += OFTEN;
    if (until.tv_nsec >= 1000000000) until.tv_nsec -= 1000000000, until.tv_sec++;
    pthread_cond_timedwait(&t->end, &t->lock, &until);
    return dc3_check_cancel();
}

/* The lock is held before and after. */
static void tell_idle(dc3_team *t)
{
    const dc3_elsewhere *others = t->pieces->elsewhere;
    if (!others || !others->idle) return;
    pthread_mutex_unlock(&t->lock);
    others->idle(others->user);
    pthread_mutex_lock(&t->lock);
}

/* The calling thread's part: taking comes before working, so that the others have room. The lock is held
 * afterwards, and nobody else is present. */
static dc3_status lead(dc3_team *t)
{
    dc3_status status = DC3_OK;
    pthread_mutex_lock(&t->lock);
    while (status == DC3_OK && t->taken < t->pieces->count)
        if (t->slots[t->taken % t->slot_count].done)
            status = take_next(t);
        else if (t->broken != DC3_OK)
            status = dc3_failure_give(&t->why, t->broken);
        else if (may_begin(t))
            work_on_next(t, 0);
        else {
            status = wait_for_end(t);
            if (status == DC3_OK) tell_idle(t);
        }
    t->stops = 1;
    pthread_cond_broadcast(&t->room);
    while (t->present) pthread_cond_wait(&t->end, &t->lock);
    return status;
}

/* With the other workers, as many as the system gives; the team is closed. */
static dc3_status run(dc3_team *t, int workers)
{
    int begun = 1, threads = omp_get_max_threads();
    t->holders = workers;
    for (; begun < workers; begun++) {
        pthread_t thread;
        t->members[begun] = (member){.team = t, .worker = begun};
        if (pthread_create(&thread, NULL, work, &t->members[begun]) != 0) break;
        pthread_detach(thread);
    }
    if (workers > 1) omp_set_num_threads(1);
    const dc3_elsewhere *others = t->pieces->elsewhere;
    if (others) others->begin(others->user, t);
    dc3_status status = lead(t);
    if (others) { /* who has a lock of its own, under which it comes to the team */
        pthread_mutex_unlock(&t->lock);
        others->end(others->user);
        pthread_mutex_lock(&t->lock);
    }
    if (t->stopped) __atomic_store_n(&t->watch->seen, 0, __ATOMIC_RELAXED); /* the flag is not set */
    if (t->stopped && status == DC3_ERR_CANCELLED) status = dc3_failure_give(&t->why, t->broken);
    omp_set_num_threads(threads);
    for (int64_t i = 0; i < t->slot_count; i++) free(t->slots[i].own), free(t->slots[i].memory);
    free(t->slots);
    leave(t, workers - begun + 1);
    return status;
}

dc3_status dc3_pieces_run(const dc3_pieces *pieces)
{
    enum { AHEAD = 4, ALIGNED = 64 };
    int workers = pieces->workers < pieces->count ? pieces->workers : (int)pieces->count;
    if (pieces->count < 1) return DC3_OK;
    int64_t slots = workers > 1 || pieces->elsewhere ? AHEAD * workers : 1;
    if (pieces->elsewhere) slots += 2 * pieces->elsewhere->at_once;
    dc3_team *t = malloc(sizeof *t + (size_t)workers * sizeof *t->members);
    slot *all = calloc((size_t)slots, sizeof *all);
    if (!t || !all) {
        free(t), free(all);
        return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    }
    *t = (dc3_team){.pieces = pieces,
                    .watch = dc3_cancel_here(),
                    .slot_count = slots,
                    .slots = all,
                    .each = (pieces->result_size + ALIGNED) / ALIGNED * ALIGNED};
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->room, NULL);
    pthread_cond_init(&t->end, NULL);
    return run(t, workers);
}

int64_t dc3_team_next(dc3_team *t)
{
    pthread_mutex_lock(&t->lock);
    int64_t piece = may_begin(t) ? t->next++ : -1;
    if (piece >= 0) t->slots[piece % t->slot_count].elsewhere = 1;
    pthread_mutex_unlock(&t->lock);
    return piece;
}

/* The slot of a piece that is done elsewhere, and no longer so; NULL: it is not. The lock is held. */
static slot *slot_elsewhere(dc3_team *t, int64_t piece)
{
    slot *s = piece >= t->taken && piece < t->next ? &t->slots[piece % t->slot_count] : NULL;
    if (!s || !s->elsewhere) return NULL;
    s->elsewhere = 0;
    return s;
}

int dc3_team_done(dc3_team *t, int64_t piece, void *memory, void *result)
{
    pthread_mutex_lock(&t->lock);
    slot *s = slot_elsewhere(t, piece);
    if (s) {
        s->memory = memory, s->result = result, s->status = DC3_OK;
        end_piece(t, s);
    }
    pthread_mutex_unlock(&t->lock);
    return s != NULL;
}

int dc3_team_failed(dc3_team *t, int64_t piece, const dc3_failure *failure)
{
    pthread_mutex_lock(&t->lock);
    slot *s = slot_elsewhere(t, piece);
    if (s) {
        s->failed = 1, s->failure = *failure, s->status = DC3_OK;
        end_piece(t, s);
    }
    pthread_mutex_unlock(&t->lock);
    return s != NULL;
}

void dc3_team_break(dc3_team *t, dc3_status status, const dc3_failure *failure)
{
    pthread_mutex_lock(&t->lock);
    if (t->broken == DC3_OK) t->why = *failure, t->broken = status;
    if (t->watch && !dc3_watch_fires(t->watch)) {
        t->stopped = 1;
        __atomic_store_n(&t->watch->seen, 1, __ATOMIC_RELAXED);
    }
    t->stops = 1;
    pthread_cond_broadcast(&t->room);
    pthread_cond_signal(&t->end);
    pthread_mutex_unlock(&t->lock);
}
