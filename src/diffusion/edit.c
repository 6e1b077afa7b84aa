/* One edit: the image's latents and the texts' states, denoising under guidance, decoding. Images and
 * noise go up to the context's device, results come down; what is between is tensors. */
#include <stdlib.h>
#include <string.h>
#include "base/rng.h"
#include "diffusion/edit_options.h"
#include "diffusion/editor_private.h"
#include "diffusion/guidance.h"
#include "ops/denoise.h"
#include "ops/ops.h"

static dc3_status check_size(const char *setting, int size, int unit)
{
    if (size < unit || size > 4096 || size % unit != 0)
        return dc3_fail_setting(setting, "expected a multiple of %d from %d to 4096, found %d", unit, unit,
                                size);
    return DC3_OK;
}

/* f32 in the compute type, or the other way; drops x. */
static dc3_tensor cast(dc3_ctx *ctx, dc3_tensor x, dc3_dtype dtype)
{
    return x.dtype == dtype ? x : dc3_replace(ctx, x, dc3_cast(ctx, x, dtype));
}

/* Mean of the posterior of images rgb [n, size, size, 3] in [0, 1]: f32 [n, size / factor, size / factor,
 * latent_channels], unscaled. */
static dc3_tensor encode(const dc3_editor *e, dc3_ctx *ctx, int n, int size, const float *rgb)
{
    dc3_scope scope = dc3_scope_open(ctx);
    dc3_tensor x = dc3_upload(ctx, DC3_F32, 4, (int64_t[]){n, size, size, 3}, rgb);
    x = dc3_replace(ctx, x, dc3_affine(ctx, x, 2, -1));
    x = cast(ctx, x, dc3_ctx_dtype(ctx));
    x = cast(ctx, dc3_vae_encode(ctx, e->vae, x), DC3_F32);
    return dc3_scope_return(ctx, scope, x);
}

dc3_status dc3_editor_encode_in(const dc3_editor *e, dc3_ctx *ctx, int n, int size, const float *rgb,
                                float *latents)
{
    DC3_TRY(check_size("feature_size", size, dc3_editor_factor(e)));
    dc3_ctx_clear(ctx);
    dc3_scope scope = dc3_scope_open(ctx);
    dc3_download(ctx, encode(e, ctx, n, size, rgb), latents);
    dc3_scope_close(ctx, scope);
    return dc3_ctx_status(ctx);
}

dc3_status dc3_editor_encode(dc3_editor *e, int n, int size, const float *rgb, float *latents)
{
    return dc3_editor_encode_in(e, e->ctx, n, size, rgb, latents);
}

/* A new one by the settings. */
static dc3_status open_sampler(const dc3_editor *e, const dc3_edit_settings *s, dc3_sampler **sampler)
{
    dc3_sampler_kind kind = s->sampler;
    *sampler = NULL;
    if (kind == DC3_SAMPLER_DEFAULT) DC3_TRY(dc3_scheduler_sampler(&e->scheduler, &kind));
    return dc3_sampler_open(kind, &e->scheduler, s->steps, sampler);
}

/* The sampler of these settings and the denoiser at its time steps, kept from edit to edit. */
static dc3_status prepare_sampler(dc3_editor *e, const dc3_edit_settings *s)
{
    dc3_sampler *sampler;
    if (e->denoising && dc3_sampler_is(e->sampler, s->sampler, s->steps)) return DC3_OK;
    DC3_TRY(open_sampler(e, s, &sampler));
    dc3_sampler_close(&e->sampler);
    dc3_denoising_close(&e->denoising);
    e->sampler = sampler;
    return dc3_denoising_open(e->ctx, e->denoiser, dc3_sampler_evaluations(sampler),
                              dc3_sampler_timesteps(sampler), &e->denoising);
}

/* Gives the denoiser the texts of all rows, in the current scope: ids [n + 1, tokens]. */
static void prepare_texts(dc3_editor *e, const dc3_guidance *g, const int64_t *ids)
{
    int rows[DC3_GUIDANCE_ROWS];
    dc3_tensor states = dc3_clip_text_of(e->ctx, e->text, g->n + 1, dc3_editor_tokens(e), ids);
    dc3_guidance_texts(g, rows);
    dc3_tensor all = dc3_take_rows(e->ctx, states, dc3_guidance_rows(g), rows);
    dc3_drop(e->ctx, states);
    dc3_denoising_texts(e->ctx, e->denoising, all);
    dc3_drop(e->ctx, all);
}

