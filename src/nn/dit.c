#include "nn/dit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "nn/dit_names.h"
#include "nn/adapters/factors.h"
#include "nn/layers.h"
#include "nn/position_embedding.h"
#include "nn/time_embedding.h"
#include "ops/recompute.h"

enum { WAVES = 256 };           /* values of a time step before the embedding's layers */
static const float eps = 1e-6f; /* of the norms, where no configuration says otherwise */

/* Time step and class to what all blocks, or one, are conditioned on. */
typedef struct embedder {
    dc3_linear_layer time1, time2;
    dc3_tensor classes; /* [classes + 1, hidden] */
} embedder;

typedef struct block {
    dc3_linear_layer condition, qkv, out, fc1, fc2;
    dc3_factors *of_qkv, *of_out, *of_attention, *of_ff; /* or NULL */
    const dc3_dit *dit;
} block;

struct dc3_dit {
    dc3_dit_config config;
    const dc3_dit_names *names;
    dc3_module *module;
    dc3_conv_layer patches;
    embedder *embedders; /* one for all blocks, or one for each */
    int embedder_count;
    block *blocks;
    dc3_linear_layer condition_last, last;
    int recompute;
};

static void take_embedder(dc3_dit *d, embedder *e, int i)
{
    const dc3_dit_config *c = &d->config;
    char name[DC3_NAME_SIZE];
    dc3_module_init(d->module, DC3_INIT_NORMAL_002);
    dc3_take_linear(d->module, &e->time1, dc3_dit_name(name, d->names->time1, i), WAVES, c->hidden, 1, 0);
    dc3_take_linear(d->module, &e->time2, dc3_dit_name(name, d->names->time2, i), c->hidden, c->hidden, 1, 0);
    e->classes = dc3_take_stored(d->module, dc3_dit_name(name, d->names->classes, i), "weight", 2,
                                 (int64_t[]){c->classes + 1, c->hidden});
}

/* DiffFit's factors as MinimaxDiffusion's program has them in the first half of the blocks: of queries, keys
 * and values, of attention's output twice (its own, and the block's), and of the feed-forward layers' output.
 */
static void take_factors(dc3_dit *d, block *b, int i)
{
    const dc3_dit_names *n = d->names;
    int64_t c = d->config.hidden;
    char q[DC3_NAME_SIZE], k[DC3_NAME_SIZE], v[DC3_NAME_SIZE], out[DC3_NAME_SIZE], fc2[DC3_NAME_SIZE];
    if (i >= d->config.layers / 2) return;
    const char *qkv[] = {dc3_dit_name(q, n->q, i), n->k ? dc3_dit_name(k, n->k, i) : NULL,
                         n->v ? dc3_dit_name(v, n->v, i) : NULL},
               *outs[] = {dc3_dit_name(out, n->out, i)}, *ff[] = {dc3_dit_name(fc2, n->fc2, i)};
    b->of_qkv = dc3_take_factors(d->module, qkv, n->k ? 3 : 1, "gamma", n->k ? c : 3 * c);
    b->of_out = dc3_take_factors(d->module, outs, 1, "gamma", c);
    b->of_attention = dc3_take_factors(d->module, outs, 1, "gamma_block", c);
    b->of_ff = dc3_take_factors(d->module, ff, 1, "gamma_block", c);
}

static void take_block(dc3_dit *d, block *b, int i)
{
    b->dit = d;
    const dc3_dit_names *n = d->names;
    dc3_module *m = d->module;
    int64_t c = d->config.hidden;
    char name[DC3_NAME_SIZE], k[DC3_NAME_SIZE], v[DC3_NAME_SIZE];
    dc3_module_init(m, DC3_INIT_ZERO);
    dc3_take_linear(m, &b->condition, dc3_dit_name(name, n->condition, i), c, 6 * c, 1, 0);
    dc3_module_init(m, DC3_INIT_XAVIER_ROWS);
    if (n->k) {
        const char *parts[] = {dc3_dit_name(name, n->q, i), dc3_dit_name(k, n->k, i),
                               dc3_dit_name(v, n->v, i)};
        dc3_take_fused(m, &b->qkv, parts, 3, c, c, d->config.attention_bias, 0);
    } else
        dc3_take_linear(m, &b->qkv, dc3_dit_name(name, n->q, i), c, 3 * c, d->config.attention_bias, 0);
    dc3_take_linear(m, &b->out, dc3_dit_name(name, n->out, i), c, c, 1, 0);
    dc3_take_linear(m, &b->fc1, dc3_dit_name(name, n->fc1, i), c, 4 * c, 1, 0);
    dc3_take_linear(m, &b->fc2, dc3_dit_name(name, n->fc2, i), 4 * c, c, 1, 0);
    take_factors(d, b, i);
}

