/* ViT-B/16 (Dosovitskiy et al. 2021), with torchvision's names. It takes images of one size, which its
 * position embedding tells; a new one is made for any multiple of the patch's 16 pixels. */
#include <stdio.h>
#include "nn/classifiers/classifier_private.h"

enum { LAYERS = 12, WIDTH = 768, HEADS = 12, INNER = 3072, PATCH = 16 };
static const float usual_eps = 1e-6f;

typedef struct layer {
    dc3_norm_layer before_attention, before_mlp;
    dc3_linear_layer qkv, out, up, down;
} layer;

typedef struct vit {
    dc3_conv_layer patches;
    dc3_tensor token, position; /* [1, 1, WIDTH], [1, 1 + patches, WIDTH] */
    layer layers[LAYERS];
    dc3_norm_layer norm;
} vit;

static dc3_tensor attend(dc3_ctx *ctx, layer *l, dc3_tensor x)
{
    dc3_tensor h = dc3_layer_norm_of(ctx, &l->before_attention, x);
    dc3_tensor qkv = dc3_replace(ctx, h, dc3_linear_of(ctx, &l->qkv, h, NULL));
    dc3_attention_input in = {qkv, qkv, qkv, 0, WIDTH, 2 * WIDTH, HEADS, WIDTH / HEADS, 0};
    h = dc3_replace(ctx, qkv, dc3_attention(ctx, &in));
    return dc3_replace(ctx, h, dc3_linear_of(ctx, &l->out, h, &x));
}

static dc3_tensor mlp(dc3_ctx *ctx, layer *l, dc3_tensor x)
{
    dc3_tensor h = dc3_layer_norm_of(ctx, &l->before_mlp, x);
    h = dc3_replace(ctx, h, dc3_linear(ctx, h, &l->up.weight, l->up.bias, DC3_ACT_GELU_ERF, NULL));
    return dc3_replace(ctx, h, dc3_linear_of(ctx, &l->down, h, &x));
}

static dc3_tensor run(dc3_ctx *ctx, void *body, dc3_tensor x)
{
    vit *v = body;
    dc3_scope scope = dc3_scope_open(ctx);
    x = dc3_conv_of(ctx, &v->patches, x, NULL);
    x = dc3_reshape(x, 3, (int64_t[]){x.shape[0], x.shape[1] * x.shape[2], WIDTH});
    x = dc3_replace(ctx, x, dc3_class_token(ctx, x, v->token, v->position));
    for (int i = 0; i < LAYERS; i++) {
        x = dc3_replace(ctx, x, attend(ctx, &v->layers[i], x));
        x = dc3_replace(ctx, x, mlp(ctx, &v->layers[i], x));
    }
    x = dc3_replace(ctx, x, dc3_first_token(ctx, x)); /* the norm sees each token alone */
    return dc3_scope_return(ctx, scope, dc3_layer_norm_of(ctx, &v->norm, x));
}

/* Sides of the image in patches: of the file's positions, or by the wanted size; 0 with the module's
 * failure.
 */
static int64_t plan(dc3_classifier *c)
{
    dc3_module *m = c->module;
    int64_t positions[4], shape[4], side = 0;
    if (c->fresh) {
        if (c->wanted_size % PATCH == 0) return c->wanted_size / PATCH;
        dc3_module_fail(m, dc3_fail(DC3_ERR_ARGUMENT,
                                    "%s: expected images of a multiple of %d pixels, found %lld",
                                    c->info.arch, PATCH, (long long)c->wanted_size));
        return 0;
    }
    if (dc3_shape_of(m, "heads.head", "weight", shape)) c->info.classes = shape[0];
    dc3_shape_of(m, "encoder", "pos_embedding", positions);
    while (1 + side * side < positions[1]) side++;
    if (side > 0 && 1 + side * side == positions[1]) return side;
    dc3_module_fail(m,
                    dc3_fail(DC3_ERR_UNSUPPORTED,
                             "%s: 'encoder.pos_embedding' of %lld positions; supported are one and a square",
                             dc3_table_origin(dc3_module_table(m)), (long long)positions[1]));
    return 0;
}

