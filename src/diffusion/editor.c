#include "diffusion/editor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/rng.h"
#include "diffusion/editor_private.h"
#include "diffusion/scheduler.h"
#include "io/json.h"
#include "io/safetensors.h"
#include "nn/autoencoder_kl.h"
#include "nn/clip_text.h"
#include "nn/tokenizer.h"
#include "nn/unet_2d_condition.h"

const char *const dc3_sampler_names[] = {"euler-ancestral", "euler", "ddim", "dpmpp-2m", NULL};
const char *const dc3_detail_names[] = {"keep", "edit", NULL};

struct dc3_editor {
    dc3_ctx *ctx;
    dc3_vae *vae;
    dc3_clip_text *text;
    dc3_unet *unet;
    dc3_tokenizer *tokenizer;
    dc3_scheduler_config scheduler;
    dc3_edit_settings defaults;
    int residual; /* the U-Net's output is relative to the input picture's latents, see docs/mini-editor.md */
    char name[64];
    dc3_sampler *sampler; /* of the last edit, and what its time steps contribute */
    dc3_unet_time *time;
};

/* ---- opening ---- */

static dc3_status part_path(const char *directory, const char *part, const char *file, char **path)
{
    char *folder = dc3_path_join(directory, part);
    *path = folder ? dc3_path_join(folder, file) : NULL;
    free(folder);
    return *path ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
}

/* Reads directory/part/config.json by `read` and the weights called `stem`. */
static dc3_status open_part(const char *directory, const char *part, const char *stem, void *config,
                            dc3_status (*read)(const char *, void *), dc3_table **table)
{
    char *path;
    DC3_TRY(part_path(directory, part, "config.json", &path));
    dc3_status status = read(path, config);
    free(path);
    if (status != DC3_OK) return status;
    DC3_TRY(part_path(directory, part, "", &path));
    path[strlen(path) - 1] = 0; /* the joining slash */
    status = dc3_safetensors_open_model(path, stem, table);
    free(path);
    return status;
}

static dc3_status read_vae(const char *path, void *config)
{
    return dc3_vae_config_read(path, config);
}

static dc3_status read_unet(const char *path, void *config)
{
    return dc3_unet_config_read(path, config);
}

static dc3_status read_text(const char *path, void *config)
{
    return dc3_clip_text_config_read(path, config);
}

static dc3_status open_networks(dc3_editor *e, const char *directory)
{
    dc3_table *table;
    dc3_vae_config vae;
    dc3_unet_config unet;
    dc3_clip_text_config text;
    DC3_TRY(open_part(directory, "vae", "diffusion_pytorch_model", &vae, read_vae, &table));
    DC3_TRY(dc3_vae_open(&vae, &table, &e->vae));
    DC3_TRY(open_part(directory, "unet", "diffusion_pytorch_model", &unet, read_unet, &table));
    DC3_TRY(dc3_unet_open(&unet, &table, &e->unet));
    DC3_TRY(open_part(directory, "text_encoder", "model", &text, read_text, &table));
    DC3_TRY(dc3_clip_text_open(&text, &table, &e->text));
    if (unet.in_channels != 2 * vae.latent_channels || unet.out_channels != vae.latent_channels)
        return dc3_fail(DC3_ERR_UNSUPPORTED,
                        "%s: an InstructPix2Pix U-Net takes %lld channels and gives %lld, this one takes "
                        "%lld and gives %lld",
                        directory, (long long)(2 * vae.latent_channels), (long long)vae.latent_channels,
                        (long long)unet.in_channels, (long long)unet.out_channels);
    if (unet.text_channels != text.hidden)
        return dc3_fail(DC3_ERR_FORMAT, "%s: the text encoder gives %lld channels, the U-Net expects %lld",
                        directory, (long long)text.hidden, (long long)unet.text_channels);
    return DC3_OK;
}

