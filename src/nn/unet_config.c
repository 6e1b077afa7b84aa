/* config.json of a UNet2DConditionModel. What this library does not compute is refused by name. */
#include <string.h>
#include "io/json.h"
#include "nn/unet_2d_condition.h"

static dc3_status block_types(const json_t *object, const char *file, const char *key, const char *plain,
                              const char *cross, int levels, int *attention)
{
    const json_t *list = json_object_get(object, key);
    if (!json_is_array(list) || json_array_size(list) != (size_t)levels)
        return dc3_fail(DC3_ERR_FORMAT, "%s: '%s' should be a list of %d names", file, key, levels);
    for (int i = 0; i < levels; i++) {
        const char *name = json_string_value(json_array_get(list, (size_t)i));
        attention[i] = name && strcmp(name, cross) == 0;
        if (!name || (!attention[i] && strcmp(name, plain) != 0))
            return dc3_fail(DC3_ERR_UNSUPPORTED, "%s: '%s' holds '%.60s'; supported are %s and %s", file, key,
                            name ? name : "(no name)", plain, cross);
    }
    return DC3_OK;
}

static dc3_status read_sizes(const json_t *o, const char *file, dc3_unet_config *c)
{
    int64_t values[DC3_UNET_LEVELS], value;
    DC3_TRY(dc3_json_list(o, file, "block_out_channels", 1, 8192, DC3_UNET_LEVELS, c->channels, &c->levels));
    if (!json_is_array(json_object_get(o, "sample_size"))) /* height and width of their own */
        DC3_TRY(dc3_json_int(o, file, "sample_size", 0, 0, 4096, &c->size));
    DC3_TRY(dc3_json_int(o, file, "in_channels", 4, 1, 64, &c->in_channels));
    DC3_TRY(dc3_json_int(o, file, "out_channels", 4, 1, 64, &c->out_channels));
    DC3_TRY(dc3_json_int(o, file, "norm_num_groups", 32, 1, 1024, &c->groups));
    DC3_TRY(dc3_json_int(o, file, "cross_attention_dim", 1280, 1, 16384, &c->text_channels));
    DC3_TRY(dc3_json_ints(o, file, "layers_per_block", 2, 1, 12, c->levels, values));
    for (int i = 0; i < c->levels; i++) c->layers[i] = (int)values[i];
    DC3_TRY(dc3_json_ints(o, file, "transformer_layers_per_block", 1, 1, 32, c->levels, values));
    for (int i = 0; i < c->levels; i++) c->transformer_layers[i] = (int)values[i];
    /* diffusers calls the number of heads attention_head_dim, unless num_attention_heads is there. */
    const char *heads =
        json_is_null(json_object_get(o, "num_attention_heads")) || !json_object_get(o, "num_attention_heads")
            ? "attention_head_dim"
            : "num_attention_heads";
    DC3_TRY(dc3_json_ints(o, file, heads, 8, 1, 1024, c->levels, c->heads));
    DC3_TRY(dc3_json_int(o, file, "downsample_padding", 1, 1, 1, &value));
    DC3_TRY(dc3_json_int(o, file, "conv_in_kernel", 3, 3, 3, &value));
    DC3_TRY(dc3_json_int(o, file, "conv_out_kernel", 3, 3, 3, &value));
    return DC3_OK;
}

static dc3_status fill(const json_t *o, const char *file, void *config)
{
    dc3_unet_config *c = config;
    static const char *const unset[] = {"only_cross_attention",   "dual_cross_attention",
                                        "class_embed_type",       "addition_embed_type",
                                        "encoder_hid_dim",        "time_cond_proj_dim",
                                        "center_input_sample",    "resnet_skip_time_act",
                                        "cross_attention_norm",   "num_class_embeds",
                                        "timestep_post_act",      "time_embedding_act_fn",
                                        "time_embedding_dim",     "reverse_transformer_layers_per_block",
                                        "encoder_hid_dim_type",   "mid_block_only_cross_attention",
                                        "class_embeddings_concat"};
    const json_t *middle = json_object_get(o, "mid_block_type");
    double real;
    DC3_TRY(read_sizes(o, file, c));
    DC3_TRY(block_types(o, file, "down_block_types", "DownBlock2D", "CrossAttnDownBlock2D", c->levels,
                        c->down_attention));
    DC3_TRY(block_types(o, file, "up_block_types", "UpBlock2D", "CrossAttnUpBlock2D", c->levels,
                        c->up_attention));
    if (middle && json_is_null(middle)) /* not as one that is not there: none in the network */
        return dc3_fail(DC3_ERR_UNSUPPORTED,
                        "%s: 'mid_block_type' is null; only 'UNetMidBlock2DCrossAttn' is supported", file);
    DC3_TRY(dc3_json_only(o, file, "mid_block_type", "UNetMidBlock2DCrossAttn"));
    DC3_TRY(dc3_json_only(o, file, "attention_type", "default"));
    DC3_TRY(dc3_json_only(o, file, "act_fn", "silu"));
    DC3_TRY(dc3_json_only(o, file, "resnet_time_scale_shift", "default"));
    DC3_TRY(dc3_json_only(o, file, "time_embedding_type", "positional"));
    for (size_t i = 0; i < sizeof unset / sizeof *unset; i++) DC3_TRY(dc3_json_unset(o, file, unset[i]));
    DC3_TRY(dc3_json_real(o, file, "norm_eps", 1e-5, 0, 1, &real));
    c->norm_eps = (float)real;
    DC3_TRY(dc3_json_real(o, file, "mid_block_scale_factor", 1, 1, 1, &real));
    DC3_TRY(dc3_json_real(o, file, "resnet_out_scale_factor", 1, 1, 1, &real));
    DC3_TRY(dc3_json_real(o, file, "freq_shift", 0, 0, 1, &c->freq_shift));
    DC3_TRY(dc3_json_bool(o, file, "use_linear_projection", 0, &c->linear_projection));
    return dc3_json_bool(o, file, "flip_sin_to_cos", 1, &c->flip_sin_to_cos);
}

dc3_status dc3_unet_config_read(const char *path, dc3_unet_config *config)
{
    return dc3_json_config(path, fill, config, sizeof *config);
}
