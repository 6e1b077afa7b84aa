/* Swin Transformer V2, tiny (Liu et al. 2022), with torchvision's names. Maps that windows do not cover are
 * padded, so that it takes images of any size. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "nn/classifiers/classifier_private.h"

enum { STAGES = 4, BLOCKS = 12, WIDTH = 96, PATCH = 4, SIDE = 8, DISTANCES = 2 * SIDE - 1, INNER = 512 };
static const int depths[STAGES] = {2, 2, 6, 2};
static const int64_t heads[STAGES] = {3, 6, 12, 24};
static const float eps = 1e-5f, depth_rate = 0.2f;

typedef struct block {
    dc3_linear_layer qkv, out, up, down;
    dc3_linear_layer near, far; /* the network of the position bias: from two coordinates, to the heads */
    dc3_norm_layer after_attention, after_mlp;
    dc3_tensor scale; /* [heads, 1, 1] */
    int64_t heads, shift;
    float skipped; /* how often training leaves a branch out */
} block;

typedef struct swin {
    dc3_conv_layer patches;
    dc3_norm_layer patch_norm, merge_norm[STAGES - 1], norm;
    dc3_linear_layer merge[STAGES - 1];
    block blocks[BLOCKS];
    dc3_tensor distances; /* [DISTANCES^2, 2] */
} swin;

/* [heads, SIDE^2, SIDE^2], always in f32. */
static dc3_tensor position_of(dc3_ctx *ctx, const swin *s, block *b)
{
    dc3_tensor x = dc3_linear(ctx, s->distances, &b->near.weight, b->near.bias, DC3_ACT_RELU, NULL);
    x = dc3_replace(ctx, x, dc3_linear_of(ctx, &b->far, x, NULL));
    return dc3_replace(ctx, x, dc3_position_bias(ctx, x, SIDE));
}

static dc3_tensor attend(dc3_ctx *ctx, const swin *s, block *b, dc3_tensor x)
{
    dc3_tensor position = position_of(ctx, s, b);
    dc3_tensor h = dc3_linear(ctx, x, &b->qkv.weight, (dc3_tensor){0}, DC3_ACT_NONE, NULL);
    dc3_window_options o = {b->heads, SIDE, b->shift, b->qkv.bias, b->scale};
    h = dc3_replace(ctx, h, dc3_window_attention(ctx, h, position, &o));
    dc3_drop(ctx, position);
    h = dc3_replace(ctx, h, dc3_linear_of(ctx, &b->out, h, NULL));
    return dc3_replace(ctx, h, dc3_layer_norm_of(ctx, &b->after_attention, h));
}

static dc3_tensor mlp(dc3_ctx *ctx, block *b, dc3_tensor x)
{
    dc3_tensor h = dc3_linear(ctx, x, &b->up.weight, b->up.bias, DC3_ACT_GELU_ERF, NULL);
    h = dc3_replace(ctx, h, dc3_linear_of(ctx, &b->down, h, NULL));
    return dc3_replace(ctx, h, dc3_layer_norm_of(ctx, &b->after_mlp, h));
}

/* x + branch, for all images of the batch or, in training, for most. */
static dc3_tensor joined(dc3_ctx *ctx, const block *b, dc3_tensor branch, dc3_tensor x)
{
    branch = dc3_replace(ctx, branch, dc3_stochastic_depth(ctx, branch, b->skipped));
    return dc3_replace(ctx, branch, dc3_add(ctx, branch, x));
}

static dc3_tensor run(dc3_ctx *ctx, void *body, dc3_tensor x)
{
    swin *s = body;
    block *b = s->blocks;
    dc3_scope scope = dc3_scope_open(ctx);
    x = dc3_conv_of(ctx, &s->patches, x, NULL);
    x = dc3_replace(ctx, x, dc3_layer_norm_of(ctx, &s->patch_norm, x));
    for (int stage = 0; stage < STAGES; stage++) {
        for (int i = 0; i < depths[stage]; i++, b++) {
            x = dc3_replace(ctx, x, joined(ctx, b, attend(ctx, s, b, x), x));
            x = dc3_replace(ctx, x, joined(ctx, b, mlp(ctx, b, x), x));
        }
        if (stage == STAGES - 1) break;
        x = dc3_replace(ctx, x, dc3_patch_merge(ctx, x));
        x = dc3_replace(ctx, x, dc3_linear_of(ctx, &s->merge[stage], x, NULL));
        x = dc3_replace(ctx, x, dc3_layer_norm_of(ctx, &s->merge_norm[stage], x));
    }
    x = dc3_replace(ctx, x, dc3_layer_norm_of(ctx, &s->norm, x));
    return dc3_scope_return(ctx, scope, dc3_global_avg_pool(ctx, x));
}

