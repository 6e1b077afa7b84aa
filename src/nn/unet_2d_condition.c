#include "nn/unet_2d_condition.h"

#include <stdlib.h>
#include <string.h>
#include "nn/layers.h"
#include "nn/resnet_block.h"
#include "nn/time_embedding.h"
#include "nn/transformer_2d.h"
#include "ops/recompute.h"

typedef struct level {
    dc3_resnet_block *resnets;
    dc3_transformer_2d *transformers; /* one after each residual block, or NULL */
    int count;
    dc3_conv_layer resample; /* downsampler or upsampler */
    int has_resample;
} level;

struct dc3_unet {
    dc3_unet_config config;
    dc3_module *module;
    dc3_conv_layer conv_in, conv_out;
    dc3_linear_layer time1, time2;
    level down[DC3_UNET_LEVELS], mid, up[DC3_UNET_LEVELS];
    dc3_norm_layer norm_out;
    dc3_resnet_block **resnets; /* all, in the order of dc3_unet_time's rows */
    int resnet_count, text_count;
    dc3_tensor *kv; /* [text_count], of dc3_unet_denoise */
    int recompute;
};

struct dc3_unet_time {
    int steps, resnets;
    dc3_tensor *bias; /* for each residual block [steps, co] */
};

/* The blocks of one level: resnets and transformers, whose input channels the caller sets one by one. */
static void level_alloc(dc3_unet *u, level *l, int count, int transformers)
{
    l->count = count;
    l->resnets = dc3_module_alloc(u->module, (size_t)count, sizeof *l->resnets);
    if (transformers)
        l->transformers = dc3_module_alloc(u->module, (size_t)transformers, sizeof *l->transformers);
}

static void take_resnet(dc3_unet *u, level *l, const char *prefix, int j, int64_t ci, int64_t co)
{
    char name[DC3_NAME_SIZE];
    if (dc3_module_status(u->module) != DC3_OK) return;
    dc3_take_resnet_block(u->module, &l->resnets[j], dc3_name(name, "%s.resnets.%d", prefix, j), ci, co,
                          4 * u->config.channels[0], u->config.groups, u->config.norm_eps);
    u->resnets[u->resnet_count++] = &l->resnets[j];
}

static void take_transformer(dc3_unet *u, level *l, const char *prefix, int j, int at)
{
    char name[DC3_NAME_SIZE];
    const dc3_unet_config *c = &u->config;
    dc3_transformer_2d_config config = {.channels = c->channels[at],
                                        .heads = c->heads[at],
                                        .text_channels = c->text_channels,
                                        .groups = c->groups,
                                        .layers = c->transformer_layers[at],
                                        .linear_projection = c->linear_projection};
    if (dc3_module_status(u->module) != DC3_OK) return;
    dc3_take_transformer_2d(u->module, &l->transformers[j], dc3_name(name, "%s.attentions.%d", prefix, j),
                            &config);
    u->text_count += config.layers;
}

static void take_down(dc3_unet *u, int i)
{
    const dc3_unet_config *c = &u->config;
    char prefix[DC3_NAME_SIZE], name[DC3_NAME_SIZE];
    level *l = &u->down[i];
    dc3_name(prefix, "down_blocks.%d", i);
    level_alloc(u, l, c->layers[i], c->down_attention[i] ? c->layers[i] : 0);
    for (int j = 0; j < c->layers[i]; j++) {
        take_resnet(u, l, prefix, j, j || !i ? c->channels[i] : c->channels[i - 1], c->channels[i]);
        if (c->down_attention[i]) take_transformer(u, l, prefix, j, i);
    }
    l->has_resample = i + 1 < c->levels;
    if (l->has_resample)
        dc3_take_conv(u->module, &l->resample, dc3_name(name, "%s.downsamplers.0.conv", prefix),
                      c->channels[i], c->channels[i], 3, 2, 1);
}

static void take_mid(dc3_unet *u)
{
    int last = u->config.levels - 1;
    int64_t c = u->config.channels[last];
    level_alloc(u, &u->mid, 2, 1);
    take_resnet(u, &u->mid, "mid_block", 0, c, c);
    take_transformer(u, &u->mid, "mid_block", 0, last);
    take_resnet(u, &u->mid, "mid_block", 1, c, c);
}

/* Up block i works at level levels - 1 - i; its residual blocks read the skip tensors of the way down, last
 * first. */
