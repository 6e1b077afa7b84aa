/* The names of timm (Wightman; 0.9 and 1.0) and of programs for CIFAR, beside torchvision's. */
#include <stdio.h>
#include <string.h>
#include "nn/classifiers/classifier_names.h"

/* What follows "blocks.STAGE.BLOCK.", or NULL. */
static const char *in_block(const char *name, int *stage, int *block)
{
    int used = 0;
    sscanf(name, "blocks.%4d.%4d.%n", stage, block, &used);
    return used ? name + used : NULL;
}

static const char *with_shortcuts(const dc3_table *table, const char *prefix, const char *name, char *text)
{
    static const char was[] = ".shortcut.";
    const char *found = strstr(name, was);
    (void)table, (void)prefix;
    return found ? dc3_name(text, "%.*s.downsample.%s", (int)(found - name), name, found + sizeof was - 1)
                 : name;
}

static const char *efficientnet(const dc3_table *table, const char *prefix, const char *name, char *text)
{
    static const char *const around[] = {"conv_stem",    "features.0.0", "bn1",
                                         "features.0.1", "conv_head",    "features.8.0",
                                         "bn2",          "features.8.1", NULL};
    static const char *const first[] = {
        "conv_dw", "0.0", "bn1", "0.1", "se.conv_reduce", "1.fc1", "se.conv_expand", "1.fc2", "conv_pw",
        "2.0",     "bn2", "2.1", NULL};
    static const char *const later[] = {"conv_pw",
                                        "0.0",
                                        "bn1",
                                        "0.1",
                                        "conv_dw",
                                        "1.0",
                                        "bn2",
                                        "1.1",
                                        "se.conv_reduce",
                                        "2.fc1",
                                        "se.conv_expand",
                                        "2.fc2",
                                        "conv_pwl",
                                        "3.0",
                                        "bn3",
                                        "3.1",
                                        NULL};
    char before[64];
    int stage, block;
    const char *rest = in_block(name, &stage, &block);
    (void)table, (void)prefix;
    if (!rest) return dc3_renamed(name, around, "", name, text);
    snprintf(before, sizeof before, "features.%d.%d.block.", stage + 1, block);
    return dc3_renamed(rest, stage ? later : first, before, name, text);
}

/* Lite's blocks of lukemelas's efficientnet_pytorch are counted through: which variant it is tells where a
 * stage begins. timm's names are the family's own. */
static const char *efficientnet_lite(const dc3_table *table, const char *prefix, const char *name, char *text)
{
    enum { STAGES = 7 };
    static const int small[STAGES + 1] = {0, 1, 3, 5, 8, 11, 15, 16},
                                    large[STAGES + 1] = {0, 1, 4, 7, 11, 15, 20, 21};
    static const char *const around[] = {"_conv_stem", "conv_stem", "_bn0", "bn1", "_conv_head",
                                         "conv_head",  "_bn1",      "bn2",  NULL};
    static const char *const first[] = {"_depthwise_conv", "conv_dw", "_bn1", "bn1", "_project_conv",
                                        "conv_pw",         "_bn2",    "bn2",  NULL};
    static const char *const later[] = {"_expand_conv", "conv_pw", "_bn0", "bn1",           "_depthwise_conv",
                                        "conv_dw",      "_bn1",    "bn2",  "_project_conv", "conv_pwl",
                                        "_bn2",         "bn3",     NULL};
    char before[64], mark[DC3_NAME_SIZE];
    int block, used = 0, stage = 0;
    sscanf(name, "_blocks.%4d.%n", &block, &used);
    if (!used) return dc3_renamed(name, around, "", name, text);
    const int *begin =
        dc3_table_find(table, dc3_name(mark, "%s_blocks.16._depthwise_conv.weight", prefix)) ? large : small;
    if (block < 0 || block >= begin[STAGES]) return name; /* a block too many: no place of the network's */
    while (block >= begin[stage + 1]) stage++;
    snprintf(before, sizeof before, "blocks.%d.%d.", stage, block - begin[stage]);
    return dc3_renamed(name + used, stage ? later : first, before, name, text);
}

static const char *mobilenet(const dc3_table *table, const char *prefix, const char *name, char *text)
{
    enum { STAGES = 7 };
    static const int begin[STAGES + 1] = {1,  2,  4,  7,
                                          11, 14, 17, 18}; /* of the stages, as torchvision counts */
    static const char *const around[] = {"conv_stem",    "features.0.0",  "bn1",
                                         "features.0.1", "conv_head",     "features.18.0",
                                         "bn2",          "features.18.1", NULL};
    static const char *const first[] = {"conv_dw", "0.0", "bn1", "0.1", "conv_pw", "1", "bn2", "2", NULL};
    static const char *const later[] = {"conv_pw", "0.0",      "bn1", "0.1", "conv_dw", "1.0", "bn2",
                                        "1.1",     "conv_pwl", "2",   "bn3", "3",       NULL};
    char before[64];
    int stage, block;
    const char *rest = in_block(name, &stage, &block);
    (void)table, (void)prefix;
    if (!rest) return dc3_renamed(name, around, "", name, text);
    if (stage < 0 || stage >= STAGES || block < 0 || begin[stage] + block >= begin[stage + 1])
        return dc3_name(text, "features.%s", name); /* a block too many: no place of the network's */
    snprintf(before, sizeof before, "features.%d.conv.", begin[stage] + block);
    return dc3_renamed(rest, stage ? later : first, before, name, text);
}

