/* Students side by side. On small batches two students of one thread each take less time than one after the
 * other with two: no step waits for a thread that the system has sent elsewhere. As many are trained at once
 * as there are threads, students, and memory for (dc3_students_at_once), where all images are held in memory,
 * which they share; each on a thread of its own, with an even part of the threads, dealt out anew before each
 * epoch. What a student learns does not depend on its part. The calling thread opens the students in their
 * order, hears for the listener what they say, and hands the scores over in their order. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/call.h"
#include "base/listener.h"
#include "base/options.h"
#include "base/rng.h"
#include "evaluate/student_group.h"
#include "run_folder/work.h"

static dc3_status fail_again(const dc3_student_failure *f)
{
    return f->status == DC3_OK ? DC3_OK : dc3_failure_give(&f->why, f->status);
}

/* Notes the failure of a student, and stops those that stand behind it. */
static void note_failure(dc3_student_group *g, int number, const dc3_student_failure *f)
{
    if (f->status == DC3_OK || number >= g->failed) return;
    g->failed = number;
    g->failure = *f;
    for (int i = 0; i < g->threads; i++)
        if (g->slots[i] && g->slots[i]->number > number)
            __atomic_store_n(&g->slots[i]->watch.seen, 1, __ATOMIC_RELAXED);
}

/* After its training, or where there is none. */
static void finish(dc3_student_job *j)
{
    dc3_student_group *g = j->group;
    j->options.listener = g->listener;
    if (j->failure.status == DC3_OK) {
        if (j->ended) dc3_student_end(&j->e, &j->result);
        j->saved = j->e.saved.score ? strdup(j->e.saved.score) : NULL;
        j->epochs = j->result.score.epochs;
        j->complete = 1;
    }
    note_failure(g, j->number, &j->failure);
    dc3_evaluation_close(&j->e);
}

/* Scores in the order of the list, as far as they are there. */
static void deliver(dc3_student_group *g)
{
    while (g->delivered < g->next && g->delivered < g->failed && g->jobs[g->delivered]->complete) {
        dc3_student_job *j = g->jobs[g->delivered];
        const dc3_score *s = &j->result.score;
        json_t *settings = j->result.settings, *classes = j->result.classes;
        j->result.settings = j->result.classes = NULL;
        if (s->diverged)
            dc3_listener_say(
                &g->listener,
                "warning: %s, seed %llu: the training diverged: loss %.3g at its beginning, %.3g at its end",
                s->arch, (unsigned long long)j->options.seed, s->first_loss, s->loss);
        if (j->saved && !g->tests->saved) g->tests->saved = json_array();
        if (j->saved) json_array_append_new(g->tests->saved, json_string(j->saved));
        dc3_status status = dc3_tests_add(g->tests, s, settings, classes);
        if (status == DC3_OK) status = g->scored(g->user, j->number, s);
        dc3_student_failure f = dc3_student_failure_here(status);
        note_failure(g, j->number, &f);
        g->delivered++;
    }
}

/* One round of waiting: hears, and finishes what has ended. */
static void attend(dc3_student_group *g)
{
    dc3_students_wait(g);
    dc3_students_hear(g);
    for (int i = 0; i < g->threads; i++) {
        pthread_mutex_lock(&g->lock);
        dc3_student_job *j = g->slots[i] && g->slots[i]->ended ? g->slots[i] : NULL;
        pthread_mutex_unlock(&g->lock);
        if (!j) continue;
        dc3_student_join(j);
        finish(j);
        dc3_students_hear(g);
    }
    deliver(g);
}

static void set_waits(dc3_student_group *g, int waits)
{
    pthread_mutex_lock(&g->lock);
    g->waits = waits;
    pthread_mutex_unlock(&g->lock);
}

void dc3_students_release(dc3_students_kept *kept, const dc3_listener *listener)
{
    dc3_condensed_release(&kept->set, listener);
}

/* The same for students of the same images. */
static uint64_t key_of(const dc3_evaluate_options *o)
{
    const dc3_data_choice *c = &o->choice;
    const char *const texts[] = {o->data, c->split, c->classes, c->without_classes};
    uint64_t key = c->unlabelled != 0;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        uint64_t all[] = {key, texts[i] != NULL, texts[i] ? dc3_hash64(texts[i], strlen(texts[i])) : 0};
        key = dc3_hash64(all, sizeof all);
    }
    return key;
}

static dc3_status open_student(dc3_student_job *j, int *finished)
{
    dc3_student_group *g = j->group;
    dc3_evaluation *e = &j->e;
    uint64_t key = key_of(&j->options);
    dc3_students_kept *kept = g->kept;
    if (kept->set && kept->key == key) e->set = kept->set, e->set->users++;
    DC3_TRY(dc3_evaluation_look(e));
    if (kept->set != e->set) {
        dc3_students_release(kept, &g->listener);
        kept->set = e->set, kept->set->users++;
        kept->key = key;
    }
    int known = 1;
    while (!dc3_student_may_start(g, j) && g->failed > j->number) {
        pthread_mutex_lock(&g->lock);
        known = dc3_students_are_known(g);
        pthread_mutex_unlock(&g->lock);
        set_waits(g, known && g->running < g->most);
        attend(g);
    }
    set_waits(g, 0);
    DC3_TRY(fail_again(&g->failure));
    e->measured = dc3_seconds_now();
    DC3_TRY(dc3_evaluation_open(e));
    return dc3_student_begin(e, finished, &j->result);
}

