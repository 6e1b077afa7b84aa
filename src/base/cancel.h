/* Which flag the work of a thread reads. A public call installs its caller's flag for its own thread and
 * takes it away when it returns (DC3_CANCEL_SCOPE), so that what stands below need not hand it on; the
 * threads of a parallel region begin without one and are handed that of the thread that opened the region. */
#ifndef DC3_BASE_CANCEL_H
#define DC3_BASE_CANCEL_H

#include "base/status.h"
#include "dc3/cancel.h"

/* The flag of this thread; NULL: none. */
const dc3_cancel *dc3_cancel_here(void);
/* 1 if it is set, else 0. */
int dc3_cancelled(void);

/* To the end of the enclosing block this thread reads `cancel`; NULL: what it reads already. */
#define DC3_CANCEL_SCOPE(cancel)                                                                             \
    __attribute__((cleanup(dc3_cancel_leave), unused)) const dc3_cancel *dc3_cancel_outer =                  \
        dc3_cancel_enter(cancel)
/* For the macro: installs `cancel` unless it is NULL and returns what was installed; installs *outer. */
const dc3_cancel *dc3_cancel_enter(const dc3_cancel *cancel);
void dc3_cancel_leave(const dc3_cancel **outer);

#endif