/* The authors store the positions too, which must be those that are computed here. */
static void check_positions(dc3_dit *d)
{
    const dc3_table *table = dc3_module_table(d->module);
    const dc3_tensor *stored = dc3_table_find(table, "pos_embed");
    int64_t side = d->config.size / d->config.patch, count = side * side * d->config.hidden;
    float most = 0;
    if (!stored || dc3_module_status(d->module) != DC3_OK) return;
    dc3_status status =
        dc3_table_get(table, "pos_embed", 3, (int64_t[]){1, side * side, d->config.hidden}, &stored);
    if (status != DC3_OK) {
        dc3_module_fail(d->module, status);
        return;
    }
    float *wanted = malloc((size_t)count * 2 * sizeof *wanted), *found = wanted + count;
    if (!wanted) status = dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK) status = dc3_convert(stored->data, stored->dtype, found, DC3_F32, count);
    if (status == DC3_OK) dc3_position_embedding(d->config.hidden, side, side, side, wanted);
    for (int64_t i = 0; status == DC3_OK && i < count; i++)
        if (!(fabsf(wanted[i] - found[i]) <= most)) most = fabsf(wanted[i] - found[i]);
    free(wanted);
    if (status == DC3_OK && !(most < 1e-2f)) /* bf16 holds values up to 1 within 2e-3 */
        status =
            dc3_fail(DC3_ERR_UNSUPPORTED,
                     "%s: 'pos_embed' is up to %.2g from the sines and cosines of the patches' places, the "
                     "only positions that are supported",
                     dc3_table_origin(table), (double)most);
    dc3_module_fail(d->module, status);
}

/* A block more than the configuration has is not left out in silence. */
static void check_layers(dc3_dit *d)
{
    char name[DC3_NAME_SIZE];
    dc3_dit_name(name, d->names->condition, d->config.layers);
    if (dc3_module_has(d->module, name, "weight"))
        dc3_module_fail(
            d->module,
            dc3_fail(DC3_ERR_FORMAT,
                     "%s: '%s' is there, but the configuration has %d blocks, the last of number %d",
                     dc3_table_origin(dc3_module_table(d->module)), name, d->config.layers,
                     d->config.layers - 1));
}

static dc3_status take(dc3_dit *d)
{
    const dc3_dit_config *c = &d->config;
    dc3_module *m = d->module;
    d->embedder_count =
        dc3_dit_embedders(dc3_module_table(m), d->names, c->layers, dc3_module_is_trainable(m));
    d->embedders = dc3_module_alloc(m, (size_t)d->embedder_count, sizeof *d->embedders);
    d->blocks = dc3_module_alloc(m, (size_t)c->layers, sizeof *d->blocks);
    if (dc3_module_status(m) != DC3_OK) return dc3_module_status(m);
    check_layers(d);
    check_positions(d);
    dc3_module_init(m, DC3_INIT_XAVIER_ROWS);
    dc3_take_conv(m, &d->patches, d->names->patches, c->in_channels, c->hidden, c->patch, c->patch, 1);
    dc3_conv_pad(&d->patches, 0);
    for (int i = 0; i < d->embedder_count; i++) take_embedder(d, &d->embedders[i], i);
    for (int i = 0; i < c->layers; i++) take_block(d, &d->blocks[i], i);
    dc3_module_init(m, DC3_INIT_ZERO);
    dc3_take_linear(m, &d->condition_last, d->names->condition_last, c->hidden, 2 * c->hidden, 1, 0);
    dc3_take_linear(m, &d->last, d->names->last, c->hidden, c->patch * c->patch * c->out_channels, 1, 0);
    return dc3_module_status(m);
}

static dc3_status open_dit(const dc3_device *device, const dc3_dit_config *config, dc3_table **table,
                           dc3_opening how, dc3_dit **out)
{
    dc3_dit *d = *out = calloc(1, sizeof *d);
    if (!d) {
        dc3_table_close(table);
        return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    }
    d->config = *config;
    dc3_status status = dc3_module_open(device, table, how, &d->module);
    if (status == DC3_OK) {
        int diffusers = how.create && config->diffusers_names;
        d->names = dc3_dit_names_of(diffusers ? NULL : dc3_module_table(d->module));
        status = take(d);
    }
    if (status != DC3_OK) dc3_dit_close(out);
    return status;
}

dc3_status dc3_dit_open(const dc3_device *device, const dc3_dit_config *config, dc3_table **table,
                        dc3_dit **out)
{
    return open_dit(device, config, table, (dc3_opening){0}, out);
}

dc3_status dc3_dit_open_to_train(const dc3_device *device, const dc3_dit_config *config, dc3_table **table,
                                 uint64_t seed, dc3_dit **out)
{
    return open_dit(device, config, table, dc3_opening_to_train(table, seed), out);
}

