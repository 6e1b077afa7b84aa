/* The configuration of a diffusion transformer: config.json of diffusers, or what the authors' tensors show.
 */
#include <stdio.h>
#include <string.h>
#include "io/json.h"
#include "nn/dit.h"

enum { MOST_CHANNELS = 64, MOST_PATCH = 64, MOST_SIZE = 4096 };

static dc3_status check(const char *origin, const dc3_dit_config *c)
{
    if (c->hidden % 4 || c->hidden % c->heads)
        return dc3_fail(DC3_ERR_FORMAT,
                        "%s: %lld channels in %lld heads; expected a multiple of the heads and of 4", origin,
                        (long long)c->hidden, (long long)c->heads);
    if (c->size % c->patch)
        return dc3_fail(DC3_ERR_FORMAT, "%s: latents of %lld pixels are no whole patches of %lld", origin,
                        (long long)c->size, (long long)c->patch);
    return DC3_OK;
}

static dc3_status read_sizes(const json_t *o, const char *file, dc3_dit_config *c)
{
    int64_t dim, layers;
    double eps;
    DC3_TRY(dc3_json_int(o, file, "num_attention_heads", 16, 1, 1024, &c->heads));
    DC3_TRY(dc3_json_int(o, file, "attention_head_dim", 72, 1, 1024, &dim));
    DC3_TRY(dc3_json_int(o, file, "in_channels", 4, 1, MOST_CHANNELS, &c->in_channels));
    DC3_TRY(dc3_json_int(o, file, "out_channels", c->in_channels, 1, 2 * MOST_CHANNELS, &c->out_channels));
    DC3_TRY(dc3_json_int(o, file, "num_layers", 28, 1, 256, &layers));
    DC3_TRY(dc3_json_int(o, file, "sample_size", 32, 1, MOST_SIZE, &c->size));
    DC3_TRY(dc3_json_int(o, file, "patch_size", 2, 1, MOST_PATCH, &c->patch));
    DC3_TRY(dc3_json_int(o, file, "num_embeds_ada_norm", 1000, 1, 1 << 24, &c->classes));
    DC3_TRY(dc3_json_bool(o, file, "attention_bias", 1, &c->attention_bias));
    DC3_TRY(dc3_json_real(o, file, "norm_eps", 1e-5, 0, 1, &eps));
    c->hidden = c->heads * dim, c->layers = (int)layers, c->norm_eps = (float)eps;
    return check(file, c);
}

/* Transformer2DModel has the same settings for other networks, with other values where none is given. */
static dc3_status check_old_class(const json_t *o, const char *file)
{
    static const char *const given[] = {"patch_size", "num_embeds_ada_norm", "activation_fn", "norm_type",
                                        "norm_elementwise_affine"};
    const char *class;
    DC3_TRY(dc3_json_string(o, file, "_class_name", "DiTTransformer2DModel", &class));
    if (strcmp(class, "DiTTransformer2DModel") == 0) return DC3_OK;
    if (strcmp(class, "Transformer2DModel") != 0)
        return dc3_fail(
            DC3_ERR_UNSUPPORTED,
            "%s: '_class_name' is '%.60s'; supported are DiTTransformer2DModel and Transformer2DModel", file,
            class);
    for (size_t i = 0; i < sizeof given / sizeof *given; i++) {
        const json_t *value = json_object_get(o, given[i]);
        if (!value || json_is_null(value))
            return dc3_fail(
                DC3_ERR_UNSUPPORTED,
                "%s: a Transformer2DModel without '%s', which is no diffusion transformer of classes", file,
                given[i]);
    }
    return DC3_OK;
}

static dc3_status fill(const json_t *o, const char *file, void *config)
{
    static const char *const unset[] = {"norm_elementwise_affine", "double_self_attention",
                                        "only_cross_attention",    "cross_attention_dim",
                                        "num_vector_embeds",       "use_linear_projection",
                                        "caption_channels",        "use_additional_conditions"};
    double none;
    DC3_TRY(check_old_class(o, file));
    DC3_TRY(dc3_json_only(o, file, "activation_fn", "gelu-approximate"));
    DC3_TRY(dc3_json_only(o, file, "norm_type", "ada_norm_zero"));
    DC3_TRY(dc3_json_only(o, file, "attention_type", "default"));
    for (size_t i = 0; i < sizeof unset / sizeof *unset; i++) DC3_TRY(dc3_json_unset(o, file, unset[i]));
    DC3_TRY(dc3_json_real(o, file, "interpolation_scale", 1, 1, 1, &none));
    DC3_TRY(dc3_json_real(o, file, "dropout", 0, 0, 0, &none));
    return read_sizes(o, file, config);
}

