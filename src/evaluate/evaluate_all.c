/* The public calls: students by one process, or by several ranks. */
#include <stdlib.h>
#include "base/call.h"
#include "base/options.h"
#include "evaluate/shared_students.h"
#include "evaluate/student.h"
#include "ranks/agree.h"
#include "ranks/ranks.h"
#include "ranks/share.h"
#include "run_folder/work.h"

/* ---- by several ranks ---- */

/* The students of a call. */
typedef struct call {
    int count;
    dc3_evaluate_options *own;         /* [count] */
    const dc3_evaluate_options **list; /* [count] of these */
    dc3_tests *tests;
    int64_t classes;
} call;

static dc3_status take_students(call *c, const dc3_evaluate_options *const *students, int count)
{
    c->own = calloc((size_t)count, sizeof *c->own);
    c->list = calloc((size_t)count, sizeof *c->list);
    if (!c->own || !c->list) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    for (c->count = 0; c->count < count; c->count++) {
        dc3_evaluate_options *o = &c->own[c->count];
        *o = dc3_evaluate_defaults();
        DC3_TRY(DC3_TAKE_OPTIONS(dc3_evaluate_options, listener, students[c->count], o));
        dc3_ranks_mute(&o->listener);
        DC3_TRY(dc3_options_threads(&o->threads));
        DC3_TRY(dc3_options_need("data", o->data));
        o->dry_run = 0;
        c->list[c->count] = o;
    }
    return DC3_OK;
}

/* What all ranks must have alike: what the first student depends on, and what is another's own. A student of
 * minutes has as many epochs as one process does in them. */
static dc3_status agree_on(const call *c, const dc3_evaluation *e)
{
    for (int i = 0; i < c->count; i++)
        if (c->list[i]->minutes > 0)
            return dc3_fail_setting("minutes", "works with one rank, found %d", dc3_ranks_count());
    json_t *all = dc3_student_settings(e), *students = json_array();
    json_object_del(all, "seed");
    for (int i = 0; i < c->count; i++)
        json_array_append_new(students, json_sprintf("%s %llu", c->list[i]->arch ? c->list[i]->arch : "",
                                                     (unsigned long long)c->list[i]->seed));
    json_object_set_new(all, "students", students);
    dc3_status status = dc3_ranks_agree_on(all);
    json_decref(all);
    return status;
}

/* Looks at the first student, and whether all ranks have the same. */
static dc3_status agree(call *c)
{
    dc3_score score = {0};
    dc3_evaluation e = {.options = c->list[0], .score = &score, .tests = c->tests};
    dc3_status status = dc3_evaluation_look(&e);
    if (status == DC3_OK) status = agree_on(c, &e);
    c->classes = score.classes;
    dc3_evaluation_close(&e);
    return status;
}

static dc3_status options_of(void *user, int64_t number, dc3_evaluate_options *options)
{
    const call *c = user;
    if (number < 0 || number >= c->count)
        return dc3_fail(DC3_ERR_INTERNAL, "there is no student %lld", (long long)number);
    *options = c->own[number];
    return DC3_OK;
}

/* Another rank's part. */
static dc3_status help(call *c)
{
    const dc3_stage stages[] = {{dc3_students_stage, dc3_students_serve}, {NULL, NULL}};
    dc3_students_service service = {.user = c, .options = options_of, .tests = c->tests};
    DC3_TRY(agree(c));
    return dc3_share_follow(stages, &service);
}

static dc3_status lead(call *c, dc3_student_scored *scored, void *user)
{
    dc3_work_note note;
    dc3_listener listener = c->own[0].listener;
    DC3_TRY(agree(c));
    dc3_work_begin(&note, dc3_evaluate_folder(c->own[0].data), "evaluate", &listener);
    dc3_status status = dc3_students_share(&(dc3_shared_students){.list = c->list,
                                                                  .count = c->count,
                                                                  .classes = c->classes,
                                                                  .tests = c->tests,
                                                                  .listener = &listener,
                                                                  .scored = scored,
                                                                  .user = user});
    dc3_work_end(&note);
    return status;
}

static dc3_status by_ranks(const dc3_evaluate_options *const *students, int count, dc3_tests *tests,
                           dc3_student_scored *scored, void *user)
{
    call c = {.tests = tests};
    dc3_status status = take_students(&c, students, count);
    if (status == DC3_OK) {
        DC3_CALL_SCOPE(c.own[0].listener.cancel);
        status = dc3_ranks_rank() ? help(&c) : lead(&c, scored, user);
    }
    free(c.own);
    free(c.list);
    return dc3_ranks_outcome(status);
}

/* ---- what is public ---- */

dc3_status dc3_evaluate_all(const dc3_evaluate_options *const *students, int count, dc3_tests *tests,
                            dc3_status (*scored)(void *user, int student, const dc3_score *score), void *user)
{
    dc3_tests *single = NULL;
    DC3_TRY(dc3_place_need("scored", scored ? (const void *)&scored : NULL));
    if (count < 1 || !students)
        return dc3_fail(DC3_ERR_ARGUMENT, "students: expected 1 or more, found %d", count);
    if (!tests) {
        dc3_evaluate_options first = dc3_evaluate_defaults();
        DC3_TRY(DC3_TAKE_OPTIONS(dc3_evaluate_options, listener, students[0], &first));
        DC3_TRY(dc3_tests_new(&first.listener, &single));
    }
    dc3_tests *shared = tests ? tests : single;
    dc3_status status = dc3_ranks_count() > 1
                            ? by_ranks(students, count, shared, scored, user)
                            : dc3_students_train(students, count, shared, NULL, scored, user);
    dc3_tests_free(&single);
    return status;
}

static dc3_status take_score(void *user, int student, const dc3_score *score)
{
    (void)student;
    *(dc3_score *)user = *score;
    return DC3_OK;
}

/* Measures some steps of a student, on rank 0. */
static dc3_status measure(const dc3_evaluate_options *options, dc3_tests *tests, dc3_score *score)
{
    dc3_tests *single = NULL;
    if (!tests) DC3_TRY(dc3_tests_new(&options->listener, &single));
    dc3_evaluation e = {.options = options, .score = score, .tests = tests ? tests : single};
    dc3_status status = dc3_evaluation_look(&e);
    if (status == DC3_OK && dc3_ranks_count() > 1)
        status = agree_on(&(call){.count = 1, .list = &options}, &e);
    if (status == DC3_OK && !dc3_ranks_rank()) status = dc3_evaluation_open(&e);
    if (status == DC3_OK && !dc3_ranks_rank()) status = dc3_student_estimate(&e);
    dc3_evaluation_close(&e);
    dc3_tests_free(&single);
    return dc3_ranks_outcome(status);
}

dc3_status dc3_evaluate(const dc3_evaluate_options *given, dc3_tests *tests, dc3_score *score)
{
    dc3_evaluate_options own = dc3_evaluate_defaults();
    DC3_TRY(dc3_place_need("score", score));
    *score = (dc3_score){0};
    DC3_TRY(DC3_TAKE_OPTIONS(dc3_evaluate_options, listener, given, &own));
    if (!own.dry_run) return dc3_evaluate_all(&given, 1, tests, take_score, score);
    dc3_ranks_mute(&own.listener);
    DC3_TRY(dc3_options_threads(&own.threads));
    DC3_TRY(dc3_options_need("data", own.data));
    DC3_CALL_SCOPE(own.listener.cancel);
    return measure(&own, tests, score);
}
