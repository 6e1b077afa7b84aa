/* Configurations of generators as they are published, what is refused of others, and the size and the cost of
 * the published diffusion transformers. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "nn/clip_text.h"
#include "nn/dit.h"
#include "nn/position_embedding.h"
#include "nn/unet_2d_condition.h"

/* Of facebook/DiT-XL-2-256. */
static const char dit_xl[] =
    "{\"_class_name\": \"Transformer2DModel\", \"activation_fn\": \"gelu-approximate\", \"attention_bias\": "
    "true, "
    "\"attention_head_dim\": 72, \"cross_attention_dim\": null, \"double_self_attention\": false, "
    "\"dropout\": 0.0, "
    "\"in_channels\": 4, \"norm_elementwise_affine\": false, \"norm_eps\": 1e-05, \"norm_num_groups\": 32, "
    "\"norm_type\": \"ada_norm_zero\", \"num_attention_heads\": 16, \"num_embeds_ada_norm\": 1000, "
    "\"num_layers\": 28, "
    "\"num_vector_embeds\": null, \"only_cross_attention\": false, \"out_channels\": 8, \"patch_size\": 2, "
    "\"sample_size\": 32, \"upcast_attention\": false, \"use_linear_projection\": false}";

#define SD_BLOCKS                                                                                            \
    "\"act_fn\": \"silu\", \"block_out_channels\": [320, 640, 1280, 1280], \"center_input_sample\": false, " \
    "\"down_block_types\": [\"CrossAttnDownBlock2D\", \"CrossAttnDownBlock2D\", \"CrossAttnDownBlock2D\", "  \
    "\"DownBlock2D\"], \"downsample_padding\": 1, \"flip_sin_to_cos\": true, \"freq_shift\": 0, "            \
    "\"in_channels\": 4, \"layers_per_block\": 2, \"mid_block_scale_factor\": 1, \"norm_eps\": 1e-05, "      \
    "\"norm_num_groups\": 32, \"out_channels\": 4, \"sample_size\": 64, \"up_block_types\": "                \
    "[\"UpBlock2D\", "                                                                                       \
    "\"CrossAttnUpBlock2D\", \"CrossAttnUpBlock2D\", \"CrossAttnUpBlock2D\"]"
/* Of Stable Diffusion 1.5 and 2.1. */
static const char sd1_unet[] = "{\"_class_name\": \"UNet2DConditionModel\", \"attention_head_dim\": 8, "
                               "\"cross_attention_dim\": 768, " SD_BLOCKS "}";
static const char sd2_unet[] =
    "{\"_class_name\": \"UNet2DConditionModel\", \"attention_head_dim\": [5, 10, 20, 20], "
    "\"cross_attention_dim\": 1024, "
    "\"dual_cross_attention\": false, \"num_class_embeds\": null, \"only_cross_attention\": false, "
    "\"upcast_attention\": true, \"use_linear_projection\": true, " SD_BLOCKS "}";
static const char sd2_text[] =
    "{\"architectures\": [\"CLIPTextModel\"], \"attention_dropout\": 0.0, \"bos_token_id\": 0, \"dropout\": "
    "0.0, "
    "\"eos_token_id\": 2, \"hidden_act\": \"gelu\", \"hidden_size\": 1024, \"initializer_factor\": 1.0, "
    "\"initializer_range\": 0.02, \"intermediate_size\": 4096, \"layer_norm_eps\": 1e-05, "
    "\"max_position_embeddings\": 77, \"model_type\": \"clip_text_model\", \"num_attention_heads\": 16, "
    "\"num_hidden_layers\": 23, \"pad_token_id\": 1, \"projection_dim\": 512, \"vocab_size\": 49408}";

