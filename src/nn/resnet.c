/* ResNet-18, 34, 50 and 101 with torchvision's names. A 3x3 stem, without pooling behind it, is the form for
 * CIFAR. */
#include <stdio.h>
#include <string.h>
#include "nn/classifier_private.h"

enum { STAGES = 4 };

typedef struct block {
    dc3_conv_layer convs[3], shortcut;
    int count, has_shortcut; /* 2 convolutions, or 3 of a bottleneck */
} block;

typedef struct resnet {
    dc3_conv_layer stem;
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
        int last = k == b->count - 1;
        int64_t out = last ? co : width;
        dc3_take_conv_norm(m, &b->convs[k], dc3_name(conv, "layer%d.%d.conv%d", stage, i, k + 1),
                           dc3_name(norm, "layer%d.%d.bn%d", stage, i, k + 1), in, out,
                           bottleneck && k != 1 ? 1 : 3, k == bottleneck ? stride : 1, 0, DC3_ACT_RELU);
        b->convs[k].options.act_last = last;
        in = out;
    }
    b->has_shortcut = stride != 1 || ci != co;
    if (b->has_shortcut)
        dc3_take_conv_norm(m, &b->shortcut, dc3_name(conv, "layer%d.%d.downsample.0", stage, i),
                           dc3_name(norm, "layer%d.%d.downsample.1", stage, i), ci, co, 1, stride, 0,
                           DC3_ACT_NONE);
    return co;
}

static dc3_tensor block_of(dc3_ctx *ctx, block *b, dc3_tensor x)
{
    dc3_tensor skip = b->has_shortcut ? dc3_conv_of(ctx, &b->shortcut, x, NULL) : x;
    dc3_tensor h = dc3_conv_of(ctx, &b->convs[0], x, NULL);
    if (b->count == 3) h = dc3_replace(ctx, h, dc3_conv_of(ctx, &b->convs[1], h, NULL));
    h = dc3_replace(ctx, h, dc3_conv_of(ctx, &b->convs[b->count - 1], h, &skip));
    if (b->has_shortcut) dc3_drop(ctx, skip);
    return h;
}

static dc3_tensor run(dc3_ctx *ctx, void *body, dc3_tensor x)
{
    resnet *r = body;
    dc3_scope scope = dc3_scope_open(ctx);
    x = dc3_conv_of(ctx, &r->stem, x, NULL);
    if (r->pooled) x = dc3_replace(ctx, x, dc3_max_pool(ctx, x, 3, 2, 1));
    for (int i = 0; i < r->count; i++) x = dc3_replace(ctx, x, block_of(ctx, &r->blocks[i], x));
    return dc3_scope_return(ctx, scope, dc3_global_avg_pool(ctx, x));
}

static const char *name_of(const int *counts, int bottleneck)
{
    static const struct {
        int counts[STAGES], bottleneck;
        const char *name;
    } known[] = {{{2, 2, 2, 2}, 0, "resnet18"},
                 {{3, 4, 6, 3}, 0, "resnet34"},
                 {{3, 4, 6, 3}, 1, "resnet50"},
                 {{3, 4, 23, 3}, 1, "resnet101"}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (memcmp(known[i].counts, counts, sizeof known[i].counts) == 0 && known[i].bottleneck == bottleneck)
            return known[i].name;
    return NULL;
}

void dc3_take_resnet(dc3_classifier *c)
{
    dc3_module *m = c->module;
    int64_t stem[4], last[4], shape[4], channels = 64;
    int counts[STAGES], at = 0, bottleneck = dc3_shape_of(m, "layer1.0.conv3", "weight", shape);
    resnet *r = c->body = dc3_module_alloc(m, 1, sizeof *r);
    if (!r) return;
    for (int i = 0; i < STAGES; i++) r->count += counts[i] = count_blocks(m, i + 1);
    const char *name = name_of(counts, bottleneck);
    int known_stem = dc3_shape_of(m, "conv1", "weight", stem) && (stem[2] == 3 || stem[2] == 7);
    if (!name || !known_stem || !dc3_shape_of(m, "fc", "weight", last)) {
        dc3_module_fail(m, dc3_fail(DC3_ERR_UNSUPPORTED,
                                    "%s: a ResNet of %d, %d, %d, %d blocks%s; supported are resnet18, "
                                    "resnet34, resnet50, resnet101, with a stem of 3x3 or 7x7 and 'fc'",
                                    dc3_table_origin(dc3_module_table(m)), counts[0], counts[1], counts[2],
                                    counts[3], bottleneck ? " with bottlenecks" : ""));
        return;
    }
    r->pooled = stem[2] == 7;
    snprintf(c->info.arch, sizeof c->info.arch, "%s%s", name, r->pooled ? "" : "_modified");
    dc3_take_conv_norm(m, &r->stem, "conv1", "bn1", 3, 64, stem[2], r->pooled ? 2 : 1, 0, DC3_ACT_RELU);
    r->blocks = dc3_module_alloc(m, (size_t)r->count, sizeof *r->blocks);
    for (int stage = 1; r->blocks && stage <= STAGES; stage++)
        for (int i = 0; i < counts[stage - 1]; i++)
            channels = take_block(m, &r->blocks[at++], stage, i, channels, bottleneck);
    c->info.classes = last[0];
    c->info.embedding = channels;
    c->run = run;
    dc3_take_linear(m, &c->last, "fc", channels, last[0], 1, 0);
}
