#include "nn/autoencoder_kl.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "io/json.h"
#include "nn/layers.h"
#include "nn/resnet_block.h"

typedef struct stage {
    dc3_resnet_block *resnets;
    int count;
    dc3_conv_layer resample;
    int has_resample;
} stage;

/* The middle: residual block, attention over all pixels with one head, residual block. */
typedef struct middle {
    dc3_resnet_block resnets[2];
    dc3_norm_layer norm;
    dc3_linear_layer qkv, out;
    int64_t channels;
    int attention;
} middle;

typedef struct half {
    dc3_conv_layer conv_in, conv_out;
    stage stages[DC3_VAE_LEVELS];
    middle mid;
    dc3_norm_layer norm_out;
} half;

struct dc3_vae {
    dc3_vae_config config;
    dc3_module *module;
    half encoder, decoder;
    dc3_linear_layer quant, post_quant; /* 1x1 convolutions */
};

static const float EPS = 1e-6f;

static dc3_status fill(const json_t *o, const char *file, void *config)
{
    dc3_vae_config *c = config;
    int64_t layers;
    double scaling, shift;
    static const char *const vectors[] = {"latents_mean", "latents_std"};

    const char *act;
    DC3_TRY(dc3_json_list(o, file, "block_out_channels", 1, 8192, DC3_VAE_LEVELS, c->channels, &c->levels));
    DC3_TRY(dc3_json_int(o, file, "in_channels", 3, 3, 3, &c->in_channels));
    DC3_TRY(dc3_json_int(o, file, "out_channels", 3, 3, 3, &c->out_channels));
    DC3_TRY(dc3_json_int(o, file, "latent_channels", 4, 1, 64, &c->latent_channels));
    DC3_TRY(dc3_json_int(o, file, "norm_num_groups", 32, 1, 1024, &c->groups));
    DC3_TRY(dc3_json_int(o, file, "layers_per_block", 1, 1, 12, &layers));
    c->layers = (int)layers;
    DC3_TRY(dc3_json_bool(o, file, "use_quant_conv", 1, &c->quant_conv));
    DC3_TRY(dc3_json_bool(o, file, "use_post_quant_conv", 1, &c->post_quant_conv));
    DC3_TRY(dc3_json_bool(o, file, "mid_block_add_attention", 1, &c->mid_attention));
    DC3_TRY(dc3_json_real(o, file, "scaling_factor", 0.18215, 1e-6, 1e6, &scaling));
    DC3_TRY(dc3_json_real(o, file, "shift_factor", 0, -1e6, 1e6, &shift));
    c->scaling_factor = (float)scaling;
    if (fabs(shift) > 0) strcpy(c->ignored, "'shift_factor'");
    for (int i = 0; i < 2; i++) {
        size_t used = strlen(c->ignored);
        if (json_array_size(json_object_get(o, vectors[i])))
            snprintf(c->ignored + used, sizeof c->ignored - used, "%s'%s'", used ? ", " : "", vectors[i]);
    }
    DC3_TRY(dc3_json_string(o, file, "act_fn", "silu", &act));
    if (strcmp(act, "silu") != 0)
        return dc3_fail(DC3_ERR_UNSUPPORTED, "%s: 'act_fn' is '%.40s'; only 'silu' is supported", file, act);
    for (int i = 0; i < c->levels; i++) {
        const char *down =
            json_string_value(json_array_get(json_object_get(o, "down_block_types"), (size_t)i));
        const char *up = json_string_value(json_array_get(json_object_get(o, "up_block_types"), (size_t)i));
        if (!down || !up || strcmp(down, "DownEncoderBlock2D") != 0 || strcmp(up, "UpDecoderBlock2D") != 0)
            return dc3_fail(DC3_ERR_UNSUPPORTED,
                            "%s: block types should be %d times DownEncoderBlock2D and UpDecoderBlock2D",
                            file, c->levels);
    }
    return DC3_OK;
}

dc3_status dc3_vae_config_read(const char *path, dc3_vae_config *config)
{
    return dc3_json_config(path, fill, config, sizeof *config);
}

static void take_resnet(dc3_vae *v, dc3_resnet_block *block, const char *prefix, int j, int64_t ci,
                        int64_t co)
{
    char name[DC3_NAME_SIZE];
    dc3_take_resnet_block(v->module, block, dc3_name(name, "%s.resnets.%d", prefix, j), ci, co, 0,
                          v->config.groups, EPS);
}

