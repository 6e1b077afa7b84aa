/* The gradient of a sample's loss with respect to the last linear layer is d_i for the bias and d_i (x) h_i
 * for the weight, so <f_i, f_j> = <d_i, d_j> (1 + <h_i, h_j>), and with h' = (1, h) / |(1, h)| and d' = d /
 * |d| cos(f_i, f_j) = <d'_i, d'_j> <h'_i, h'_j>: two small products instead of a feature of c (d + 1) values.
 */
#include "select/similarity.h"

#include <cblas.h>
#include <math.h>
#include <string.h>
#include "select/distance.h"

/* e^x for x <= 0 in a form that compilers vectorise: relative error under 4e-16; 0 below -708. */
static inline double exp_of(double x)
{
    const double shifter = 6755399441055744.0; /* 1.5 * 2^52: adding it rounds to an integer */
    double y = x < -708 ? -708 : x, n = y * 1.4426950408889634 + shifter;
    uint64_t bits;
    memcpy(&bits, &n, sizeof bits);
    n -= shifter;
    double r = y - n * 6.93147180369123816490e-01 - n * 1.90821492927058770002e-10, p = 1.0 / 6227020800;
    p = p * r + 1.0 / 479001600;
    p = p * r + 1.0 / 39916800;
    p = p * r + 1.0 / 3628800;
    p = p * r + 1.0 / 362880;
    p = p * r + 1.0 / 40320;
    p = p * r + 1.0 / 5040;
    p = p * r + 1.0 / 720;
    p = p * r + 1.0 / 120;
    p = p * r + 1.0 / 24;
    p = p * r + 1.0 / 6;
    p = p * r + 0.5;
    p = p * r * r + r + 1;
    bits = (bits + 1023) << 52;
    double power;
    memcpy(&power, &bits, sizeof power);
    return x < -708 ? 0 : p * power;
}

/* d = softmax(z), for the processor at hand; returns the sum of its entries but `label`'s. */
DC3_FOR_EACH_PROCESSOR static double softmax(int64_t c, const float *z, int64_t label, double *d)
{
    float most = z[0];
    double sum = 0, others = 0;
    for (int64_t k = 0; k < c; k++) most = z[k] > most ? z[k] : most;
#pragma omp simd reduction(+ : sum)
    for (int64_t k = 0; k < c; k++) sum += d[k] = exp_of((double)z[k] - most);
    double own = d[label] / sum, rate = 1 / sum;
    d[label] = 0;
#pragma omp simd reduction(+ : others)
    for (int64_t k = 0; k < c; k++) others += d[k] *= rate;
    d[label] = own;
    return others;
}

/* d = softmax(z) - onehot(y) without cancellation: d_y is minus the sum of the other probabilities. */
static void gradient_of(int64_t c, const float *z, int64_t label, double *d)
{
    double others = softmax(c, z, label, d);
    d[label] = -others;
}

/* The reference program's gradient (docs/method.md, fault 4): a cross-entropy that takes the softmax of a
 * softmax. g = p (q - <p, q>), q = softmax(p) - onehot(y). */
static void double_softmax(int64_t c, const float *z, int64_t label, double *d)
{
    double again = 0, mean = 0;
    softmax(c, z, label, d);
    for (int64_t k = 0; k < c; k++) again += exp(d[k]);
    for (int64_t k = 0; k < c; k++) mean += d[k] * (exp(d[k]) / again - (k == label));
    for (int64_t k = 0; k < c; k++) d[k] *= exp(d[k]) / again - (k == label) - mean;
}

/* To unit length; a zero vector stays zero. Scaled by the largest entry first, since squares of tiny
 * gradients vanish. */
static void normalise(int64_t n, double *v)
{
    double most = 0, sum = 0;
#pragma omp simd reduction(max : most)
    for (int64_t k = 0; k < n; k++) most = fabs(v[k]) > most ? fabs(v[k]) : most;
    if (!(most > 0)) return;
    double rate = 1 / most;
    /* Of a subnormal number the inverse is infinite. */
    if (!isfinite(rate)) {
        for (int64_t k = 0; k < n; k++) v[k] *= 0x1p+600;
        normalise(n, v);
        return;
    }
#pragma omp simd reduction(+ : sum)
    for (int64_t k = 0; k < n; k++) sum += (v[k] * rate) * (v[k] * rate);
    double scale = rate / sqrt(sum);
    for (int64_t k = 0; k < n; k++) v[k] *= scale;
}

