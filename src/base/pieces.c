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

typedef struct team team;

typedef struct member {
    team *team;
    int worker;
} member;

/* A thread that the system begins late finds that all is done: the call has not waited for it, and of the
 * team there is only what says so. */
struct team {
    const dc3_pieces *pieces; /* the caller's, as the watch is: there for those who are present */
    dc3_watch *watch;
    pthread_mutex_t lock;     /* of what follows, but for a slot's result, which its piece's worker has */
    pthread_cond_t room, end; /* a piece may begin, or none will; a piece is done, or somebody has gone */
    int64_t next, taken;      /* the first piece that nobody has begun; pieces that were taken */
    int stops;                /* no piece begins any more, and nobody comes */
    int present, holders;     /* workers that are at work; threads that will still look at the team */
    int64_t slot_count;
    slot *slots; /* [slot_count] of piece p the one at p % slot_count */
    char *results;
    size_t each;
    member members[]; /* [workers] */
};

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

/* The lock is held before and after. */
static void take_part(team *t, int worker)
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
static void leave(team *t, int threads)
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
    team *t = m->team;
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

/* The calling thread's part: taking comes before working, so that the others have room. The lock is held
 * afterwards, and nobody else is present. */
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
    while (t->present) pthread_cond_wait(&t->end, &t->lock);
    return status;
}

/* With the other workers, as many as the system gives; the team is closed. */
static dc3_status run(team *t, int workers)
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
    dc3_status status = lead(t);
    omp_set_num_threads(threads);
    free(t->results);
    free(t->slots);
    leave(t, workers - begun + 1);
    return status;
}

dc3_status dc3_pieces_run(const dc3_pieces *pieces)
{
    enum { AHEAD = 4, ALIGNED = 64 };
    int workers = pieces->workers < pieces->count ? pieces->workers : (int)pieces->count;
    if (pieces->count < 1) return DC3_OK;
    int64_t slots = workers > 1 ? AHEAD * workers : 1;
    size_t each = (pieces->result_size + ALIGNED) / ALIGNED * ALIGNED;
    team *t = malloc(sizeof *t + (size_t)workers * sizeof *t->members);
    slot *all = calloc((size_t)slots, sizeof *all);
    char *results = dc3_alloc((size_t)slots * each);
    if (!t || !all || !results) {
        free(t), free(all), free(results);
        return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    }
    memset(results, 0, (size_t)slots * each);
    *t = (team){.pieces = pieces,
                .watch = dc3_cancel_here(),
                .slot_count = slots,
                .slots = all,
                .results = results,
                .each = each};
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->room, NULL);
    pthread_cond_init(&t->end, NULL);
    return run(t, workers);
}
