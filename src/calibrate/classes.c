/* Calibrated compensation of all images, class by class; their edits are made side by side before. */
#include <stdlib.h>
#include <string.h>
#include "base/pieces.h"
#include "base/status.h"
#include "calibrate/calibrate.h"
#include "features/passed_over.h"

/* Edits are made of some classes' images before the first of these classes is chosen for. */
typedef struct calibrating {
    dc3_run *run;
    const dc3_crew *crew;
    int64_t count;
    dc3_slot *slots;      /* [count] */
    char *known;          /* [count] 1: an earlier part of the run chose for it */
    int64_t first, ahead; /* of which edits are made */
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

/* An image that cannot be read any more is told by who stores it. */
static dc3_status make_edits(void *user, int worker, int64_t piece, void *result)
{
    const calibrating *c = user;
    dc3_run *run = c->crew->runs[worker];
    const dc3_slot *slot = &c->slots[c->first + piece];
    dc3_editing e;
    (void)result;
    if (c->known[c->first + piece]) return DC3_OK;
    dc3_status status = dc3_calibrate_open(run, 1, &e);
    if (status == DC3_OK) {
        status = dc3_editing_read(run, slot->parts, 1, &e);
        if (status == DC3_OK)
            status = dc3_calibrate_edits(run, slot, 1, &e);
        else if (status != DC3_ERR_MEMORY && status != DC3_ERR_CANCELLED)
            status = DC3_OK;
    }
    dc3_editing_close(&e);
    return status;
}

static dc3_status edits_made(void *user, int64_t piece, void *result)
{
    const calibrating *c = user;
    (void)result;
    tell(c->run, !c->known[c->first + piece]);
    return DC3_OK;
}

/* Of a class's images and those behind, as many as keep all workers busy. */
static dc3_status make_ahead(calibrating *c, int64_t first)
{
    enum { LEAST = 64, EACH = 4 };
    int64_t wanted = c->crew->count * EACH > LEAST ? c->crew->count * EACH : LEAST;
    c->first = c->ahead = first;
    while (c->ahead < c->count && c->ahead - first < wanted) c->ahead = end_of(c, c->ahead);
    dc3_pieces pieces = {.count = c->ahead - first,
                         .workers = c->crew->count,
                         .user = c,
                         .work = make_edits,
                         .take = edits_made};
    return dc3_pieces_run(&pieces);
}

/* What was chosen before. */
static void recall(calibrating *c, int64_t first, int64_t end)
{
    if (!dc3_calibrate_chosen(c->run, label_of(c, first), end - first, c->slots + first)) return;
    memset(c->known + first, 1, (size_t)(end - first));
    tell(c->run, end - first);
}

/* Which images do not count, unless everything is chosen for already. */
static dc3_status read_passed_over(const calibrating *c, json_t **set)
{
    int64_t known = 0;
    *set = NULL;
    for (int64_t i = 0; i < c->count; i++) known += c->known[i];
    if (known == c->count) return DC3_OK;
    DC3_TRY(dc3_passed_over_read(c->run, set));
    if (*set) return DC3_OK;
    return dc3_fail(
        DC3_ERR_ARGUMENT,
        "%s: holds a run that an earlier version began; its selection does not say which images of a "
        "class are copies or cannot be read, so that calibrated compensation cannot go on; use %s to "
        "start over or another folder",
        c->run->options->out, dc3_setting("fresh"));
}

dc3_status dc3_calibrate_all(dc3_run *run, const dc3_crew *crew, int64_t count, dc3_slot *slots)
{
    calibrating c = {.run = run, .crew = crew, .count = count, .slots = slots};
    json_t *passed_over = NULL;
    c.known = calloc((size_t)count + 1, 1);
    if (!c.known) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    run->making = 0;
    for (int64_t i = 0; i < count; i = end_of(&c, i)) recall(&c, i, end_of(&c, i));
    dc3_status status = read_passed_over(&c, &passed_over);
    for (int64_t i = 0; status == DC3_OK && i < count; i = end_of(&c, i)) {
        if (i >= c.ahead) status = make_ahead(&c, i);
        if (status == DC3_OK && !c.known[i])
            status = dc3_calibrate_class(run, label_of(&c, i), passed_over, end_of(&c, i) - i, slots + i);
    }
    json_decref(passed_over);
    free(c.known);
    return status;
}