/* Distances of -7 to 7 pixels down and right on a logarithmic scale: sign(d) log2(1 + 8 |d| / 7) / 3. */
static void fill_distances(float *to)
{
    for (int i = 0; i < DISTANCES * DISTANCES; i++)
        for (int axis = 0; axis < 2; axis++) {
            int d = (axis ? i % DISTANCES : i / DISTANCES) - (SIDE - 1);
            to[2 * i + axis] = (float)(copysign(log2(1 + 8.0 * abs(d) / (SIDE - 1)), d) / 3);
        }
}

enum { MOST_HEADS = 24 };

static dc3_tensor take_scale(dc3_classifier *c, const char *prefix, int64_t count)
{
    float first[MOST_HEADS];
    dc3_tensor scale = dc3_take_values(c->module, prefix, "logit_scale", 3, (int64_t[]){count, 1, 1});
    for (int64_t i = 0; i < count; i++) first[i] = logf(10);
    if (scale.data && c->fresh) dc3_module_fail(c->module, dc3_tensor_write(&scale, first));
    return scale;
}

static void take_block(dc3_classifier *c, block *b, int stage, int i)
{
    dc3_module *m = c->module;
    char prefix[DC3_NAME_SIZE], name[DC3_NAME_SIZE];
    int64_t width = (int64_t)WIDTH << stage;
    b->heads = heads[stage];
    b->shift = i % 2 ? SIDE / 2 : 0;
    dc3_name(prefix, "features.%d.%d", 2 * stage + 1, i);
    b->after_attention = dc3_take_norm(m, dc3_name(name, "%s.norm1", prefix), width, 1, eps);
    b->scale = take_scale(c, dc3_name(name, "%s.attn", prefix), b->heads);
    dc3_take_linear(m, &b->qkv, dc3_name(name, "%s.attn.qkv", prefix), width, 3 * width, 1, 0);
    dc3_take_linear(m, &b->out, dc3_name(name, "%s.attn.proj", prefix), width, width, 1, 0);
    dc3_take_linear(m, &b->near, dc3_name(name, "%s.attn.cpb_mlp.0", prefix), 2, INNER, 1, 0);
    dc3_take_linear(m, &b->far, dc3_name(name, "%s.attn.cpb_mlp.2", prefix), INNER, b->heads, 0, 0);
    b->after_mlp = dc3_take_norm(m, dc3_name(name, "%s.norm2", prefix), width, 1, eps);
    dc3_take_linear(m, &b->up, dc3_name(name, "%s.mlp.0", prefix), width, 4 * width, 1, 0);
    dc3_take_linear(m, &b->down, dc3_name(name, "%s.mlp.3", prefix), 4 * width, width, 1, 0);
}

static dc3_tensor distances_in(dc3_module *m)
{
    float values[2 * DISTANCES * DISTANCES];
    fill_distances(values);
    return dc3_module_place(m, 2, (int64_t[]){DISTANCES * DISTANCES, 2}, values);
}

static void take_merge(dc3_module *m, swin *s, int stage)
{
    char name[DC3_NAME_SIZE];
    int64_t width = (int64_t)WIDTH << stage;
    dc3_take_linear(m, &s->merge[stage], dc3_name(name, "features.%d.reduction", 2 * stage + 2), 4 * width,
                    2 * width, 0, 0);
    s->merge_norm[stage] =
        dc3_take_norm(m, dc3_name(name, "features.%d.norm", 2 * stage + 2), 2 * width, 1, eps);
}

static void take_swin(dc3_classifier *c)
{
    dc3_module *m = c->module;
    int64_t shape[4];
    int at = 0;
    swin *s = c->body = dc3_module_alloc(m, 1, sizeof *s);
    if (!s) return;
    if (!c->fresh && dc3_shape_of(m, "head", "weight", shape)) c->info.classes = shape[0];
    snprintf(c->info.arch, sizeof c->info.arch, "swin_v2_t");
    c->info.embedding = (int64_t)WIDTH << (STAGES - 1);
    c->info.least = PATCH;
    s->distances = distances_in(m);
    dc3_module_init(m, DC3_INIT_TORCH);
    dc3_take_conv(m, &s->patches, "features.0.0", 3, WIDTH, PATCH, PATCH, 1);
    dc3_conv_pad(&s->patches, 0);
    s->patch_norm = dc3_take_norm(m, "features.0.2", WIDTH, 1, eps);
    dc3_module_init(m, DC3_INIT_NORMAL_002);
    for (int stage = 0; stage < STAGES; stage++) {
        for (int i = 0; i < depths[stage]; i++, at++) {
            s->blocks[at].skipped = depth_rate * (float)at / (BLOCKS - 1);
            take_block(c, &s->blocks[at], stage, i);
        }
        if (stage < STAGES - 1) take_merge(m, s, stage);
    }
    s->norm = dc3_take_norm(m, "norm", c->info.embedding, 1, eps);
    dc3_take_linear(m, &c->last, "head", c->info.embedding, c->info.classes, 1, 0);
    c->run = run;
}

static const char *const archs[] = {"swin_v2_t", NULL};
const dc3_classifier_kind dc3_kind_swin = {archs, "a Swin V2-T (features.1.0.attn.logit_scale, head)", "head",
                                           NULL, take_swin};
