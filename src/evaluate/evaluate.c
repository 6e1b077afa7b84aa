/* One student, trained on a condensed dataset and tested on real pictures. */
#include "dc3/evaluate.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/cancel.h"
#include "base/file.h"
#include "base/text.h"
#include "teacher/classes.h"
#include "evaluate/evaluate.h"
#include "run_folder/fingerprint.h"
#include "evaluate/saved_students.h"
#include "options/option_names.h"
#include "io/weights.h"
#include "kernels/backend.h"
#include "learn/protocol.h"
#include "learn/schedule.h"
#include "learn/soft_labels.h"
#include "learn/trainer.h"
#include "base/listener.h"
#include "run_folder/document.h"
#include "teacher/own_teacher.h"
#include "teacher/teacher.h"

typedef struct evaluation {
    const dc3_evaluate_options *options;
    dc3_score *score;
    dc3_label_kind labels;
    int plain; /* whole pictures instead of the protocol's views */
    dc3_dtype dtype;
    dc3_dataset *data;
    dc3_pictures *pictures;
    dc3_tests *tests;
    char unreadable[512]; /* the first of the condensed pictures that is, and why */
    dc3_augmenter *augmenter;
    dc3_trainer student;
    dc3_student_place place;
    dc3_kept_student kept;   /* settings NULL: nothing is kept */
    double start, before;    /* when this began; seconds that an earlier command trained it */
    dc3_classifier *teacher; /* of soft labels; in its own context, which keeps no tape */
    dc3_ctx *teacher_ctx;
    char *teacher_path;
    dc3_soft_labels stored;
    char *stored_path;
    uint64_t stored_seed;
    int64_t n;
    int64_t *order;
    dc3_picture *batch;
    dc3_view_params *params;
    void *views;
    float *logits;    /* [batch, classes] */
    int64_t *classes; /* [batch, 2] */
    float *weights;   /* [batch, 2] */
} evaluation;

dc3_evaluate_options dc3_evaluate_defaults(void)
{
    return (dc3_evaluate_options){.epochs = 300, .weight_decay = -1, .threads = 1};
}

static dc3_status check_options(evaluation *e)
{
    const dc3_evaluate_options *o = e->options;
    int kind = DC3_LABELS_SOFT, augment = DC3_AUGMENT_RDED;
    if (!o->val) return dc3_fail(DC3_ERR_OPTION, "--val: expected a dataset to test on, found none");
    if (o->epochs < 1 || o->epochs > 1000000)
        return dc3_fail(DC3_ERR_OPTION, "--epochs: expected 1 to 1000000, found %d", o->epochs);
    if (o->batch < 0 || o->batch > 65536)
        return dc3_fail(DC3_ERR_OPTION, "--batch: expected 1 to 65536, found %d", o->batch);
    if (o->factor < 0 || o->factor > 2)
        return dc3_fail(DC3_ERR_OPTION, "--factor: expected 1 or 2, found %d", o->factor);
    if (!(o->temperature >= 0 && o->temperature <= 1e6))
        return dc3_fail(DC3_ERR_OPTION, "--temperature: expected more than 0, found %g", o->temperature);
    if (!(o->lr >= 0 && o->lr < 1e3))
        return dc3_fail(DC3_ERR_OPTION, "--lr: expected more than 0, found %g", o->lr);
    if (o->labels) DC3_TRY(dc3_choose_name("labels", o->labels, dc3_label_names, &kind));
    if (o->augment) DC3_TRY(dc3_choose_name("augment", o->augment, dc3_augment_names, &augment));
    e->labels = (dc3_label_kind)kind;
    e->plain = augment == DC3_AUGMENT_NONE;
    if (e->plain && e->labels == DC3_LABELS_STORED)
        return dc3_fail(DC3_ERR_OPTION, "--augment none: stored labels are of the protocol's views");
    const struct {
        const char *name;
        int given;
    } theirs[] = {{"--factor", o->factor}, {"--batch", o->batch}, {"--size", o->size}};
    for (int i = 0; e->labels == DC3_LABELS_STORED && i < 3; i++)
        if (theirs[i].given)
            return dc3_fail(DC3_ERR_OPTION,
                            "%s: stored labels were made with a %s of their own, which is used; leave it out",
                            theirs[i].name, theirs[i].name + 2);
    snprintf(e->score->labels, sizeof e->score->labels, "%s", dc3_label_names[e->labels]);
    snprintf(e->score->augment, sizeof e->score->augment, "%s",
             dc3_augment_names[e->plain ? DC3_AUGMENT_NONE : DC3_AUGMENT_RDED]);
    DC3_TRY(dc3_compute_type(o->dtype, &e->dtype));
    snprintf(e->score->dtype, sizeof e->score->dtype, "%s", dc3_dtype_name(e->dtype));
    return DC3_OK;
}

