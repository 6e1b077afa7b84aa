/* Work over many items, handed out in pieces: each of some threads takes the next piece, does all of it
 * alone, and what comes of it is taken in the order of the pieces by the calling thread, which works, too. So
 * no thread waits for another at a barrier, and one that the system holds up costs only its own share: one
 * that it has not begun by the end is not waited for at all. */
#ifndef DC3_BASE_PIECES_H
#define DC3_BASE_PIECES_H

#include <stddef.h>
#include <stdint.h>
#include "base/status.h"

/* Others who do pieces of a call, by no thread of it. */
typedef struct dc3_team dc3_team;
typedef struct dc3_elsewhere {
    void *user;
    int64_t at_once; /* pieces that they have in hand, at the most */
    /* All by the calling thread. From `begin` until `end` has returned they may call the functions below. */
    void (*begin)(void *user, dc3_team *team);
    void (*room)(void *user); /* a piece has been taken, so that another may begin */
    /* A piece with which they failed so has been done here, and what came of it. */
    void (*redone)(void *user, const void *result, const dc3_failure *failure);
    void (*idle)(
        void *user); /* there is nothing to do but wait; a few times a second. NULL: nobody is told */
    void (*end)(void *user);
} dc3_elsewhere;

typedef struct dc3_pieces {
    int64_t count; /* pieces */
    int workers;   /* threads at the most, the calling one among them, 1 or more */
    size_t
        result_size; /* bytes that `work` hands to `take`; there are a few times as many as workers at once */
    void *user;
    /* Does `piece`; `worker`, from 0 to workers - 1, is alone with its number. It runs with one thread of
     * OpenMP where there are several workers, and on a thread that reads the caller's cancel flag. result:
     * 64-byte aligned, with what an earlier piece left there (at first zeros). */
    dc3_status (*work)(void *user, int worker, int64_t piece, void *result);
    /* Takes what came of it; by the calling thread, in the order of the pieces, none left out. NULL: nothing
     * is to be taken. */
    dc3_status (*take)(void *user, int64_t piece, void *result);
    const dc3_elsewhere *elsewhere; /* NULL: nobody else works */
} dc3_pieces;

/* Fails as the earliest piece does whose work or taking fails: all pieces before it were taken, none behind.
 * DC3_ERR_CANCELLED where the flag is set; DC3_ERR_MEMORY. When it returns nobody works on a piece. */
dc3_status dc3_pieces_run(const dc3_pieces *pieces);

/* For those who are elsewhere, from any thread. Begins a piece, which they do from here on; -1: none may
 * begin now. */
int64_t dc3_team_next(dc3_team *team);
/* It is done. result: what `take` gets, in `memory`, which is freed with free when it has been taken. 0, with
 * nothing done, where nobody elsewhere has that piece. */
int dc3_team_done(dc3_team *team, int64_t piece, void *memory, void *result);
/* They failed with it: the calling thread does it when its turn has come, and what comes of that counts. 0 as
 * above. */
int dc3_team_failed(dc3_team *team, int64_t piece, const dc3_failure *failure);
/* They can go on no more, and the call fails so; who works on a piece here is stopped, as by the flag. */
void dc3_team_break(dc3_team *team, dc3_status status, const dc3_failure *failure);

#endif
