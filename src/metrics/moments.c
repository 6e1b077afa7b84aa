/* Sums of x - c and (x - c)(x - c)^T, where c is the first row: so near to the mean that the subtraction at
 * the end loses nothing. Rows are collected and added as one product of matrices. */
#include "metrics/moments.h"

#include <cblas.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 1024 };

struct dc3_moments {
    int64_t d, n, waiting;
    int64_t held;         /* rows of which `rows` has all, also after they were added */
    double *centre, *sum; /* [d] */
    double *outer;        /* [d, d], the lower part in column-major order */
    double *rows;         /* [ROWS, d] that wait, less the centre */
};

dc3_status dc3_moments_open(int64_t d, dc3_moments **moments)
{
    dc3_moments *m = *moments = calloc(1, sizeof *m);
    if (m) {
        m->d = d;
        m->centre = calloc((size_t)d, sizeof *m->centre);
        m->sum = calloc((size_t)d, sizeof *m->sum);
        m->outer = calloc((size_t)d * (size_t)d, sizeof *m->outer);
        m->rows = malloc(ROWS * (size_t)d * sizeof *m->rows);
        if (m->centre && m->sum && m->outer && m->rows) return DC3_OK;
    }
    dc3_moments_close(moments);
    return dc3_fail(DC3_ERR_MEMORY, "out of memory for the covariance of %lld features", (long long)d);
}

void dc3_moments_close(dc3_moments **moments)
{
    dc3_moments *m = *moments;
    if (m) free(m->centre), free(m->sum), free(m->outer), free(m->rows);
    free(m);
    *moments = NULL;
}

static void flush(dc3_moments *m)
{
    if (!m->waiting) return;
    for (int64_t i = 0; i < m->waiting; i++)
        for (int64_t j = 0; j < m->d; j++) m->sum[j] += m->rows[i * m->d + j];
    cblas_dsyrk(CblasColMajor, CblasLower, CblasNoTrans, (int)m->d, (int)m->waiting, 1, m->rows, (int)m->d, 1,
                m->outer, (int)m->d);
    m->held = m->waiting == m->n ? m->n : 0;
    m->waiting = 0;
}

void dc3_moments_add(dc3_moments *m, int64_t n, const float *x)
{
    for (int64_t i = 0; i < n; i++, m->n++, x += m->d) {
        for (int64_t j = 0; !m->n && j < m->d; j++) m->centre[j] = x[j];
        double *row = m->rows + m->waiting * m->d;
        for (int64_t j = 0; j < m->d; j++) row[j] = x[j] - m->centre[j];
        if (++m->waiting == ROWS) flush(m);
    }
}

int64_t dc3_moments_count(const dc3_moments *m)
{
    return m->n;
}

const double *dc3_moments_rows(const dc3_moments *m)
{
    return m->waiting == m->n || m->held == m->n ? m->rows : NULL;
}

int64_t dc3_moments_size(const dc3_moments *m)
{
    return m->d;
}

dc3_status dc3_moments_get(dc3_moments *m, double *mean, double *covariance)
{
    int64_t d = m->d;
    double n = (double)m->n;
    if (m->n < 2)
        return dc3_fail(DC3_ERR_ARGUMENT, "covariance: expected 2 images or more, found %lld",
                        (long long)m->n);
    flush(m);
    for (int64_t j = 0; j < d; j++) mean[j] = m->centre[j] + m->sum[j] / n;
    for (int64_t i = 0; i < d; i++)
        for (int64_t j = i; j < d; j++)
            covariance[i * d + j] = covariance[j * d + i] =
                (m->outer[i * d + j] - m->sum[i] * m->sum[j] / n) / (n - 1);
    return DC3_OK;
}
