#include "finetune/encoding.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/listener.h"
#include "views/images.h"
#include "ops/governor.h"
#include "ops/ops.h"

/* Pixels and images that the VAE takes at once; images that are decoded at once, and bytes of them. */
enum { MOST_PIXELS = 16384, MOST_TOGETHER = 64, MOST_GROUP = 64, GROUP_BYTES = 1 << 28, SAID = 5 };

static void progress(const dc3_encoding *e, const char *stage, int64_t done, int64_t total)
{
    if (e->listener->progress) e->listener->progress(e->listener->user, stage, done, total);
}

/* ---- texts ---- */

static dc3_status text_states(dc3_ctx *ctx, const dc3_text_reader *r, int64_t n, const int64_t *ids,
                              float *states)
{
    dc3_scope scope = dc3_scope_open(ctx);
    dc3_tensor x = dc3_clip_text_of(ctx, r->text, n, r->tokens, ids);
    dc3_download(ctx, dc3_cast(ctx, x, DC3_F32), states);
    dc3_scope_close(ctx, scope);
    return dc3_ctx_status(ctx);
}

/* Where texts and images go. */
typedef struct sink {
    dc3_status (*append)(void *user, const void *data, size_t size);
    void *user;
} sink;

/* Ids of texts first .. first + n - 1; adds to *cut. */
static dc3_status some_ids(const dc3_encoding *e, const dc3_text_reader *r, int64_t first, int64_t n,
                           int64_t *ids, int64_t *cut)
{
    for (int64_t i = 0; i < n; i++) {
        int is_cut = 0;
        const char *text = e->captions->texts[first + i];
        DC3_TRY(dc3_text_reader_ids(r, text, ids + i * r->tokens, &is_cut));
        if (is_cut && (*cut)++ < SAID)
            dc3_listener_say(e->listener, "note: a caption of more than %d tokens, cut there: %.200s",
                             r->tokens, text);
    }
    return DC3_OK;
}

static dc3_status all_texts(const dc3_encoding *e, const dc3_encoded *to, dc3_ctx *ctx,
                            const dc3_text_reader *r, const sink *out)
{
    enum { TOGETHER = 8 };
    size_t text = (size_t)(to->tokens * to->channels);
    int64_t *ids = malloc((size_t)(TOGETHER * to->tokens) * sizeof *ids), cut = 0;
    float *states = malloc(TOGETHER * text * sizeof *states);
    dc3_status status = ids && states ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    for (int64_t i = 0; status == DC3_OK && i < to->texts; i += TOGETHER) {
        int64_t n = to->texts - i < TOGETHER ? to->texts - i : TOGETHER;
        status = some_ids(e, r, i, n, ids, &cut);
        if (status == DC3_OK && !e->ids) status = text_states(ctx, r, n, ids, states);
        if (status == DC3_OK)
            status = e->ids ? out->append(out->user, ids, (size_t)(n * to->tokens) * sizeof *ids)
                            : out->append(out->user, states, (size_t)n * text * sizeof *states);
        progress(e, "captions", i + n, to->texts);
    }
    free(ids), free(states);
    return status == DC3_OK ? out->append(out->user, &cut, sizeof cut) : status;
}

dc3_status dc3_encode_texts(const dc3_encoding *e, const dc3_encoded *to,
                            dc3_status (*append)(void *user, const void *data, size_t size), void *user)
{
    sink out = {append, user};
    dc3_text_reader r;
    dc3_ctx *ctx = NULL;
    dc3_status status = dc3_text_reader_open(e->model, &r);
    if (status == DC3_OK) status = dc3_ctx_open(NULL, e->dtype, e->threads, DC3_CTX_FAST, &ctx);
    if (status == DC3_OK) status = all_texts(e, to, ctx, &r, &out);
    dc3_text_reader_close(&r);
    dc3_ctx_close(&ctx);
    return status;
}

/* ---- images ---- */

typedef struct encoder {
    const dc3_encoding *e;
    const dc3_encoded *to;
    dc3_vae *vae;
    dc3_ctx *ctx;
    dc3_governor governor;
    dc3_images *images;
    int64_t group, together; /* images that are decoded at once; that the VAE takes at once */
    int64_t said;
    char first[600];         /* the first that cannot be read, and why */
    dc3_loaded_image *batch; /* [group] */
    float *pixels;           /* [together, size, size, 3] */
    float *latents;          /* [group, sides, h, w, c] */
    float *made;             /* [together, h, w, c] */
} encoder;

static void skipped(void *user, const char *key, const char *reason)
{
    encoder *x = user;
    if (!x->said) snprintf(x->first, sizeof x->first, "%s: %s", key, reason);
    if (x->said++ < SAID && !x->e->strict) dc3_listener_say(x->e->listener, "skipped: %s: %s", key, reason);
}

static dc3_status check_strict(const encoder *x)
{
    if (!x->e->strict || !x->said) return DC3_OK;
    return dc3_fail(DC3_ERR_FORMAT, "%s (%s)", x->first, dc3_setting("strict"));
}

static void reading(void *user, int64_t done, int64_t total)
{
    progress(((encoder *)user)->e, "reading", done, total);
}

/* Bytes to [-1, 1], from the right to the left with `mirror`. */
static void take_pixels(const encoder *x, const dc3_loaded_image *batch, int mirror, int64_t count)
{
    int64_t size = x->e->size;
    for (int64_t i = 0; i < count; i++)
        for (int64_t p = 0; p < size * size; p++) {
            int64_t column = p % size, from = p - column + (mirror ? size - 1 - column : column);
            for (int64_t k = 0; k < 3; k++)
                x->pixels[(i * size * size + p) * 3 + k] = (float)batch[i].pixels[from * 3 + k] / 127.5f - 1;
        }
}

