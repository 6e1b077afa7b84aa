/* The thread that has the transport. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/listener.h"
#include "ranks/ranks_private.h"

/* ---- who is there ---- */

/* A rank failed, or is lost (is_lost 1). */
static void lose(int rank, int is_lost, dc3_status status, const dc3_failure *failure)
{
    dc3_peer *p = &dc3_us.peers[rank];
    pthread_mutex_lock(&dc3_us.lock);
    int is_new = p->status == DC3_OK && !p->has_ended;
    if (is_new) p->status = status, p->failure = *failure;
    if (!p->has_ended) p->is_lost |= is_lost;
    pthread_cond_broadcast(&dc3_us.changed);
    pthread_mutex_unlock(&dc3_us.lock);
    pthread_mutex_lock(&dc3_us.hearing);
    if (is_new && dc3_us.ear) dc3_us.ear->lost(dc3_us.ear->user, status, failure);
    pthread_mutex_unlock(&dc3_us.hearing);
}

/* It says nothing any more: rank 0 fails; the others, which can do nothing without it, end. That one of them
 * is lost rank 0 sees, too, and tells. */
static void lose_silently(int rank, const char *how)
{
    dc3_failure failure = {.text = ""};
    snprintf(failure.text, sizeof failure.text, "%s %s%s", dc3_us.peers[rank].name, how,
             rank ? "; what was done is kept: give the same command again" : "");
    if (dc3_us.transport.rank == 0)
        lose(rank, 1, DC3_ERR_IO, &failure);
    else if (!rank && !dc3_us.ended)
        dc3_us.transport.abort(dc3_us.transport.self, failure.text);
}

static void check_silence(double now)
{
    char how[80];
    snprintf(how, sizeof how, "has not been heard of for %.3g seconds", dc3_us.silence);
    int first = dc3_us.transport.rank ? 0 : 1, end = dc3_us.transport.rank ? 1 : dc3_us.transport.ranks;
    for (int i = first; i < end; i++)
        if (!dc3_us.peers[i].is_lost && now - dc3_us.peers[i].heard > dc3_us.silence) lose_silently(i, how);
}

/* ---- what is heard ---- */

/* A failure there is told with who it was. */
static void hear_failure(int from, dc3_message *m, size_t bytes)
{
    dc3_failure failure;
    dc3_message_failure(m, bytes - sizeof *m, dc3_us.peers[from].name, &failure);
    lose(from, 0, m->status, &failure);
}

/* 1: the message is kept. */
static int keep(dc3_queue *q, dc3_message *m, size_t bytes)
{
    dc3_waiting *w = malloc(sizeof *w);
    if (!w) return 0;
    *w = (dc3_waiting){.message = m, .bytes = bytes};
    dc3_queue_put(q, w);
    return 1;
}

/* 1: the message is kept, and whoever takes it may have freed it as soon as the lock is released. */
static int note(int from, dc3_message *m, size_t bytes)
{
    dc3_peer *p = &dc3_us.peers[from];
    size_t body = bytes - sizeof *m;
    const char *text = dc3_message_body(m);
    switch (m->kind) {
    case DC3_MESSAGE_HELLO:
        snprintf(p->name, sizeof p->name, "%.*s", (int)body, text);
        break;
    case DC3_MESSAGE_STATES:
        free(p->states);
        p->states = strndup(text, body);
        break;
    case DC3_MESSAGE_LEFT:
        p->left = m->stage;
        break;
    case DC3_MESSAGE_BYE:
        p->has_ended = 1;
        break;
    case DC3_MESSAGE_STAGE:
        return keep(&dc3_us.stages, m, bytes);
    case DC3_MESSAGE_PIECE:
        return keep(&dc3_us.pieces, m, bytes);
    case DC3_MESSAGE_TERM:
    case DC3_MESSAGE_TOTAL:
        return keep(&dc3_us.sums, m, bytes);
    case DC3_MESSAGE_STOP:
        dc3_us.stopped = m->stage;
        break;
    case DC3_MESSAGE_END:
        dc3_us.ended = 1;
        dc3_cancel_set(&dc3_us.ending);
        break;
    default:
        break;
    }
    return 0;
}

static void hear(int from, dc3_message *m, size_t bytes)
{
    int kept = 0, kind = m->kind;
    if (m->status != DC3_OK && kind != DC3_MESSAGE_RESULT) hear_failure(from, m, bytes);
    pthread_mutex_lock(&dc3_us.lock);
    dc3_us.peers[from].heard = dc3_seconds_now();
    if (kind != DC3_MESSAGE_BEAT) {
        kept = note(from, m, bytes);
        pthread_cond_broadcast(&dc3_us.changed);
    }
    pthread_mutex_unlock(&dc3_us.lock);
    if (kind == DC3_MESSAGE_WANT || kind == DC3_MESSAGE_RESULT) {
        pthread_mutex_lock(&dc3_us.hearing);
        kept = dc3_us.ear != NULL;
        if (dc3_us.ear) dc3_us.ear->hear(dc3_us.ear->user, from, m, bytes - sizeof *m);
        pthread_mutex_unlock(&dc3_us.hearing);
    }
    if (!kept) free(m);
}

