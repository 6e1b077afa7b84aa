#include "finetune/tuner.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "learn/clip.h"

static dc3_status check(const dc3_tuned *net, const dc3_noising *noising)
{
    if (net->outputs != net->channels && net->outputs != 2 * net->channels)
        return dc3_fail(
            DC3_ERR_UNSUPPORTED,
            "a denoiser of %lld channels that gives %lld; expected as many, or twice as many with a "
            "variance",
            (long long)net->channels, (long long)net->outputs);
    if (net->outputs == net->channels || noising->prediction == DC3_PREDICT_EPSILON) return DC3_OK;
    return dc3_fail(DC3_ERR_UNSUPPORTED,
                    "a denoiser that learns a variance is trained with 'prediction_type' epsilon only");
}

dc3_status dc3_tuner_open(const dc3_tuner_options *o, dc3_tuned *net, const dc3_noising *noising,
                          dc3_tuner *t)
{
    *t = (dc3_tuner){.net = net, .noising = noising, .clip = o->clip, .min_snr = o->min_snr};
    DC3_TRY(check(net, noising));
    DC3_TRY(dc3_ctx_open(NULL, o->dtype, o->threads, DC3_CTX_FAST, &t->ctx));
    dc3_governor_open(&t->governor, dc3_ctx_team_is_free(t->ctx) ? o->threads : 1);
    DC3_TRY(dc3_tape_open(&t->tape));
    for (size_t i = 0; i < net->count; i++)
        if (net->params[i].gradient.data)
            DC3_TRY(dc3_tape_watch(t->tape, net->params[i].value, net->params[i].gradient));
    DC3_TRY(dc3_optimizer_open(t->ctx, &o->optimizer, net->params, net->count, &t->optimizer));
    dc3_optimizer_zero_gradients(t->optimizer);
    if (!(o->ema_decay > 0)) return DC3_OK;
    dc3_ema_options ema = {.decay = o->ema_decay, .warm_up = 1};
    return dc3_ema_open(t->ctx, &ema, net->params, net->count, &t->ema);
}

void dc3_tuner_close(dc3_tuner *t)
{
    dc3_ema_close(&t->ema);
    dc3_optimizer_close(&t->optimizer);
    dc3_tape_close(&t->tape);
    dc3_ctx_close(&t->ctx);
    free(t->host);
    t->host = NULL;
}

/* Places of the host's memory for a batch. */
typedef struct buffers {
    float *noisy, *target, *y, *slope;
} buffers;

static dc3_status make_room(dc3_tuner *t, const dc3_tuning_batch *b, buffers *at)
{
    size_t pixels = (size_t)(b->n * b->h * b->w), latents = pixels * (size_t)t->net->channels,
           outputs = pixels * (size_t)t->net->outputs, values = 2 * (latents + outputs);
    if (values > t->room) {
        free(t->host);
        t->room = 0;
        t->host = malloc(values * sizeof *t->host);
        if (!t->host) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
        t->room = values;
    }
    *at = (buffers){t->host, t->host + latents, t->host + 2 * latents, t->host + 2 * latents + outputs};
    return DC3_OK;
}

static void add_noise(const dc3_tuner *t, const dc3_tuning_batch *b, const buffers *at)
{
    int64_t each = b->h * b->w * t->net->channels;
    for (int64_t i = 0; i < b->n; i++) {
        const float *x = b->latents + i * each, *noise = b->noise + i * each;
        dc3_noise_add(t->noising, b->timesteps[i], each, x, noise, at->noisy + i * each);
        dc3_noise_target(t->noising, b->timesteps[i], each, x, noise, at->target + i * each);
    }
}

static dc3_tensor upload(dc3_ctx *ctx, int ndim, const int64_t *shape, const float *values)
{
    dc3_tensor x = dc3_upload(ctx, DC3_F32, ndim, shape, values);
    return dc3_ctx_dtype(ctx) == DC3_F32 ? x : dc3_replace(ctx, x, dc3_cast(ctx, x, dc3_ctx_dtype(ctx)));
}

