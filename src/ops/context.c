#include "ops/context.h"

#include <omp.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "base/cancel.h"
#include "base/rng.h"
#include "tensor/pool.h"

/* Memory that a scope holds; id 0: it was dropped or detached, and its place stays, since scopes are
 * positions. */
typedef struct temporary {
    uint64_t id;
    void *data;
    dc3_pool *pool; /* NULL: the context only counts */
    size_t bytes;
} temporary;

struct dc3_ctx {
    dc3_dtype dtype;
    int threads, team; /* all; those that the operations take */
    dc3_ctx_mode mode;
    const dc3_backend *backend;
    const dc3_kernels *kernels;
    dc3_dense dense;
    dc3_status status;
    dc3_pool *pool,
        *host_pool;  /* of the device's memory; of the host's, where that is another, made at need */
    temporary *live; /* in the order made; a scope is a position in it */
    size_t live_count, live_capacity;
    size_t counted, most_counted; /* bytes of temporaries that there would be, where it only counts */
    dc3_profile profile;
    struct dc3_tape *tape;
    int frozen; /* batch norms */
    int drops;
    uint64_t draw[3]; /* seed, step, place */
};

static double seconds_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

dc3_status dc3_ctx_open(const char *device, dc3_dtype dtype, int threads, dc3_ctx_mode mode, dc3_ctx **out)
{
    const dc3_backend *backend;
    int plain = mode == DC3_CTX_PLAIN;
    *out = NULL;
    if (dtype != DC3_F32 && dtype != DC3_BF16)
        return dc3_fail(DC3_ERR_ARGUMENT, "compute type %s: expected f32 or bf16", dc3_dtype_name(dtype));
    if (threads < 1 || threads > 4096)
        return dc3_fail(DC3_ERR_ARGUMENT, "threads: expected 1 to 4096, found %d", threads);
    DC3_TRY(dc3_backend_find(device, &backend));
    if (mode != DC3_CTX_COUNT) DC3_TRY(backend->check(dtype, plain));
    dc3_ctx *ctx = calloc(1, sizeof *ctx);
    if (!ctx || !(ctx->pool = dc3_pool_new(&backend->device))) {
        free(ctx);
        return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    }
    ctx->dtype = dtype;
    ctx->threads = ctx->team = threads;
    ctx->mode = mode;
    omp_set_num_threads(threads);
    ctx->backend = backend;
    ctx->kernels = backend->kernels(plain);
    dc3_status status = backend->open_dense(mode != DC3_CTX_FAST, &ctx->dense);
    if (status != DC3_OK) dc3_ctx_close(&ctx);
    *out = ctx;
    return status;
}

dc3_status dc3_ctx_open_beside(const dc3_ctx *other, int threads, dc3_ctx **ctx)
{
    return dc3_ctx_open(other->backend->device.name, other->dtype, threads, other->mode, ctx);
}

void dc3_ctx_close(dc3_ctx **ctx)
{
    if (!*ctx) return;
    if ((*ctx)->dense.close) (*ctx)->dense.close((*ctx)->dense.self);
    dc3_pool_close(&(*ctx)->pool);
    dc3_pool_close(&(*ctx)->host_pool);
    free((*ctx)->live);
    free(*ctx);
    *ctx = NULL;
}

dc3_status dc3_ctx_status(const dc3_ctx *ctx)
{
    return ctx->status;
}

void dc3_ctx_clear(dc3_ctx *ctx)
{
    ctx->status = DC3_OK;
}

dc3_tensor dc3_ctx_fail(dc3_ctx *ctx, dc3_status status)
{
    if (ctx->status == DC3_OK) ctx->status = status;
    return (dc3_tensor){0};
}

const dc3_device *dc3_ctx_device(const dc3_ctx *ctx)
{
    return &ctx->backend->device;
}

dc3_dtype dc3_ctx_dtype(const dc3_ctx *ctx)
{
    return ctx->dtype;
}

int dc3_ctx_threads(const dc3_ctx *ctx)
{
    return ctx->threads;
}

void dc3_ctx_set_threads(dc3_ctx *ctx, int threads)
{
    ctx->threads = ctx->team = threads;
}

void dc3_ctx_set_team(dc3_ctx *ctx, int team)
{
    ctx->team = team < 1 ? 1 : team > ctx->threads ? ctx->threads : team;
}

int dc3_ctx_team_is_free(const dc3_ctx *ctx)
{
    return !ctx->dense.by_threads;
}

const dc3_kernels *dc3_ctx_kernels(const dc3_ctx *ctx)
{
    return ctx->kernels;
}

const dc3_dense *dc3_ctx_dense(const dc3_ctx *ctx)
{
    return &ctx->dense;
}

dc3_scope dc3_scope_open(dc3_ctx *ctx)
{
    return ctx->live_count;
}

