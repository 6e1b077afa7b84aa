#include "metrics/memorisation.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "metrics/pair_distances.h"

/* Of each of some rows the nearest training row, never the one with its own number in `self`. */
typedef struct search {
    const int64_t *self; /* NULL: the rows are no training rows */
    double *squares;     /* [rows] */
    int64_t *which;      /* [rows] */
} search;

static void add_pairs(void *user, int64_t i, int64_t rows, int64_t j, int64_t columns, const double *squares)
{
    const search *s = user;
    for (int64_t a = 0; a < rows; a++)
        for (int64_t b = 0; b < columns; b++) {
            double square = squares[a * columns + b];
            if (square >= s->squares[i + a] || (s->self && s->self[i + a] == j + b)) continue;
            s->squares[i + a] = square, s->which[i + a] = j + b;
        }
}

/* Distances are computed again, row by row: of equal rows they are 0. */
static dc3_status find(int64_t d, int64_t n, const float *train, int64_t m, const float *rows, search s)
{
    for (int64_t i = 0; i < m; i++) s.squares[i] = INFINITY, s.which[i] = 0;
    DC3_TRY(dc3_pair_distances(d, m, rows, n, train, add_pairs, &s));
    for (int64_t i = 0; i < m; i++)
        s.squares[i] = dc3_squared_distance(d, rows + i * d, train + s.which[i] * d);
    return DC3_OK;
}

/* Which training rows are the nearest of some row, ascending: list [up to m], and the place of each there,
 * places [n]. */
static int64_t list_found(int64_t n, int64_t m, const int64_t *which, int64_t *places, int64_t *list)
{
    int64_t count = 0;
    for (int64_t i = 0; i < n; i++) places[i] = -1;
    for (int64_t i = 0; i < m; i++) places[which[i]] = 0;
    for (int64_t i = 0; i < n; i++)
        if (places[i] == 0) places[i] = count, list[count++] = i;
    return count;
}

dc3_status dc3_memorised(int64_t d, int64_t n, const float *train, int64_t m, const float *made,
                         double *share)
{
    *share = NAN;
    if (n < 2 || m < 1) return DC3_OK;
    double *squares = malloc((size_t)(2 * m) * sizeof *squares);
    int64_t *numbers = malloc((size_t)(3 * m + n) * sizeof *numbers), count = 0, memorised = 0;
    float *rows = malloc((size_t)m * (size_t)d * sizeof *rows);
    dc3_status status = squares && numbers && rows
                            ? DC3_OK
                            : dc3_fail(DC3_ERR_MEMORY, "out of memory for the nearest training images");
    int64_t *which = numbers, *list = which + m, *others = list + m, *places = others + m;
    if (status == DC3_OK) status = find(d, n, train, m, made, (search){NULL, squares, which});
    if (status == DC3_OK) count = list_found(n, m, which, places, list);
    for (int64_t i = 0; i < count; i++) memcpy(rows + i * d, train + list[i] * d, (size_t)d * sizeof *rows);
    if (status == DC3_OK) status = find(d, n, train, count, rows, (search){list, squares + m, others});
    for (int64_t i = 0; status == DC3_OK && i < m; i++)
        memorised += squares[i] <= squares[m + places[which[i]]];
    if (status == DC3_OK) *share = (double)memorised / (double)m;
    free(squares), free(numbers), free(rows);
    return status;
}
