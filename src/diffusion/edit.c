/* One edit: the image's latents and the texts' states, denoising under guidance, decoding. Images and
 * noise go up to the context's device, results come down; what is between is tensors. */
#include <stdlib.h>
#include "diffusion/edit_options.h"
#include "diffusion/editor_private.h"
#include "diffusion/solve.h"

dc3_status dc3_editor_encode_in(const dc3_editor *e, dc3_ctx *ctx, int n, int size, const float *rgb,
                                float *latents)
{
    DC3_TRY(dc3_pipeline_check_size("feature_size", size, dc3_pipeline_factor(&e->model)));
    dc3_ctx_clear(ctx);
    dc3_scope scope = dc3_scope_open(ctx);
    dc3_download(ctx, dc3_solve_encode(ctx, e->model.vae, n, size, rgb), latents);
    dc3_scope_close(ctx, scope);
    return dc3_ctx_status(ctx);
}

dc3_status dc3_editor_encode(dc3_editor *e, int n, int size, const float *rgb, float *latents)
{
    return dc3_editor_encode_in(e, e->ctx, n, size, rgb, latents);
}

/* The texts of all rows: ids [n + 1, tokens]. */
static void prepare_texts(dc3_editor *e, const dc3_guidance *g, const int64_t *ids)
{
    int rows[DC3_GUIDANCE_ROWS];
    dc3_guidance_texts(g, rows);
    dc3_pipeline_give_texts(&e->model, e->ctx, e->denoising, g->n + 1, ids, dc3_guidance_rows(g), rows);
}

static dc3_status check_settings(const dc3_editor *e, const dc3_edit_settings *s, int n)
{
    DC3_TRY(dc3_pipeline_check_size("size", s->size, dc3_pipeline_unit(&e->model)));
    if (n < 1 || n > DC3_EDIT_PROMPTS)
        return dc3_fail(DC3_ERR_ARGUMENT, "prompts: expected 1 to %d, found %d", DC3_EDIT_PROMPTS, n);
    return dc3_edit_settings_check(s);
}

dc3_status dc3_editor_check(const dc3_editor *e, const dc3_edit_settings *settings)
{
    dc3_sampler *sampler;
    DC3_TRY(dc3_pipeline_check_texts(&e->model));
    DC3_TRY(check_settings(e, settings, 1));
    dc3_status status = dc3_pipeline_open_sampler(&e->model, settings->sampler, settings->steps, &sampler);
    dc3_sampler_close(&sampler);
    return status;
}

static void run(dc3_editor *e, const dc3_edit_settings *settings, const dc3_edit_request *q, float *host)
{
    dc3_ctx *ctx = e->ctx;
    float factor = dc3_vae_config_of(e->model.vae)->scaling_factor;
    dc3_guidance g = dc3_guidance_of(settings, q->n);
    dc3_scope scope = dc3_scope_open(ctx);
    dc3_solve_take_threads(ctx, &e->governor, 0);
    dc3_tensor image = dc3_solve_encode(ctx, e->model.vae, 1, settings->size, q->rgb);
    prepare_texts(e, &g, q->ids);
    dc3_solving solving = {.ctx = ctx,
                           .governor = &e->governor,
                           .sampler = e->sampler,
                           .denoising = e->denoising,
                           .guidance = &g,
                           .image = image,
                           .share = e->residual ? factor : 0,
                           .seeds = q->seeds,
                           .noises = q->noises,
                           .settings = settings};
    dc3_tensor x =
        dc3_solve(&solving, (int64_t[]){q->n, image.shape[1], image.shape[2], image.shape[3]}, host);
    if (q->latents) dc3_download(ctx, x, q->latents);
    dc3_solve_take_threads(ctx, &e->governor, 0);
    dc3_solve_decode(ctx, e->model.vae, x, 1 / factor, q->edits);
    if (q->reconstruction) dc3_solve_decode(ctx, e->model.vae, image, 1, q->reconstruction);
    dc3_ctx_set_team(ctx, dc3_ctx_threads(ctx));
    dc3_scope_close(ctx, scope);
}

dc3_status dc3_editor_run(dc3_editor *e, const dc3_edit_settings *settings, const dc3_edit_request *q)
{
    DC3_TRY(check_settings(e, settings, q->n));
    dc3_ctx_clear(e->ctx);
    DC3_TRY(dc3_pipeline_prepare(&e->model, settings, e->ctx, &e->sampler, &e->denoising));
    size_t side = (size_t)(settings->size / dc3_pipeline_factor(&e->model));
    size_t each = side * side * (size_t)dc3_vae_config_of(e->model.vae)->latent_channels;
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
    DC3_TRY(dc3_pipeline_check_texts(&e->model));
    DC3_TRY(check_settings(e, settings, n));
    int tokens = dc3_editor_tokens(e);
    int64_t *ids = malloc((size_t)(n + 1) * (size_t)tokens * sizeof *ids);
    dc3_status status = ids ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    for (int i = 0; status == DC3_OK && i <= n; i++)
        status = dc3_tokenizer_encode(e->model.tokenizer, i < n ? prompts[i] : "", tokens,
                                      ids + (size_t)i * (size_t)tokens);
    dc3_edit_request request = {
        .rgb = rgb, .n = n, .ids = ids, .seeds = seeds, .edits = edits, .reconstruction = reconstruction};
    if (status == DC3_OK) status = dc3_editor_run(e, settings, &request);
    free(ids);
    return status;
}
