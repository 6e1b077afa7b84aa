/* What ranks tell each other. */
#ifndef DC3_RANKS_MESSAGE_H
#define DC3_RANKS_MESSAGE_H

#include <stddef.h>
#include <stdint.h>
#include "base/status.h"

typedef enum dc3_message_kind {
    DC3_MESSAGE_HELLO = 1, /* to rank 0: who it is, as text */
    DC3_MESSAGE_BEAT,      /* it is there */
    DC3_MESSAGE_STATES,    /* to rank 0: what it works on (agree.h), as text */
    DC3_MESSAGE_STAGE,     /* to all: a stage begins; its name, a zero, and what is to be known */
    DC3_MESSAGE_WANT,      /* to rank 0: so many pieces of the stage, beside those that it has */
    DC3_MESSAGE_PIECE,     /* a piece of the stage, with what is to be known of it */
    DC3_MESSAGE_RESULT,    /* to rank 0: of a piece, and it wants another */
    DC3_MESSAGE_STOP,      /* to all: the stage is over */
    DC3_MESSAGE_LEFT,      /* to rank 0: it has left the stage */
    DC3_MESSAGE_TERM,      /* to who adds up: values of a part (sum.h); the stage is the round */
    DC3_MESSAGE_TOTAL,     /* from there to all: the sum of such values */
    DC3_MESSAGE_FAILED,    /* to rank 0: its command failed */
    DC3_MESSAGE_END,       /* to all: the run ends */
    DC3_MESSAGE_BYE        /* to rank 0: it has ended */
} dc3_message_kind;

/* Each thread of a rank has a piece in work and one more in hand, so that it waits for no message. */
enum { DC3_PIECES_IN_HAND = 2 };

/* At the beginning of a message; its body stands behind, a dc3_failure where the status is not DC3_OK. */
typedef struct dc3_message {
    _Alignas(64) int32_t kind;
    int32_t status;
    int64_t stage, number; /* number: of a piece, or how many */
} dc3_message;

/* With room for `body` bytes behind it; NULL without memory. */
dc3_message *dc3_message_make(dc3_message_kind kind, int64_t stage, int64_t number, size_t body);
/* Of how something went: with the thread's failure unless status is DC3_OK; *body bytes stand behind it. */
dc3_message *dc3_message_outcome(dc3_message_kind kind, int64_t stage, int64_t number, dc3_status status,
                                 size_t *body);
/* The failure that such a message, with `body` bytes behind it, tells, with who it was in front. */
void dc3_message_failure(dc3_message *message, size_t body, const char *who, dc3_failure *failure);
static inline void *dc3_message_body(dc3_message *message)
{
    return message + 1;
}

#endif
