#include "ops/recompute.h"

#include <string.h>
#include "ops/tape.h"

/* more. */
typedef struct memory {
    dc3_part_of_network *part;
    void *network;
    int count;
} memory;

static dc3_tensor copy_of(dc3_ctx *ctx, dc3_tensor x)
{
    dc3_tensor y = dc3_new(ctx, x.dtype, x.ndim, x.shape);
    dc3_op op;
    if (!dc3_op_begin(&op, ctx, DC3_OP_OTHER, 0)) return y;
    dc3_ctx_kernels(ctx)->copy(dc3_bytes(&x), x.data, y.data);
    dc3_op_end(&op, DC3_OK);
    return y;
}

/* saved: the inputs. Their gradients so far are what the inner tape adds to, in the order that the outer one
 * would. What the inner tape frees at its end is copied first, and what the outer one may have given to
 * others too, before it may be changed. */
static void backward(dc3_ctx *ctx, dc3_record *record, dc3_tensor dy)
{
    memory m;
    memcpy(&m, record->more, sizeof m);
    dc3_tape *outer = dc3_ctx_tape(ctx), *inner = dc3_tape_inside(outer);
    dc3_tensor x[DC3_RECORD_INPUTS] = {{0}}, gradients[DC3_RECORD_INPUTS] = {{0}};
    if (!inner) {
        dc3_ctx_fail(ctx, DC3_ERR_MEMORY);
        return;
    }
    dc3_tensor seed = copy_of(ctx, dy);
    dc3_tape_start(inner, ctx);
    for (int i = 0; i < m.count; i++) {
        x[i] = record->saved[i];
        x[i].var = 0;
        if (!record->inputs[i]) continue;
        dc3_tape_track(inner, ctx, &x[i]);
        gradients[i] = dc3_tape_gradient_so_far(outer, record, i);
        if (gradients[i].data) dc3_tape_begin_gradient(inner, ctx, x[i], copy_of(ctx, gradients[i]));
    }
    dc3_tape_run(inner, ctx, m.part(ctx, m.network, x), seed);
    for (int i = 0; i < m.count; i++) {
        dc3_tensor g = dc3_tape_gradient_of(inner, x[i]);
        gradients[i] = g.data ? copy_of(ctx, g) : (dc3_tensor){0};
    }
    dc3_tape_stop(inner, ctx);
    dc3_ctx_set_tape(ctx, outer);
    for (int i = 0; i < m.count; i++) dc3_replace_gradient(ctx, record, i, gradients[i]);
}

dc3_tensor dc3_recompute(dc3_ctx *ctx, dc3_part_of_network *part, void *network, int count,
                         const dc3_tensor *inputs)
{
    dc3_tape *tape = dc3_ctx_tape(ctx);
    dc3_tensor x[DC3_RECORD_INPUTS];
    if (!tape) return part(ctx, network, inputs);
    for (int i = 0; i < count; i++) {
        x[i] = inputs[i];
        x[i].var = 0;
    }
    int paused = dc3_tape_pause(tape, 1);
    dc3_tensor y = part(ctx, network, x);
    dc3_tape_pause(tape, paused);
    dc3_record *record = dc3_record_new(ctx, backward, &y, count, inputs, 1);
    if (!record) return y;
    memory m = {part, network, count};
    memcpy(record->more, &m, sizeof m);
    for (int i = 0; i < count; i++) dc3_record_save(ctx, record, i, inputs[i]);
    return y;
}