static void take_layer(dc3_module *m, layer *l, int i, float eps)
{
    char prefix[DC3_NAME_SIZE], name[DC3_NAME_SIZE];
    dc3_name(prefix, "encoder.layers.encoder_layer_%d", i);
    /* torchvision's first files call the MLP's layers otherwise. */
    int old = dc3_module_has(m, dc3_name(name, "%s.mlp.linear_1", prefix), "weight");
    l->before_attention = dc3_take_norm(m, dc3_name(name, "%s.ln_1", prefix), WIDTH, 1, eps);
    dc3_name(name, "%s.self_attention", prefix);
    dc3_module_init(m, DC3_INIT_XAVIER);
    dc3_take_weight(m, &l->qkv.weight, name, "in_proj_weight", 2, (int64_t[]){3 * WIDTH, WIDTH});
    dc3_module_init(m, DC3_INIT_ZERO);
    l->qkv.bias = dc3_take_bias(m, name, "in_proj_bias", 3 * WIDTH, WIDTH, NULL);
    dc3_module_init(m, DC3_INIT_TORCH);
    dc3_take_weight(m, &l->out.weight, name, "out_proj.weight", 2, (int64_t[]){WIDTH, WIDTH});
    dc3_module_init(m, DC3_INIT_ZERO);
    l->out.bias = dc3_take_bias(m, name, "out_proj.bias", WIDTH, WIDTH, NULL);
    l->before_mlp = dc3_take_norm(m, dc3_name(name, "%s.ln_2", prefix), WIDTH, 1, eps);
    dc3_module_init(m, DC3_INIT_XAVIER);
    dc3_take_linear(m, &l->up, dc3_name(name, "%s.mlp.%s", prefix, old ? "linear_1" : "0"), WIDTH, INNER, 1,
                    0);
    dc3_take_linear(m, &l->down, dc3_name(name, "%s.mlp.%s", prefix, old ? "linear_2" : "3"), INNER, WIDTH, 1,
                    0);
}

static void take_vit(dc3_classifier *c)
{
    dc3_module *m = c->module;
    vit *v = c->body = dc3_module_alloc(m, 1, sizeof *v);
    if (!v) return;
    snprintf(c->info.arch, sizeof c->info.arch, "vit_b_16");
    int64_t side = plan(c);
    float eps = c->norm_eps > 0 ? c->norm_eps : usual_eps;
    if (!side) return;
    c->info.size = side * PATCH;
    c->info.embedding = WIDTH;
    dc3_module_init(m, DC3_INIT_NORMAL_FAN_IN);
    dc3_take_conv(m, &v->patches, "conv_proj", 3, WIDTH, PATCH, PATCH, 1);
    dc3_conv_pad(&v->patches, 0);
    dc3_module_init(m, DC3_INIT_ZERO);
    v->token = dc3_take_values(m, "", "class_token", 3, (int64_t[]){1, 1, WIDTH});
    dc3_module_init(m, DC3_INIT_NORMAL_002);
    v->position = dc3_take_values(m, "encoder", "pos_embedding", 3, (int64_t[]){1, 1 + side * side, WIDTH});
    for (int i = 0; i < LAYERS; i++) take_layer(m, &v->layers[i], i, eps);
    v->norm = dc3_take_norm(m, "encoder.ln", WIDTH, 1, eps);
    dc3_module_init(m, DC3_INIT_ZERO);
    dc3_take_linear(m, &c->last, "heads.head", WIDTH, c->info.classes, 1, 0);
    c->run = run;
}

static const char *const archs[] = {"vit_b_16", NULL};
const dc3_classifier_kind dc3_kind_vit = {archs, "a ViT-B/16 (conv_proj, encoder, heads)", "heads.head", NULL,
                                          take_vit};