static dc3_status read_defaults(const json_t *index, const char *file, dc3_editor *e)
{
    const json_t *own = json_object_get(index, "dc3");
    int64_t size, steps;
    double guidance, image;
    const char *sampler, *detail;
    dc3_edit_settings *d = &e->defaults;
    dc3_sampler_kind kind = dc3_scheduler_sampler(&e->scheduler);
    DC3_TRY(dc3_json_int(own, file, "resolution", 256, 8, 4096, &size));
    DC3_TRY(dc3_json_int(own, file, "steps", 100, 1, 1000, &steps));
    DC3_TRY(dc3_json_real(own, file, "guidance", 4, 0, 100, &guidance));
    DC3_TRY(dc3_json_real(own, file, "image_guidance", 1.5, 0, 100, &image));
    DC3_TRY(dc3_json_string(own, file, "sampler", dc3_sampler_names[kind], &sampler));
    DC3_TRY(dc3_json_string(own, file, "detail", "edit", &detail));
    DC3_TRY(dc3_json_bool(own, file, "residual_image_latents", 0, &e->residual));
    *d = (dc3_edit_settings){.size = (int)size,
                             .steps = (int)steps,
                             .sampler = kind,
                             .guidance = (float)guidance,
                             .image_guidance = (float)image,
                             .detail = strcmp(detail, "keep") == 0 ? DC3_DETAIL_KEEP : DC3_DETAIL_EDIT};
    for (int i = 0; dc3_sampler_names[i]; i++)
        if (strcmp(dc3_sampler_names[i], sampler) == 0) {
            d->sampler = (dc3_sampler_kind)i;
            return DC3_OK;
        }
    return dc3_fail(DC3_ERR_FORMAT,
                    "%s: 'sampler' is '%.40s'; expected euler-ancestral, euler, ddim or dpmpp-2m", file,
                    sampler);
}

static dc3_status open_rest(dc3_editor *e, const char *directory)
{
    char *path;
    json_t *index;
    DC3_TRY(part_path(directory, "scheduler", "scheduler_config.json", &path));
    dc3_status status = dc3_scheduler_config_read(path, &e->scheduler);
    free(path);
    if (status != DC3_OK) return status;
    path = dc3_path_join(directory, "model_index.json");
    if (!path) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    status = dc3_json_read(path, 1 << 20, &index);
    if (status == DC3_OK) {
        status = read_defaults(index, path, e);
        json_decref(index);
    }
    free(path);
    if (status != DC3_OK) return status;
    path = dc3_path_join(directory, "tokenizer");
    if (!path) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    /* Tests of the numbers alone have no tokenizer; an edit by text then says so. */
    if (dc3_path_what(path) == DC3_PATH_FOLDER) status = dc3_tokenizer_open(path, &e->tokenizer);
    if (status == DC3_OK && e->tokenizer &&
        dc3_tokenizer_size(e->tokenizer) > dc3_clip_text_config_of(e->text)->vocabulary)
        status = dc3_fail(DC3_ERR_FORMAT, "%s: %lld tokens, the text encoder's embedding has %lld rows", path,
                          (long long)dc3_tokenizer_size(e->tokenizer),
                          (long long)dc3_clip_text_config_of(e->text)->vocabulary);
    free(path);
    return status;
}

dc3_status dc3_editor_open(const char *directory, dc3_dtype dtype, int threads, dc3_editor **out)
{
    *out = NULL;
    char *index = dc3_path_join(directory, "model_index.json");
    int there = index && dc3_path_what(index) == DC3_PATH_FILE;
    free(index);
    if (!there)
        return dc3_fail(
            DC3_ERR_IO,
            "%s: expected a diffusers directory with a model_index.json, found %s; --editor names it, and "
            "without that dc3-mini is used",
            directory, dc3_path_what(directory) == DC3_PATH_MISSING ? "nothing there" : "none");
    dc3_editor *e = *out = calloc(1, sizeof *e);
    if (!e) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    const char *slash = strrchr(directory, '/');
    snprintf(e->name, sizeof e->name, "%s", slash && slash[1] ? slash + 1 : directory);
    dc3_status status = dc3_ctx_open(dtype, threads, DC3_CTX_FAST, &e->ctx);
    if (status == DC3_OK) status = open_networks(e, directory);
    if (status == DC3_OK) status = open_rest(e, directory);
    if (status != DC3_OK) dc3_editor_close(out);
    return status;
}