/* Standard normal noise for `step` (0: the start), of x's shape; `host` [n, ...] is room for it. */
static dc3_tensor make_noise(dc3_ctx *ctx, const dc3_edit_request *q, int step, const int64_t *shape,
                             float *host)
{
    size_t each = (size_t)(shape[1] * shape[2] * shape[3]), n = (size_t)shape[0];
    if (q->noises) return dc3_upload(ctx, DC3_F32, 4, shape, q->noises + (size_t)step * n * each);
    for (size_t i = 0; i < n; i++) {
        dc3_rng rng = dc3_rng_make(q->seeds[i], DC3_RNG_NOISE, (uint64_t)step);
        dc3_rng_normal(&rng, host + i * each, each);
    }
    return dc3_upload(ctx, DC3_F32, 4, shape, host);
}

/* What stays the same through all steps of an edit. */
typedef struct denoise_input {
    const dc3_guidance *guidance;
    dc3_tensor condition, given;  /* the image's latents or zeros in each row: f32, in the compute type */
    int again[DC3_GUIDANCE_ROWS]; /* row of x for each row of the batch */
    dc3_guided_shape guided;
} denoise_input;

static denoise_input prepare_input(dc3_editor *e, const dc3_guidance *g, dc3_tensor image)
{
    denoise_input in = {.guidance = g, .guided = {.kinds = g->kinds}};
    int rows[DC3_GUIDANCE_ROWS];
    dc3_guidance_images(g, rows);
    in.condition = dc3_take_rows(e->ctx, image, dc3_guidance_rows(g), rows);
    in.given = in.condition;
    if (dc3_ctx_dtype(e->ctx) != DC3_F32) in.given = dc3_cast(e->ctx, in.condition, dc3_ctx_dtype(e->ctx));
    for (int i = 0; i < dc3_guidance_rows(g); i++) in.again[i] = i % g->n;
    memcpy(in.guided.weight, g->weight, sizeof in.guided.weight);
    in.guided.share = e->residual ? dc3_vae_config_of(e->vae)->scaling_factor : 0;
    return in;
}

/* The denoiser's output under guidance for x at step i. */
static dc3_tensor predict(dc3_editor *e, const denoise_input *in, dc3_tensor x, int i)
{
    dc3_ctx *ctx = e->ctx;
    dc3_tensor y = dc3_affine(ctx, x, dc3_sampler_input_scale(e->sampler, i), 0);
    y = cast(ctx, y, in->given.dtype);
    y = dc3_replace(ctx, y, dc3_take_rows(ctx, y, dc3_guidance_rows(in->guidance), in->again));
    y = dc3_replace(ctx, y, dc3_concat(ctx, y, in->given));
    y = dc3_replace(ctx, y, dc3_denoising_step(ctx, e->denoising, y, i));
    y = cast(ctx, y, DC3_F32);
    return dc3_replace(ctx, y, dc3_guided(ctx, &in->guided, y, in->condition));
}

/* Zeros for what the sampler keeps of x [n, side, side, channels]. */
static dc3_tensor make_memory(dc3_ctx *ctx, const dc3_sampler *sampler, dc3_tensor x)
{
    int rows[DC3_SAMPLER_MEMORIES * DC3_EDIT_PROMPTS], memories = dc3_sampler_memories(sampler);
    int count = (memories ? memories : 1) * (int)x.shape[0];
    for (int i = 0; i < count; i++) rows[i] = -1;
    return dc3_take_rows(ctx, x, count, rows);
}

/* As many threads as the governor of steps found fastest; where there is none, all. */
static void take_threads(dc3_editor *e, int is_step)
{
    if (e->governor.most < 2) return;
    dc3_ctx_set_team(e->ctx, is_step ? dc3_governor_begin(&e->governor) : e->governor.team);
}

/* x [n, side, side, channels] f32 after all steps, guided by `image`; `host` is room for noise of its size.
 */
