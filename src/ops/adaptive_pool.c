/* Adaptive average pooling, forward and backward. */
#include <string.h>
#include "ops/element.h"
#include "ops/ops.h"
#include "ops/tape.h"

typedef struct window {
    int64_t top, left, bottom, right;
} window;

static window window_of(int64_t h, int64_t w, int64_t size, int64_t row, int64_t column)
{
    return (window){row * h / size, column * w / size, ((row + 1) * h + size - 1) / size,
                    ((column + 1) * w + size - 1) / size};
}

/* Output pixel `out` of the picture: from x [h, w, c] to y [c]. */
static void mean_of(dc3_tensor x, window o, int64_t image, int64_t out, dc3_tensor y)
{
    int64_t h = x.shape[1], w = x.shape[2], c = x.shape[3];
    float share = 1 / (float)((o.bottom - o.top) * (o.right - o.left));
    for (int64_t j = 0; j < c; j++) {
        float sum = 0;
        for (int64_t row = o.top; row < o.bottom; row++)
            for (int64_t column = o.left; column < o.right; column++)
                sum += load(x.data, x.dtype, ((image * h + row) * w + column) * c + j);
        store(y.data, y.dtype, out * c + j, sum * share);
    }
}

/* The gradient of one input pixel: the windows that hold it are few and found by looking at all. */
static void gradient_of(dc3_tensor dy, const int64_t *shape, int64_t pixel, dc3_tensor dx)
{
    int64_t h = shape[1], w = shape[2], c = shape[3], size = dy.shape[1];
    int64_t image = pixel / (h * w), row = pixel / w % h, column = pixel % w;
    for (int64_t j = 0; j < c; j++) {
        float sum = 0;
        for (int64_t out = 0; out < size * size; out++) {
            window o = window_of(h, w, size, out / size, out % size);
            if (row < o.top || row >= o.bottom || column < o.left || column >= o.right) continue;
            sum += load(dy.data, dy.dtype, (image * size * size + out) * c + j) /
                   (float)((o.bottom - o.top) * (o.right - o.left));
        }
        store(dx.data, dx.dtype, pixel * c + j, sum);
    }
}

/* more: the input's shape and the output's size. */
static void backward(dc3_ctx *ctx, dc3_record *record, dc3_tensor dy)
{
    int64_t shape[5];
    memcpy(shape, record->more, sizeof shape);
    dc3_tensor dx = dc3_new(ctx, dy.dtype, 4, shape);
    dy = dc3_reshape(dy, 4, (int64_t[]){shape[0], shape[4], shape[4], shape[3]});
    dc3_op op;
    if (!dc3_op_begin(&op, ctx, DC3_OP_OTHER, 0)) return;
#pragma omp parallel for
    for (int64_t pixel = 0; pixel < shape[0] * shape[1] * shape[2]; pixel++)
        gradient_of(dy, shape, pixel, dx);
    dc3_op_end(&op, DC3_OK);
    dc3_give_gradient(ctx, record, 0, dx);
}

dc3_tensor dc3_adaptive_avg_pool(dc3_ctx *ctx, dc3_tensor x, int64_t size)
{
    if (dc3_ctx_status(ctx) != DC3_OK) return (dc3_tensor){0};
    int64_t n = x.shape[0], h = x.shape[1], w = x.shape[2], c = x.shape[3];
    dc3_tensor y = dc3_new(ctx, x.dtype, 4, (int64_t[]){n, size, size, c});
    dc3_op op;
    if (!dc3_op_begin(&op, ctx, DC3_OP_OTHER, 0)) return y;
#pragma omp parallel for
    for (int64_t out = 0; out < n * size * size; out++)
        mean_of(x, window_of(h, w, size, out / size % size, out % size), out / (size * size), out, y);
    dc3_op_end(&op, DC3_OK);
    dc3_record *record = dc3_record_new(ctx, backward, &y, 1, &x, 0);
    if (record) memcpy(record->more, (int64_t[]){n, h, w, c, size}, 5 * sizeof(int64_t));
    return y;
}
