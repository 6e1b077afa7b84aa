/* The names of transformers (Wolf et al. 2020; 4 and 5) for ViT, ResNet and Swin V2. */
#include <stdio.h>
#include "nn/classifiers/classifier_names.h"

const char *dc3_names_vit_transformers(const dc3_table *table, const char *prefix, const char *name,
                                       char *text)
{
    static const char *const around[] = {"embeddings.cls_token",
                                         "class_token",
                                         "embeddings.position_embeddings",
                                         "encoder.pos_embedding",
                                         "embeddings.patch_embeddings.projection",
                                         "conv_proj",
                                         "layernorm",
                                         "encoder.ln",
                                         NULL};
    static const char *const inside[] = {"layernorm_before",
                                         "ln_1",
                                         "attention.attention.query.weight",
                                         "self_attention.in_proj_weight#0",
                                         "attention.q_proj.weight",
                                         "self_attention.in_proj_weight#0",
                                         "attention.attention.query.bias",
                                         "self_attention.in_proj_bias#0",
                                         "attention.q_proj.bias",
                                         "self_attention.in_proj_bias#0",
                                         "attention.attention.key.weight",
                                         "self_attention.in_proj_weight#1",
                                         "attention.k_proj.weight",
                                         "self_attention.in_proj_weight#1",
                                         "attention.attention.key.bias",
                                         "self_attention.in_proj_bias#1",
                                         "attention.k_proj.bias",
                                         "self_attention.in_proj_bias#1",
                                         "attention.attention.value.weight",
                                         "self_attention.in_proj_weight#2",
                                         "attention.v_proj.weight",
                                         "self_attention.in_proj_weight#2",
                                         "attention.attention.value.bias",
                                         "self_attention.in_proj_bias#2",
                                         "attention.v_proj.bias",
                                         "self_attention.in_proj_bias#2",
                                         "attention.output.dense",
                                         "self_attention.out_proj",
                                         "attention.o_proj",
                                         "self_attention.out_proj",
                                         "layernorm_after",
                                         "ln_2",
                                         "intermediate.dense",
                                         "mlp.0",
                                         "mlp.fc1",
                                         "mlp.0",
                                         "output.dense",
                                         "mlp.3",
                                         "mlp.fc2",
                                         "mlp.3",
                                         NULL};
    char before[64];
    int layer, used = 0;
    (void)table, (void)prefix;
    sscanf(name, "encoder.layer.%4d.%n", &layer, &used);     /* in files of save_pretrained */
    if (!used) sscanf(name, "layers.%4d.%n", &layer, &used); /* state_dict of version 5 */
    if (!used) return dc3_renamed(name, around, "", name, text);
    snprintf(before, sizeof before, "encoder.layers.encoder_layer_%d.", layer);
    return dc3_renamed(name + used, inside, before, name, text);
}

const char *dc3_names_resnet_transformers(const dc3_table *table, const char *prefix, const char *name,
                                          char *text)
{
    static const char *const around[] = {"embedder.embedder.convolution", "conv1",
                                         "embedder.embedder.normalization", "bn1", NULL};
    static const char *const inside[] = {"shortcut.convolution",
                                         "downsample.0",
                                         "shortcut.normalization",
                                         "downsample.1",
                                         "layer.0.convolution",
                                         "conv1",
                                         "layer.0.normalization",
                                         "bn1",
                                         "layer.1.convolution",
                                         "conv2",
                                         "layer.1.normalization",
                                         "bn2",
                                         "layer.2.convolution",
                                         "conv3",
                                         "layer.2.normalization",
                                         "bn3",
                                         NULL};
    char before[64];
    int stage, block, used = 0;
    (void)table, (void)prefix;
    sscanf(name, "encoder.stages.%4d.layers.%4d.%n", &stage, &block, &used);
    if (!used) return dc3_renamed(name, around, "", name, text);
    snprintf(before, sizeof before, "layer%d.%d.", stage + 1, block);
    return dc3_renamed(name + used, inside, before, name, text);
}

const char *dc3_names_swin_transformers(const dc3_table *table, const char *prefix, const char *name,
                                        char *text)
{
    static const char *const around[] = {"embeddings.patch_embeddings.projection",
                                         "features.0.0",
                                         "embeddings.norm",
                                         "features.0.2",
                                         "layernorm",
                                         "norm",
                                         NULL};
    static const char *const inside[] = {"layernorm_before",
                                         "norm1",
                                         "attention.self.query.weight",
                                         "attn.qkv.weight#0",
                                         "attention.self.key.weight",
                                         "attn.qkv.weight#1",
                                         "attention.self.value.weight",
                                         "attn.qkv.weight#2",
                                         "attention.self.query.bias",
                                         "attn.qkv.bias#0",
                                         "attention.self.value.bias",
                                         "attn.qkv.bias#2",
                                         "attention.self.logit_scale",
                                         "attn.logit_scale",
                                         "attention.self.continuous_position_bias_mlp",
                                         "attn.cpb_mlp",
                                         "attention.output.dense",
                                         "attn.proj",
                                         "layernorm_after",
                                         "norm2",
                                         "intermediate.dense",
                                         "mlp.0",
                                         "output.dense",
                                         "mlp.3",
                                         NULL};
    char before[64];
    int stage, block, used = 0;
    (void)table, (void)prefix;
    sscanf(name, "encoder.layers.%4d.blocks.%4d.%n", &stage, &block, &used);
    if (used) {
        snprintf(before, sizeof before, "features.%d.%d.", 2 * stage + 1, block);
        return dc3_renamed(name + used, inside, before, name, text);
    }
    sscanf(name, "encoder.layers.%4d.downsample.%n", &stage, &used);
    if (!used) return dc3_renamed(name, around, "", name, text);
    return dc3_name(text, "features.%d.%s", 2 * stage + 2, name + used);
}
