/* Calibrated compensation of all images, class by class; their edits are made side by side before. Of several
 * ranks each does images, then classes. */
#include <stdlib.h>
#include <string.h>
#include "base/status.h"
#include "calibrate/calibrate.h"
#include "calibrate/look.h"
#include "features/passed_over.h"
#include "features/run_teacher.h"
#include "ranks/ranks.h"
#include "ranks/share.h"

/* Edits are made of some classes' images before the first of these classes is chosen for. */
typedef struct calibrating {
    dc3_run *run;
    const dc3_crew *crew;
    int64_t count;
    dc3_slot *slots;              /* [count] */
    char *known;                  /* [count] 1: an earlier part of the run chose for it */
    int64_t first, ahead;         /* of which edits are made */
    json_t *passed_over;          /* images that do not count; NULL: everything is chosen for already */
    int64_t *classes;             /* [class_count], the first image of each that is chosen for by now */
    int64_t class_count, largest; /* largest: images of one */
    int64_t members;              /* images of the dataset's largest class */
} calibrating;

static int label_of(const calibrating *c, int64_t i)
{
    return dc3_dataset_label(c->run->dataset, c->slots[i].parts->item);
}

/* Behind the class's last image, whose first one is given. */
static int64_t end_of(const calibrating *c, int64_t first)
{
    int64_t end = first + 1;
    while (end < c->count && label_of(c, end) == label_of(c, first)) end++;
    return end;
}

static void tell(dc3_run *run, int64_t more)
{
    run->making += more;
    if (more) dc3_calibrate_tell(run, 0);
}

/* An image, as other ranks get it. */
typedef struct task {
    int known;
    uint64_t random;
    dc3_part parts[DC3_PARTS]; /* [run->each] */
} task;

static void fill_task(const calibrating *c, int64_t image, task *t)
{
    const dc3_slot *slot = &c->slots[image];
    *t = (task){.known = c->known[image], .random = slot->random};
    memcpy(t->parts, slot->parts, (size_t)c->run->each * sizeof *t->parts);
}

/* ---- edits ---- */

const char dc3_calibrate_edits_stage[] = "calibrated edits";

/* What comes of an image besides its edits. */
typedef struct edited {
    int unreadable;
    int notes[DC3_PARTS]; /* dc3_dataset_heard of the images of its parts */
} edited;

/* An image that cannot be read any more is told by who stores it; rank 0 says whether it can. */
static dc3_status make_edits_of(dc3_run *run, const task *t, edited *to)
{
    const dc3_slot slot = {.parts = t->parts, .random = t->random};
    dc3_editing e;
    *to = (edited){0};
    if (t->known) return DC3_OK;
    dc3_status status = dc3_calibrate_open(run, 1, &e);
    if (status == DC3_OK) {
        status = dc3_editing_read(run, slot.parts, 1, &e);
        if (status == DC3_OK)
            status = dc3_calibrate_edits(run, &slot, 1, &e);
        else if (status != DC3_ERR_MEMORY && status != DC3_ERR_CANCELLED && dc3_ranks_rank() == 0)
            status = DC3_OK, to->unreadable = 1;
    }
    for (int k = 0; k < run->each; k++) to->notes[k] = dc3_dataset_heard(run->dataset, t->parts[k].item);
    dc3_editing_close(&e);
    return status;
}

static size_t tell_image(void *user, int64_t piece, void *to)
{
    const calibrating *c = user;
    fill_task(c, c->first + piece, to);
    return sizeof(task);
}

static dc3_status make_edits(void *user, int worker, int64_t piece, void *result)
{
    const calibrating *c = user;
    task t;
    fill_task(c, c->first + piece, &t);
    return make_edits_of(c->crew->runs[worker], &t, result);
}

static dc3_status serve_edits(void *user, int worker, int64_t number, const void *of, void *result)
{
    const dc3_crew *crew = user;
    (void)number;
    return make_edits_of(crew->runs[worker], of, result);
}

dc3_status dc3_calibrate_serve_edits(const dc3_crew *crew)
{
    return dc3_share_serve(&(dc3_serving){
        .workers = crew->count, .result_size = sizeof(edited), .user = (void *)crew, .work = serve_edits});
}

static dc3_status edits_made(void *user, int64_t piece, void *result)
{
    const calibrating *c = user;
    const edited *from = result;
    const dc3_part *parts = c->slots[c->first + piece].parts;
    for (int k = 0; k < c->run->each; k++) dc3_dataset_hear(c->run->dataset, parts[k].item, from->notes[k]);
    tell(c->run, !c->known[c->first + piece]);
    return DC3_OK;
}

