/* The ranks of a run (dc3/ranks.h) as the library sees them: a thread that has the transport sends, receives
 * and notes who is still there. */
#ifndef DC3_RANKS_RANKS_H
#define DC3_RANKS_RANKS_H

#include "base/cancel.h"
#include "dc3/listener.h"
#include "dc3/ranks.h"
#include "ranks/message.h"

/* Sends a message from any thread, and takes it; NULL: DC3_ERR_MEMORY. */
dc3_status dc3_ranks_send(int to, dc3_message *message, size_t body);
/* Copies of it to all others. */
dc3_status dc3_ranks_send_all(dc3_message *message, size_t body);
/* Who a rank is, in texts: "rank 2 (process 4711 on node3)". */
const char *dc3_ranks_name(int rank);
/* From here on, until it is called with 0, this process works as one alone: dc3_ranks_rank is 0 and
 * dc3_ranks_count 1, as commands see them that do a whole piece of another. */
void dc3_ranks_stand_alone(int stands);
/* DC3_OK, or on rank 0 what ended another: a failure there, its silence or its death. */
dc3_status dc3_ranks_check(void);

/* 1: every rank reaches every other; 0: only rank 0 does. */
int dc3_ranks_reach_all(void);
/* The next TERM or TOTAL of a round (sum.h), the caller's to free; waits for it. Fails as dc3_ranks_check
 * does, or with DC3_ERR_CANCELLED. */
dc3_status dc3_ranks_next_sum(int64_t round, dc3_message **message, size_t *body);
/* The same if it is there; NULL: it is not. */
dc3_message *dc3_ranks_sum_there(int64_t round, size_t *body);

/* ---- on rank 0 ---- */

/* Who is told of pieces, on the thread of the transport: of WANT and RESULT, which it frees; and that a rank
 * is lost. */
typedef struct dc3_ranks_ear {
    void *user;
    void (*hear)(void *user, int from, dc3_message *message, size_t body);
    void (*lost)(void *user, dc3_status status, const dc3_failure *failure);
} dc3_ranks_ear;
/* From here on; NULL: nobody is. When it returns, who was told before is told no more. */
void dc3_ranks_listen(const dc3_ranks_ear *ear);
/* Waits until all others have said what they work on, or have left the stage; fails as dc3_ranks_check does,
 * or with DC3_ERR_CANCELLED. */
dc3_status dc3_ranks_wait_states(void);
dc3_status dc3_ranks_wait_left(int64_t stage);
/* What a rank said that it works on. */
const char *dc3_ranks_states(int rank);
/* Forgets that, so that it can be waited for again. */
void dc3_ranks_forget_states(void);

/* ---- on the others ---- */

/* A command calls both on every rank; on rank 0 they change nothing. Before DC3_CALL_SCOPE, with the listener
 * of its options: nobody is told anything, and rank 0 stops the call. */
void dc3_ranks_mute(dc3_listener *listener);
/* With what it ends with: that rank 0 stopped it is no failure. */
dc3_status dc3_ranks_outcome(dc3_status status);
/* Set when rank 0 ends; what computes reads it. */
const dc3_cancel *dc3_ranks_cancel(void);
/* The next STAGE, or of a stage its next PIECE, the caller's to free; waits for it. NULL: the run, or the
 * stage, is over. */
dc3_message *dc3_ranks_next_stage(size_t *body);
dc3_message *dc3_ranks_next_piece(int64_t stage, size_t *body);

#endif
