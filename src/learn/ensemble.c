#include "learn/ensemble.h"

#include <stdint.h>
#include <string.h>
#include "views/resize_views.h"

/* Pixels at which network k sees views of `size`. */
static int size_of(const dc3_ensemble *e, int k, int size)
{
    return e->sizes[k] ? e->sizes[k] : size;
}

double dc3_classifier_bytes(const dc3_ctx *ctx, dc3_classifier *net, int64_t n, int64_t size)
{
    dc3_ctx *counting;
    dc3_tensor embedding;
    dc3_dtype type = dc3_ctx_dtype(ctx);
    if (dc3_ctx_open(dc3_ctx_device(ctx)->name, type, 1, DC3_CTX_COUNT, &counting) != DC3_OK) return 0;
    dc3_classifier_of(counting, net, dc3_new(counting, type, 4, (int64_t[]){n, size, size, 3}), &embedding);
    double bytes = (double)dc3_ctx_bytes(counting);
    dc3_ctx_close(&counting);
    return bytes;
}

size_t dc3_ensemble_room(const dc3_ensemble *e, int64_t n, int size, dc3_dtype dtype)
{
    size_t most = 0;
    for (int k = 0; k < e->count; k++) {
        size_t side = (size_t)size_of(e, k, size);
        if (side != (size_t)size && side > most) most = side;
    }
    return (size_t)n * most * most * 3 * dc3_dtype_size(dtype);
}

double dc3_ensemble_bytes(const dc3_ensemble *e, const dc3_ctx *ctx, int64_t n, int size)
{
    double most = 0;
    for (int k = 0; k < e->count; k++) {
        double bytes = dc3_classifier_bytes(ctx, e->nets[k], n, size_of(e, k, size));
        if (bytes <= 0) return 0;
        most = bytes > most ? bytes : most;
    }
    return most + (double)dc3_ensemble_room(e, n, size, dc3_ctx_dtype(ctx));
}

/* Of one network, for views [n, side, side, 3]. */
static dc3_status ask(dc3_ctx *ctx, dc3_classifier *net, int64_t n, int side, const void *views,
                      float *logits)
{
    dc3_scope scope = dc3_scope_open(ctx);
    dc3_tensor embedding,
        x = dc3_view((void *)(uintptr_t)views, dc3_ctx_dtype(ctx), 4, (int64_t[]){n, side, side, 3});
    dc3_tensor z = dc3_cast(ctx, dc3_classifier_of(ctx, net, dc3_on_device(ctx, x), &embedding), DC3_F32);
    dc3_download(ctx, z, logits);
    dc3_status status = dc3_ctx_status(ctx);
    dc3_scope_close(ctx, scope);
    dc3_ctx_clear(ctx);
    return status;
}

dc3_status dc3_ensemble_logits(const dc3_ensemble *e, dc3_ctx *ctx, int64_t n, int size, const void *views,
                               void *room, float *each)
{
    int64_t values = n * dc3_classifier_describe(e->nets[0])->classes;
    int made = size; /* the size of what is in `room` */
    for (int k = 0; k < e->count; k++) {
        int side = size_of(e, k, size);
        if (side != size && side != made)
            DC3_TRY(dc3_resize_views(n, dc3_ctx_dtype(ctx), size, views, side, room, dc3_ctx_threads(ctx)));
        if (side != size) made = side;
        DC3_TRY(ask(ctx, e->nets[k], n, side, side == size ? views : room, each + k * values));
    }
    return DC3_OK;
}

void dc3_ensemble_mean(const dc3_ensemble *e, int64_t values, const float *each, float *mean)
{
    float count = (float)e->count;
    if (e->count == 1 && mean != each) memcpy(mean, each, (size_t)values * sizeof *mean);
    for (int64_t i = 0; e->count > 1 && i < values; i++) {
        float sum = each[i];
        for (int k = 1; k < e->count; k++) sum += each[k * values + i];
        mean[i] = sum / count;
    }
}
