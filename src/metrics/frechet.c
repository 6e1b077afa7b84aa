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
    if (status == DC3_OK) status = trace_of_root((int)d, s1, s2, room, m2 + d, &root);
    *distance = fmax(0, sum - 2 * root);
    free(memory);
    return status;
}
