/* One edit: the picture's latents and the texts' states, denoising under guidance, decoding. */
#include <stdlib.h>
#include <string.h>
#include "base/rng.h"
#include "diffusion/editor_private.h"
#include "diffusion/guidance.h"

static dc3_status check_size(const char *what, int size, int unit)
{
    if (size < unit || size > 4096 || size % unit != 0)
        return dc3_fail(DC3_ERR_ARGUMENT, "%s: expected a multiple of %d from %d to 4096, found %d", what,
                        unit, unit, size);
    return DC3_OK;
}

/* Copies f32 values of `shape` into a new temporary of the compute type, as value * scale + offset. */
static dc3_tensor upload(dc3_ctx *ctx, int ndim, const int64_t *shape, const float *values, float scale,
                         float offset)
{
    dc3_tensor t = dc3_new(ctx, DC3_F32, ndim, shape);
    float *to = t.data;
    for (int64_t i = 0; to && i < dc3_count(&t); i++) to[i] = values[i] * scale + offset;
    dc3_tensor y = dc3_cast(ctx, t, dc3_ctx_dtype(ctx));
    dc3_drop(ctx, t);
    return y;
}

/* x * scale + offset of every element into f32 memory of the caller. */
static void download(dc3_ctx *ctx, dc3_tensor x, float scale, float offset, float *values)
{
    dc3_tensor t = dc3_cast(ctx, x, DC3_F32);
    const float *from = t.data;
    for (int64_t i = 0; from && dc3_ctx_status(ctx) == DC3_OK && i < dc3_count(&t); i++)
        values[i] = from[i] * scale + offset;
    dc3_drop(ctx, t);
}

dc3_status dc3_editor_encode(dc3_editor *e, int n, int size, const float *rgb, float *latents)
{
    DC3_TRY(check_size("feature size", size, dc3_editor_factor(e)));
    dc3_ctx_clear(e->ctx);
    dc3_scope scope = dc3_scope_open(e->ctx);
    dc3_tensor x = upload(e->ctx, 4, (int64_t[]){n, size, size, 3}, rgb, 2, -1);
    download(e->ctx, dc3_vae_encode(e->ctx, e->vae, x), 1, 0, latents);
    dc3_scope_close(e->ctx, scope);
    return dc3_ctx_status(e->ctx);
}

/* The sampler of these settings and the denoiser at its time steps, kept from edit to edit. */
static dc3_status prepare_sampler(dc3_editor *e, const dc3_edit_settings *s)
{
    static const char *unsupported =
        "sampler %s cannot run a model with zero terminal signal-to-noise; use ddim";
    if (e->scheduler.zero_snr && s->sampler != DC3_DDIM)
        return dc3_fail(DC3_ERR_UNSUPPORTED, unsupported, dc3_sampler_names[s->sampler]);
    dc3_sampler *sampler;
    if (e->denoising && dc3_sampler_steps(e->sampler) == s->steps && dc3_sampler_is(e->sampler, s->sampler))
        return DC3_OK;
    DC3_TRY(dc3_sampler_open(s->sampler, &e->scheduler, s->steps, &sampler));
    dc3_sampler_close(&e->sampler);
    dc3_denoising_close(&e->denoising);
    e->sampler = sampler;
    return dc3_denoising_open(e->ctx, e->denoiser, s->steps, dc3_sampler_timesteps(sampler), &e->denoising);
}

/* Gives the denoiser the texts of all rows, in the current scope. */
static dc3_status text_rows(dc3_editor *e, const dc3_guidance *g, const int64_t *ids)
{
    int64_t tokens = dc3_editor_tokens(e), hidden = dc3_clip_text_config_of(e->text)->hidden;
    dc3_tensor states = dc3_clip_text_of(e->ctx, e->text, g->n + 1, tokens, ids);
    dc3_tensor all = dc3_new(e->ctx, states.dtype, 3, (int64_t[]){dc3_guidance_rows(g), tokens, hidden});
    size_t bytes = (size_t)(tokens * hidden) * dc3_dtype_size(states.dtype);
    for (int k = 0; k < g->kinds; k++)
        for (int i = 0; i < g->n && dc3_ctx_status(e->ctx) == DC3_OK && all.data; i++)
            memcpy((char *)all.data + (size_t)(k * g->n + i) * bytes,
                   (const char *)states.data + (size_t)(g->text[k] ? i : g->n) * bytes, bytes);
    dc3_drop(e->ctx, states);
    dc3_denoising_texts(e->ctx, e->denoising, all);
    dc3_drop(e->ctx, all);
    return dc3_ctx_status(e->ctx);
}