static void take_up(dc3_unet *u, int i)
{
    const dc3_unet_config *c = &u->config;
    char prefix[DC3_NAME_SIZE], name[DC3_NAME_SIZE];
    level *l = &u->up[i];
    int at = c->levels - 1 - i, below = at > 0 ? at - 1 : 0, count = c->layers[at] + 1;
    int64_t co = c->channels[at], before = i ? c->channels[at + 1] : co;
    dc3_name(prefix, "up_blocks.%d", i);
    level_alloc(u, l, count, c->up_attention[i] ? count : 0);
    for (int j = 0; j < count; j++) {
        int64_t skip = j + 1 == count ? c->channels[below] : co;
        take_resnet(u, l, prefix, j, (j ? co : before) + skip, co);
        if (c->up_attention[i]) take_transformer(u, l, prefix, j, at);
    }
    l->has_resample = at > 0;
    if (l->has_resample)
        dc3_take_conv(u->module, &l->resample, dc3_name(name, "%s.upsamplers.0.conv", prefix), co, co, 3, 1,
                      1);
}

static dc3_status take(dc3_unet *u)
{
    const dc3_unet_config *c = &u->config;
    int64_t c0 = c->channels[0];
    size_t most = 2;
    for (int i = 0; i < c->levels; i++) most += 2 * (size_t)c->layers[i] + 1;
    u->resnets = dc3_module_alloc(u->module, most, sizeof *u->resnets);
    dc3_take_conv(u->module, &u->conv_in, "conv_in", c->in_channels, c0, 3, 1, 1);
    dc3_take_linear(u->module, &u->time1, "time_embedding.linear_1", c0, 4 * c0, 1, 0);
    dc3_take_linear(u->module, &u->time2, "time_embedding.linear_2", 4 * c0, 4 * c0, 1, 0);
    for (int i = 0; i < c->levels; i++) take_down(u, i);
    take_mid(u);
    for (int i = 0; i < c->levels; i++) take_up(u, i);
    u->norm_out = dc3_take_norm(u->module, "conv_norm_out", c0, c->groups, c->norm_eps);
    dc3_take_conv(u->module, &u->conv_out, "conv_out", c0, c->out_channels, 3, 1, 1);
    u->kv = dc3_module_alloc(u->module, (size_t)u->text_count, sizeof *u->kv);
    return dc3_module_status(u->module);
}

static dc3_status open_unet(const dc3_device *device, const dc3_unet_config *config, dc3_table **table,
                            dc3_opening how, dc3_unet **out)
{
    dc3_unet *u = *out = calloc(1, sizeof *u);
    if (!u) {
        dc3_table_close(table);
        return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    }
    u->config = *config;
    dc3_status status = dc3_module_open(device, table, how, &u->module);
    if (status == DC3_OK) status = take(u);
    if (status != DC3_OK) dc3_unet_close(out);
    return status;
}

dc3_status dc3_unet_open(const dc3_device *device, const dc3_unet_config *config, dc3_table **table,
                         dc3_unet **out)
{
    return open_unet(device, config, table, (dc3_opening){0}, out);
}

dc3_status dc3_unet_open_to_train(const dc3_device *device, const dc3_unet_config *config, dc3_table **table,
                                  uint64_t seed, dc3_unet **out)
{
    return open_unet(device, config, table, dc3_opening_to_train(table, seed), out);
}

dc3_status dc3_unet_open_to_tune(const dc3_device *device, const dc3_unet_config *config, dc3_table **table,
                                 const dc3_trained *trained, dc3_unet **out)
{
    return open_unet(device, config, table, (dc3_opening){.trained = trained}, out);
}

void dc3_unet_recompute(dc3_unet *unet)
{
    unet->recompute = 1;
}

dc3_param *dc3_unet_params(dc3_unet *unet, size_t *count)
{
    return dc3_module_params(unet->module, count);
}

void dc3_unet_close(dc3_unet **unet)
{
    if (!*unet) return;
    dc3_module_close(&(*unet)->module);
    free(*unet);
    *unet = NULL;
}

const dc3_unet_config *dc3_unet_config_of(const dc3_unet *unet)
{
    return &unet->config;
}

double dc3_unet_parameters(const dc3_unet *unet)
{
    return dc3_module_parameters(unet->module);
}

/* [steps, 4 * c] f32, behind the SiLU that every residual block applies. */
static dc3_tensor embedding_of(dc3_ctx *ctx, dc3_unet *u, int steps, const float *timesteps)
{
    int64_t c = u->config.channels[0];
    float *waves = malloc((size_t)(steps * c) * sizeof *waves);
    if (!waves) return dc3_ctx_fail(ctx, dc3_fail(DC3_ERR_MEMORY, "out of memory"));
    dc3_time_embedding(c, u->config.flip_sin_to_cos, u->config.freq_shift, steps, timesteps, waves);
    dc3_tensor t = dc3_upload(ctx, DC3_F32, 2, (int64_t[]){steps, c}, waves);
    free(waves);
    t = dc3_linear(ctx, t, &u->time1.weight, u->time1.bias, DC3_ACT_SILU, NULL);
    return dc3_linear(ctx, t, &u->time2.weight, u->time2.bias, DC3_ACT_SILU, NULL);
}

