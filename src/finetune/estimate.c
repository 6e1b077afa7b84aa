/* Whether a step fits the memory, and how long the training takes: small steps are made and measured. The
 * temporaries of a step are nearly a + b pixels, of the latents of a batch. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include "base/listener.h"
#include "base/memory.h"
#include "dc3/text.h"
#include "finetune/part.h"
#include "ranks/ranks.h"

enum { SMALL_SIDE = 16 }; /* latents up to this one are measured as they are */
enum { REPLICAS = 2 };    /* gradients of a step of several batches are kept so often more */

/* One batch of n of h x w latents of nothing: gradients of share 0 are added. */
static dc3_status probe(dc3_finetuning *t, int64_t n, int64_t h, int64_t w, int64_t tokens, double *seconds)
{
    size_t values = (size_t)(n * h * w * t->net.channels), text = (size_t)(n * tokens * t->net.text_channels);
    float *zeros = calloc(values + text + 1, sizeof *zeros);
    int *times = calloc((size_t)n, sizeof *times);
    int64_t *labels = calloc((size_t)(n * (tokens ? tokens : 1)), sizeof *labels); /* or ids */
    double loss, start = dc3_seconds_now();
    dc3_tuning_batch batch = {.n = n,
                              .h = h,
                              .w = w,
                              .tokens = tokens,
                              .latents = zeros,
                              .noise = zeros,
                              .timesteps = times,
                              .states = t->net.classes ? NULL : zeros + values,
                              .ids = t->net.text ? labels : NULL,
                              .labels = t->net.classes ? labels : NULL};
    dc3_status status = zeros && times && labels ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    for (int64_t i = 0; status == DC3_OK && i < n; i++) times[i] = t->noising.steps / 2;
    if (status == DC3_OK) status = dc3_tuner_add(&t->tuner, &batch, 0, &loss);
    dc3_optimizer_zero_gradients(t->tuner.optimizer);
    *seconds = dc3_seconds_now() - start;
    free(zeros), free(times), free(labels);
    return status;
}

/* Side / parts as a multiple of the unit, at least one. */
static int64_t part_of(const dc3_finetuning *t, int64_t side, int64_t parts)
{
    int64_t units = side / parts / t->net.unit;
    return (units ? units : 1) * t->net.unit;
}

/* Bytes of the temporaries of a batch of one image, as far as nothing is known of larger ones but that;
 * *each: of another image of the batch. */
static dc3_status measure(dc3_finetuning *t, int64_t tokens, double *fixed, double *each)
{
    int64_t side = t->options.size / t->model.factor, small = part_of(t, side, 4),
            large = part_of(t, side, 2);
    double seconds, bytes[2], pixels[] = {(double)(small * small), (double)(large * large)};
    if (side <= SMALL_SIDE) small = large = side;
    DC3_TRY(probe(t, 1, small, small, tokens, &seconds));
    bytes[0] = bytes[1] = (double)dc3_ctx_bytes(t->tuner.ctx);
    *fixed = 0, *each = bytes[0];
    if (small == large) return DC3_OK;
    DC3_TRY(probe(t, 1, large, large, tokens, &seconds));
    bytes[1] = (double)dc3_ctx_bytes(t->tuner.ctx);
    double slope = (bytes[1] - bytes[0]) / (pixels[1] - pixels[0]);
    *each = slope * (double)(side * side);
    *fixed = bytes[0] - slope * pixels[0];
    if (*fixed < 0) *fixed = 0;
    return DC3_OK;
}

/* Bytes that steps of several batches take more. */
static double replicas_of(const dc3_finetuning *t)
{
    return REPLICAS * sizeof(float) * (double)t->net.parameters;
}

/* What would fit in place of the options, as "; ..."; "" where nothing of it would. */
static void advise(const dc3_finetuning *t, double fixed, double each, double taken, char *text, size_t size)
{
    const dc3_finetune_options *o = &t->options;
    int batch = o->batch - 1;
    while (batch > 0 && dc3_check_memory(fixed + batch * each - taken) != DC3_OK) batch--;
    *text = 0;
    if (o->accumulate > 1 && dc3_check_memory(fixed - replicas_of(t) + o->batch * each - taken) == DC3_OK)
        snprintf(text, size, "; %s 1 would fit", dc3_setting("accumulate"));
    else if (batch > 0)
        snprintf(text, size, "; %s %d would fit", dc3_setting("batch"), batch);
    else if (!o->recompute)
        snprintf(text, size, "; %s takes less, and so does a smaller %s", dc3_setting("recompute"),
                 dc3_setting("size"));
    else
        snprintf(text, size, "; a smaller %s takes less", dc3_setting("size"));
}

