#include "nn/clip_text.h"

#include <stdlib.h>
#include <string.h>
#include "io/json.h"
#include "nn/layers.h"
#include "ops/recompute.h"

typedef struct layer {
    dc3_norm_layer norm1, norm2;
    dc3_linear_layer qkv, out, fc1, fc2;
    const dc3_clip_text_config *config;
} layer;

struct dc3_clip_text {
    dc3_clip_text_config config;
    dc3_module *module;
    dc3_tensor tokens, positions;
    layer *layers;
    dc3_norm_layer norm;
    int recompute;
};

static dc3_status fill(const json_t *o, const char *file, void *config)
{
    dc3_clip_text_config *c = config;
    const char *act;
    double eps;
    DC3_TRY(dc3_json_int(o, file, "vocab_size", 49408, 1, 1 << 24, &c->vocabulary));
    DC3_TRY(dc3_json_int(o, file, "hidden_size", 512, 1, 16384, &c->hidden));
    DC3_TRY(dc3_json_int(o, file, "intermediate_size", 2048, 1, 65536, &c->intermediate));
    DC3_TRY(dc3_json_int(o, file, "num_hidden_layers", 12, 1, 256, &c->layers));
    DC3_TRY(dc3_json_int(o, file, "num_attention_heads", 8, 1, 1024, &c->heads));
    DC3_TRY(dc3_json_int(o, file, "max_position_embeddings", 77, 1, 4096, &c->positions));
    DC3_TRY(dc3_json_real(o, file, "layer_norm_eps", 1e-5, 0, 1, &eps));
    DC3_TRY(dc3_json_string(o, file, "hidden_act", "quick_gelu", &act));
    c->eps = (float)eps;
    c->act = strcmp(act, "gelu") == 0 ? DC3_ACT_GELU_ERF : DC3_ACT_QUICK_GELU;
    if (strcmp(act, "gelu") != 0 && strcmp(act, "quick_gelu") != 0)
        return dc3_fail(DC3_ERR_UNSUPPORTED, "%s: 'hidden_act' is '%.40s'; supported are quick_gelu and gelu",
                        file, act);
    if (c->hidden % c->heads != 0)
        return dc3_fail(DC3_ERR_FORMAT, "%s: 'num_attention_heads' %lld does not divide 'hidden_size' %lld",
                        file, (long long)c->heads, (long long)c->hidden);
    return DC3_OK;
}

dc3_status dc3_clip_text_config_read(const char *path, dc3_clip_text_config *config)
{
    return dc3_json_config(path, fill, config, sizeof *config);
}

static void take_layer(dc3_clip_text *t, layer *l, const char *prefix)
{
    const dc3_clip_text_config *c = &t->config;
    char a[DC3_NAME_SIZE], b[DC3_NAME_SIZE], d[DC3_NAME_SIZE];
    l->config = c;
    l->norm1 = dc3_take_norm(t->module, dc3_name(a, "%s.layer_norm1", prefix), c->hidden, 1, c->eps);
    const char *qkv[] = {dc3_name(a, "%s.self_attn.q_proj", prefix),
                         dc3_name(b, "%s.self_attn.k_proj", prefix),
                         dc3_name(d, "%s.self_attn.v_proj", prefix)};
    dc3_take_fused(t->module, &l->qkv, qkv, 3, c->hidden, c->hidden, 1, 0);
    dc3_take_linear(t->module, &l->out, dc3_name(a, "%s.self_attn.out_proj", prefix), c->hidden, c->hidden, 1,
                    0);
    l->norm2 = dc3_take_norm(t->module, dc3_name(a, "%s.layer_norm2", prefix), c->hidden, 1, c->eps);
    dc3_take_linear(t->module, &l->fc1, dc3_name(a, "%s.mlp.fc1", prefix), c->hidden, c->intermediate, 1, 0);
    dc3_take_linear(t->module, &l->fc2, dc3_name(a, "%s.mlp.fc2", prefix), c->intermediate, c->hidden, 1, 0);
}

static dc3_tensor take_table(dc3_clip_text *t, const char *root, const char *name, int64_t rows)
{
    char full[DC3_NAME_SIZE];
    return dc3_take_stored(t->module, dc3_name(full, "%sembeddings.%s", root, name), "weight", 2,
                           (int64_t[]){rows, t->config.hidden});
}