dc3_status dc3_similarity_open(dc3_meter *meter, int64_t m, const int64_t *rows, int64_t d, int64_t c,
                               const float *embeddings, const float *logits, int64_t label,
                               dc3_gradient gradient, dc3_similarity *s)
{
    *s = (dc3_similarity){.m = m, .ca = logits ? c : d, .cb = logits ? d + 1 : 0, .meter = meter};
    s->a = dc3_meter_alloc(meter, (size_t)(m * s->ca), sizeof *s->a);
    if (logits) s->b = dc3_meter_alloc(meter, (size_t)(m * s->cb), sizeof *s->b);
    if (!s->a || (logits && !s->b)) {
        dc3_similarity_close(s);
        return dc3_fail(DC3_ERR_MEMORY, "out of memory for the features of %lld rows", (long long)m);
    }
    for (int64_t i = 0; i < m; i++) {
        const float *h = embeddings + rows[i] * d;
        double *a = s->a + i * s->ca, *b = logits ? s->b + i * s->cb : a;
        if (logits) {
            (gradient == DC3_GRADIENT_PLAIN ? gradient_of : double_softmax)(c, logits + rows[i] * c, label,
                                                                            a);
            *b++ = 1;
        }
        for (int64_t j = 0; j < d; j++) b[j] = h[j];
        if (logits) normalise(s->cb, s->b + i * s->cb);
        normalise(s->ca, a);
    }
    return DC3_OK;
}

void dc3_similarity_close(dc3_similarity *s)
{
    dc3_meter_free(s->meter, s->a);
    dc3_meter_free(s->meter, s->b);
    s->a = s->b = NULL;
}

void dc3_similarity_block(const dc3_similarity *s, int64_t first, int64_t count, double *out, double *scratch)
{
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)count, (int)s->m, (int)s->ca, 1,
                s->a + first * s->ca, (int)s->ca, s->a, (int)s->ca, 0, out, (int)s->m);
    if (s->b)
        cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)count, (int)s->m, (int)s->cb, 1,
                    s->b + first * s->cb, (int)s->cb, s->b, (int)s->cb, 0, scratch, (int)s->m);
    for (int64_t i = 0; i < count * s->m; i++) out[i] = 0.5 + 0.5 * out[i] * (s->b ? scratch[i] : 1);
    /* Rounding must not order rows that tie: a row's similarity to itself is 1, or 0.5 for a zero feature. */
    for (int64_t i = 0; i < count; i++) {
        double *self = &out[i * s->m + first + i];
        *self = *self > 0.75 ? 1 : 0.5;
    }
}

static void sums_by_blocks(const dc3_similarity *s, double *block, double *sums)
{
    int64_t m = s->m;
    memset(sums, 0, (size_t)m * sizeof *sums);
    for (int64_t first = 0; first < m; first += DC3_SIMILARITY_BLOCK) {
        int64_t count = m - first < DC3_SIMILARITY_BLOCK ? m - first : DC3_SIMILARITY_BLOCK;
        dc3_similarity_block(s, first, count, block, block + DC3_SIMILARITY_BLOCK * m);
        for (int64_t i = 0; i < count; i++)
            for (int64_t j = 0; j < m; j++) sums[j] += block[i * m + j];
    }
}

/* The same for every row of the same values, wherever it stands: rows that tie stay tied. */
DC3_FOR_EACH_PROCESSOR static double dot(int64_t n, const double *x, const double *y)
{
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t k = 0; k < n; k++) sum += x[k] * y[k];
    return sum;
}

/* sum_j <a_i, a_j> <b_i, b_j> = a_i^T (sum_j a_j b_j^T) b_i; total [ca, cb or 1] is the sum in brackets. */
static void sums_of_total(const dc3_similarity *s, const double *total, double *sums)
{
    for (int64_t i = 0; i < s->m; i++) {
        const double *a = s->a + i * s->ca, *b = s->b ? s->b + i * s->cb : NULL;
        double all = 0, self = dot(s->ca, a, a) * (b ? dot(s->cb, b, b) : 1);
        if (b)
            for (int64_t k = 0; k < s->ca; k++) all += a[k] * dot(s->cb, total + k * s->cb, b);
        else
            all = dot(s->ca, a, total);
        /* Its similarity to itself as dc3_similarity_block has it. */
        sums[i] = 0.5 * (double)s->m + 0.5 * (all - self + (self > 0.5));
    }
}

dc3_status dc3_similarity_sums(const dc3_similarity *s, double *block, double *sums)
{
    enum { BLOCKS_FASTER = 4 }; /* how much faster a product of matrices is than those of vectors */
    int64_t m = s->m, width = s->b ? s->cb : 1;
    if (m * (s->ca + s->cb) < 2 * BLOCKS_FASTER * s->ca * width) {
        sums_by_blocks(s, block, sums);
        return DC3_OK;
    }
    double *total = dc3_meter_alloc(s->meter, (size_t)(s->ca * width), sizeof *total);
    if (!total) return dc3_fail(DC3_ERR_MEMORY, "out of memory for the features of %lld rows", (long long)m);
    if (s->b)
        cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, (int)s->ca, (int)s->cb, (int)m, 1, s->a,
                    (int)s->ca, s->b, (int)s->cb, 0, total, (int)s->cb);
    else
        for (int64_t k = 0; k < s->ca; k++) {
            total[k] = 0;
            for (int64_t i = 0; i < m; i++) total[k] += s->a[i * s->ca + k];
        }
    sums_of_total(s, total, sums);
    dc3_meter_free(s->meter, total);
    return DC3_OK;
}