static dc3_tensor denoise(dc3_editor *e, const dc3_edit_settings *settings, const dc3_edit_request *q,
                          const dc3_guidance *g, dc3_tensor image, float *host)
{
    dc3_ctx *ctx = e->ctx;
    const int64_t shape[] = {q->n, image.shape[1], image.shape[2], image.shape[3]};
    denoise_input in = prepare_input(e, g, image);
    dc3_tensor x = make_noise(ctx, q, 0, shape, host), memory = make_memory(ctx, e->sampler, x);
    int evaluations = dc3_sampler_evaluations(e->sampler);
    x = dc3_replace(ctx, x, dc3_affine(ctx, x, dc3_sampler_initial_sigma(e->sampler), 0));
    for (int i = 0; i < evaluations && dc3_ctx_status(ctx) == DC3_OK; i++) {
        dc3_scope scope = dc3_scope_open(ctx);
        dc3_sampler_step step = dc3_sampler_step_of(e->sampler, i);
        take_threads(e, 1);
        dc3_tensor output = predict(e, &in, x, i), noise;
        int noisy = step.next[DC3_TERM_NOISE] != 0;
        if (noisy) noise = make_noise(ctx, q, i + 1, shape, host);
        dc3_step_sampler(ctx, &step, output, noisy ? &noise : NULL, x, memory);
        dc3_scope_close(ctx, scope);
        if (dc3_ctx_status(ctx) != DC3_OK) break;
        dc3_governor_end(&e->governor, (double)dc3_guidance_rows(g) * (double)(shape[1] * shape[2]));
        if (settings->stepped) settings->stepped(settings->user, i + 1, evaluations);
    }
    return x;
}

/* Latents times `scale` to images rgb in [0, 1], one at a time so that memory does not grow with n. */
static void decode(dc3_editor *e, dc3_tensor latents, float scale, float *rgb)
{
    dc3_ctx *ctx = e->ctx;
    for (int64_t i = 0; i < latents.shape[0] && dc3_ctx_status(ctx) == DC3_OK; i++) {
        dc3_scope scope = dc3_scope_open(ctx);
        dc3_tensor z =
            cast(ctx, dc3_affine(ctx, dc3_tensor_rows(latents, i, 1), scale, 0), dc3_ctx_dtype(ctx));
        dc3_tensor y = cast(ctx, dc3_vae_decode(ctx, e->vae, z), DC3_F32);
        y = dc3_replace(ctx, y, dc3_affine(ctx, y, 0.5f, 0.5f));
        dc3_clamp(ctx, y, 0, 1);
        dc3_download(ctx, y, rgb + i * dc3_count(&y));
        dc3_scope_close(ctx, scope);
    }
}

static dc3_status check_settings(const dc3_editor *e, const dc3_edit_settings *s, int n)
{
    int unit = dc3_editor_factor(e) * (int)e->denoiser->unit;
    DC3_TRY(check_size("size", s->size, unit));
    if (n < 1 || n > DC3_EDIT_PROMPTS)
        return dc3_fail(DC3_ERR_ARGUMENT, "prompts: expected 1 to %d, found %d", DC3_EDIT_PROMPTS, n);
    return dc3_edit_settings_check(s);
}

dc3_status dc3_editor_check(const dc3_editor *e, const dc3_edit_settings *settings)
{
    dc3_sampler *sampler;
    if (!e->tokenizer) return dc3_fail(DC3_ERR_IO, "%s: expected a folder 'tokenizer', found none", e->name);
    DC3_TRY(check_settings(e, settings, 1));
    dc3_status status = open_sampler(e, settings, &sampler);
    dc3_sampler_close(&sampler);
    return status;
}

static void run(dc3_editor *e, const dc3_edit_settings *settings, const dc3_edit_request *q, float *host)
{
    dc3_guidance g = dc3_guidance_of(settings, q->n);
    dc3_scope scope = dc3_scope_open(e->ctx);
    take_threads(e, 0);
    dc3_tensor image = encode(e, e->ctx, 1, settings->size, q->rgb);
    prepare_texts(e, &g, q->ids);
    dc3_tensor x = denoise(e, settings, q, &g, image, host);
    if (q->latents) dc3_download(e->ctx, x, q->latents);
    take_threads(e, 0);
    decode(e, x, 1 / dc3_vae_config_of(e->vae)->scaling_factor, q->edits);
    if (q->reconstruction) decode(e, image, 1, q->reconstruction);
    dc3_ctx_set_team(e->ctx, dc3_ctx_threads(e->ctx));
    dc3_scope_close(e->ctx, scope);
}

dc3_status dc3_editor_run(dc3_editor *e, const dc3_edit_settings *settings, const dc3_edit_request *q)
{
    DC3_TRY(check_settings(e, settings, q->n));
    dc3_ctx_clear(e->ctx);
    DC3_TRY(prepare_sampler(e, settings));
    size_t side = (size_t)(settings->size / dc3_editor_factor(e));
    size_t each = side * side * (size_t)dc3_vae_config_of(e->vae)->latent_channels;
    float *host = q->noises ? NULL : malloc((size_t)q->n * each * sizeof *host);
    if (!host && !q->noises) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    run(e, settings, q, host);
    free(host);
    return dc3_ctx_status(e->ctx);
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
