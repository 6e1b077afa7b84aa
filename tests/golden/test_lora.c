/* LoRA files as diffusers and kohya's scripts write them, merged into the weights of a U-Net and a text
 * encoder, against what diffusers and peft compute with them (tools/golden/lora.py); files that fit nothing.
 */
#include "support/hash_weights.h"
#include "support/device_values.h"
#include <stdio.h>
#include <unistd.h>
#include "io/json.h"
#include "io/safetensors.h"
#include "nn/clip_text.h"
#include "nn/adapters/lora.h"
#include "nn/unet_2d_condition.h"

static const double limit = 1e-4;

static json_t *nets;
static dc3_table *golden, *inputs;
static dc3_ctx *ctx;

static int open_files(void **state)
{
    (void)state;
    return dc3_json_read(DC3_TEST_DATA "/generators/nets.json", 1 << 20, &nets) != DC3_OK ||
           dc3_safetensors_open(DC3_TEST_DATA "/generators/golden.safetensors", &inputs) != DC3_OK ||
           dc3_safetensors_open(DC3_TEST_DATA "/lora/golden.safetensors", &golden) != DC3_OK ||
           dc3_ctx_open(NULL, DC3_F32, 2, DC3_CTX_FAST, &ctx) != DC3_OK;
}

static int close_files(void **state)
{
    (void)state;
    json_decref(nets);
    dc3_table_close(&golden);
    dc3_table_close(&inputs);
    dc3_ctx_close(&ctx);
    return 0;
}

static void must(dc3_status status)
{
    if (status != DC3_OK) fail_msg("%s", dc3_error_text());
}

static double distance_to(dc3_tensor y, const char *file, const char *part)
{
    char name[80];
    snprintf(name, sizeof name, "%s.%s", file, part);
    must(dc3_ctx_status(ctx));
    const dc3_tensor *wanted = dc3_table_find(golden, name);
    assert_non_null(wanted);
    return relative_error(y, wanted);
}

/* The U-Net's result with these weights, which it takes over. */
static double unet_of(dc3_table *table, const char *file)
{
    dc3_unet_config config;
    dc3_unet *unet;
    must(dc3_unet_config_read(DC3_TEST_DATA "/generators/unet_sd1.json", &config));
    must(dc3_unet_open(NULL, &config, &table, &unet));
    float *x = hash_inputs("unet_sd1.x", 2, 4, 64), *text = hash_inputs("unet_sd1.text", 2 * 7, 12, 1);
    dc3_scope scope = dc3_scope_open(ctx);
    dc3_tensor y = dc3_unet_denoise(ctx, unet, dc3_upload(ctx, DC3_F32, 4, (int64_t[]){2, 8, 8, 4}, x),
                                    dc3_table_find(inputs, "unet_sd1.timesteps")->data,
                                    dc3_upload(ctx, DC3_F32, 3, (int64_t[]){2, 7, 12}, text));
    double d = distance_to(y, file, "unet");
    dc3_scope_close(ctx, scope);
    dc3_unet_close(&unet);
    free(x), free(text);
    return d;
}

static double text_of(dc3_table *table, const char *file)
{
    dc3_clip_text_config config;
    dc3_clip_text *text;
    const dc3_tensor *ids = dc3_table_find(inputs, "text.ids");
    must(dc3_clip_text_config_read(DC3_TEST_DATA "/generators/text.json", &config));
    must(dc3_clip_text_open(NULL, &config, &table, &text));
    dc3_scope scope = dc3_scope_open(ctx);
    double d = distance_to(dc3_clip_text_of(ctx, text, 2, ids->shape[1], ids->data), file, "text");
    dc3_scope_close(ctx, scope);
    dc3_clip_text_close(&text);
    return d;
}

static dc3_table *with(const char *net, dc3_lora *lora, dc3_lora_part part, double scale)
{
    dc3_table *table = hash_weights_table(nets, net);
    assert_non_null(table);
    must(dc3_lora_merge(lora, part, scale, &table));
    return table;
}

