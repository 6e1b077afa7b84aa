/* What a public call changes for the thread that makes it, and puts back when it returns. */
#ifndef DC3_BASE_CALL_H
#define DC3_BASE_CALL_H

#include "base/cancel.h"

/* Stands at the beginning of a public call that computes. To the end of the enclosing block `cancel` stops it
 * (DC3_CANCEL_SCOPE), and then OpenMP's number of threads is again what the program had set. */
#define DC3_CALL_SCOPE(cancel)                                                                               \
    DC3_CANCEL_SCOPE(cancel);                                                                                \
    __attribute__((cleanup(dc3_call_leave), unused)) const int dc3_call_threads = dc3_call_enter()
/* For the macro. */
int dc3_call_enter(void);
void dc3_call_leave(const int *threads);

#endif