/* The attention's names changed with diffusers 0.18; both are in use. */
static void take_attention(dc3_vae *v, middle *mid, const char *prefix)
{
    static const char *const now[] = {"to_q", "to_k", "to_v", "to_out.0"};
    static const char *const before[] = {"query", "key", "value", "proj_attn"};
    char base[DC3_NAME_SIZE], names[4][DC3_NAME_SIZE];
    int64_t c = mid->channels;
    dc3_name(base, "%s.attentions.0", prefix);
    dc3_name(names[0], "%s.to_q", base);
    const char *const *used = dc3_module_has(v->module, names[0], "weight") ? now : before;
    for (int i = 0; i < 4; i++) dc3_name(names[i], "%s.%s", base, used[i]);
    /* Old files hold the projections as 1x1 convolutions. */
    const dc3_tensor *weight = NULL;
    char full[DC3_NAME_SIZE];
    weight = dc3_table_find(dc3_module_table(v->module), dc3_name(full, "%s.weight", names[0]));
    int spatial = weight && weight->ndim == 4;
    mid->norm = dc3_take_norm(v->module, dc3_name(full, "%s.group_norm", base), c, v->config.groups, EPS);
    dc3_take_fused(v->module, &mid->qkv, (const char *[]){names[0], names[1], names[2]}, 3, c, c, 1, spatial);
    dc3_take_linear(v->module, &mid->out, names[3], c, c, 1, spatial);
}

static void take_middle(dc3_vae *v, middle *mid, const char *prefix, int64_t c)
{
    mid->channels = c;
    mid->attention = v->config.mid_attention;
    take_resnet(v, &mid->resnets[0], prefix, 0, c, c);
    if (mid->attention) take_attention(v, mid, prefix);
    take_resnet(v, &mid->resnets[1], prefix, 1, c, c);
}

static void take_stage(dc3_vae *v, stage *s, const char *prefix, const char *resample, int count, int64_t ci,
                       int64_t co)
{
    char name[DC3_NAME_SIZE];
    s->count = count;
    s->resnets = dc3_module_alloc(v->module, (size_t)count, sizeof *s->resnets);
    for (int j = 0; s->resnets && j < count; j++) take_resnet(v, &s->resnets[j], prefix, j, j ? co : ci, co);
    s->has_resample = resample != NULL;
    if (!resample) return;
    int down = strcmp(resample, "downsamplers") == 0;
    dc3_take_conv(v->module, &s->resample, dc3_name(name, "%s.%s.0.conv", prefix, resample), co, co, 3,
                  down ? 2 : 1, 1);
    if (down)
        s->resample.options.pad_top = s->resample.options.pad_left =
            0; /* one more row and column at the end */
}

static void take_encoder(dc3_vae *v)
{
    const dc3_vae_config *c = &v->config;
    half *e = &v->encoder;
    char name[DC3_NAME_SIZE];
    dc3_take_conv(v->module, &e->conv_in, "encoder.conv_in", c->in_channels, c->channels[0], 3, 1, 1);
    for (int i = 0; i < c->levels; i++)
        take_stage(v, &e->stages[i], dc3_name(name, "encoder.down_blocks.%d", i),
                   i + 1 < c->levels ? "downsamplers" : NULL, c->layers, c->channels[i ? i - 1 : 0],
                   c->channels[i]);
    int64_t last = c->channels[c->levels - 1];
    take_middle(v, &e->mid, "encoder.mid_block", last);
    e->norm_out = dc3_take_norm(v->module, "encoder.conv_norm_out", last, c->groups, EPS);
    dc3_take_conv(v->module, &e->conv_out, "encoder.conv_out", last, 2 * c->latent_channels, 3, 1, 1);
}

static void take_decoder(dc3_vae *v)
{
    const dc3_vae_config *c = &v->config;
    half *d = &v->decoder;
    char name[DC3_NAME_SIZE];
    int64_t last = c->channels[c->levels - 1];
    dc3_take_conv(v->module, &d->conv_in, "decoder.conv_in", c->latent_channels, last, 3, 1, 1);
    take_middle(v, &d->mid, "decoder.mid_block", last);
    for (int i = 0; i < c->levels; i++) {
        int at = c->levels - 1 - i;
        take_stage(v, &d->stages[i], dc3_name(name, "decoder.up_blocks.%d", i), at ? "upsamplers" : NULL,
                   c->layers + 1, c->channels[i ? at + 1 : at], c->channels[at]);
    }
    d->norm_out = dc3_take_norm(v->module, "decoder.conv_norm_out", c->channels[0], c->groups, EPS);
    dc3_take_conv(v->module, &d->conv_out, "decoder.conv_out", c->channels[0], c->out_channels, 3, 1, 1);
}

dc3_status dc3_vae_open(const dc3_device *device, const dc3_vae_config *config, dc3_table **table,
                        dc3_vae **out)
{
    dc3_vae *v = *out = calloc(1, sizeof *v);
    if (!v) {
        dc3_table_close(table);
        return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    }
    v->config = *config;
    dc3_status status = dc3_module_open(device, table, (dc3_opening){0}, &v->module);
    if (status == DC3_OK) {
        int64_t z = config->latent_channels;
        take_encoder(v);
        if (config->quant_conv) dc3_take_linear(v->module, &v->quant, "quant_conv", 2 * z, 2 * z, 1, 1);
        if (config->post_quant_conv)
            dc3_take_linear(v->module, &v->post_quant, "post_quant_conv", z, z, 1, 1);
        take_decoder(v);
        status = dc3_module_status(v->module);
    }
    if (status != DC3_OK) dc3_vae_close(out);
    return status;
}

