/* EfficientNet-Lite0 to Lite2 (Liu 2020, "EfficientNet-Lite"), with timm's names (tf_efficientnet_lite0):
 * EfficientNet without squeeze and excitation, with ReLU6, and the stem, the first and the last stage and the
 * head not scaled. As TensorFlow has it, the output of a convolution has ceil(size / stride) pixels of a
 * side, what that needs of padding stands more below and to the right, and images are seen as 2 x - 1. */
#include <stdio.h>
#include <string.h>
#include "nn/classifiers/classifier_private.h"

enum { STEM = 32, WIDTH = 1280, STAGES = 7, MOST_BLOCKS = 21, RGB = 3 };
static const float depth_rate = 0.2f, eps = 1e-3f;

/* Table 1 of Tan and Le (2019): expansion, kernel, stride of the first block; and of each variant the
 * channels and blocks. */
static const struct stage {
    int64_t expansion, kernel, stride;
} stages[STAGES] = {{1, 3, 1}, {6, 3, 2}, {6, 5, 2}, {6, 3, 2}, {6, 5, 1}, {6, 5, 2}, {6, 3, 1}};

typedef struct variant {
    const char *arch;
    float dropout;
    int64_t channels[STAGES];
    int blocks[STAGES];
} variant;
static const variant variants[] = {
    {"efficientnet_lite0", 0.2f, {16, 24, 40, 80, 112, 192, 320}, {1, 2, 2, 3, 3, 4, 1}},
    {"efficientnet_lite1", 0.2f, {16, 24, 40, 80, 112, 192, 320}, {1, 3, 3, 4, 4, 5, 1}},
    {"efficientnet_lite2", 0.3f, {16, 24, 48, 88, 120, 208, 352}, {1, 3, 3, 4, 4, 5, 1}}};
enum { VARIANTS = sizeof variants / sizeof *variants };

typedef struct block {
    dc3_conv_norm_layer expand, depthwise, project;
    int expands, residual;
    float skipped; /* how often training leaves the branch out */
} block;

typedef struct efficientnet_lite {
    const variant *v;
    dc3_linear_layer normalise; /* from ImageNet's mean and deviation to 2 x - 1 */
    dc3_conv_norm_layer stem, head;
    int count;
    block blocks[MOST_BLOCKS];
} efficientnet_lite;

/* The padding before and behind `size` pixels, so that ceil(size / stride) come out. */
static void pad_for(int64_t size, const dc3_conv_options *o, int64_t *before, int64_t *behind)
{
    int64_t out = (size + o->stride - 1) / o->stride, all = (out - 1) * o->stride + o->kernel - size;
    if (all < 0) all = 0;
    *before = all / 2;
    *behind = all - all / 2;
}

static dc3_tensor conv_norm_of(dc3_ctx *ctx, dc3_conv_norm_layer *layer, dc3_tensor x,
                               const dc3_tensor *residual)
{
    dc3_conv_options *o = &layer->conv.options;
    if (dc3_ctx_status(ctx) != DC3_OK) return (dc3_tensor){0};
    pad_for(x.shape[1], o, &o->pad_top, &o->pad_bottom);
    pad_for(x.shape[2], o, &o->pad_left, &o->pad_right);
    return dc3_conv_norm_of(ctx, layer, x, residual);
}

static dc3_tensor block_of(dc3_ctx *ctx, block *b, dc3_tensor x)
{
    dc3_scope scope = dc3_scope_open(ctx);
    int apart = b->residual && dc3_ctx_tape(ctx); /* the branch may be left out before it is added */
    dc3_tensor h = b->expands ? conv_norm_of(ctx, &b->expand, x, NULL) : x;
    dc3_tensor d = conv_norm_of(ctx, &b->depthwise, h, NULL);
    if (b->expands) dc3_drop(ctx, h);
    d = dc3_replace(ctx, d, conv_norm_of(ctx, &b->project, d, b->residual && !apart ? &x : NULL));
    if (apart) {
        d = dc3_replace(ctx, d, dc3_stochastic_depth(ctx, d, b->skipped));
        d = dc3_replace(ctx, d, dc3_add(ctx, d, x));
    }
    return dc3_scope_return(ctx, scope, d);
}

static dc3_tensor run(dc3_ctx *ctx, void *body, dc3_tensor x)
{
    efficientnet_lite *n = body;
    dc3_scope scope = dc3_scope_open(ctx);
    x = dc3_linear_of(ctx, &n->normalise, x, NULL);
    x = dc3_replace(ctx, x, conv_norm_of(ctx, &n->stem, x, NULL));
    for (int i = 0; i < n->count; i++) x = dc3_replace(ctx, x, block_of(ctx, &n->blocks[i], x));
    x = dc3_replace(ctx, x, conv_norm_of(ctx, &n->head, x, NULL));
    x = dc3_replace(ctx, x, dc3_global_avg_pool(ctx, x));
    return dc3_scope_return(ctx, scope, dc3_dropout(ctx, x, n->v->dropout));
}

