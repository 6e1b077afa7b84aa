/* A full-size diffusers directory against what diffusers computed with it (tools/golden/full_size.py):
 * relative errors, seconds and peak memory. Usage: bench_full FOLDER unet|vae|text|dit [f32|bf16] [threads]
 */
#include <math.h>
#include <omp.h>
#include <time.h>
#include "bench.h"
#include "io/safetensors.h"
#include "io/weights.h"
#include "nn/autoencoder_kl.h"
#include "nn/clip_text.h"
#include "nn/dit.h"
#include "nn/unet_2d_condition.h"

typedef struct test {
    dc3_ctx *ctx;
    dc3_table *golden;
    char folder[1024], config[1100];
} test;

static const dc3_tensor *golden(const test *t, const char *name)
{
    const dc3_tensor *found = dc3_table_find(t->golden, name);
    if (!found) {
        fprintf(stderr, "golden.safetensors has no '%s'\n", name);
        exit(1);
    }
    return found;
}

static dc3_tensor input(const test *t, const char *name)
{
    return dc3_cast(t->ctx, *golden(t, name), dc3_ctx_dtype(t->ctx));
}

static void report(const test *t, const char *name, dc3_tensor found, double seconds)
{
    const dc3_tensor *wanted = golden(t, name);
    must(dc3_ctx_status(t->ctx));
    int64_t n = dc3_count(wanted);
    float *x = malloc((size_t)n * sizeof *x);
    double error = 0, norm = 0;
    if (dc3_count(&found) != n) exit(1);
    must(dc3_convert(found.data, found.dtype, x, DC3_F32, n));
    for (int64_t i = 0; i < n; i++) {
        double y = ((const float *)wanted->data)[i];
        error += (x[i] - y) * (x[i] - y);
        norm += y * y;
    }
    free(x);
    printf("%-8s %s: relative error %.2e, %.3f s\n", name, dc3_dtype_name(dc3_ctx_dtype(t->ctx)),
           sqrt(error / norm), seconds);
}

static dc3_table *open_part(test *t, const char *root, const char *part, const char *stem)
{
    dc3_table *table;
    snprintf(t->folder, sizeof t->folder, "%s/%s", root, part);
    snprintf(t->config, sizeof t->config, "%s/config.json", t->folder);
    must(dc3_weights_open_model(t->folder, stem, &table));
    return table;
}

static double run_unet(test *t, const char *root)
{
    dc3_table *table = open_part(t, root, "unet", "diffusion_pytorch_model");
    dc3_unet_config config;
    dc3_unet *unet;
    dc3_unet_time *steps;
    must(dc3_unet_config_read(t->config, &config));
    must(dc3_unet_open(NULL, &config, &table, &unet));
    dc3_tensor *kv = calloc((size_t)dc3_unet_text_count(unet), sizeof *kv), x = input(t, "x");
    must(dc3_unet_time_open(t->ctx, unet, 1, golden(t, "timestep")->data, &steps));
    dc3_unet_text_of(t->ctx, unet, input(t, "text"), kv);
    for (int i = 0; i < 2; i++) {
        double start = now();
        dc3_tensor y = dc3_unet_of(t->ctx, unet, x, steps, 0, kv);
        if (i) report(t, "y", y, now() - start);
        dc3_drop(t->ctx, y);
    }
    free(kv);
    double parameters = dc3_unet_parameters(unet);
    dc3_unet_time_close(&steps);
    dc3_unet_close(&unet);
    return parameters;
}

static double run_vae(test *t, const char *root)
{
    dc3_table *table = open_part(t, root, "vae", "diffusion_pytorch_model");
    dc3_vae_config config;
    dc3_vae *vae;
    must(dc3_vae_config_read(t->config, &config));
    must(dc3_vae_open(NULL, &config, &table, &vae));
    for (int i = 0; i < 4; i++) {
        dc3_tensor x = input(t, i < 2 ? "picture" : "latents");
        double start = now();
        dc3_tensor y = (i < 2 ? dc3_vae_encode : dc3_vae_decode)(t->ctx, vae, x);
        if (i % 2) report(t, i < 2 ? "mean" : "decoded", y, now() - start);
    }
    double parameters = dc3_vae_parameters(vae);
    dc3_vae_close(&vae);
    return parameters;
}

