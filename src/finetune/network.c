#include "finetune/network.h"

#include <stdlib.h>
#include <string.h>

static int ends_with(const char *name, const char *end)
{
    size_t n = strlen(name), m = strlen(end);
    return n >= m && strcmp(name + n - m, end) == 0;
}

static int is_of_attention(const char *name)
{
    return strstr(name, ".attn1.") || strstr(name, ".attn2.") || strstr(name, ".attn.");
}

/* DiffFit's choice (Xie et al. 2023). The layers that make a condition of "norm1" are no norms. */
static int is_bias_or_norm(const char *name)
{
    static const char *const ends[] = {".bias",         ".norm.weight",  ".norm1.weight",
                                       ".norm2.weight", ".norm3.weight", "conv_norm_out.weight"};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (ends_with(name, ends[i])) return 1;
    return strstr(name, "class_embedder.embedding_table") || strstr(name, "y_embedder.embedding_table");
}

/* Of a U-Net, as diffusers calls its layers. */
static int is_adapted(const char *name, unsigned layers)
{
    static const char *const ends[] = {".conv1", ".conv2", ".conv_shortcut", "samplers.0.conv"};
    if (is_of_attention(name)) return (layers & DC3_LORA_ATTENTION) != 0;
    if (strstr(name, ".ff.net.")) return (layers & DC3_LORA_FEED_FORWARD) != 0;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (ends_with(name, ends[i])) return (layers & DC3_LORA_CONVOLUTIONS) != 0;
    return 0;
}

static dc3_trained trained_of(const dc3_tuning *t)
{
    dc3_trained trained = {.layers = t->layers, .rank = t->rank, .alpha = t->alpha, .seed = t->seed};
    if (t->part == DC3_FINETUNE_ATTENTION) trained.chosen = is_of_attention;
    if (t->part == DC3_FINETUNE_BIAS_NORM) trained.chosen = is_bias_or_norm, trained.factors = 1;
    if (t->part == DC3_FINETUNE_LORA) trained.adapted = is_adapted;
    return trained;
}

static dc3_status count_params(dc3_tuned *t, dc3_param *params)
{
    t->params = params;
    if (!params) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    for (size_t i = 0; i < t->count; i++)
        if (params[i].gradient.data) t->parameters += dc3_count(&params[i].value);
    return DC3_OK;
}

dc3_status dc3_tuned_open_unet(const dc3_unet_config *c, const dc3_tuning *tuning, dc3_table **table,
                               dc3_tuned *t)
{
    dc3_trained trained = trained_of(tuning);
    *t = (dc3_tuned){.channels = c->in_channels,
                     .outputs = c->out_channels,
                     .unit = (int64_t)1 << (c->levels - 1),
                     .text_channels = c->text_channels};
    if (tuning->part == DC3_FINETUNE_ALL)
        DC3_TRY(dc3_unet_open_to_train(NULL, c, table, tuning->seed, &t->unet));
    else
        DC3_TRY(dc3_unet_open_to_tune(NULL, c, table, &trained, &t->unet));
    if (tuning->recompute) dc3_unet_recompute(t->unet);
    return count_params(t, dc3_unet_params(t->unet, &t->count));
}

static int is_adapted_in_text(const char *name, unsigned layers)
{
    (void)layers;
    return strstr(name, ".self_attn.") != NULL;
}

/* The parameters of both networks as one list. */
static dc3_status join_params(dc3_tuned *t, const dc3_param *text, size_t count)
{
    size_t room = (t->count + count) * sizeof *t->params;
    if (!text) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    dc3_param *all = t->joined = malloc(room + count * DC3_NAME_SIZE);
    if (!all) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    memcpy(all, t->params, t->count * sizeof *all);
    for (size_t i = 0; i < count; i++) {
        char *name = (char *)all + room + i * DC3_NAME_SIZE;
        all[t->count + i] = text[i];
        all[t->count + i].name = dc3_name(name, "text_encoder.%s", text[i].name);
        t->parameters += dc3_count(&text[i].value);
    }
    t->params = all;
    t->count += count;
    return DC3_OK;
}

dc3_status dc3_tuned_add_text(const dc3_clip_text_config *config, const dc3_tuning *tuning, dc3_table **table,
                              dc3_tuned *t)
{
    size_t count;
    dc3_trained trained = {
        .adapted = is_adapted_in_text, .rank = tuning->rank, .alpha = tuning->alpha, .seed = tuning->seed};
    DC3_TRY(dc3_clip_text_open_to_tune(NULL, config, table, &trained, &t->text));
    if (tuning->recompute) dc3_clip_text_recompute(t->text);
    dc3_param *params = dc3_clip_text_params(t->text, &count);
    return join_params(t, params, count);
}

dc3_status dc3_tuned_open_dit(const dc3_dit_config *c, const dc3_tuning *tuning, dc3_table **table,
                              dc3_tuned *t)
{
    dc3_trained trained = trained_of(tuning);
    *t = (dc3_tuned){
        .channels = c->in_channels, .outputs = c->out_channels, .unit = c->patch, .classes = c->classes};
    if (tuning->part == DC3_FINETUNE_LORA) {
        dc3_table_close(table);
        return dc3_fail_setting("train",
                                "lora is for U-Nets of texts; of a diffusion transformer expected attention, "
                                "bias-norm or all");
    }
    if (tuning->part == DC3_FINETUNE_ALL)
        DC3_TRY(dc3_dit_open_to_train(NULL, c, table, tuning->seed, &t->dit));
    else
        DC3_TRY(dc3_dit_open_to_tune(NULL, c, table, &trained, &t->dit));
    if (tuning->recompute) dc3_dit_recompute(t->dit);
    return count_params(t, dc3_dit_params(t->dit, &t->count));
}

void dc3_tuned_close(dc3_tuned *t)
{
    dc3_unet_close(&t->unet);
    dc3_dit_close(&t->dit);
    dc3_clip_text_close(&t->text);
    free(t->joined);
    t->joined = NULL;
}

dc3_tensor dc3_tuned_states(dc3_ctx *ctx, dc3_tuned *t, int64_t n, int64_t tokens, const int64_t *ids)
{
    return dc3_clip_text_of(ctx, t->text, n, tokens, ids);
}

dc3_tensor dc3_tuned_of(dc3_ctx *ctx, dc3_tuned *t, dc3_tensor x, const float *timesteps, dc3_tensor states,
                        const int64_t *labels)
{
    return t->dit ? dc3_dit_of(ctx, t->dit, x, timesteps, labels)
                  : dc3_unet_denoise(ctx, t->unet, x, timesteps, states);
}
