/* ResNet-18, 34, 50 and 101 with torchvision's names. A 3x3 stem, without pooling behind it, is the form for
 * CIFAR. */
#include <stdio.h>
#include <string.h>
#include "nn/classifiers/classifier_private.h"

enum { STAGES = 4 };

typedef struct block {
    dc3_conv_norm_layer convs[3], shortcut;
    int count, has_shortcut; /* 2 convolutions, or 3 of a bottleneck */
} block;

typedef struct resnet {
    dc3_conv_norm_layer stem;
    int pooled;
    block *blocks;
    int count;
} resnet;

static int count_blocks(const dc3_module *m, int stage)
{
    int64_t shape[4];
    char name[DC3_NAME_SIZE];
    int n = 0;
    while (n < 100 && dc3_shape_of(m, dc3_name(name, "layer%d.%d.conv1", stage, n), "weight", shape)) n++;
    return n;
}

/* Input channels ci; returns the output channels. */
static int64_t take_block(dc3_module *m, block *b, int stage, int i, int64_t ci, int bottleneck)
{
    char conv[DC3_NAME_SIZE], norm[DC3_NAME_SIZE];
    int64_t width = (int64_t)64 << (stage - 1), co = bottleneck ? 4 * width : width, in = ci;
    int64_t stride = stage > 1 && i == 0 ? 2 : 1;
    b->count = bottleneck ? 3 : 2;
    for (int k = 0; k < b->count; k++) {
        int64_t out = k == b->count - 1 ? co : width;
        dc3_take_conv_norm(m, &b->convs[k], dc3_name(conv, "layer%d.%d.conv%d", stage, i, k + 1),
                           dc3_name(norm, "layer%d.%d.bn%d", stage, i, k + 1),
                           &(dc3_conv_norm_options){.ci = in,
                                                    .co = out,
                                                    .kernel = bottleneck && k != 1 ? 1 : 3,
                                                    .stride = k == bottleneck ? stride : 1,
                                                    .act = DC3_ACT_RELU});
        in = out;
    }
    b->has_shortcut = stride != 1 || ci != co;
    if (b->has_shortcut)
        dc3_take_conv_norm(m, &b->shortcut, dc3_name(conv, "layer%d.%d.downsample.0", stage, i),
                           dc3_name(norm, "layer%d.%d.downsample.1", stage, i),
                           &(dc3_conv_norm_options){.ci = ci, .co = co, .kernel = 1, .stride = stride});
    return co;
}

static dc3_tensor block_of(dc3_ctx *ctx, block *b, dc3_tensor x)
{
    dc3_tensor skip = b->has_shortcut ? dc3_conv_norm_of(ctx, &b->shortcut, x, NULL) : x;
    dc3_tensor h = dc3_conv_norm_of(ctx, &b->convs[0], x, NULL);
    if (b->count == 3) h = dc3_replace(ctx, h, dc3_conv_norm_of(ctx, &b->convs[1], h, NULL));
    h = dc3_replace(ctx, h, dc3_conv_norm_of(ctx, &b->convs[b->count - 1], h, &skip));
    if (b->has_shortcut) dc3_drop(ctx, skip);
    return h;
}

static dc3_tensor run(dc3_ctx *ctx, void *body, dc3_tensor x)
{
    resnet *r = body;
    dc3_scope scope = dc3_scope_open(ctx);
    x = dc3_conv_norm_of(ctx, &r->stem, x, NULL);
    if (r->pooled) x = dc3_replace(ctx, x, dc3_max_pool(ctx, x, 3, 2, 1));
    for (int i = 0; i < r->count; i++) x = dc3_replace(ctx, x, block_of(ctx, &r->blocks[i], x));
    return dc3_scope_return(ctx, scope, dc3_global_avg_pool(ctx, x));
}

static const struct variant {
    int counts[STAGES], bottleneck;
    const char *name;
} variants[] = {{{2, 2, 2, 2}, 0, "resnet18"},
                {{3, 4, 6, 3}, 0, "resnet34"},
                {{3, 4, 6, 3}, 1, "resnet50"},
                {{3, 4, 23, 3}, 1, "resnet101"}};
