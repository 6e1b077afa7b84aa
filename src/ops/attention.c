/* Attention: forward; backward through queries, keys and values, which may be columns of one tensor. */
#include <math.h>
#include <string.h>
#include "ops/ops.h"
#include "ops/tape.h"

enum { Q, K, V, LSE, Y }; /* places of the inputs, and of what else is saved */

/* What backward needs besides the tensors. */
typedef struct memory {
    dc3_attention_shape shape;
    int64_t at[3]; /* first columns of q, k, v */
} memory;
_Static_assert(sizeof(memory) <= DC3_RECORD_BYTES, "fits into a record");

static void *at(dc3_tensor t, int64_t column)
{
    return (char *)t.data + (size_t)column * dc3_dtype_size(t.dtype);
}

/* Whether inputs i and j are disjoint columns of one tensor, so that one gradient takes both. */
static int same(const dc3_record *record, const memory *m, int i, int j)
{
    int64_t inner = m->shape.heads * m->shape.dim, apart = m->at[i] - m->at[j];
    return record->saved[i].id && record->saved[i].id == record->saved[j].id &&
           (apart >= inner || -apart >= inner);
}

/* The tensors that dq, dk and dv are columns of; zero where no column of theirs lies. owner[i]: whose tensor
 * input i's gradient stands in. */
static void new_gradients(dc3_ctx *ctx, const dc3_record *record, const memory *m, dc3_tensor *d, int *owner)
{
    owner[Q] = Q;
    owner[K] = same(record, m, K, Q) ? Q : K;
    owner[V] = owner[K] == Q && same(record, m, V, Q) && same(record, m, V, K) ? Q
               : owner[K] == K && same(record, m, V, K)                        ? K
                                                                               : V;
    for (int i = Q; i <= V; i++) {
        const dc3_tensor *x = &record->saved[i];
        int columns = 0;
        if (owner[i] != i) {
            d[i] = d[owner[i]];
            continue;
        }
        d[i] = dc3_new(ctx, x->dtype, x->ndim, x->shape);
        for (int j = i; j <= V; j++) columns += owner[j] == i;
        if (d[i].data && columns * m->shape.heads * m->shape.dim < x->shape[2])
            dc3_ctx_kernels(ctx)->fill(dc3_bytes(&d[i]), 0, d[i].data);
    }
}

static void backward(dc3_ctx *ctx, dc3_record *record, dc3_tensor dy)
{
    memory m;
    memcpy(&m, record->more, sizeof m);
    const dc3_attention_shape *s = &m.shape;
    const dc3_kernels *kernels = dc3_ctx_kernels(ctx);
    const dc3_tensor *x = record->saved;
    dc3_tensor d[3];
    int owner[3];
    new_gradients(ctx, record, &m, d, owner);
    dc3_tensor scratch =
        dc3_scratch(ctx, kernels->attention_gradient_scratch(dy.dtype, s, dc3_ctx_threads(ctx)));
    dc3_op op;
    double flops = 10.0 * (double)(s->n * s->tokens_q * s->tokens_kv) * (double)(s->heads * s->dim);
    if (!dc3_op_begin(&op, ctx, DC3_OP_ATTENTION, flops)) return;
    dc3_attention_gradient g = {.q = at(x[Q], m.at[Q]),
                                .k = at(x[K], m.at[K]),
                                .v = at(x[V], m.at[V]),
                                .y = x[Y].data,
                                .dy = dy.data,
                                .lse = x[LSE].data,
                                .dq = at(d[Q], m.at[Q]),
                                .dk = at(d[K], m.at[K]),
                                .dv = at(d[V], m.at[V])};
    kernels->attention_gradient(dy.dtype, s, &g, scratch.data);
    dc3_op_end(&op, DC3_OK);
    for (int i = Q; i <= V; i++)
        if (owner[i] == i) dc3_give_gradient(ctx, record, i, d[i]);
}

/* Takes lse over. */
static void record_attention(dc3_ctx *ctx, const dc3_attention_shape *s, const dc3_attention_input *in,
                             dc3_tensor lse, dc3_tensor *y)
{
    const dc3_tensor inputs[] = {in->q, in->k, in->v};
    dc3_record *record = dc3_record_new(ctx, backward, y, 3, inputs, 0);
    if (!record) {
        dc3_drop(ctx, lse);
        return;
    }
    memory m = {*s, {in->at_q, in->at_k, in->at_v}};
    memcpy(record->more, &m, sizeof m);
    for (int i = Q; i <= V; i++) dc3_record_save(ctx, record, i, inputs[i]);
    dc3_record_save(ctx, record, LSE, lse);
    dc3_record_save(ctx, record, Y, *y);
}

dc3_tensor dc3_attention(dc3_ctx *ctx, const dc3_attention_input *in)
{
    if (dc3_ctx_status(ctx) != DC3_OK) return (dc3_tensor){0};
    int64_t inner = in->heads * in->dim;
    dc3_attention_shape s = {.n = in->q.shape[0],
                             .n_kv = in->k.shape[0],
                             .heads = in->heads,
                             .dim = in->dim,
                             .tokens_q = in->q.shape[1],
                             .tokens_kv = in->k.shape[1],
                             .stride_q = in->q.shape[2],
                             .stride_k = in->k.shape[2],
                             .stride_v = in->v.shape[2],
                             .stride_y = inner,
                             .scale = 1 / sqrtf((float)in->dim),
                             .causal = in->causal};
    dc3_dtype type = in->q.dtype;
    const dc3_kernels *kernels = dc3_ctx_kernels(ctx);
    int recorded = dc3_ctx_tape(ctx) && (in->q.var || in->k.var || in->v.var);
    dc3_tensor y = dc3_new(ctx, type, 3, (int64_t[]){s.n, s.tokens_q, inner}), lse = {0};
    if (recorded) lse = dc3_new(ctx, DC3_F32, 3, (int64_t[]){s.n, s.heads, s.tokens_q});
    dc3_tensor scratch = dc3_scratch(ctx, kernels->attention_scratch(type, &s, dc3_ctx_threads(ctx)));
    double flops = 4.0 * (double)(s.n * s.tokens_q * s.tokens_kv) * (double)inner;
    dc3_op op;
    if (dc3_op_begin(&op, ctx, DC3_OP_ATTENTION, flops)) {
        kernels->attention(type, &s, at(in->q, in->at_q), at(in->k, in->at_k), at(in->v, in->at_v), y.data,
                           lse.data, scratch.data);
        dc3_op_end(&op, DC3_OK);
    }
    dc3_drop(ctx, scratch);
    if (recorded) record_attention(ctx, &s, in, lse, &y);
    return y;
}
