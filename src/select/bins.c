#include "select/bins.h"

#include <stdlib.h>
#include "select/kmeans.h"
#include "select/pca.h"

enum { STARTS = 4 };

dc3_status dc3_bins(dc3_meter *meter, int64_t n, int64_t d, const float *x, int components, int k,
                    uint64_t seed, uint64_t label, int *bins)
{
    if (k > n) k = (int)n;
    if (k <= 1) {
        for (int64_t i = 0; i < n; i++) bins[i] = 0;
        return DC3_OK;
    }
    int64_t dimensions = dc3_pca_components(n, d, components);
    float *scores = dc3_meter_alloc(meter, (size_t)(n * dimensions), sizeof *scores);
    if (!scores) return dc3_fail(DC3_ERR_MEMORY, "out of memory for the bins of %lld rows", (long long)n);
    dc3_status status = dc3_pca(meter, n, d, x, dimensions, scores, NULL);
    if (status == DC3_OK)
        status = dc3_kmeans(meter, n, dimensions, scores, k, STARTS, seed, label, bins, NULL);
    dc3_meter_free(meter, scores);
    return status;
}

void dc3_budget(int count, const int64_t *sizes, int64_t total, int64_t *shares)
{
    int used = 0;
    for (int b = 0; b < count; b++) used += sizes[b] > 0;
    int64_t share = used ? total / used : 0, left = total;
    for (int b = 0; b < count; b++) {
        shares[b] = sizes[b] < share ? sizes[b] : share;
        left -= shares[b];
    }
    while (left > 0) {
        int best = -1;
        for (int b = 0; b < count; b++)
            if (shares[b] < sizes[b] && (best < 0 || sizes[b] > sizes[best])) best = b;
        if (best < 0) return;
        int64_t room = sizes[best] - shares[best], more = left < room ? left : room;
        shares[best] += more;
        left -= more;
    }
}

static int larger_first(const void *a, const void *b, void *of)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b, *sizes = of;
    if (sizes[x] != sizes[y]) return sizes[x] > sizes[y] ? -1 : 1;
    return (x > y) - (x < y);
}

int64_t dc3_turns(int count, int64_t *sizes, int first, int64_t total, int64_t *order, int64_t *turns)
{
    int64_t taken = 0, before = -1;
    order[0] = first;
    for (int b = 0, next = 1; b < count; b++)
        if (b != first) order[next++] = b;
    qsort_r(order + 1, (size_t)count - 1, sizeof *order, larger_first, sizes);
    for (int64_t round = 0; taken < total && taken > before; round++) {
        before = taken;
        for (int b = 0; b < count && taken < total && (b == 0 || sizes[order[b]] > round); b++)
            if (sizes[order[b]] > round) turns[taken++] = order[b];
    }
    return taken;
}
