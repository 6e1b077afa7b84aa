#include "learn/clip.h"

#include <math.h>

double dc3_gradient_norm(dc3_ctx *ctx, const dc3_param *params, size_t count)
{
    double total = NAN;
    const dc3_kernels *k = dc3_ctx_kernels(ctx);
    dc3_scope scope = dc3_scope_open(ctx);
    dc3_tensor sum = dc3_new(ctx, DC3_F64, 1, (int64_t[]){1});
    dc3_op op;
    if (dc3_op_begin(&op, ctx, DC3_OP_OTHER, 0)) {
        k->fill(dc3_bytes(&sum), 0, sum.data);
        for (size_t i = 0; i < count; i++)
            if (params[i].gradient.data)
                k->sum_squares(dc3_count(&params[i].value), params[i].gradient.data, sum.data);
        dc3_op_end(&op, DC3_OK);
        dc3_download(ctx, sum, &total);
    }
    dc3_scope_close(ctx, scope);
    return sqrt(total);
}

double dc3_clip_gradients(dc3_ctx *ctx, dc3_param *params, size_t count, double max_norm)
{
    double norm = dc3_gradient_norm(ctx, params, count);
    float rate = (float)(max_norm / (norm + 1e-6));
    if (!isfinite(norm) || !(rate < 1)) return norm;
    for (size_t i = 0; i < count; i++)
        if (params[i].gradient.data)
            dc3_ctx_kernels(ctx)->scale(dc3_count(&params[i].value), rate, params[i].gradient.data);
    return norm;
}
