/* A batch of images: the texts' states or the classes, denoising under guidance, decoding. */
#include <stdlib.h>
#include <string.h>
#include "diffusion/cost.h"
#include "diffusion/edit_options.h"
#include "diffusion/solve.h"
#include "generate/generator_private.h"
#include "ops/workers.h"

/* The prompts of a batch, each once, and the text that guidance leads away from behind them. */
typedef struct texts {
    int count;                /* of prompts */
    int of[DC3_EDIT_PROMPTS]; /* a row's */
    int64_t *ids;             /* [count + 1, tokens] */
} texts;

static dc3_status encode(const dc3_pipeline *p, const dc3_generator_request *q, texts *t)
{
    int tokens = dc3_pipeline_tokens(p);
    t->count = 0;
    t->ids = malloc((size_t)(q->n + 1) * (size_t)tokens * sizeof *t->ids);
    if (!t->ids) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    for (int i = 0; i < q->n; i++) {
        int same = 0;
        while (same < i && strcmp(q->prompts[same], q->prompts[i]) != 0) same++;
        t->of[i] = same < i ? t->of[same] : t->count;
        if (same < i) continue;
        DC3_TRY(dc3_tokenizer_encode(p->tokenizer, q->prompts[i], tokens,
                                     t->ids + (size_t)t->count++ * (size_t)tokens));
    }
    return dc3_tokenizer_encode(p->tokenizer, q->negative ? q->negative : "", tokens,
                                t->ids + (size_t)t->count * (size_t)tokens);
}

/* Gives the denoiser what each row is denoised under. */
static void give_conditions(dc3_generator *g, const dc3_guidance *guidance, const dc3_generator_request *q,
                            const texts *t)
{
    int rows[DC3_GUIDANCE_ROWS], count = dc3_guidance_rows(guidance);
    int64_t labels[DC3_GUIDANCE_ROWS] = {0};
    dc3_guidance_texts(guidance, rows); /* row's image, or n: none */
    for (int i = 0; i < count; i++) {
        int none = rows[i] == guidance->n;
        if (g->model.text)
            rows[i] = none ? t->count : t->of[rows[i]];
        else
            labels[i] = none ? g->model.denoiser->classes : q->labels[rows[i]];
    }
    if (g->model.text)
        dc3_pipeline_give_texts(&g->model, g->ctx, g->denoising, t->count + 1, t->ids, count, rows);
    else
        dc3_denoising_classes(g->ctx, g->denoising, count, labels);
}

static void run(dc3_generator *g, const dc3_edit_settings *settings, const dc3_generator_request *q,
                const texts *t, const int64_t *shape, float *host)
{
    dc3_ctx *ctx = g->ctx;
    dc3_guidance guidance = dc3_guidance_of(settings, q->n);
    dc3_scope scope = dc3_scope_open(ctx);
    dc3_solve_take_threads(ctx, &g->governor, 0);
    give_conditions(g, &guidance, q, t);
    dc3_solving solving = {.ctx = ctx,
                           .governor = &g->governor,
                           .sampler = g->sampler,
                           .denoising = g->denoising,
                           .guidance = &guidance,
                           .seeds = q->seeds,
                           .noises = q->noises,
                           .settings = settings};
    dc3_tensor x = dc3_solve(&solving, shape, host);
    if (q->latents) dc3_download(ctx, x, q->latents);
    dc3_solve_take_threads(ctx, &g->governor, 0);
    dc3_solve_decode(ctx, g->model.vae, x, 1 / dc3_vae_config_of(g->model.vae)->scaling_factor, q->images);
    dc3_ctx_set_team(ctx, dc3_ctx_threads(ctx));
    dc3_scope_close(ctx, scope);
}

static dc3_status check_request(const dc3_generator *g, const dc3_generator_request *q)
{
    if (q->n < 1 || q->n > DC3_EDIT_PROMPTS)
        return dc3_fail(DC3_ERR_ARGUMENT, "images: expected 1 to %d, found %d", DC3_EDIT_PROMPTS, q->n);
    if (g->model.text ? !q->prompts : !q->labels)
        return dc3_fail(DC3_ERR_ARGUMENT, "%s: expected a %s of each image", g->model.name,
                        g->model.text ? "prompt" : "class");
    return DC3_OK;
}

dc3_status dc3_generator_run(dc3_generator *g, const dc3_edit_settings *settings,
                             const dc3_generator_request *q)
{
    texts t = {.ids = NULL};
    DC3_TRY(dc3_generator_check(g, settings));
    DC3_TRY(check_request(g, q));
    dc3_ctx_clear(g->ctx);
    DC3_TRY(dc3_pipeline_prepare(&g->model, settings, g->ctx, &g->sampler, &g->denoising));
    int64_t side = settings->size / dc3_pipeline_factor(&g->model);
    int64_t shape[] = {q->n, side, side, dc3_vae_config_of(g->model.vae)->latent_channels};
    float *host = q->noises ? NULL : malloc((size_t)(q->n * side * side * shape[3]) * sizeof *host);
    dc3_status status = host || q->noises ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK && g->model.text) status = encode(&g->model, q, &t);
    if (status == DC3_OK) {
        run(g, settings, q, &t, shape, host);
        status = dc3_ctx_status(g->ctx);
    }
    free(host);
    free(t.ids);
    return status;
}

double dc3_generator_flops(const dc3_generator *g, const dc3_edit_settings *s, int n)
{
    dc3_cost c = dc3_pipeline_cost(&g->model, g->ctx, s, n);
    return c.conditions + c.step * c.evaluations + c.decoding * n;
}

double dc3_generator_bytes(const dc3_generator *g, const dc3_edit_settings *s, int n)
{
    double pixels = (double)s->size * s->size * n;
    return dc3_pipeline_cost(&g->model, g->ctx, s, n).bytes + 3 * sizeof(float) * pixels;
}

double dc3_generator_weight_bytes(const dc3_generator *g)
{
    return dc3_pipeline_parameters(&g->model) * (double)dc3_dtype_size(dc3_ctx_dtype(g->ctx));
}

int dc3_generator_workers(const dc3_generator *g, const dc3_edit_settings *s, int n, int64_t batches)
{
    static const double large = 64 << 20; /* bytes */
    if (batches < dc3_ctx_threads(g->ctx) || dc3_ctx_threads(g->ctx) < 2) return 1;
    if (dc3_generator_bytes(g, s, 1) > large) return 1;
    return dc3_workers(g->ctx, batches, dc3_generator_bytes(g, s, n));
}
