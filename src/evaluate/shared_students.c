#include "evaluate/shared_students.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include "base/listener.h"
#include "ranks/ranks.h"
#include "ranks/share.h"

const char dc3_students_stage[] = "students";

/* What came of a student; `json` has [room] bytes, an object: "settings" and "classes" as of dc3_tested,
 * "saved" (the file of its score, or null), "messages". */
typedef struct outcome {
    dc3_score score;
    char json[];
} outcome;

static size_t outcome_size(size_t room)
{
    return sizeof(outcome) + room;
}

/* Bytes of what is said of a student; mostly that is its classes' names. */
static size_t room_for(int64_t classes)
{
    return ((size_t)1 << 18) + 512 * (size_t)classes;
}

static json_t *or_null(json_t *value)
{
    return value ? value : json_null();
}

/* The student that was tested last goes from `tests` into *to. */
static dc3_status pack(dc3_tests *tests, size_t saved, json_t *messages, size_t room, outcome *to)
{
    dc3_tested last = tests->students[--tests->students_count];
    size_t all = json_array_size(tests->saved);
    json_t *path = all > saved ? json_incref(json_array_get(tests->saved, all - 1)) : NULL;
    if (path) json_array_remove(tests->saved, all - 1);
    json_t *object = json_pack("{s:o, s:o, s:o, s:O}", "settings", or_null(last.settings), "classes",
                               or_null(last.classes), "saved", or_null(path), "messages", messages);
    size_t bytes = object ? json_dumpb(object, to->json, room - 1, JSON_COMPACT) : 0;
    json_decref(object);
    if (!bytes) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (bytes >= room)
        return dc3_fail(DC3_ERR_UNSUPPORTED, "found %zu bytes about a student, expected at most %zu", bytes,
                        room);
    to->json[bytes] = 0;
    to->score = last.score;
    return DC3_OK;
}

static dc3_status leave(void *user, int student, const dc3_score *score)
{
    (void)user, (void)student, (void)score;
    return DC3_OK;
}

/* One student, by this process alone. */
static dc3_status train(const dc3_evaluate_options *o, dc3_tests *tests, dc3_students_kept *kept,
                        json_t *messages, size_t room, outcome *to)
{
    size_t saved = json_array_size(tests->saved);
    dc3_ranks_stand_alone(1);
    dc3_status status = dc3_students_train(&o, 1, tests, kept, leave, NULL);
    dc3_ranks_stand_alone(0);
    return status == DC3_OK ? pack(tests, saved, messages, room, to) : status;
}

/* ---- rank 0 ---- */

typedef struct sharing {
    const dc3_shared_students *all;
    dc3_students_kept kept;
    size_t room;
    json_t *told; /* an object by what the listener heard */
    json_t *none; /* an empty array */
    int taken;
    /* Who is told whose student is trained, as of the tests, which several threads find out. */
    void (*at_work)(void *user, int student, int works);
    void *at_work_user;
    pthread_mutex_t telling;
} sharing;

static void say_once(void *user, const char *text)
{
    sharing *s = user;
    json_t *key = json_string(text);
    const char *name = json_string_value(key);
    if (!name || !json_object_get(s->told, name)) dc3_listener_say(s->all->listener, "%s", text);
    if (name) json_object_set_new(s->told, name, json_true());
    json_decref(key);
}

static void progress(void *user, const char *stage, int64_t done, int64_t total)
{
    const dc3_listener *l = ((const sharing *)user)->all->listener;
    if (l->progress) l->progress(l->user, stage, done, total);
}

static void note_at_work(void *user, int64_t piece, int works)
{
    sharing *s = user;
    if (!s->at_work) return;
    pthread_mutex_lock(&s->telling);
    s->at_work(s->at_work_user, (int)piece, works);
    pthread_mutex_unlock(&s->telling);
}

static dc3_status work(void *user, int worker, int64_t piece, void *result)
{
    sharing *s = user;
    dc3_evaluate_options own = *s->all->list[piece];
    (void)worker;
    own.listener = (dc3_listener){s, progress, say_once, NULL};
    own.student = s->taken, own.students = s->all->count;
    note_at_work(s, piece, 1);
    dc3_status status = train(&own, s->all->tests, &s->kept, s->none, s->room, result);
    note_at_work(s, piece, 0);
    return status;
}