static double run_text(test *t, const char *root)
{
    dc3_table *table = open_part(t, root, "text_encoder", "model");
    dc3_clip_text_config config;
    dc3_clip_text *text;
    must(dc3_clip_text_config_read(t->config, &config));
    must(dc3_clip_text_open(NULL, &config, &table, &text));
    const dc3_tensor *ids = golden(t, "ids");
    for (int i = 0; i < 2; i++) {
        double start = now();
        dc3_tensor y = dc3_clip_text_of(t->ctx, text, ids->shape[0], ids->shape[1], ids->data);
        if (i) report(t, "states", y, now() - start);
    }
    double parameters = dc3_clip_text_parameters(text);
    dc3_clip_text_close(&text);
    return parameters;
}

static double run_dit(test *t, const char *root)
{
    dc3_table *table = open_part(t, root, "transformer", "diffusion_pytorch_model");
    dc3_dit_config config;
    dc3_dit *dit;
    must(dc3_dit_config_read(t->config, &config));
    must(dc3_dit_open(NULL, &config, &table, &dit));
    dc3_tensor x = input(t, "x");
    for (int i = 0; i < 3; i++) {
        dc3_ctx_profile_reset(t->ctx);
        double start = now(), flops = 0;
        clock_t begun = clock();
        dc3_tensor y = dc3_dit_of(t->ctx, dit, x, golden(t, "timesteps")->data, golden(t, "labels")->data);
        double seconds = now() - start, processor = (double)(clock() - begun) / CLOCKS_PER_SEC;
        dc3_profile p = dc3_ctx_profile(t->ctx);
        for (int k = 0; k < DC3_OP_KINDS; k++) flops += p.flops[k];
        if (i) report(t, "y", y, seconds);
        if (i == 2)
            for (int k = 0; k < DC3_OP_KINDS; k++)
                printf("%-10s %.3f s, %.1f GFLOP\n", dc3_op_kind_name((dc3_op_kind)k), p.seconds[k],
                       p.flops[k] * 1e-9);
        if (i == 2)
            printf("%.1f GFLOP in all, %.0f GFLOP/s; %.2f s of all threads' processor time\n", flops * 1e-9,
                   flops * 1e-9 / seconds, processor);
        dc3_drop(t->ctx, y);
    }
    double parameters = dc3_dit_parameters(dit);
    dc3_dit_close(&dit);
    return parameters;
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        printf("needs a folder made by tools/golden/full_size.py: bench_full FOLDER unet|vae|text|dit "
               "[f32|bf16] [threads]\n");
        return 0;
    }
    const char *root = argv[1], *part = argv[2];
    dc3_dtype dtype = argc > 3 && strcmp(argv[3], "bf16") == 0 ? DC3_BF16 : DC3_F32;
    test t = {0};
    snprintf(t.config, sizeof t.config, "%s/golden.safetensors", root);
    must(dc3_safetensors_open(t.config, &t.golden));
    must(dc3_ctx_open(NULL, dtype, argc > 4 ? atoi(argv[4]) : omp_get_max_threads(), DC3_CTX_FAST, &t.ctx));
    double parameters = (*part == 'u'   ? run_unet
                         : *part == 'v' ? run_vae
                         : *part == 'd' ? run_dit
                                        : run_text)(&t, root);
    double weights = parameters * (double)dc3_dtype_size(dtype);
    printf("%-8s %.0f M parameters, %.0f MB in %s; peak memory %.0f MB, that is 1.15 times the weights %+.0f "
           "MB; temporaries %.0f MB\n",
           part, parameters * 1e-6, weights * 1e-6, dc3_dtype_name(dtype), peak_bytes() * 1e-6,
           (peak_bytes() - 1.15 * weights) * 1e-6, (double)dc3_ctx_bytes(t.ctx) * 1e-6);
    dc3_ctx_close(&t.ctx);
    dc3_table_close(&t.golden);
    return 0;
}