/* A file with this text; its name lasts until the next. */
static const char *file_of(const char *text)
{
    static char path[64];
    strcpy(path, "/tmp/dc3-config-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    return path;
}

static dc3_status read_dit(const char *text, dc3_dit_config *c)
{
    const char *path = file_of(text);
    dc3_status status = dc3_dit_config_read(path, c);
    unlink(path);
    return status;
}

static dc3_status read_unet(const char *text, dc3_unet_config *c)
{
    const char *path = file_of(text);
    dc3_status status = dc3_unet_config_read(path, c);
    unlink(path);
    return status;
}

static void published(void **state)
{
    (void)state;
    dc3_dit_config d;
    dc3_unet_config u;
    dc3_clip_text_config t;
    assert_int_equal(read_dit(dit_xl, &d), DC3_OK);
    assert_int_equal(d.in_channels, 4);
    assert_int_equal(d.out_channels, 8);
    assert_int_equal(d.hidden, 1152);
    assert_int_equal(d.heads, 16);
    assert_int_equal(d.layers, 28);
    assert_int_equal(d.classes, 1000);
    assert_int_equal(d.size, 32);
    assert_int_equal(read_unet(sd1_unet, &u), DC3_OK);
    assert_int_equal(u.in_channels, 4);
    assert_int_equal(u.text_channels, 768);
    assert_int_equal(u.heads[0], 8);
    assert_int_equal(u.heads[3], 8);
    assert_int_equal(u.linear_projection, 0);
    assert_int_equal(read_unet(sd2_unet, &u), DC3_OK);
    assert_int_equal(u.text_channels, 1024);
    assert_int_equal(u.heads[0], 5);
    assert_int_equal(u.heads[2], 20);
    assert_int_equal(u.linear_projection, 1);
    const char *path = file_of(sd2_text);
    assert_int_equal(dc3_clip_text_config_read(path, &t), DC3_OK);
    unlink(path);
    assert_int_equal(t.act, DC3_ACT_GELU_ERF);
    assert_int_equal(t.layers, 23);
    assert_int_equal(t.hidden, 1024);
}

/* `text` with `to` for `from`. */
static const char *changed(const char *text, const char *from, const char *to)
{
    static char out[4096];
    const char *at = strstr(text, from);
    assert_non_null(at);
    snprintf(out, sizeof out, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    return out;
}

/* Each setting that is not followed is named. */
static void refused(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to, *name;
    } dits[] = {{"gelu-approximate", "geglu", "activation_fn"},
                {"ada_norm_zero", "ada_norm_single", "norm_type"},
                {"\"norm_elementwise_affine\": false", "\"norm_elementwise_affine\": true",
                 "norm_elementwise_affine"},
                {"\"cross_attention_dim\": null", "\"cross_attention_dim\": 768", "cross_attention_dim"},
                {"\"patch_size\": 2, ", "", "patch_size"},
                {"\"dropout\": 0.0", "\"dropout\": 0.1", "dropout"},
                {"Transformer2DModel", "PixArtTransformer2DModel", "_class_name"},
                {"\"patch_size\": 2", "\"patch_size\": 3", "patches of 3"},
                {"\"attention_head_dim\": 72", "\"attention_head_dim\": 0", "attention_head_dim"}},
      unets[] = {
          {"\"num_class_embeds\": null", "\"num_class_embeds\": 1000", "num_class_embeds"},
          {"\"dual_cross_attention\": false", "\"dual_cross_attention\": true", "dual_cross_attention"},
          {"\"only_cross_attention\": false", "\"only_cross_attention\": [true, true, true, false]",
           "only_cross_attention"},
          {"\"upcast_attention\": true", "\"resnet_out_scale_factor\": 1.4", "resnet_out_scale_factor"},
          {"\"upcast_attention\": true", "\"addition_embed_type\": \"text_time\"", "addition_embed_type"},
          {"[5, 10, 20, 20]", "[5, 10, 20]", "attention_head_dim"},
          {"\"UpBlock2D\"", "\"AttnUpBlock2D\"", "up_block_types"}};
    dc3_dit_config d;
    dc3_unet_config u;
    for (size_t i = 0; i < sizeof dits / sizeof *dits; i++) {
        assert_int_not_equal(read_dit(changed(dit_xl, dits[i].from, dits[i].to), &d), DC3_OK);
        if (!strstr(dc3_error_text(), dits[i].name))
            fail_msg("no '%s' in: %s", dits[i].name, dc3_error_text());
    }
    for (size_t i = 0; i < sizeof unets / sizeof *unets; i++) {
        assert_int_not_equal(read_unet(changed(sd2_unet, unets[i].from, unets[i].to), &u), DC3_OK);
        if (!strstr(dc3_error_text(), unets[i].name))
            fail_msg("no '%s' in: %s", unets[i].name, dc3_error_text());
    }
}

/* The tensors of a network by its authors' names, all views of the same zeros but for the positions. */
typedef struct zeros {
    dc3_table *table;
    void *memory;
} zeros;

static void add(zeros *z, const char *name, int ndim, int64_t a, int64_t b, int64_t c, int64_t d)
{
    assert_int_equal(
        dc3_table_add(z->table, name, dc3_view(z->memory, DC3_F32, ndim, (int64_t[]){a, b, c, d})), DC3_OK);
}

static void add_linear(zeros *z, const char *prefix, int64_t co, int64_t ci)
{
    char name[120];
    snprintf(name, sizeof name, "%s.weight", prefix);
    add(z, name, 2, co, ci, 0, 0);
    snprintf(name, sizeof name, "%s.bias", prefix);
    add(z, name, 1, co, 0, 0, 0);
}

static dc3_table *published_table(int64_t c, int layers, int64_t patch)
{
    static const struct {
        const char *name;
        int co, ci; /* in units of the width */
    } parts[] = {{"adaLN_modulation.1", 6, 1},
                 {"attn.qkv", 3, 1},
                 {"attn.proj", 1, 1},
                 {"mlp.fc1", 4, 1},
                 {"mlp.fc2", 1, 4}};
    int64_t side = 32 / patch;
    zeros z = {dc3_table_new("published"), calloc((size_t)((6 * c + 1001) * c), sizeof(float))};
    float *places = malloc((size_t)(side * side * c) * sizeof *places);
    char name[80];
    assert_int_equal(dc3_table_own(z.table, z.memory, free), DC3_OK);
    assert_int_equal(dc3_table_own(z.table, places, free), DC3_OK);
    dc3_position_embedding(c, side, side, side, places);
    assert_int_equal(
        dc3_table_add(z.table, "pos_embed", dc3_view(places, DC3_F32, 3, (int64_t[]){1, side * side, c})),
        DC3_OK);
    add(&z, "x_embedder.proj.weight", 4, c, 4, patch, patch);
    add(&z, "x_embedder.proj.bias", 1, c, 0, 0, 0);
    add_linear(&z, "t_embedder.mlp.0", c, 256);
    add_linear(&z, "t_embedder.mlp.2", c, c);
    add(&z, "y_embedder.embedding_table.weight", 2, 1001, c, 0, 0);
    for (int i = 0; i < layers; i++)
        for (size_t k = 0; k < sizeof parts / sizeof *parts; k++) {
            snprintf(name, sizeof name, "blocks.%d.%s", i, parts[k].name);
            add_linear(&z, name, parts[k].co * c, parts[k].ci * c);
        }
    add_linear(&z, "final_layer.adaLN_modulation.1", 2 * c, c);
    add_linear(&z, "final_layer.linear", patch * patch * 8, c);
    return z.table;
}

/* FLOPs of one image at 256 pixels, 2 for a multiply-add. */
static double flops_of(dc3_dit *dit)
{
    dc3_ctx *ctx;
    assert_int_equal(dc3_ctx_open(NULL, DC3_F32, 1, DC3_CTX_COUNT, &ctx), DC3_OK);
    dc3_tensor x = dc3_new(ctx, DC3_F32, 4, (int64_t[]){1, 32, 32, 4});
    dc3_tensor y = dc3_dit_of(ctx, dit, x, (float[]){500}, (int64_t[]){1000});
    assert_int_equal(dc3_ctx_status(ctx), DC3_OK);
    assert_int_equal(y.shape[3], 8);
    dc3_profile p = dc3_ctx_profile(ctx);
    double flops = 0;
    for (int i = 0; i < DC3_OP_KINDS; i++) flops += p.flops[i];
    dc3_ctx_close(&ctx);
    return flops;
}

/* Peebles and Xie 2023, tables 1 and 4: millions of parameters, and billions of multiply-adds (their Gflops)
 * of an image of 256 pixels. */
static void sizes(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int64_t width, patch;
        int layers;
        double parameters, flops;
    } kinds[] = {{"S/2", 384, 2, 12, 33, 6.06},     {"B/2", 768, 2, 12, 130, 23.01},
                 {"L/2", 1024, 2, 24, 458, 80.71},  {"XL/2", 1152, 2, 28, 675, 118.64},
                 {"XL/4", 1152, 4, 28, 676, 29.05}, {"XL/8", 1152, 8, 28, 676, 7.39}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        dc3_dit_config config;
        dc3_dit *dit;
        dc3_table *table = published_table(kinds[i].width, kinds[i].layers, kinds[i].patch);
        assert_int_equal(dc3_dit_config_of(table, 0, &config), DC3_OK);
        assert_int_equal(config.layers, kinds[i].layers);
        assert_int_equal(config.size, 32);
        assert_int_equal(config.classes, 1000);
        assert_int_equal(config.out_channels, 8);
        if (dc3_dit_open(NULL, &config, &table, &dit) != DC3_OK) fail_msg("%s", dc3_error_text());
        double parameters = dc3_dit_parameters(dit) / 1e6, flops = flops_of(dit) / 2e9;
        print_message("DiT-%s: %.1f million parameters, %.2f billion multiply-adds\n", kinds[i].name,
                      parameters, flops);
        assert_true(fabs(parameters - kinds[i].parameters) < 1.5);
        assert_true(fabs(flops / kinds[i].flops - 1) < 0.01);
        dc3_dit_close(&dit);
    }
}

