#include "nn/resnet_block.h"

void dc3_take_resnet_block(dc3_module *m, dc3_resnet_block *b, const char *prefix, int64_t ci, int64_t co,
                           int64_t time_channels, int64_t groups, float eps)
{
    char name[DC3_NAME_SIZE];
    b->co = co;
    b->norm1 = dc3_take_norm(m, dc3_name(name, "%s.norm1", prefix), ci, groups, eps);
    dc3_take_conv(m, &b->conv1, dc3_name(name, "%s.conv1", prefix), ci, co, 3, 1, 1);
    b->norm2 = dc3_take_norm(m, dc3_name(name, "%s.norm2", prefix), co, groups, eps);
    dc3_take_conv(m, &b->conv2, dc3_name(name, "%s.conv2", prefix), co, co, 3, 1, 1);
    b->has_time = time_channels > 0;
    if (b->has_time)
        dc3_take_linear(m, &b->time, dc3_name(name, "%s.time_emb_proj", prefix), time_channels, co, 1, 0);
    b->has_shortcut = ci != co;
    if (b->has_shortcut)
        dc3_take_linear(m, &b->shortcut, dc3_name(name, "%s.conv_shortcut", prefix), ci, co, 1, 1);
}

/* conv1 of the normalised x. */
static dc3_tensor first_half(dc3_ctx *ctx, dc3_resnet_block *b, dc3_tensor x, dc3_tensor bias)
{
    dc3_tensor h = dc3_group_norm_of(ctx, &b->norm1, x, DC3_ACT_SILU);
    return dc3_replace(ctx, h, dc3_conv_biased(ctx, &b->conv1, h, bias, NULL));
}

/* The rest, which drops h. */
static dc3_tensor second_half(dc3_ctx *ctx, dc3_resnet_block *b, dc3_tensor x, dc3_tensor h)
{
    h = dc3_replace(ctx, h, dc3_group_norm_of(ctx, &b->norm2, h, DC3_ACT_SILU));
    dc3_tensor skip = b->has_shortcut ? dc3_linear_of(ctx, &b->shortcut, x, NULL) : x;
    return dc3_conv_of(ctx, &b->conv2, h, &skip);
}

dc3_tensor dc3_resnet_block_of(dc3_ctx *ctx, dc3_resnet_block *b, dc3_tensor x, const dc3_tensor *conv1_bias)
{
    dc3_scope scope = dc3_scope_open(ctx);
    dc3_tensor h = first_half(ctx, b, x, conv1_bias ? *conv1_bias : b->conv1.bias);
    return dc3_scope_return(ctx, scope, second_half(ctx, b, x, h));
}

dc3_tensor dc3_resnet_block_timed(dc3_ctx *ctx, dc3_resnet_block *b, dc3_tensor x, dc3_tensor embedding)
{
    dc3_scope scope = dc3_scope_open(ctx);
    dc3_tensor h = first_half(ctx, b, x, b->conv1.bias), time = dc3_linear_of(ctx, &b->time, embedding, NULL);
    if (time.dtype != h.dtype) time = dc3_cast(ctx, time, h.dtype);
    h = dc3_replace(ctx, h, dc3_add_vector(ctx, h, time));
    return dc3_scope_return(ctx, scope, second_half(ctx, b, x, h));
}
