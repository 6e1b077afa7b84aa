/* Dropout (Srivastava et al. 2014) and stochastic depth (Huang et al. 2016). Nothing is kept for backward:
 * what is dropped is drawn again from the same stream. */
#include <math.h>
#include <string.h>
#include "base/rng.h"
#include "ops/element.h"
#include "ops/ops.h"
#include "ops/tape.h"

enum { BLOCK = 4096 }; /* values of dropout from one stream */

typedef struct drop_options {
    uint64_t seed;
    float p;
    int64_t width; /* values from one stream */
    int each;      /* a draw for each value; else one for the stream's values together */
} drop_options;

static void drop(const drop_options *o, dc3_tensor x, dc3_tensor y)
{
    int64_t count = dc3_count(&x);
    uint64_t least = (uint64_t)ldexp(o->p, 32);
    float rate = o->p < 1 ? 1 / (1 - o->p) : 0;
#pragma omp parallel for
    for (int64_t first = 0; first < count; first += o->width) {
        dc3_rng rng = dc3_rng_make(o->seed, DC3_RNG_DROPOUT, (uint64_t)(first / o->width));
        int64_t end = first + o->width < count ? first + o->width : count;
        float factor = 0;
        for (int64_t i = first; i < end; i++) {
            if (o->each || i == first) factor = dc3_rng_u32(&rng) >= least ? rate : 0;
            store(y.data, y.dtype, i, factor > 0 ? load(x.data, x.dtype, i) * factor : 0);
        }
    }
}

static void backward(dc3_ctx *ctx, dc3_record *record, dc3_tensor dy)
{
    drop_options o;
    memcpy(&o, record->more, sizeof o);
    dc3_tensor dx = dc3_new(ctx, dy.dtype, dy.ndim, dy.shape);
    dc3_op op;
    if (!dc3_op_begin(&op, ctx, DC3_OP_OTHER, 0)) return;
    drop(&o, dy, dx);
    dc3_op_end(&op, DC3_OK);
    dc3_give_gradient(ctx, record, 0, dx);
}

static dc3_tensor dropped(dc3_ctx *ctx, dc3_tensor x, float p, int64_t width, int each)
{
    drop_options o = {0, p, width, each};
    if (dc3_ctx_status(ctx) != DC3_OK || !(p > 0) || !dc3_ctx_next_draw(ctx, &o.seed)) return x;
    dc3_tensor y = dc3_new(ctx, x.dtype, x.ndim, x.shape);
    dc3_op op;
    if (!dc3_op_begin(&op, ctx, DC3_OP_OTHER, 0)) return y;
    drop(&o, x, y);
    dc3_op_end(&op, DC3_OK);
    dc3_record *record = dc3_record_new(ctx, backward, &y, 1, &x, 0);
    if (record) memcpy(record->more, &o, sizeof o);
    return y;
}

dc3_tensor dc3_dropout(dc3_ctx *ctx, dc3_tensor x, float p)
{
    return dropped(ctx, x, p, BLOCK, 1);
}

dc3_tensor dc3_stochastic_depth(dc3_ctx *ctx, dc3_tensor x, float p)
{
    return dropped(ctx, x, p, dc3_count(&x) / (x.shape[0] > 0 ? x.shape[0] : 1), 0);
}