static void expect(dc3_status found, dc3_status status, const char *words)
{
    assert_int_equal(found, status);
    if (!strstr(dc3_error_text(), words)) fail_msg("no '%s' in: %s", words, dc3_error_text());
}

/* Sizes that a file gives in a header of a few bytes, none of which may overflow or be divided by. */
static void sizes_of_files(void **state)
{
    (void)state;
    static const struct {
        int64_t patches[4], classes, outputs, positions;
        const char *words;
    } bad[] = {{{64, 0, 4294967296, 1}, 11, 32, 16, "1x4294967296 pixels in 0 channels to 64"},
               {{64, 0, 4294967296, 4294967296}, 11, 32, 16, "in 0 channels to 64"},
               {{64, 4, 2, 3}, 11, 32, 16, "patches of 3x2 pixels"},
               {{64, 4, 65, 65}, 11, 32, 16, "patches of 65x65 pixels"},
               {{64, 65, 2, 2}, 11, 32, 16, "in 65 channels to 64"},
               {{0, 4, 2, 2}, 11, 32, 16, "in 4 channels to 0"},
               {{64, 4, 0, 0}, 11, 32, 16, "patches of 0x0 pixels"},
               {{64, 4, 2, 2}, 1, 32, 16, "0 classes and 32 outputs"},
               {{64, 4, 2, 2}, 11, 0, 16, "10 classes and 0 outputs"},
               {{64, 4, 2, 2}, 11, 30, 16, "10 classes and 30 outputs"},
               {{64, 4, 2, 2}, 11, 32, 15, "15 positions"},
               {{64, 4, 2, 2}, 11, 32, 0, "0 positions"},
               {{64, 4, 2, 2}, 11, 32, INT64_MAX, "9223372036854775807 positions"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const int64_t *s = bad[i].patches;
        dc3_dit_config config;
        zeros z = {dc3_table_new("test"), NULL};
        add(&z, "x_embedder.proj.weight", 4, s[0], s[1], s[2], s[3]);
        add(&z, "y_embedder.embedding_table.weight", 2, bad[i].classes, s[0], 0, 0);
        add(&z, "final_layer.linear.weight", 2, bad[i].outputs, s[0], 0, 0);
        add(&z, "pos_embed", 3, 1, bad[i].positions, s[0], 0);
        add(&z, "blocks.0.attn.qkv.weight", 2, 3 * s[0], s[0], 0, 0);
        expect(dc3_dit_config_of(z.table, 4, &config), DC3_ERR_FORMAT, bad[i].words);
        dc3_table_close(&z.table);
    }
}

/* Files that are none, or of something else; inputs out of range. */
static void bad_input(void **state)
{
    (void)state;
    dc3_dit_config config;
    dc3_dit *dit;
    dc3_ctx *ctx;
    dc3_table *table = published_table(64, 2, 2);
    expect(dc3_dit_config_of(table, 0, &config), DC3_ERR_UNSUPPORTED, "64 channels");
    assert_int_equal(dc3_dit_config_of(table, 4, &config), DC3_OK);
    ((float *)dc3_table_find(table, "pos_embed")->data)[70] += 0.1f;
    expect(dc3_dit_open(NULL, &config, &table, &dit), DC3_ERR_UNSUPPORTED, "'pos_embed' is up to 0.1");
    assert_null(dit);
    assert_null(table);
    table = published_table(64, 2, 2);
    config.classes = 10;
    expect(dc3_dit_open(NULL, &config, &table, &dit), DC3_ERR_FORMAT, "y_embedder.embedding_table.weight");
    table = published_table(64, 2, 2);
    config.classes = 1000, config.layers = 1;
    expect(dc3_dit_open(NULL, &config, &table, &dit), DC3_ERR_FORMAT,
           "'blocks.1.adaLN_modulation.1' is there");
    table = dc3_table_new("empty");
    expect(dc3_dit_config_of(table, 0, &config), DC3_ERR_FORMAT, "x_embedder.proj.weight");
    dc3_table_close(&table);
    table = published_table(64, 2, 2);
    assert_int_equal(dc3_dit_config_of(table, 4, &config), DC3_OK);
    assert_int_equal(dc3_dit_open(NULL, &config, &table, &dit), DC3_OK);
    assert_int_equal(dc3_ctx_open(NULL, DC3_F32, 1, DC3_CTX_FAST, &ctx), DC3_OK);
    dc3_dit_of(ctx, dit, dc3_new(ctx, DC3_F32, 4, (int64_t[]){1, 8, 7, 4}), (float[]){1}, (int64_t[]){0});
    expect(dc3_ctx_status(ctx), DC3_ERR_ARGUMENT, "7x8 pixels are no whole patches of 2");
    dc3_ctx_clear(ctx);
    dc3_dit_of(ctx, dit, dc3_new(ctx, DC3_F32, 4, (int64_t[]){1, 8, 8, 4}), (float[]){1}, (int64_t[]){1001});
    expect(dc3_ctx_status(ctx), DC3_ERR_ARGUMENT,
           "class 1001: the model has classes 0 to 999 (and 1000 for none)");
    /* What fails first is what is told. */
    dc3_ctx_clear(ctx);
    dc3_dit_of(ctx, dit, dc3_new(ctx, DC3_F32, 4, (int64_t[]){1, 8, 8, 3}), (float[]){1}, (int64_t[]){0});
    expect(dc3_ctx_status(ctx), DC3_ERR_ARGUMENT, "3 channels");
    dc3_dit_close(&dit);
    dc3_ctx_close(&ctx);
}

/* The answer to an image that is not zero. */
static void check_zero(dc3_dit *dit)
{
    dc3_ctx *ctx;
    float x[8 * 8 * 4];
    for (int i = 0; i < 8 * 8 * 4; i++) x[i] = (float)(i % 7) - 3;
    assert_int_equal(dc3_ctx_open(NULL, DC3_F32, 1, DC3_CTX_FAST, &ctx), DC3_OK);
    dc3_tensor y = dc3_dit_of(ctx, dit, dc3_upload(ctx, DC3_F32, 4, (int64_t[]){1, 8, 8, 4}, x),
                              (float[]){500}, (int64_t[]){3});
    assert_int_equal(dc3_ctx_status(ctx), DC3_OK);
    assert_int_equal(dc3_count(&y), 8 * 8 * 8);
    for (int i = 0; i < 8 * 8 * 8; i++) assert_true(((const float *)y.data)[i] == 0);
    dc3_ctx_close(&ctx);
}

/* A new network: what is zero, how the rest is spread, the same for a seed; its answer is zero. */
static void new_network(void **state)
{
    (void)state;
    const dc3_dit_config config = {.in_channels = 4,
                                   .out_channels = 8,
                                   .patch = 2,
                                   .size = 8,
                                   .heads = 4,
                                   .hidden = 64,
                                   .classes = 10,
                                   .layers = 2,
                                   .attention_bias = 1,
                                   .norm_eps = 1e-6f};
    dc3_dit *dit, *again;
    size_t count, same;
    assert_int_equal(dc3_dit_open_to_train(NULL, &config, NULL, 3, &dit), DC3_OK);
    assert_int_equal(dc3_dit_open_to_train(NULL, &config, NULL, 3, &again), DC3_OK);
    dc3_param *p = dc3_dit_params(dit, &count), *q = dc3_dit_params(again, &same);
    assert_int_equal(count, same);
    for (size_t i = 0; i < count; i++) {
        int64_t n = dc3_count(&p[i].value);
        const float *x = p[i].value.data;
        double square = 0, wanted;
        for (int64_t k = 0; k < n; k++) square += (double)x[k] * x[k] / (double)n;
        const int64_t *shape = p[i].value.shape;
        int normal = !strncmp(p[i].name, "t_embedder", 10) || !strncmp(p[i].name, "y_embedder", 10);
        int zero = strstr(p[i].name, "bias") || strstr(p[i].name, "adaLN") || !strncmp(p[i].name, "final", 5);
        /* Uniform in +- b has variance b^2 / 3 = 2 / (fan in + outputs). */
        wanted = zero ? 0 : normal ? 0.02 * 0.02 : 2 / ((double)n / (double)shape[0] + (double)shape[0]);
        if (!(fabs(square - wanted) <= 0.15 * wanted))
            fail_msg("%s: mean square %g, expected %g", p[i].name, square, wanted);
        assert_memory_equal(x, q[i].value.data, (size_t)n * sizeof *x);
    }
    check_zero(dit);
    dc3_dit_close(&dit);
    dc3_dit_close(&again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(published),      cmocka_unit_test(refused),
                                       cmocka_unit_test(sizes),          cmocka_unit_test(bad_input),
                                       cmocka_unit_test(sizes_of_files), cmocka_unit_test(new_network)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
