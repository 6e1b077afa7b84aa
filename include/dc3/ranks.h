/* One command by several processes, on one machine or on many that share their files (docs/cluster.md). Each
 * of these ranks makes the same calls with the same options. Rank 0 does what a single process does; where
 * there are pieces of work it hands them out, and the others, which write no state and tell nobody anything,
 * do them. Without dc3_ranks_begin there is one rank. */
#ifndef DC3_RANKS_H
#define DC3_RANKS_H

#include <stddef.h>
#include "dc3/export.h"
#include "dc3/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* How ranks reach each other: rank 0 all others, they rank 0 or all. All functions but `wake` are called by
 * one thread, the one that opened it. */
typedef struct dc3_transport {
    int rank, ranks; /* this process's number, from 0, and how many there are */
    void *self;
    /* Sends a message without waiting until it is received; it is the transport's from here on, which
     * releases it with free. -1: the rank is gone. */
    int (*send)(void *self, int to, void *message, size_t bytes);
    /* Waits for one, at most `seconds`. 1: from *from, *bytes in *message, at a multiple of 64, the caller's
     * to free; 0: there is none; -1: rank *from is gone, or with *from -1 nobody can be reached any more. */
    int (*receive)(void *self, double seconds, int *from, void **message, size_t *bytes);
    /* Has `receive` return soon; from any thread. NULL: it never waits for long. */
    void (*wake)(void *self);
    /* After the last message: when it returns all that was sent has been received. */
    void (*close)(void *self);
    /* Ends all ranks at once, this one with exit status 1; why: a sentence for people, or NULL. Does not
     * return. */
    void (*abort)(void *self, const char *why);
    int is_mesh; /* 1: any rank sends to any; 0: only to and from rank 0 */
} dc3_transport;

/* Opens it: 0, or -1 with the error told to people. */
typedef int (*dc3_transport_open)(void *user, dc3_transport *transport);

/* Begins: before any other call, once. silence: seconds after which a rank that says nothing counts as lost,
 * 1 or more (ranks that compute say something all the time). DC3_ERR_IO where the transport cannot be opened,
 * DC3_ERR_MEMORY. */
DC3_API dc3_status dc3_ranks_begin(dc3_transport_open open, void *user, double silence);
/* This process's number, and how many there are; 0 and 1 without dc3_ranks_begin. */
DC3_API int dc3_ranks_rank(void);
DC3_API int dc3_ranks_count(void);
/* Ends, after all other calls; status: how they went here, with dc3_error_text where that is not DC3_OK. A
 * rank other than 0 waits until rank 0 ends, too. Where a rank was lost, or does not end within 20 seconds,
 * all are aborted. */
DC3_API void dc3_ranks_end(dc3_status status);

#ifdef __cplusplus
}
#endif
#endif
