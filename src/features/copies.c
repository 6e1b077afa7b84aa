#include "features/copies.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/listener.h"
#include "base/rng.h"

/* A copy in its class, or one with another class's label. */
enum { COPY, CONFLICT };

static dc3_status open_copies(dc3_run *run)
{
    if (run->copies) return DC3_OK;
    run->copies = calloc(1, sizeof *run->copies);
    if (!run->copies) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    run->copies->seen = g_hash_table_new(g_direct_hash, g_direct_equal);
    run->copies->alike = dc3_alike_new();
    return run->copies->alike ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
}

void dc3_copies_close(dc3_copies **copies)
{
    dc3_copies *c = *copies;
    if (!c) return;
    g_hash_table_destroy(c->seen);
    dc3_alike_close(&c->alike);
    for (int i = 0; i < 2; i++) g_free(c->examples[i]);
    free(c);
    *copies = NULL;
}

/* The first pair of each kind is an example. */
static void count(dc3_run *run, int kind, int64_t item, int64_t other)
{
    dc3_copies *c = run->copies;
    *(kind == COPY ? &c->copies : &c->conflicts) += 1;
    if (!c->examples[kind])
        c->examples[kind] = g_strdup_printf("'%s' is '%s'", dc3_dataset_key(run->dataset, item),
                                            dc3_dataset_key(run->dataset, other));
}

/* Whether two images are the same, each read anew: by their bytes, or in their own size. */
static int is_same(const dc3_run *run, int64_t a, int64_t b)
{
    dc3_image_source *x = NULL, *y = NULL;
    dc3_image image[2] = {{0}, {0}};
    int same = dc3_dataset_source(run->dataset, a, &x) == DC3_OK &&
               dc3_dataset_source(run->dataset, b, &y) == DC3_OK;
    if (same && dc3_image_source_hash(x) != dc3_image_source_hash(y))
        same = dc3_image_source_read(x, 0, 0, DC3_FIT_CROP, 0, &image[0]) == DC3_OK &&
               dc3_image_source_read(y, 0, 0, DC3_FIT_CROP, 0, &image[1]) == DC3_OK &&
               image[0].width == image[1].width && image[0].height == image[1].height &&
               memcmp(image[0].pixels, image[1].pixels,
                      (size_t)image[0].width * (size_t)image[0].height * 3) == 0;
    for (int i = 0; i < 2; i++) dc3_image_free(&image[i]);
    dc3_image_source_close(&x);
    dc3_image_source_close(&y);
    return same;
}

/* The image that was seen with this hash, or -1; remembers `item` where there was none. */
static int64_t look_up(dc3_copies *c, uint64_t hash, int64_t item)
{
    gpointer key = GSIZE_TO_POINTER(hash), first = g_hash_table_lookup(c->seen, key);
    if (first) return (int64_t)GPOINTER_TO_SIZE(first) - 1;
    g_hash_table_insert(c->seen, key, GSIZE_TO_POINTER((gsize)item + 1));
    return -1;
}

typedef struct asked {
    const dc3_run *run;
    int64_t item;
} asked;

static int is_same_as(const void *user, int64_t item)
{
    const asked *a = user;
    return is_same(a->run, a->item, item);
}

/* The first image that is the same, or -1; remembers `item` where its view is new. */
static int64_t find_first(const dc3_run *run, int64_t item, const dc3_appearance *view)
{
    dc3_copies *c = run->copies;
    int64_t other = look_up(c, view->hash, item);
    if (other >= 0) return is_same(run, item, other) ? other : -1;
    other = dc3_alike_find(c->alike, view, is_same_as, &(asked){run, item});
    dc3_alike_add(c->alike, view, item);
    return other;
}

dc3_status dc3_copies_meet(dc3_run *run, int64_t item, const dc3_appearance *view, int *is_copy)
{
    *is_copy = 0;
    DC3_TRY(open_copies(run));
    run->copies->looked++;
    int label = dc3_dataset_label(run->dataset, item);
    int64_t other = find_first(run, item, view);
    if (other < 0) return DC3_OK;
    if (dc3_dataset_label(run->dataset, other) != label) {
        /* It stands for its own class under a hash of both, unless there is one before it. */
        uint64_t of_class[] = {view->hash, (uint64_t)label};
        int64_t own = look_up(run->copies, dc3_hash64(of_class, sizeof of_class), item);
        if (own < 0 || !is_same(run, item, own)) {
            count(run, CONFLICT, item, other);
            return DC3_OK;
        }
        other = own;
    }
    count(run, COPY, item, other);
    *is_copy = 1;
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