static const char *vit(const dc3_table *table, const char *prefix, const char *name, char *text)
{
    static const char *const around[] = {"cls_token",
                                         "class_token",
                                         "pos_embed",
                                         "encoder.pos_embedding",
                                         "patch_embed.proj",
                                         "conv_proj",
                                         "norm",
                                         "encoder.ln",
                                         "pre_logits",
                                         "encoder.pre_logits",
                                         "fc_norm",
                                         "encoder.fc_norm",
                                         "norm_pre",
                                         "encoder.norm_pre",
                                         "head_dist",
                                         "encoder.head_dist",
                                         NULL};
    static const char *const inside[] = {"norm1",
                                         "ln_1",
                                         "attn.qkv.weight",
                                         "self_attention.in_proj_weight",
                                         "attn.qkv.bias",
                                         "self_attention.in_proj_bias",
                                         "attn.proj",
                                         "self_attention.out_proj",
                                         "norm2",
                                         "ln_2",
                                         "mlp.fc1",
                                         "mlp.0",
                                         "mlp.fc2",
                                         "mlp.3",
                                         NULL};
    char before[64];
    int layer, used = 0;
    (void)table, (void)prefix;
    sscanf(name, "blocks.%4d.%n", &layer, &used);
    if (!used) return dc3_renamed(name, around, "", name, text);
    snprintf(before, sizeof before, "encoder.layers.encoder_layer_%d.", layer);
    return dc3_renamed(name + used, inside, before, name, text);
}

static const char *swin(const dc3_table *table, const char *prefix, const char *name, char *text)
{
    static const char *const around[] = {"patch_embed.proj", "features.0.0", "patch_embed.norm",
                                         "features.0.2", NULL};
    static const char *const inside[] = {"mlp.fc1",     "mlp.0",           "mlp.fc2",
                                         "mlp.3",       "attn.q_bias",     "attn.qkv.bias#0",
                                         "attn.v_bias", "attn.qkv.bias#2", NULL};
    char before[64], mark[DC3_NAME_SIZE];
    int stage, block, used = 0;
    sscanf(name, "layers.%4d.blocks.%4d.%n", &stage, &block, &used);
    if (used) {
        snprintf(before, sizeof before, "features.%d.%d.", 2 * stage + 1, block);
        return dc3_renamed(name + used, inside, before, name, text);
    }
    sscanf(name, "layers.%4d.downsample.%n", &stage, &used);
    if (!used) return dc3_renamed(name, around, "", name, text);
    /* Since 0.9 at the beginning of a stage, at its end before. */
    int at_end =
        dc3_table_find(table, dc3_name(mark, "%slayers.0.downsample.reduction.weight", prefix)) != NULL;
    return dc3_name(text, "features.%d.%s", 2 * stage + 2 * at_end, name + used);
}

static const char *vgg(const dc3_table *table, const char *prefix, const char *name, char *text)
{
    static const char *const around[] = {"pre_logits.fc1", "classifier.0", "pre_logits.fc2", "classifier.3",
                                         NULL};
    (void)table, (void)prefix;
    return dc3_renamed(name, around, "", name, text);
}

#define MARKS(...)                                                                                           \
    (const char *const[])                                                                                    \
    {                                                                                                        \
        __VA_ARGS__, NULL                                                                                    \
    }