/* conv1's bias plus the projection, for all steps. */
static dc3_status time_bias(dc3_ctx *ctx, dc3_resnet_block *b, dc3_tensor embedding, dc3_tensor *out)
{
    dc3_scope scope = dc3_scope_open(ctx);
    dc3_tensor projected = dc3_linear_of(ctx, &b->time, embedding, NULL);
    dc3_weight_release(&b->time.weight);
    int64_t steps = embedding.shape[0];
    dc3_op op;
    *out = projected;
    out->data = NULL;
    if (dc3_op_begin(&op, ctx, DC3_OP_OTHER, 0)) {
        dc3_status status = dc3_tensor_alloc(dc3_ctx_device(ctx), DC3_F32, 2, (int64_t[]){steps, b->co}, out);
        if (status == DC3_OK)
            dc3_ctx_kernels(ctx)->add_vector(DC3_F32, 1, steps, b->co, projected.data, b->conv1.bias.data,
                                             out->data);
        dc3_op_end(&op, status);
    }
    dc3_scope_close(ctx, scope);
    return dc3_ctx_status(ctx);
}

dc3_status dc3_unet_time_open(dc3_ctx *ctx, dc3_unet *u, int steps, const float *timesteps,
                              dc3_unet_time **out)
{
    dc3_unet_time *time = *out = calloc(1, sizeof *time);
    if (time) time->bias = calloc((size_t)u->resnet_count, sizeof *time->bias);
    if (!time || !time->bias) {
        dc3_unet_time_close(out);
        return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    }
    time->steps = steps;
    time->resnets = u->resnet_count;
    dc3_scope scope = dc3_scope_open(ctx);
    dc3_tensor t = embedding_of(ctx, u, steps, timesteps);
    dc3_weight_release(&u->time1.weight);
    dc3_weight_release(&u->time2.weight);
    dc3_status status = dc3_ctx_status(ctx);
    for (int i = 0; status == DC3_OK && i < u->resnet_count; i++)
        status = time_bias(ctx, u->resnets[i], t, &time->bias[i]);
    dc3_scope_close(ctx, scope);
    if (status != DC3_OK) dc3_unet_time_close(out);
    return status;
}

void dc3_unet_time_close(dc3_unet_time **time)
{
    if (!*time) return;
    for (int i = 0; (*time)->bias && i < (*time)->resnets; i++) dc3_tensor_free(&(*time)->bias[i]);
    free((*time)->bias);
    free(*time);
    *time = NULL;
}

int dc3_unet_text_count(const dc3_unet *unet)
{
    return unet->text_count;
}

/* Where a forward pass stands: which residual block and which text tensors come next, and the skip tensors.
 */
typedef struct pass {
    dc3_ctx *ctx;
    dc3_unet *unet;
    const dc3_unet_time *time; /* at `step`, or NULL: */
    dc3_tensor embedding;      /* of each row */
    int step, resnet;
    const dc3_tensor *kv;
    dc3_tensor skips[DC3_UNET_LEVELS * 16];
    int skip_count;
} pass;

static void text_of_level(dc3_ctx *ctx, level *l, int count, dc3_tensor states, dc3_tensor **kv)
{
    for (int j = 0; l->transformers && j < count; j++) {
        dc3_transformer_2d_text(ctx, &l->transformers[j], states, *kv);
        *kv += l->transformers[j].count;
    }
}

void dc3_unet_text_of(dc3_ctx *ctx, dc3_unet *u, dc3_tensor states, dc3_tensor *kv)
{
    for (int i = 0; i < u->config.levels; i++) text_of_level(ctx, &u->down[i], u->down[i].count, states, &kv);
    text_of_level(ctx, &u->mid, 1, states, &kv);
    for (int i = 0; i < u->config.levels; i++) text_of_level(ctx, &u->up[i], u->up[i].count, states, &kv);
}

/* inputs: x, embedding. */
static dc3_tensor resnet_again(dc3_ctx *ctx, void *network, const dc3_tensor *inputs)
{
    return dc3_resnet_block_timed(ctx, network, inputs[0], inputs[1]);
}