void dc3_editor_close(dc3_editor **editor)
{
    dc3_editor *e = *editor;
    if (!e) return;
    dc3_sampler_close(&e->sampler);
    dc3_unet_time_close(&e->time);
    dc3_vae_close(&e->vae);
    dc3_unet_close(&e->unet);
    dc3_clip_text_close(&e->text);
    dc3_tokenizer_close(&e->tokenizer);
    dc3_ctx_close(&e->ctx);
    free(e);
    *editor = NULL;
}

dc3_edit_settings dc3_editor_defaults(const dc3_editor *editor)
{
    return editor->defaults;
}

static int factor_of(const dc3_editor *e)
{
    return 1 << (dc3_vae_config_of(e->vae)->levels - 1);
}

dc3_editor_info dc3_editor_describe(const dc3_editor *e)
{
    dc3_editor_info info = {.latent_channels = (int)dc3_vae_config_of(e->vae)->latent_channels,
                            .factor = factor_of(e),
                            .dtype = dc3_ctx_dtype(e->ctx),
                            .threads = dc3_ctx_threads(e->ctx),
                            .parameters = dc3_vae_parameters(e->vae) + dc3_unet_parameters(e->unet) +
                                          dc3_clip_text_parameters(e->text)};
    memcpy(info.name, e->name, sizeof info.name);
    return info;
}

/* ---- running ---- */

static dc3_status check_size(const char *what, int size, int unit)
{
    if (size < unit || size > 4096 || size % unit != 0)
        return dc3_fail(DC3_ERR_ARGUMENT, "%s: expected a multiple of %d from %d to 4096, found %d", what,
                        unit, unit, size);
    return DC3_OK;
}

/* Copies f32 values of `shape` into a new temporary of the compute type, as value * scale + offset. */
static dc3_tensor upload(dc3_ctx *ctx, int ndim, const int64_t *shape, const float *values, float scale,
                         float offset)
{
    dc3_tensor t = dc3_new(ctx, DC3_F32, ndim, shape);
    float *to = t.data;
    for (int64_t i = 0; to && i < dc3_count(&t); i++) to[i] = values[i] * scale + offset;
    dc3_tensor y = dc3_cast(ctx, t, dc3_ctx_dtype(ctx));
    dc3_drop(ctx, t);
    return y;
}

/* x * scale + offset of every element into f32 memory of the caller. */
static void download(dc3_ctx *ctx, dc3_tensor x, float scale, float offset, float *values)
{
    dc3_tensor t = dc3_cast(ctx, x, DC3_F32);
    const float *from = t.data;
    for (int64_t i = 0; from && dc3_ctx_status(ctx) == DC3_OK && i < dc3_count(&t); i++)
        values[i] = from[i] * scale + offset;
    dc3_drop(ctx, t);
}

dc3_status dc3_editor_encode(dc3_editor *e, int n, int size, const float *rgb, float *latents)
{
    DC3_TRY(check_size("feature size", size, factor_of(e)));
    dc3_ctx_clear(e->ctx);
    dc3_scope scope = dc3_scope_open(e->ctx);
    dc3_tensor x = upload(e->ctx, 4, (int64_t[]){n, size, size, 3}, rgb, 2, -1);
    download(e->ctx, dc3_vae_encode(e->ctx, e->vae, x), 1, 0, latents);
    dc3_scope_close(e->ctx, scope);
    return dc3_ctx_status(e->ctx);
}

/* The sampler and its time table for these settings, kept from edit to edit. */
static dc3_status prepare_sampler(dc3_editor *e, const dc3_edit_settings *s)
{
    static const char *unsupported =
        "sampler %s cannot run a model with zero terminal signal-to-noise; use ddim";
    if (e->scheduler.zero_snr && s->sampler != DC3_DDIM)
        return dc3_fail(DC3_ERR_UNSUPPORTED, unsupported, dc3_sampler_names[s->sampler]);
    dc3_sampler *sampler;
    if (e->time && dc3_sampler_steps(e->sampler) == s->steps && dc3_sampler_is(e->sampler, s->sampler))
        return DC3_OK;
    DC3_TRY(dc3_sampler_open(s->sampler, &e->scheduler, s->steps, &sampler));
    dc3_sampler_close(&e->sampler);
    dc3_unet_time_close(&e->time);
    e->sampler = sampler;
    return dc3_unet_time_open(e->ctx, e->unet, s->steps, dc3_sampler_timesteps(sampler), &e->time);
}

