#include "ops/workers.h"

#include <omp.h>
#include <stdlib.h>
#include "base/memory.h"

int dc3_threads_with_room(int threads, double bytes)
{
    double room = (double)dc3_memory_limit() / 3 / (bytes > 1 ? bytes : 1);
    return room >= threads ? threads : room < 1 ? 1 : (int)room;
}

int dc3_workers(const dc3_ctx *ctx, int64_t pieces, double bytes)
{
    static const double most_each = 1 << 30;
    int threads = dc3_ctx_threads(ctx);
    if (pieces < threads || bytes > most_each || !dc3_ctx_device(ctx)->host_visible) return 1;
    return dc3_threads_with_room(threads, bytes);
}

dc3_status dc3_workers_open(dc3_ctx *ctx, int workers, dc3_ctx ***out)
{
    int threads = omp_get_max_threads(); /* which opening changes */
    dc3_ctx **all = *out = calloc((size_t)workers, sizeof *all);
    dc3_status status = all ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK && workers == 1) all[0] = ctx;
    for (int i = 0; status == DC3_OK && workers > 1 && i < workers; i++)
        status = dc3_ctx_open_beside(ctx, 1, &all[i]);
    omp_set_num_threads(threads);
    return status;
}

void dc3_workers_close(const dc3_ctx *ctx, int workers, dc3_ctx ***all)
{
    for (int i = 0; *all && i < workers; i++)
        if ((*all)[i] != ctx) dc3_ctx_close(&(*all)[i]);
    free(*all);
    *all = NULL;
}