/* inputs: x, keys and values of one layer or two. */
static dc3_tensor transformer_again(dc3_ctx *ctx, void *network, const dc3_tensor *inputs)
{
    return dc3_transformer_2d_of(ctx, network, inputs[0], inputs + 1);
}

static dc3_tensor resnet_of(pass *w, level *l, int j, dc3_tensor x)
{
    if (!w->time && w->unet->recompute)
        return dc3_recompute(w->ctx, resnet_again, &l->resnets[j], 2, (dc3_tensor[]){x, w->embedding});
    if (!w->time) return dc3_resnet_block_timed(w->ctx, &l->resnets[j], x, w->embedding);
    dc3_tensor bias = dc3_tensor_row(w->time->bias[w->resnet++], w->step);
    return dc3_resnet_block_of(w->ctx, &l->resnets[j], x, &bias);
}

static dc3_tensor transformer_of(pass *w, level *l, int j, dc3_tensor x)
{
    dc3_transformer_2d *t = &l->transformers[j];
    dc3_tensor y, inputs[] = {x, w->kv[0], t->count > 1 ? w->kv[1] : (dc3_tensor){0}};
    if (w->unet->recompute && t->count <= 2)
        y = dc3_recompute(w->ctx, transformer_again, t, 1 + t->count, inputs);
    else
        y = dc3_transformer_2d_of(w->ctx, t, x, w->kv);
    w->kv += t->count;
    dc3_drop(w->ctx, x);
    return y;
}

static dc3_tensor down_of(pass *w, level *l, dc3_tensor x)
{
    for (int j = 0; j < l->count; j++) {
        x = resnet_of(w, l, j, x);
        if (l->transformers) x = transformer_of(w, l, j, x);
        w->skips[w->skip_count++] = x;
    }
    if (l->has_resample) w->skips[w->skip_count++] = x = dc3_conv_of(w->ctx, &l->resample, x, NULL);
    return x;
}

static dc3_tensor up_of(pass *w, level *l, dc3_tensor x)
{
    for (int j = 0; j < l->count; j++) {
        dc3_tensor skip = w->skips[--w->skip_count], joined = dc3_concat(w->ctx, x, skip);
        dc3_drop(w->ctx, x);
        dc3_drop(w->ctx, skip);
        x = resnet_of(w, l, j, joined);
        dc3_drop(w->ctx, joined);
        if (l->transformers) x = transformer_of(w, l, j, x);
    }
    if (!l->has_resample) return x;
    dc3_tensor large = dc3_upsample2(w->ctx, x);
    dc3_drop(w->ctx, x);
    x = dc3_conv_of(w->ctx, &l->resample, large, NULL);
    dc3_drop(w->ctx, large);
    return x;
}

static dc3_tensor forward(pass *w, dc3_tensor x)
{
    dc3_ctx *ctx = w->ctx;
    dc3_unet *u = w->unet;
    w->skips[w->skip_count++] = x = dc3_conv_of(ctx, &u->conv_in, x, NULL);
    for (int i = 0; i < u->config.levels; i++) x = down_of(w, &u->down[i], x);
    dc3_tensor h = resnet_of(w, &u->mid, 0, x);
    h = transformer_of(w, &u->mid, 0, h);
    dc3_tensor m = resnet_of(w, &u->mid, 1, h);
    dc3_drop(ctx, h);
    /* The last level's output is also a skip, which the first up block still reads. */
    for (int i = 0; i < u->config.levels; i++) m = up_of(w, &u->up[i], m);
    h = dc3_group_norm_of(ctx, &u->norm_out, m, DC3_ACT_SILU);
    return dc3_conv_of(ctx, &u->conv_out, h, NULL);
}

dc3_tensor dc3_unet_of(dc3_ctx *ctx, dc3_unet *u, dc3_tensor x, const dc3_unet_time *time, int step,
                       const dc3_tensor *kv)
{
    dc3_scope scope = dc3_scope_open(ctx);
    pass w = {.ctx = ctx, .unet = u, .time = time, .step = step, .kv = kv};
    return dc3_scope_return(ctx, scope, forward(&w, x));
}

dc3_tensor dc3_unet_denoise(dc3_ctx *ctx, dc3_unet *u, dc3_tensor x, const float *timesteps,
                            dc3_tensor states)
{
    dc3_scope scope = dc3_scope_open(ctx);
    pass w = {.ctx = ctx, .unet = u, .kv = u->kv};
    w.embedding = embedding_of(ctx, u, (int)x.shape[0], timesteps);
    dc3_unet_text_of(ctx, u, states, u->kv);
    return dc3_scope_return(ctx, scope, forward(&w, x));
}