enum { VARIANTS = sizeof variants / sizeof *variants };

/* The variant that a file's shapes tell, or NULL with the module's failure; *stem its first kernel's size. */
static const struct variant *read_shapes(dc3_classifier *c, int64_t *stem)
{
    dc3_module *m = c->module;
    int64_t first[4], last[4], shape[4];
    int counts[STAGES], bottleneck = dc3_shape_of(m, "layer1.0.conv3", "weight", shape);
    for (int i = 0; i < STAGES; i++) counts[i] = count_blocks(m, i + 1);
    int known = dc3_shape_of(m, "conv1", "weight", first) && (first[2] == 3 || first[2] == 7);
    dc3_shape_of(m, "fc", "weight", last);
    for (int i = 0; known && i < VARIANTS; i++)
        if (memcmp(variants[i].counts, counts, sizeof counts) == 0 && variants[i].bottleneck == bottleneck) {
            c->info.classes = last[0];
            *stem = first[2];
            snprintf(c->info.arch, sizeof c->info.arch, "%s%s", variants[i].name,
                     first[2] == 7 ? "" : "_modified");
            return &variants[i];
        }
    dc3_module_fail(m, dc3_fail(DC3_ERR_UNSUPPORTED,
                                "%s: a ResNet of %d, %d, %d, %d blocks%s; supported are resnet18, resnet34, "
                                "resnet50, resnet101, with a stem of 3x3 or 7x7",
                                dc3_table_origin(dc3_module_table(m)), counts[0], counts[1], counts[2],
                                counts[3], bottleneck ? " with bottlenecks" : ""));
    return NULL;
}

static const struct variant *plan_new(dc3_classifier *c, int64_t *stem)
{
    *stem = strstr(c->info.arch, "_modified") ? 3 : 7;
    for (int i = 0; i < VARIANTS; i++)
        if (strncmp(variants[i].name, c->info.arch, strlen(variants[i].name)) == 0) return &variants[i];
    return NULL;
}

static void take_resnet(dc3_classifier *c)
{
    dc3_module *m = c->module;
    int64_t stem = 0, channels = 64;
    int at = 0;
    resnet *r = c->body = dc3_module_alloc(m, 1, sizeof *r);
    if (!r) return;
    const struct variant *v = c->fresh ? plan_new(c, &stem) : read_shapes(c, &stem);
    if (!v) return;
    for (int i = 0; i < STAGES; i++) r->count += v->counts[i];
    r->pooled = stem == 7;
    /* torchvision's rules; the 3x3 stem replaces the first convolution with a plain new one. */
    dc3_module_init(m, r->pooled ? DC3_INIT_KAIMING_FAN_OUT : DC3_INIT_TORCH);
    dc3_take_conv_norm(
        m, &r->stem, "conv1", "bn1",
        &(dc3_conv_norm_options){
            .ci = 3, .co = 64, .kernel = stem, .stride = r->pooled ? 2 : 1, .act = DC3_ACT_RELU});
    dc3_module_init(m, DC3_INIT_KAIMING_FAN_OUT);
    r->blocks = dc3_module_alloc(m, (size_t)r->count, sizeof *r->blocks);
    for (int stage = 1; r->blocks && stage <= STAGES; stage++)
        for (int i = 0; i < v->counts[stage - 1]; i++)
            channels = take_block(m, &r->blocks[at++], stage, i, channels, v->bottleneck);
    c->info.embedding = channels;
    c->run = run;
    dc3_module_init(m, DC3_INIT_TORCH);
    dc3_take_linear(m, &c->last, "fc", channels, c->info.classes, 1, 0);
}

static const char *const archs[] = {"resnet18",          "resnet34",           "resnet50",
                                    "resnet101",         "resnet18_modified",  "resnet34_modified",
                                    "resnet50_modified", "resnet101_modified", NULL};
const dc3_classifier_kind dc3_kind_resnet = {
    archs, "a ResNet (conv1, layer1 to layer4, fc; torchvision's names)", "fc", NULL, take_resnet};
