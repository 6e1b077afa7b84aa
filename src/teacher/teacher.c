#include "teacher/teacher.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "io/found.h"
#include "io/weights.h"
#include "learn/ensemble.h"
#include "base/listener.h"
#include "base/text.h"

/* What may have been meant by a path that is no file. */
static const char *advice(const char *path, dc3_path_kind kind, char *text, size_t size)
{
    enum { MOST = 64 };
    const char *archs[MOST];
    size_t n = 0;
    while (n < MOST && (archs[n] = dc3_classifier_arch((int)n))) n++;
    int is_word = kind == DC3_PATH_MISSING && !strpbrk(path, "./");
    const char *arch = is_word ? dc3_text_nearest(path, archs, n) : NULL;
    int has_own = kind == DC3_PATH_FOLDER && dc3_folder_holds(path, "teacher.safetensors");
    char hub[DC3_FOUND_TEXT];
    snprintf(text, size, "dc3 train makes one%s", kind == DC3_PATH_MISSING ? dc3_hub_hint(path, hub) : "");
    if (has_own)
        snprintf(text, size, "give its teacher.safetensors");
    else if (arch)
        snprintf(text, size, "%s is an architecture: dc3 train makes a file of one (%s %s)", arch,
                 dc3_setting("arch"), arch);
    else if (is_word)
        snprintf(text, size, "dc3 train makes one; without %s, condense and compare train one of their own",
                 dc3_setting("teacher"));
    return text;
}

dc3_status dc3_teacher_weights(const char *path, dc3_table **table)
{
    dc3_path_kind kind = dc3_path_what(path);
    *table = NULL;
    if (kind == DC3_PATH_FILE || (kind == DC3_PATH_FOLDER && dc3_weights_are_model(path)))
        return dc3_weights_open(path, table);
    char text[600];
    return dc3_fail(DC3_ERR_IO, "%s %s: expected a classifier's file (.safetensors or .pth), found %s; %s",
                    dc3_setting("teacher"), path, kind == DC3_PATH_MISSING ? "nothing there" : "no file",
                    advice(path, kind, text, sizeof text));
}

dc3_status dc3_teacher_read(const char *path, const char *arch, dc3_classifier **net, json_t **classes,
                            dc3_teacher_accuracy *training)
{
    dc3_table *table;
    *net = NULL;
    *classes = NULL;
    DC3_TRY(dc3_teacher_weights(path, &table));
    *classes = dc3_teacher_classes_of(table);
    *training = dc3_teacher_accuracy_of(table);
    return dc3_classifier_open(NULL, arch, &table, net);
}

dc3_status dc3_teacher_open(const char *path, const char *arch, int size, int usual, int threads,
                            dc3_teacher *t)
{
    enum { MOST = 224, LEAST = DC3_TEACHER_LEAST_SIZE };
    memset(t, 0, sizeof *t);
    t->accuracy.top1 = t->stored.top1 = -1;
    DC3_TRY(dc3_teacher_read(path, arch, &t->net, &t->classes, &t->training));
    t->info = dc3_classifier_describe(t->net);
    int fixed = (int)t->info->size;
    if (size && fixed && size != fixed)
        return dc3_fail_about("teacher_size", "%s or %s: the teacher, %s %s, takes %d pixels only, found %d",
                              dc3_setting("teacher_size"), dc3_setting("size"),
                              dc3_text_article(t->info->arch), t->info->arch, fixed, size);
    if (size && (size < LEAST || size > DC3_TEACHER_MOST_SIZE))
        return dc3_fail_setting("teacher_size", "expected %d to %d pixels, found %d", LEAST,
                                DC3_TEACHER_MOST_SIZE, size);
    int other = t->info->trained ? (int)t->info->trained
                : usual > MOST   ? MOST
                : usual < LEAST  ? LEAST
                                 : usual;
    t->size = size ? size : fixed ? fixed : other;
    return dc3_ctx_open(NULL, DC3_F32, threads, DC3_CTX_FAST, &t->ctx);
}

dc3_status dc3_teacher_compute_in(dc3_teacher *t, dc3_dtype dtype)
{
    int threads = dc3_ctx_threads(t->ctx);
    if (dtype == dc3_ctx_dtype(t->ctx)) return DC3_OK;
    dc3_ctx_close(&t->ctx);
    return dc3_ctx_open(NULL, dtype, threads, DC3_CTX_FAST, &t->ctx);
}

void dc3_teacher_close(dc3_teacher *t)
{
    dc3_classifier_close(&t->net);
    dc3_ctx_close(&t->ctx);
    json_decref(t->classes);
    t->classes = NULL;
}

dc3_status dc3_teacher_check_classes(const dc3_classifier_info *info, const char *path, int64_t classes,
                                     const char *data)
{
    if (info->classes == classes) return DC3_OK;
    return dc3_fail(DC3_ERR_ARGUMENT,
                    "%s: the teacher distinguishes %lld classes, %s has %lld; a teacher must be trained on "
                    "the dataset's classes, in the order of their names, or its classes be named (%s)",
                    path, (long long)info->classes, data, (long long)classes, dc3_setting("teacher_classes"));
}

json_t *dc3_teacher_to_json(const dc3_teacher *t)
{
    json_t *o = json_pack("{s:s, s:i, s:o, s:o}", "arch", t->info->arch, "size", t->size, "accuracy",
                          dc3_teacher_accuracy_to_json(&t->accuracy), "stored_accuracy",
                          dc3_teacher_accuracy_to_json(&t->stored));
    if (t->doubted) json_object_set_new(o, "any_teacher", json_true());
    return o;
}

