#include "base/pieces.h"

#include <omp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include "base/cancel.h"
#include "base/memory.h"

/* What came of a piece, until it is taken. */
typedef struct slot {
    int done;
    dc3_status status;
    dc3_failure failure;
} slot;

typedef struct team {
    const dc3_pieces *pieces;
    dc3_watch *watch;
    pthread_mutex_t lock;     /* of what follows, but for a slot's result, which its piece's worker has */
    pthread_cond_t room, end; /* a piece may begin, or none will; a piece is done */
    int64_t next, taken;      /* the first piece that nobody has begun; pieces that were taken */
    int stops;                /* no piece begins any more */
    int64_t slot_count;
    slot *slots; /* [slot_count] of piece p the one at p % slot_count */
    char *results;
    size_t each;
} team;

typedef struct member {
    team *team;
    int worker;
    pthread_t thread;
} member;

static void *result_of(const team *t, int64_t piece)
{
    return t->results + (size_t)(piece % t->slot_count) * t->each;
}

static int may_begin(const team *t)
{
    return !t->stops && t->next < t->pieces->count && t->next < t->taken + t->slot_count;
}

/* Does the next piece; the lock is held before and after. */
static void work_on_next(team *t, int worker)
{
    int64_t piece = t->next++;
    slot *s = &t->slots[piece % t->slot_count];
    pthread_mutex_unlock(&t->lock);
    dc3_status status = dc3_check_cancel();
    if (status == DC3_OK) status = t->pieces->work(t->pieces->user, worker, piece, result_of(t, piece));
    if (status != DC3_OK) dc3_failure_note(&s->failure);
    pthread_mutex_lock(&t->lock);
    s->status = status;
    s->done = 1;
    if (status != DC3_OK) t->stops = 1;
    pthread_cond_signal(&t->end);
    if (t->stops) pthread_cond_broadcast(&t->room);
}

static void *work(void *of)
{
    const member *m = of;
    team *t = m->team;
    DC3_CANCEL_SHARE(t->watch);
    omp_set_num_threads(1);
    pthread_mutex_lock(&t->lock);
    while (!t->stops && t->next < t->pieces->count)
        if (may_begin(t))
            work_on_next(t, m->worker);
        else
            pthread_cond_wait(&t->room, &t->lock);
    pthread_mutex_unlock(&t->lock);
    return NULL;
}

/* Takes the piece whose turn it is and which is done; the lock is held before and after. */
static dc3_status take_next(team *t)
{
    slot *s = &t->slots[t->taken % t->slot_count];
    if (s->status != DC3_OK) return dc3_failure_give(&s->failure, s->status);
    dc3_status status = DC3_OK;
    if (t->pieces->take) {
        pthread_mutex_unlock(&t->lock);
        status = t->pieces->take(t->pieces->user, t->taken, result_of(t, t->taken));
        pthread_mutex_lock(&t->lock);
    }
    s->done = 0;
    t->taken++;
    pthread_cond_signal(&t->room);
    return status;
}

/* The calling thread's part: taking comes before working, so that the others have room. */
static dc3_status lead(team *t)
{
    dc3_status status = DC3_OK;
    pthread_mutex_lock(&t->lock);
    while (status == DC3_OK && t->taken < t->pieces->count)
        if (t->slots[t->taken % t->slot_count].done)
            status = take_next(t);
        else if (may_begin(t))
            work_on_next(t, 0);
        else
            pthread_cond_wait(&t->end, &t->lock);
    t->stops = 1;
    pthread_cond_broadcast(&t->room);
    pthread_mutex_unlock(&t->lock);
    return status;
}

/* The other workers, as many as the system gives. */
static dc3_status run(team *t, int workers)
{
    member *members = calloc((size_t)workers, sizeof *members);
    int begun = 1;
    if (!members) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    for (; begun < workers; begun++) {
        members[begun] = (member){.team = t, .worker = begun};
        if (pthread_create(&members[begun].thread, NULL, work, &members[begun]) != 0) break;
    }
    int threads = omp_get_max_threads();
    if (workers > 1) omp_set_num_threads(1);
    dc3_status status = lead(t);
    omp_set_num_threads(threads);
    for (int i = 1; i < begun; i++) pthread_join(members[i].thread, NULL);
    free(members);
    return status;
}

dc3_status dc3_pieces_run(const dc3_pieces *pieces)
{
    enum { AHEAD = 4, ALIGNED = 64 };
    int workers = pieces->workers < pieces->count ? pieces->workers : (int)pieces->count;
    if (pieces->count < 1) return DC3_OK;
    team t = {.pieces = pieces, .watch = dc3_cancel_here(), .slot_count = workers > 1 ? AHEAD * workers : 1};
    t.each = (pieces->result_size + ALIGNED) / ALIGNED * ALIGNED;
    t.slots = calloc((size_t)t.slot_count, sizeof *t.slots);
    t.results = dc3_alloc((size_t)t.slot_count * t.each);
    pthread_mutex_init(&t.lock, NULL);
    pthread_cond_init(&t.room, NULL);
    pthread_cond_init(&t.end, NULL);
    dc3_status status = DC3_OK;
    if (t.slots && t.results)
        memset(t.results, 0, (size_t)t.slot_count * t.each);
    else
        status = dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK) status = run(&t, workers);
    pthread_cond_destroy(&t.end);
    pthread_cond_destroy(&t.room);
    pthread_mutex_destroy(&t.lock);
    free(t.results);
    free(t.slots);
    return status;
}