double dc3_finetune_peak(void)
{
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) == 0 ? (double)usage.ru_maxrss * 1024 : 0;
}

dc3_status dc3_finetune_fits(dc3_finetuning *t, int64_t tokens)
{
    double fixed, each;
    char advice[160], needs[DC3_NUMBER_TEXT];
    dc3_failure failure;
    DC3_TRY(measure(t, tokens, &fixed, &each));
    if (t->options.accumulate > 1) fixed += replicas_of(t);
    double taken = (double)dc3_ctx_bytes(t->tuner.ctx), wanted = fixed + t->options.batch * each;
    /* By now the networks are there in the forms that forward and backward read. */
    t->report->estimate_bytes = dc3_finetune_peak() + (wanted > taken ? wanted - taken : 0);
    if (wanted <= taken || dc3_check_memory(wanted - taken) == DC3_OK) return DC3_OK;
    dc3_failure_note(&failure);
    advise(t, fixed, each, taken, advice, sizeof advice);
    return dc3_fail(DC3_ERR_MEMORY, "a step of %d image%s at %d px needs about %s: %s%s", t->options.batch,
                    t->options.batch == 1 ? "" : "s", t->options.size, dc3_size_text(wanted, needs),
                    failure.text, advice);
}

/* Seconds to encode an image, of nothing. */
static dc3_status measure_encoding(dc3_finetuning *t, double *seconds)
{
    dc3_vae *vae = NULL;
    dc3_ctx *ctx = NULL;
    int64_t size = t->options.size;
    float *pixels = calloc((size_t)(size * size * 3), sizeof *pixels);
    dc3_status status =
        pixels ? dc3_base_model_vae(&t->model, &vae) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK) status = dc3_ctx_open(NULL, t->dtype, t->options.threads, DC3_CTX_FAST, &ctx);
    for (int i = 0; status == DC3_OK && i < 2; i++) {
        double start = dc3_seconds_now();
        dc3_scope scope = dc3_scope_open(ctx);
        dc3_tensor x = dc3_upload(ctx, DC3_F32, 4, (int64_t[]){1, size, size, 3}, pixels);
        if (t->dtype != DC3_F32) x = dc3_cast(ctx, x, t->dtype);
        dc3_vae_encode(ctx, vae, x);
        dc3_scope_close(ctx, scope);
        status = dc3_ctx_wait(ctx);
        *seconds = dc3_seconds_now() - start;
    }
    free(pixels);
    dc3_vae_close(&vae);
    dc3_ctx_close(&ctx);
    return status;
}

dc3_status dc3_finetune_estimate(dc3_finetuning *t, int64_t tokens)
{
    const dc3_finetune_options *o = &t->options;
    int64_t side = o->size / t->model.factor;
    double batch, encoding, grid = 0, images = (double)t->report->images * (o->no_flip ? 1 : 2);
    char time[DC3_NUMBER_TEXT], bytes[DC3_NUMBER_TEXT], samples[80] = "";
    int64_t grids = dc3_finetune_grids(o);
    int ranks = dc3_ranks_count(), rounds = (o->accumulate + ranks - 1) / ranks; /* of batches in a step */
    DC3_TRY(dc3_finetune_fits(t, tokens));
    DC3_TRY(probe(t, o->batch, side, side, tokens, &batch)); /* packs weights and takes memory */
    DC3_TRY(probe(t, o->batch, side, side, tokens, &batch));
    if (t->report->estimate_bytes < dc3_finetune_peak()) t->report->estimate_bytes = dc3_finetune_peak();
    DC3_TRY(measure_encoding(t, &encoding));
    if (grids) DC3_TRY(dc3_finetune_measure_grid(t, tokens, &grid));
    if (grids)
        snprintf(samples, sizeof samples, "%lld grid%s of samples in %.3g s each, ", (long long)grids,
                 grids == 1 ? "" : "s", grid);
    t->report->estimate_seconds =
        images * encoding + (double)o->steps * rounds * batch + (double)grids * grid;
    dc3_listener_say(
        &o->listener,
        "estimate: %.0f latents in %.*f ms each, %d steps of %d x %d images in %.3g s each, %sabout %s; "
        "%s of memory",
        images, encoding < 0.1 ? 1 : 0, encoding * 1e3, o->steps, o->accumulate, o->batch, rounds * batch,
        samples, dc3_duration_text(t->report->estimate_seconds, time),
        dc3_size_text(t->report->estimate_bytes, bytes));
    return DC3_OK;
}
