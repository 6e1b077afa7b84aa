#include "metrics/precision_recall.h"

#include <math.h>
#include <stdlib.h>
#include "metrics/pair_distances.h"

enum { MOST = DC3_DENSITY_K };

/* Of each row the smallest squared distances to other rows of its set, ascending. */
typedef struct nearest {
    double *squares; /* [n, MOST] */
} nearest;

static void add_nearest(void *user, int64_t i, int64_t rows, int64_t j, int64_t columns,
                        const double *squares)
{
    const nearest *to = user;
    for (int64_t a = 0; a < rows; a++)
        for (int64_t b = 0; b < columns; b++) {
            double square = squares[a * columns + b], *of = to->squares + (i + a) * MOST;
            if (i + a == j + b || square >= of[MOST - 1]) continue;
            int at = MOST - 1;
            for (; at > 0 && of[at - 1] > square; at--) of[at] = of[at - 1];
            of[at] = square;
        }
}

/* squares [n, MOST] of x [n, d] */
static dc3_status find_nearest(int64_t d, int64_t n, const float *x, double *squares)
{
    nearest to = {squares};
    for (int64_t i = 0; i < n * MOST; i++) squares[i] = INFINITY;
    return dc3_pair_distances(d, n, x, n, x, add_nearest, &to);
}

typedef struct covering {
    const double *real, *made;  /* [n, MOST], [m, MOST] */
    uint8_t *inside, *recalled; /* [m]: in the real manifold; [n]: in the made one */
    uint8_t *covered;           /* [n]: a made row is in its wider ball */
    int64_t balls;              /* wider ones that made rows are in */
} covering;

static void add_pairs(void *user, int64_t i, int64_t rows, int64_t j, int64_t columns, const double *squares)
{
    covering *c = user;
    for (int64_t a = 0; a < rows; a++)
        for (int64_t b = 0; b < columns; b++) {
            double square = squares[a * columns + b];
            const double *real = c->real + (i + a) * MOST, *made = c->made + (j + b) * MOST;
            if (square <= real[DC3_MANIFOLD_K - 1]) c->inside[j + b] = 1;
            if (square <= made[DC3_MANIFOLD_K - 1]) c->recalled[i + a] = 1;
            if (square <= real[DC3_DENSITY_K - 1]) c->covered[i + a] = 1, c->balls++;
        }
}

static double share(int64_t n, const uint8_t *which)
{
    int64_t count = 0;
    for (int64_t i = 0; i < n; i++) count += which[i];
    return (double)count / (double)n;
}

/* What was found, of sets that are large enough. */
static dc3_precision_recall summarize(const covering *c, int64_t n, int64_t m)
{
    dc3_precision_recall r = {NAN, NAN, NAN, NAN};
    if (n > DC3_MANIFOLD_K && m > DC3_MANIFOLD_K)
        r.precision = share(m, c->inside), r.recall = share(n, c->recalled);
    if (n > DC3_DENSITY_K && m > 0)
        r.density = (double)c->balls / DC3_DENSITY_K / (double)m, r.coverage = share(n, c->covered);
    return r;
}

dc3_status dc3_precision_recall_of(int64_t d, int64_t n, const float *real, int64_t m, const float *made,
                                   dc3_precision_recall *result)
{
    double *squares = malloc((size_t)((n + m) * MOST + 1) * sizeof *squares);
    uint8_t *flags = calloc((size_t)(2 * n + m) + 1, 1);
    dc3_status status =
        squares && flags ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory for precision and recall");
    covering c = {squares, squares + n * MOST, flags, flags + m, flags + m + n, 0};
    if (status == DC3_OK) status = find_nearest(d, n, real, squares);
    if (status == DC3_OK) status = find_nearest(d, m, made, squares + n * MOST);
    if (status == DC3_OK) status = dc3_pair_distances(d, n, real, m, made, add_pairs, &c);
    if (status == DC3_OK) *result = summarize(&c, n, m);
    free(squares);
    free(flags);
    return status;
}
