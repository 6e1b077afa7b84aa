/* Networks against states made with diffusers and transformers (tools/golden/networks.py), with the fast
 * kernels in f32 and bf16 and with the plain ones. */
#include "support/device_values.h"
#include "support/skips.h"
#include <omp.h>
#include <stdio.h>
#include "io/safetensors.h"
#include "io/weights.h"
#include "nn/autoencoder_kl.h"
#include "nn/clip_text.h"
#include "nn/unet_2d_condition.h"

typedef struct run {
    dc3_dtype dtype;
    dc3_ctx_mode mode;
    double limit; /* of the relative error of the whole tensor */
} run;

/* f32: accumulation in another order through some 50 layers. bf16: 8 bits of precision, once a layer. */
static const run runs[] = {
    {DC3_F32, DC3_CTX_FAST, 2e-5}, {DC3_F32, DC3_CTX_PLAIN, 2e-5}, {DC3_BF16, DC3_CTX_FAST, 4e-2}};

static void path_to(char *out, size_t size, const char *folder, const char *file)
{
    snprintf(out, size, "%s/%s%s%s", DC3_TEST_DATA, folder, *file ? "/" : "", file);
}

static dc3_table *open_golden(const char *folder)
{
    char path[512];
    dc3_table *table;
    path_to(path, sizeof path, folder, "golden.safetensors");
    if (dc3_safetensors_open(path, &table) != DC3_OK) fail_msg("%s", dc3_error_text());
    return table;
}

static void must(dc3_status status)
{
    if (status != DC3_OK) fail_msg("%s", dc3_error_text());
}

static void expect(dc3_ctx *ctx, const char *what, const run *r, dc3_tensor found, const dc3_tensor *wanted)
{
    if (dc3_ctx_status(ctx) != DC3_OK) fail_msg("%s: %s", what, dc3_error_text());
    double d = relative_error(found, wanted);
    if (!(d < r->limit))
        fail_msg("%s, %s, mode %d: relative error %g over %g", what, dc3_dtype_name(r->dtype), (int)r->mode,
                 d, r->limit);
}

static dc3_tensor input(dc3_ctx *ctx, const dc3_table *golden, const char *name)
{
    const dc3_tensor *t = dc3_table_find(golden, name);
    assert_non_null(t);
    return dc3_cast(ctx, dc3_on_device(ctx, *t), dc3_ctx_dtype(ctx));
}

static dc3_ctx *context(const run *r)
{
    dc3_ctx *ctx;
    if (r->dtype == DC3_BF16 && !can_bf16("a network")) return NULL;
    must(dc3_ctx_open(NULL, r->dtype, 2, r->mode, &ctx));
    return ctx;
}

static void check_clip(const char *folder)
{
    char path[512];
    dc3_table *golden = open_golden(folder);
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++) {
        dc3_ctx *ctx = context(&runs[i]);
        dc3_table *table;
        dc3_clip_text_config config;
        dc3_clip_text *text;
        if (!ctx) continue;
        path_to(path, sizeof path, folder, "config.json");
        must(dc3_clip_text_config_read(path, &config));
        path_to(path, sizeof path, folder, "");
        must(dc3_weights_open_model(path, "model", &table));
        must(dc3_clip_text_open(NULL, &config, &table, &text));
        const dc3_tensor *ids = dc3_table_find(golden, "ids");
        dc3_tensor y = dc3_clip_text_of(ctx, text, ids->shape[0], ids->shape[1], ids->data);
        expect(ctx, folder, &runs[i], y, dc3_table_find(golden, "states"));
        int64_t wrong = config.vocabulary;
        dc3_clip_text_of(ctx, text, 1, 1, &wrong);
        assert_int_equal(dc3_ctx_status(ctx), DC3_ERR_ARGUMENT);
        dc3_clip_text_close(&text);
        dc3_ctx_close(&ctx);
    }
    dc3_table_close(&golden);
}

static void check_vae(const char *folder)
{
    char path[512];
    dc3_table *golden = open_golden(folder);
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++) {
        dc3_ctx *ctx = context(&runs[i]);
        dc3_table *table;
        dc3_vae_config config;
        dc3_vae *vae;
        if (!ctx) continue;
        path_to(path, sizeof path, folder, "config.json");
        must(dc3_vae_config_read(path, &config));
        path_to(path, sizeof path, folder, "");
        must(dc3_weights_open_model(path, "diffusion_pytorch_model", &table));
        must(dc3_vae_open(NULL, &config, &table, &vae));
        expect(ctx, "encoder", &runs[i], dc3_vae_encode(ctx, vae, input(ctx, golden, "picture")),
               dc3_table_find(golden, "mean"));
        expect(ctx, "decoder", &runs[i], dc3_vae_decode(ctx, vae, input(ctx, golden, "z")),
               dc3_table_find(golden, "decoded"));
        dc3_vae_close(&vae);
        dc3_ctx_close(&ctx);
    }
    dc3_table_close(&golden);
}

static void check_unet(const char *folder)
{
    char path[512];
    dc3_table *golden = open_golden(folder);
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++) {
        dc3_ctx *ctx = context(&runs[i]);
        dc3_table *table;
        dc3_unet_config config;
        dc3_unet *unet;
        dc3_unet_time *time;
        if (!ctx) continue;
        path_to(path, sizeof path, folder, "config.json");
        must(dc3_unet_config_read(path, &config));
        path_to(path, sizeof path, folder, "");
        must(dc3_weights_open_model(path, "diffusion_pytorch_model", &table));
        must(dc3_unet_open(NULL, &config, &table, &unet));
        /* Step 1 of two, so that a wrong offset into the steps' table shows. */
        float t = *(const float *)dc3_table_find(golden, "t")->data;
        must(dc3_unet_time_open(ctx, unet, 2, (float[]){3, t}, &time));
        dc3_tensor kv[64];
        assert_true(dc3_unet_text_count(unet) <= 64);
        dc3_unet_text_of(ctx, unet, input(ctx, golden, "text"), kv);
        dc3_tensor x = input(ctx, golden, "x");
        expect(ctx, folder, &runs[i], dc3_unet_of(ctx, unet, x, time, 1, kv), dc3_table_find(golden, "y"));
        size_t bytes[3];
        for (int again = 0; again < 3; again++) {
            dc3_scope scope = dc3_scope_open(ctx);
            dc3_unet_of(ctx, unet, x, time, 1, kv);
            dc3_scope_close(ctx, scope);
            bytes[again] = dc3_ctx_bytes(ctx);
        }
        assert_int_equal(bytes[1], bytes[2]); /* a repeated step takes all its memory from the pool */
        dc3_unet_time_close(&time);
        dc3_unet_close(&unet);
        dc3_ctx_close(&ctx);
    }
    dc3_table_close(&golden);
}

static void clip_quick_gelu(void **state)
{
    (void)state;
    check_clip("clip_quick");
}

static void clip_gelu(void **state)
{
    (void)state;
    check_clip("clip_gelu");
}

static void vae_new_names(void **state)
{
    (void)state;
    check_vae("vae_new");
}

static void vae_old_names(void **state)
{
    (void)state;
    check_vae("vae_old");
}

static void unet_convolution_projection(void **state)
{
    (void)state;
    check_unet("unet_a");
}

static void unet_linear_projection(void **state)
{
    (void)state;
    check_unet("unet_b");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clip_quick_gelu),
        cmocka_unit_test(clip_gelu),
        cmocka_unit_test(vae_new_names),
        cmocka_unit_test(vae_old_names),
        cmocka_unit_test(unet_convolution_projection),
        cmocka_unit_test(unet_linear_projection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
