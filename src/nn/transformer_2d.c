#include "nn/transformer_2d.h"

static void take_block(dc3_module *m, dc3_transformer_block *b, const char *prefix,
                       const dc3_transformer_2d_config *config)
{
    int64_t c = config->channels;
    char n1[DC3_NAME_SIZE], n2[DC3_NAME_SIZE], n3[DC3_NAME_SIZE];
    b->norm1 = dc3_take_norm(m, dc3_name(n1, "%s.norm1", prefix), c, 1, 1e-5f);
    const char *qkv[] = {dc3_name(n1, "%s.attn1.to_q", prefix), dc3_name(n2, "%s.attn1.to_k", prefix),
                         dc3_name(n3, "%s.attn1.to_v", prefix)};
    dc3_take_fused(m, &b->qkv, qkv, 3, c, c, 0, 0);
    dc3_take_linear(m, &b->out1, dc3_name(n1, "%s.attn1.to_out.0", prefix), c, c, 1, 0);
    b->norm2 = dc3_take_norm(m, dc3_name(n1, "%s.norm2", prefix), c, 1, 1e-5f);
    dc3_take_linear(m, &b->q, dc3_name(n1, "%s.attn2.to_q", prefix), c, c, 0, 0);
    const char *kv[] = {dc3_name(n2, "%s.attn2.to_k", prefix), dc3_name(n3, "%s.attn2.to_v", prefix)};
    dc3_take_fused(m, &b->kv, kv, 2, config->text_channels, c, 0, 0);
    dc3_take_linear(m, &b->out2, dc3_name(n1, "%s.attn2.to_out.0", prefix), c, c, 1, 0);
    b->norm3 = dc3_take_norm(m, dc3_name(n1, "%s.norm3", prefix), c, 1, 1e-5f);
    dc3_take_linear(m, &b->ff_in, dc3_name(n1, "%s.ff.net.0.proj", prefix), c, 8 * c, 1, 0);
    dc3_take_linear(m, &b->ff_out, dc3_name(n1, "%s.ff.net.2", prefix), 4 * c, c, 1, 0);
}

void dc3_take_transformer_2d(dc3_module *m, dc3_transformer_2d *t, const char *prefix,
                             const dc3_transformer_2d_config *config)
{
    char name[DC3_NAME_SIZE];
    int64_t c = config->channels;
    if (config->heads < 1 || c % config->heads != 0) {
        dc3_module_fail(m,
                        dc3_fail(DC3_ERR_FORMAT, "%s: '%s' has %lld channels, which %lld heads do not divide",
                                 dc3_table_origin(dc3_module_table(m)), prefix, (long long)c,
                                 (long long)config->heads));
        return;
    }
    t->heads = config->heads;
    t->dim = c / config->heads;
    t->norm = dc3_take_norm(m, dc3_name(name, "%s.norm", prefix), c, config->groups, 1e-6f);
    dc3_take_linear(m, &t->proj_in, dc3_name(name, "%s.proj_in", prefix), c, c, 1,
                    !config->linear_projection);
    dc3_take_linear(m, &t->proj_out, dc3_name(name, "%s.proj_out", prefix), c, c, 1,
                    !config->linear_projection);
    t->count = config->layers;
    t->blocks = dc3_module_alloc(m, (size_t)t->count, sizeof *t->blocks);
    for (int i = 0; t->blocks && i < t->count; i++)
        take_block(m, &t->blocks[i], dc3_name(name, "%s.transformer_blocks.%d", prefix, i), config);
}

void dc3_transformer_2d_text(dc3_ctx *ctx, dc3_transformer_2d *t, dc3_tensor states, dc3_tensor *kv)
{
    for (int i = 0; i < t->count; i++) kv[i] = dc3_linear_of(ctx, &t->blocks[i].kv, states, NULL);
}

/* The feed-forward's first half. */
static dc3_tensor gated(dc3_ctx *ctx, dc3_linear_layer *layer, dc3_tensor x)
{
    if (!layer->low_rank) return dc3_linear_geglu(ctx, x, &layer->weight, layer->bias);
    dc3_tensor h = dc3_linear_of(ctx, layer, x, NULL);
    return dc3_replace(ctx, h, dc3_geglu(ctx, h));
}

static dc3_tensor block_of(dc3_ctx *ctx, const dc3_transformer_2d *t, dc3_transformer_block *b, dc3_tensor x,
                           dc3_tensor kv)
{
    int64_t inner = t->heads * t->dim;
    dc3_tensor h = dc3_layer_norm_of(ctx, &b->norm1, x);
    dc3_tensor qkv = dc3_linear_of(ctx, &b->qkv, h, NULL);
    h = dc3_replace(ctx, h,
                    dc3_attention(ctx, &(dc3_attention_input){.q = qkv,
                                                              .k = qkv,
                                                              .v = qkv,
                                                              .at_k = inner,
                                                              .at_v = 2 * inner,
                                                              .heads = t->heads,
                                                              .dim = t->dim}));
    dc3_drop(ctx, qkv);
    x = dc3_replace(ctx, x, dc3_linear_of(ctx, &b->out1, h, &x));
    h = dc3_replace(ctx, h, dc3_layer_norm_of(ctx, &b->norm2, x));
    dc3_tensor q = dc3_linear_of(ctx, &b->q, h, NULL);
    h = dc3_replace(
        ctx, h,
        dc3_attention(ctx, &(dc3_attention_input){
                               .q = q, .k = kv, .v = kv, .at_v = inner, .heads = t->heads, .dim = t->dim}));
    dc3_drop(ctx, q);
    x = dc3_replace(ctx, x, dc3_linear_of(ctx, &b->out2, h, &x));
    h = dc3_replace(ctx, h, dc3_layer_norm_of(ctx, &b->norm3, x));
    h = dc3_replace(ctx, h, gated(ctx, &b->ff_in, h));
    x = dc3_replace(ctx, x, dc3_linear_of(ctx, &b->ff_out, h, &x));
    dc3_drop(ctx, h);
    return x;
}

dc3_tensor dc3_transformer_2d_of(dc3_ctx *ctx, dc3_transformer_2d *t, dc3_tensor x, const dc3_tensor *kv)
{
    dc3_scope scope = dc3_scope_open(ctx);
    dc3_tensor h = dc3_group_norm_of(ctx, &t->norm, x, DC3_ACT_NONE);
    h = dc3_reshape(h, 3, (int64_t[]){x.shape[0], x.shape[1] * x.shape[2], x.shape[3]});
    h = dc3_replace(ctx, h, dc3_linear_of(ctx, &t->proj_in, h, NULL));
    for (int i = 0; i < t->count; i++) h = block_of(ctx, t, &t->blocks[i], h, kv[i]);
    h = dc3_linear_of(ctx, &t->proj_out, h, &x);
    return dc3_scope_return(ctx, scope, dc3_reshape(h, 4, x.shape));
}
