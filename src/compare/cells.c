/* The scores of a comparison: students of condensed sets are trained and tested. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/listener.h"
#include "dc3/text.h"
#include "compare/comparing.h"
#include "compare/now.h"
#include "compare/sets.h"
#include "compare/sharing.h"
#include "compare/time_left.h"
#include "evaluate/shared_students.h"
#include "labels/soft_labels.h"
#include "ranks/ranks.h"

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
static json_t *line_of(const dc3_cell *w, const dc3_tested *student, int own_teacher,
                       const dc3_set_cost *made)
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
        "{s:I, s:s, s:i, s:s, s:s, s:s, s:f, s:f, s:f, s:i, s:o, s:f, s:f, s:f, s:f, "
        "s:f, s:I, s:I, s:i, s:i, s:i, s:i, s:I, s:s, s:i, s:b, s:s, s:s, s:o}",
        w->budget ? "budget" : "ipc", (json_int_t)(w->budget ? w->budget : w->ipc), "method", w->method,
        "seed", w->seed, "arch", w->arch, "labels", w->labels, "augment", w->augment, "top1", s->top1, "top5",
        s->top5, "best_top1", s->best_top1, "best_epoch", s->best_epoch, "top1_at", at, "seconds_condense",
        made->seconds, "seconds_evaluate", s->seconds, "image_bytes", made->bytes, "label_bytes", labels,
        "colourfulness", made->colourfulness, "images", (json_int_t)s->images, "test_images",
        (json_int_t)s->test_images, "batch", s->batch, "epochs", s->epochs, "size", s->size, "factor",
        s->factor, "steps", (json_int_t)s->steps, "teacher", s->teacher, "diverged", s->diverged,
        "any_teacher", s->any_teacher && !own_teacher, "recipe", s->recipe, "training", s->training,
        "settings", settings_of(student));
    add_teachers(student, line);
    if (line && w->budget) json_object_set_new(line, "train_bytes", json_real(made->train));
    if (line && w->budget) json_object_set_new(line, "format", json_string(made->format));
    return line;
}

/* ", 3 of 8 scores, about 2 min left for all of it"; "" where that was the last. */
static const char *left_text(const dc3_comparing *c, char text[DC3_NUMBER_TEXT + 80])
{
    char duration[DC3_NUMBER_TEXT];
    int done = c->report->done + c->report->reused + c->report->unmet;
    *text = 0;
    if (done < c->report->total)
        snprintf(text, DC3_NUMBER_TEXT + 80, "; %d of %d scores, about %s left for all of it", done,
                 c->report->total, dc3_duration_text(dc3_seconds_left(c->wanted, &c->results), duration));
    return text;
}

/* A score to make, of a dataset that is condensed. */
typedef struct pending {
    dc3_cell cell;
    int64_t number; /* of the cell */
    int works;      /* its student is being trained */
    char *folder;
    dc3_set_cost made;
    dc3_evaluate_options options;
} pending;

/* The scores that are made together: their students train side by side. */
typedef struct batch {
    dc3_comparing *comparing;
    int count, most;
    pending *of;                       /* [most] */
    const dc3_evaluate_options **list; /* [most] */
    int64_t *at_work;                  /* [most] numbers of cells */
    int64_t *numbers;                  /* [most] the same of all that are pending */
    dc3_shared_sets sets;              /* that several ranks made before */
} batch;

/* Tells dc3 status whose students are trained. */
static void note_student(void *user, int student, int works)
{
    batch *b = user;
    int count = 0;
    b->of[student].works = works;
    for (int i = 0; i < b->count; i++)
        if (b->of[i].works) b->at_work[count++] = b->of[i].number;
    dc3_now_write(b->comparing->options->out, DC3_DOING_STUDENTS, b->at_work, count);
}

static dc3_status scored(void *user, int student, const dc3_score *s)
{
    batch *b = user;
    dc3_comparing *c = b->comparing;
    const pending *p = &b->of[student];
    const dc3_cell *w = &p->cell;
    char left[DC3_NUMBER_TEXT + 80], amount[DC3_NUMBER_TEXT];
    int is_usual = strcmp(w->augment, dc3_usual_augment(c->options)) == 0;
    const dc3_tested *last = &c->tests->students[c->tests->students_count - 1];
    DC3_TRY(dc3_results_add(&c->results, line_of(w, last, c->trains, &p->made)));
    c->report->done++;
    dc3_listener_say(&c->options->condense.listener,
                     "%s, %s, %s, %s labels%s, seed %d: top-1 %.2f %% (%.0f s)%s", w->method,
                     dc3_cell_amount_text(w, amount), w->arch, w->labels, is_usual ? "" : ", no augmentation",
                     w->seed, 100 * s->top1, s->seconds, left_text(c, left));
    DC3_TRY(dc3_results_write(c->options->out, &c->results));
    dc3_tests_forget(c->tests);
    return DC3_OK;
}

