/* Students side by side. On small batches two students of one thread each take less time than one after the
 * other with two: no step waits for a thread that the system has sent elsewhere. As many are trained at once
 * as there are threads, students, and memory for (dc3_students_at_once), where all images are held in memory,
 * which they share; each on a thread of its own, with an even part of the threads, dealt out anew before each
 * epoch. What a student learns does not depend on its part. The calling thread opens the students in their
 * order, hears for the listener what they say, and hands the scores over in their order. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "base/call.h"
#include "base/listener.h"
#include "base/options.h"
#include "evaluate/student.h"
#include "evaluate/students.h"
#include "run_folder/work.h"

/* A failure, kept from one thread for another. */
typedef struct failure {
    dc3_status status;
    char text[1024], setting[40];
} failure;

static failure failure_here(dc3_status status)
{
    failure f = {.status = status};
    snprintf(f.text, sizeof f.text, "%s", dc3_error_text());
    snprintf(f.setting, sizeof f.setting, "%s", dc3_error_setting());
    return f;
}

static dc3_status fail_again(const failure *f)
{
    if (f->status == DC3_OK) return DC3_OK;
    if (f->status == DC3_ERR_OPTION && *f->setting) return dc3_fail_about(f->setting, "%s", f->text);
    return dc3_fail(f->status, "%s", f->text);
}

struct group;

typedef struct job {
    struct group *group;
    int number; /* in the list */
    dc3_evaluate_options options;
    dc3_evaluation e;
    dc3_tested result;
    char *saved; /* the file of its score; NULL: it has none */
    int complete;
    dc3_watch watch;
    pthread_t thread;
    /* under the group's lock while it runs */
    failure failure;
    int ended, epochs;
    double bytes; /* 0: not known yet */
} job;

typedef struct group {
    int count, threads;
    job **jobs;  /* [count]; NULL: not opened yet */
    job **slots; /* [threads] those that run */
    int next, delivered, running, most;
    dc3_tests *tests;
    dc3_listener listener;
    dc3_student_scored *scored;
    void *user;
    dc3_students_kept *kept;
    int has_note;    /* 1: folders are noted as worked on */
    int64_t told;    /* epochs of all that the listener heard of */
    failure failure; /* of the first in the list that failed */
    int failed;      /* its number; count: none has */
    int waits;       /* 1: no other is started for now */
    int lone;        /* 1: what runs now shares nothing */
    pthread_mutex_t lock;
    pthread_cond_t woken;
    char **messages; /* for the listener */
    size_t message_count;
} group;

/* ---- on the students' threads ---- */

static void post(void *user, const char *text)
{
    group *g = ((job *)user)->group;
    char *copy = strdup(text);
    pthread_mutex_lock(&g->lock);
    char **messages = realloc(g->messages, (g->message_count + 1) * sizeof *messages);
    if (messages) g->messages = messages;
    if (messages && copy)
        messages[g->message_count++] = copy;
    else
        free(copy);
    pthread_cond_signal(&g->woken);
    pthread_mutex_unlock(&g->lock);
}

/* An even part of the threads, of those that are left over one for each of the first. */
static int threads_for(void *user)
{
    const job *j = user;
    group *g = j->group;
    pthread_mutex_lock(&g->lock);
    int left = g->count - g->next + g->running, rank = 0, lone = g->lone;
    int active = g->waits || left < g->running ? g->running : left < g->most ? left : g->most;
    for (int i = 0; i < g->threads && g->slots[i] != j; i++) rank += g->slots[i] != NULL;
    pthread_mutex_unlock(&g->lock);
    if (active < 1 || lone) active = 1;
    int part = g->threads / active + (rank < g->threads % active);
    return part > 0 ? part : 1;
}

static void first_step(void *user)
{
    job *j = user;
    pthread_mutex_lock(&j->group->lock);
    j->bytes = dc3_evaluation_bytes(&j->e);
    pthread_cond_signal(&j->group->woken);
    pthread_mutex_unlock(&j->group->lock);
}

static void hear(group *g);

static void epochs_done(void *user, int epochs)
{
    job *j = user;
    pthread_mutex_lock(&j->group->lock);
    j->epochs = epochs;
    int own = j->group->lone;
    pthread_mutex_unlock(&j->group->lock);
    if (own) hear(j->group);
}

