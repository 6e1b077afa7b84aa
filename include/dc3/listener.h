/* Long commands report their progress to the caller, who may end them. */
#ifndef DC3_LISTENER_H
#define DC3_LISTENER_H

#include <stdint.h>
#include "dc3/cancel.h"

#ifdef __cplusplus
extern "C" {
#endif

/* All may be NULL; they are called from the calling thread, and return (no longjmp, no C++ exception). */
typedef struct dc3_listener {
    void *user;
    /* total is -1 where nobody knows it yet */
    void (*progress)(void *user, const char *stage, int64_t done, int64_t total);
    void (*message)(void *user, const char *text); /* one line for people: a warning, a summary */
    const dc3_cancel *cancel;                      /* once it is set the call stops with DC3_ERR_CANCELLED */
} dc3_listener;

#ifdef __cplusplus
}
#endif
#endif
