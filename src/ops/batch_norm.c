/* Batch norm with what follows it: forward, backward, running statistics. */
#include <string.h>
#include "ops/ops.h"
#include "ops/tape.h"

/* What backward needs besides x and y. */
typedef struct memory {
    dc3_batch_norm_shape shape;
    dc3_tensor gamma;
    int has_residual, is_frozen;
} memory;
_Static_assert(sizeof(memory) <= DC3_RECORD_BYTES, "fits into a record");

/* Per channel, saved as one tensor [4, c]. */
enum { MEAN, RATE, SCALE, OFFSET, VECTORS };

static float *vector(dc3_tensor vectors, int which)
{
    return (float *)vectors.data + which * vectors.shape[1];
}

static dc3_tensor scratch_for(dc3_ctx *ctx, const dc3_batch_norm_shape *s)
{
    return dc3_scratch(ctx, dc3_ctx_kernels(ctx)->batch_norm_scratch(s));
}

/* saved: x, the vectors, y (for its gate). */
static void backward(dc3_ctx *ctx, dc3_record *record, dc3_tensor dy)
{
    memory *m = (memory *)record->more;
    dc3_batch_norm_shape s = m->shape;
    dc3_tensor x = record->saved[0], vectors = record->saved[1], y = record->saved[2];
    dc3_tensor coefficients = dc3_new(ctx, DC3_F32, 2, (int64_t[]){5, s.c});
    dc3_tensor scratch = scratch_for(ctx, &s);
    dc3_tensor dz = m->has_residual ? dc3_own_gradient(ctx, dy) : (dc3_tensor){0};
    /* In place less memory passes, but the residual and the pool need dy. */
    dc3_tensor dx =
        m->has_residual || s.pool ? dc3_new(ctx, x.dtype, 4, x.shape) : dc3_room_for_gradient(ctx, dy);
    dc3_op op;
    if (!dc3_op_begin(&op, ctx, DC3_OP_NORM, 0)) return;
    const dc3_kernels *k = dc3_ctx_kernels(ctx);
    float *sum = coefficients.data, *product = sum + s.c, *a = product + s.c, *b = a + s.c, *d = b + s.c;
    const float *mean = vector(vectors, MEAN), *scale = vector(vectors, SCALE),
                *offset = vector(vectors, OFFSET);
    k->batch_norm_sums(&s, dy.data, x.data, y.data, scale, offset, mean, dz.data, sum, product, scratch.data);
    k->batch_norm_coefficients(s.c, m->is_frozen ? 0 : s.n * s.h * s.w, m->gamma.data, vectors.data, sum, a,
                               record->gradient[0], record->gradient[1]);
    if (record->inputs[0]) {
        if (m->has_residual) s.act = DC3_ACT_NONE; /* dz has passed the gate */
        k->batch_norm_gradient(&s, m->has_residual ? dz.data : dy.data, x.data, scale, offset, a, b, d,
                               dx.data);
    }
    dc3_op_end(&op, DC3_OK);
    dc3_give_gradient(ctx, record, 0, dx);
    if (m->has_residual) dc3_give_gradient(ctx, record, 1, dz);
}

dc3_tensor dc3_batch_norm(dc3_ctx *ctx, dc3_tensor x, const dc3_batch_norm_options *o,
                          const dc3_tensor *residual)
{
    if (dc3_ctx_status(ctx) != DC3_OK) return (dc3_tensor){0};
    dc3_batch_norm_shape s = {x.dtype, x.shape[0], x.shape[1], x.shape[2], x.shape[3], o->act, o->pool};
    int64_t h = o->pool ? s.h / 2 : s.h, w = o->pool ? s.w / 2 : s.w, rows = s.n * s.h * s.w;
    if (rows < 1 || h < 1 || w < 1 || (o->pool && residual))
        return dc3_ctx_fail(ctx,
                            dc3_fail(DC3_ERR_ARGUMENT, "batch norm: a map of %lldx%lld pixels is too small",
                                     (long long)s.h, (long long)s.w));
    dc3_tensor y = dc3_new(ctx, x.dtype, 4, (int64_t[]){s.n, h, w, s.c});
    dc3_tensor vectors = dc3_new(ctx, DC3_F32, 2, (int64_t[]){VECTORS, s.c});
    dc3_tensor scratch = scratch_for(ctx, &s);
    int is_frozen = dc3_ctx_norms_are_frozen(ctx);
    dc3_op op;
    if (!dc3_op_begin(&op, ctx, DC3_OP_NORM, 0)) return y;
    const dc3_kernels *k = dc3_ctx_kernels(ctx);
    if (dc3_ctx_tape(ctx) && !is_frozen) {
        float *mean = vector(vectors, SCALE), *variance = vector(vectors, OFFSET); /* until they are filled */
        k->batch_norm_statistics(&s, x.data, mean, variance, scratch.data);
        k->batch_norm_running(s.c, rows, o->momentum, mean, variance, o->mean.data, o->variance.data);
        k->batch_norm_vectors(s.c, o->eps, o->gamma.data, o->beta.data, mean, variance, vectors.data);
    } else
        k->batch_norm_vectors(s.c, o->eps, o->gamma.data, o->beta.data, o->mean.data, o->variance.data,
                              vectors.data);
    k->batch_norm(&s, x.data, vector(vectors, SCALE), vector(vectors, OFFSET),
                  residual ? residual->data : NULL, y.data);
    dc3_op_end(&op, DC3_OK);
    dc3_drop(ctx, scratch);
    float *dgamma = dc3_parameter_gradient(ctx, o->gamma), *dbeta = dc3_parameter_gradient(ctx, o->beta);
    dc3_tensor inputs[] = {x, residual ? *residual : (dc3_tensor){0}};
    dc3_record *record = dc3_record_new(ctx, backward, &y, 2, inputs, dgamma || dbeta);
    if (!record) {
        dc3_drop(ctx, vectors);
        return y;
    }
    memory m = {s, o->gamma, residual != NULL, is_frozen};
    memcpy(record->more, &m, sizeof m);
    record->gradient[0] = dgamma, record->gradient[1] = dbeta;
    dc3_record_save(ctx, record, 0, x);
    dc3_record_save(ctx, record, 1, vectors);
    if (residual && o->act == DC3_ACT_RELU) dc3_record_save(ctx, record, 2, y);
    return y;
}
