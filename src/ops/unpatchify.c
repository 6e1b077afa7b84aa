/* Patches back to an image: forward, backward. */
#include <string.h>
#include "ops/ops.h"
#include "ops/tape.h"

/* An image [n, h side, w side, c], in patches [n, h w, side side c] by row, column, channel. */
typedef struct patches {
    int64_t n, h, w, side, c;
} patches;

/* From patches to the image, or the other way. */
static void move(dc3_ctx *ctx, const patches *p, dc3_dtype type, void *in_patches, void *in_image, int back)
{
    const dc3_kernels *k = dc3_ctx_kernels(ctx);
    size_t run = (size_t)(p->side * p->c) * dc3_dtype_size(type), patch = run * (size_t)p->side;
    for (int64_t row = 0; row < p->n * p->h; row++)
        for (int64_t i = 0; i < p->side; i++) {
            char *one = (char *)in_patches + (size_t)(row * p->w) * patch + (size_t)i * run;
            char *other = (char *)in_image + (size_t)((row * p->side + i) * p->w) * run;
            if (back)
                k->copy_rows(p->w, run, other, run, one, patch);
            else
                k->copy_rows(p->w, run, one, patch, other, run);
        }
}

static void backward(dc3_ctx *ctx, dc3_record *record, dc3_tensor dy)
{
    patches p;
    memcpy(&p, record->more, sizeof p);
    dc3_tensor dx = dc3_new(ctx, dy.dtype, 3, (int64_t[]){p.n, p.h * p.w, p.side * p.side * p.c});
    dc3_op op;
    if (!dc3_op_begin(&op, ctx, DC3_OP_OTHER, 0)) return;
    move(ctx, &p, dy.dtype, dx.data, dy.data, 1);
    dc3_op_end(&op, DC3_OK);
    dc3_give_gradient(ctx, record, 0, dx);
}

dc3_tensor dc3_unpatchify(dc3_ctx *ctx, dc3_tensor x, int64_t h, int64_t w, int64_t side)
{
    if (dc3_ctx_status(ctx) != DC3_OK) return (dc3_tensor){0};
    patches p = {x.shape[0], h, w, side, x.shape[2] / (side * side)};
    if (x.ndim != 3 || x.shape[1] != h * w || p.c * side * side != x.shape[2])
        return dc3_ctx_fail(ctx, dc3_fail(DC3_ERR_ARGUMENT,
                                          "%lld patches of %lld values make no image of %lldx%lld patches of "
                                          "%lld pixels",
                                          (long long)x.shape[1], (long long)x.shape[2], (long long)w,
                                          (long long)h, (long long)side));
    dc3_tensor y = dc3_new(ctx, x.dtype, 4, (int64_t[]){p.n, h * side, w * side, p.c});
    dc3_op op;
    if (!dc3_op_begin(&op, ctx, DC3_OP_OTHER, 0)) return y;
    move(ctx, &p, x.dtype, x.data, y.data, 0);
    dc3_op_end(&op, DC3_OK);
    dc3_record *record = dc3_record_new(ctx, backward, &y, 1, &x, 0);
    if (record) memcpy(record->more, &p, sizeof p);
    return y;
}
