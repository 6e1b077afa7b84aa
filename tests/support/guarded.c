/* Each block of memory is mapped twice, from one file without a name: at the address that the device gives
 * out without any access, and at another, which only the kernels and transfers here know. So whoever follows
 * a pointer of the device on the host falls at once (SIGSEGV), and a kernel that is given memory of the host
 * is found out and reported as a failure of the device. */
#include "support/guarded.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE = 4096, BLOCKS = 1 << 16 };
static const size_t arena_size = (size_t)1 << 38; /* of addresses; memory is taken as it is used */

typedef struct block {
    size_t at, size;
    int used;
} block;

static struct {
    char *outside, *inside;
    size_t end;
    block blocks[BLOCKS];
    int count;
    size_t limit;
    pthread_mutex_t lock;
} arena = {.lock = PTHREAD_MUTEX_INITIALIZER};

static _Thread_local dc3_status failed;
static _Thread_local int broken;

void guarded_limit(size_t bytes)
{
    arena.limit = bytes;
}

void guarded_break_next(void)
{
    broken = 1;
}

/* The memory behind a pointer of the device; NULL stays NULL. */
static void *inside(const char *who, const void *device)
{
    const char *p = device;
    if (!p || (p >= arena.outside && p < arena.outside + arena.end))
        return p ? arena.inside + (p - arena.outside) : NULL;
    if (failed == DC3_OK)
        failed = dc3_fail(DC3_ERR_INTERNAL, "guarded device: %s was given memory of the host", who);
    return (void *)(uintptr_t)device;
}

static int open_arena(void)
{
    int file = memfd_create("guarded", MFD_CLOEXEC);
    if (file < 0 || ftruncate(file, (off_t)arena_size) != 0) return 0;
    arena.outside = mmap(NULL, arena_size, PROT_NONE, MAP_SHARED | MAP_NORESERVE, file, 0);
    arena.inside = mmap(NULL, arena_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, file, 0);
    close(file);
    return arena.outside != MAP_FAILED && arena.inside != MAP_FAILED;
}

/* A used-up block of this size, or a new one behind the last. */
static block *take_block(size_t size)
{
    for (int i = 0; i < arena.count; i++)
        if (!arena.blocks[i].used && arena.blocks[i].size == size) return &arena.blocks[i];
    if (arena.count == BLOCKS || arena.end + size > arena_size) return NULL;
    block *b = &arena.blocks[arena.count++];
    *b = (block){arena.end, size, 0};
    arena.end += size;
    return b;
}

static void *take(size_t size)
{
    if (arena.limit && size > arena.limit) return NULL;
    size = (size / PAGE + 1) * PAGE;
    pthread_mutex_lock(&arena.lock);
    block *b = arena.outside || open_arena() ? take_block(size) : NULL;
    if (b) b->used = 1;
    pthread_mutex_unlock(&arena.lock);
    return b ? arena.outside + b->at : NULL;
}

static void release(void *data)
{
    if (!data) return;
    pthread_mutex_lock(&arena.lock);
    for (int i = 0; i < arena.count; i++)
        if (arena.outside + arena.blocks[i].at == (char *)data) {
            arena.blocks[i].used = 0;
            madvise(arena.inside + arena.blocks[i].at, arena.blocks[i].size, MADV_REMOVE);
        }
    pthread_mutex_unlock(&arena.lock);
}

static dc3_status failure(void)
{
    dc3_status status = failed;
    failed = DC3_OK;
    return status;
}

static dc3_status upload(void *to, const void *from, size_t size)
{
    if (size) memcpy(inside(__func__, to), from, size);
    return failure();
}

static dc3_status download(void *to, const void *from, size_t size)
{
    if (size) memcpy(to, inside(__func__, from), size);
    return failure();
}

static dc3_status fill_bytes(void *to, int byte, size_t size)
{
    if (size) memset(inside(__func__, to), byte, size);
    return failure();
}

/* ---- kernels ---- */

static const dc3_kernels *plain_under, *fast_under;
static dc3_kernels plain_table, fast_table;

/* Whether the next kernel is to fail; then it has. */
static int breaks(const char *who)
{
    if (!broken) return 0;
    broken = 0;
    failed = dc3_fail(DC3_ERR_INTERNAL, "guarded device: %s failed", who);
    return 1;
}

#define D(p) ((__typeof__(p))inside(__func__, p))
#define KERNEL(name, params, args)                                                                           \
    static void plain_##name params                                                                          \
    {                                                                                                        \
        if (!breaks(__func__)) plain_under->name args;                                                       \
    }
#include "support/guarded_kernels.h"
#undef KERNEL
#define KERNEL(name, params, args)                                                                           \
    static void fast_##name params                                                                           \
    {                                                                                                        \
        if (!breaks(__func__)) fast_under->name args;                                                        \
    }
#include "support/guarded_kernels.h"
#undef KERNEL

static dc3_attention_gradient attention_inside(const dc3_attention_gradient *g)
{
    return (dc3_attention_gradient){D(g->q),   D(g->k),  D(g->v),  D(g->y), D(g->dy),
                                    D(g->lse), D(g->dq), D(g->dk), D(g->dv)};
}

static dc3_window_gradient window_inside(const dc3_window_gradient *g)
{
    return (dc3_window_gradient){.qkv = D(g->qkv),
                                 .dy = D(g->dy),
                                 .position = D(g->position),
                                 .bias = D(g->bias),
                                 .scale = D(g->scale),
                                 .dqkv = D(g->dqkv),
                                 .dposition = D(g->dposition),
                                 .dbias = D(g->dbias),
                                 .dscale = D(g->dscale)};
}

