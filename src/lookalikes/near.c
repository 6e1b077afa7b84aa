#include "lookalikes/near.h"

#include <cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/cancel.h"
#include "select/blas.h"

enum { ROWS = 256 };                 /* of a block */
static const double rounding = 1e-6; /* of a cosine in f32 */

/* x / |x|, or zeros. */
static void normalise(int64_t d, const float *x, float *to)
{
    double squares = 0;
    for (int64_t j = 0; j < d; j++) squares += (double)x[j] * (double)x[j];
    double scale = squares > 0 && isfinite(squares) ? 1 / sqrt(squares) : 0;
    for (int64_t j = 0; j < d; j++) to[j] = scale > 0 ? (float)((double)x[j] * scale) : 0;
}

/* Whom row i stands for. cosines: with all rows before it. */
static int64_t find(int64_t i, const float *cosines, double least, const int64_t *first)
{
    for (int64_t j = 0; j < i; j++)
        if (first[j] == j && (double)cosines[j] >= least - rounding) return j;
    return i;
}

/* Whom rows from .. from + rows - 1 stand for; block [rows, from + rows]: their cosines. */
static void find_all(int64_t from, int64_t rows, const float *block, double least, int64_t *first,
                     double *cosines)
{
    for (int64_t i = from; i < from + rows; i++, block += from + rows) {
        first[i] = find(i, block, least, first);
        if (cosines) cosines[i] = first[i] == i ? 1 : fmin(1, (double)block[first[i]]);
    }
}

dc3_status dc3_near_rows(int64_t n, int64_t d, const float *x, const int64_t *rows, double least,
                         int64_t *first, double *cosines)
{
    float *unit = malloc((size_t)(n * d + 1) * sizeof *unit),
          *block = malloc((size_t)(n * ROWS + 1) * sizeof *block);
    dc3_status status = unit && block
                            ? DC3_OK
                            : dc3_fail(DC3_ERR_MEMORY, "out of memory to compare %lld images", (long long)n);
    DC3_BLAS_SCOPE();
    for (int64_t i = 0; status == DC3_OK && i < n; i++)
        normalise(d, x + (rows ? rows[i] : i) * d, unit + i * d);
    for (int64_t from = 0; status == DC3_OK && from < n; from += ROWS) {
        int64_t count = n - from < ROWS ? n - from : ROWS, all = from + count;
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)count, (int)all, (int)d, 1, unit + from * d,
                    (int)d, unit, (int)d, 0, block, (int)all);
        find_all(from, count, block, least, first, cosines);
        status = dc3_check_cancel();
    }
    free(unit), free(block);
    return status;
}

/* ---- of other classes ---- */

enum { BLOCK = 512 };

typedef struct others {
    int64_t n, d;
    const float *x;
    const int64_t *rows;
    const int *labels;
    double least;
    dc3_near_row *nearest;
    float *a, *b, *cosines; /* [BLOCK, d] twice, [BLOCK, BLOCK] */
} others;

/* Unit rows of a block; how many. */
static int64_t load(const others *o, int64_t from, float *to)
{
    int64_t count = o->n - from < BLOCK ? o->n - from : BLOCK;
    for (int64_t i = 0; i < count; i++) normalise(o->d, o->x + o->rows[from + i] * o->d, to + i * o->d);
    return count;
}

static void meet(const others *o, int64_t i, int64_t k, double cosine)
{
    dc3_near_row *near = &o->nearest[i];
    if (near->row < 0 || cosine > near->cosine || (cosine == near->cosine && k < near->row))
        *near = (dc3_near_row){k, cosine};
}

static void compare_blocks(const others *o, int64_t first, int64_t rows, int64_t second, int64_t columns)
{
    int d = (int)o->d;
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)rows, (int)columns, d, 1, o->a, d,
                first == second ? o->a : o->b, d, 0, o->cosines, BLOCK);
    for (int64_t i = 0; i < rows; i++)
        for (int64_t k = first == second ? i + 1 : 0; k < columns; k++) {
            double cosine = fmin(1, (double)o->cosines[i * BLOCK + k]);
            if (!(cosine >= o->least - rounding) || o->labels[first + i] == o->labels[second + k]) continue;
            meet(o, first + i, second + k, cosine);
            meet(o, second + k, first + i, cosine);
        }
}

dc3_status dc3_near_others(int64_t n, int64_t d, const float *x, const int64_t *rows, const int *labels,
                           double least, dc3_near_row *nearest)
{
    size_t block = (size_t)(BLOCK * d + 1) * sizeof(float);
    others o = {n, d, x, rows, labels, least, nearest, malloc(block), malloc(block), NULL};
    o.cosines = malloc((size_t)BLOCK * BLOCK * sizeof *o.cosines);
    dc3_status status =
        o.a && o.b && o.cosines ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory to compare images");
    DC3_BLAS_SCOPE();
    for (int64_t i = 0; i < n; i++) nearest[i] = (dc3_near_row){-1, 0};
    for (int64_t first = 0; status == DC3_OK && first < n; first += BLOCK) {
        int64_t count = load(&o, first, o.a);
        for (int64_t second = first; status == DC3_OK && second < n; second += BLOCK) {
            int64_t columns = second == first ? count : load(&o, second, o.b);
            compare_blocks(&o, first, count, second, columns);
            status = dc3_check_cancel();
        }
    }
    free(o.a), free(o.b), free(o.cosines);
    return status;
}