static void note_unreadable(void *user, const char *key, const char *reason)
{
    evaluation *e = user;
    if (!*e->unreadable) snprintf(e->unreadable, sizeof e->unreadable, "%.200s: %.300s", key, reason);
}

/* A document that says nothing of it passes. */
static dc3_status check_complete(const char *document)
{
    json_t *object = NULL;
    dc3_status status = dc3_json_read(document, DC3_DOCUMENT_LIMIT, &object);
    if (status == DC3_OK && json_object_get(object, "complete"))
        status = dc3_check_complete(document, object);
    json_decref(object);
    return status;
}

/* The pictures of a run of dc3 are in its folder "train". */
static dc3_status open_condensed(evaluation *e)
{
    const char *data = e->options->data;
    char *document = dc3_path_join(data, "dc3.json"), *folder = dc3_path_join(data, "train");
    dc3_status status = document && folder ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    int is_run = document && dc3_path_what(document) == DC3_PATH_FILE;
    if (status == DC3_OK && is_run) status = check_complete(document);
    if (status == DC3_OK) status = dc3_dataset_open(is_run ? folder : data, &e->data);
    free(document);
    free(folder);
    return status;
}

static void skipped_test(void *user, const char *key, const char *reason)
{
    dc3_tests *tests = user;
    if (tests->unreadable++ < 5) dc3_listener_say(&tests->listener, "skipped: %s: %s", key, reason);
}

dc3_status dc3_tests_open(dc3_tests *tests, int size, int threads)
{
    dc3_pictures_options options = {
        .how = DC3_PICTURES_TEST, .size = size, .threads = threads, .user = tests, .skipped = skipped_test};
    if (tests->pictures && tests->size == size) return DC3_OK;
    dc3_pictures_close(&tests->pictures);
    free(tests->teacher);
    tests->teacher = NULL;
    tests->size = size;
    tests->unreadable = 0;
    return dc3_pictures_open(tests->dataset, &options, &tests->pictures);
}

dc3_status dc3_tests_ask(dc3_tests *tests, dc3_ctx *ctx, dc3_classifier *teacher, const char *path,
                         double *top1)
{
    dc3_accuracy a;
    if (!tests->teacher || strcmp(tests->teacher, path) != 0) {
        DC3_TRY(dc3_test_classifier(ctx, teacher, tests->pictures, tests->size, NULL, NULL, &a));
        free(tests->teacher);
        tests->teacher = strdup(path);
        tests->teacher_top1 = a.top1;
        if (!tests->teacher) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    }
    *top1 = tests->teacher_top1;
    return DC3_OK;
}

dc3_status dc3_tests_new(const dc3_listener *listener, dc3_tests **tests)
{
    *tests = calloc(1, sizeof **tests);
    if (!*tests) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    (*tests)->listener = *listener;
    return DC3_OK;
}

void dc3_tests_forget(dc3_tests *tests)
{
    size_t i;
    json_t *one;
    json_array_foreach(tests->kept, i, one)
    {
        char *end, *path = strdup(json_string_value(one));
        if (!path) continue;
        unlink(path);
        if ((end = strrchr(path, '/'))) *end = 0;
        rmdir(path); /* where it is empty now */
        free(path);
    }
    json_decref(tests->kept);
    tests->kept = NULL;
}

const char *dc3_evaluate_keep(const char *data)
{
    char *document = dc3_path_join(data, "dc3.json");
    int is_run = document && dc3_path_what(document) == DC3_PATH_FILE;
    free(document);
    return is_run ? data : NULL;
}