dc3_status dc3_dit_open_to_tune(const dc3_device *device, const dc3_dit_config *config, dc3_table **table,
                                const dc3_trained *trained, dc3_dit **out)
{
    return open_dit(device, config, table, (dc3_opening){.trained = trained}, out);
}

void dc3_dit_recompute(dc3_dit *dit)
{
    dit->recompute = 1;
}

dc3_param *dc3_dit_params(dc3_dit *dit, size_t *count)
{
    return dc3_module_params(dit->module, count);
}

void dc3_dit_close(dc3_dit **dit)
{
    if (!*dit) return;
    dc3_module_close(&(*dit)->module);
    free(*dit);
    *dit = NULL;
}

double dc3_dit_parameters(const dc3_dit *dit)
{
    return dc3_module_parameters(dit->module);
}

/* SiLU of the embedded time step and class, [n, hidden] in the compute type; the sum in f32. */
static dc3_tensor condition_of(dc3_ctx *ctx, dc3_dit *d, embedder *e, dc3_tensor waves, const int64_t *labels)
{
    dc3_scope scope = dc3_scope_open(ctx);
    int64_t n = waves.shape[0], c = d->config.hidden;
    dc3_tensor t = dc3_linear(ctx, waves, &e->time1.weight, e->time1.bias, DC3_ACT_SILU, NULL);
    t = dc3_linear_of(ctx, &e->time2, t, NULL);
    dc3_tensor y = dc3_embedding(ctx, n, 1, labels, &e->classes, NULL);
    y = dc3_reshape(y, 2, (int64_t[]){n, c});
    if (y.dtype != DC3_F32) y = dc3_cast(ctx, y, DC3_F32);
    t = dc3_activate(ctx, dc3_add(ctx, t, y), DC3_ACT_SILU);
    if (dc3_ctx_dtype(ctx) != DC3_F32) t = dc3_cast(ctx, t, dc3_ctx_dtype(ctx));
    return dc3_scope_return(ctx, scope, t);
}

/* Columns of a block's condition, in units of the width. */
enum { SHIFT_ATTENTION, SCALE_ATTENTION, GATE_ATTENTION, SHIFT_FF, SCALE_FF, GATE_FF };

static dc3_tensor block_of(dc3_ctx *ctx, const dc3_dit *d, block *b, dc3_tensor x, dc3_tensor condition)
{
    dc3_scope scope = dc3_scope_open(ctx);
    int64_t c = d->config.hidden;
    dc3_tensor m = dc3_linear_of(ctx, &b->condition, condition, NULL);
    dc3_tensor h = dc3_adaptive_norm(ctx, x, m, SHIFT_ATTENTION * c, SCALE_ATTENTION * c, eps);
    h = dc3_replace(ctx, h, dc3_linear_of(ctx, &b->qkv, h, NULL));
    h = dc3_apply_factors(ctx, b->of_qkv, h);
    h = dc3_replace(ctx, h,
                    dc3_attention(ctx, &(dc3_attention_input){.q = h,
                                                              .k = h,
                                                              .v = h,
                                                              .at_k = c,
                                                              .at_v = 2 * c,
                                                              .heads = d->config.heads,
                                                              .dim = c / d->config.heads}));
    h = dc3_replace(ctx, h, dc3_linear_of(ctx, &b->out, h, NULL));
    h = dc3_apply_factors(ctx, b->of_attention, dc3_apply_factors(ctx, b->of_out, h));
    x = dc3_gated_add(ctx, x, h, m, GATE_ATTENTION * c);
    h = dc3_replace(
        ctx, h,
        dc3_adaptive_norm(ctx, x, m, SHIFT_FF * c, SCALE_FF * c, d->names->k ? d->config.norm_eps : eps));
    h = dc3_replace(ctx, h, dc3_linear(ctx, h, &b->fc1.weight, b->fc1.bias, DC3_ACT_GELU_TANH, NULL));
    h = dc3_replace(ctx, h, dc3_linear_of(ctx, &b->fc2, h, NULL));
    h = dc3_apply_factors(ctx, b->of_ff, h);
    return dc3_scope_return(ctx, scope, dc3_gated_add(ctx, x, h, m, GATE_FF * c));
}

/* inputs: x, condition. */
static dc3_tensor block_again(dc3_ctx *ctx, void *network, const dc3_tensor *inputs)
{
    block *b = network;
    return block_of(ctx, b->dit, b, inputs[0], inputs[1]);
}

static dc3_tensor run_block(dc3_ctx *ctx, const dc3_dit *d, block *b, dc3_tensor x, dc3_tensor condition)
{
    if (!d->recompute) return block_of(ctx, d, b, x, condition);
    return dc3_recompute(ctx, block_again, b, 2, (dc3_tensor[]){x, condition});
}

