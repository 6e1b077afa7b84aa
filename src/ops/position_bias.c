/* The position bias of Swin Transformer V2's windows from the values that a small network gives each
 * distance: B[head, i, j] = 16 sigmoid(x[distance of i and j, head]). */
#include <math.h>
#include <string.h>
#include "ops/ops.h"
#include "ops/tape.h"

/* The row of x [(2 side - 1)^2, heads] for tokens i and j of a window. */
static int64_t distance(int64_t side, int64_t i, int64_t j)
{
    int64_t down = i / side - j / side + side - 1, right = i % side - j % side + side - 1;
    return down * (2 * side - 1) + right;
}

/* saved[0]: the bias. With s the sigmoid, d(16 s) = 16 s (1 - s) = b (1 - b / 16). */
static void backward(dc3_ctx *ctx, dc3_record *record, dc3_tensor dy)
{
    int64_t side, heads = record->saved[0].shape[0], tokens = record->saved[0].shape[1];
    memcpy(&side, record->more, sizeof side);
    dc3_tensor dx = dc3_new(ctx, DC3_F32, 2, (int64_t[]){(2 * side - 1) * (2 * side - 1), heads});
    dc3_op op;
    if (!dc3_op_begin(&op, ctx, DC3_OP_OTHER, 0)) return;
    const float *b = record->saved[0].data, *g = dy.data;
    memset(dx.data, 0, dc3_bytes(&dx));
    for (int64_t k = 0; k < heads * tokens * tokens; k++)
        ((float *)dx.data)[distance(side, k / tokens % tokens, k % tokens) * heads + k / (tokens * tokens)] +=
            g[k] * b[k] * (1 - b[k] / 16);
    dc3_op_end(&op, DC3_OK);
    dc3_give_gradient(ctx, record, 0, dx);
}

dc3_tensor dc3_position_bias(dc3_ctx *ctx, dc3_tensor x, int64_t side)
{
    if (dc3_ctx_status(ctx) != DC3_OK) return (dc3_tensor){0};
    int64_t heads = x.shape[1], tokens = side * side;
    dc3_tensor y = dc3_new(ctx, DC3_F32, 3, (int64_t[]){heads, tokens, tokens});
    dc3_op op;
    if (!dc3_op_begin(&op, ctx, DC3_OP_OTHER, 0)) return y;
    for (int64_t k = 0; k < heads * tokens * tokens; k++) {
        int64_t row = distance(side, k / tokens % tokens, k % tokens);
        ((float *)y.data)[k] = 16 / (1 + expf(-((const float *)x.data)[row * heads + k / (tokens * tokens)]));
    }
    dc3_op_end(&op, DC3_OK);
    dc3_record *record = dc3_record_new(ctx, backward, &y, 1, &x, 0);
    if (!record) return y;
    memcpy(record->more, &side, sizeof side);
    dc3_record_save(ctx, record, 0, y);
    return y;
}
