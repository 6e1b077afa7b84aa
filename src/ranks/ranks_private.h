/* What the files of this room share: the ranks of the process. */
#ifndef DC3_RANKS_RANKS_PRIVATE_H
#define DC3_RANKS_RANKS_PRIVATE_H

#include <pthread.h>
#include "ranks/ranks.h"

enum { DC3_RANK_NAME = 200 };

/* Another rank. */
typedef struct dc3_peer {
    char name[DC3_RANK_NAME];
    double heard; /* when it said something */
    int is_lost;  /* it has gone, or says nothing */
    int has_ended;
    dc3_status status;
    dc3_failure failure; /* where status is not DC3_OK */
    char *states;
    int64_t left; /* the last stage that it left */
} dc3_peer;

/* A message that waits. */
typedef struct dc3_waiting {
    struct dc3_waiting *next;
    int to;
    dc3_message *message;
    size_t bytes;
} dc3_waiting;

/* Messages in their order. */
typedef struct dc3_queue {
    dc3_waiting *first, **end;
} dc3_queue;
static inline void dc3_queue_put(dc3_queue *q, dc3_waiting *w)
{
    if (!q->first) q->end = &q->first;
    w->next = NULL;
    *q->end = w;
    q->end = &w->next;
}
/* NULL: there is none. */
static inline dc3_waiting *dc3_queue_take(dc3_queue *q)
{
    dc3_waiting *w = q->first;
    if (w) q->first = w->next;
    return w;
}

typedef struct dc3_ranks {
    int begun; /* 1: the transport is open; -1: it could not be opened */
    dc3_transport transport;
    dc3_transport_open open;
    void *open_user;
    double silence; /* as dc3_ranks_begin has it */
    pthread_t thread;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t changed;
    dc3_peer *peers;                     /* [ranks] */
    dc3_queue out, stages, pieces, sums; /* to be sent; that were received */
    int64_t stopped;                     /* the last stage that is over */
    int leaves;                          /* END, of rank 0, or BYE is the last that is said */
    int ended, closes, aborts;           /* rank 0 ends; so do we; and all others, whatever they do */
    dc3_cancel ending;                   /* the former, for what computes */
    pthread_mutex_t hearing;             /* held while the ear is told */
    const dc3_ranks_ear *ear;
} dc3_ranks;

/* Ours. */
extern dc3_ranks dc3_us;

/* The thread of the transport: opens it, and sends and receives until dc3_us.closes. */
void *dc3_ranks_converse(void *unused);
/* For a change, a fifth of a second at most; the lock is held before and after. */
void dc3_ranks_wait_a_while(void);

#endif