/* The scaled means of the posteriors of the first `count` images in pixels, into `made`. */
static dc3_status run_vae(encoder *x, int64_t count)
{
    dc3_ctx *ctx = x->ctx;
    int64_t size = x->e->size, values = count * x->to->h * x->to->w * x->to->c;
    if (x->governor.most > 1) dc3_ctx_set_team(ctx, dc3_governor_begin(&x->governor));
    dc3_scope scope = dc3_scope_open(ctx);
    dc3_tensor p = dc3_upload(ctx, DC3_F32, 4, (int64_t[]){count, size, size, 3}, x->pixels);
    if (dc3_ctx_dtype(ctx) != DC3_F32) p = dc3_replace(ctx, p, dc3_cast(ctx, p, dc3_ctx_dtype(ctx)));
    dc3_download(ctx, dc3_cast(ctx, dc3_vae_encode(ctx, x->vae, p), DC3_F32), x->made);
    dc3_scope_close(ctx, scope);
    dc3_governor_end(&x->governor, (double)(count * size * size));
    for (int64_t i = 0; i < values; i++) x->made[i] *= x->e->model->vae.scaling_factor;
    return dc3_ctx_status(ctx);
}

/* `count` <= together readable images, of a group that begins with image `first`. */
static dc3_status encode_batch(encoder *x, int64_t first, const dc3_loaded_image *batch, int64_t count)
{
    int64_t each = x->to->h * x->to->w * x->to->c, sides = x->to->sides;
    for (int side = 0; side < sides; side++) {
        take_pixels(x, batch, side, count);
        DC3_TRY(run_vae(x, count));
        for (int64_t i = 0; i < count; i++)
            memcpy(x->latents + ((batch[i].item - first) * sides + side) * each, x->made + i * each,
                   (size_t)each * sizeof *x->made);
    }
    return DC3_OK;
}

/* Images first .. first + n - 1; notes which are readable. */
static dc3_status encode_group(encoder *x, int64_t first, int64_t n, uint8_t *readable)
{
    int64_t items[MOST_GROUP], count, each = x->to->sides * x->to->h * x->to->w * x->to->c;
    for (int64_t i = 0; i < n; i++) items[i] = first + i;
    memset(x->latents, 0, (size_t)(n * each) * sizeof *x->latents);
    DC3_TRY(dc3_images_batch(x->images, n, items, x->batch, &count));
    DC3_TRY(check_strict(x));
    for (int64_t i = 0; i < count; i += x->together) {
        int64_t some = count - i < x->together ? count - i : x->together;
        DC3_TRY(encode_batch(x, first, x->batch + i, some));
        progress(x->e, "latents", first + i + some, x->to->images);
    }
    for (int64_t i = 0; i < count; i++) readable[x->batch[i].item] = 1;
    return DC3_OK;
}

static int64_t within(int64_t value, int64_t high)
{
    return value < 1 ? 1 : value > high ? high : value;
}

static dc3_status open_encoder(encoder *x)
{
    const dc3_encoding *e = x->e;
    int64_t pixels = (int64_t)e->size * e->size;
    x->together = within(MOST_PIXELS / pixels, MOST_TOGETHER);
    x->group = within(GROUP_BYTES / (pixels * 3), MOST_GROUP);
    size_t n = (size_t)x->together, group = (size_t)x->group, each = (size_t)(x->to->h * x->to->w * x->to->c);
    dc3_images_options options = {.how = DC3_IMAGES_FIT,
                                  .size = e->size,
                                  .fit = DC3_FIT_CROP,
                                  .threads = e->threads,
                                  .max_bytes = group * (size_t)pixels * 3,
                                  .user = x,
                                  .skipped = skipped,
                                  .progress = reading};
    DC3_TRY(dc3_base_model_vae(e->model, &x->vae));
    DC3_TRY(dc3_ctx_open(NULL, e->dtype, e->threads, DC3_CTX_FAST, &x->ctx));
    dc3_governor_open(&x->governor, dc3_ctx_team_is_free(x->ctx) ? e->threads : 1);
    DC3_TRY(dc3_images_open(e->data, &options, &x->images));
    DC3_TRY(check_strict(x));
    x->batch = malloc(group * sizeof *x->batch);
    x->pixels = malloc(n * (size_t)pixels * 3 * sizeof *x->pixels);
    x->latents = malloc(group * (size_t)x->to->sides * each * sizeof *x->latents);
    x->made = malloc(n * each * sizeof *x->made);
    return x->batch && x->pixels && x->latents && x->made ? DC3_OK
                                                          : dc3_fail(DC3_ERR_MEMORY, "out of memory");
}

static void close_encoder(encoder *x)
{
    free(x->batch), free(x->pixels), free(x->latents), free(x->made);
    dc3_images_close(&x->images);
    dc3_vae_close(&x->vae);
    dc3_ctx_close(&x->ctx);
}

dc3_status dc3_encode_images(const dc3_encoding *e, const dc3_encoded *to,
                             dc3_status (*append)(void *user, const void *data, size_t size), void *user)
{
    encoder x = {.e = e, .to = to};
    size_t each = (size_t)(to->sides * to->h * to->w * to->c) * sizeof *x.latents;
    uint8_t *readable = calloc((size_t)to->images + 1, 1);
    dc3_status status = readable ? open_encoder(&x) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    for (int64_t i = 0; i < to->images && status == DC3_OK; i += x.group) {
        int64_t n = to->images - i < x.group ? to->images - i : x.group;
        status = encode_group(&x, i, n, readable);
        if (status == DC3_OK) status = append(user, x.latents, (size_t)n * each);
    }
    if (status == DC3_OK) status = append(user, readable, (size_t)to->images);
    close_encoder(&x);
    free(readable);
    return status;
}
