/* FLOPs and bytes of edits, counted by running the networks without computing anything. */
#include "diffusion/editor_private.h"
#include "diffusion/guidance.h"

static double flops_of(const dc3_ctx *ctx)
{
    dc3_profile p = dc3_ctx_profile(ctx);
    double sum = 0;
    for (int k = 0; k < DC3_OP_KINDS; k++) sum += p.flops[k];
    return sum;
}

static dc3_ctx *counting(const dc3_editor *e)
{
    dc3_ctx *ctx = NULL;
    return dc3_ctx_open(dc3_ctx_device(e->ctx)->name, dc3_ctx_dtype(e->ctx), dc3_ctx_threads(e->ctx),
                        DC3_CTX_COUNT, &ctx) == DC3_OK
               ? ctx
               : NULL;
}

static dc3_tensor nothing(dc3_ctx *ctx, int64_t n, int64_t side, int64_t channels)
{
    return dc3_new(ctx, dc3_ctx_dtype(ctx), 4, (int64_t[]){n, side, side, channels});
}

double dc3_editor_encode_flops(const dc3_editor *e, int size)
{
    dc3_ctx *ctx = counting(e);
    if (!ctx) return 0;
    dc3_vae_encode(ctx, e->vae, nothing(ctx, 1, size, 3));
    double flops = flops_of(ctx);
    dc3_ctx_close(&ctx);
    return flops;
}

double dc3_editor_encode_bytes(const dc3_editor *e, int n, int size)
{
    dc3_ctx *ctx = counting(e);
    if (!ctx) return 0;
    dc3_vae_encode(ctx, e->vae, nothing(ctx, n, size, 3));
    double bytes = (double)dc3_ctx_bytes(ctx);
    dc3_ctx_close(&ctx);
    return bytes;
}

/* The texts of n prompts, as all rows of a step see them. */
static void count_texts(dc3_ctx *ctx, const dc3_editor *e, dc3_denoising *denoising, int n, int64_t rows)
{
    int64_t tokens = dc3_editor_tokens(e);
    dc3_drop(ctx, dc3_clip_text_of(ctx, e->text, n + 1, tokens, NULL));
    dc3_tensor states =
        dc3_new(ctx, dc3_ctx_dtype(ctx), 3, (int64_t[]){rows, tokens, e->denoiser->text_channels});
    dc3_denoising_texts(ctx, denoising, states);
    dc3_drop(ctx, states);
}

/* One part of an edit at a time has temporaries, beside the keys and values of the texts. */
double dc3_editor_bytes(const dc3_editor *e, const dc3_edit_settings *s, int n)
{
    dc3_ctx *ctx = counting(e);
    dc3_denoising *denoising = NULL;
    double bytes = 0;
    dc3_guidance g = dc3_guidance_of(s, n);
    int64_t side = s->size / dc3_editor_factor(e), channels = dc3_vae_config_of(e->vae)->latent_channels;
    int64_t rows = dc3_guidance_rows(&g);
    if (ctx && dc3_denoising_open(ctx, e->denoiser, 1, (float[]){1}, &denoising) == DC3_OK) {
        count_texts(ctx, e, denoising, n, rows);
        dc3_scope scope = dc3_scope_open(ctx);
        dc3_denoising_step(ctx, denoising, nothing(ctx, rows, side, 2 * channels), 0);
        dc3_scope_close(ctx, scope);
        dc3_vae_decode(ctx, e->vae, nothing(ctx, 1, side, channels));
        bytes = (double)dc3_ctx_bytes(ctx);
    }
    dc3_denoising_close(&denoising);
    dc3_ctx_close(&ctx);
    double encoding = dc3_editor_encode_bytes(e, 1, s->size);
    return bytes > encoding ? bytes : encoding;
}

/* Of the denoiser; `steps` where no sampler can be opened, which the edit then says. */
static int evaluations_of(const dc3_editor *e, const dc3_edit_settings *s)
{
    dc3_sampler *sampler;
    if (s->sampler < 0 || dc3_sampler_open(s->sampler, &e->scheduler, s->steps, &sampler) != DC3_OK)
        return s->steps;
    int count = dc3_sampler_evaluations(sampler);
    dc3_sampler_close(&sampler);
    return count;
}

double dc3_editor_flops(const dc3_editor *e, const dc3_edit_settings *s, int n, int reconstruction)
{
    dc3_ctx *ctx = counting(e);
    dc3_denoising *denoising = NULL;
    double once = 0, step = 0;
    dc3_guidance g = dc3_guidance_of(s, n);
    int64_t side = s->size / dc3_editor_factor(e), channels = dc3_vae_config_of(e->vae)->latent_channels;
    int64_t rows = dc3_guidance_rows(&g);
    if (ctx && dc3_denoising_open(ctx, e->denoiser, 1, (float[]){1}, &denoising) == DC3_OK) {
        dc3_ctx_profile_reset(ctx);
        count_texts(ctx, e, denoising, n, rows);
        dc3_vae_decode(ctx, e->vae, nothing(ctx, n + !!reconstruction, side, channels));
        once = flops_of(ctx) + dc3_editor_encode_flops(e, s->size);
        dc3_ctx_profile_reset(ctx);
        dc3_denoising_step(ctx, denoising, nothing(ctx, rows, side, 2 * channels), 0);
        step = flops_of(ctx);
    }
    dc3_denoising_close(&denoising);
    dc3_ctx_close(&ctx);
    return once + step * evaluations_of(e, s);
}