static void check(const char *file, const char *path, size_t of_unet, size_t of_text)
{
    char whole[512];
    dc3_lora *lora;
    snprintf(whole, sizeof whole, "%s/lora/%s", DC3_TEST_DATA, path);
    must(dc3_lora_open(whole, &lora));
    assert_int_equal(dc3_lora_count(lora, DC3_LORA_UNET), of_unet);
    assert_int_equal(dc3_lora_count(lora, DC3_LORA_TEXT_ENCODER), of_text);
    double none = unet_of(with("unet_sd1", lora, DC3_LORA_UNET, 0), "none");
    double far = unet_of(with("unet_sd1", lora, DC3_LORA_UNET, 0), file);
    double near = unet_of(with("unet_sd1", lora, DC3_LORA_UNET, 1), file);
    print_message("%s: %.1e, without %.1e\n", file, near, far);
    assert_true(none < limit && near < limit && far > 100 * limit);
    if (of_text) {
        far = text_of(with("text", lora, DC3_LORA_TEXT_ENCODER, 0), file);
        near = text_of(with("text", lora, DC3_LORA_TEXT_ENCODER, 1), file);
        assert_true(near < limit && far > 100 * limit);
    }
    /* Twice half of it is all of it. */
    dc3_table *table = with("unet_sd1", lora, DC3_LORA_UNET, 0.5);
    must(dc3_lora_merge(lora, DC3_LORA_UNET, 0.5, &table));
    assert_true(unet_of(table, file) < limit);
    dc3_lora_close(&lora);
    assert_null(lora);
}

static void diffusers(void **state)
{
    (void)state;
    check("diffusers", "diffusers", 32, 12);
}

static void diffusers_old(void **state)
{
    (void)state;
    check("old", "old.safetensors", 32, 0);
}

static void kohya(void **state)
{
    (void)state;
    check("kohya", "kohya.safetensors", 33, 6);
}

static void locon(void **state)
{
    (void)state;
    check("locon", "locon.safetensors", 79, 18);
}

/* kohya's adapters of attention stored again, in the form of diffusers: the same result, alpha and all.
 * DC3_LORA_FILE in the environment names where the file stays, for tools/golden/lora.py to load it by
 * diffusers. */
static void saved(void **state)
{
    (void)state;
    const char *kept = getenv("DC3_LORA_FILE");
    char path[] = "/tmp/dc3-lora-XXXXXX", name[300];
    dc3_table *file, *weights = hash_weights_table(nets, "unet_sd1");
    dc3_lora_layer layers[64];
    size_t count = 0;
    dc3_lora *lora;
    must(dc3_safetensors_open(DC3_TEST_DATA "/lora/kohya.safetensors", &file));
    for (size_t i = 0; i < dc3_table_size(weights) && count < 64; i++) {
        char module[200], key[200];
        snprintf(module, sizeof module, "%s", dc3_table_name(weights, i));
        if (!hash_ends_with(module, ".weight")) continue;
        module[strlen(module) - 7] = 0;
        snprintf(key, sizeof key, "%s", module);
        for (char *c = key; *c; c++) *c = *c == '.' ? '_' : *c;
        snprintf(name, sizeof name, "lora_unet_%s.lora_down.weight", key);
        const dc3_tensor *down = dc3_table_find(file, name);
        snprintf(name, sizeof name, "lora_unet_%s.lora_up.weight", key);
        const dc3_tensor *up = dc3_table_find(file, name);
        if (!down) continue;
        layers[count++] = (dc3_lora_layer){DC3_LORA_UNET, strdup(module), *down, *up, 2};
    }
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    must(dc3_lora_save(kept ? kept : path, layers, count));
    must(dc3_lora_open(kept ? kept : path, &lora));
    assert_int_equal(dc3_lora_count(lora, DC3_LORA_UNET), count);
    must(dc3_lora_merge(lora, DC3_LORA_UNET, 1, &weights));
    assert_true(unet_of(weights, "kohya") < limit);
    unlink(path);
    for (size_t i = 0; i < count; i++) free((char *)layers[i].module);
    dc3_lora_close(&lora);
    dc3_table_close(&file);
}

