/* The scores of a comparison: datasets are condensed, students trained and tested. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "base/file.h"
#include "base/listener.h"
#include "dc3/progress.h"
#include "dc3/text.h"
#include "compare/comparing.h"
#include "compare/time_left.h"
#include "labels/soft_labels.h"
#include "metrics/colourfulness.h"

/* What a condensed dataset costs and how colourful it is. */
typedef struct cost {
    double seconds, bytes, colourfulness;
    int64_t images;
} cost;

static dc3_status look_at(const char *train, cost *out)
{
    dc3_dataset *d;
    double sum = 0;
    DC3_TRY(dc3_dataset_open(train, &d));
    dc3_status status = DC3_OK;
    out->images = dc3_dataset_size(d);
    for (int64_t i = 0; status == DC3_OK && i < out->images; i++) {
        dc3_image image;
        struct stat info;
        char *path = dc3_path_join(train, dc3_dataset_key(d, i));
        if (path && stat(path, &info) == 0) out->bytes += (double)info.st_size;
        status = path ? dc3_dataset_read(d, i, 0, 0, DC3_FIT_CROP, &image)
                      : dc3_fail(DC3_ERR_MEMORY, "out of memory");
        free(path);
        if (status != DC3_OK) break;
        sum += dc3_colourfulness(image.pixels, (int64_t)image.width * image.height);
        dc3_image_free(&image);
    }
    out->colourfulness = out->images ? sum / (double)out->images : 0;
    dc3_dataset_close(&d);
    return status;
}

/* What earlier calls took for a run that they did not end, and for its features among that, seconds. */
typedef struct earlier {
    double all, features;
} earlier;

static earlier seconds_before(const char *folder)
{
    earlier before = {0};
    dc3_progress p;
    if (dc3_progress_read(folder, &p) != DC3_OK) return before; /* as of a folder that is empty yet */
    for (int i = 0; i < p.stages; i++) {
        before.all += p.seconds[i];
        if (strcmp(p.names[i], "features") == 0) before.features = p.seconds[i];
    }
    dc3_progress_free(&p);
    return before;
}

/* What condensing cost stands in the run's cost.json, since a run that is there already takes no time. */
static dc3_status save_cost(const char *folder, cost *made)
{
    char *path = dc3_path_join(folder, "cost.json");
    json_t *old = NULL;
    if (!path) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    dc3_status status = DC3_OK;
    if (dc3_path_what(path) == DC3_PATH_FILE) {
        status = dc3_json_read(path, 1 << 16, &old);
        if (status == DC3_OK) made->seconds = json_number_value(json_object_get(old, "seconds"));
    } else {
        old = json_pack("{s:f}", "seconds", made->seconds);
        status = old ? dc3_json_write(folder, "cost.json", old, JSON_SORT_KEYS)
                     : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    }
    json_decref(old);
    free(path);
    return status;
}

/* 1 for a warning or a note, which is much the same for each cell. */
static int is_note(const char *text)
{
    static const char *const kinds[] = {"warning: ", "note: ", "skipped: "};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strncmp(text, kinds[i], strlen(kinds[i])) == 0) return 1;
    return 0;
}

/* Of what condensing says, warnings and notes are passed on once. */
static void pass_notes(void *user, const char *text)
{
    dc3_comparing *c = user;
    json_t *key = is_note(text) ? dc3_json_text(text) : NULL;
    const char *name = json_string_value(key);
    if (!c->told) c->told = json_object();
    if (name && !json_object_get(c->told, name)) {
        json_object_set_new(c->told, name, json_true());
        dc3_listener_say(&c->options->condense.listener, "%s", text);
    }
    json_decref(key);
}

/* Of what is said of students only they are not passed on twice. */
static void pass_students(void *user, const char *text)
{
    const dc3_comparing *c = user;
    if (is_note(text))
        pass_notes(user, text);
    else
        dc3_listener_say(&c->options->condense.listener, "%s", text);
}

