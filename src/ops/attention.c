#include <math.h>
#include "ops/ops.h"

static const char *at(dc3_tensor t, int64_t column)
{
    return (const char *)t.data + (size_t)column * dc3_dtype_size(t.dtype);
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
    dc3_tensor y = dc3_new(ctx, type, 3, (int64_t[]){s.n, s.tokens_q, inner});
    int64_t scratch_bytes = (int64_t)dc3_ctx_kernels(ctx)->attention_scratch(type, &s, dc3_ctx_threads(ctx));
    dc3_tensor scratch = dc3_new(ctx, DC3_U8, 1, &scratch_bytes);
    double flops = 4.0 * (double)(s.n * s.tokens_q * s.tokens_kv) * (double)inner;
    dc3_op op;
    if (dc3_op_begin(&op, ctx, DC3_OP_ATTENTION, flops)) {
        dc3_ctx_kernels(ctx)->attention(type, &s, at(in->q, in->at_q), at(in->k, in->at_k),
                                        at(in->v, in->at_v), y.data, scratch.data);
        dc3_op_end(&op, DC3_OK);
    }
    dc3_drop(ctx, scratch);
    return y;
}
