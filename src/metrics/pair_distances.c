#include "metrics/pair_distances.h"

#include <cblas.h>
#include <stdlib.h>

enum { TILE = 512 };

/* Rows of a tile in f64, and their squared lengths. */
typedef struct side {
    int64_t count;
    double *rows, *squares; /* [TILE, d], [TILE] */
} side;

static void take(side *s, int64_t d, int64_t first, int64_t all, const float *x)
{
    s->count = all - first < TILE ? all - first : TILE;
    for (int64_t i = 0; i < s->count; i++) {
        double *row = s->rows + i * d, sum = 0;
        for (int64_t j = 0; j < d; j++) row[j] = x[(first + i) * d + j], sum += row[j] * row[j];
        s->squares[i] = sum;
    }
}

static void compare(const side *a, const side *b, int64_t d, double *out)
{
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)a->count, (int)b->count, (int)d, -2, a->rows,
                (int)d, b->rows, (int)d, 0, out, (int)b->count);
    for (int64_t i = 0; i < a->count; i++)
        for (int64_t j = 0; j < b->count; j++) {
            double *square = out + i * b->count + j;
            *square += a->squares[i] + b->squares[j];
            if (*square < 0) *square = 0;
        }
}

dc3_status dc3_pair_distances(int64_t d, int64_t n, const float *x, int64_t m, const float *y,
                              dc3_pair_visit *visit, void *user)
{
    size_t each = (size_t)d * TILE;
    double *memory = malloc((2 * each + 2 * TILE + TILE * TILE) * sizeof *memory);
    if (!memory)
        return dc3_fail(DC3_ERR_MEMORY, "out of memory for distances of %lld features", (long long)d);
    side a = {0, memory, memory + 2 * each}, b = {0, memory + each, memory + 2 * each + TILE};
    double *out = memory + 2 * each + 2 * TILE;
    dc3_status status = DC3_OK;
    for (int64_t i = 0; i < n && status == DC3_OK; i += TILE) {
        take(&a, d, i, n, x);
        for (int64_t j = 0; j < m && status == DC3_OK; j += TILE) {
            take(&b, d, j, m, y);
            compare(&a, &b, d, out);
            visit(user, i, a.count, j, b.count, out);
            status = dc3_check_cancel();
        }
    }
    free(memory);
    return status;
}

double dc3_squared_distance(int64_t d, const float *x, const float *y)
{
    double sum = 0;
    for (int64_t j = 0; j < d; j++) {
        double off = (double)x[j] - y[j];
        sum += off * off;
    }
    return sum;
}
