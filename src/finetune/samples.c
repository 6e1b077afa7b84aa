/* A grid of images that the network makes as it stands: to see how a training goes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/listener.h"
#include "base/rng.h"
#include "finetune/part.h"
#include "io/image.h"
#include "ops/denoise.h"
#include "ops/ops.h"

enum { SAMPLES = 8, ACROSS = 4, STEPS = 20, GAP = 2 };

/* Guidance of texts as Stable Diffusion's pipeline has it, of classes as DiT's. */
static double guidance_of(const dc3_finetuning *t)
{
    return t->net.classes ? 4 : 7.5;
}

typedef struct sampling {
    dc3_finetuning *t;
    dc3_ctx *ctx;
    dc3_vae *vae;
    dc3_sampler *sampler;
    dc3_governor governor; /* of the network's evaluations */
    float *host;           /* noise or guided output [h, w, c], then what the network gives for both rows */
} sampling;

static dc3_tensor in_type(dc3_ctx *ctx, dc3_tensor x)
{
    return dc3_ctx_dtype(ctx) == DC3_F32 ? x : dc3_replace(ctx, x, dc3_cast(ctx, x, dc3_ctx_dtype(ctx)));
}

/* In the compute type. */
static dc3_tensor zeros(dc3_ctx *ctx, const int64_t *shape, int dims)
{
    size_t values = 1;
    for (int i = 0; i < dims; i++) values *= (size_t)shape[i];
    float *none = calloc(values, sizeof *none);
    if (!none) return dc3_ctx_fail(ctx, dc3_fail(DC3_ERR_MEMORY, "out of memory"));
    dc3_tensor x = dc3_upload(ctx, DC3_F32, dims, shape, none);
    free(none);
    return in_type(ctx, x);
}

/* Noise of step `step` of sample i. */
static dc3_tensor noise_of(sampling *s, int i, int step)
{
    const dc3_encoded *e = &s->t->encoded;
    dc3_rng rng = dc3_rng_make(s->t->options.seed + (uint64_t)i, DC3_RNG_NOISE, (uint64_t)step);
    dc3_rng_normal(&rng, s->host, (size_t)(e->h * e->w * e->c));
    return dc3_upload(s->ctx, DC3_F32, 4, (int64_t[]){1, e->h, e->w, e->c}, s->host);
}

/* States of text `own` and of none by the text encoder as it stands. */
static dc3_tensor states_of(const sampling *s, int64_t own)
{
    const dc3_encoded *e = &s->t->encoded;
    int64_t *both = malloc((size_t)(2 * e->tokens) * sizeof *both);
    if (!both) return dc3_ctx_fail(s->ctx, dc3_fail(DC3_ERR_MEMORY, "out of memory"));
    memcpy(both, e->ids + own * e->tokens, (size_t)e->tokens * sizeof *both);
    memcpy(both + e->tokens, e->ids, (size_t)e->tokens * sizeof *both);
    dc3_tensor states = dc3_tuned_states(s->ctx, &s->t->net, 2, e->tokens, both);
    free(both);
    return states;
}

/* The classes, or states of the texts, of sample i with guidance: its own, and none. */
static dc3_tensor subject_of(const sampling *s, int i, int64_t *labels)
{
    const dc3_finetuning *t = s->t;
    const dc3_encoded *e = &t->encoded;
    int64_t text = e->tokens * e->channels, own = 1 + i * (e->texts - 1) / SAMPLES;
    if (t->net.classes) {
        labels[0] = t->class_map[i * (int64_t)dc3_dataset_classes(t->data) / SAMPLES];
        labels[1] = t->net.classes;
        return (dc3_tensor){0};
    }
    if (own >= e->texts) own = 0;
    if (e->ids) return states_of(s, own);
    float *both = malloc((size_t)(2 * text) * sizeof *both);
    if (!both) return dc3_ctx_fail(s->ctx, dc3_fail(DC3_ERR_MEMORY, "out of memory"));
    memcpy(both, e->states + own * text, (size_t)text * sizeof *both);
    memcpy(both + text, e->states, (size_t)text * sizeof *both);
    dc3_tensor states = dc3_upload(s->ctx, DC3_F32, 3, (int64_t[]){2, e->tokens, e->channels}, both);
    free(both);
    return in_type(s->ctx, states);
}