/* The rows of one step: for each active kind of row (text, image, none) one for each prompt. A kind with
 * weight 0 is left out, so that guidance 1 and 1 runs one row instead of three. */
typedef struct rows {
    int n, kinds;
    float weight[3];
    int text[3], image[3]; /* whether the kind sees the instruction, the picture */
} rows;

static rows rows_of(int n, const dc3_edit_settings *s)
{
    rows r = {.n = n};
    const float weights[] = {s->guidance, s->image_guidance - s->guidance, 1 - s->image_guidance};
    for (int i = 0; i < 3; i++)
        if (weights[i] != 0) {
            r.weight[r.kinds] = weights[i];
            r.text[r.kinds] = i == 0;
            r.image[r.kinds++] = i < 2;
        }
    return r;
}

/* Keys and values of the text for all rows, in the current scope. */
static dc3_status text_rows(dc3_editor *e, const rows *r, const int64_t *ids, dc3_tensor *kv)
{
    int64_t tokens = dc3_editor_tokens(e), hidden = dc3_clip_text_config_of(e->text)->hidden;
    dc3_tensor states = dc3_clip_text_of(e->ctx, e->text, r->n + 1, tokens, ids);
    dc3_tensor all = dc3_new(e->ctx, states.dtype, 3, (int64_t[]){(int64_t)r->kinds * r->n, tokens, hidden});
    size_t bytes = (size_t)(tokens * hidden) * dc3_dtype_size(states.dtype);
    for (int k = 0; k < r->kinds; k++)
        for (int i = 0; i < r->n && dc3_ctx_status(e->ctx) == DC3_OK && all.data; i++)
            memcpy((char *)all.data + (size_t)(k * r->n + i) * bytes,
                   (const char *)states.data + (size_t)(r->text[k] ? i : r->n) * bytes, bytes);
    dc3_drop(e->ctx, states);
    dc3_unet_text_of(e->ctx, e->unet, all, kv);
    dc3_drop(e->ctx, all);
    return dc3_ctx_status(e->ctx);
}

/* What one edit works in, all f32 [.., pixels, channels]. */
typedef struct state {
    int64_t pixels, channels, side;
    float *image;                       /* mode of the posterior, unscaled [pixels, channels] */
    float *x, *output, *memory, *noise; /* [n, pixels, channels] */
    float *in;                          /* [rows, pixels, 2 * channels] */
    float *raw;                         /* [rows, pixels, channels] */
} state;

static void fill_input(const rows *r, const state *s, float scale)
{
    for (int k = 0; k < r->kinds; k++)
        for (int i = 0; i < r->n; i++)
            for (int64_t p = 0; p < s->pixels; p++) {
                float *to = s->in + (((int64_t)k * r->n + i) * s->pixels + p) * 2 * s->channels;
                for (int64_t c = 0; c < s->channels; c++) {
                    to[c] = s->x[(i * s->pixels + p) * s->channels + c] * scale;
                    to[s->channels + c] = r->image[k] ? s->image[p * s->channels + c] : 0;
                }
            }
}

/* output = sum of weight * row; the residual form subtracts the scaled picture's latents from each row that
 * saw them. */
static void guide(const rows *r, const state *s, float residual)
{
    int64_t each = s->pixels * s->channels;
    for (int i = 0; i < r->n; i++)
        for (int64_t j = 0; j < each; j++) {
            float sum = 0;
            for (int k = 0; k < r->kinds; k++) {
                float value = s->raw[((int64_t)k * r->n + i) * each + j];
                sum += r->weight[k] * (value - (r->image[k] ? residual * s->image[j] : 0));
            }
            s->output[i * each + j] = sum;
        }
}