/* 2 (x deviation + mean) - 1, as a matrix with nothing beside its diagonal. */
static void make_normalise(dc3_module *m, dc3_linear_layer *layer)
{
    float *weight = dc3_module_alloc(m, RGB * RGB, sizeof *weight), bias[RGB];
    if (!weight) return;
    for (int i = 0; i < RGB; i++) {
        weight[i * RGB + i] = 2 * dc3_classifier_deviation[i];
        bias[i] = 2 * dc3_classifier_mean[i] - 1;
    }
    dc3_take_own(m, &layer->weight, dc3_view(weight, DC3_F32, 2, (int64_t[]){RGB, RGB}));
    layer->bias = dc3_module_place(m, 1, (int64_t[]){RGB}, bias);
}

/* Convolution and norm of these names behind the prefix. */
static void take_pair(dc3_module *m, dc3_conv_norm_layer *layer, const char *prefix, const char *conv,
                      const char *norm, dc3_conv_norm_options o)
{
    char a[DC3_NAME_SIZE], b[DC3_NAME_SIZE];
    o.eps = eps;
    dc3_take_conv_norm(m, layer, dc3_name(a, "%s%s", prefix, conv), dc3_name(b, "%s%s", prefix, norm), &o);
}

/* Block i of the stage, with ci input and co output channels. */
static void take_block(dc3_module *m, block *b, int stage, int i, int64_t ci, int64_t co)
{
    const struct stage *s = &stages[stage];
    int64_t wide = ci * s->expansion, stride = i ? 1 : s->stride;
    char prefix[DC3_NAME_SIZE];
    b->expands = s->expansion > 1;
    b->residual = stride == 1 && ci == co;
    dc3_name(prefix, "blocks.%d.%d.", stage, i);
    if (b->expands)
        take_pair(
            m, &b->expand, prefix, "conv_pw", "bn1",
            (dc3_conv_norm_options){.ci = ci, .co = wide, .kernel = 1, .stride = 1, .act = DC3_ACT_RELU6});
    take_pair(m, &b->depthwise, prefix, "conv_dw", b->expands ? "bn2" : "bn1",
              (dc3_conv_norm_options){.ci = wide,
                                      .co = wide,
                                      .kernel = s->kernel,
                                      .stride = stride,
                                      .groups = wide,
                                      .act = DC3_ACT_RELU6});
    take_pair(m, &b->project, prefix, b->expands ? "conv_pwl" : "conv_pw", b->expands ? "bn3" : "bn2",
              (dc3_conv_norm_options){.ci = wide, .co = co, .kernel = 1, .stride = 1});
}

/* The one that is wanted, or that the table has: more blocks than Lite0, more channels than Lite1. */
static const variant *variant_of(const dc3_classifier *c)
{
    int64_t shape[4];
    for (int i = 0; c->fresh && i < VARIANTS; i++)
        if (strcmp(variants[i].arch, c->info.arch) == 0) return &variants[i];
    if (!dc3_module_has(c->module, "blocks.1.2.conv_dw", "weight")) return &variants[0];
    int wide = dc3_shape_of(c->module, "blocks.6.0.conv_pwl", "weight", shape) && shape[0] != 320;
    return &variants[1 + wide];
}

static void take_efficientnet_lite(dc3_classifier *c)
{
    dc3_module *m = c->module;
    int64_t channels = STEM, shape[4];
    efficientnet_lite *n = c->body = dc3_module_alloc(m, 1, sizeof *n);
    if (!n) return;
    const variant *v = n->v = variant_of(c);
    if (!c->fresh && dc3_shape_of(m, "classifier", "weight", shape)) c->info.classes = shape[0];
    snprintf(c->info.arch, sizeof c->info.arch, "%s", v->arch);
    c->info.embedding = WIDTH;
    make_normalise(m, &n->normalise);
    dc3_module_init(m, DC3_INIT_KAIMING_FAN_OUT);
    take_pair(m, &n->stem, "", "conv_stem", "bn1",
              (dc3_conv_norm_options){.ci = RGB, .co = STEM, .kernel = 3, .stride = 2, .act = DC3_ACT_RELU6});
    for (int s = 0; s < STAGES; s++) n->count += v->blocks[s];
    for (int s = 0, at = 0; s < STAGES; s++)
        for (int i = 0; i < v->blocks[s]; i++) {
            n->blocks[at].skipped = depth_rate * (float)at / (float)n->count;
            take_block(m, &n->blocks[at++], s, i, channels, v->channels[s]);
            channels = v->channels[s];
        }
    take_pair(
        m, &n->head, "", "conv_head", "bn2",
        (dc3_conv_norm_options){.ci = channels, .co = WIDTH, .kernel = 1, .stride = 1, .act = DC3_ACT_RELU6});
    dc3_module_init(m, DC3_INIT_UNIFORM_FAN_OUT);
    dc3_take_linear(m, &c->last, "classifier", WIDTH, c->info.classes, 1, 0);
    c->run = run;
}

static const char *const archs[] = {"efficientnet_lite0", "efficientnet_lite1", "efficientnet_lite2", NULL};
const dc3_classifier_kind dc3_kind_efficientnet_lite = {
    archs, "an EfficientNet-Lite (conv_stem, blocks.1.0.conv_pwl, classifier)", "classifier", NULL,
    take_efficientnet_lite};
