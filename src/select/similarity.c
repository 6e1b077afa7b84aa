/* The gradient of a sample's loss with respect to the last linear layer is d_i for the bias and d_i (x) h_i
 * for the weight, so <f_i, f_j> = <d_i, d_j> (1 + <h_i, h_j>), and with h' = (1, h) / |(1, h)| and d' = d /
 * |d| cos(f_i, f_j) = <d'_i, d'_j> <h'_i, h'_j>: two small products instead of a feature of c (d + 1) values.
 */
#include "select/similarity.h"

#include <cblas.h>
#include <math.h>

/* d = softmax(z) - onehot(y) without cancellation: d_y is minus the sum of the other probabilities. p [c]
 * gets softmax(z). */
static void gradient_of(int64_t c, const float *z, int64_t label, double *d)
{
    double most = -INFINITY, sum = 0, others = 0;
    for (int64_t k = 0; k < c; k++) most = z[k] > most ? z[k] : most;
    for (int64_t k = 0; k < c; k++) sum += d[k] = exp(z[k] - most);
    for (int64_t k = 0; k < c; k++) {
        d[k] /= sum;
        if (k != label) others += d[k];
    }
    d[label] = -others;
}

/* Softmax, then cross-entropy of its softmax: g = p (q - <p, q>), q = softmax(p) - onehot(y) (SPEC, fault 4).
 */
static void double_softmax(int64_t c, const float *z, int64_t label, double *d)
{
    double most = -INFINITY, sum = 0, again = 0, mean = 0;
    for (int64_t k = 0; k < c; k++) most = z[k] > most ? z[k] : most;
    for (int64_t k = 0; k < c; k++) sum += d[k] = exp(z[k] - most);
    for (int64_t k = 0; k < c; k++) again += exp(d[k] /= sum);
    for (int64_t k = 0; k < c; k++) mean += d[k] * (exp(d[k]) / again - (k == label));
    for (int64_t k = 0; k < c; k++) d[k] *= exp(d[k]) / again - (k == label) - mean;
}

/* To unit length; a zero vector stays zero. */
static void normalise(int64_t n, double *v)
{
    double most = 0, sum = 0;
    for (int64_t k = 0; k < n; k++) most = fabs(v[k]) > most ? fabs(v[k]) : most;
    if (!(most > 0)) return;
    for (int64_t k = 0; k < n; k++) sum += (v[k] / most) * (v[k] / most);
    double scale = 1 / sqrt(sum);
    for (int64_t k = 0; k < n; k++) v[k] = v[k] / most * scale;
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