static void pass_progress(void *user, const char *stage, int64_t done, int64_t total)
{
    const dc3_listener *listener = &((const dc3_comparing *)user)->options->condense.listener;
    if (listener->progress) listener->progress(listener->user, stage, done, total);
}

/* Condenses for a cell, unless that stands there already; *folder is its place, freed by the caller. */
static dc3_status condense_for(dc3_comparing *c, const dc3_cell *w, char **folder, cost *out)
{
    dc3_condense_options o = c->options->condense;
    dc3_condense_report report;
    *folder = dc3_cell_folder(c->options->out, w);
    *out = (cost){0};
    if (!*folder) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    DC3_TRY(dc3_make_dirs(*folder));
    o.out = *folder;
    o.method = w->method;
    dc3_comparing_selection(w->method, &o);
    o.no_report = 1;
    dc3_comparing_compensation(&o);
    if (!dc3_method_needs_teacher(w->method)) o.teacher = NULL; /* which it would say that it does not use */
    if (!dc3_method_has_features(&c->options->condense, w->method)) o.backbone = NULL;
    o.select.ipc = w->ipc;
    o.select.seed += (uint64_t)w->seed;
    if (c->options->verbose)
        dc3_listener_say(&o.listener, "condensing: %s, %d image%s per class, seed %d", w->method, w->ipc,
                         w->ipc == 1 ? "" : "s", w->seed);
    else
        o.listener = (dc3_listener){c, pass_progress, pass_notes, o.listener.cancel};
    earlier before = seconds_before(*folder);
    double start = dc3_seconds_now();
    DC3_TRY(dc3_condense(&o, &report));
    /* Features may come from a cache that an earlier call of the same run has filled. */
    double cached = report.cached_seconds - before.features;
    out->seconds = before.all + dc3_seconds_now() - start + (cached > 0 ? cached : 0);
    DC3_TRY(save_cost(*folder, out));
    char *train = dc3_path_join(*folder, "train");
    dc3_status status = train ? look_at(train, out) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    free(train);
    return status;
}

/* What of a student's settings must be the same where scores are compared, and which images it is of; NULL
 * without memory. */
static json_t *settings_of(const dc3_tested *student)
{
    static const char *const keys[] = {
        "lr",     "weight_decay", "temperature",   "val",       "teacher",  "departs_from_protocol",
        "stored", "loss",         "hard_share",    "smoothing", "schedule", "crop",
        "cutmix", "rand_ops",     "rand_strength", "ema"};
    json_t *settings = json_object();
    for (size_t i = 0; settings && i < sizeof keys / sizeof *keys; i++) {
        json_t *value = json_object_get(student->settings, keys[i]);
        if (value) json_object_set(settings, keys[i], value);
    }
    return settings;
}

/* Several teachers in a line (or NULL): what they are, and how often their averaged logits are right. */
static void add_teachers(const dc3_tested *student, json_t *line)
{
    char names[400];
    json_t *teachers = json_object_get(student->settings, "teachers");
    if (!teachers || !line) return;
    json_object_set_new(line, "teacher", json_string(dc3_teacher_names(teachers, names, sizeof names)));
    json_object_set(line, "teachers", teachers);
    json_object_set_new(line, "teacher_top1", json_real(student->score.teacher_top1));
}

