/* Which flag the work of a thread reads. A public call watches its caller's flag on its own thread until it
 * returns (DC3_CANCEL_SCOPE), so that what stands below need not hand it on; the threads of a parallel region
 * begin without one and share the watch of the thread that opened the region (DC3_CANCEL_SHARE). */
#ifndef DC3_BASE_CANCEL_H
#define DC3_BASE_CANCEL_H

#include "base/status.h"
#include "dc3/cancel.h"

/* A flag, and whether the call has read that it is set. That stays, also where the flag is cleared meanwhile:
 * the call may have left something out by then, and must not return as if it were done. */
typedef struct dc3_watch {
    const dc3_cancel *flag;
    int seen;
} dc3_watch;

/* The watch of this thread; NULL: none. */
dc3_watch *dc3_cancel_here(void);
/* 1 if its flag is set or was, else 0; NULL: 0. */
int dc3_watch_fires(dc3_watch *watch);
/* Of this thread's. */
int dc3_cancelled(void);

/* To the end of the enclosing block this thread watches the flag `cancel`; NULL: what it watches already. */
#define DC3_CANCEL_SCOPE(cancel)                                                                             \
    dc3_watch dc3_cancel_own = {cancel, 0};                                                                  \
    DC3_CANCEL_SHARE(dc3_cancel_own.flag ? &dc3_cancel_own : NULL)
/* The same of another thread's watch. */
#define DC3_CANCEL_SHARE(watch)                                                                              \
    __attribute__((cleanup(dc3_cancel_leave), unused)) dc3_watch *dc3_cancel_outer = dc3_cancel_enter(watch)
/* For the macros: installs `watch` unless it is NULL and returns what was installed; installs *outer. */
dc3_watch *dc3_cancel_enter(dc3_watch *watch);
void dc3_cancel_leave(dc3_watch **outer);

#endif
