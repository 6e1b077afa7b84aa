/* MobileNetV2 (Sandler et al. 2018), with torchvision's names. */
#include <stdio.h>
#include "nn/classifiers/classifier_private.h"

enum { BLOCKS = 17, STEM = 32, WIDTH = 1280 };

/* Table 2 of the paper: expansion, channels, blocks, stride of the first. */
static const struct stage {
    int64_t expansion, channels;
    int count;
    int64_t stride;
} stages[] = {{1, 16, 1, 1}, {6, 24, 2, 2},  {6, 32, 3, 2}, {6, 64, 4, 2},
              {6, 96, 3, 1}, {6, 160, 3, 2}, {6, 320, 1, 1}};
enum { STAGES = sizeof stages / sizeof *stages };

/* Inverted residual: to many channels (unless expansion is 1), depthwise, linear to few. */
typedef struct block {
    dc3_conv_norm_layer expand, depthwise, project;
    int expands, residual;
} block;

typedef struct mobilenet {
    dc3_conv_norm_layer stem, head;
    block blocks[BLOCKS];
} mobilenet;

static dc3_tensor block_of(dc3_ctx *ctx, block *b, dc3_tensor x)
{
    dc3_tensor h = b->expands ? dc3_conv_norm_of(ctx, &b->expand, x, NULL) : x;
    dc3_tensor d = dc3_conv_norm_of(ctx, &b->depthwise, h, NULL);
    if (b->expands) dc3_drop(ctx, h);
    return dc3_replace(ctx, d, dc3_conv_norm_of(ctx, &b->project, d, b->residual ? &x : NULL));
}

static dc3_tensor run(dc3_ctx *ctx, void *body, dc3_tensor x)
{
    mobilenet *n = body;
    dc3_scope scope = dc3_scope_open(ctx);
    x = dc3_conv_norm_of(ctx, &n->stem, x, NULL);
    for (int i = 0; i < BLOCKS; i++) x = dc3_replace(ctx, x, block_of(ctx, &n->blocks[i], x));
    x = dc3_replace(ctx, x, dc3_conv_norm_of(ctx, &n->head, x, NULL));
    x = dc3_replace(ctx, x, dc3_global_avg_pool(ctx, x));
    return dc3_scope_return(ctx, scope, dc3_dropout(ctx, x, 0.2f));
}

/* The convolution "prefix" and the norm "prefix" behind it, by their numbers in the file. */
static void take_pair(dc3_module *m, dc3_conv_norm_layer *layer, const char *prefix, const char *conv,
                      const char *norm, const dc3_conv_norm_options *o)
{
    char a[DC3_NAME_SIZE], b[DC3_NAME_SIZE];
    dc3_take_conv_norm(m, layer, dc3_name(a, "%s.%s", prefix, conv), dc3_name(b, "%s.%s", prefix, norm), o);
}

static void take_block(dc3_module *m, block *b, int number, const struct stage *s, int64_t stride, int64_t ci)
{
    char prefix[DC3_NAME_SIZE];
    int64_t wide = ci * s->expansion;
    b->expands = s->expansion > 1;
    b->residual = stride == 1 && ci == s->channels;
    dc3_name(prefix, "features.%d.conv", number);
    if (b->expands)
        take_pair(
            m, &b->expand, prefix, "0.0", "0.1",
            &(dc3_conv_norm_options){.ci = ci, .co = wide, .kernel = 1, .stride = 1, .act = DC3_ACT_RELU6});
    take_pair(
        m, &b->depthwise, prefix, b->expands ? "1.0" : "0.0", b->expands ? "1.1" : "0.1",
        &(dc3_conv_norm_options){
            .ci = wide, .co = wide, .kernel = 3, .stride = stride, .groups = wide, .act = DC3_ACT_RELU6});
    take_pair(m, &b->project, prefix, b->expands ? "2" : "1", b->expands ? "3" : "2",
              &(dc3_conv_norm_options){.ci = wide, .co = s->channels, .kernel = 1, .stride = 1});
}

static void take_mobilenet(dc3_classifier *c)
{
    dc3_module *m = c->module;
    int64_t channels = STEM, shape[4];
    int at = 0;
    mobilenet *n = c->body = dc3_module_alloc(m, 1, sizeof *n);
    if (!n) return;
    if (!c->fresh && dc3_shape_of(m, "classifier.1", "weight", shape)) c->info.classes = shape[0];
    snprintf(c->info.arch, sizeof c->info.arch, "mobilenet_v2");
    c->info.embedding = WIDTH;
    dc3_module_init(m, DC3_INIT_KAIMING_FAN_OUT);
    take_pair(m, &n->stem, "features.0", "0", "1",
              &(dc3_conv_norm_options){.ci = 3, .co = STEM, .kernel = 3, .stride = 2, .act = DC3_ACT_RELU6});
    for (int s = 0; s < STAGES; s++)
        for (int i = 0; i < stages[s].count; i++) {
            take_block(m, &n->blocks[at], at + 1, &stages[s], i ? 1 : stages[s].stride, channels);
            channels = stages[s].channels;
            at++;
        }
    take_pair(m, &n->head, "features.18", "0", "1",
              &(dc3_conv_norm_options){
                  .ci = channels, .co = WIDTH, .kernel = 1, .stride = 1, .act = DC3_ACT_RELU6});
    dc3_module_init(m, DC3_INIT_NORMAL_001);
    dc3_take_linear(m, &c->last, "classifier.1", WIDTH, c->info.classes, 1, 0);
    c->run = run;
}

static const char *const archs[] = {"mobilenet_v2", NULL};
const dc3_classifier_kind dc3_kind_mobilenet = {archs, "a MobileNetV2 (features.1.conv.0.0, classifier.1)",
                                                "classifier.1", NULL, take_mobilenet};
