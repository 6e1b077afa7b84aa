#include "compare/sharing.h"

#include <stdlib.h>
#include <string.h>
#include "base/listener.h"
#include "compare/now.h"
#include "compare/sets.h"
#include "evaluate/shared_students.h"
#include "ranks/agree.h"
#include "ranks/folder.h"
#include "ranks/ranks.h"
#include "ranks/share.h"
#include "train/own_teacher.h"

static const char teacher_stage[] = "teacher", together_stage[] = "a set", sets_stage[] = "sets";

/* What rank 0 knows of the teacher. */
typedef struct told {
    dc3_teacher_accuracy accuracy;
    int probes;
} told;

dc3_status dc3_comparing_agree(const dc3_comparing *c)
{
    if (dc3_ranks_count() == 1) return DC3_OK;
    if (c->options->evaluate.minutes > 0)
        return dc3_fail_setting("minutes", "works with one rank, found %d", dc3_ranks_count());
    json_t *all = dc3_comparing_settings(c);
    if (!all) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    json_object_set(all, "wanted", c->wanted);
    json_object_set_new(all, "output", dc3_json_text(c->options->out));
    json_object_set_new(all, "images", json_integer((json_int_t)c->images));
    dc3_status status = dc3_ranks_agree_on(all);
    json_decref(all);
    return status;
}

/* ---- rank 0 ---- */

dc3_status dc3_comparing_tell(const dc3_comparing *c)
{
    const told of = {.accuracy = c->accuracy, .probes = c->probes};
    dc3_share *share;
    dc3_status status = dc3_share_open(teacher_stage, &of, sizeof of, &share);
    dc3_share_close(&share);
    return status;
}

/* The sets to make, by the numbers of their first cells. */
typedef struct making {
    dc3_comparing *comparing;
    int64_t *numbers; /* [count] */
    int64_t count, students;
    dc3_set_cost *made; /* [sets] of all */
} making;

/* What came of a set that one rank made: what it took, and what was said of it, texts behind each other, as
 * far as there is room. */
typedef struct made {
    dc3_set_cost cost;
    size_t bytes; /* of `said` */
    char said[1 << 14];
} made;

/* One by this process alone; what stops it is the watch of the thread, which a rank that is lost sets, too.
 */
static dc3_status make(dc3_comparing *c, int64_t number, dc3_set_cost *cost)
{
    char *folder = NULL;
    const dc3_cell cell = dc3_wanted_cell(c->wanted, number);
    const dc3_cancel *cancel = c->own.condense.listener.cancel;
    c->own.condense.listener.cancel = NULL;
    dc3_ranks_stand_alone(1);
    dc3_status status = dc3_comparing_condense(c, &cell, &folder, cost);
    dc3_ranks_stand_alone(0);
    c->own.condense.listener.cancel = cancel;
    free(folder);
    return status;
}

static dc3_status work(void *user, int worker, int64_t piece, void *result)
{
    const making *m = user;
    made *to = result;
    (void)worker;
    to->bytes = 0; /* the listener has heard it */
    return make(m->comparing, m->numbers[piece], &to->cost);
}

static void note(const making *m, int64_t piece)
{
    if (piece < m->count) dc3_now_write(m->comparing->options->out, DC3_DOING_SET, &m->numbers[piece], 1);
}

/* What another rank's process said; a note that this one has passed on is told no more. */
static void say(dc3_comparing *c, const made *of)
{
    for (const char *text = of->said; text < of->said + of->bytes; text += strlen(text) + 1)
        if (c->options->verbose)
            dc3_listener_say(&c->options->condense.listener, "%s", text);
        else
            dc3_comparing_note(c, text);
}

static dc3_status take(void *user, int64_t piece, void *result)
{
    const making *m = user;
    const made *from = result;
    m->made[m->numbers[piece] / m->students] = from->cost;
    say(m->comparing, from);
    note(m, piece + 1);
    return DC3_OK;
}

static size_t tell(void *user, int64_t piece, void *to)
{
    memcpy(to, &((const making *)user)->numbers[piece], sizeof(int64_t));
    return sizeof(int64_t);
}

/* One with all ranks. */
static dc3_status make_together(dc3_comparing *c, int64_t number, dc3_set_cost *cost)
{
    char *folder = NULL;
    dc3_share *share;
    const dc3_cell cell = dc3_wanted_cell(c->wanted, number);
    dc3_status status = dc3_share_open(together_stage, &number, sizeof number, &share);
    dc3_share_close(&share);
    if (status == DC3_OK) status = dc3_comparing_condense(c, &cell, &folder, cost);
    free(folder);
    return status == DC3_OK ? dc3_share_apart() : status;
}

static dc3_status make_apart(making *m)
{
    const dc3_listener *listener = &m->comparing->options->condense.listener;
    const dc3_shared how = {.task = sizeof(int64_t), .user = m, .tell = tell, .listener = listener};
    const dc3_pieces pieces = {
        .count = m->count, .workers = 1, .result_size = sizeof(made), .user = m, .work = work, .take = take};
    dc3_share *share = NULL;
    note(m, 0);
    dc3_status status = dc3_share_open(sets_stage, NULL, 0, &share);
    if (status == DC3_OK) status = dc3_share_run(share, &how, &pieces);
    dc3_share_close(&share);
    return status;
}

/* 1 if a score of the set that begins with this cell is to be made. */
static int is_missing(const dc3_comparing *c, int64_t first, int64_t students)
{
    int missing = 0;
    for (int64_t i = first; i < first + students && i < c->report->total; i++) {
        const dc3_cell cell = dc3_wanted_cell(c->wanted, i);
        missing |= !dc3_results_find(&c->results, &cell) && dc3_results_needed(&c->results, &cell) <= 0;
    }
    return missing;
}