void dc3_tests_free(dc3_tests **tests)
{
    if (!*tests) return;
    json_decref((*tests)->kept);
    dc3_pictures_close(&(*tests)->pictures);
    dc3_dataset_close(&(*tests)->dataset);
    free((*tests)->teacher);
    free(*tests);
    *tests = NULL;
}

static dc3_status open_pictures(evaluation *e)
{
    const dc3_evaluate_options *o = e->options;
    dc3_pictures_options options = {
        .how = DC3_PICTURES_OWN, .threads = o->threads, .user = e, .skipped = note_unreadable};
    DC3_TRY(open_condensed(e));
    if (e->tests->dataset)
        DC3_TRY(dc3_same_classes(e->data, e->tests->dataset));
    else
        DC3_TRY(dc3_open_val(o->val, e->data, &o->listener, &e->tests->dataset));
    DC3_TRY(dc3_pictures_open(e->data, &options, &e->pictures));
    if (*e->unreadable) return dc3_fail(DC3_ERR_FORMAT, "%s", e->unreadable);
    e->n = dc3_pictures_count(e->pictures);
    e->score->images = e->n;
    e->score->classes = dc3_dataset_classes(e->data);
    return DC3_OK;
}

/* What the views are like; after the teacher or the stored labels are known. */
static dc3_status resolve(evaluation *e)
{
    const dc3_evaluate_options *o = e->options;
    dc3_score *s = e->score;
    int size = e->labels == DC3_LABELS_STORED ? e->stored.size : o->size;
    if (!size && e->teacher) size = (int)dc3_classifier_describe(e->teacher)->trained;
    DC3_TRY(dc3_view_size(e->data, size, &s->size));
    if (e->labels == DC3_LABELS_STORED)
        s->factor = (int)json_integer_value(json_object_get(e->stored.info, "factor"));
    else
        s->factor = e->plain ? 0 : o->factor ? o->factor : dc3_protocol_factor(s->size);
    int64_t batch = e->labels == DC3_LABELS_STORED
                        ? json_integer_value(json_object_get(e->stored.info, "batch"))
                        : o->batch;
    s->batch = !batch ? dc3_protocol_batch(e->n, s->classes) : batch < e->n ? (int)batch : (int)e->n;
    s->epochs = o->epochs;
    s->temperature = e->labels == DC3_LABELS_HARD ? 0 : o->temperature > 0 ? o->temperature : 20;
    int64_t last = e->n % s->batch, each = e->n / s->batch + (last > 1 || (last && e->n == 1));
    s->steps = each * s->epochs;
    if (!e->teacher) return DC3_OK;
    const dc3_classifier_info *info = dc3_classifier_describe(e->teacher);
    if (info->size && info->size != s->size)
        return dc3_fail(DC3_ERR_OPTION, "--size: the teacher, a %s, takes %lld pixels only, found %d",
                        info->arch, (long long)info->size, s->size);
    return DC3_OK;
}

static dc3_status open_teacher(evaluation *e)
{
    const dc3_evaluate_options *o = e->options;
    dc3_table *table = NULL;
    e->teacher_path = o->teacher ? strdup(o->teacher) : dc3_own_teacher_find(o->data);
    if (!e->teacher_path)
        return dc3_fail(DC3_ERR_OPTION,
                        "--labels soft: expected --teacher and a classifier's file, found none, and no "
                        "teacher.safetensors in %s",
                        o->data);
    DC3_TRY(dc3_teacher_weights(e->teacher_path, &table));
    DC3_TRY(dc3_classifier_open(NULL, &table, &e->teacher));
    const dc3_classifier_info *info = dc3_classifier_describe(e->teacher);
    DC3_TRY(dc3_teacher_check_classes(info, o->teacher ? o->teacher : "teacher.safetensors",
                                      e->score->classes, o->data));
    snprintf(e->score->teacher, sizeof e->score->teacher, "%s", info->arch);
    return dc3_ctx_open(e->dtype, o->threads, DC3_CTX_FAST, &e->teacher_ctx);
}