static void give(dc3_ctx *ctx, temporary t)
{
    if (!t.id) return;
    if (t.pool)
        dc3_pool_give(t.pool, t.data);
    else
        ctx->counted -= t.bytes;
}

void dc3_scope_close(dc3_ctx *ctx, dc3_scope scope)
{
    while (ctx->live_count > scope) give(ctx, ctx->live[--ctx->live_count]);
}

dc3_tensor dc3_scope_return(dc3_ctx *ctx, dc3_scope scope, dc3_tensor result)
{
    temporary retained = {0};
    while (ctx->live_count > scope) {
        temporary t = ctx->live[--ctx->live_count];
        if (t.id && t.id == result.id)
            retained = t;
        else
            give(ctx, t);
    }
    if (retained.id) ctx->live[ctx->live_count++] = retained;
    return result;
}

static temporary *find_live(dc3_ctx *ctx, dc3_tensor x)
{
    for (size_t i = ctx->live_count; x.id && i-- > 0;)
        if (ctx->live[i].id == x.id) return &ctx->live[i];
    return NULL;
}

void dc3_drop(dc3_ctx *ctx, dc3_tensor tensor)
{
    temporary *t = find_live(ctx, tensor);
    if (!t) return;
    give(ctx, *t);
    t->id = 0;
}

dc3_tensor dc3_replace(dc3_ctx *ctx, dc3_tensor old, dc3_tensor now)
{
    if (old.id != now.id) dc3_drop(ctx, old);
    return now;
}

/* A temporary of memory from `pool`. */
static dc3_tensor new_in(dc3_ctx *ctx, dc3_pool *pool, const dc3_device *device, dc3_dtype dtype, int ndim,
                         const int64_t *shape)
{
    dc3_tensor t = dc3_view(NULL, dtype, ndim, shape);
    t.device = device;
    t.id = dc3_tensor_new_id();
    if (ctx->live_count == ctx->live_capacity) {
        size_t capacity = ctx->live_capacity ? 2 * ctx->live_capacity : 256;
        temporary *live = realloc(ctx->live, capacity * sizeof *live);
        if (!live) return dc3_ctx_fail(ctx, dc3_fail(DC3_ERR_MEMORY, "out of memory"));
        ctx->live = live;
        ctx->live_capacity = capacity;
    }
    size_t bytes = dc3_bytes(&t);
    if (ctx->mode == DC3_CTX_COUNT) {
        ctx->counted += bytes;
        if (ctx->counted > ctx->most_counted) ctx->most_counted = ctx->counted;
        ctx->live[ctx->live_count++] = (temporary){t.id, NULL, NULL, bytes};
        return t;
    }
    t.data = dc3_pool_take(pool, bytes);
    if (!t.data) {
        char text[DC3_SHAPE_TEXT];
        return dc3_ctx_fail(ctx,
                            dc3_fail(DC3_ERR_MEMORY, "out of memory for a %s tensor of shape %s",
                                     dc3_dtype_name(dtype), dc3_shape_text(ndim, shape, text, sizeof text)));
    }
    ctx->live[ctx->live_count++] = (temporary){t.id, t.data, pool, bytes};
    return t;
}

dc3_tensor dc3_new(dc3_ctx *ctx, dc3_dtype dtype, int ndim, const int64_t *shape)
{
    if (ctx->status != DC3_OK) return (dc3_tensor){0};
    return new_in(ctx, ctx->pool, dc3_ctx_device(ctx), dtype, ndim, shape);
}

dc3_tensor dc3_new_host(dc3_ctx *ctx, dc3_dtype dtype, int ndim, const int64_t *shape)
{
    if (dc3_ctx_device(ctx)->host_visible) return dc3_new(ctx, dtype, ndim, shape);
    if (ctx->status != DC3_OK) return (dc3_tensor){0};
    if (!ctx->host_pool && !(ctx->host_pool = dc3_pool_new(NULL)))
        return dc3_ctx_fail(ctx, dc3_fail(DC3_ERR_MEMORY, "out of memory"));
    return new_in(ctx, ctx->host_pool, NULL, dtype, ndim, shape);
}

dc3_tensor dc3_scratch(dc3_ctx *ctx, size_t bytes)
{
    return dc3_new(ctx, DC3_U8, 1, (int64_t[]){(int64_t)bytes});
}

dc3_tensor dc3_upload(dc3_ctx *ctx, dc3_dtype dtype, int ndim, const int64_t *shape, const void *host)
{
    dc3_tensor t = dc3_new(ctx, dtype, ndim, shape);
    dc3_status status = t.data ? dc3_tensor_write(&t, host) : DC3_OK;
    return status == DC3_OK ? t : dc3_ctx_fail(ctx, status);
}