static void start(dc3_student_job *j)
{
    dc3_student_group *g = j->group;
    int alone = g->most < 2 || !dc3_student_shares(j) || !dc3_images_held(g->tests->images);
    while (alone && g->running) attend(g);
    if (!alone && dc3_student_train_apart(j)) return;
    while (g->running) attend(g);
    dc3_student_train_here(j);
    finish(j);
}

/* Opens and starts the next student. */
static void open_next(dc3_student_group *g)
{
    dc3_student_job *j = g->jobs[g->next];
    int finished = 0;
    j->e = (dc3_evaluation){.options = &j->options,
                            .score = &j->result.score,
                            .tests = g->tests,
                            .epochs = dc3_student_epochs(j)};
    dc3_status status = open_student(j, &finished);
    pthread_mutex_lock(&g->lock);
    g->next++;
    pthread_mutex_unlock(&g->lock);
    if (status == DC3_OK && !finished) {
        start(j);
        return;
    }
    j->failure = dc3_student_failure_here(status);
    finish(j);
}

static void run(dc3_student_group *g)
{
    while (g->delivered < g->count) {
        if (g->next < g->count && g->failed == g->count && g->running < g->most)
            open_next(g);
        else if (g->running)
            attend(g);
        deliver(g);
        if (!g->running && g->failed < g->count) break;
    }
    while (g->running) attend(g);
    dc3_students_hear(g);
}

static void close_group(dc3_student_group *g)
{
    for (int i = 0; g->jobs && i < g->count && g->jobs[i]; i++) {
        json_decref(g->jobs[i]->result.settings);
        json_decref(g->jobs[i]->result.classes);
        free(g->jobs[i]->saved);
        free(g->jobs[i]);
    }
    free(g->jobs);
    free(g->slots);
    pthread_mutex_destroy(&g->lock);
    pthread_cond_destroy(&g->woken);
}

/* The options of each, checked as far as they need no file. */
static dc3_status take_students(dc3_student_group *g, const dc3_evaluate_options *const *students)
{
    for (int i = 0; i < g->count; i++) {
        dc3_student_job *j = g->jobs[i] = calloc(1, sizeof *j);
        if (!j) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
        j->group = g;
        j->number = i;
        j->options = dc3_evaluate_defaults();
        DC3_TRY(DC3_TAKE_OPTIONS(dc3_evaluate_options, listener, students[i], &j->options));
        j->options.dry_run = 0;
        DC3_TRY(dc3_options_threads(&j->options.threads));
        DC3_TRY(dc3_options_need("data", j->options.data));
    }
    return DC3_OK;
}

/* The folders of runs whose students these are, each once, are noted as worked on. */
static void begin_notes(dc3_student_group *g, dc3_work_note *notes)
{
    for (int i = 0; i < g->count; i++) {
        const char *folder = g->has_note ? dc3_evaluate_folder(g->jobs[i]->options.data) : NULL;
        for (int k = 0; folder && k < i; k++)
            if (strcmp(folder, g->jobs[k]->options.data) == 0) folder = NULL;
        dc3_work_begin(&notes[i], folder, "evaluate", &g->listener);
    }
}

static dc3_status run_noted(dc3_student_group *g)
{
    dc3_work_note *notes = calloc((size_t)g->count, sizeof *notes);
    if (!notes) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    g->listener = g->jobs[0]->options.listener;
    g->threads = g->jobs[0]->options.threads;
    g->most = g->threads < g->count ? g->threads : g->count;
    g->slots = calloc((size_t)g->threads, sizeof(dc3_student_job *));
    begin_notes(g, notes);
    for (int i = 0; i < g->count; i++) {
        g->jobs[i]->options.listener = g->listener;
        g->jobs[i]->options.threads = g->threads;
    }
    if (g->slots)
        run(g);
    else
        g->failure = dc3_student_failure_here(dc3_fail(DC3_ERR_MEMORY, "out of memory"));
    for (int i = g->count; i-- > 0;) dc3_work_end(&notes[i]);
    free(notes);
    return fail_again(&g->failure);
}

dc3_status dc3_students_train(const dc3_evaluate_options *const *students, int count, dc3_tests *tests,
                              dc3_students_kept *kept, dc3_student_scored *scored, void *user)
{
    dc3_students_kept own = {0};
    dc3_student_group g = {.count = count,
                           .failed = count,
                           .scored = scored,
                           .user = user,
                           .tests = tests,
                           .kept = kept ? kept : &own,
                           .has_note = !kept,
                           .lock = PTHREAD_MUTEX_INITIALIZER,
                           .woken = PTHREAD_COND_INITIALIZER};
    g.jobs = calloc((size_t)count, sizeof(dc3_student_job *));
    dc3_status status = g.jobs ? take_students(&g, students) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK) {
        DC3_CALL_SCOPE(g.jobs[0]->options.listener.cancel);
        status = run_noted(&g);
    }
    dc3_students_release(&own, &g.listener);
    close_group(&g);
    return status;
}
