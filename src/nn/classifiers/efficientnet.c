/* EfficientNet-B0 (Tan and Le 2019), with torchvision's names: inverted residuals with squeeze and
 * excitation.
 */
#include <stdio.h>
#include "nn/classifiers/classifier_private.h"

enum { BLOCKS = 16, STEM = 32, WIDTH = 1280 };
static const float dropout = 0.2f, depth_rate = 0.2f;

/* Table 1 of the paper: expansion, kernel, stride of the first block, channels, blocks. */
static const struct stage {
    int64_t expansion, kernel, stride, channels;
    int count;
} stages[] = {{1, 3, 1, 16, 1},  {6, 3, 2, 24, 2},  {6, 5, 2, 40, 2}, {6, 3, 2, 80, 3},
              {6, 5, 1, 112, 3}, {6, 5, 2, 192, 4}, {6, 3, 1, 320, 1}};
enum { STAGES = sizeof stages / sizeof *stages };

typedef struct block {
    dc3_conv_norm_layer expand, depthwise, project;
    dc3_linear_layer squeeze, excite;
    int expands, residual;
    float skipped; /* how often training leaves the branch out */
} block;

typedef struct efficientnet {
    dc3_conv_norm_layer stem, head;
    block blocks[BLOCKS];
} efficientnet;

/* x times a gate for each channel that the means of all channels decide (Hu et al. 2018). */
static dc3_tensor squeeze_and_excite(dc3_ctx *ctx, block *b, dc3_tensor x)
{
    dc3_tensor s = dc3_global_avg_pool(ctx, x);
    s = dc3_replace(ctx, s, dc3_linear(ctx, s, &b->squeeze.weight, b->squeeze.bias, DC3_ACT_SILU, NULL));
    s = dc3_replace(ctx, s, dc3_linear(ctx, s, &b->excite.weight, b->excite.bias, DC3_ACT_SIGMOID, NULL));
    return dc3_replace(ctx, s, dc3_scale_channels(ctx, x, s));
}

static dc3_tensor block_of(dc3_ctx *ctx, block *b, dc3_tensor x)
{
    dc3_scope scope = dc3_scope_open(ctx);
    int apart = b->residual && dc3_ctx_tape(ctx); /* the branch may be left out before it is added */
    dc3_tensor h = b->expands ? dc3_conv_norm_of(ctx, &b->expand, x, NULL) : x;
    dc3_tensor d = dc3_conv_norm_of(ctx, &b->depthwise, h, NULL);
    if (b->expands) dc3_drop(ctx, h);
    d = dc3_replace(ctx, d, squeeze_and_excite(ctx, b, d));
    d = dc3_replace(ctx, d, dc3_conv_norm_of(ctx, &b->project, d, b->residual && !apart ? &x : NULL));
    if (apart) {
        d = dc3_replace(ctx, d, dc3_stochastic_depth(ctx, d, b->skipped));
        d = dc3_replace(ctx, d, dc3_add(ctx, d, x));
    }
    return dc3_scope_return(ctx, scope, d);
}

static dc3_tensor run(dc3_ctx *ctx, void *body, dc3_tensor x)
{
    efficientnet *n = body;
    dc3_scope scope = dc3_scope_open(ctx);
    x = dc3_conv_norm_of(ctx, &n->stem, x, NULL);
    for (int i = 0; i < BLOCKS; i++) x = dc3_replace(ctx, x, block_of(ctx, &n->blocks[i], x));
    x = dc3_replace(ctx, x, dc3_conv_norm_of(ctx, &n->head, x, NULL));
    x = dc3_replace(ctx, x, dc3_global_avg_pool(ctx, x));
    return dc3_scope_return(ctx, scope, dc3_dropout(ctx, x, dropout));
}

/* "prefix.0" and the norm "prefix.1" behind it. */
static void take_pair(dc3_module *m, dc3_conv_norm_layer *layer, const char *prefix,
                      const dc3_conv_norm_options *o)
{
    char conv[DC3_NAME_SIZE], norm[DC3_NAME_SIZE];
    dc3_take_conv_norm(m, layer, dc3_name(conv, "%s.0", prefix), dc3_name(norm, "%s.1", prefix), o);
}

/* Block i of the stage, with ci input channels. */
static void take_block(dc3_module *m, block *b, int stage, int i, int64_t ci)
{
    const struct stage *s = &stages[stage];
    int64_t wide = ci * s->expansion, stride = i ? 1 : s->stride, few = ci / 4;
    char prefix[DC3_NAME_SIZE], name[DC3_NAME_SIZE];
    int at = 0;
    b->expands = s->expansion > 1;
    b->residual = stride == 1 && ci == s->channels;
    dc3_name(prefix, "features.%d.%d.block", stage + 1, i);
    if (b->expands)
        take_pair(
            m, &b->expand, dc3_name(name, "%s.%d", prefix, at++),
            &(dc3_conv_norm_options){.ci = ci, .co = wide, .kernel = 1, .stride = 1, .act = DC3_ACT_SILU});
    take_pair(m, &b->depthwise, dc3_name(name, "%s.%d", prefix, at++),
              &(dc3_conv_norm_options){.ci = wide,
                                       .co = wide,
                                       .kernel = s->kernel,
                                       .stride = stride,
                                       .groups = wide,
                                       .act = DC3_ACT_SILU});
    dc3_take_linear(m, &b->squeeze, dc3_name(name, "%s.%d.fc1", prefix, at), wide, few, 1, 1);
    dc3_take_linear(m, &b->excite, dc3_name(name, "%s.%d.fc2", prefix, at++), few, wide, 1, 1);
    take_pair(m, &b->project, dc3_name(name, "%s.%d", prefix, at),
              &(dc3_conv_norm_options){.ci = wide, .co = s->channels, .kernel = 1, .stride = 1});
}

static void take_efficientnet(dc3_classifier *c)
{
    dc3_module *m = c->module;
    int64_t channels = STEM, shape[4];
    int at = 0;
    efficientnet *n = c->body = dc3_module_alloc(m, 1, sizeof *n);
    if (!n) return;
    if (!c->fresh && dc3_shape_of(m, "classifier.1", "weight", shape)) c->info.classes = shape[0];
    snprintf(c->info.arch, sizeof c->info.arch, "efficientnet_b0");
    c->info.embedding = WIDTH;
    dc3_module_init(m, DC3_INIT_KAIMING_FAN_OUT);
    take_pair(m, &n->stem, "features.0",
              &(dc3_conv_norm_options){.ci = 3, .co = STEM, .kernel = 3, .stride = 2, .act = DC3_ACT_SILU});
    for (int s = 0; s < STAGES; s++)
        for (int i = 0; i < stages[s].count; i++) {
            n->blocks[at].skipped = depth_rate * (float)at / BLOCKS;
            take_block(m, &n->blocks[at++], s, i, channels);
            channels = stages[s].channels;
        }
    take_pair(
        m, &n->head, "features.8",
        &(dc3_conv_norm_options){.ci = channels, .co = WIDTH, .kernel = 1, .stride = 1, .act = DC3_ACT_SILU});
    dc3_module_init(m, DC3_INIT_UNIFORM_FAN_OUT);
    dc3_take_linear(m, &c->last, "classifier.1", WIDTH, c->info.classes, 1, 0);
    c->run = run;
}

static const char *const archs[] = {"efficientnet_b0", NULL};
const dc3_classifier_kind dc3_kind_efficientnet = {
    archs, "an EfficientNet-B0 (features.1.0.block.0.0, classifier.1)", "classifier.1", NULL,
    take_efficientnet};
