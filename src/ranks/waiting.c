/* Waiting for what other ranks say. */
#include <stdlib.h>
#include <time.h>
#include "ranks/ranks_private.h"

/* For a change, a fifth of a second at most; the lock is held before and after. */
void dc3_ranks_wait_a_while(void)
{
    enum { OFTEN = 200000000 };
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += OFTEN;
    if (until.tv_nsec >= 1000000000) until.tv_nsec -= 1000000000, until.tv_sec++;
    pthread_cond_timedwait(&dc3_us.changed, &dc3_us.lock, &until);
}

/* How a rank ended, or DC3_OK; the lock is held. */
static dc3_status check(void)
{
    for (int i = 0; i < dc3_us.transport.ranks; i++)
        if (dc3_us.peers[i].status != DC3_OK)
            return dc3_failure_give(&dc3_us.peers[i].failure, dc3_us.peers[i].status);
    return DC3_OK;
}

dc3_status dc3_ranks_check(void)
{
    if (dc3_us.begun <= 0) return DC3_OK;
    pthread_mutex_lock(&dc3_us.lock);
    dc3_status status = check();
    pthread_mutex_unlock(&dc3_us.lock);
    return status;
}

/* Until all others have said what they work on (stage 0), or left a stage. */
static dc3_status wait_for_all(int64_t stage)
{
    dc3_status status = DC3_OK;
    pthread_mutex_lock(&dc3_us.lock);
    for (;;) {
        int missing = 0;
        for (int i = 1; i < dc3_us.transport.ranks; i++)
            missing += stage ? dc3_us.peers[i].left < stage : dc3_us.peers[i].states == NULL;
        status = check();
        if (status == DC3_OK) status = dc3_check_cancel();
        if (!missing || status != DC3_OK) break;
        dc3_ranks_wait_a_while();
    }
    pthread_mutex_unlock(&dc3_us.lock);
    return status;
}

dc3_status dc3_ranks_wait_states(void)
{
    return wait_for_all(0);
}

dc3_status dc3_ranks_wait_left(int64_t stage)
{
    return wait_for_all(stage);
}

void dc3_ranks_listen(const dc3_ranks_ear *ear)
{
    pthread_mutex_lock(&dc3_us.hearing);
    dc3_us.ear = ear;
    pthread_mutex_unlock(&dc3_us.hearing);
}

static dc3_message *open_waiting(dc3_waiting *w, size_t *body)
{
    dc3_message *m = w ? w->message : NULL;
    *body = w ? w->bytes - sizeof *m : 0;
    free(w);
    return m;
}

dc3_message *dc3_ranks_next_stage(size_t *body)
{
    pthread_mutex_lock(&dc3_us.lock);
    while (!dc3_us.stages.first && !dc3_us.ended) pthread_cond_wait(&dc3_us.changed, &dc3_us.lock);
    dc3_waiting *w = dc3_us.ended ? NULL : dc3_queue_take(&dc3_us.stages);
    pthread_mutex_unlock(&dc3_us.lock);
    return open_waiting(w, body);
}

dc3_message *dc3_ranks_next_piece(int64_t stage, size_t *body)
{
    pthread_mutex_lock(&dc3_us.lock);
    for (;;) {
        while (dc3_us.pieces.first && dc3_us.pieces.first->message->stage < stage) { /* of one that is over */
            dc3_waiting *old = dc3_queue_take(&dc3_us.pieces);
            free(old->message);
            free(old);
        }
        if (dc3_us.pieces.first || dc3_us.ended || dc3_us.stopped >= stage) break;
        pthread_cond_wait(&dc3_us.changed, &dc3_us.lock);
    }
    int over = dc3_us.ended || dc3_us.stopped >= stage || dc3_us.pieces.first->message->stage != stage;
    dc3_waiting *w = over ? NULL : dc3_queue_take(&dc3_us.pieces);
    pthread_mutex_unlock(&dc3_us.lock);
    return open_waiting(w, body);
}

/* The first message of a round, out of its place; those of later ones wait. The lock is held. */
static dc3_waiting *take_sum(int64_t round)
{
    dc3_waiting **at = &dc3_us.sums.first, *w;
    while (*at && (*at)->message->stage != round) at = &(*at)->next;
    if (!(w = *at)) return NULL;
    *at = w->next;
    if (!w->next) dc3_us.sums.end = at;
    return w;
}

dc3_status dc3_ranks_next_sum(int64_t round, dc3_message **message, size_t *body)
{
    dc3_waiting *w;
    dc3_status status = DC3_OK;
    pthread_mutex_lock(&dc3_us.lock);
    while (!(w = take_sum(round)) && status == DC3_OK) {
        status = check();
        if (status == DC3_OK) status = dc3_us.ended ? DC3_ERR_CANCELLED : dc3_check_cancel();
        if (status == DC3_OK) dc3_ranks_wait_a_while();
    }
    pthread_mutex_unlock(&dc3_us.lock);
    *message = open_waiting(w, body);
    return *message ? DC3_OK : status;
}

dc3_message *dc3_ranks_sum_there(int64_t round, size_t *body)
{
    pthread_mutex_lock(&dc3_us.lock);
    dc3_waiting *w = take_sum(round);
    pthread_mutex_unlock(&dc3_us.lock);
    return open_waiting(w, body);
}
