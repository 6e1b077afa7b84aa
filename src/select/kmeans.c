/* Minimises the sum over points of |x - c(x)|^2. Starts: greedy k-means++ (Arthur and Vassilvitskii 2007):
 * the next centre is the best of 2 + log(k) points drawn with probability proportional to their squared
 * distance to the centres so far. Then Lloyd's rounds until no point changes its centre. O(n k d) a round. */
#include "select/kmeans.h"

#include <math.h>
#include <string.h>
#include "base/cancel.h"
#include "base/rng.h"
#include "select/distance.h"

enum { ROUNDS = 300 };

typedef struct run {
    int64_t n, d;
    const float *x;
    int k;
    double *centres; /* [k, d] */
    double *nearest; /* [n], squared distance to the nearest centre */
    double *trial;   /* [n], the same with one more centre */
    int *clusters;   /* [n] */
    int64_t *sizes;  /* [k] */
} run;

/* to [n] = min(from [n], squared distance to point); from NULL: the distance itself. Returns the sum. */
DC3_FOR_EACH_PROCESSOR static double nearer(int64_t n, int64_t d, const float *x, const double *point,
                                            const double *from, double *to)
{
    double total = 0;
    for (int64_t i = 0; i < n; i++) {
        double there = dc3_distance(d, x + i * d, point);
        to[i] = from && from[i] < there ? from[i] : there; /* NOLINT(clang-analyzer-core*) */
        total += to[i];
    }
    return total;
}

/* A point with probability proportional to its weight; any point if all are zero. */
static int64_t draw(dc3_rng *rng, int64_t n, const double *weights, double total)
{
    double left = dc3_rng_uniform(rng) * total;
    if (!(total > 0)) return (int64_t)dc3_rng_below(rng, (uint64_t)n);
    for (int64_t i = 0; i < n; i++)
        if ((left -= weights[i]) < 0) return i;
    for (int64_t i = n; i-- > 0;)
        if (weights[i] > 0) return i;
    return n - 1;
}

static void place(run *r, int c, int64_t point)
{
    for (int64_t j = 0; j < r->d; j++) r->centres[c * r->d + j] = r->x[point * r->d + j];
}

static void start(run *r, dc3_rng *rng)
{
    int trials = 2 + (int)log(r->k);
    place(r, 0, (int64_t)dc3_rng_below(rng, (uint64_t)r->n));
    double total = nearer(r->n, r->d, r->x, r->centres, NULL, r->nearest);
    for (int c = 1; c < r->k && !dc3_cancelled(); c++) {
        const double *centre = r->centres + c * r->d;
        int64_t best = -1;
        double best_total = INFINITY;
        for (int t = 0; t < trials; t++) {
            int64_t point = draw(rng, r->n, r->nearest, total);
            place(r, c, point);
            double sum = nearer(r->n, r->d, r->x, centre, r->nearest, r->trial);
            if (sum < best_total) best_total = sum, best = point;
        }
        place(r, c, best);
        total = nearer(r->n, r->d, r->x, centre, r->nearest, r->nearest);
    }
}

/* Gives each point to its nearest centre (ties to the lowest); 1 if any changed. */
DC3_FOR_EACH_PROCESSOR static int assign(run *r)
{
    int changed = 0;
    for (int64_t i = 0; i < r->n; i++) {
        int best = 0;
        double least = INFINITY;
        for (int c = 0; c < r->k; c++) {
            double there = dc3_distance(r->d, r->x + i * r->d, r->centres + c * r->d);
            if (there < least) least = there, best = c;
        }
        changed |= r->clusters[i] != best;
        r->clusters[i] = best;
        r->nearest[i] = least;
    }
    return changed;
}

/* An empty cluster takes the point that is farthest from its centre. */
static void fill_empty(run *r)
{
    for (int c = 0; c < r->k; c++) {
        if (r->sizes[c]) continue;
        int64_t far = -1;
        for (int64_t i = 0; i < r->n; i++)
            if (r->sizes[r->clusters[i]] > 1 && r->nearest[i] > 0 &&
                (far < 0 || r->nearest[i] > r->nearest[far]))
                far = i;
        if (far < 0) return; /* only equal points are left */
        r->sizes[r->clusters[far]]--;
        r->clusters[far] = c;
        r->sizes[c] = 1;
        r->nearest[far] = 0;
    }
}

static void update(run *r)
{
    memset(r->sizes, 0, (size_t)r->k * sizeof *r->sizes);
    for (int64_t i = 0; i < r->n; i++) r->sizes[r->clusters[i]]++;
    fill_empty(r);
    memset(r->centres, 0, (size_t)(r->k * r->d) * sizeof *r->centres);
    for (int64_t i = 0; i < r->n; i++)
        for (int64_t j = 0; j < r->d; j++) r->centres[r->clusters[i] * r->d + j] += r->x[i * r->d + j];
    for (int c = 0; c < r->k; c++)
        for (int64_t j = 0; r->sizes[c] && j < r->d; j++) r->centres[c * r->d + j] /= (double)r->sizes[c];
}

static double lloyd(run *r, dc3_rng *rng)
{
    start(r, rng);
    for (int64_t i = 0; i < r->n; i++) r->clusters[i] = -1;
    for (int round = 0; round < ROUNDS && !dc3_cancelled() && assign(r); round++) update(r);
    double sum = 0;
    for (int64_t i = 0; i < r->n; i++) sum += r->nearest[i];
    return sum;
}

dc3_status dc3_kmeans(dc3_meter *meter, int64_t n, int64_t d, const float *x, int k, int starts,
                      uint64_t seed, uint64_t item, int *clusters, double *inertia)
{
    if (k < 1 || k > n)
        return dc3_fail(DC3_ERR_ARGUMENT, "clusters: expected 1 to %lld, found %d", (long long)n, k);
    run r = {.n = n, .d = d, .x = x, .k = k};
    r.centres = dc3_meter_alloc(meter, (size_t)(k * d), sizeof *r.centres);
    r.nearest = dc3_meter_alloc(meter, (size_t)n, sizeof *r.nearest);
    r.trial = dc3_meter_alloc(meter, (size_t)n, sizeof *r.trial);
    r.clusters = dc3_meter_alloc(meter, (size_t)n, sizeof *r.clusters);
    r.sizes = dc3_meter_alloc(meter, (size_t)k, sizeof *r.sizes);
    dc3_status status = DC3_OK;
    double best = INFINITY;
    if (!r.centres || !r.nearest || !r.trial || !r.clusters || !r.sizes)
        status = dc3_fail(DC3_ERR_MEMORY, "out of memory for the k-means of %lld x %lld values", (long long)n,
                          (long long)d);
    dc3_rng rng = dc3_rng_make(seed, DC3_RNG_KMEANS, item);
    for (int s = 0; status == DC3_OK && s < starts; s++) {
        double sum = lloyd(&r, &rng);
        status = dc3_check_cancel();
        if (sum < best) {
            best = sum;
            memcpy(clusters, r.clusters, (size_t)n * sizeof *clusters);
        }
    }
    if (inertia) *inertia = best;
    dc3_meter_free(meter, r.centres);
    dc3_meter_free(meter, r.nearest);
    dc3_meter_free(meter, r.trial);
    dc3_meter_free(meter, r.clusters);
    dc3_meter_free(meter, r.sizes);
    return status;
}
