/* Threads that run one network side by side, each on a piece of its own (base/pieces.h) in a context of its
 * own: weights are shared, temporaries are not. */
#ifndef DC3_OPS_WORKERS_H
#define DC3_OPS_WORKERS_H

#include "ops/context.h"

/* `threads`, or as few as a third of the memory that this process may use has room for where each needs
 * `bytes` bytes; at least 1. */
int dc3_threads_with_room(int threads, double bytes);
/* How many there are for `pieces` pieces of work in place of ctx, where each needs `bytes` bytes: a thread
 * each, but no more than there is room for. 1: ctx itself does one
 * piece after the other with all its threads. So it is where there are fewer pieces than threads, where a
 * piece needs more than a gigabyte, and on a device whose memory the host does not see. */
int dc3_workers(const dc3_ctx *ctx, int64_t pieces, double bytes);
/* The contexts of `workers` of them: of one thread, else as ctx is; of a single one ctx itself. Close in any
 * case. */
dc3_status dc3_workers_open(dc3_ctx *ctx, int workers, dc3_ctx ***all);
/* Accepts NULL; nulls. */
void dc3_workers_close(const dc3_ctx *ctx, int workers, dc3_ctx ***all);

#endif
