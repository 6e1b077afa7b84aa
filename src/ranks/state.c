/* Who the ranks are, and what this one sends. */
#include <stdlib.h>
#include <string.h>
#include "ranks/ranks_private.h"

dc3_ranks dc3_us = {.lock = PTHREAD_MUTEX_INITIALIZER,
                    .changed = PTHREAD_COND_INITIALIZER,
                    .hearing = PTHREAD_MUTEX_INITIALIZER};

static int alone;

void dc3_ranks_stand_alone(int stands)
{
    __atomic_store_n(&alone, stands, __ATOMIC_RELEASE);
}

static int are_several(void)
{
    return dc3_us.begun > 0 && !__atomic_load_n(&alone, __ATOMIC_ACQUIRE);
}

int dc3_ranks_rank(void)
{
    return are_several() ? dc3_us.transport.rank : 0;
}

int dc3_ranks_count(void)
{
    return are_several() ? dc3_us.transport.ranks : 1;
}

int dc3_ranks_reach_all(void)
{
    return dc3_us.begun > 0 && dc3_us.transport.is_mesh;
}

const char *dc3_ranks_name(int rank)
{
    return dc3_us.peers[rank].name;
}

const char *dc3_ranks_states(int rank)
{
    return dc3_us.peers[rank].states;
}

void dc3_ranks_forget_states(void)
{
    pthread_mutex_lock(&dc3_us.lock);
    for (int i = 0; i < dc3_us.transport.ranks; i++) {
        free(dc3_us.peers[i].states);
        dc3_us.peers[i].states = NULL;
    }
    pthread_mutex_unlock(&dc3_us.lock);
}

const dc3_cancel *dc3_ranks_cancel(void)
{
    return &dc3_us.ending;
}

void dc3_ranks_mute(dc3_listener *listener)
{
    if (dc3_ranks_rank()) *listener = (dc3_listener){.cancel = &dc3_us.ending};
}

dc3_status dc3_ranks_outcome(dc3_status status)
{
    return dc3_ranks_rank() && status == DC3_ERR_CANCELLED ? DC3_OK : status;
}

dc3_status dc3_ranks_send(int to, dc3_message *message, size_t body)
{
    dc3_waiting *w = message ? malloc(sizeof *w) : NULL;
    if (!w) {
        free(message);
        return dc3_fail(DC3_ERR_MEMORY, "out of memory for a message to another rank");
    }
    *w = (dc3_waiting){.to = to, .message = message, .bytes = sizeof *message + body};
    pthread_mutex_lock(&dc3_us.lock);
    int first = dc3_us.out.first == NULL, is_late = dc3_us.leaves && message->kind == DC3_MESSAGE_BEAT;
    if (!is_late) dc3_queue_put(&dc3_us.out, w);
    pthread_mutex_unlock(&dc3_us.lock);
    if (is_late) {
        free(message);
        free(w);
    } else if (first && dc3_us.transport.wake && !pthread_equal(pthread_self(), dc3_us.thread))
        dc3_us.transport.wake(dc3_us.transport.self);
    return DC3_OK;
}

dc3_status dc3_ranks_send_all(dc3_message *message, size_t body)
{
    dc3_status status = message ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    for (int to = 1; status == DC3_OK && to < dc3_us.transport.ranks; to++) {
        dc3_message *copy = dc3_message_make(message->kind, message->stage, message->number, body);
        if (copy) memcpy(dc3_message_body(copy), dc3_message_body(message), body);
        status = dc3_ranks_send(to, copy, body);
    }
    free(message);
    return status;
}
