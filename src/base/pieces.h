/* Work over many items, handed out in pieces: each of some threads takes the next piece, does all of it
 * alone, and what comes of it is taken in the order of the pieces by the calling thread, which works, too. So
 * no thread waits for another at a barrier, and one that the system holds up costs only its own share: one
 * that it has not begun by the end is not waited for at all. */
#ifndef DC3_BASE_PIECES_H
#define DC3_BASE_PIECES_H

#include <stddef.h>
#include <stdint.h>
#include "base/status.h"

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
} dc3_pieces;

/* Fails as the earliest piece does whose work or taking fails: all pieces before it were taken, none behind.
 * DC3_ERR_CANCELLED where the flag is set; DC3_ERR_MEMORY. When it returns nobody works on a piece. */
dc3_status dc3_pieces_run(const dc3_pieces *pieces);

#endif