/* ---- the thread of the transport ---- */

static void send_waiting(void)
{
    for (;;) {
        pthread_mutex_lock(&dc3_us.lock);
        dc3_waiting *w = dc3_queue_take(&dc3_us.out);
        pthread_mutex_unlock(&dc3_us.lock);
        if (!w) return;
        int gone = dc3_us.transport.send(dc3_us.transport.self, w->to, w->message, w->bytes) < 0;
        if (gone && !dc3_us.ended) lose_silently(w->to, "has ended"); /* who ended may say so yet */
        free(w);
    }
}

static void beat(double now, double often)
{
    static double last;
    if (now - last < often) return;
    last = now;
    if (dc3_us.transport.rank == 0)
        dc3_ranks_send_all(dc3_message_make(DC3_MESSAGE_BEAT, 0, 0, 0), 0);
    else
        dc3_ranks_send(0, dc3_message_make(DC3_MESSAGE_BEAT, 0, 0, 0), 0);
}

/* Where this process did not run for a while, as when a machine sleeps, nobody could be heard. */
static void forgive(double now, double before)
{
    if (now - before < dc3_us.silence / 2) return;
    for (int i = 0; i < dc3_us.transport.ranks; i++) dc3_us.peers[i].heard = now;
}

static int is_closed(void)
{
    pthread_mutex_lock(&dc3_us.lock);
    int closed = dc3_us.aborts || (dc3_us.closes && !dc3_us.out.first);
    pthread_mutex_unlock(&dc3_us.lock);
    return closed;
}

static void converse(void)
{
    double often = dc3_us.silence / 4 < 5 ? dc3_us.silence / 4 : 5, before = dc3_seconds_now(),
           checked = before;
    for (send_waiting(); !is_closed(); send_waiting()) {
        int from = -1;
        void *message = NULL;
        size_t bytes = 0;
        int got = dc3_us.transport.receive(dc3_us.transport.self, often / 4, &from, &message, &bytes);
        double now = dc3_seconds_now();
        forgive(now, before);
        before = now;
        beat(now, often);
        if (got > 0 && bytes >= sizeof(dc3_message)) hear(from, message, bytes);
        if (got > 0 && bytes < sizeof(dc3_message)) {
            free(message);
            lose_silently(from, "says what is no message");
        }
        if (got < 0) lose_silently(from < 0 ? 0 : from, "has ended");
        if (now - checked > often) check_silence(now), checked = now;
    }
}

static void greet(void)
{
    char host[100] = "", who[DC3_RANK_NAME];
    int rank = dc3_us.transport.rank;
    gethostname(host, sizeof host - 1);
    snprintf(who, sizeof who, "rank %d (process %d on %s)", rank, (int)getpid(), host);
    dc3_message *m = dc3_message_make(DC3_MESSAGE_HELLO, 0, 0, strlen(who));
    if (m) memcpy(dc3_message_body(m), who, strlen(who));
    for (int i = 0; i < dc3_us.transport.ranks; i++) {
        snprintf(dc3_us.peers[i].name, DC3_RANK_NAME, "rank %d", i);
        dc3_us.peers[i].heard = dc3_seconds_now();
    }
    if (rank)
        dc3_ranks_send(0, m, strlen(who));
    else
        dc3_ranks_send_all(m, strlen(who));
}

void *dc3_ranks_converse(void *unused)
{
    (void)unused;
    int opened = dc3_us.open(dc3_us.open_user, &dc3_us.transport) == 0;
    if (opened) dc3_us.peers = calloc((size_t)dc3_us.transport.ranks, sizeof *dc3_us.peers);
    int begun = opened && dc3_us.peers ? 1 : -1;
    if (begun > 0) greet(); /* before anything else is said */
    pthread_mutex_lock(&dc3_us.lock);
    dc3_us.begun = begun;
    pthread_cond_broadcast(&dc3_us.changed);
    pthread_mutex_unlock(&dc3_us.lock);
    if (begun < 0) return NULL;
    converse();
    if (dc3_us.aborts) dc3_us.transport.abort(dc3_us.transport.self, NULL);
    dc3_us.transport.close(dc3_us.transport.self);
    return NULL;
}