/* The line of results.jsonl; NULL without memory. */
static json_t *line_of(const dc3_cell *w, const dc3_tested *student, int own_teacher, const cost *made)
{
    const dc3_score *s = &student->score;
    /* Soft labels as they would be stored: f16 logits of each image in each epoch. */
    double labels =
        strcmp(w->labels, "soft") ? 0 : dc3_soft_labels_bytes(s->images, s->epochs, s->classes, 0, 16);
    json_t *at = json_array();
    int failed = !at;
    for (int i = 0; i < DC3_EVALUATE_TESTS && s->tested[i]; i++)
        failed |= json_array_append_new(at, json_pack("[i, f]", s->tested[i], s->top1_at[i])) != 0;
    if (failed) {
        json_decref(at);
        return NULL;
    }
    json_t *line = json_pack(
        "{s:i, s:s, s:i, s:s, s:s, s:s, s:f, s:f, s:f, s:i, s:o, s:f, s:f, s:f, s:f, "
        "s:f, s:I, s:I, s:i, s:i, s:i, s:i, s:I, s:s, s:i, s:b, s:s, s:s, s:o}",
        "ipc", w->ipc, "method", w->method, "seed", w->seed, "arch", w->arch, "labels", w->labels, "augment",
        w->augment, "top1", s->top1, "top5", s->top5, "best_top1", s->best_top1, "best_epoch", s->best_epoch,
        "top1_at", at, "seconds_condense", made->seconds, "seconds_evaluate", s->seconds, "image_bytes",
        made->bytes, "label_bytes", labels, "colourfulness", made->colourfulness, "images",
        (json_int_t)s->images, "test_images", (json_int_t)s->test_images, "batch", s->batch, "epochs",
        s->epochs, "size", s->size, "factor", s->factor, "steps", (json_int_t)s->steps, "teacher", s->teacher,
        "diverged", s->diverged, "any_teacher", s->any_teacher && !own_teacher, "recipe", s->recipe,
        "training", s->training, "settings", settings_of(student));
    add_teachers(student, line);
    return line;
}

/* ", 3 of 8 scores, about 2 min left for all of it"; "" where that was the last. */
static const char *left_text(const dc3_comparing *c, char text[DC3_NUMBER_TEXT + 80])
{
    char duration[DC3_NUMBER_TEXT];
    int done = c->report->done + c->report->reused;
    *text = 0;
    if (done < c->report->total)
        snprintf(text, DC3_NUMBER_TEXT + 80, "; %d of %d scores, about %s left for all of it", done,
                 c->report->total, dc3_duration_text(dc3_seconds_left(c->wanted, &c->results), duration));
    return text;
}

/* Epochs of a student of the same size, network and labels that is there: students of one comparison that
 * have so many minutes train for as long, whatever they are trained on. 0: there is none. */
static int epochs_of(const dc3_comparing *c, const dc3_cell *w)
{
    const char *const keys[] = {"arch", "labels", "augment"}, *const words[] = {w->arch, w->labels,
                                                                                w->augment};
    size_t i;
    json_t *line;
    json_array_foreach(c->results.lines, i, line)
    {
        int same = json_integer_value(json_object_get(line, "ipc")) == w->ipc;
        for (int k = 0; same && k < 3; k++) {
            const char *text = json_string_value(json_object_get(line, keys[k]));
            same = text && strcmp(text, words[k]) == 0;
        }
        if (same) return (int)json_integer_value(json_object_get(line, "epochs"));
    }
    return 0;
}

/* A score to make, of a dataset that is condensed. */
typedef struct pending {
    dc3_cell cell;
    char *folder;
    cost made;
    dc3_evaluate_options options;
} pending;

/* The scores that are made together: their students train side by side. */
typedef struct batch {
    dc3_comparing *comparing;
    int count, most;
    pending *of;                       /* [most] */
    const dc3_evaluate_options **list; /* [most] */
} batch;

static dc3_status fill_options(dc3_comparing *c, pending *p)
{
    const dc3_cell *w = &p->cell;
    dc3_evaluate_options *o = &p->options;
    *o = c->options->evaluate;
    o->data = p->folder;
    o->size = c->size;
    o->arch = w->arch;
    DC3_TRY(dc3_label_kind_parse(w->labels, &o->labels));
    DC3_TRY(dc3_augment_kind_parse(w->augment, &o->augment));
    o->teacher = o->labels == DC3_LABELS_SOFT ? c->students_teacher : NULL;
    o->teacher_classes = c->trains ? NULL : c->options->condense.teacher_classes;
    o->seed = c->options->condense.select.seed + (uint64_t)w->seed;
    o->folder = c->options->out;
    if (o->augment ==
        DC3_AUGMENT_NONE) /* beside students with these views, for an augmentation-robust score */
        o->crop = 0, o->cutmix = o->rand_ops = -1, o->rand_strength = 0;
    dc3_comparing_loss(c->options, o);
    if (o->minutes > 0 && (o->epochs = epochs_of(c, w))) o->minutes = 0;
    if (!c->options->verbose)
        o->listener = (dc3_listener){c, pass_progress, pass_students, o->listener.cancel};
    return DC3_OK;
}

