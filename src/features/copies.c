#include "features/copies.h"

#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/listener.h"

/* A copy in its class, or one with another class's label. */
enum { COPY, CONFLICT };

static dc3_status open_copies(dc3_run *run)
{
    if (run->copies) return DC3_OK;
    run->copies = calloc(1, sizeof *run->copies);
    if (!run->copies) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    int64_t n = dc3_dataset_size(run->dataset);
    run->copies->same = dc3_same_images_new(run->dataset);
    run->copies->stands = malloc((size_t)(n + 1) * sizeof *run->copies->stands);
    for (int64_t i = 0; run->copies->stands && i < n; i++) run->copies->stands[i] = -1;
    return run->copies->same && run->copies->stands ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
}

void dc3_copies_close(dc3_copies **copies)
{
    dc3_copies *c = *copies;
    if (!c) return;
    dc3_same_images_close(&c->same);
    for (int i = 0; i < 2; i++) g_free(c->examples[i]);
    free(c->stands);
    free(c);
    *copies = NULL;
}

dc3_status dc3_copies_note(dc3_run *run, int64_t item, int64_t other)
{
    DC3_TRY(open_copies(run));
    run->copies->stands[item] = other;
    return DC3_OK;
}

int64_t dc3_copies_stands_for(const dc3_run *run, int64_t item)
{
    return run->copies ? run->copies->stands[item] : -1;
}

/* The first pair of each kind is an example. */
static void count(dc3_run *run, int kind, int64_t item, int64_t other)
{
    dc3_copies *c = run->copies;
    *(kind == COPY ? &c->copies : &c->conflicts) += 1;
    if (kind == COPY) c->stands[item] = other;
    if (!c->examples[kind])
        c->examples[kind] = g_strdup_printf("'%s' is '%s'", dc3_dataset_key(run->dataset, item),
                                            dc3_dataset_key(run->dataset, other));
}

dc3_status dc3_copies_meet(dc3_run *run, int64_t item, const dc3_appearance *view, int *is_copy)
{
    int64_t own, other;
    *is_copy = 0;
    DC3_TRY(open_copies(run));
    run->copies->looked++;
    dc3_same_images_meet(run->copies->same, item, view, &own, &other);
    *is_copy = own >= 0;
    if (own >= 0)
        count(run, COPY, item, own);
    else if (other >= 0)
        count(run, CONFLICT, item, other);
    return DC3_OK;
}

dc3_status dc3_copies_meet_file(dc3_run *run, dc3_same_files *files, int64_t item, uint64_t hash,
                                int *is_copy)
{
    int64_t other = dc3_same_files_find(files, item, hash);
    *is_copy = other >= 0;
    DC3_TRY(open_copies(run));
    if (*is_copy) run->copies->looked++, count(run, COPY, item, other);
    return DC3_OK;
}

void dc3_copies_tell(dc3_run *run)
{
    const dc3_copies *c = run->copies;
    if (!c) return;
    run->report->copies = c->copies;
    run->report->conflicts = c->conflicts;
    char looked[100] = "";
    int64_t n = run->report->images;
    if (c->looked && c->looked < n - run->report->skipped)
        snprintf(looked, sizeof looked, "; compared were the %lld of %lld images that were drawn",
                 (long long)c->looked, (long long)n);
    if (c->copies)
        dc3_listener_say(
            &run->options->listener, "note: %lld image%s (%s): the same images of a class count once%s",
            (long long)c->copies, c->copies == 1 ? " is a copy of another" : "s are copies of others",
            c->examples[COPY], looked);
    if (c->conflicts)
        dc3_listener_say(
            &run->options->listener,
            "warning: %lld image%s in another class, too (%s): with both labels they are kept; one of them "
            "may be wrong",
            (long long)c->conflicts, c->conflicts == 1 ? " is" : "s are", c->examples[CONFLICT]);
}

json_t *dc3_copies_to_json(const dc3_run *run)
{
    const dc3_copies *c = run->copies;
    if (!c || (!c->copies && !c->conflicts)) return NULL;
    json_t *o = json_object();
    json_object_set_new(o, "copies", json_integer(c->copies));
    json_object_set_new(o, "conflicts", json_integer(c->conflicts));
    json_object_set_new(o, "copy", dc3_json_text(c->examples[COPY] ? c->examples[COPY] : ""));
    json_object_set_new(o, "conflict", dc3_json_text(c->examples[CONFLICT] ? c->examples[CONFLICT] : ""));
    return o;
}

dc3_status dc3_copies_of_json(dc3_run *run, const json_t *from)
{
    static const char *const names[] = {"copy", "conflict"};
    if (!json_is_object(from)) return DC3_OK;
    dc3_copies_close(&run->copies);
    DC3_TRY(open_copies(run));
    run->copies->copies = json_integer_value(json_object_get(from, "copies"));
    run->copies->conflicts = json_integer_value(json_object_get(from, "conflicts"));
    for (int i = 0; i < 2; i++) {
        const char *text = json_string_value(json_object_get(from, names[i]));
        run->copies->examples[i] = g_strdup(text ? text : "");
    }
    return DC3_OK;
}
