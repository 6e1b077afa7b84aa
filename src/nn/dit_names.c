#include "nn/dit_names.h"

#include <stdio.h>
#include <string.h>
#include "nn/module.h"

#define EMBEDDING "transformer_blocks.%d.norm1.emb."
static const dc3_dit_names diffusers = {.patches = "pos_embed.proj",
                                        .time1 = EMBEDDING "timestep_embedder.linear_1",
                                        .time2 = EMBEDDING "timestep_embedder.linear_2",
                                        .classes = EMBEDDING "class_embedder.embedding_table",
                                        .condition = "transformer_blocks.%d.norm1.linear",
                                        .q = "transformer_blocks.%d.attn1.to_q",
                                        .k = "transformer_blocks.%d.attn1.to_k",
                                        .v = "transformer_blocks.%d.attn1.to_v",
                                        .out = "transformer_blocks.%d.attn1.to_out.0",
                                        .fc1 = "transformer_blocks.%d.ff.net.0.proj",
                                        .fc2 = "transformer_blocks.%d.ff.net.2",
                                        .condition_last = "proj_out_1",
                                        .last = "proj_out_2",
                                        .freq_shift = 1};
static const dc3_dit_names authors = {.patches = "x_embedder.proj",
                                      .time1 = "t_embedder.mlp.0",
                                      .time2 = "t_embedder.mlp.2",
                                      .classes = "y_embedder.embedding_table",
                                      .condition = "blocks.%d.adaLN_modulation.1",
                                      .q = "blocks.%d.attn.qkv",
                                      .out = "blocks.%d.attn.proj",
                                      .fc1 = "blocks.%d.mlp.fc1",
                                      .fc2 = "blocks.%d.mlp.fc2",
                                      .condition_last = "final_layer.adaLN_modulation.1",
                                      .last = "final_layer.linear",
                                      .freq_shift = 0};

const dc3_dit_names *dc3_dit_names_of(const dc3_table *table)
{
    return !table || dc3_table_find(table, "pos_embed.proj.weight") ? &diffusers : &authors;
}

const char *dc3_dit_name(char *text, const char *form, int block)
{
    const char *at = strstr(form, "%d");
    if (!at) return dc3_name(text, "%s", form);
    return dc3_name(text, "%.*s%d%s", (int)(at - form), form, block, at + 2);
}

/* Whether block i's tensor of this form and ending is block 0's. */
static int is_same(const dc3_table *table, const char *form, const char *end, int i)
{
    const dc3_tensor *t[2];
    for (int k = 0; k < 2; k++) {
        char name[DC3_NAME_SIZE], whole[DC3_NAME_SIZE + 8];
        snprintf(whole, sizeof whole, "%s.%s", dc3_dit_name(name, form, k ? i : 0), end);
        t[k] = dc3_table_find(table, whole);
    }
    return t[0] && t[1] && t[0]->dtype == t[1]->dtype && dc3_count(t[0]) == dc3_count(t[1]) &&
           memcmp(t[0]->data, t[1]->data, dc3_bytes(t[0])) == 0;
}

int dc3_dit_embedders(const dc3_table *table, const dc3_dit_names *names, int layers, int trainable)
{
    const char *forms[] = {names->time1, names->time2, names->classes};
    if (!strstr(names->time1, "%d")) return 1;
    for (int i = 1; !trainable && i < layers; i++)
        for (int k = 0; k < 3; k++)
            if (!is_same(table, forms[k], "weight", i) || (k < 2 && !is_same(table, forms[k], "bias", i)))
                return layers;
    return trainable ? layers : 1;
}
