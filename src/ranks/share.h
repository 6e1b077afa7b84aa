/* A stage of work whose pieces (base/pieces.h) rank 0 hands out to all ranks. It does pieces itself, too, and
 * takes what came of all of them in their order, so that the result is that of one rank. */
#ifndef DC3_RANKS_SHARE_H
#define DC3_RANKS_SHARE_H

#include "base/pieces.h"
#include "dc3/listener.h"

/* ---- rank 0 ---- */

typedef struct dc3_share dc3_share;

/* What a rank must know of a piece beside its number: `bytes` bytes at `to`, at most as many as
 * dc3_shared.task. */
typedef size_t dc3_share_task(void *user, int64_t piece, void *to);

/* How pieces are shared. */
typedef struct dc3_shared {
    int64_t first; /* added to the number of a piece for the others, who do not know of several runs */
    size_t task;   /* bytes that `tell` writes at most; 0: nothing is told */
    void *user;
    dc3_share_task *tell; /* on any thread */
    /* Another rank has a piece now, or no more; on any thread. NULL: nobody is told. */
    void (*at_work)(void *user, int64_t piece, int works);
    const dc3_listener *listener; /* is told of what others failed with and rank 0 did; NULL: nobody */
    /* What the pieces are, each of which takes minutes at most: the listener is told of a rank that is there
     * and ends none of those that it has for four times as long as a rank may say nothing, as one does that
     * reads from a file system that answers no more. NULL: it is not. */
    const char *what;
    /* Whether a result of rank 0 leaves out what cannot be read, as others fail for: then nobody is told of
     * them. NULL: none does. */
    int (*lacks)(void *user, const void *result);
} dc3_shared;

/* Begins the stage `name` on the other ranks, which get `bytes` bytes of what they must know. *share is NULL
 * where there are none; only one is open at a time. Close in any case. */
dc3_status dc3_share_open(const char *name, const void *known, size_t bytes, dc3_share **share);
/* dc3_pieces_run with the others; share NULL: without. Results are flat: they go from rank to rank as bytes.
 * A piece with which another rank fails is done again by rank 0, whose answer counts. Fails also where a rank
 * is lost. */
dc3_status dc3_share_run(dc3_share *share, const dc3_shared *how, const dc3_pieces *pieces);
/* Waits until the others have left the stage, which have nothing to do in it but begin. */
dc3_status dc3_share_wait(dc3_share *share);
void dc3_share_close(dc3_share **share);
/* Tells the others that a part of the command is over whose stages they followed. */
dc3_status dc3_share_apart(void);

/* ---- the other ranks ---- */

/* A stage that this rank can take part in: `run` opens what it needs and calls dc3_share_serve, or for a part
 * of the command that has stages of its own, up to dc3_share_apart, dc3_share_follow. */
typedef struct dc3_stage {
    const char *name;
    dc3_status (*run)(void *user, const void *known, size_t bytes);
} dc3_stage;

/* Takes part in stages, of `stages` up to one without a name, until rank 0 ends, or the part of the command
 * that this is in. Returns what a stage failed with. */
dc3_status dc3_share_follow(const dc3_stage *stages, void *user);

/* How this rank does pieces of the stage that it is in. */
typedef struct dc3_serving {
    int workers;        /* threads */
    int in_hand;        /* pieces of a thread, the one in work among them; 0: DC3_PIECES_IN_HAND */
    size_t result_size; /* as rank 0 has it */
    void *user;
    /* As dc3_pieces.work; number: with dc3_shared.first; task: what rank 0 told of it. Fails also where a
     * file cannot be read that the result would leave out: rank 0 may read it. */
    dc3_status (*work)(void *user, int worker, int64_t number, const void *task, void *result);
} dc3_serving;
/* Until the stage is over. A piece that fails is told, and no failure here. */
dc3_status dc3_share_serve(const dc3_serving *serving);

#endif