/* The network's output for x [1, h, w, c] at evaluation `at` under guidance. */
static dc3_tensor predict(sampling *s, dc3_tensor x, int at, dc3_tensor states, const int64_t *labels)
{
    const dc3_encoded *e = &s->t->encoded;
    int64_t pixels = e->h * e->w, outputs = s->t->net.outputs;
    float time = dc3_sampler_timesteps(s->sampler)[at], times[] = {time, time},
          rate = (float)guidance_of(s->t), *own = s->host + pixels * e->c, *none = own + pixels * outputs;
    dc3_tensor y = dc3_affine(s->ctx, x, dc3_sampler_input_scale(s->sampler, at), 0);
    y = dc3_take_rows(s->ctx, in_type(s->ctx, y), 2, (int[]){0, 0});
    if (s->governor.most > 1) dc3_ctx_set_team(s->ctx, dc3_governor_begin(&s->governor));
    y = dc3_cast(s->ctx, dc3_tuned_of(s->ctx, &s->t->net, y, times, states, labels), DC3_F32);
    dc3_download(s->ctx, y, own);
    dc3_governor_end(&s->governor, 1);
    if (dc3_ctx_status(s->ctx) != DC3_OK) return (dc3_tensor){0};
    for (int64_t p = 0; p < pixels; p++)
        for (int64_t c = 0; c < e->c; c++) {
            int64_t from = p * outputs + c;
            s->host[p * e->c + c] = none[from] + rate * (own[from] - none[from]);
        }
    return dc3_upload(s->ctx, DC3_F32, 4, x.shape, s->host);
}

/* The latents of sample i. */
static dc3_tensor solve(sampling *s, int i)
{
    int64_t labels[2];
    int memories = dc3_sampler_memories(s->sampler), rows[16], count = memories ? memories : 1;
    dc3_tensor states = subject_of(s, i, labels), x = noise_of(s, i, 0);
    x = dc3_affine(s->ctx, x, dc3_sampler_initial_sigma(s->sampler), 0);
    for (int k = 0; k < count; k++) rows[k] = -1;
    dc3_tensor memory = dc3_take_rows(s->ctx, x, count, rows), noise = {0};
    for (int k = 0; k < dc3_sampler_evaluations(s->sampler) && dc3_ctx_status(s->ctx) == DC3_OK; k++) {
        dc3_scope scope = dc3_scope_open(s->ctx);
        dc3_sampler_step step = dc3_sampler_step_of(s->sampler, k);
        dc3_tensor y = predict(s, x, k, states, labels);
        int noisy = step.next[DC3_TERM_NOISE] != 0;
        if (noisy) noise = noise_of(s, i, k + 1);
        dc3_step_sampler(s->ctx, &step, y, noisy ? &noise : NULL, x, memory);
        dc3_scope_close(s->ctx, scope);
    }
    return x;
}

/* Sample i, and its place in the grid. */
static dc3_status add_sample(sampling *s, int i, dc3_image *grid)
{
    int size = s->t->options.size, side = dc3_image_seen_side(size);
    dc3_image tile, seen;
    float *rgb = malloc((size_t)size * (size_t)size * 3 * sizeof *rgb);
    if (!rgb) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    dc3_scope scope = dc3_scope_open(s->ctx);
    dc3_tensor x = dc3_affine(s->ctx, solve(s, i), 1 / s->t->model.vae.scaling_factor, 0);
    dc3_tensor y = dc3_cast(s->ctx, dc3_vae_decode(s->ctx, s->vae, in_type(s->ctx, x)), DC3_F32);
    y = dc3_affine(s->ctx, y, 0.5f, 0.5f);
    dc3_clamp(s->ctx, y, 0, 1);
    dc3_download(s->ctx, y, rgb);
    dc3_scope_close(s->ctx, scope);
    dc3_status status = dc3_ctx_status(s->ctx);
    if (status == DC3_OK) status = dc3_image_of_floats(size, size, rgb, &tile);
    if (status == DC3_OK) {
        status = dc3_image_resize(&tile, side, side, DC3_FIT_CROP, &seen);
        dc3_image_free(&tile);
    }
    if (status == DC3_OK) {
        dc3_image_paste(grid, &seen, i % ACROSS * (side + GAP), i / ACROSS * (side + GAP));
        dc3_image_free(&seen);
    }
    free(rgb);
    return status;
}

static dc3_status open_sampler(sampling *s)
{
    const dc3_scheduler_config *config = &s->t->model.scheduler;
    dc3_sampler_kind kind;
    if (dc3_scheduler_sampler(config, &kind) != DC3_OK) kind = DC3_DDIM;
    return dc3_sampler_open(kind, config, STEPS, &s->sampler);
}

static dc3_status open_sampling(sampling *s)
{
    const dc3_encoded *e = &s->t->encoded;
    DC3_TRY(open_sampler(s));
    s->host = malloc((size_t)(e->h * e->w * (e->c + 2 * s->t->net.outputs)) * sizeof *s->host);
    if (!s->host) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    return dc3_base_model_vae(&s->t->model, &s->vae);
}

static dc3_status make_grid(sampling *s, dc3_image *grid)
{
    dc3_status status = open_sampling(s);
    dc3_governor_open(&s->governor, s->t->tuner.governor.most);
    for (int i = 0; status == DC3_OK && i < SAMPLES; i++) {
        dc3_finetune_progress(s->t, "samples", i, SAMPLES);
        status = add_sample(s, i, grid);
    }
    dc3_ctx_set_team(s->ctx, dc3_ctx_threads(s->ctx));
    dc3_ctx_clear(s->ctx);
    free(s->host);
    dc3_vae_close(&s->vae);
    dc3_sampler_close(&s->sampler);
    return status;
}