static dc3_status open_text(const dc3_device *device, const dc3_clip_text_config *config, dc3_table **table,
                            dc3_opening how, dc3_clip_text **out)
{
    dc3_clip_text *t = *out = calloc(1, sizeof *t);
    if (!t) {
        dc3_table_close(table);
        return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    }
    t->config = *config;
    dc3_status status = dc3_module_open(device, table, how, &t->module);
    if (status == DC3_OK) {
        /* transformers 5 stores the names without the model's own prefix. */
        const char *root =
            dc3_module_has(t->module, "text_model.embeddings.token_embedding", "weight") ? "text_model." : "";
        char name[DC3_NAME_SIZE];
        t->tokens = take_table(t, root, "token_embedding", config->vocabulary);
        t->positions = take_table(t, root, "position_embedding", config->positions);
        t->layers = dc3_module_alloc(t->module, (size_t)config->layers, sizeof *t->layers);
        for (int i = 0; t->layers && i < config->layers; i++)
            take_layer(t, &t->layers[i], dc3_name(name, "%sencoder.layers.%d", root, i));
        t->norm = dc3_take_norm(t->module, dc3_name(name, "%sfinal_layer_norm", root), config->hidden, 1,
                                config->eps);
        status = dc3_module_status(t->module);
    }
    if (status != DC3_OK) dc3_clip_text_close(out);
    return status;
}

dc3_status dc3_clip_text_open(const dc3_device *device, const dc3_clip_text_config *config, dc3_table **table,
                              dc3_clip_text **out)
{
    return open_text(device, config, table, (dc3_opening){0}, out);
}

dc3_status dc3_clip_text_open_to_train(const dc3_device *device, const dc3_clip_text_config *config,
                                       dc3_table **table, dc3_clip_text **out)
{
    return open_text(device, config, table, (dc3_opening){.train = 1}, out);
}

dc3_status dc3_clip_text_open_to_tune(const dc3_device *device, const dc3_clip_text_config *config,
                                      dc3_table **table, const dc3_trained *trained, dc3_clip_text **out)
{
    return open_text(device, config, table, (dc3_opening){.trained = trained}, out);
}

void dc3_clip_text_recompute(dc3_clip_text *text)
{
    text->recompute = 1;
}

dc3_param *dc3_clip_text_params(dc3_clip_text *text, size_t *count)
{
    return dc3_module_params(text->module, count);
}

void dc3_clip_text_close(dc3_clip_text **text)
{
    if (!*text) return;
    dc3_module_close(&(*text)->module);
    free(*text);
    *text = NULL;
}

const dc3_clip_text_config *dc3_clip_text_config_of(const dc3_clip_text *text)
{
    return &text->config;
}

double dc3_clip_text_parameters(const dc3_clip_text *text)
{
    return dc3_module_parameters(text->module);
}

static dc3_tensor layer_of(dc3_ctx *ctx, layer *l, dc3_tensor x)
{
    const dc3_clip_text_config *c = l->config;
    dc3_scope scope = dc3_scope_open(ctx);
    dc3_tensor h = dc3_layer_norm_of(ctx, &l->norm1, x), qkv = dc3_linear_of(ctx, &l->qkv, h, NULL);
    h = dc3_attention(ctx, &(dc3_attention_input){.q = qkv,
                                                  .k = qkv,
                                                  .v = qkv,
                                                  .at_k = c->hidden,
                                                  .at_v = 2 * c->hidden,
                                                  .heads = c->heads,
                                                  .dim = c->hidden / c->heads,
                                                  .causal = 1});
    x = dc3_linear_of(ctx, &l->out, h, &x);
    h = dc3_layer_norm_of(ctx, &l->norm2, x);
    h = dc3_linear(ctx, h, &l->fc1.weight, l->fc1.bias, c->act, NULL);
    return dc3_scope_return(ctx, scope, dc3_linear_of(ctx, &l->fc2, h, &x));
}

static dc3_tensor layer_again(dc3_ctx *ctx, void *network, const dc3_tensor *inputs)
{
    return layer_of(ctx, network, inputs[0]);
}

dc3_tensor dc3_clip_text_skipping(dc3_ctx *ctx, dc3_clip_text *t, int64_t n, int64_t tokens,
                                  const int64_t *ids, int64_t skip)
{
    if (tokens > t->config.positions)
        return dc3_ctx_fail(ctx,
                            dc3_fail(DC3_ERR_ARGUMENT, "text of %lld tokens: the model has %lld positions",
                                     (long long)tokens, (long long)t->config.positions));
    if (skip < 0 || skip >= t->config.layers)
        return dc3_ctx_fail(ctx, dc3_fail(DC3_ERR_ARGUMENT, "%lld layers to skip: the text encoder has %lld",
                                          (long long)skip, (long long)t->config.layers));
    dc3_scope scope = dc3_scope_open(ctx);
    dc3_tensor x = dc3_embedding(ctx, n, tokens, ids, &t->tokens, &t->positions);
    for (int i = 0; i < t->config.layers - skip; i++)
        x = t->recompute ? dc3_recompute(ctx, layer_again, &t->layers[i], 1, &x)
                         : layer_of(ctx, &t->layers[i], x);
    return dc3_scope_return(ctx, scope, dc3_layer_norm_of(ctx, &t->norm, x));
}

dc3_tensor dc3_clip_text_of(dc3_ctx *ctx, dc3_clip_text *t, int64_t n, int64_t tokens, const int64_t *ids)
{
    return dc3_clip_text_skipping(ctx, t, n, tokens, ids, 0);
}
