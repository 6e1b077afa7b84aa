/* How a call is asked to stop early: by a flag that its caller owns and hands to it. */
#ifndef DC3_CANCEL_H
#define DC3_CANCEL_H

#include "dc3/export.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One flag. All zero is a flag that is not set (`static dc3_cancel stop;`, `dc3_cancel stop = {0};`); it
 * needs no release. The caller keeps it where it is until every call that it was handed to has returned.
 *
 * A call that is handed one (dc3_listener, and the `cancel` of options and requests) reads it every few
 * milliseconds to every second or so, and returns DC3_ERR_CANCELLED once it is set; what such a call leaves
 * behind is said there. It never sets or clears it: a flag that is still set stops the next call too. Several
 * calls, also on several threads, may be handed the same flag, and each call one of its own; a call without a
 * flag ends by itself only, unless it is made from within a callback of another call, whose flag it reads
 * then. */
typedef struct dc3_cancel {
    int set; /* private: by the functions below only */
} dc3_cancel;

/* From now on 1. From any thread at any time, and safe in a signal handler. */
DC3_API void dc3_cancel_set(dc3_cancel *cancel);
/* From now on 0. From any thread at any time; a call that has not read the flag in between continues, and one
 * that has ends all the same. */
DC3_API void dc3_cancel_clear(dc3_cancel *cancel);
/* 1 if it is set, else 0; NULL: 0. */
DC3_API int dc3_cancel_is_set(const dc3_cancel *cancel);

#ifdef __cplusplus
}
#endif
#endif