/* Makes the scores that are pending. */
static dc3_status make_scores(batch *b)
{
    dc3_status status = DC3_OK;
    for (int i = 0; i < b->count; i++) {
        pending *p = &b->of[i];
        if (status == DC3_OK) status = dc3_comparing_student(b->comparing, &p->cell, p->folder, &p->options);
        b->list[i] = &p->options;
        b->numbers[i] = p->number;
    }
    dc3_tests *tests = b->comparing->tests;
    if (status == DC3_OK && b->count) {
        dc3_now_write(b->comparing->options->out, DC3_DOING_STUDENTS, NULL, 0);
        tests->at_work = note_student, tests->at_work_user = b;
        const dc3_shared_students all = {
            b->list, b->numbers, b->count, b->comparing->classes, tests, &b->list[0]->listener, scored, b};
        status = dc3_ranks_count() > 1 ? dc3_students_share(&all)
                                       : dc3_evaluate_all(b->list, b->count, tests, scored, b);
        tests->at_work = NULL;
    }
    for (int i = 0; i < b->count; i++) free(b->of[i].folder);
    b->count = 0;
    return status;
}

/* Notes that the budget of a cell does not hold an image of each class; the others go on. */
static dc3_status leave_out(dc3_comparing *c, const dc3_cell *w, double needed)
{
    char amount[DC3_NUMBER_TEXT];
    c->report->unmet++;
    dc3_listener_say(&c->options->condense.listener,
                     "left out: %s, %s, seed %d: an image of each class takes at least about %.0f bytes",
                     w->method, dc3_cell_amount_text(w, amount), w->seed, needed);
    return dc3_results_add_unmet(c->options->out, &c->results, w, needed);
}

/* The set of a cell, with all that it took. */
static dc3_status take_set(batch *b, const dc3_cell *w, int64_t number, char **folder, dc3_set_cost *made)
{
    dc3_comparing *c = b->comparing;
    if (!b->sets.made) {
        dc3_now_write(c->options->out, DC3_DOING_SET, &number, 1);
        return dc3_comparing_condense(c, w, folder, made);
    }
    *made = b->sets.made[number / dc3_wanted_students(c->wanted)];
    *folder = dc3_cell_folder(c->options->out, w);
    return *folder ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
}

/* One score, unless it stands there already, or has no set. The first that is missing has the dataset
 * condensed. */
static dc3_status add_student(batch *b, const dc3_cell *w, int64_t number, char **folder, dc3_set_cost *made)
{
    dc3_comparing *c = b->comparing;
    if (dc3_results_find(&c->results, w)) {
        c->report->reused++;
        return DC3_OK;
    }
    if (dc3_results_needed(&c->results, w) > 0) {
        c->report->unmet++;
        return DC3_OK;
    }
    if (!*folder) {
        DC3_TRY(take_set(b, w, number, folder, made));
        if (made->needed > 0) return leave_out(c, w, made->needed);
    }
    char *own = strdup(*folder);
    if (!own) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    b->of[b->count++] = (pending){.cell = *w, .number = number, .folder = own, .made = *made};
    return b->count < b->most ? DC3_OK : make_scores(b);
}

/* Where nothing is left there is nothing to compare. */
static dc3_status check_any(const dc3_comparing *c)
{
    double least = 0;
    if (!c->report->total || c->report->unmet < c->report->total) return DC3_OK;
    for (int64_t i = 0; i < c->report->total; i++) {
        const dc3_cell cell = dc3_wanted_cell(c->wanted, i);
        double needed = dc3_results_needed(&c->results, &cell);
        if (!i || needed < least) least = needed;
    }
    return dc3_fail_setting("budgets",
                            "expected at least about %.0f bytes, which an image of each class takes by the "
                            "method that needs fewest; found less; a smaller %s takes fewer",
                            least, dc3_setting("size"));
}

static dc3_status run_all(batch *b)
{
    dc3_comparing *c = b->comparing;
    int64_t students = dc3_wanted_students(c->wanted);
    char *folder = NULL;
    dc3_set_cost made = {0};
    dc3_status status = DC3_OK;
    for (int64_t i = 0; status == DC3_OK && i < c->report->total; i++) {
        const dc3_cell cell = dc3_wanted_cell(c->wanted, i);
        if (i % students == 0) {
            free(folder);
            folder = NULL;
        }
        status = add_student(b, &cell, i, &folder, &made);
    }
    free(folder);
    return status;
}

/* How many students are trained together: of minutes one, whose epochs those after it have. */
static int together(const dc3_comparing *c)
{
    const dc3_evaluate_options *o = &c->options->evaluate;
    int all = c->report->total > 0 ? c->report->total : 1;
    return o->minutes > 0 ? 1 : dc3_ranks_count() > 1 ? all : o->threads;
}

/* All scores that are wanted; the students of one condensed dataset come after each other. Datasets are
 * condensed for as many students as there are threads, which are then trained side by side; by several ranks
 * all of them are condensed before. */
dc3_status dc3_comparing_run(dc3_comparing *c)
{
    batch b = {.comparing = c, .most = together(c)};
    b.of = calloc((size_t)b.most, sizeof *b.of);
    b.list = calloc((size_t)b.most, sizeof *b.list);
    b.at_work = calloc((size_t)b.most, sizeof *b.at_work);
    b.numbers = calloc((size_t)b.most, sizeof *b.numbers);
    dc3_status status = b.of && b.list && b.at_work && b.numbers ? dc3_comparing_share_sets(c, &b.sets)
                                                                 : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK) status = run_all(&b);
    if (status == DC3_OK) status = make_scores(&b);
    if (status == DC3_OK) status = check_any(c);
    for (int i = 0; i < b.count; i++) free(b.of[i].folder);
    free(b.of);
    free(b.list);
    free(b.at_work);
    free(b.numbers);
    free(b.sets.made);
    dc3_now_remove(c->options->out);
    return status;
}