static dc3_status take(void *user, int64_t piece, void *result)
{
    sharing *s = user;
    const outcome *of = result;
    const dc3_score *score = &of->score;
    dc3_tests *tests = s->all->tests;
    size_t i;
    json_t *one, *object = json_loads(of->json, 0, NULL), *settings = json_object_get(object, "settings"),
                 *classes = json_object_get(object, "classes"), *saved = json_object_get(object, "saved");
    if (!object) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    json_array_foreach(json_object_get(object, "messages"), i, one) say_once(s, json_string_value(one));
    if (!tests->saved) tests->saved = json_array();
    if (json_is_string(saved)) json_array_append(tests->saved, saved);
    dc3_status status = dc3_tests_add(tests, score, json_incref(settings),
                                      json_is_null(classes) ? NULL : json_incref(classes));
    json_decref(object);
    s->taken++;
    progress(s, s->all->count > 1 ? "students" : "student", (int64_t)s->taken * score->epochs,
             (int64_t)s->all->count * score->epochs);
    return status == DC3_OK ? s->all->scored(s->all->user, (int)piece, score) : status;
}

static size_t tell(void *user, int64_t piece, void *to)
{
    const dc3_shared_students *all = ((const sharing *)user)->all;
    int64_t number = all->numbers ? all->numbers[piece] : piece;
    memcpy(to, &number, sizeof number);
    return sizeof number;
}

static dc3_status share_out(sharing *s)
{
    const dc3_shared_students *all = s->all;
    const dc3_shared how = {
        .task = sizeof(int64_t), .user = s, .tell = tell, .at_work = note_at_work, .listener = all->listener};
    const dc3_pieces pieces = {.count = all->count,
                               .workers = 1,
                               .result_size = outcome_size(s->room),
                               .user = s,
                               .work = work,
                               .take = take};
    dc3_share *share = NULL;
    int64_t room = (int64_t)s->room;
    dc3_status status = dc3_share_open(dc3_students_stage, &room, sizeof room, &share);
    if (status == DC3_OK) status = dc3_share_run(share, &how, &pieces);
    dc3_share_close(&share);
    return status;
}

dc3_status dc3_students_share(const dc3_shared_students *all)
{
    dc3_tests *tests = all->tests;
    sharing s = {.all = all,
                 .room = room_for(all->classes),
                 .told = json_object(),
                 .none = json_array(),
                 .at_work = tests->at_work,
                 .at_work_user = tests->at_work_user,
                 .telling = PTHREAD_MUTEX_INITIALIZER};
    tests->at_work = NULL; /* it would have the one student that is trained here as the first of all */
    dc3_status status = s.told && s.none ? share_out(&s) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    tests->at_work = s.at_work;
    dc3_students_release(&s.kept, all->listener);
    pthread_mutex_destroy(&s.telling);
    json_decref(s.told);
    json_decref(s.none);
    return status;
}

/* ---- the others ---- */

typedef struct serving {
    const dc3_students_service *service;
    dc3_students_kept kept;
    size_t room;
} serving;

static void keep(void *messages, const char *text)
{
    json_array_append_new(messages, json_string(text));
}

static dc3_status serve(void *user, int worker, int64_t number, const void *task, void *result)
{
    serving *s = user;
    dc3_evaluate_options own;
    (void)worker;
    memcpy(&number, task, sizeof number);
    DC3_TRY(s->service->options(s->service->user, number, &own));
    json_t *messages = json_array();
    own.listener = (dc3_listener){.user = messages, .message = keep};
    dc3_status status = messages ? train(&own, s->service->tests, &s->kept, messages, s->room, result)
                                 : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    json_decref(messages);
    return status;
}

dc3_status dc3_students_serve(void *service, const void *known, size_t bytes)
{
    serving s = {.service = service};
    int64_t room;
    (void)bytes;
    memcpy(&room, known, sizeof room);
    s.room = (size_t)room;
    dc3_status status = dc3_share_serve(&(dc3_serving){
        .workers = 1, .in_hand = 1, .result_size = outcome_size(s.room), .user = &s, .work = serve});
    dc3_students_release(&s.kept, NULL);
    return status;
}