/* What one edit works in, all f32 [.., pixels, channels]. */
typedef struct state {
    int64_t pixels, channels, side;
    float *image;                       /* mode of the posterior, unscaled [pixels, channels] */
    float *x, *output, *memory, *noise; /* [n, pixels, channels] */
    float *in;                          /* [rows, pixels, 2 * channels] */
    float *raw;                         /* [rows, pixels, channels] */
} state;

static void fill_input(const dc3_guidance *g, const state *s, float scale)
{
    for (int k = 0; k < g->kinds; k++)
        for (int i = 0; i < g->n; i++)
            for (int64_t p = 0; p < s->pixels; p++) {
                float *to = s->in + (((int64_t)k * g->n + i) * s->pixels + p) * 2 * s->channels;
                for (int64_t c = 0; c < s->channels; c++) {
                    to[c] = s->x[(i * s->pixels + p) * s->channels + c] * scale;
                    to[s->channels + c] = g->image[k] ? s->image[p * s->channels + c] : 0;
                }
            }
}

/* output = sum of weight * row; the residual form subtracts the scaled picture's latents from each row that
 * saw them. */
static void guide(const dc3_guidance *g, const state *s, float residual)
{
    int64_t each = s->pixels * s->channels;
    for (int i = 0; i < g->n; i++)
        for (int64_t j = 0; j < each; j++) {
            float sum = 0;
            for (int k = 0; k < g->kinds; k++) {
                float value = s->raw[((int64_t)k * g->n + i) * each + j];
                sum += g->weight[k] * (value - (g->image[k] ? residual * s->image[j] : 0));
            }
            s->output[i * each + j] = sum;
        }
}

static void make_noise(const dc3_edit_request *q, const state *s, int step)
{
    size_t each = (size_t)(s->pixels * s->channels);
    if (q->noises) {
        memcpy(s->noise, q->noises + (size_t)step * (size_t)q->n * each,
               (size_t)q->n * each * sizeof *s->noise);
        return;
    }
    for (int i = 0; i < q->n; i++) {
        dc3_rng rng = dc3_rng_make(q->seeds[i], DC3_RNG_NOISE, (uint64_t)step);
        dc3_rng_normal(&rng, s->noise + (size_t)i * each, each);
    }
}

static dc3_status denoise(dc3_editor *e, const dc3_edit_settings *settings, const dc3_edit_request *q,
                          const dc3_guidance *g, const state *s)
{
    int64_t each = s->pixels * s->channels;
    float residual = e->residual ? dc3_vae_config_of(e->vae)->scaling_factor : 0;
    make_noise(q, s, 0);
    for (int64_t j = 0; j < q->n * each; j++) s->x[j] = s->noise[j] * dc3_sampler_initial_sigma(e->sampler);
    for (int i = 0; i < dc3_sampler_steps(e->sampler); i++) {
        dc3_scope scope = dc3_scope_open(e->ctx);
        fill_input(g, s, dc3_sampler_input_scale(e->sampler, i));
        dc3_tensor in = upload(
            e->ctx, 4, (int64_t[]){dc3_guidance_rows(g), s->side, s->side, 2 * s->channels}, s->in, 1, 0);
        download(e->ctx, dc3_denoising_step(e->ctx, e->denoising, in, i), 1, 0, s->raw);
        dc3_scope_close(e->ctx, scope);
        DC3_TRY(dc3_ctx_status(e->ctx));
        guide(g, s, residual);
        if (dc3_sampler_needs_noise(e->sampler)) make_noise(q, s, i + 1);
        dc3_sampler_step(e->sampler, i, q->n * each, s->output, s->noise, s->x, s->memory);
        if (settings->stepped) settings->stepped(settings->user, i + 1, dc3_sampler_steps(e->sampler));
    }
    return DC3_OK;
}

/* Latents to pictures in [0, 1], one at a time so that memory does not grow with n. */
static dc3_status decode(dc3_editor *e, int n, const state *s, const float *latents, float scale, float *rgb)
{
    int64_t each = s->pixels * s->channels, size = s->side * dc3_editor_factor(e);
    for (int i = 0; i < n; i++) {
        dc3_scope scope = dc3_scope_open(e->ctx);
        dc3_tensor z =
            upload(e->ctx, 4, (int64_t[]){1, s->side, s->side, s->channels}, latents + i * each, scale, 0);
        float *to = rgb + i * size * size * 3;
        download(e->ctx, dc3_vae_decode(e->ctx, e->vae, z), 0.5f, 0.5f, to);
        dc3_scope_close(e->ctx, scope);
        DC3_TRY(dc3_ctx_status(e->ctx));
        for (int64_t j = 0; j < size * size * 3; j++) to[j] = to[j] > 0 ? (to[j] < 1 ? to[j] : 1) : 0;
    }
    return DC3_OK;
}

