/* A small network for fast training, after the ResNets of speed records on CIFAR-10, of which it is
 * airbench94 (Jordan 2024, arXiv 2404.00498; before it Page 2018 and tysam's hlb-CIFAR10 2023) but for its
 * last layer, which has a bias: h = gelu(whiten(x)), a convolution of k x k pixels at stride k / 2, not
 * padded, whose kernels come from the images' own patches (learn/whiten.h); three blocks of 64, 256 and 256
 * channels, each h = gelu(norm1(max_pool2(conv1(h)))), h = gelu(norm2(conv2(h))), 3x3 without a bias, padded
 * by 1; the maximum over all pixels, and a linear layer. At 32 pixels k is 2, and maps have 31, 15, 7 and 3
 * pixels of a side; of larger images the stride is a power of two that brings them near that. */
#include <stdio.h>
#include "nn/classifiers/classifier_private.h"

enum { BLOCKS = 3, MOST_STRIDE = 4, MOST_PATTERNS = 32, LEAST_MAP = 1 << BLOCKS };

typedef struct half {
    dc3_conv_layer conv;
    dc3_batch_norm_options norm;
} half;

typedef struct speednet {
    dc3_conv_layer whiten;
    half halves[2 * BLOCKS];
} speednet;

static dc3_tensor half_of(dc3_ctx *ctx, half *h, dc3_tensor x, int pools)
{
    dc3_tensor y = dc3_conv_of(ctx, &h->conv, x, NULL);
    if (pools) y = dc3_replace(ctx, y, dc3_max_pool(ctx, y, 2, 2, 0));
    y = dc3_replace(ctx, y, dc3_batch_norm(ctx, y, &h->norm, NULL));
    return dc3_replace(ctx, y, dc3_activate(ctx, y, DC3_ACT_GELU_ERF));
}

/* Largest values over all pixels: [n, side, side, c] to [n, c]. */
static dc3_tensor largest_of(dc3_ctx *ctx, dc3_tensor x)
{
    int64_t shape[] = {x.shape[0], x.shape[3]};
    if (dc3_ctx_status(ctx) != DC3_OK) return (dc3_tensor){0};
    if (x.shape[1] != x.shape[2])
        return dc3_ctx_fail(ctx, dc3_fail(DC3_ERR_ARGUMENT, "speednet takes square images"));
    return dc3_reshape(dc3_max_pool(ctx, x, x.shape[1], x.shape[1], 0), 2, shape);
}

static dc3_tensor run(dc3_ctx *ctx, void *body, dc3_tensor x)
{
    speednet *n = body;
    dc3_scope scope = dc3_scope_open(ctx);
    x = dc3_conv_of(ctx, &n->whiten, x, NULL);
    x = dc3_replace(ctx, x, dc3_activate(ctx, x, DC3_ACT_GELU_ERF));
    for (int i = 0; i < 2 * BLOCKS; i++) x = dc3_replace(ctx, x, half_of(ctx, &n->halves[i], x, i % 2 == 0));
    return dc3_scope_return(ctx, scope, largest_of(ctx, x));
}

/* Kernel size and filters of the first layer, and the blocks' channels. */
typedef struct plan {
    int64_t kernel, filters, widths[BLOCKS];
} plan;

static void read_shapes(dc3_classifier *c, plan *p)
{
    int64_t first[4] = {0}, last[4] = {0}, shape[4] = {0};
    char name[DC3_NAME_SIZE];
    dc3_module *m = c->module;
    dc3_shape_of(m, "whiten", "weight", first);
    dc3_shape_of(m, "fc", "weight", last);
    p->filters = first[0], p->kernel = first[2];
    c->info.classes = last[0];
    for (int i = 0; i < BLOCKS; i++) {
        dc3_shape_of(m, dc3_name(name, "block%d.conv1", i + 1), "weight", shape);
        p->widths[i] = shape[0];
    }
    snprintf(c->info.arch, sizeof c->info.arch, "speednet");
    if (p->kernel < 2 || p->kernel % 2 || p->kernel > 2 * MOST_STRIDE)
        dc3_module_fail(m,
                        dc3_fail(DC3_ERR_UNSUPPORTED,
                                 "%s: a speednet whose first kernels have %lld pixels of a side; supported "
                                 "are 2, 4, 6 and 8",
                                 dc3_table_origin(dc3_module_table(m)), (long long)p->kernel));
}

static void plan_new(const dc3_classifier *c, plan *p)
{
    int64_t stride = 1;
    while (stride < MOST_STRIDE && 64 * stride <= c->wanted_size) stride *= 2;
    int64_t values = 3 * 4 * stride * stride;
    *p = (plan){2 * stride, 2 * (values < MOST_PATTERNS ? values : MOST_PATTERNS), {64, 256, 256}};
}

static void take_half(dc3_module *m, half *h, int at, int64_t ci, int64_t co)
{
    char conv[DC3_NAME_SIZE], norm[DC3_NAME_SIZE];
    int block = at / 2 + 1, place = at % 2 + 1;
    dc3_take_conv(m, &h->conv, dc3_name(conv, "block%d.conv%d", block, place), ci, co, 3, 1, 0);
    dc3_name(norm, "block%d.norm%d", block, place);
    h->norm = (dc3_batch_norm_options){.eps = 1e-5f, .momentum = 0.4f};
    h->norm.gamma = dc3_take_vector(m, norm, "weight", co),
    h->norm.beta = dc3_take_vector(m, norm, "bias", co);
    h->norm.mean = dc3_take_vector(m, norm, "running_mean", co);
    h->norm.variance = dc3_take_vector(m, norm, "running_var", co);
}

static void take_speednet(dc3_classifier *c)
{
    dc3_module *m = c->module;
    plan p = {0};
    speednet *n = c->body = dc3_module_alloc(m, 1, sizeof *n);
    if (!n) return;
    if (c->fresh)
        plan_new(c, &p);
    else
        read_shapes(c, &p);
    if (dc3_module_status(m) != DC3_OK) return;
    int64_t stride = p.kernel / 2, ci = p.filters;
    dc3_module_init(m, DC3_INIT_TORCH);
    dc3_take_conv(m, &n->whiten, "whiten", 3, p.filters, p.kernel, stride, 1);
    dc3_conv_pad(&n->whiten, 0);
    dc3_module_init(m, DC3_INIT_DIRAC);
    for (int i = 0; i < 2 * BLOCKS; i++) {
        take_half(m, &n->halves[i], i, ci, p.widths[i / 2]);
        ci = p.widths[i / 2];
    }
    c->info.embedding = ci;
    c->info.least = LEAST_MAP * stride + p.kernel - stride;
    c->run = run;
    dc3_module_init(m, DC3_INIT_NORMAL_001);
    dc3_take_linear(m, &c->last, "fc", ci, c->info.classes, 1, 0);
}

static const char *const archs[] = {"speednet", NULL};
const dc3_classifier_kind dc3_kind_speednet = {archs, "a speednet (whiten, block1 to block3, fc)", "fc", NULL,
                                               take_speednet};