/* Stored labels name the pictures: they must be these. */
static dc3_status open_stored(evaluation *e)
{
    const dc3_evaluate_options *o = e->options;
    const char *path = e->stored_path =
        o->stored ? strdup(o->stored) : dc3_path_join(o->data, "soft_labels.safetensors");
    dc3_status status =
        path ? dc3_soft_labels_open(path, &e->stored) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_ERR_IO && path && dc3_path_what(path) == DC3_PATH_MISSING)
        status = dc3_fail(status,
                          "--labels stored: expected soft labels in %s, found nothing there; dc3 label makes "
                          "them",
                          path);
    json_t *files = json_object_get(e->stored.info, "files");
    if (status == DC3_OK && (e->stored.n != e->n || e->stored.classes != e->score->classes))
        status = dc3_fail(DC3_ERR_FORMAT,
                          "%s: expected labels of %lld pictures in %lld classes, found %lld in %lld", path,
                          (long long)e->n, (long long)e->score->classes, (long long)e->stored.n,
                          (long long)e->stored.classes);
    for (int64_t i = 0; status == DC3_OK && i < e->n; i++) {
        const char *name = json_string_value(json_array_get(files, (size_t)i));
        if (!name || strcmp(name, dc3_dataset_key(e->data, i)) != 0)
            status = dc3_fail(DC3_ERR_FORMAT,
                              "%s: picture %lld is '%.100s', expected '%.100s'; give dc3 label again", path,
                              (long long)i, name ? name : "", dc3_dataset_key(e->data, i));
    }
    const char *seed = json_string_value(json_object_get(e->stored.info, "seed"));
    json_int_t batch = json_integer_value(json_object_get(e->stored.info, "batch"));
    if (status == DC3_OK && (!seed || batch < 1))
        status = dc3_fail(DC3_ERR_FORMAT,
                          "%s: expected the seed and the batch that the views were drawn with", path);
    if (status == DC3_OK) {
        const char *teacher = json_string_value(json_object_get(e->stored.info, "teacher"));
        e->stored_seed = strtoull(seed, NULL, 10);
        snprintf(e->score->teacher, sizeof e->score->teacher, "%s", teacher ? teacher : "");
    }
    return status;
}

static dc3_status open_student(evaluation *e)
{
    const dc3_evaluate_options *o = e->options;
    dc3_score *s = e->score;
    dc3_optimizer_options adamw = dc3_optimizer_defaults(DC3_ADAMW);
    adamw.decay_rule = DC3_DECAY_WEIGHTS;
    adamw.weight_decay = o->weight_decay >= 0 ? o->weight_decay : 0.01;
    dc3_classifier_spec spec = {.arch = o->arch         ? o->arch
                                        : s->size <= 64 ? "convnet3"
                                                        : "resnet18",
                                .classes = s->classes,
                                .size = s->size,
                                .seed = o->seed};
    DC3_TRY(dc3_trainer_open(&spec, NULL, e->dtype, o->threads, &adamw, &e->student));
    snprintf(s->arch, sizeof s->arch, "%s", e->student.info->arch);
    s->lr = o->lr > 0 ? o->lr : dc3_protocol_lr(s->arch);
    dc3_augment_options augment = {.size = s->size, .dtype = e->dtype, .normalise = 1, .threads = o->threads};
    return dc3_augmenter_open(&augment, &e->augmenter);
}

static dc3_status open_memory(evaluation *e)
{
    const dc3_score *s = e->score;
    size_t batch = (size_t)s->batch, pixels = (size_t)s->size * (size_t)s->size * 3;
    e->order = malloc((size_t)e->n * sizeof *e->order);
    e->batch = malloc(batch * sizeof *e->batch);
    e->params = malloc(batch * sizeof *e->params);
    e->views = malloc(batch * pixels * dc3_dtype_size(e->dtype));
    e->logits = malloc(batch * (size_t)s->classes * sizeof *e->logits);
    e->classes = malloc(2 * batch * sizeof *e->classes);
    e->weights = malloc(2 * batch * sizeof *e->weights);
    if (e->order && e->batch && e->params && e->views && e->logits && e->classes && e->weights) return DC3_OK;
    return dc3_fail(DC3_ERR_MEMORY, "out of memory for a batch of %zu views of %d pixels", batch, s->size);
}

static json_t *hash_text(uint64_t hash)
{
    char text[24];
    snprintf(text, sizeof text, "%016llx", (unsigned long long)hash);
    return json_string(text);
}