static void train(job *j)
{
    dc3_status status = dc3_student_train(&j->e);
    pthread_mutex_lock(&j->group->lock);
    j->failure = failure_here(status);
    j->ended = 1;
    pthread_cond_signal(&j->group->woken);
    pthread_mutex_unlock(&j->group->lock);
}

static void *train_on_thread(void *user)
{
    job *j = user;
    DC3_CANCEL_SHARE(&j->watch);
    train(j);
    return NULL;
}

/* ---- on the calling thread ---- */

/* Passes on what was said, and how many epochs of all are done. */
static void hear(group *g)
{
    pthread_mutex_lock(&g->lock);
    char **messages = g->messages;
    size_t count = g->message_count;
    g->messages = NULL;
    g->message_count = 0;
    int64_t done = 0, total = 0, each = 0; /* epochs; of what is not opened yet as of the last */
    for (int i = 0; i < g->count; i++) {
        if (g->jobs[i]->result.score.epochs) each = g->jobs[i]->result.score.epochs;
        done += g->jobs[i]->epochs;
        total += each;
    }
    pthread_mutex_unlock(&g->lock);
    for (size_t i = 0; i < count; i++) {
        dc3_listener_say(&g->listener, "%s", messages[i]);
        free(messages[i]);
    }
    free(messages);
    const dc3_evaluate_options *o = &g->jobs[0]->options;
    int all = o->students > g->count ? o->students : g->count; /* callers may count further ones */
    int64_t before = o->students > g->count ? o->student * each : 0;
    total += (all - g->count) * each;
    if (done == g->told) return;
    g->told = done;
    if (g->listener.progress)
        g->listener.progress(g->listener.user, all > 1 ? "students" : "student", before + done, total);
}

/* Notes the failure of a student, and stops those that stand behind it. */
static void note_failure(group *g, int number, const failure *f)
{
    if (f->status == DC3_OK || number >= g->failed) return;
    g->failed = number;
    g->failure = *f;
    for (int i = 0; i < g->threads; i++)
        if (g->slots[i] && g->slots[i]->number > number)
            __atomic_store_n(&g->slots[i]->watch.seen, 1, __ATOMIC_RELAXED);
}