/* The network's output, f32, recorded. */
static dc3_tensor predict(dc3_tuner *t, const dc3_tuning_batch *b, const buffers *at)
{
    dc3_ctx *ctx = t->ctx;
    float *times = malloc((size_t)b->n * sizeof *times);
    if (!times) return dc3_ctx_fail(ctx, dc3_fail(DC3_ERR_MEMORY, "out of memory"));
    for (int64_t i = 0; i < b->n; i++) times[i] = (float)b->timesteps[i];
    dc3_tensor x = upload(ctx, 4, (int64_t[]){b->n, b->h, b->w, t->net->channels}, at->noisy), states = {0};
    if (b->ids)
        states = dc3_tuned_states(ctx, t->net, b->n, b->tokens, b->ids);
    else if (b->states)
        states = upload(ctx, 3, (int64_t[]){b->n, b->tokens, t->net->text_channels}, b->states);
    dc3_tensor y = dc3_tuned_of(ctx, t->net, x, times, states, b->labels);
    free(times);
    return dc3_cast(ctx, y, DC3_F32);
}

static dc3_status back(dc3_tuner *t, dc3_tensor y, double found, const float *slope, double share)
{
    dc3_tensor value = dc3_given_loss(t->ctx, y, (float)found, slope);
    return dc3_tape_backward(t->tape, t->ctx, value, (float)share);
}

static dc3_status add(dc3_tuner *t, const dc3_tuning_batch *b, double share, double *loss)
{
    buffers at = {0};
    DC3_TRY(make_room(t, b, &at));
    add_noise(t, b, &at);
    dc3_ctx_clear(t->ctx);
    dc3_scope scope = dc3_scope_open(t->ctx);
    dc3_tape_start(t->tape, t->ctx);
    dc3_tensor y = predict(t, b, &at);
    dc3_download(t->ctx, y, at.y);
    dc3_status status = dc3_ctx_status(t->ctx);
    if (status == DC3_OK) {
        dc3_denoised denoised = {.n = b->n,
                                 .pixels = b->h * b->w,
                                 .channels = t->net->channels,
                                 .outputs = t->net->outputs,
                                 .x = b->latents,
                                 .noisy = at.noisy,
                                 .target = at.target,
                                 .timesteps = b->timesteps,
                                 .y = at.y};
        *loss = dc3_denoising_loss(t->noising, &denoised, t->min_snr, at.slope);
        status = isfinite(*loss) ? back(t, y, *loss, at.slope, share)
                                 : dc3_fail(DC3_ERR_FORMAT, "the loss is not finite");
    }
    dc3_tape_stop(t->tape, t->ctx);
    dc3_scope_close(t->ctx, scope);
    dc3_ctx_clear(t->ctx);
    return status;
}

dc3_status dc3_tuner_add(dc3_tuner *t, const dc3_tuning_batch *b, double share, double *loss)
{
    if (t->governor.most < 2) return add(t, b, share, loss);
    dc3_ctx_set_team(t->ctx, dc3_governor_begin(&t->governor));
    dc3_status status = add(t, b, share, loss);
    dc3_ctx_set_team(t->ctx, dc3_ctx_threads(t->ctx));
    dc3_governor_end(&t->governor, (double)(b->n * b->h * b->w));
    return status;
}

dc3_status dc3_tuner_step(dc3_tuner *t, double lr, double *norm)
{
    dc3_tuned *net = t->net;
    *norm = t->clip > 0 ? dc3_clip_gradients(t->ctx, net->params, net->count, t->clip)
                        : dc3_gradient_norm(t->ctx, net->params, net->count);
    DC3_TRY(dc3_ctx_status(t->ctx));
    if (!isfinite(*norm)) return dc3_fail(DC3_ERR_FORMAT, "the gradient is not finite");
    DC3_TRY(dc3_optimizer_step(t->optimizer, lr));
    dc3_optimizer_zero_gradients(t->optimizer);
    return t->ema ? dc3_ema_update(t->ema) : DC3_OK;
}
