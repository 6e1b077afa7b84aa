#include "diffusion/solve.h"

#include <string.h>
#include "base/rng.h"
#include "ops/denoise.h"
#include "ops/ops.h"

/* f32 in the compute type, or the other way; drops x. */
static dc3_tensor cast(dc3_ctx *ctx, dc3_tensor x, dc3_dtype dtype)
{
    return x.dtype == dtype ? x : dc3_replace(ctx, x, dc3_cast(ctx, x, dtype));
}

/* Standard normal noise for `step` (0: the start); `host` [n, ...] is room for it. */
static dc3_tensor make_noise(const dc3_solving *s, int step, const int64_t *shape, float *host)
{
    size_t each = (size_t)(shape[1] * shape[2] * shape[3]), n = (size_t)shape[0];
    if (s->noises) return dc3_upload(s->ctx, DC3_F32, 4, shape, s->noises + (size_t)step * n * each);
    for (size_t i = 0; i < n; i++) {
        dc3_rng rng = dc3_rng_make(s->seeds[i], DC3_RNG_NOISE, (uint64_t)step);
        dc3_rng_normal(&rng, host + i * each, each);
    }
    return dc3_upload(s->ctx, DC3_F32, 4, shape, host);
}

/* What stays the same through all steps. */
typedef struct rows {
    dc3_tensor condition, given;  /* the image's latents or zeros in each row: f32, in the compute type; empty
                                     where the denoiser sees none */
    int again[DC3_GUIDANCE_ROWS]; /* row of x for each row of the batch */
    dc3_guided_shape guided;
} rows;

static rows prepare_rows(const dc3_solving *s)
{
    const dc3_guidance *g = s->guidance;
    rows r = {.guided = {.kinds = g->kinds, .share = s->share}};
    int images[DC3_GUIDANCE_ROWS];
    for (int i = 0; i < dc3_guidance_rows(g); i++) r.again[i] = i % g->n;
    memcpy(r.guided.weight, g->weight, sizeof r.guided.weight);
    if (!s->image.ndim) return r;
    dc3_guidance_images(g, images);
    r.condition = dc3_take_rows(s->ctx, s->image, dc3_guidance_rows(g), images);
    r.given = r.condition;
    if (dc3_ctx_dtype(s->ctx) != DC3_F32) r.given = dc3_cast(s->ctx, r.condition, dc3_ctx_dtype(s->ctx));
    return r;
}

/* The denoiser's output under guidance for x at evaluation i. */
static dc3_tensor predict(const dc3_solving *s, const rows *r, dc3_tensor x, int i)
{
    dc3_ctx *ctx = s->ctx;
    dc3_tensor y = dc3_affine(ctx, x, dc3_sampler_input_scale(s->sampler, i), 0);
    y = cast(ctx, y, dc3_ctx_dtype(ctx));
    y = dc3_replace(ctx, y, dc3_take_rows(ctx, y, dc3_guidance_rows(s->guidance), r->again));
    if (r->given.ndim) y = dc3_replace(ctx, y, dc3_concat(ctx, y, r->given));
    y = dc3_replace(ctx, y, dc3_denoising_step(ctx, s->denoising, y, i));
    y = cast(ctx, y, DC3_F32);
    return dc3_replace(ctx, y, dc3_guided(ctx, &r->guided, y, r->condition.ndim ? r->condition : y));
}

/* Zeros for what the sampler keeps of x [n, h, w, c]. */
static dc3_tensor make_memory(dc3_ctx *ctx, const dc3_sampler *sampler, dc3_tensor x)
{
    int zeros[DC3_SAMPLER_MEMORIES * DC3_EDIT_PROMPTS], memories = dc3_sampler_memories(sampler);
    int count = (memories ? memories : 1) * (int)x.shape[0];
    for (int i = 0; i < count; i++) zeros[i] = -1;
    return dc3_take_rows(ctx, x, count, zeros);
}

void dc3_solve_take_threads(dc3_ctx *ctx, dc3_governor *governor, int is_step)
{
    if (governor->most < 2) return;
    dc3_ctx_set_team(ctx, is_step ? dc3_governor_begin(governor) : governor->team);
}

dc3_tensor dc3_solve(const dc3_solving *s, const int64_t shape[4], float *host)
{
    dc3_ctx *ctx = s->ctx;
    rows r = prepare_rows(s);
    dc3_tensor x = make_noise(s, 0, shape, host), memory = make_memory(ctx, s->sampler, x);
    int evaluations = dc3_sampler_evaluations(s->sampler);
    x = dc3_replace(ctx, x, dc3_affine(ctx, x, dc3_sampler_initial_sigma(s->sampler), 0));
    for (int i = 0; i < evaluations && dc3_ctx_status(ctx) == DC3_OK; i++) {
        dc3_scope scope = dc3_scope_open(ctx);
        dc3_sampler_step step = dc3_sampler_step_of(s->sampler, i);
        dc3_solve_take_threads(ctx, s->governor, 1);
        dc3_tensor output = predict(s, &r, x, i), noise;
        int noisy = step.next[DC3_TERM_NOISE] != 0;
        if (noisy) noise = make_noise(s, i + 1, shape, host);
        dc3_step_sampler(ctx, &step, output, noisy ? &noise : NULL, x, memory);
        dc3_scope_close(ctx, scope);
        if (dc3_ctx_status(ctx) != DC3_OK) break;
        dc3_governor_end(s->governor, (double)dc3_guidance_rows(s->guidance) * (double)(shape[1] * shape[2]));
        if (s->settings->stepped) s->settings->stepped(s->settings->user, i + 1, evaluations);
    }
    return x;
}

dc3_tensor dc3_solve_encode(dc3_ctx *ctx, dc3_vae *vae, int n, int size, const float *rgb)
{
    dc3_scope scope = dc3_scope_open(ctx);
    dc3_tensor x = dc3_upload(ctx, DC3_F32, 4, (int64_t[]){n, size, size, 3}, rgb);
    x = dc3_replace(ctx, x, dc3_affine(ctx, x, 2, -1));
    x = cast(ctx, x, dc3_ctx_dtype(ctx));
    x = cast(ctx, dc3_vae_encode(ctx, vae, x), DC3_F32);
    return dc3_scope_return(ctx, scope, x);
}

void dc3_solve_decode(dc3_ctx *ctx, dc3_vae *vae, dc3_tensor latents, float scale, float *rgb)
{
    for (int64_t i = 0; i < latents.shape[0] && dc3_ctx_status(ctx) == DC3_OK; i++) {
        dc3_scope scope = dc3_scope_open(ctx);
        dc3_tensor z =
            cast(ctx, dc3_affine(ctx, dc3_tensor_rows(latents, i, 1), scale, 0), dc3_ctx_dtype(ctx));
        dc3_tensor y = cast(ctx, dc3_vae_decode(ctx, vae, z), DC3_F32);
        y = dc3_replace(ctx, y, dc3_affine(ctx, y, 0.5f, 0.5f));
        dc3_clamp(ctx, y, 0, 1);
        dc3_download(ctx, y, rgb + i * dc3_count(&y));
        dc3_scope_close(ctx, scope);
    }
}