static void make_noise(const dc3_edit_request *q, const state *s, int step)
{
    size_t each = (size_t)(s->pixels * s->channels);
    if (q->noises) {
        memcpy(s->noise, q->noises + (size_t)step * (size_t)q->n * each,
               (size_t)q->n * each * sizeof *s->noise);
        return;
    }
    for (int i = 0; i < q->n; i++) {
        dc3_rng rng = dc3_rng_make(q->seeds[i], DC3_RNG_NOISE, (uint64_t)step);
        dc3_rng_normal(&rng, s->noise + (size_t)i * each, each);
    }
}

static dc3_status denoise(dc3_editor *e, const dc3_edit_settings *settings, const dc3_edit_request *q,
                          const rows *r, const state *s, const dc3_tensor *kv)
{
    int64_t each = s->pixels * s->channels, rows_count = (int64_t)r->kinds * r->n;
    float residual = e->residual ? dc3_vae_config_of(e->vae)->scaling_factor : 0;
    make_noise(q, s, 0);
    for (int64_t j = 0; j < q->n * each; j++) s->x[j] = s->noise[j] * dc3_sampler_initial_sigma(e->sampler);
    for (int i = 0; i < dc3_sampler_steps(e->sampler); i++) {
        dc3_scope scope = dc3_scope_open(e->ctx);
        fill_input(r, s, dc3_sampler_input_scale(e->sampler, i));
        dc3_tensor in =
            upload(e->ctx, 4, (int64_t[]){rows_count, s->side, s->side, 2 * s->channels}, s->in, 1, 0);
        download(e->ctx, dc3_unet_of(e->ctx, e->unet, in, e->time, i, kv), 1, 0, s->raw);
        dc3_scope_close(e->ctx, scope);
        DC3_TRY(dc3_ctx_status(e->ctx));
        guide(r, s, residual);
        if (dc3_sampler_needs_noise(e->sampler)) make_noise(q, s, i + 1);
        dc3_sampler_step(e->sampler, i, q->n * each, s->output, s->noise, s->x, s->memory);
        if (settings->stepped) settings->stepped(settings->user, i + 1, dc3_sampler_steps(e->sampler));
    }
    return DC3_OK;
}

/* Latents to pictures in [0, 1], one at a time so that memory does not grow with n. */
static dc3_status decode(dc3_editor *e, int n, const state *s, const float *latents, float scale, float *rgb)
{
    int64_t each = s->pixels * s->channels, size = s->side * factor_of(e);
    for (int i = 0; i < n; i++) {
        dc3_scope scope = dc3_scope_open(e->ctx);
        dc3_tensor z =
            upload(e->ctx, 4, (int64_t[]){1, s->side, s->side, s->channels}, latents + i * each, scale, 0);
        float *to = rgb + i * size * size * 3;
        download(e->ctx, dc3_vae_decode(e->ctx, e->vae, z), 0.5f, 0.5f, to);
        dc3_scope_close(e->ctx, scope);
        DC3_TRY(dc3_ctx_status(e->ctx));
        for (int64_t j = 0; j < size * size * 3; j++) to[j] = to[j] > 0 ? (to[j] < 1 ? to[j] : 1) : 0;
    }
    return DC3_OK;
}

static dc3_status check_settings(const dc3_editor *e, const dc3_edit_settings *s, int n)
{
    int unit = factor_of(e) << (dc3_unet_config_of(e->unet)->levels - 1);
    DC3_TRY(check_size("size", s->size, unit));
    if (n < 1 || n > 64) return dc3_fail(DC3_ERR_ARGUMENT, "prompts: expected 1 to 64, found %d", n);
    if (!(s->guidance >= 0 && s->guidance <= 100))
        return dc3_fail(DC3_ERR_ARGUMENT, "guidance: expected 0 to 100, found %g", (double)s->guidance);
    if (!(s->image_guidance >= 0 && s->image_guidance <= 100))
        return dc3_fail(DC3_ERR_ARGUMENT, "image guidance: expected 0 to 100, found %g",
                        (double)s->image_guidance);
    return DC3_OK;
}