/* What the score depends on. */
static json_t *settings_of(const evaluation *e)
{
    const dc3_evaluate_options *o = e->options;
    const dc3_score *s = e->score;
    json_t *settings =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:i, s:i, s:i, s:i, s:I, s:f, s:f, s:f}", "version",
                  dc3_version(), "arch", s->arch, "labels", s->labels, "augment", s->augment, "dtype",
                  s->dtype, "kernels", dc3_kernels_best()->name, "size", s->size, "factor", s->factor,
                  "batch", s->batch, "epochs", s->epochs, "threads", o->threads, "seed", (json_int_t)o->seed,
                  "lr", s->lr, "weight_decay", o->weight_decay, "temperature", s->temperature);
    json_object_set_new(settings, "data", hash_text(dc3_fingerprint_pictures(e->data)));
    json_object_set_new(settings, "val", hash_text(e->tests->fingerprint));
    if (e->teacher_path) json_object_set_new(settings, "teacher", dc3_fingerprint(e->teacher_path));
    if (e->stored_path) json_object_set_new(settings, "stored", dc3_fingerprint(e->stored_path));
    return settings;
}

/* Whether the student is finished already, and if not, where it was cut off. */
static dc3_status open_kept(evaluation *e, int *finished)
{
    const dc3_evaluate_options *o = e->options;
    dc3_tests *tests = e->tests;
    if (!o->keep) return DC3_OK;
    if (!tests->fingerprint) tests->fingerprint = dc3_fingerprint_pictures(tests->dataset);
    DC3_TRY(dc3_kept_open(o->keep, settings_of(e), &e->kept));
    if (!tests->kept) tests->kept = json_array();
    *finished = dc3_kept_finished(&e->kept, e->score);
    if (*finished)
        json_array_append_new(tests->kept, json_string(e->kept.score));
    else
        DC3_TRY(dc3_kept_go_on(&e->kept, &e->student, &e->place, e->score));
    e->before = e->score->seconds;
    if (*finished)
        dc3_listener_say(&o->listener,
                         "%s, seed %llu: was finished by an earlier command, whose score is taken",
                         e->score->arch, (unsigned long long)o->seed);
    else if (e->place.epoch || e->place.first)
        dc3_listener_say(&o->listener, "%s, seed %llu: going on in epoch %d of %d", e->score->arch,
                         (unsigned long long)o->seed, e->place.epoch + 1, o->epochs);
    return DC3_OK;
}

static dc3_status open_all(evaluation *e)
{
    DC3_TRY(check_options(e));
    DC3_TRY(open_pictures(e));
    if (e->labels == DC3_LABELS_SOFT) DC3_TRY(open_teacher(e));
    if (e->labels == DC3_LABELS_STORED) DC3_TRY(open_stored(e));
    DC3_TRY(resolve(e));
    DC3_TRY(dc3_tests_open(e->tests, e->score->size, e->options->threads));
    e->score->teacher_top1 = -1;
    if (e->teacher)
        DC3_TRY(
            dc3_tests_ask(e->tests, e->teacher_ctx, e->teacher, e->teacher_path, &e->score->teacher_top1));
    DC3_TRY(open_student(e));
    return open_memory(e);
}

static void close_all(evaluation *e)
{
    dc3_trainer_close(&e->student);
    dc3_classifier_close(&e->teacher);
    dc3_ctx_close(&e->teacher_ctx);
    dc3_soft_labels_free(&e->stored);
    dc3_augmenter_close(&e->augmenter);
    dc3_pictures_close(&e->pictures);
    dc3_dataset_close(&e->data);
    dc3_kept_close(&e->kept);
    free(e->teacher_path), free(e->stored_path), free(e->order), free(e->batch), free(e->params),
        free(e->views);
    free(e->logits), free(e->classes), free(e->weights);
}

/* The views of n pictures in e->batch, drawn anew. */
static void draw(evaluation *e, int64_t epoch, int64_t b, int n)
{
    const dc3_score *s = e->score;
    for (int i = 0; e->plain && i < n; i++)
        e->params[i] = dc3_view_whole(e->batch[i].width, e->batch[i].height);
    if (e->plain) return;
    for (int i = 0; i < n; i++)
        dc3_draw_rded(e->options->seed, epoch, e->batch[i].item, e->batch[i].width, e->batch[i].height,
                      s->factor, &e->params[i]);
    dc3_draw_cutmix(e->options->seed, epoch, b, n, s->size, e->params);
}