static dc3_status write_grid(const dc3_finetuning *t, const dc3_image *grid)
{
    char name[40], *folder = dc3_path_join(t->options.out, "samples"), *path = NULL;
    snprintf(name, sizeof name, "step-%06lld.png", (long long)t->done);
    if (folder) path = dc3_path_join(folder, name);
    dc3_status status = path ? dc3_make_dirs(folder) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK) status = dc3_image_write(path, grid, DC3_PNG);
    free(folder);
    free(path);
    return status;
}

dc3_status dc3_finetune_sample(dc3_finetuning *t)
{
    sampling s = {.t = t, .ctx = t->tuner.ctx};
    dc3_image grid;
    uint32_t side = (uint32_t)(dc3_image_seen_side(t->options.size) + GAP);
    if (!dc3_image_allocate(ACROSS * side - GAP, SAMPLES / ACROSS * side - GAP, &grid))
        return dc3_fail(DC3_ERR_MEMORY, "out of memory for a grid of samples");
    memset(grid.pixels, 255, (size_t)grid.width * (size_t)grid.height * 3);
    if (t->tuner.ema) dc3_ema_swap(t->tuner.ema);
    dc3_status status = make_grid(&s, &grid);
    if (t->tuner.ema) dc3_ema_swap(t->tuner.ema);
    if (status == DC3_OK) status = write_grid(t, &grid);
    dc3_image_free(&grid);
    if (status == DC3_OK || status == DC3_ERR_MEMORY) t->sampled = t->done;
    if (status != DC3_ERR_MEMORY) return status;
    dc3_listener_say(&t->options.listener, "note: no samples of step %lld: %s", (long long)t->done,
                     dc3_error_text());
    return DC3_OK;
}

/* ---- how long it takes ---- */

int64_t dc3_finetune_grids(const dc3_finetune_options *o)
{
    if (o->sample_every < 0) return 0;
    return o->sample_every ? ((int64_t)o->steps + o->sample_every - 1) / o->sample_every : 1;
}

/* Seconds of one evaluation of both rows, of nothing. */
static dc3_status time_evaluation(sampling *s, int64_t tokens, double *seconds)
{
    dc3_tuned *net = &s->t->net;
    int64_t side = s->t->options.size / s->t->model.factor, labels[2] = {0, 0},
            ids = net->text ? 2 * tokens : 0;
    float times[2] = {(float)s->t->noising.steps / 2, (float)s->t->noising.steps / 2};
    int64_t *none = calloc((size_t)ids + 1, sizeof *none);
    if (!none) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    for (int i = 0; i < 2; i++) { /* the first packs weights */
        double start = dc3_seconds_now();
        dc3_scope scope = dc3_scope_open(s->ctx);
        dc3_tensor states = {0}, x = zeros(s->ctx, (int64_t[]){2, side, side, net->channels}, 4);
        if (net->text)
            states = dc3_tuned_states(s->ctx, net, 2, tokens, none);
        else if (!net->classes)
            states = zeros(s->ctx, (int64_t[]){2, tokens, net->text_channels}, 3);
        dc3_tuned_of(s->ctx, net, x, times, states, labels);
        dc3_scope_close(s->ctx, scope);
        if (dc3_ctx_wait(s->ctx) != DC3_OK) break;
        *seconds = dc3_seconds_now() - start;
    }
    free(none);
    return dc3_ctx_status(s->ctx);
}

/* Seconds to decode an image, of nothing. */
static dc3_status time_decoding(sampling *s, double *seconds)
{
    int64_t side = s->t->options.size / s->t->model.factor;
    for (int i = 0; i < 2; i++) {
        double start = dc3_seconds_now();
        dc3_scope scope = dc3_scope_open(s->ctx);
        dc3_vae_decode(s->ctx, s->vae, zeros(s->ctx, (int64_t[]){1, side, side, s->t->net.channels}, 4));
        dc3_scope_close(s->ctx, scope);
        DC3_TRY(dc3_ctx_wait(s->ctx));
        *seconds = dc3_seconds_now() - start;
    }
    return DC3_OK;
}

dc3_status dc3_finetune_measure_grid(dc3_finetuning *t, int64_t tokens, double *seconds)
{
    sampling s = {.t = t, .ctx = t->tuner.ctx};
    double evaluation = 0, decoding = 0;
    dc3_status status = open_sampler(&s);
    if (status == DC3_OK) status = dc3_base_model_vae(&t->model, &s.vae);
    if (status == DC3_OK) status = time_evaluation(&s, tokens, &evaluation);
    if (status == DC3_OK) status = time_decoding(&s, &decoding);
    if (status == DC3_OK) *seconds = SAMPLES * (dc3_sampler_evaluations(s.sampler) * evaluation + decoding);
    if (status == DC3_ERR_MEMORY) *seconds = 0, status = DC3_OK;
    dc3_ctx_clear(s.ctx);
    dc3_vae_close(&s.vae);
    dc3_sampler_close(&s.sampler);
    return status;
}