static int lacks(void *user, const void *result)
{
    (void)user;
    return ((const edited *)result)->unreadable;
}

/* Of a class's images and those behind, as many as keep all workers busy; with other ranks, which wait for
 * the last, more. */
static dc3_status make_ahead(calibrating *c, int64_t first)
{
    enum { LEAST = 64, EACH = 4, EACH_OF_RANKS = 16 };
    int ranks = dc3_ranks_count();
    int64_t wanted = (int64_t)c->crew->count * ranks * (ranks > 1 ? EACH_OF_RANKS : EACH);
    if (wanted < LEAST) wanted = LEAST;
    c->first = c->ahead = first;
    while (c->ahead < c->count && c->ahead - first < wanted) c->ahead = end_of(c, c->ahead);
    dc3_pieces pieces = {.count = c->ahead - first,
                         .workers = c->crew->count,
                         .result_size = sizeof(edited),
                         .user = c,
                         .work = make_edits,
                         .take = edits_made};
    dc3_shared how = {.first = first,
                      .task = sizeof(task),
                      .user = c,
                      .tell = tell_image,
                      .listener = &c->run->options->listener,
                      .lacks = lacks};
    dc3_share *share;
    dc3_status status =
        dc3_share_open(dc3_calibrate_edits_stage, &c->crew->images, sizeof c->crew->images, &share);
    if (status == DC3_OK) status = dc3_share_run(share, &how, &pieces);
    dc3_share_close(&share);
    return status;
}

/* ---- choices ---- */

/* Which images do not count. */
static dc3_status read_passed_over(calibrating *c)
{
    DC3_TRY(dc3_passed_over_read(c->run, &c->passed_over));
    if (c->passed_over) return DC3_OK;
    return dc3_fail(
        DC3_ERR_ARGUMENT,
        "%s: holds a run that an earlier version began; its selection does not say which images of a "
        "class are copies or cannot be read, so that calibrated compensation cannot go on; use %s to "
        "start over or another folder",
        c->run->options->out, dc3_setting("fresh"));
}

/* A class, as other ranks get it. */
typedef struct class_task {
    int label;
    int64_t count;
    task images[]; /* [count] */
} class_task;

/* What they must know before. */
typedef struct known {
    dc3_run_decided decided;
    int64_t largest, members;
} known;

const char dc3_calibrate_choices_stage[] = "calibrated choices";

static size_t tell_class(void *user, int64_t piece, void *to)
{
    const calibrating *c = user;
    int64_t first = c->classes[piece];
    class_task *t = to;
    t->label = label_of(c, first), t->count = end_of(c, first) - first;
    for (int64_t i = 0; i < t->count; i++) fill_task(c, first + i, &t->images[i]);
    return sizeof *t + (size_t)t->count * sizeof *t->images;
}

/* Bytes of what comes of a class: the candidates of its images [largest], and what was noted of the dataset's
 * [members] (dc3_dataset_heard), among which are those that the class is known by. */
static size_t choice_size(const calibrating *c)
{
    return (size_t)(c->largest + c->members) * sizeof(int);
}

static dc3_status choose_for(const calibrating *c, int label, int64_t count, dc3_slot *slots, int *chosen)
{
    const dc3_dataset *d = c->run->dataset;
    int64_t first, end;
    DC3_TRY(dc3_calibrate_class(c->run, label, c->passed_over, count, slots));
    for (int64_t i = 0; i < count; i++) chosen[i] = slots[i].candidate;
    dc3_class_range(d, label, &first, &end);
    for (int64_t i = first; i < end; i++) chosen[c->largest + i - first] = dc3_dataset_heard(d, i);
    return DC3_OK;
}

static dc3_status choose(void *user, int worker, int64_t piece, void *result)
{
    const calibrating *c = user;
    int64_t first = c->classes[piece];
    (void)worker;
    return choose_for(c, label_of(c, first), end_of(c, first) - first, c->slots + first, result);
}

static dc3_status choice_made(void *user, int64_t piece, void *result)
{
    const calibrating *c = user;
    const dc3_dataset *d = c->run->dataset;
    int64_t first = c->classes[piece], end = end_of(c, first);
    int label = label_of(c, first);
    const int *chosen = result;
    for (int64_t i = first; i < end; i++) c->slots[i].candidate = chosen[i - first];
    dc3_class_range(d, label, &first, &end);
    for (int64_t i = first; i < end; i++) dc3_dataset_hear(d, i, chosen[c->largest + i - first]);
    return DC3_OK;
}