/* The stored views and logits of n pictures. A partner is kept as a picture's number; it is in the same
 * batch. */
static dc3_status recall(evaluation *e, int64_t view, int n)
{
    for (int i = 0; i < n; i++) {
        int64_t item = e->batch[i].item;
        e->params[i] = e->stored.params[view * e->n + item];
        int place = 0;
        while (place < n && e->batch[place].item != e->params[i].partner) place++;
        if (place == n)
            return dc3_fail(DC3_ERR_FORMAT, "stored labels: picture %lld is mixed with one of another batch",
                            (long long)item);
        e->params[i].partner = place;
        dc3_soft_labels_get(&e->stored, view, item, e->logits + (int64_t)i * e->score->classes);
    }
    return DC3_OK;
}

static dc3_status ask_teacher(evaluation *e, int n)
{
    dc3_ctx *ctx = e->teacher_ctx;
    int64_t size = e->score->size;
    dc3_scope scope = dc3_scope_open(ctx);
    dc3_tensor embedding, x = dc3_view(e->views, e->dtype, 4, (int64_t[]){n, size, size, 3});
    dc3_tensor z = dc3_cast(ctx, dc3_classifier_of(ctx, e->teacher, x, &embedding), DC3_F32);
    dc3_status status = dc3_ctx_status(ctx);
    if (status == DC3_OK) memcpy(e->logits, z.data, dc3_bytes(&z));
    dc3_scope_close(ctx, scope);
    dc3_ctx_clear(ctx);
    return status;
}

/* Each view has its own class and its partner's, by the areas. */
static void weigh_labels(evaluation *e, int n)
{
    for (int i = 0; i < n; i++) {
        float lambda = (float)dc3_view_lambda(&e->params[i], e->score->size);
        e->classes[2 * i] = dc3_pictures_label(e->pictures, e->batch[i].item);
        e->classes[2 * i + 1] = dc3_pictures_label(e->pictures, e->batch[e->params[i].partner].item);
        e->weights[2 * i] = lambda;
        e->weights[2 * i + 1] = 1 - lambda;
    }
}

static dc3_status step(evaluation *e, int64_t epoch, int64_t b, int64_t first, int64_t count, double lr,
                       double *sum)
{
    int64_t found;
    double loss;
    DC3_TRY(dc3_pictures_batch(e->pictures, count, e->order + first, e->batch, &found));
    if (found < count) return dc3_fail(DC3_ERR_FORMAT, "%s", e->unreadable);
    int n = (int)count;
    if (e->labels == DC3_LABELS_STORED)
        DC3_TRY(recall(e, epoch % e->stored.views, n));
    else
        draw(e, epoch, b, n);
    DC3_TRY(dc3_augment(e->augmenter, n, e->batch, e->params, e->views));
    if (e->labels == DC3_LABELS_SOFT) DC3_TRY(ask_teacher(e, n));
    dc3_target target = {.logits = e->logits, .temperature = (float)e->score->temperature};
    if (e->labels == DC3_LABELS_HARD) {
        weigh_labels(e, n);
        target = (dc3_target){.k = 2, .labels = e->classes, .weights = e->weights};
    }
    DC3_TRY(dc3_trainer_step(&e->student, n, e->score->size, e->views, &target, lr, &loss));
    *sum += loss * (double)n;
    return DC3_OK;
}

/* Where a student cannot be kept it goes on all the same, which is told once for all students. */
static void tell(const evaluation *e, dc3_status status)
{
    if (status == DC3_OK || e->tests->told) return;
    e->tests->told = 1;
    dc3_listener_say(&e->options->listener,
                     "warning: students are not kept, and start over if they are interrupted: %s",
                     dc3_error_text());
}

/* Keeps the student as it is. */
static void keep(evaluation *e, int now)
{
    e->score->seconds = e->before + dc3_seconds_now() - e->start;
    if (e->kept.settings && !e->tests->told)
        tell(e, dc3_kept_save(&e->kept, now, &e->student, &e->place, e->score));
}

/* Keeps the score of a finished student. */
static void keep_score(evaluation *e)
{
    if (!e->kept.settings || e->tests->told) return;
    tell(e, dc3_kept_finish(&e->kept, e->score));
    json_array_append_new(e->tests->kept, json_string(e->kept.score));
}