static void plain_attention_gradient(dc3_dtype type, const dc3_attention_shape *shape,
                                     const dc3_attention_gradient *gradient, void *scratch)
{
    dc3_attention_gradient g = attention_inside(gradient);
    plain_under->attention_gradient(type, shape, &g, D(scratch));
}

static void fast_attention_gradient(dc3_dtype type, const dc3_attention_shape *shape,
                                    const dc3_attention_gradient *gradient, void *scratch)
{
    dc3_attention_gradient g = attention_inside(gradient);
    fast_under->attention_gradient(type, shape, &g, D(scratch));
}

static void plain_window_gradient(const dc3_window_shape *shape, const dc3_window_gradient *gradient,
                                  void *scratch)
{
    dc3_window_gradient g = window_inside(gradient);
    plain_under->window_attention_gradient(shape, &g, D(scratch));
}

static void fast_window_gradient(const dc3_window_shape *shape, const dc3_window_gradient *gradient,
                                 void *scratch)
{
    dc3_window_gradient g = window_inside(gradient);
    fast_under->window_attention_gradient(shape, &g, D(scratch));
}

static const dc3_kernels *kernels(int plain)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&lock);
    if (!plain_under) {
        plain_under = dc3_cpu_backend.kernels(1), fast_under = dc3_cpu_backend.kernels(0);
        plain_table = *plain_under, fast_table = *fast_under;
#define KERNEL(name, params, args) plain_table.name = plain_##name, fast_table.name = fast_##name;
#include "support/guarded_kernels.h"
#undef KERNEL
        plain_table.attention_gradient = plain_attention_gradient;
        fast_table.attention_gradient = fast_attention_gradient;
        plain_table.window_attention_gradient = plain_window_gradient;
        fast_table.window_attention_gradient = fast_window_gradient;
        plain_table.name = fast_table.name = "guarded";
    }
    pthread_mutex_unlock(&lock);
    return plain ? &plain_table : &fast_table;
}

/* ---- dense kernels ---- */

/* The weight as the kernels under these may read it; its packed forms go back with give_back. */
static dc3_weight weight_inside(const dc3_weight *weight)
{
    dc3_weight w = *weight;
    for (int i = 0; i < w.parts; i++) {
        if (w.part[i].device) w.part[i].data = D(w.part[i].data);
        w.part[i].device = NULL;
    }
    return w;
}

static dc3_status give_back(dc3_weight *weight, const dc3_weight *w, dc3_status status)
{
    weight->packs = w->packs;
    return status;
}

static dc3_status conv2d(void *self, const dc3_conv_shape *shape, const void *x, dc3_weight *weight,
                         const float *bias, const void *residual, void *y)
{
    dc3_dense *d = self;
    dc3_weight w = weight_inside(weight);
    return give_back(weight, &w, d->conv2d(d->self, shape, D(x), &w, D(bias), D(residual), D(y)));
}

static dc3_status linear(void *self, const dc3_linear_shape *shape, const void *x, dc3_weight *weight,
                         const float *bias, const void *residual, void *y)
{
    dc3_dense *d = self;
    dc3_weight w = weight_inside(weight);
    return give_back(weight, &w, d->linear(d->self, shape, D(x), &w, D(bias), D(residual), D(y)));
}

static dc3_status conv2d_data(void *self, const dc3_conv_shape *shape, const void *dy, dc3_weight *weight,
                              void *dx)
{
    dc3_dense *d = self;
    dc3_weight w = weight_inside(weight);
    return give_back(weight, &w, d->conv2d_backward_data(d->self, shape, D(dy), &w, D(dx)));
}

static dc3_status linear_data(void *self, const dc3_linear_shape *shape, const void *dy, dc3_weight *weight,
                              void *dx)
{
    dc3_dense *d = self;
    dc3_weight w = weight_inside(weight);
    return give_back(weight, &w, d->linear_backward_data(d->self, shape, D(dy), &w, D(dx)));
}

static dc3_status conv2d_weight(void *self, const dc3_conv_shape *shape, const void *x, const void *dy,
                                float *dw)
{
    dc3_dense *d = self;
    return d->conv2d_backward_weight(d->self, shape, D(x), D(dy), D(dw));
}

static dc3_status linear_weight(void *self, const dc3_linear_shape *shape, const void *x, const void *dy,
                                float *dw)
{
    dc3_dense *d = self;
    return d->linear_backward_weight(d->self, shape, D(x), D(dy), D(dw));
}

static void close_dense(void *self)
{
    dc3_dense *d = self;
    d->close(d->self);
    free(d);
}

static dc3_status open_dense(int plain, dc3_dense *dense)
{
    dc3_dense *under = malloc(sizeof *under);
    if (!under) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    dc3_status status = dc3_cpu_backend.open_dense(plain, under);
    if (status != DC3_OK) {
        free(under);
        return status;
    }
    *dense = (dc3_dense){.name = "guarded",
                         .by_threads = under->by_threads,
                         .self = under,
                         .conv2d = conv2d,
                         .linear = linear,
                         .conv2d_backward_data = conv2d_data,
                         .conv2d_backward_weight = conv2d_weight,
                         .linear_backward_data = linear_data,
                         .linear_backward_weight = linear_weight,
                         .close = close_dense};
    return DC3_OK;
}

static dc3_status check(dc3_dtype type, int plain)
{
    return dc3_cpu_backend.check(type, plain);
}

const dc3_backend guarded_backend = {.device = {.name = "guarded",
                                                .alloc = take,
                                                .release = release,
                                                .upload = upload,
                                                .download = download,
                                                .fill = fill_bytes,
                                                .synchronise = failure,
                                                .failure = failure},
                                     .check = check,
                                     .kernels = kernels,
                                     .open_dense = open_dense};

__attribute__((constructor)) static void add(void)
{
    if (dc3_backend_add(&guarded_backend) != DC3_OK) _exit(1);
}
