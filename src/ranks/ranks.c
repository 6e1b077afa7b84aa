/* The beginning and the end. */
#include <stdlib.h>
#include "base/listener.h"
#include "ranks/ranks_private.h"

enum { END_SECONDS = 20 };

dc3_status dc3_ranks_begin(dc3_transport_open open, void *user, double silence)
{
    dc3_us.open = open, dc3_us.open_user = user, dc3_us.silence = silence;
    if (pthread_create(&dc3_us.thread, NULL, dc3_ranks_converse, NULL) != 0)
        return dc3_fail(DC3_ERR_MEMORY, "no thread can be begun");
    pthread_mutex_lock(&dc3_us.lock);
    while (!dc3_us.begun) pthread_cond_wait(&dc3_us.changed, &dc3_us.lock);
    pthread_mutex_unlock(&dc3_us.lock);
    if (dc3_us.begun > 0) return DC3_OK;
    pthread_join(dc3_us.thread, NULL);
    return dc3_fail(DC3_ERR_IO, "the ranks cannot reach each other");
}

static void empty(dc3_queue *q)
{
    for (dc3_waiting *w; (w = dc3_queue_take(q)) != NULL; free(w)) free(w->message);
}

/* What is sent to a rank after the last that it waits for may never arrive, and then sending it never ends.
 */
static void say_last(int kind)
{
    pthread_mutex_lock(&dc3_us.lock);
    dc3_us.leaves = 1;
    pthread_mutex_unlock(&dc3_us.lock);
    if (dc3_us.transport.rank)
        dc3_ranks_send(0, dc3_message_make(kind, 0, 0, 0), 0);
    else
        dc3_ranks_send_all(dc3_message_make(kind, 0, 0, 0), 0);
}

static int others_ended(void)
{
    int ended = 1;
    for (int i = 1; i < dc3_us.transport.ranks; i++) ended = ended && dc3_us.peers[i].has_ended;
    return ended;
}

static int any_lost(void)
{
    int lost = 0;
    for (int i = 1; i < dc3_us.transport.ranks; i++) lost = lost || dc3_us.peers[i].is_lost;
    return lost;
}

/* Rank 0 waits for the others; 0: it is in vain. */
static int end_all(void)
{
    double until = dc3_seconds_now() + END_SECONDS;
    say_last(DC3_MESSAGE_END);
    pthread_mutex_lock(&dc3_us.lock);
    dc3_us.ended = 1;
    while (!others_ended() && !any_lost() && dc3_seconds_now() < until) dc3_ranks_wait_a_while();
    int ended = others_ended();
    pthread_mutex_unlock(&dc3_us.lock);
    return ended;
}

static void end_one(dc3_status status)
{
    size_t body;
    dc3_message *m = dc3_message_outcome(DC3_MESSAGE_FAILED, 0, 0, status, &body);
    if (status != DC3_OK)
        dc3_ranks_send(0, m, body);
    else
        free(m);
    pthread_mutex_lock(&dc3_us.lock);
    while (!dc3_us.ended) pthread_cond_wait(&dc3_us.changed, &dc3_us.lock);
    pthread_mutex_unlock(&dc3_us.lock);
    say_last(DC3_MESSAGE_BYE);
}

void dc3_ranks_end(dc3_status status)
{
    if (dc3_us.begun <= 0) return;
    int aborts = 0;
    if (dc3_us.transport.rank)
        end_one(status);
    else
        aborts = !end_all();
    pthread_mutex_lock(&dc3_us.lock);
    dc3_us.closes = 1, dc3_us.aborts = aborts; /* by the thread of the transport */
    pthread_mutex_unlock(&dc3_us.lock);
    if (dc3_us.transport.wake) dc3_us.transport.wake(dc3_us.transport.self);
    pthread_join(dc3_us.thread, NULL);
    for (int i = 0; i < dc3_us.transport.ranks; i++) free(dc3_us.peers[i].states);
    free(dc3_us.peers);
    empty(&dc3_us.out), empty(&dc3_us.stages), empty(&dc3_us.pieces), empty(&dc3_us.sums);
    dc3_us.begun = 0;
}