void dc3_download(dc3_ctx *ctx, dc3_tensor x, void *host)
{
    if (dc3_ctx_wait(ctx) != DC3_OK || !x.data) return;
    dc3_status status = dc3_tensor_read(&x, host);
    if (status != DC3_OK) dc3_ctx_fail(ctx, status);
}

dc3_tensor dc3_on_device(dc3_ctx *ctx, dc3_tensor x)
{
    const dc3_device *device = dc3_ctx_device(ctx);
    if (ctx->status != DC3_OK) return (dc3_tensor){0};
    if (x.device == device) return x;
    if (!dc3_tensor_is_host(&x))
        return dc3_ctx_fail(ctx, dc3_fail(DC3_ERR_INTERNAL, "a tensor of device %s was given to device %s",
                                          x.device->name, device->name));
    if (!device->host_visible) return dc3_upload(ctx, x.dtype, x.ndim, x.shape, x.data);
    x.device = device;
    if (!x.id) x.id = dc3_tensor_new_id();
    return x;
}

dc3_tensor dc3_on_host(dc3_ctx *ctx, dc3_tensor x)
{
    if (dc3_tensor_is_host(&x)) return dc3_ctx_wait(ctx) == DC3_OK ? x : (dc3_tensor){0};
    dc3_tensor y = dc3_new_host(ctx, x.dtype, x.ndim, x.shape);
    if (y.data) dc3_download(ctx, x, y.data);
    return ctx->status == DC3_OK ? y : (dc3_tensor){0};
}

dc3_status dc3_ctx_wait(dc3_ctx *ctx)
{
    dc3_status status = ctx->mode == DC3_CTX_COUNT ? DC3_OK : dc3_ctx_device(ctx)->synchronise();
    if (status != DC3_OK) dc3_ctx_fail(ctx, status);
    return ctx->status;
}

struct dc3_tape *dc3_ctx_tape(const dc3_ctx *ctx)
{
    return ctx->tape;
}

void dc3_ctx_set_tape(dc3_ctx *ctx, struct dc3_tape *tape)
{
    ctx->tape = tape;
}

void dc3_ctx_freeze_norms(dc3_ctx *ctx, int frozen)
{
    ctx->frozen = frozen;
}

int dc3_ctx_norms_are_frozen(const dc3_ctx *ctx)
{
    return ctx->frozen;
}

void dc3_ctx_set_dropout(dc3_ctx *ctx, uint64_t seed, uint64_t step)
{
    ctx->drops = 1;
    ctx->draw[0] = seed, ctx->draw[1] = step, ctx->draw[2] = 0;
}

int dc3_ctx_next_draw(dc3_ctx *ctx, uint64_t *seed)
{
    if (!ctx->drops || !ctx->tape) return 0;
    *seed = dc3_hash64(ctx->draw, sizeof ctx->draw);
    ctx->draw[2]++;
    return 1;
}

int dc3_ctx_detach(dc3_ctx *ctx, dc3_tensor x)
{
    temporary *t = find_live(ctx, x);
    if (!t || t->pool != ctx->pool) return 0;
    t->id = 0;
    return 1;
}

void dc3_ctx_give(dc3_ctx *ctx, dc3_tensor x)
{
    if (x.data) dc3_pool_give(ctx->pool, x.data);
}

const char *dc3_op_kind_name(dc3_op_kind kind)
{
    static const char *const names[] = {"convolution", "linear", "attention", "norm", "other"};
    return names[kind];
}

dc3_profile dc3_ctx_profile(const dc3_ctx *ctx)
{
    return ctx->profile;
}

void dc3_ctx_profile_reset(dc3_ctx *ctx)
{
    ctx->profile = (dc3_profile){0};
}

size_t dc3_ctx_bytes(const dc3_ctx *ctx)
{
    return ctx->mode == DC3_CTX_COUNT ? ctx->most_counted : dc3_pool_bytes(ctx->pool);
}

int dc3_op_begin(dc3_op *op, dc3_ctx *ctx, dc3_op_kind kind, double flops)
{
    *op = (dc3_op){ctx, kind, flops, 0};
    if (ctx->status != DC3_OK) return 0;
    if (dc3_cancelled()) {
        dc3_ctx_fail(ctx, dc3_check_cancel());
        return 0;
    }
    ctx->profile.flops[kind] += flops;
    ctx->profile.calls[kind]++;
    if (ctx->mode == DC3_CTX_COUNT) return 0;
    if (omp_get_max_threads() != ctx->team) omp_set_num_threads(ctx->team);
    op->start = seconds_now();
    return 1;
}

void dc3_op_end(dc3_op *op, dc3_status status)
{
    const dc3_device *device = dc3_ctx_device(op->ctx);
    op->ctx->profile.seconds[op->kind] += seconds_now() - op->start;
    if (status == DC3_OK && device->failure) status = device->failure();
    if (status != DC3_OK) dc3_ctx_fail(op->ctx, status);
}