void dc3_vae_close(dc3_vae **vae)
{
    if (!*vae) return;
    dc3_module_close(&(*vae)->module);
    free(*vae);
    *vae = NULL;
}

const dc3_vae_config *dc3_vae_config_of(const dc3_vae *vae)
{
    return &vae->config;
}

double dc3_vae_parameters(const dc3_vae *vae)
{
    return dc3_module_parameters(vae->module);
}

static dc3_tensor attention_of(dc3_ctx *ctx, middle *mid, dc3_tensor x)
{
    int64_t c = mid->channels;
    dc3_scope scope = dc3_scope_open(ctx);
    dc3_tensor h = dc3_group_norm_of(ctx, &mid->norm, x, DC3_ACT_NONE);
    h = dc3_reshape(h, 3, (int64_t[]){x.shape[0], x.shape[1] * x.shape[2], c});
    dc3_tensor qkv = dc3_linear_of(ctx, &mid->qkv, h, NULL);
    h = dc3_attention(ctx, &(dc3_attention_input){
                               .q = qkv, .k = qkv, .v = qkv, .at_k = c, .at_v = 2 * c, .heads = 1, .dim = c});
    h = dc3_linear_of(ctx, &mid->out, h, &x);
    return dc3_scope_return(ctx, scope, dc3_reshape(h, 4, x.shape));
}

static dc3_tensor middle_of(dc3_ctx *ctx, middle *mid, dc3_tensor x)
{
    x = dc3_replace(ctx, x, dc3_resnet_block_of(ctx, &mid->resnets[0], x, NULL));
    if (mid->attention) x = dc3_replace(ctx, x, attention_of(ctx, mid, x));
    return dc3_replace(ctx, x, dc3_resnet_block_of(ctx, &mid->resnets[1], x, NULL));
}

static dc3_tensor head_of(dc3_ctx *ctx, half *h, dc3_tensor x)
{
    x = dc3_replace(ctx, x, dc3_group_norm_of(ctx, &h->norm_out, x, DC3_ACT_SILU));
    return dc3_replace(ctx, x, dc3_conv_of(ctx, &h->conv_out, x, NULL));
}

/* The first `wanted` channels of x. */
static dc3_tensor first_channels(dc3_ctx *ctx, dc3_tensor x, int64_t wanted)
{
    dc3_tensor y = dc3_new(ctx, x.dtype, 4, (int64_t[]){x.shape[0], x.shape[1], x.shape[2], wanted});
    dc3_op op;
    if (!dc3_op_begin(&op, ctx, DC3_OP_OTHER, 0)) return y;
    size_t from = (size_t)x.shape[3] * dc3_dtype_size(x.dtype), to = (size_t)wanted * dc3_dtype_size(x.dtype);
    dc3_ctx_kernels(ctx)->copy_rows(x.shape[0] * x.shape[1] * x.shape[2], to, x.data, from, y.data, to);
    dc3_op_end(&op, DC3_OK);
    return y;
}

dc3_tensor dc3_vae_encode(dc3_ctx *ctx, dc3_vae *v, dc3_tensor images)
{
    dc3_scope scope = dc3_scope_open(ctx);
    half *e = &v->encoder;
    dc3_tensor x = dc3_conv_of(ctx, &e->conv_in, images, NULL);
    for (int i = 0; i < v->config.levels; i++) {
        stage *s = &e->stages[i];
        for (int j = 0; j < s->count; j++)
            x = dc3_replace(ctx, x, dc3_resnet_block_of(ctx, &s->resnets[j], x, NULL));
        if (s->has_resample) x = dc3_replace(ctx, x, dc3_conv_of(ctx, &s->resample, x, NULL));
    }
    x = head_of(ctx, e, middle_of(ctx, &e->mid, x));
    if (v->config.quant_conv) x = dc3_linear_of(ctx, &v->quant, x, NULL);
    return dc3_scope_return(ctx, scope, first_channels(ctx, x, v->config.latent_channels));
}

dc3_tensor dc3_vae_decode(dc3_ctx *ctx, dc3_vae *v, dc3_tensor latents)
{
    dc3_scope scope = dc3_scope_open(ctx);
    half *d = &v->decoder;
    dc3_tensor x = v->config.post_quant_conv ? dc3_linear_of(ctx, &v->post_quant, latents, NULL) : latents;
    x = middle_of(ctx, &d->mid, dc3_conv_of(ctx, &d->conv_in, x, NULL));
    for (int i = 0; i < v->config.levels; i++) {
        stage *s = &d->stages[i];
        for (int j = 0; j < s->count; j++)
            x = dc3_replace(ctx, x, dc3_resnet_block_of(ctx, &s->resnets[j], x, NULL));
        if (!s->has_resample) continue;
        x = dc3_replace(ctx, x, dc3_upsample2(ctx, x));
        x = dc3_replace(ctx, x, dc3_conv_of(ctx, &s->resample, x, NULL));
    }
    return dc3_scope_return(ctx, scope, head_of(ctx, d, x));
}