/* A file of the given tensors, all views of the same numbers, refused with these words. */
static void refuse(const char *const *names, const int64_t (*shapes)[2], int count, const char *words)
{
    static float values[256];
    char path[] = "/tmp/dc3-lora-XXXXXX";
    dc3_lora *lora;
    dc3_table *table = dc3_table_new("test"), *weights = hash_weights_table(nets, "unet_sd1"),
              *before = weights;
    for (int i = 0; i < count; i++)
        must(dc3_table_add(table, names[i], dc3_view(values, DC3_F32, 2, shapes[i])));
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    must(dc3_safetensors_save(path, table));
    dc3_status status = dc3_lora_open(path, &lora);
    if (status == DC3_OK) status = dc3_lora_merge(lora, DC3_LORA_UNET, 1, &weights);
    assert_int_not_equal(status, DC3_OK);
    if (!strstr(dc3_error_text(), words)) fail_msg("no '%s' in: %s", words, dc3_error_text());
    assert_ptr_equal(weights, before);
    unlink(path);
    dc3_lora_close(&lora);
    dc3_table_close(&table);
    dc3_table_close(&weights);
}

static void refused(void **state)
{
    (void)state;
#define Q "unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q."
    refuse((const char *[]){Q "lora_A.weight", Q "lora_B.weight"}, (const int64_t[][2]){{2, 9}, {8, 2}}, 2,
           "8 rows of 9 columns, but 'down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q.weight' has "
           "8 of 8");
    refuse((const char *[]){Q "lora_A.weight", Q "lora_B.weight"}, (const int64_t[][2]){{2, 8}, {8, 3}}, 2,
           "have ranks 2 and 3");
    refuse((const char *[]){Q "lora_A.weight"}, (const int64_t[][2]){{2, 8}}, 1, "without the other half");
    refuse((const char *[]){Q "lora_A.weight", Q "lora_B.weight", Q "lora_magnitude_vector"},
           (const int64_t[][2]){{2, 8}, {8, 2}, {1, 8}}, 3, "lora_magnitude_vector' is no part of a LoRA");
    refuse((const char *[]){"lora_unet_input_blocks_4_1_proj_in.lora_down.weight",
                            "lora_unet_input_blocks_4_1_proj_in.lora_up.weight"},
           (const int64_t[][2]){{2, 8}, {8, 2}}, 2,
           "1 of 1 adapters, such as 'lora_unet_input_blocks_4_1_proj_in");
    refuse((const char *[]){"lora_te1_text_model_encoder.lora_down.weight"}, (const int64_t[][2]){{2, 8}}, 1,
           "is no part of a LoRA");
    refuse((const char *[]){"lora_unet_down_blocks_0_resnets_0_conv1.lora_down.weight",
                            "lora_unet_down_blocks_0_resnets_0_conv1.lora_up.weight"},
           (const int64_t[][2]){{2, 8}, {8, 2}}, 2,
           "8 rows of 8 columns, but 'down_blocks.0.resnets.0.conv1.weight' has 8 of 72");
    refuse((const char *[]){"lora_unet_down_blocks_0_resnets_0_conv1.lora_mid.weight"},
           (const int64_t[][2]){{2, 2}}, 1, "other adapters (DoRA, LoHa, LoKr, or with a lora_mid)");
    refuse((const char *[]){"unet.lora_A.weight"}, (const int64_t[][2]){{2, 8}}, 1, "is no part of a LoRA");
    refuse((const char *[]){Q "alpha"}, (const int64_t[][2]){{2, 8}}, 1, "should be one number");
    refuse((const char *[]){"conv1.weight"}, (const int64_t[][2]){{2, 8}}, 1,
           "'conv1.weight' is no part of a LoRA");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(diffusers), cmocka_unit_test(diffusers_old),
                                       cmocka_unit_test(kohya),     cmocka_unit_test(locon),
                                       cmocka_unit_test(saved),     cmocka_unit_test(refused)};
    return cmocka_run_group_tests(tests, open_files, close_files);
}