/* 1 for the first set of its method that is to be made. */
static int is_first(const making *m, int64_t number)
{
    const char *method = dc3_wanted_cell(m->comparing->wanted, number).method;
    for (int64_t i = 0; i < number; i += m->students) {
        const dc3_cell cell = dc3_wanted_cell(m->comparing->wanted, i);
        if (strcmp(cell.method, method) == 0 && is_missing(m->comparing, i, m->students)) return 0;
    }
    return 1;
}

dc3_status dc3_comparing_share_sets(dc3_comparing *c, dc3_shared_sets *sets)
{
    making m = {.comparing = c, .students = dc3_wanted_students(c->wanted)};
    size_t room = (size_t)(c->report->total / (m.students > 0 ? m.students : 1)) + 1;
    dc3_status status = DC3_OK;
    sets->made = NULL;
    if (dc3_ranks_count() == 1) return DC3_OK;
    m.numbers = malloc(room * sizeof *m.numbers);
    m.made = sets->made = calloc(room, sizeof *sets->made);
    if (!m.numbers || !m.made) status = dc3_fail(DC3_ERR_MEMORY, "out of memory");
    for (int64_t i = 0; status == DC3_OK && i < c->report->total; i += m.students) {
        if (!is_missing(c, i, m.students)) continue;
        m.numbers[m.count] = i;
        if (is_first(&m, i)) {
            note(&(making){.comparing = c, .numbers = &i, .count = 1}, 0);
            status = make_together(c, i, &m.made[i / m.students]);
        } else
            m.count++;
    }
    if (status == DC3_OK && m.count) status = make_apart(&m);
    free(m.numbers);
    return status;
}

/* ---- the others ---- */

typedef struct helping {
    dc3_comparing *comparing;
    dc3_status (*take)(void *comparing);
    char *folder; /* of the student's set that is trained on */
} helping;

static dc3_status look_at_folder(void *user, const void *known, size_t bytes)
{
    return dc3_ranks_look_at_folder(((const helping *)user)->comparing->options->out, known, bytes);
}

static dc3_status serve_teacher(void *user, const void *known, size_t bytes)
{
    (void)bytes;
    return dc3_own_teacher_serve(&((const helping *)user)->comparing->plan, known);
}

static dc3_status take_teacher(void *user, const void *known, size_t bytes)
{
    const helping *h = user;
    told of;
    (void)bytes;
    memcpy(&of, known, sizeof of);
    h->comparing->accuracy = of.accuracy;
    h->comparing->probes = of.probes;
    return h->take(h->comparing);
}

/* The command that makes the set goes on as another rank's. */
static dc3_status help_with_set(void *user, const void *known, size_t bytes)
{
    dc3_comparing *c = ((const helping *)user)->comparing;
    int64_t number;
    dc3_set_cost cost;
    char *folder = NULL;
    (void)bytes;
    memcpy(&number, known, sizeof number);
    const dc3_cell cell = dc3_wanted_cell(c->wanted, number);
    dc3_status status = dc3_comparing_condense(c, &cell, &folder, &cost);
    free(folder);
    return status;
}

static void keep(void *user, const char *text)
{
    made *to = user;
    size_t size = strlen(text) + 1;
    if (size > sizeof to->said - to->bytes) return;
    memcpy(to->said + to->bytes, text, size);
    to->bytes += size;
}

static dc3_status serve_set(void *user, int worker, int64_t number, const void *task, void *result)
{
    dc3_comparing *c = ((const helping *)user)->comparing;
    const dc3_listener muted = c->own.condense.listener;
    made *to = result;
    (void)worker;
    memcpy(&number, task, sizeof number);
    to->bytes = 0;
    c->own.condense.listener = (dc3_listener){.user = to, .message = keep, .cancel = muted.cancel};
    dc3_status status = make(c, number, &to->cost);
    c->own.condense.listener = muted;
    return status;
}

static dc3_status serve_sets(void *user, const void *known, size_t bytes)
{
    (void)known, (void)bytes;
    return dc3_share_serve(&(dc3_serving){
        .workers = 1, .in_hand = 1, .result_size = sizeof(made), .user = user, .work = serve_set});
}

static dc3_status options_of(void *user, int64_t number, dc3_evaluate_options *options)
{
    helping *h = user;
    const dc3_cell cell = dc3_wanted_cell(h->comparing->wanted, number);
    free(h->folder);
    h->folder = dc3_cell_folder(h->comparing->options->out, &cell);
    if (!h->folder) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    return dc3_comparing_student(h->comparing, &cell, h->folder, options);
}

static dc3_status serve_students(void *user, const void *known, size_t bytes)
{
    dc3_students_service service = {user, options_of, ((const helping *)user)->comparing->tests};
    return dc3_students_serve(&service, known, bytes);
}

dc3_status dc3_comparing_follow(dc3_comparing *c, dc3_status (*take_it)(void *comparing))
{
    const dc3_stage stages[] = {{dc3_ranks_folder_stage, look_at_folder},
                                {dc3_own_teacher_stage, serve_teacher},
                                {teacher_stage, take_teacher},
                                {together_stage, help_with_set},
                                {sets_stage, serve_sets},
                                {dc3_students_stage, serve_students},
                                {NULL, NULL}};
    helping h = {.comparing = c, .take = take_it};
    dc3_status status = dc3_share_follow(stages, &h);
    free(h.folder);
    return status;
}