dc3_status dc3_dit_config_read(const char *path, dc3_dit_config *config)
{
    return dc3_json_config(path, fill, config, sizeof *config);
}

/* The heads of the paper's table 1. */
static int64_t published_heads(int64_t hidden)
{
    static const int64_t sizes[][2] = {{384, 6}, {768, 12}, {1024, 16}, {1152, 16}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        if (sizes[i][0] == hidden) return sizes[i][1];
    return 0;
}

/* Of the square of the patches; 0 if it is none, or one of more than `most` a side. */
static int64_t side_of(int64_t tokens, int64_t most)
{
    int64_t side = 0;
    while (side < most && side * side < tokens) side++;
    return side * side == tokens ? side : 0;
}

dc3_status dc3_dit_config_of(const dc3_table *table, int64_t heads, dc3_dit_config *c)
{
    const dc3_tensor *patches, *labels, *last, *places; /* of sizes that a file may give as it likes */
    const char *origin = dc3_table_origin(table);
    char name[80] = "blocks.0.attn.qkv.weight";
    DC3_TRY(dc3_table_get(table, "x_embedder.proj.weight", 4, (int64_t[]){-1, -1, -1, -1}, &patches));
    int64_t hidden = patches->shape[0], patch = patches->shape[2];
    DC3_TRY(dc3_table_get(table, "y_embedder.embedding_table.weight", 2, (int64_t[]){-1, hidden}, &labels));
    DC3_TRY(dc3_table_get(table, "final_layer.linear.weight", 2, (int64_t[]){-1, hidden}, &last));
    DC3_TRY(dc3_table_get(table, "pos_embed", 3, (int64_t[]){1, -1, hidden}, &places));
    if (patch != patches->shape[3] || patch < 1 || patch > MOST_PATCH || patches->shape[1] < 1 ||
        patches->shape[1] > MOST_CHANNELS || hidden < 1)
        return dc3_fail(DC3_ERR_FORMAT,
                        "%s: 'x_embedder.proj.weight' takes patches of %lldx%lld pixels in %lld channels to "
                        "%lld; expected squares of 1 to %d pixels in 1 to %d channels",
                        origin, (long long)patches->shape[3], (long long)patch, (long long)patches->shape[1],
                        (long long)hidden, MOST_PATCH, MOST_CHANNELS);
    *c = (dc3_dit_config){.in_channels = patches->shape[1],
                          .patch = patch,
                          .hidden = hidden,
                          .heads = heads ? heads : published_heads(hidden),
                          .out_channels = last->shape[0] / (patch * patch),
                          .size = side_of(places->shape[1], MOST_SIZE / patch) * patch,
                          .classes = labels->shape[0] - 1,
                          .attention_bias = 1,
                          .norm_eps = 1e-6f};
    if (c->classes < 1 || c->out_channels < 1 || last->shape[0] % (patch * patch))
        return dc3_fail(
            DC3_ERR_FORMAT,
            "%s: %lld classes and %lld outputs for patches of %lld pixels; expected a class and an "
            "output of each pixel or more",
            origin, (long long)c->classes, (long long)last->shape[0], (long long)patch);
    if (!c->heads)
        return dc3_fail(
            DC3_ERR_UNSUPPORTED,
            "%s: %lld channels, of which the tensors do not show how many heads they have; expected "
            "384, 768, 1024 or 1152, or a config.json of diffusers beside",
            origin, (long long)c->hidden);
    while (dc3_table_find(table, name)) snprintf(name, sizeof name, "blocks.%d.attn.qkv.weight", ++c->layers);
    if (!c->size || !c->layers)
        return dc3_fail(DC3_ERR_FORMAT, "%s: %lld positions and %d blocks make no diffusion transformer",
                        origin, (long long)places->shape[1], c->layers);
    return check(origin, c);
}
