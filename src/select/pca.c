/* PCA by the eigenvectors of the smaller of two matrices: the covariance X^T X [d, d], or the Gram matrix X
 * X^T [n, n], whose eigenvectors u give the directions X^T u / |X^T u|. Cost min(n, d)^2 max(n, d) and one
 * partial eigenproblem. */
#include "select/pca.h"

#include <cblas.h>
#include <lapacke.h>
#include <math.h>
#include <string.h>

int64_t dc3_pca_components(int64_t n, int64_t d, int64_t components)
{
    int64_t k = components < n - 1 ? components : n - 1;
    if (k > d) k = d;
    return k < 1 ? 1 : k;
}

static void centre(int64_t n, int64_t d, const float *x, float *out, double *mean)
{
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < d; j++) mean[j] += x[i * d + j];
    for (int64_t j = 0; j < d; j++) mean[j] /= (double)n;
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < d; j++) out[i * d + j] = (float)(x[i * d + j] - mean[j]);
}

/* The k largest eigenvectors of the symmetric matrix a [m, m] (lower part), as rows of out [k, m]. */
static dc3_status eigenvectors(dc3_meter *meter, int m, int k, double *a, double *out)
{
    double *values = dc3_meter_alloc(meter, (size_t)m, sizeof *values);
    double *vectors = dc3_meter_alloc(meter, (size_t)m * (size_t)k, sizeof *vectors);
    lapack_int *support = dc3_meter_alloc(meter, 2 * (size_t)m, sizeof *support), found = 0;
    dc3_status status = DC3_OK;
    if (!values || !vectors || !support)
        status = dc3_fail(DC3_ERR_MEMORY, "out of memory for the PCA of %d dimensions", m);
    else {
        int info = LAPACKE_dsyevr(LAPACK_COL_MAJOR, 'V', 'I', 'L', m, a, m, 0, 0, m - k + 1, m, 0, &found,
                                  values, vectors, m, support);
        if (info != 0 || found != k) status = dc3_fail(DC3_ERR_INTERNAL, "LAPACK: dsyevr gave %d", info);
        for (int i = 0; status == DC3_OK && i < k; i++)
            memcpy(out + (size_t)i * (size_t)m, vectors + (size_t)(k - 1 - i) * (size_t)m,
                   (size_t)m * sizeof *out);
    }
    dc3_meter_free(meter, values);
    dc3_meter_free(meter, vectors);
    dc3_meter_free(meter, support);
    return status;
}

/* Unit length, largest entry positive; a direction of no variance becomes zero. */
static void normalise(int64_t d, float *v)
{
    double norm = 0;
    int64_t most = 0;
    for (int64_t j = 0; j < d; j++) {
        norm += (double)v[j] * v[j];
        if (fabsf(v[j]) > fabsf(v[most])) most = j;
    }
    double scale = norm > 0 ? (v[most] < 0 ? -1 : 1) / sqrt(norm) : 0;
    for (int64_t j = 0; j < d; j++) v[j] = (float)(v[j] * scale);
}

/* directions [k, d] from the centred data. */
static dc3_status directions_of(dc3_meter *meter, int64_t n, int64_t d, const float *x, int64_t k,
                                float *directions)
{
    int64_t m = n < d ? n : d;
    float *gram = dc3_meter_alloc(meter, (size_t)(m * m), sizeof *gram);
    double *wide = dc3_meter_alloc(meter, (size_t)(m * m), sizeof *wide);
    double *vectors = dc3_meter_alloc(meter, (size_t)(k * m), sizeof *vectors);
    dc3_status status = DC3_OK;
    if (!gram || !wide || !vectors)
        status = dc3_fail(DC3_ERR_MEMORY, "out of memory for the PCA of %lld x %lld values", (long long)n,
                          (long long)d);
    if (status == DC3_OK) {
        /* Column-major: x is [d, n] with leading dimension d; the lower part of the result is what dsyevr
         * reads. */
        cblas_ssyrk(CblasColMajor, CblasLower, n < d ? CblasTrans : CblasNoTrans, (int)m,
                    (int)(n < d ? d : n), 1, x, (int)d, 0, gram, (int)m);
        for (int64_t i = 0; i < m * m; i++) wide[i] = gram[i];
        status = eigenvectors(meter, (int)m, (int)k, wide, vectors);
    }
    for (int64_t i = 0; status == DC3_OK && i < k; i++) {
        float *v = directions + i * d;
        if (n < d) {
            float *u = gram; /* no longer needed */
            for (int64_t j = 0; j < n; j++) u[j] = (float)vectors[i * m + j];
            cblas_sgemv(CblasRowMajor, CblasTrans, (int)n, (int)d, 1, x, (int)d, u, 1, 0, v, 1);
        } else
            for (int64_t j = 0; j < d; j++) v[j] = (float)vectors[i * m + j];
        normalise(d, v);
    }
    dc3_meter_free(meter, gram);
    dc3_meter_free(meter, wide);
    dc3_meter_free(meter, vectors);
    return status;
}

dc3_status dc3_pca(dc3_meter *meter, int64_t n, int64_t d, const float *x, int64_t k, float *scores,
                   float *basis)
{
    float *centred = dc3_meter_alloc(meter, (size_t)(n * d), sizeof *centred);
    float *directions = dc3_meter_alloc(meter, (size_t)(k * d), sizeof *directions);
    double *mean = dc3_meter_alloc(meter, (size_t)d, sizeof *mean);
    dc3_status status = DC3_OK;
    if (!centred || !directions || !mean)
        status = dc3_fail(DC3_ERR_MEMORY, "out of memory for the PCA of %lld x %lld values", (long long)n,
                          (long long)d);
    if (status == DC3_OK) {
        centre(n, d, x, centred, mean);
        status = directions_of(meter, n, d, centred, k, directions);
    }
    if (status == DC3_OK)
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)n, (int)k, (int)d, 1, centred, (int)d,
                    directions, (int)d, 0, scores, (int)k);
    if (status == DC3_OK && basis) memcpy(basis, directions, (size_t)(k * d) * sizeof *basis);
    dc3_meter_free(meter, centred);
    dc3_meter_free(meter, directions);
    dc3_meter_free(meter, mean);
    return status;
}