/* After its training, or where there is none. */
static void finish(job *j)
{
    group *g = j->group;
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

static void leave_slot(job *j)
{
    group *g = j->group;
    pthread_mutex_lock(&g->lock);
    for (int i = 0; i < g->threads; i++)
        if (g->slots[i] == j) g->slots[i] = NULL;
    g->running--;
    pthread_mutex_unlock(&g->lock);
    if (g->tests->at_work) g->tests->at_work(g->tests->at_work_user, j->number, 0);
}

static void enter_slot(job *j)
{
    group *g = j->group;
    int i = 0;
    pthread_mutex_lock(&g->lock);
    while (i < g->threads - 1 && g->slots[i]) i++;
    g->slots[i] = j;
    g->running++;
    pthread_mutex_unlock(&g->lock);
    if (g->tests->at_work) g->tests->at_work(g->tests->at_work_user, j->number, 1);
}

/* Until something has happened, or for a tenth of a second. */
static void wait_a_little(group *g)
{
    const long pause = 100000000, second = 1000000000;
    struct timespec until;
    int ended = 0;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += pause;
    if (until.tv_nsec >= second) until.tv_sec++, until.tv_nsec -= second;
    pthread_mutex_lock(&g->lock);
    for (int i = 0; i < g->threads; i++) ended |= g->slots[i] && g->slots[i]->ended;
    if (!ended && !g->message_count) pthread_cond_timedwait(&g->woken, &g->lock, &until);
    pthread_mutex_unlock(&g->lock);
}

/* Scores in the order of the list, as far as they are there. */
static void deliver(group *g)
{
    while (g->delivered < g->next && g->delivered < g->failed && g->jobs[g->delivered]->complete) {
        job *j = g->jobs[g->delivered];
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
        failure f = failure_here(status);
        note_failure(g, j->number, &f);
        g->delivered++;
    }
}

/* One round of waiting: hears, and finishes what has ended. */
static void attend(group *g)
{
    wait_a_little(g);
    hear(g);
    for (int i = 0; i < g->threads; i++) {
        pthread_mutex_lock(&g->lock);
        job *j = g->slots[i] && g->slots[i]->ended ? g->slots[i] : NULL;
        pthread_mutex_unlock(&g->lock);
        if (!j) continue;
        pthread_join(j->thread, NULL);
        leave_slot(j);
        finish(j);
        hear(g);
    }
    deliver(g);
}

static int same_arch(const dc3_evaluate_options *a, const dc3_evaluate_options *b)
{
    return a->arch && b->arch ? strcmp(a->arch, b->arch) == 0 : a->arch == b->arch;
}

/* Bytes of the images of datasets that are held for those that run, but for the next one's own. */
static double images_beside(const group *g, const job *next)
{
    double bytes = 0;
    for (int i = 0; i < g->threads; i++) {
        const dc3_condensed *set = g->slots[i] ? g->slots[i]->e.set : NULL;
        int counted = !set || set == next->e.set;
        for (int k = 0; k < i && !counted; k++) counted = g->slots[k] && g->slots[k]->e.set == set;
        if (!counted) bytes += (double)dc3_images_bytes(set->images);
    }
    return bytes;
}

/* What a student will take, by those of its architecture before it, else four times the largest of the
 * others; and what those take that run, with the images of other datasets. */
static double bytes_with(const group *g, const job *next)
{
    const double other = 4;
    double own = 0, largest = 0, running = images_beside(g, next);
    for (int i = 0; i < next->number; i++) {
        const job *j = g->jobs[i];
        double batches =
            (double)next->result.score.batch / (j->result.score.batch ? j->result.score.batch : 1);
        double bytes = j->bytes * (batches > 1 ? batches : 1);
        if (same_arch(&j->options, &next->options) && bytes > own) own = bytes;
        if (bytes > largest) largest = bytes;
    }
    for (int i = 0; i < g->threads; i++)
        if (g->slots[i]) running += g->slots[i]->bytes;
    return running + (own > 0 ? own : other * largest);
}

static int all_known(const group *g)
{
    for (int i = 0; i < g->threads; i++)
        if (g->slots[i] && !(g->slots[i]->bytes > 0)) return 0;
    return 1;
}

/* Whether others may be trained beside it. */
static int shares(const job *j)
{
    /* Minutes are those of a student that has all threads. */
    return dc3_same_for_threads(j->e.dtype) && dc3_images_held(j->e.images) && !(j->options.minutes > 0);
}

/* Whether a student that was looked at may start beside those that run. */
static int may_start(group *g, const job *j)
{
    const dc3_score *s = &j->result.score;
    if (!g->running) return 1;
    if (g->running >= g->most || g->tests->size != s->size || !shares(j)) return 0;
    pthread_mutex_lock(&g->lock);
    int may = all_known(g) && dc3_students_at_once(g->running + 1, g->running + 1,
                                                   bytes_with(g, j) / (g->running + 1)) > g->running;
    pthread_mutex_unlock(&g->lock);
    return may;
}

static void set_waits(group *g, int waits)
{
    pthread_mutex_lock(&g->lock);
    g->waits = waits;
    pthread_mutex_unlock(&g->lock);
}

void dc3_students_release(dc3_students_kept *kept, const dc3_listener *listener)
{
    dc3_condensed_release(&kept->set, listener);
    free(kept->path);
    kept->path = NULL;
}

static dc3_status open_student(job *j, int *finished)
{
    group *g = j->group;
    dc3_evaluation *e = &j->e;
    const char *data = j->options.data;
    dc3_students_kept *kept = g->kept;
    if (kept->set && strcmp(kept->path, data) == 0) e->set = kept->set, e->set->users++;
    DC3_TRY(dc3_evaluation_look(e));
    if (kept->set != e->set) {
        dc3_students_release(kept, &g->listener);
        kept->path = strdup(data);
        if (!kept->path) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
        kept->set = e->set, kept->set->users++;
    }
    int known = 1;
    while (!may_start(g, j) && g->failed > j->number) {
        pthread_mutex_lock(&g->lock);
        known = all_known(g);
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

/* On this thread, where nothing else is to run beside it. */
static void train_here(job *j)
{
    group *g = j->group;
    g->lone = 1;
    enter_slot(j);
    train(j);
    hear(g);
    leave_slot(j);
    g->lone = 0;
    finish(j);
}

static void start(job *j)
{
    group *g = j->group;
    int alone = g->most < 2 || !shares(j) || !dc3_images_held(g->tests->images);
    const dc3_watch *watch = dc3_cancel_here();
    while (alone && g->running) attend(g);
    if (!alone) {
        j->watch = (dc3_watch){.flag = watch ? watch->flag : NULL};
        j->options.listener = (dc3_listener){.user = j, .message = post, .cancel = g->listener.cancel};
        enter_slot(j);
        if (pthread_create(&j->thread, NULL, train_on_thread, j) == 0) return;
        leave_slot(j);
        j->options.listener = g->listener;
        while (g->running) attend(g);
    }
    train_here(j);
}

/* Opens and starts the next student. */
static void open_next(group *g)
{
    job *j = g->jobs[g->next];
    int finished = 0;
    j->e = (dc3_evaluation){.options = &j->options,
                            .score = &j->result.score,
                            .tests = g->tests,
                            .epochs = {j, threads_for, first_step, epochs_done}};
    dc3_status status = open_student(j, &finished);
    pthread_mutex_lock(&g->lock);
    g->next++;
    pthread_mutex_unlock(&g->lock);
    if (status == DC3_OK && !finished) {
        start(j);
        return;
    }
    j->failure = failure_here(status);
    finish(j);
}

static void run(group *g)
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
    hear(g);
}

static void close_group(group *g)
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
static dc3_status take_students(group *g, const dc3_evaluate_options *const *students)
{
    for (int i = 0; i < g->count; i++) {
        job *j = g->jobs[i] = calloc(1, sizeof *j);
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
static void begin_notes(group *g, dc3_work_note *notes)
{
    for (int i = 0; i < g->count; i++) {
        const char *folder = g->has_note ? dc3_evaluate_folder(g->jobs[i]->options.data) : NULL;
        for (int k = 0; folder && k < i; k++)
            if (strcmp(folder, g->jobs[k]->options.data) == 0) folder = NULL;
        dc3_work_begin(&notes[i], folder, "evaluate", &g->listener);
    }
}

static dc3_status run_noted(group *g)
{
    dc3_work_note *notes = calloc((size_t)g->count, sizeof *notes);
    if (!notes) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    g->listener = g->jobs[0]->options.listener;
    g->threads = g->jobs[0]->options.threads;
    g->most = g->threads < g->count ? g->threads : g->count;
    g->slots = calloc((size_t)g->threads, sizeof(job *));
    begin_notes(g, notes);
    for (int i = 0; i < g->count; i++) {
        g->jobs[i]->options.listener = g->listener;
        g->jobs[i]->options.threads = g->threads;
    }
    if (g->slots)
        run(g);
    else
        g->failure = failure_here(dc3_fail(DC3_ERR_MEMORY, "out of memory"));
    for (int i = g->count; i-- > 0;) dc3_work_end(&notes[i]);
    free(notes);
    return fail_again(&g->failure);
}

dc3_status dc3_students_train(const dc3_evaluate_options *const *students, int count, dc3_tests *tests,
                              dc3_students_kept *kept, dc3_student_scored *scored, void *user)
{
    dc3_students_kept own = {0};
    group g = {.count = count,
               .failed = count,
               .scored = scored,
               .user = user,
               .tests = tests,
               .kept = kept ? kept : &own,
               .has_note = !kept,
               .lock = PTHREAD_MUTEX_INITIALIZER,
               .woken = PTHREAD_COND_INITIALIZER};
    g.jobs = calloc((size_t)count, sizeof(job *));
    dc3_status status = g.jobs ? take_students(&g, students) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK) {
        DC3_CALL_SCOPE(g.jobs[0]->options.listener.cancel);
        status = run_noted(&g);
    }
    dc3_students_release(&own, &g.listener);
    close_group(&g);
    return status;
}