/* The rest of an epoch. */
static dc3_status run_epoch(evaluation *e, double lr)
{
    dc3_student_place *place = &e->place;
    int64_t batch = e->score->batch, epoch = place->epoch;
    int64_t view = e->labels == DC3_LABELS_STORED ? epoch % e->stored.views : epoch;
    dc3_draw_order(e->labels == DC3_LABELS_STORED ? e->stored_seed : e->options->seed, view, e->n, e->order);
    while (place->first < e->n) {
        int64_t first = place->first, count = e->n - first < batch ? e->n - first : batch;
        DC3_TRY(dc3_check_cancel());
        if (count > 1 || e->n == 1) /* a batch norm needs more than one */
            DC3_TRY(step(e, epoch, first / batch, first, count, lr, &place->sum));
        place->first += batch;
        keep(e, 0);
    }
    e->score->loss = place->sum / (double)e->n;
    *place = (dc3_student_place){.epoch = place->epoch + 1};
    return DC3_OK;
}

static dc3_status test_now(evaluation *e, int epoch, int place)
{
    dc3_score *s = e->score;
    dc3_accuracy a;
    DC3_TRY(dc3_test_classifier(e->student.ctx, e->student.net, e->tests->pictures, s->size, NULL, NULL, &a));
    s->tested[place] = epoch;
    s->top1_at[place] = s->top1 = a.top1;
    s->top5 = a.top5;
    s->test_images = a.n;
    s->unreadable = e->tests->unreadable;
    if (a.top1 > s->best_top1 || !s->best_epoch) s->best_top1 = a.top1, s->best_epoch = epoch;
    return DC3_OK;
}

/* Tests made after so many epochs: after each quarter of them, or of few after the last. */
static int tests_after(const evaluation *e, int epoch)
{
    int epochs = e->options->epochs;
    return epochs < DC3_EVALUATE_TESTS
               ? epoch == epochs
               : (int)(((int64_t)epoch * DC3_EVALUATE_TESTS + DC3_EVALUATE_TESTS - 1) / epochs);
}

static dc3_status run_all(evaluation *e)
{
    const dc3_evaluate_options *o = e->options;
    const dc3_listener *l = &o->listener;
    dc3_schedule_options schedule = dc3_schedule_defaults();
    schedule.kind = DC3_SCHEDULE_HALF_COSINE;
    while (e->place.epoch < o->epochs) {
        int epoch = e->place.epoch;
        DC3_TRY(run_epoch(e, e->score->lr * dc3_schedule_factor(&schedule, epoch, o->epochs)));
        if (l->progress) l->progress(l->user, "student", epoch + 1, o->epochs);
        if (tests_after(e, epoch + 1) == tests_after(e, epoch)) continue;
        DC3_TRY(test_now(e, epoch + 1, tests_after(e, epoch)));
        if (epoch + 1 < o->epochs) keep(e, 1);
    }
    return DC3_OK;
}

dc3_status dc3_evaluate(const dc3_evaluate_options *options, dc3_tests *tests, dc3_score *score)
{
    DC3_CANCEL_SCOPE(options->listener.cancel);
    evaluation e = {.options = options, .score = score, .tests = tests, .start = dc3_seconds_now()};
    dc3_tests *own = NULL;
    int finished = 0;
    *score = (dc3_score){0};
    if (!tests) DC3_TRY(dc3_tests_new(&options->listener, &own));
    if (own) e.tests = own;
    dc3_status status = open_all(&e);
    if (status == DC3_OK) status = open_kept(&e, &finished);
    if (status == DC3_OK && !finished) {
        status = run_all(&e);
        score->seconds = e.before + dc3_seconds_now() - e.start;
        if (status == DC3_OK) keep_score(&e);
    }
    close_all(&e);
    dc3_tests_free(&own);
    return status;
}

void dc3_mean_deviation(const double *values, int n, double *mean, double *deviation)
{
    double sum = 0, square = 0;
    for (int i = 0; i < n; i++) sum += values[i];
    *mean = n ? sum / n : 0;
    for (int i = 0; i < n; i++) square += (values[i] - *mean) * (values[i] - *mean);
    *deviation = n > 1 ? sqrt(square / (n - 1)) : 0;
}