static dc3_status scored(void *user, int student, const dc3_score *s)
{
    batch *b = user;
    dc3_comparing *c = b->comparing;
    const pending *p = &b->of[student];
    const dc3_cell *w = &p->cell;
    char left[DC3_NUMBER_TEXT + 80];
    int is_usual = strcmp(w->augment, dc3_usual_augment(c->options)) == 0;
    const dc3_tested *last = &c->tests->students[c->tests->students_count - 1];
    DC3_TRY(dc3_results_add(&c->results, line_of(w, last, c->trains, &p->made)));
    c->report->done++;
    dc3_listener_say(&c->options->condense.listener,
                     "%s, ipc %d, %s, %s labels%s, seed %d: top-1 %.2f %% (%.0f s)%s", w->method, w->ipc,
                     w->arch, w->labels, is_usual ? "" : ", no augmentation", w->seed, 100 * s->top1,
                     s->seconds, left_text(c, left));
    DC3_TRY(dc3_results_write(c->options->out, &c->results));
    dc3_tests_forget(c->tests);
    return DC3_OK;
}

/* Makes the scores that are pending. */
static dc3_status make_scores(batch *b)
{
    dc3_status status = DC3_OK;
    for (int i = 0; i < b->count; i++) {
        if (status == DC3_OK) status = fill_options(b->comparing, &b->of[i]);
        b->list[i] = &b->of[i].options;
    }
    if (status == DC3_OK && b->count)
        status = dc3_evaluate_all(b->list, b->count, b->comparing->tests, scored, b);
    for (int i = 0; i < b->count; i++) free(b->of[i].folder);
    b->count = 0;
    return status;
}

/* One score, unless it stands there already. The first that is missing has the dataset condensed. */
static dc3_status add_student(batch *b, const dc3_cell *w, char **folder, cost *made)
{
    dc3_comparing *c = b->comparing;
    if (dc3_results_find(&c->results, w)) {
        c->report->reused++;
        return DC3_OK;
    }
    if (!*folder) DC3_TRY(condense_for(c, w, folder, made));
    char *own = strdup(*folder);
    if (!own) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    b->of[b->count++] = (pending){.cell = *w, .folder = own, .made = *made};
    return b->count < b->most ? DC3_OK : make_scores(b);
}

static dc3_status run_all(batch *b)
{
    dc3_comparing *c = b->comparing;
    int64_t students = dc3_wanted_students(c->wanted);
    char *folder = NULL;
    cost made = {0};
    dc3_status status = DC3_OK;
    for (int64_t i = 0; status == DC3_OK && i < c->report->total; i++) {
        const dc3_cell cell = dc3_wanted_cell(c->wanted, i);
        if (i % students == 0) {
            free(folder);
            folder = NULL;
        }
        status = add_student(b, &cell, &folder, &made);
    }
    free(folder);
    return status;
}

/* All scores that are wanted; the students of one condensed dataset come after each other. Datasets are
 * condensed for as many students as there are threads, which are then trained side by side. */
dc3_status dc3_comparing_run(dc3_comparing *c)
{
    const dc3_evaluate_options *o = &c->options->evaluate;
    batch b = {.comparing = c, .most = o->minutes > 0 ? 1 : o->threads}; /* epochs follow from the first */
    b.of = calloc((size_t)b.most, sizeof *b.of);
    b.list = calloc((size_t)b.most, sizeof *b.list);
    dc3_status status = b.of && b.list ? run_all(&b) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK) status = make_scores(&b);
    for (int i = 0; i < b.count; i++) free(b.of[i].folder);
    free(b.of);
    free(b.list);
    return status;
}
