#include "diffusion/cost.h"

#include "diffusion/guidance.h"

static double flops_of(const dc3_ctx *ctx)
{
    dc3_profile p = dc3_ctx_profile(ctx);
    double sum = 0;
    for (int k = 0; k < DC3_OP_KINDS; k++) sum += p.flops[k];
    return sum;
}

static dc3_ctx *counting(const dc3_ctx *like)
{
    dc3_ctx *ctx = NULL;
    return dc3_ctx_open(dc3_ctx_device(like)->name, dc3_ctx_dtype(like), dc3_ctx_threads(like), DC3_CTX_COUNT,
                        &ctx) == DC3_OK
               ? ctx
               : NULL;
}

static dc3_tensor nothing(dc3_ctx *ctx, int64_t n, int64_t side, int64_t channels)
{
    return dc3_new(ctx, dc3_ctx_dtype(ctx), 4, (int64_t[]){n, side, side, channels});
}

void dc3_pipeline_encode_cost(const dc3_pipeline *p, const dc3_ctx *like, int n, int size, double *flops,
                              double *bytes)
{
    dc3_ctx *ctx = counting(like);
    *flops = *bytes = 0;
    if (!ctx) return;
    dc3_vae_encode(ctx, p->vae, nothing(ctx, n, size, 3));
    *flops = flops_of(ctx);
    *bytes = (double)dc3_ctx_bytes(ctx);
    dc3_ctx_close(&ctx);
}

/* The texts of n prompts, as all rows of a step see them; or the rows' classes. */
static void count_conditions(dc3_ctx *ctx, const dc3_pipeline *p, dc3_denoising *denoising, int n, int rows)
{
    if (!p->text) {
        int64_t labels[DC3_GUIDANCE_ROWS] = {0};
        dc3_denoising_classes(ctx, denoising, rows, labels);
        return;
    }
    int64_t tokens = dc3_pipeline_tokens(p);
    dc3_drop(ctx, dc3_clip_text_of(ctx, p->text, n + 1, tokens, NULL));
    dc3_tensor states =
        dc3_new(ctx, dc3_ctx_dtype(ctx), 3, (int64_t[]){rows, tokens, p->denoiser->text_channels});
    dc3_denoising_texts(ctx, denoising, states);
    dc3_drop(ctx, states);
}

static int evaluations_of(const dc3_pipeline *p, const dc3_edit_settings *s)
{
    dc3_sampler *sampler;
    if (s->sampler < 0 || dc3_sampler_open(s->sampler, &p->scheduler, s->steps, &sampler) != DC3_OK)
        return s->steps;
    int count = dc3_sampler_evaluations(sampler);
    dc3_sampler_close(&sampler);
    return count;
}

/* FLOPs since the last call. */
static double flops_now(dc3_ctx *ctx)
{
    double flops = flops_of(ctx);
    dc3_ctx_profile_reset(ctx);
    return flops;
}

/* One part at a time has temporaries, beside the keys and values of the texts. */
dc3_cost dc3_pipeline_cost(const dc3_pipeline *p, const dc3_ctx *like, const dc3_edit_settings *s, int n)
{
    dc3_ctx *ctx = counting(like);
    dc3_denoising *denoising = NULL;
    dc3_guidance g = dc3_guidance_of(s, n);
    int rows = dc3_guidance_rows(&g);
    int64_t side = s->size / dc3_pipeline_factor(p);
    dc3_cost cost = {.evaluations = evaluations_of(p, s)};
    if (ctx && dc3_denoising_open(ctx, p->denoiser, 1, (float[]){1}, &denoising) == DC3_OK) {
        dc3_ctx_profile_reset(ctx);
        count_conditions(ctx, p, denoising, n, rows);
        cost.conditions = flops_now(ctx);
        dc3_scope scope = dc3_scope_open(ctx);
        dc3_denoising_step(ctx, denoising, nothing(ctx, rows, side, p->denoiser->in_channels), 0);
        dc3_scope_close(ctx, scope);
        cost.step = flops_now(ctx);
        dc3_vae_decode(ctx, p->vae, nothing(ctx, 1, side, dc3_vae_config_of(p->vae)->latent_channels));
        cost.decoding = flops_now(ctx);
        cost.bytes = (double)dc3_ctx_bytes(ctx);
    }
    dc3_denoising_close(&denoising);
    dc3_ctx_close(&ctx);
    return cost;
}