void dc3_report_names(const dc3_listener *listener, const char *file, const dc3_classifier *net)
{
    const char *notes = dc3_classifier_notes(net);
    if (*notes) dc3_listener_say(listener, "note: %s: %s", file, notes);
}

void dc3_report_teacher(const dc3_listener *listener, const dc3_teacher *t)
{
    dc3_listener_say(listener, "teacher %s: %.1f M parameters, %d px", t->info->arch,
                     t->info->parameters * 1e-6, t->size);
    dc3_report_names(listener, "teacher's file", t->net);
}

void dc3_teacher_note_size(const dc3_listener *listener, const dc3_teacher *t, const char *path,
                           const char *data, int usual)
{
    int64_t trained = t->info->trained;
    if (trained && (trained > 2 * usual || usual > 2 * trained))
        dc3_listener_say(listener, "note: %s was trained on images of %lld px; those of %s have %d", path,
                         (long long)trained, data, usual);
}

double dc3_teacher_loss(int64_t classes, const float *z, int64_t label)
{
    double sum = 0;
    float most = z[label];
    for (int64_t k = 0; k < classes; k++) most = fmaxf(most, z[k]); /* of doubles gcc 12 for arm64 fails */
    for (int64_t k = 0; k < classes; k++)
        if (k != label) sum += exp((double)z[k] - most);
    double own = exp((double)z[label] - most);
    return own == 1 ? log1p(sum) : (double)most - z[label] + log(sum + own);
}

dc3_status dc3_teacher_run_in(const dc3_teacher *t, dc3_ctx *ctx, int n, float *rgb, float *embeddings,
                              float *logits)
{
    dc3_ctx_clear(ctx);
    dc3_scope scope = dc3_scope_open(ctx);
    dc3_classifier_normalise((int64_t)n * t->size * t->size, rgb);
    dc3_tensor x = dc3_view(rgb, DC3_F32, 4, (int64_t[]){n, t->size, t->size, 3});
    dc3_tensor h = dc3_classifier_embed(ctx, t->net, dc3_on_device(ctx, x));
    if (dc3_ctx_dtype(ctx) != DC3_F32) h = dc3_cast(ctx, h, DC3_F32);
    dc3_tensor z = dc3_classifier_last_of(ctx, t->net, h);
    dc3_download(ctx, h, embeddings);
    dc3_download(ctx, z, logits);
    dc3_status status = dc3_ctx_status(ctx);
    dc3_scope_close(ctx, scope);
    return status;
}

dc3_status dc3_teacher_run(dc3_teacher *t, int n, float *rgb, float *embeddings, float *logits)
{
    return dc3_teacher_run_in(t, t->ctx, n, rgb, embeddings, logits);
}

static dc3_status run_views(const void *teacher, dc3_ctx *ctx, int n, float *views, float *const values[2])
{
    return dc3_teacher_run_in(teacher, ctx, n, views, values[0], values[1]);
}

dc3_look dc3_teacher_look(const dc3_teacher *t)
{
    return (dc3_look){.ctx = t->ctx,
                      .rows = DC3_TEACHER_BATCH,
                      .pixels = (int64_t)t->size * t->size * 3,
                      .widths = {t->info->embedding, t->info->classes},
                      .bytes = dc3_teacher_bytes(t, DC3_TEACHER_BATCH),
                      .network = t,
                      .run = run_views};
}

dc3_status dc3_teacher_answer(dc3_teacher *t, int64_t n, const float *embeddings, float *logits)
{
    enum { ROWS = 256 };
    dc3_status status = DC3_OK;
    for (int64_t first = 0; status == DC3_OK && first < n; first += ROWS) {
        int64_t rows = n - first < ROWS ? n - first : ROWS;
        dc3_ctx_clear(t->ctx);
        dc3_scope scope = dc3_scope_open(t->ctx);
        dc3_tensor h = dc3_view((void *)(uintptr_t)(embeddings + first * t->info->embedding), DC3_F32, 2,
                                (int64_t[]){rows, t->info->embedding});
        dc3_tensor z = dc3_classifier_last_of(t->ctx, t->net, dc3_on_device(t->ctx, h));
        dc3_download(t->ctx, z, logits + first * t->info->classes);
        status = dc3_ctx_status(t->ctx);
        dc3_scope_close(t->ctx, scope);
    }
    return status;
}

double dc3_teacher_bytes(const dc3_teacher *t, int n)
{
    return dc3_classifier_bytes(t->ctx, t->net, n, t->size);
}

dc3_status dc3_teacher_measure(dc3_teacher *t, double *seconds)
{
    size_t pixels = (size_t)t->size * (size_t)t->size * 3;
    size_t results = (size_t)(t->info->embedding + t->info->classes);
    float *memory = calloc(DC3_TEACHER_BATCH * (pixels + results), sizeof *memory);
    if (!memory) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    float *h = memory + DC3_TEACHER_BATCH * pixels, *z = h + DC3_TEACHER_BATCH * t->info->embedding;
    dc3_status status = DC3_OK;
    for (int i = 0; i < 2 && status == DC3_OK; i++) {
        double start = dc3_seconds_now();
        status = dc3_teacher_run(t, DC3_TEACHER_BATCH, memory, h, z);
        *seconds = (dc3_seconds_now() - start) / DC3_TEACHER_BATCH;
    }
    free(memory);
    return status;
}