static dc3_status run(dc3_editor *e, const dc3_edit_request *q, const rows *r, state *s, dc3_tensor *kv,
                      const dc3_edit_settings *settings)
{
    DC3_TRY(dc3_editor_encode(e, 1, settings->size, q->rgb, s->image));
    DC3_TRY(text_rows(e, r, q->ids, kv));
    DC3_TRY(denoise(e, settings, q, r, s, kv));
    if (q->latents) memcpy(q->latents, s->x, (size_t)(q->n * s->pixels * s->channels) * sizeof *s->x);
    DC3_TRY(decode(e, q->n, s, s->x, 1 / dc3_vae_config_of(e->vae)->scaling_factor, q->edits));
    return q->reconstruction ? decode(e, 1, s, s->image, 1, q->reconstruction) : DC3_OK;
}

dc3_status dc3_editor_run(dc3_editor *e, const dc3_edit_settings *settings, const dc3_edit_request *q)
{
    DC3_TRY(check_settings(e, settings, q->n));
    dc3_ctx_clear(e->ctx);
    DC3_TRY(prepare_sampler(e, settings));
    rows r = rows_of(q->n, settings);
    state s = {.side = settings->size / factor_of(e), .channels = dc3_vae_config_of(e->vae)->latent_channels};
    s.pixels = s.side * s.side;
    size_t each = (size_t)(s.pixels * s.channels), n = (size_t)q->n, all = n * (size_t)r.kinds;
    float *memory = calloc(each * (1 + 4 * n + 3 * all), sizeof *memory);
    dc3_tensor *kv = calloc((size_t)dc3_unet_text_count(e->unet) + 1, sizeof *kv);
    dc3_status status = memory && kv ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK) {
        s.image = memory;
        s.x = s.image + each, s.output = s.x + n * each, s.memory = s.output + n * each,
        s.noise = s.memory + n * each;
        s.in = s.noise + n * each, s.raw = s.in + 2 * all * each;
        dc3_scope scope = dc3_scope_open(e->ctx);
        status = run(e, q, &r, &s, kv, settings);
        dc3_scope_close(e->ctx, scope);
    }
    free(kv);
    free(memory);
    return status;
}

int dc3_editor_tokens(const dc3_editor *e)
{
    int64_t most = dc3_clip_text_config_of(e->text)->positions;
    int length = e->tokenizer ? dc3_tokenizer_max_length(e->tokenizer) : (int)most;
    return length < most ? length : (int)most;
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

/* ---- estimates ---- */

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
    return dc3_ctx_open(dc3_ctx_dtype(e->ctx), dc3_ctx_threads(e->ctx), DC3_CTX_COUNT, &ctx) == DC3_OK ? ctx
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

double dc3_editor_flops(const dc3_editor *e, const dc3_edit_settings *s, int n)
{
    dc3_ctx *ctx = counting(e);
    dc3_tensor *kv = calloc((size_t)dc3_unet_text_count(e->unet) + 1, sizeof *kv);
    dc3_unet_time *time = NULL;
    double once = 0, step = 0;
    rows r = rows_of(n, s);
    int64_t side = s->size / factor_of(e), channels = dc3_vae_config_of(e->vae)->latent_channels;
    int64_t tokens = dc3_editor_tokens(e), all = (int64_t)r.kinds * n, parts = s->detail == DC3_DETAIL_KEEP;
    if (ctx && kv && dc3_unet_time_open(ctx, e->unet, 1, (float[]){1}, &time) == DC3_OK) {
        dc3_ctx_profile_reset(ctx);
        dc3_tensor states = dc3_new(ctx, dc3_ctx_dtype(ctx), 3,
                                    (int64_t[]){all, tokens, dc3_unet_config_of(e->unet)->text_channels});
        dc3_clip_text_of(ctx, e->text, n + 1, tokens, NULL);
        dc3_unet_text_of(ctx, e->unet, states, kv);
        dc3_vae_decode(ctx, e->vae, nothing(ctx, n + parts, side, channels));
        once = flops_of(ctx) + dc3_editor_encode_flops(e, s->size);
        dc3_ctx_profile_reset(ctx);
        dc3_unet_of(ctx, e->unet, nothing(ctx, all, side, 2 * channels), time, 0, kv);
        step = flops_of(ctx);
    }
    dc3_unet_time_close(&time);
    free(kv);
    dc3_ctx_close(&ctx);
    return once + step * s->steps;
}
