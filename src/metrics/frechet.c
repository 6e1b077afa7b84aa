#include "metrics/frechet.h"

#include <cblas.h>
#include <lapacke.h>
#include <math.h>
#include <stdlib.h>

/* Eigenvalues [d] of the symmetric a [d, d], ascending; with `vectors` a becomes the eigenvectors, one a row.
 */
static dc3_status eigen(int d, int vectors, double *a, double *values)
{
    int info = LAPACKE_dsyevd(LAPACK_COL_MAJOR, vectors ? 'V' : 'N', 'L', d, a, d, values);
    return info ? dc3_fail(DC3_ERR_INTERNAL, "LAPACK: dsyevd gave %d", info) : DC3_OK;
}

/* tr (s1 s2)^(1/2); overwrites both. room [d, d], values [d] */
static dc3_status trace_of_root(int d, double *s1, double *s2, double *room, double *values, double *trace)
{
    DC3_TRY(eigen(d, 1, s1, values));
    for (int i = 0; i < d; i++) cblas_dscal(d, sqrt(fmax(0, values[i])), s1 + (size_t)i * (size_t)d, 1);
    cblas_dsymm(CblasColMajor, CblasLeft, CblasLower, d, d, 1, s2, d, s1, d, 0, room, d);
    cblas_dgemm(CblasColMajor, CblasTrans, CblasNoTrans, d, d, d, 1, s1, d, room, d, 0, s2, d);
    DC3_TRY(eigen(d, 0, s2, values));
    *trace = 0;
    for (int i = 0; i < d; i++) *trace += sqrt(fmax(0, values[i]));
    return DC3_OK;
}

/* The same of n rows fewer than d: with the rows less their mean as A [n, d], s1 = A^T A / (n - 1), and s1 s2
 * has the eigenvalues of A s2 A^T / (n - 1) besides zeros. rows [n, d] less some row. */
static dc3_status trace_of_few(int n, int d, const double *rows, const double *s2, double *trace)
{
    size_t each = (size_t)d, all = (size_t)n * each;
    double *memory = malloc((2 * all + each + (size_t)n * (size_t)n + (size_t)n) * sizeof *memory);
    if (!memory) return dc3_fail(DC3_ERR_MEMORY, "out of memory for %d rows of %d features", n, d);
    double *a = memory, *b = a + all, *mean = b + all, *small = mean + each, *values = small + n * n;
    for (int j = 0; j < d; j++) mean[j] = 0;
    for (size_t i = 0; i < all; i++) mean[i % each] += rows[i] / n;
    for (size_t i = 0; i < all; i++) a[i] = rows[i] - mean[i % each];
    cblas_dsymm(CblasColMajor, CblasLeft, CblasLower, d, n, 1.0 / (n - 1), s2, d, a, d, 0, b, d);
    cblas_dgemm(CblasColMajor, CblasTrans, CblasNoTrans, n, n, d, 1, a, d, b, d, 0, small, n);
    dc3_status status = eigen(n, 0, small, values);
    *trace = 0;
    for (int i = 0; status == DC3_OK && i < n; i++) *trace += sqrt(fmax(0, values[i]));
    free(memory);
    return status;
}

/* The rows of `m`, if they are at hand and fewer than its features. */
static const double *few_rows(const dc3_moments *m)
{
    return dc3_moments_count(m) < dc3_moments_size(m) ? dc3_moments_rows(m) : NULL;
}

dc3_status dc3_frechet_distance(dc3_moments *a, dc3_moments *b, double *distance)
{
    size_t d = (size_t)dc3_moments_size(a);
    double *memory = malloc((3 * d * d + 3 * d) * sizeof *memory);
    if (!memory) return dc3_fail(DC3_ERR_MEMORY, "out of memory for covariances of %zu features", d);
    double *s1 = memory, *s2 = s1 + d * d, *room = s2 + d * d, *m1 = room + d * d, *m2 = m1 + d;
    double sum = 0, root = 0;
    dc3_status status = dc3_moments_get(a, m1, s1);
    if (status == DC3_OK) status = dc3_moments_get(b, m2, s2);
    for (size_t i = 0; status == DC3_OK && i < d; i++)
        sum += (m1[i] - m2[i]) * (m1[i] - m2[i]) + s1[i * d + i] + s2[i * d + i];
    if (status == DC3_OK && few_rows(a))
        status = trace_of_few((int)dc3_moments_count(a), (int)d, few_rows(a), s2, &root);
    else if (status == DC3_OK && few_rows(b))
        status = trace_of_few((int)dc3_moments_count(b), (int)d, few_rows(b), s1, &root);
    else if (status == DC3_OK)
        status = trace_of_root((int)d, s1, s2, room, m2 + d, &root);
    *distance = fmax(0, sum - 2 * root);
    free(memory);
    return status;
}