/* A class of another rank's; `user` has that rank's run. */
static dc3_status serve_class(void *user, int worker, int64_t number, const void *of, void *result)
{
    const calibrating *c = user;
    const class_task *t = of;
    (void)worker, (void)number;
    dc3_slot *slots = calloc((size_t)t->count + 1, sizeof *slots);
    if (!slots) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    for (int64_t i = 0; i < t->count; i++)
        slots[i] = (dc3_slot){.parts = t->images[i].parts, .random = t->images[i].random};
    dc3_status status = choose_for(c, t->label, t->count, slots, result);
    free(slots);
    return status;
}

dc3_status dc3_calibrate_serve_choices(void *user, const void *known_there, size_t bytes)
{
    calibrating c = {.run = user};
    known k;
    (void)bytes;
    memcpy(&k, known_there, sizeof k);
    DC3_TRY(dc3_run_take_decided(c.run, &k.decided));
    DC3_TRY(read_passed_over(&c));
    c.largest = k.largest, c.members = k.members;
    dc3_status status = dc3_share_serve(
        &(dc3_serving){.workers = 1, .result_size = choice_size(&c), .user = &c, .work = serve_class});
    json_decref(c.passed_over);
    return status;
}

/* For the classes whose edits are made. */
static dc3_status choose_ahead(calibrating *c)
{
    const known k = {dc3_run_decide(c->run), c->largest, c->members};
    dc3_share *share;
    c->class_count = 0;
    for (int64_t i = c->first; i < c->ahead; i = end_of(c, i))
        if (!c->known[i]) c->classes[c->class_count++] = i;
    dc3_pieces pieces = {.count = c->class_count,
                         .workers = 1,
                         .result_size = choice_size(c),
                         .user = c,
                         .work = choose,
                         .take = choice_made};
    dc3_shared how = {.task = sizeof(class_task) + (size_t)c->largest * sizeof(task),
                      .user = c,
                      .tell = tell_class,
                      .listener = &c->run->options->listener};
    if (!c->class_count) return DC3_OK;
    dc3_status status = dc3_share_open(dc3_calibrate_choices_stage, &k, sizeof k, &share);
    if (status == DC3_OK) status = dc3_share_run(share, &how, &pieces);
    dc3_share_close(&share);
    return status;
}

/* What was chosen before. */
static void recall(calibrating *c, int64_t first, int64_t end)
{
    if (!dc3_calibrate_chosen(c->run, label_of(c, first), end - first, c->slots + first)) return;
    memset(c->known + first, 1, (size_t)(end - first));
    tell(c->run, end - first);
}

/* Images of the dataset's largest class. */
static int64_t largest_class(const dc3_dataset *d)
{
    int64_t n = dc3_dataset_size(d), most = 0;
    for (int64_t i = 0, first = 0; i < n; i++) {
        if (dc3_dataset_label(d, i) != dc3_dataset_label(d, first)) first = i;
        if (i - first + 1 > most) most = i - first + 1;
    }
    return most;
}

dc3_status dc3_calibrate_all(dc3_run *run, const dc3_crew *crew, int64_t count, dc3_slot *slots)
{
    calibrating c = {
        .run = run, .crew = crew, .count = count, .slots = slots, .members = largest_class(run->dataset)};
    int64_t chosen = 0;
    c.known = calloc((size_t)count + 1, 1);
    c.classes = calloc((size_t)count + 1, sizeof *c.classes);
    dc3_status status = c.known && c.classes ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    run->making = 0;
    for (int64_t i = 0, end; status == DC3_OK && i < count; i = end) {
        end = end_of(&c, i);
        recall(&c, i, end);
        if (end - i > c.largest) c.largest = end - i;
    }
    for (int64_t i = 0; status == DC3_OK && i < count; i++) chosen += c.known[i];
    if (status == DC3_OK && chosen < count) status = read_passed_over(&c);
    while (status == DC3_OK && c.ahead < count) {
        status = make_ahead(&c, c.ahead);
        if (status == DC3_OK) status = choose_ahead(&c);
    }
    json_decref(c.passed_over);
    free(c.classes);
    free(c.known);
    return status;
}