static const dc3_naming namings[] = {
    /* Relatives that would else be taken for one of ours, or for nothing. */
    {NULL, MARKS("features.1.running_mean", "features.15.weight"), NULL, "a VGG with batch norm", 0, 0},
    {NULL, MARKS("conv1.0.weight", "layer1.0.conv1.weight"), NULL, "a ResNet with a stem of several layers",
     0, 0},
    {NULL, MARKS("features.denseblock1.denselayer1.conv1.weight"), NULL, "a DenseNet", 0, 0},
    {NULL, MARKS("stages.0.blocks.0.conv_dw.weight"), NULL, "a ConvNeXt", 0, 0},
    {NULL, MARKS("features.1.0.layer_scale"), NULL, "a ConvNeXt", 0, 0},
    {NULL, MARKS("features.1.0.attn.relative_position_bias_table"), NULL, "a Swin Transformer of version 1",
     0, 0},
    {NULL, MARKS("layers.0.blocks.0.attn.relative_position_bias_table"), NULL,
     "a Swin Transformer of version 1", 0, 0},
    {NULL, MARKS("encoder.layers.0.blocks.0.attention.self.relative_position_bias_table"), NULL,
     "a Swin Transformer of version 1", 0, 0},
    {NULL, MARKS("embeddings.distillation_token", "embeddings.position_embeddings"), NULL,
     "a DeiT with a distillation token", 0, 0},
    {NULL, MARKS("dist_token", "pos_embed"), NULL, "a DeiT with a distillation token", 0, 0},
    {NULL, MARKS("encoder.stages.0.layers.0.dwconv.weight"), NULL, "a ConvNeXt", 0, 0},
    {NULL, MARKS("conv_stem.first_conv.convolution.weight"), NULL,
     "a MobileNet of transformers, which pads as TensorFlow does", 0, 0},
    {NULL, MARKS("encoder.blocks.0.depthwise_conv.depthwise_conv.weight"), NULL,
     "an EfficientNet of transformers, which pads as TensorFlow does", 0, 0},
    {NULL, MARKS("Conv2d_1a_3x3.conv.weight"), NULL, "an Inception v3", 0, 0},
    {&dc3_kind_resnet, MARKS("conv1.weight", "layer1.0.conv1.weight", "layer2.0.shortcut.0.weight"),
     with_shortcuts, "pytorch-cifar", 0, 0},
    {&dc3_kind_resnet, MARKS("conv1.weight", "layer1.0.conv1.weight"), NULL, NULL, 0, 0},
    {&dc3_kind_vgg, MARKS("features.3.weight", "features.18.weight", "pre_logits.fc1.weight"), vgg, "timm", 0,
     0},
    {&dc3_kind_vgg, MARKS("features.3.weight", "features.18.weight"), NULL, NULL, 0, 0},
    {&dc3_kind_alexnet, MARKS("features.3.weight", "features.10.weight", "classifier.4.weight"), NULL, NULL,
     0, 0},
    {&dc3_kind_convnet, MARKS("features.0.weight", "features.1.weight", "features.4.weight"), NULL, NULL, 0,
     0},
    {&dc3_kind_speednet, MARKS("whiten.weight", "block1.conv1.weight", "block1.norm1.running_mean"), NULL,
     NULL, 0, 0},
    {&dc3_kind_mobilenet, MARKS("features.18.0.weight", "features.1.conv.0.0.weight"), NULL, NULL, 0, 0},
    {&dc3_kind_efficientnet, MARKS("features.8.0.weight", "features.1.0.block.0.0.weight"), NULL, NULL, 0, 0},
    {&dc3_kind_efficientnet,
     MARKS("conv_stem.weight", "blocks.0.0.conv_dw.weight", "blocks.0.0.se.conv_reduce.weight"), efficientnet,
     "timm", 0, 0},
    {NULL, MARKS("_conv_stem.weight", "_blocks.0._se_reduce.weight"), NULL,
     "an EfficientNet of efficientnet_pytorch, which pads as TensorFlow does", 0, 0},
    {&dc3_kind_efficientnet_lite, MARKS("_conv_stem.weight", "_blocks.1._expand_conv.weight"),
     efficientnet_lite, "efficientnet_lite_pytorch", 0, 0},
    {&dc3_kind_efficientnet_lite,
     MARKS("conv_stem.weight", "blocks.0.0.conv_dw.weight", "blocks.5.3.conv_pwl.weight", "conv_head.weight"),
     NULL, "timm's tf_efficientnet_lite", 0, 0},
    {&dc3_kind_mobilenet,
     MARKS("conv_stem.weight", "blocks.0.0.conv_dw.weight", "blocks.1.0.conv_pwl.weight"), mobilenet, "timm",
     0, 0},
    {&dc3_kind_vit, MARKS("conv_proj.weight", "encoder.pos_embedding"), NULL, NULL, 0, 0},
    {&dc3_kind_vit, MARKS("patch_embed.proj.weight", "cls_token", "pos_embed", "blocks.0.attn.qkv.weight"),
     vit, "timm", 0, 0},
    {&dc3_kind_swin, MARKS("features.1.0.attn.logit_scale"), NULL, NULL, 0, 0},
    {&dc3_kind_swin, MARKS("patch_embed.proj.weight", "layers.0.blocks.0.attn.logit_scale"), swin, "timm",
     256, 0},

    {&dc3_kind_vit,
     MARKS("embeddings.cls_token", "embeddings.position_embeddings",
           "encoder.layer.0.layernorm_before.weight"),
     dc3_names_vit_transformers, "transformers", 0, 1e-12f},
    {&dc3_kind_vit,
     MARKS("embeddings.cls_token", "embeddings.position_embeddings", "layers.0.attention.q_proj.weight"),
     dc3_names_vit_transformers, "transformers", 0, 1e-12f},
    {&dc3_kind_resnet,
     MARKS("embedder.embedder.convolution.weight", "encoder.stages.0.layers.0.layer.1.convolution.weight"),
     dc3_names_resnet_transformers, "transformers", 0, 0},
    {&dc3_kind_swin, MARKS("embeddings.norm.weight", "encoder.layers.0.blocks.0.attention.self.logit_scale"),
     dc3_names_swin_transformers, "transformers", 256, 0}};

const dc3_naming *dc3_naming_at(int i)
{
    return i < (int)(sizeof namings / sizeof *namings) ? &namings[i] : NULL;
}
