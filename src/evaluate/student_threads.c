/* Students on their threads: what they ask and tell between epochs, and what the calling thread hears of it.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "base/listener.h"
#include "evaluate/student_group.h"

dc3_student_failure dc3_student_failure_here(dc3_status status)
{
    dc3_student_failure f = {.status = status};
    dc3_failure_note(&f.why);
    return f;
}

/* ---- on the calling thread ---- */

void dc3_students_hear(dc3_student_group *g)
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

void dc3_students_wait(dc3_student_group *g)
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

static void leave_slot(dc3_student_job *j)
{
    dc3_student_group *g = j->group;
    pthread_mutex_lock(&g->lock);
    for (int i = 0; i < g->threads; i++)
        if (g->slots[i] == j) g->slots[i] = NULL;
    g->running--;
    pthread_mutex_unlock(&g->lock);
    if (g->tests->at_work) g->tests->at_work(g->tests->at_work_user, j->number, 0);
}

static void enter_slot(dc3_student_job *j)
{
    dc3_student_group *g = j->group;
    int i = 0;
    pthread_mutex_lock(&g->lock);
    while (i < g->threads - 1 && g->slots[i]) i++;
    g->slots[i] = j;
    g->running++;
    pthread_mutex_unlock(&g->lock);
    if (g->tests->at_work) g->tests->at_work(g->tests->at_work_user, j->number, 1);
}

/* ---- on the students' threads, or where one is alone on the calling one ---- */

static void post(void *user, const char *text)
{
    dc3_student_group *g = ((dc3_student_job *)user)->group;
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
    const dc3_student_job *j = user;
    dc3_student_group *g = j->group;
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
    dc3_student_job *j = user;
    pthread_mutex_lock(&j->group->lock);
    j->bytes = dc3_evaluation_bytes(&j->e);
    pthread_cond_signal(&j->group->woken);
    pthread_mutex_unlock(&j->group->lock);
}

static void epochs_done(void *user, int epochs)
{
    dc3_student_job *j = user;
    pthread_mutex_lock(&j->group->lock);
    j->epochs = epochs;
    int own = j->group->lone;
    pthread_mutex_unlock(&j->group->lock);
    if (own) dc3_students_hear(j->group);
}

static void train(dc3_student_job *j)
{
    dc3_status status = dc3_student_train(&j->e);
    pthread_mutex_lock(&j->group->lock);
    j->failure = dc3_student_failure_here(status);
    j->ended = 1;
    pthread_cond_signal(&j->group->woken);
    pthread_mutex_unlock(&j->group->lock);
}

static void *train_on_thread(void *user)
{
    dc3_student_job *j = user;
    DC3_CANCEL_SHARE(&j->watch);
    train(j);
    return NULL;
}

/* ---- beginning and end ---- */

dc3_epochs dc3_student_epochs(dc3_student_job *j)
{
    return (dc3_epochs){j, threads_for, first_step, epochs_done};
}

void dc3_student_train_here(dc3_student_job *j)
{
    dc3_student_group *g = j->group;
    g->lone = 1;
    enter_slot(j);
    train(j);
    dc3_students_hear(g);
    leave_slot(j);
    g->lone = 0;
}

int dc3_student_train_apart(dc3_student_job *j)
{
    dc3_student_group *g = j->group;
    const dc3_watch *watch = dc3_cancel_here();
    j->watch = (dc3_watch){.flag = watch ? watch->flag : NULL};
    j->options.listener = (dc3_listener){.user = j, .message = post, .cancel = g->listener.cancel};
    enter_slot(j);
    if (pthread_create(&j->thread, NULL, train_on_thread, j) == 0) return 1;
    leave_slot(j);
    j->options.listener = g->listener;
    return 0;
}

void dc3_student_join(dc3_student_job *j)
{
    pthread_join(j->thread, NULL);
    leave_slot(j);
}
