/* One row for each of `count` clusters of the class: k-means (kmeans.c) on the features as they are, then of
 * each cluster the row nearest to its mean. Minimises the sum of squared distances to the centres, so the
 * rows stand where the class is dense, in contrast to k-center. O(count m d) a round of Lloyd's. Ties go to
 * the lowest row. Where equal rows leave a cluster empty, the lowest row not chosen yet takes its place.
 * dc3_choose_largest_clusters has the same rows, those of the largest clusters first: a part of them stands
 * for as much of the class as so many of these clusters can. They are others for another number of rows. */
#include <math.h>
#include <string.h>
#include "select/certainty.h"
#include "select/choose.h"
#include "select/distance.h"
#include "select/kmeans.h"

enum { STARTS = 4 };

typedef struct clusters {
    float *x;        /* [m, d] */
    int *of;         /* [m] */
    double *centres; /* [count, d] */
    double *least;   /* [count], of the picks */
    int64_t *sizes;  /* [2 count], the second half scratch */
    char *chosen;    /* [m] */
} clusters;

static void find_centres(const dc3_candidates *from, int64_t count, clusters *k)
{
    int64_t d = from->d;
    for (int64_t i = 0; i < from->m; i++) {
        k->sizes[k->of[i]]++;
        for (int64_t j = 0; j < d; j++) k->centres[k->of[i] * d + j] += k->x[i * d + j];
    }
    for (int64_t c = 0; c < count; c++)
        for (int64_t j = 0; k->sizes[c] && j < d; j++) k->centres[c * d + j] /= (double)k->sizes[c];
}

DC3_FOR_EACH_PROCESSOR static void take_nearest(const dc3_candidates *from, int64_t count, clusters *k,
                                                int64_t *picks)
{
    for (int64_t c = 0; c < count; c++) picks[c] = -1, k->least[c] = INFINITY;
    for (int64_t i = 0; i < from->m; i++) {
        int c = k->of[i];
        double there = dc3_distance(from->d, k->x + i * from->d, k->centres + c * from->d);
        if (there < k->least[c]) k->least[c] = there, picks[c] = i;
    }
}

static void fill_empty(int64_t count, clusters *k, int64_t *picks)
{
    int64_t next = 0;
    for (int64_t c = 0; c < count; c++)
        if (picks[c] >= 0) k->chosen[picks[c]] = 1;
    for (int64_t c = 0; c < count; c++) {
        if (picks[c] >= 0) continue;
        while (k->chosen[next]) next++;
        k->chosen[picks[c] = next] = 1;
    }
}

/* Empty clusters last. */
static void put_largest_first(int64_t count, clusters *k, int64_t *order, int64_t *picks)
{
    double *keys = k->least; /* which nothing needs any more */
    for (int64_t c = 0; c < count; c++) keys[c] = -(double)k->sizes[c];
    dc3_order_by(count, keys, order);
    for (int64_t c = 0; c < count; c++) k->sizes[c] = picks[order[c]];
    memcpy(picks, k->sizes, (size_t)count * sizeof *picks);
}

static dc3_status choose(const dc3_candidates *from, int64_t count, int by_size, int64_t *picks)
{
    size_t m = (size_t)from->m, d = (size_t)from->d, n = (size_t)count;
    clusters k = {.x = dc3_meter_alloc(from->meter, m * d, sizeof *k.x),
                  .of = dc3_meter_alloc(from->meter, m, sizeof *k.of),
                  .centres = dc3_meter_alloc(from->meter, n * d, sizeof *k.centres),
                  .least = dc3_meter_alloc(from->meter, n, sizeof *k.least),
                  .sizes = dc3_meter_alloc(from->meter, 2 * n, sizeof *k.sizes),
                  .chosen = dc3_meter_alloc(from->meter, m, 1)};
    dc3_status status = DC3_OK;
    if (!k.x || !k.of || !k.centres || !k.least || !k.sizes || !k.chosen)
        status = dc3_fail(DC3_ERR_MEMORY, "out of memory for the clusters of %lld rows", (long long)from->m);
    for (size_t i = 0; status == DC3_OK && i < m; i++)
        memcpy(k.x + i * d, from->embeddings + (size_t)from->rows[i] * d, d * sizeof *k.x);
    if (status == DC3_OK)
        status = dc3_kmeans(from->meter, from->m, from->d, k.x, (int)count, STARTS, from->options->seed,
                            (uint64_t)from->label, k.of, NULL);
    if (status == DC3_OK) {
        find_centres(from, count, &k);
        take_nearest(from, count, &k, picks);
        fill_empty(count, &k, picks);
        if (by_size) put_largest_first(count, &k, k.sizes + count, picks);
    }
    dc3_meter_free(from->meter, k.x);
    dc3_meter_free(from->meter, k.of);
    dc3_meter_free(from->meter, k.centres);
    dc3_meter_free(from->meter, k.least);
    dc3_meter_free(from->meter, k.sizes);
    dc3_meter_free(from->meter, k.chosen);
    return status;
}

dc3_status dc3_choose_nearest_to_centres(const dc3_candidates *from, int64_t count, int64_t *picks)
{
    return choose(from, count, 0, picks);
}

dc3_status dc3_choose_largest_clusters(const dc3_candidates *from, int64_t count, int64_t *picks)
{
    return choose(from, count, 1, picks);
}
