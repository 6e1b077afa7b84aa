#include "learn/trainer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/listener.h"
#include "learn/clip.h"

dc3_status dc3_trainer_open(const dc3_classifier_spec *spec, dc3_table **table, dc3_dtype dtype, int threads,
                            const dc3_optimizer_options *options, dc3_trainer *t)
{
    memset(t, 0, sizeof *t);
    DC3_TRY(dc3_classifier_open_to_train(NULL, spec, table, &t->net));
    t->info = dc3_classifier_describe(t->net);
    t->seed = spec->seed;
    t->params = dc3_classifier_params(t->net, &t->count);
    if (!t->params) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    DC3_TRY(dc3_ctx_open(NULL, dtype, threads, DC3_CTX_FAST, &t->ctx));
    dc3_governor_open(&t->governor, dc3_ctx_team_is_free(t->ctx) ? threads : 1);
    DC3_TRY(dc3_tape_open(&t->tape));
    for (size_t i = 0; i < t->count; i++)
        if (t->params[i].gradient.data)
            DC3_TRY(dc3_tape_watch(t->tape, t->params[i].value, t->params[i].gradient));
    return dc3_optimizer_open(t->ctx, options, t->params, t->count, &t->optimizer);
}

void dc3_trainer_close(dc3_trainer *t)
{
    dc3_replicas_close(&t->replicas);
    dc3_ema_close(&t->ema);
    dc3_optimizer_close(&t->optimizer);
    dc3_tape_close(&t->tape);
    dc3_classifier_close(&t->net);
    dc3_ctx_close(&t->ctx);
}

dc3_status dc3_trainer_average(dc3_trainer *t, double decay)
{
    dc3_ema_options options = {.decay = decay, .warm_up = 1};
    dc3_ema_close(&t->ema);
    return dc3_ema_open(t->ctx, &options, t->params, t->count, &t->ema);
}

void dc3_trainer_swap(dc3_trainer *t)
{
    if (t->ema) dc3_ema_swap(t->ema);
}

static dc3_tensor loss_of(dc3_trainer *t, dc3_tensor logits, const dc3_target *target)
{
    const float *wanted = target->logits, share = target->k ? target->hard : 0;
    if (wanted && target->loss == DC3_LOSS_KL)
        return dc3_distillation_loss(t->ctx, logits, wanted, target->temperature);
    if (wanted && target->loss == DC3_LOSS_COSINE)
        return dc3_cosine_loss(t->ctx, logits, wanted, target->k, target->labels, target->weights,
                               target->smoothing, share);
    dc3_tensor apart = wanted ? dc3_mse(t->ctx, logits, wanted) : (dc3_tensor){0};
    if (wanted && !(share > 0)) return apart;
    dc3_tensor hard =
        dc3_cross_entropy(t->ctx, logits, target->k, target->labels, target->weights, target->smoothing);
    return wanted ? dc3_add_losses(t->ctx, apart, hard, share) : hard;
}

/* The gradients of a batch, or of a part of one. */
static dc3_status find_gradients(dc3_trainer *t, int part, int64_t n, int64_t size, void *views,
                                 const dc3_target *target, double lr, double *loss)
{
    dc3_scope scope = dc3_scope_open(t->ctx);
    dc3_tensor embedding, x = dc3_view(views, dc3_ctx_dtype(t->ctx), 4, (int64_t[]){n, size, size, 3});
    uint64_t step = (uint64_t)dc3_optimizer_steps(t->optimizer);
    float found = NAN;
    dc3_optimizer_zero_gradients(t->optimizer);
    x = dc3_on_device(t->ctx, x);
    dc3_ctx_set_dropout(t->ctx, t->seed, step * (uint64_t)(t->parts ? t->parts : 1) + (uint64_t)part);
    dc3_tape_start(t->tape, t->ctx);
    dc3_tensor z = dc3_classifier_of(t->ctx, t->net, x, &embedding), value = loss_of(t, z, target);
    dc3_download(t->ctx, value, &found);
    *loss = found;
    dc3_status status = dc3_ctx_status(t->ctx);
    if (status == DC3_OK && !isfinite(*loss))
        status = dc3_fail(DC3_ERR_FORMAT,
                          "the loss is not finite at step %lld (learning rate %g); a smaller %s may help",
                          (long long)step + 1, lr, dc3_setting("lr"));
    else
        status = dc3_tape_backward(t->tape, t->ctx, value, 1);
    dc3_tape_stop(t->tape, t->ctx);
    dc3_scope_close(t->ctx, scope);
    dc3_ctx_clear(t->ctx);
    return status;
}

/* Along the gradients. */
static dc3_status advance(dc3_trainer *t, double lr)
{
    if (t->clip > 0) dc3_clip_gradients(t->ctx, t->params, t->count, t->clip);
    DC3_TRY(dc3_optimizer_step(t->optimizer, lr));
    return t->ema ? dc3_ema_update(t->ema) : DC3_OK;
}

static dc3_status take_step(dc3_trainer *t, int64_t n, int64_t size, void *views, const dc3_target *target,
                            double lr, double *loss)
{
    DC3_TRY(find_gradients(t, 0, n, size, views, target, lr, loss));
    return advance(t, lr);
}

dc3_status dc3_trainer_step(dc3_trainer *t, int64_t n, int64_t size, void *views, const dc3_target *target,
                            double lr, double *loss)
{
    int all = dc3_ctx_threads(t->ctx);
    if (t->governor.most < 2 || t->governor.most != all)
        return take_step(t, n, size, views, target, lr, loss);
    dc3_ctx_set_team(t->ctx, dc3_governor_begin(&t->governor));
    dc3_status status = take_step(t, n, size, views, target, lr, loss);
    dc3_ctx_set_team(t->ctx, all);
    dc3_governor_end(&t->governor, (double)(n * size * size));
    return status;
}

dc3_status dc3_trainer_replicate(dc3_trainer *t, int parts)
{
    t->parts = parts;
    return dc3_replicas_open(t->params, t->count, parts, &t->replicas);
}

dc3_status dc3_trainer_part(dc3_trainer *t, int part, int64_t n, int64_t size, void *views,
                            const dc3_target *target, double lr)
{
    double loss = 0;
    if (n) DC3_TRY(find_gradients(t, part, n, size, views, target, lr, &loss));
    return dc3_replicas_add(t->replicas, part, (double)n, loss);
}

dc3_status dc3_trainer_join(dc3_trainer *t, double lr, double *loss, int64_t *n)
{
    double views;
    DC3_TRY(dc3_replicas_join(t->replicas, loss, &views));
    *n = (int64_t)views;
    return *n ? advance(t, lr) : DC3_OK;
}

dc3_status dc3_trainer_measure(dc3_trainer *trainer, int64_t n, int64_t size, double *seconds)
{
    size_t values = (size_t)n * (size_t)size * (size_t)size * 3;
    int64_t *labels = calloc((size_t)n, sizeof *labels);
    void *views = calloc(values, dc3_dtype_size(dc3_ctx_dtype(trainer->ctx)));
    dc3_status status = labels && views ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    for (int i = 0; i < 2 && status == DC3_OK; i++) {
        dc3_target target = {.k = 1, .labels = labels};
        double loss, start = dc3_seconds_now();
        status = dc3_trainer_step(trainer, n, size, views, &target, 0, &loss);
        *seconds = dc3_seconds_now() - start;
    }
    free(labels);
    free(views);
    return status;
}
