/* A training step of `dc3 finetune` with random weights in bf16, one image of noise: LoRA of rank 4 beside
 * the attention of Stable Diffusion 1.5's U-Net (latents and text given), or DiffFit of DiT-XL/2 (biases,
 * embeddings of classes, factors): forward, backward and AdamW. Prints seconds a step, FLOP/s beside the best
 * rates of convolutions and matrix products in the same process, and the most memory that this had. The
 * weights come from a file, as those of a model do: /var/tmp/dc3-bench-PID, which is removed once it is
 * mapped. Usage: bench_finetune sd15|dit [PIXELS [THREADS [STEPS [recompute]]]] */
#include <unistd.h>
#include "bench.h"
#include "finetune/tuner.h"
#include "io/safetensors.h"
#include "sd15.h"

enum { TOKENS = 77, WARM_UP = 3, MOST_STEPS = 99 };

typedef struct task {
    int dit, threads, steps, recompute;
    int64_t pixels;
    dc3_unet_config unet;
    dc3_dit_config transformer;
    dc3_noising noising;
} task;

static dc3_status open_unet(const void *config, dc3_table **table, void *network)
{
    return dc3_unet_open(NULL, config, table, network);
}

static dc3_status open_dit(const void *config, dc3_table **table, void *network)
{
    return dc3_dit_open(NULL, config, table, network);
}

static task task_of(int argc, char **argv)
{
    task t = {.dit = argc > 1 && strcmp(argv[1], "dit") == 0,
              .pixels = argc > 2 ? atoi(argv[2]) : 256,
              .threads = argc > 3 ? atoi(argv[3]) : 2,
              .steps = argc > 4 ? atoi(argv[4]) : 7,
              .recompute = argc > 5 && strcmp(argv[5], "recompute") == 0,
              .unet = sd15_unet(4),
              .transformer = {.in_channels = 4,
                              .out_channels = 8,
                              .patch = 2,
                              .size = 32,
                              .heads = 16,
                              .hidden = 1152,
                              .classes = 1000,
                              .layers = 28,
                              .attention_bias = 1,
                              .norm_eps = 1e-5f}};
    dc3_scheduler_config schedule = {.train_steps = 1000,
                                     .betas = t.dit ? DC3_BETAS_LINEAR : DC3_BETAS_SCALED,
                                     .beta_start = t.dit ? 1e-4 : 0.00085,
                                     .beta_end = t.dit ? 0.02 : 0.012};
    if (argc < 2 || (!t.dit && strcmp(argv[1], "sd15") != 0) || t.steps < 1 || t.steps > MOST_STEPS) {
        fprintf(stderr, "usage: bench_finetune sd15|dit [PIXELS [THREADS [STEPS [recompute]]]]\n");
        exit(2);
    }
    must(dc3_noising_open(&schedule, &t.noising));
    return t;
}

/* Random weights in bf16, by diffusers' names. */
static void write_weights(const task *t, const char *path)
{
    dc3_table *table = dc3_table_new("random weights");
    dc3_unet *unet = NULL;
    dc3_dit *dit = NULL;
    if (t->dit) { /* by which the names are told */
        int64_t shape[] = {t->transformer.hidden, 4, 2, 2}, count = t->transformer.hidden * 16;
        void *zeros = calloc((size_t)count, dc3_dtype_size(DC3_BF16));
        must(dc3_table_own(table, zeros, free));
        must(dc3_table_add(table, "pos_embed.proj.weight", dc3_view(zeros, DC3_BF16, 4, shape)));
        fill_random(table, DC3_BF16, open_dit, &t->transformer, &dit);
    } else
        fill_random(table, DC3_BF16, open_unet, &t->unet, &unet);
    must(dc3_safetensors_save(path, table));
    dc3_dit_close(&dit);
    dc3_unet_close(&unet);
    dc3_table_close(&table);
}

static void open_tuned(const task *t, dc3_tuned *net)
{
    char path[64];
    dc3_table *table;
    dc3_tuning tuning = {.part = t->dit ? DC3_FINETUNE_BIAS_NORM : DC3_FINETUNE_LORA,
                         .layers = DC3_LORA_ATTENTION,
                         .rank = 4,
                         .alpha = 4,
                         .seed = 1,
                         .recompute = t->recompute};
    snprintf(path, sizeof path, "/var/tmp/dc3-bench-%ld", (long)getpid());
    write_weights(t, path);
    reset_peak();
    must(dc3_safetensors_open(path, &table));
    unlink(path);
    must(t->dit ? dc3_tuned_open_dit(&t->transformer, &tuning, &table, net)
                : dc3_tuned_open_unet(&t->unet, &tuning, &table, net));
}