static dc3_status check_settings(const dc3_editor *e, const dc3_edit_settings *s, int n)
{
    int unit = dc3_editor_factor(e) * (int)e->denoiser->unit;
    DC3_TRY(check_size("size", s->size, unit));
    if (n < 1 || n > 64) return dc3_fail(DC3_ERR_ARGUMENT, "prompts: expected 1 to 64, found %d", n);
    if (!(s->guidance >= 0 && s->guidance <= 100))
        return dc3_fail(DC3_ERR_ARGUMENT, "guidance: expected 0 to 100, found %g", (double)s->guidance);
    if (!(s->image_guidance >= 0 && s->image_guidance <= 100))
        return dc3_fail(DC3_ERR_ARGUMENT, "image guidance: expected 0 to 100, found %g",
                        (double)s->image_guidance);
    return DC3_OK;
}

static dc3_status run(dc3_editor *e, const dc3_edit_request *q, const dc3_guidance *g, state *s,
                      const dc3_edit_settings *settings)
{
    DC3_TRY(dc3_editor_encode(e, 1, settings->size, q->rgb, s->image));
    DC3_TRY(text_rows(e, g, q->ids));
    DC3_TRY(denoise(e, settings, q, g, s));
    if (q->latents) memcpy(q->latents, s->x, (size_t)(q->n * s->pixels * s->channels) * sizeof *s->x);
    DC3_TRY(decode(e, q->n, s, s->x, 1 / dc3_vae_config_of(e->vae)->scaling_factor, q->edits));
    return q->reconstruction ? decode(e, 1, s, s->image, 1, q->reconstruction) : DC3_OK;
}

dc3_status dc3_editor_run(dc3_editor *e, const dc3_edit_settings *settings, const dc3_edit_request *q)
{
    DC3_TRY(check_settings(e, settings, q->n));
    dc3_ctx_clear(e->ctx);
    DC3_TRY(prepare_sampler(e, settings));
    dc3_guidance g = dc3_guidance_of(settings, q->n);
    state s = {.side = settings->size / dc3_editor_factor(e),
               .channels = dc3_vae_config_of(e->vae)->latent_channels};
    s.pixels = s.side * s.side;
    size_t each = (size_t)(s.pixels * s.channels), n = (size_t)q->n, all = n * (size_t)g.kinds;
    float *memory = calloc(each * (1 + 4 * n + 3 * all), sizeof *memory);
    dc3_status status = memory ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK) {
        s.image = memory;
        s.x = s.image + each, s.output = s.x + n * each, s.memory = s.output + n * each,
        s.noise = s.memory + n * each;
        s.in = s.noise + n * each, s.raw = s.in + 2 * all * each;
        dc3_scope scope = dc3_scope_open(e->ctx);
        status = run(e, q, &g, &s, settings);
        dc3_scope_close(e->ctx, scope);
    }
    free(memory);
    return status;
}

dc3_status dc3_editor_edit(dc3_editor *e, const dc3_edit_settings *settings, const float *rgb, int n,
                           const char *const *prompts, const uint64_t *seeds, float *edits,
                           float *reconstruction)
{
    if (!e->tokenizer) return dc3_fail(DC3_ERR_IO, "%s: expected a folder 'tokenizer', found none", e->name);
    DC3_TRY(check_settings(e, settings, n));
    int tokens = dc3_editor_tokens(e);
    int64_t *ids = malloc((size_t)(n + 1) * (size_t)tokens * sizeof *ids);
    dc3_status status = ids ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    for (int i = 0; status == DC3_OK && i <= n; i++)
        status = dc3_tokenizer_encode(e->tokenizer, i < n ? prompts[i] : "", tokens,
                                      ids + (size_t)i * (size_t)tokens);
    dc3_edit_request request = {
        .rgb = rgb, .n = n, .ids = ids, .seeds = seeds, .edits = edits, .reconstruction = reconstruction};
    if (status == DC3_OK) status = dc3_editor_run(e, settings, &request);
    free(ids);
    return status;
}