/* The patches of x with their places, [n, h w, hidden]. */
static dc3_tensor tokens_of(dc3_ctx *ctx, dc3_dit *d, dc3_tensor x)
{
    dc3_scope scope = dc3_scope_open(ctx);
    x = dc3_conv_of(ctx, &d->patches, x, NULL);
    int64_t n = x.shape[0], tokens = x.shape[1] * x.shape[2], c = d->config.hidden;
    int failed = dc3_ctx_status(ctx) != DC3_OK; /* which has its text */
    float *values = failed ? NULL : malloc((size_t)(tokens * c) * sizeof *values);
    if (!values) {
        dc3_scope_close(ctx, scope);
        return failed ? (dc3_tensor){0} : dc3_ctx_fail(ctx, dc3_fail(DC3_ERR_MEMORY, "out of memory"));
    }
    dc3_position_embedding(c, x.shape[1], x.shape[2], d->config.size / d->config.patch, values);
    dc3_tensor places = dc3_upload(ctx, DC3_F32, 2, (int64_t[]){1, tokens * c}, values);
    free(values);
    if (x.dtype != DC3_F32) places = dc3_cast(ctx, places, x.dtype);
    /* The same for all images: as if they were the pixels of one. */
    x = dc3_add_vector(ctx, dc3_reshape(x, 3, (int64_t[]){1, n, tokens * c}), places);
    return dc3_scope_return(ctx, scope, dc3_reshape(x, 3, (int64_t[]){n, tokens, c}));
}

static dc3_tensor waves_of(dc3_ctx *ctx, const dc3_dit *d, int64_t n, const float *timesteps)
{
    float *values = malloc((size_t)(n * WAVES) * sizeof *values);
    if (!values) return dc3_ctx_fail(ctx, dc3_fail(DC3_ERR_MEMORY, "out of memory"));
    dc3_time_embedding(WAVES, 1, d->names->freq_shift, (int)n, timesteps, values);
    dc3_tensor waves = dc3_upload(ctx, DC3_F32, 2, (int64_t[]){n, WAVES}, values);
    free(values);
    return waves;
}

static dc3_status check_input(const dc3_dit_config *c, dc3_tensor x, const int64_t *labels)
{
    if (x.ndim != 4 || x.shape[1] < 1 || x.shape[2] < 1 || x.shape[1] % c->patch || x.shape[2] % c->patch)
        return dc3_fail(DC3_ERR_ARGUMENT, "latents of %lldx%lld pixels are no whole patches of %lld",
                        (long long)x.shape[2], (long long)x.shape[1], (long long)c->patch);
    for (int64_t i = 0; i < x.shape[0]; i++)
        if (labels[i] < 0 || labels[i] > c->classes)
            return dc3_fail(DC3_ERR_ARGUMENT,
                            "class %lld: the model has classes 0 to %lld (and %lld for none)",
                            (long long)labels[i], (long long)c->classes - 1, (long long)c->classes);
    return DC3_OK;
}

dc3_tensor dc3_dit_of(dc3_ctx *ctx, dc3_dit *d, dc3_tensor x, const float *timesteps, const int64_t *labels)
{
    if (dc3_ctx_status(ctx) != DC3_OK) return (dc3_tensor){0};
    dc3_status status = check_input(&d->config, x, labels);
    if (status != DC3_OK) return dc3_ctx_fail(ctx, status);
    dc3_scope scope = dc3_scope_open(ctx);
    int64_t h = x.shape[1] / d->config.patch, w = x.shape[2] / d->config.patch, c = d->config.hidden;
    dc3_tensor waves = waves_of(ctx, d, x.shape[0], timesteps);
    dc3_tensor first = condition_of(ctx, d, &d->embedders[0], waves, labels), y = tokens_of(ctx, d, x);
    for (int i = 0; i < d->config.layers; i++) {
        int own = i > 0 && d->embedder_count > 1;
        dc3_tensor condition = own ? condition_of(ctx, d, &d->embedders[i], waves, labels) : first;
        y = dc3_replace(ctx, y, run_block(ctx, d, &d->blocks[i], y, condition));
        if (own) dc3_drop(ctx, condition);
    }
    dc3_tensor m = dc3_linear_of(ctx, &d->condition_last, first, NULL);
    y = dc3_replace(ctx, y, dc3_adaptive_norm(ctx, y, m, 0, c, eps));
    y = dc3_replace(ctx, y, dc3_linear_of(ctx, &d->last, y, NULL));
    return dc3_scope_return(ctx, scope, dc3_unpatchify(ctx, y, h, w, d->config.patch));
}