/* Seconds of each of the steps behind the first WARM_UP. */
static void train(const task *t, dc3_tuner *tuner, double *seconds)
{
    static const int timestep = 500;
    static const int64_t label = 7;
    int64_t side = t->pixels / 8, values = side * side * 4, text = TOKENS * t->unet.text_channels;
    float *latents = malloc((size_t)(2 * values + text) * sizeof *latents);
    dc3_rng rng = dc3_rng_make(3, DC3_RNG_BENCH, 0);
    dc3_rng_normal(&rng, latents, (size_t)(2 * values + text));
    dc3_tuning_batch batch = {
        .n = 1, .h = side, .w = side, .latents = latents, .noise = latents + values, .timesteps = &timestep};
    if (t->dit)
        batch.labels = &label;
    else
        batch.tokens = TOKENS, batch.states = latents + 2 * values;
    for (int step = -WARM_UP; step < t->steps; step++) {
        double loss, norm, start = now();
        if (step == 0) dc3_ctx_profile_reset(tuner->ctx);
        must(dc3_tuner_add(tuner, &batch, 1, &loss));
        must(dc3_tuner_step(tuner, 1e-4, &norm));
        if (step >= 0) seconds[step] = now() - start;
    }
    free(latents);
}

/* The best rate in FLOP/s over matrix products of such rows, columns and outputs. */
static double best_linear(dc3_ctx *ctx, const int64_t (*shapes)[3], int count)
{
    double best = 0;
    for (int i = 0; i < count; i++) {
        int64_t rows = shapes[i][0], ci = shapes[i][1], co = shapes[i][2];
        float *w = calloc((size_t)(ci * co), sizeof *w);
        dc3_weight weight = {.part = {dc3_view(w, DC3_F32, 2, (int64_t[]){co, ci})}, .parts = 1};
        dc3_scope scope = dc3_scope_open(ctx);
        dc3_tensor x = dc3_new(ctx, dc3_ctx_dtype(ctx), 2, (int64_t[]){rows, ci});
        memset(x.data, 0, dc3_bytes(&x));
        for (int again = 0; again < 12; again++) {
            double start = now();
            dc3_drop(ctx, dc3_linear(ctx, x, &weight, (dc3_tensor){0}, DC3_ACT_NONE, NULL));
            double rate = 2.0 * (double)(rows * ci * co) / (now() - start);
            if (rate > best) best = rate;
        }
        dc3_scope_close(ctx, scope);
        dc3_weight_release(&weight);
        free(w);
    }
    return best;
}

int main(int argc, char **argv)
{
    static const int64_t convolutions[][3] = {{320, 320, 32}, {640, 640, 16}, {320, 320, 64}},
                         products[][3] = {{1024, 1152, 4608}, {1024, 320, 2560}, {4096, 1280, 1280}};
    task t = task_of(argc, argv);
    dc3_tuned net;
    dc3_tuner tuner;
    dc3_tuner_options options = {.dtype = DC3_BF16,
                                 .threads = t.threads,
                                 .optimizer = dc3_optimizer_defaults(DC3_ADAMW),
                                 .clip = t.dit ? 0 : 1};
    double seconds[MOST_STEPS];
    open_tuned(&t, &net);
    must(dc3_tuner_open(&options, &net, &t.noising, &tuner));
    tuner.governor.most = 1; /* all threads, also beside other busy processes */
    train(&t, &tuner, seconds);
    double peak = peak_bytes(), temporaries = (double)dc3_ctx_bytes(tuner.ctx);
    double flops = print_profile(tuner.ctx) / t.steps, middle = median(seconds, t.steps);
    double convolution = best_convolution(tuner.ctx, 1, convolutions, 3),
           product = best_linear(tuner.ctx, products, 3);
    printf("dc3 %s at %lld px, bf16%s, %d threads, %.2f M values trained: median %.3f s a step (best %.3f), "
           "%.0f GFLOP, "
           "%.0f GFLOP/s; best matrix product %.0f, convolution %.0f GFLOP/s; temporaries %.0f MB, peak "
           "memory %.0f MB\n",
           t.dit ? "DiT-XL/2 by DiffFit" : "SD 1.5 by LoRA", (long long)t.pixels,
           t.recompute ? ", recompute" : "", t.threads, (double)net.parameters * 1e-6, middle, seconds[0],
           flops * 1e-9, flops / middle * 1e-9, product * 1e-9, convolution * 1e-9, temporaries * 1e-6,
           peak * 1e-6);
    dc3_tuned_close(&net);
    dc3_tuner_close(&tuner);
    dc3_noising_free(&t.noising);
    return 0;
}
