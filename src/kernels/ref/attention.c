/* Attention and its gradient, one query at a time. */
#include "kernels/ref/ref.h"
#include "kernels/ref/scalar.h"

size_t dc3_ref_attention_scratch(dc3_dtype type, const dc3_attention_shape *shape, int threads)
{
    (void)type, (void)threads;
    return (size_t)shape->tokens_kv * sizeof(double);
}

void dc3_ref_attention(dc3_dtype type, const dc3_attention_shape *s, const void *q, const void *k,
                       const void *v, void *y, float *lse, void *scratch)
{
    double *score = scratch; /* one row */
    for (int64_t row = 0; row < s->n * s->heads * s->tokens_q; row++) {
        int64_t t = row % s->tokens_q, h = row / s->tokens_q % s->heads, n = row / s->tokens_q / s->heads;
        int64_t keys = s->causal && t + 1 < s->tokens_kv ? t + 1 : s->tokens_kv, nk = n % s->n_kv;
        int64_t at_q = (n * s->tokens_q + t) * s->stride_q + h * s->dim;
        double most = -INFINITY, sum = 0;
        for (int64_t j = 0; j < keys; j++) {
            int64_t at_k = (nk * s->tokens_kv + j) * s->stride_k + h * s->dim;
            score[j] = 0;
            for (int64_t d = 0; d < s->dim; d++) score[j] += get(type, q, at_q + d) * get(type, k, at_k + d);
            score[j] *= s->scale;
            if (score[j] > most) most = score[j];
        }
        for (int64_t j = 0; j < keys; j++) sum += score[j] = exp(score[j] - most);
        if (lse) lse[(n * s->heads + h) * s->tokens_q + t] = (float)(most + log(sum));
        for (int64_t d = 0; d < s->dim; d++) {
            double out = 0;
            for (int64_t j = 0; j < keys; j++)
                out += score[j] * get(type, v, (nk * s->tokens_kv + j) * s->stride_v + h * s->dim + d);
            put(type, y, (n * s->tokens_q + t) * s->stride_y + h * s->dim + d, out / sum);
        }
    }
}

size_t dc3_ref_attention_gradient_scratch(dc3_dtype type, const dc3_attention_shape *s, int threads)
{
    (void)type, (void)threads;
    return (size_t)(s->tokens_kv * (2 + 2 * s->dim)) * sizeof(double);
}

/* Query t of row n and head h: its dq, and its part of the sums dk and dv [tokens_kv, dim]. p and dp hold a
 * row each. lse and y are not used: the softmax is made again, and sum over dim of dy * y = sum over keys of
 * p
 * * dp. */
static void query_gradient(dc3_dtype type, const dc3_attention_shape *s, const dc3_attention_gradient *g,
                           int64_t n, int64_t h, int64_t t, double *p, double *dp, double *dk, double *dv)
{
    int64_t keys = s->causal && t + 1 < s->tokens_kv ? t + 1 : s->tokens_kv,
            first = n % s->n_kv * s->tokens_kv;
    int64_t at_q = (n * s->tokens_q + t) * s->stride_q + h * s->dim;
    int64_t at_y = (n * s->tokens_q + t) * s->stride_y + h * s->dim;
    double most = -INFINITY, sum = 0, delta = 0;
    for (int64_t j = 0; j < keys; j++) {
        int64_t at_k = (first + j) * s->stride_k + h * s->dim, at_v = (first + j) * s->stride_v + h * s->dim;
        p[j] = dp[j] = 0;
        for (int64_t d = 0; d < s->dim; d++) {
            p[j] += get(type, g->q, at_q + d) * get(type, g->k, at_k + d) * s->scale;
            dp[j] += get(type, g->dy, at_y + d) * get(type, g->v, at_v + d);
        }
        if (p[j] > most) most = p[j];
    }
    for (int64_t j = 0; j < keys; j++) sum += p[j] = exp(p[j] - most);
    for (int64_t j = 0; j < keys; j++) delta += (p[j] /= sum) * dp[j];
    for (int64_t d = 0; d < s->dim; d++) {
        double dq = 0;
        for (int64_t j = 0; j < keys; j++) {
            double ds = p[j] * (dp[j] - delta) * s->scale;
            dq += ds * get(type, g->k, (first + j) * s->stride_k + h * s->dim + d);
            dk[j * s->dim + d] += ds * get(type, g->q, at_q + d);
            dv[j * s->dim + d] += p[j] * get(type, g->dy, at_y + d);
        }
        put(type, g->dq, at_q + d, dq);
    }
}

void dc3_ref_attention_gradient(dc3_dtype type, const dc3_attention_shape *s, const dc3_attention_gradient *g,
                                void *scratch)
{
    int64_t count = s->tokens_kv * s->dim;
    double *p = scratch, *dp = p + s->tokens_kv, *dk = dp + s->tokens_kv, *dv = dk + count;
    for (int64_t unit = 0; unit < s->n_kv * s->heads; unit++) {
        int64_t nk = unit / s->heads, h = unit % s->heads;
        for (int64_t i = 0; i < count; i++) dk[i] = dv[i] = 0;
        for (int64_t n = nk; n < s->n; n += s->n_kv)
            for (int64_t t = 0; t < s->tokens_q; t++) query_gradient(type, s, g, n, h, t, p, dp, dk, dv);
        for (int64_t i = 0; i < count; i++) {
            int64_t row = nk * s->tokens_kv + i / s->dim, column = h * s->dim + i % s->dim;
            put(type, g->dk, row * s->stride_k + column, dk[i]);
            put(type, g->dv, row * s->stride_v + column, dv[i]);
        }
    }
}
