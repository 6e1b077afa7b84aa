#include "condense/copies.h"

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
    return DC3_OK;
}

void dc3_copies_close(dc3_copies **copies)
{
    dc3_copies *c = *copies;
    if (!c) return;
    g_hash_table_destroy(c->seen);
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

dc3_status dc3_copies_meet(dc3_run *run, int64_t item, uint64_t pixels, int *is_copy)
{
    *is_copy = 0;
    DC3_TRY(open_copies(run));
    int label = dc3_dataset_label(run->dataset, item);
    int64_t other = look_up(run->copies, pixels, item);
    if (other < 0 || !is_same(run, item, other)) return DC3_OK;
    if (dc3_dataset_label(run->dataset, other) != label) {
        /* It stands for its own class under a hash of both, unless there is one before it. */
        uint64_t of_class[] = {pixels, (uint64_t)label};
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

typedef struct class_file {
    int64_t size, item;
    uint64_t hash;
    int is_hashed; /* -1: it cannot be read */
} class_file;

struct dc3_class_files {
    int64_t count;
    class_file *files;      /* by size, then by item */
    int64_t first, *places; /* of item first + i in `files` */
};

static int by_size(const void *a, const void *b)
{
    const class_file *x = a, *y = b;
    if (x->size != y->size) return x->size < y->size ? -1 : 1;
    return (x->item > y->item) - (x->item < y->item);
}

dc3_status dc3_class_files_open(const dc3_run *run, int64_t first, int64_t n, dc3_class_files **out)
{
    dc3_class_files *c = *out = calloc(1, sizeof *c);
    if (c) c->files = calloc((size_t)n, sizeof *c->files), c->places = calloc((size_t)n, sizeof *c->places);
    if (!c || !c->files || !c->places) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    c->first = first;
    c->count = n;
    for (int64_t i = 0; i < n; i++) {
        dc3_stamp stamp = {.size = -1};
        c->files[i] = (class_file){.item = first + i};
        /* One that is gone has a size of its own. */
        c->files[i].size = dc3_dataset_stamp(run->dataset, first + i, &stamp) == DC3_OK ? stamp.size : -1 - i;
    }
    qsort(c->files, (size_t)n, sizeof *c->files, by_size);
    for (int64_t i = 0; i < n; i++) c->places[c->files[i].item - first] = i;
    return DC3_OK;
}

void dc3_class_files_close(dc3_class_files **files)
{
    dc3_class_files *c = *files;
    if (c) free(c->files), free(c->places);
    free(c);
    *files = NULL;
}

static int has_hash(const dc3_run *run, class_file *file, uint64_t hash)
{
    if (!file->is_hashed)
        file->is_hashed = dc3_dataset_hash(run->dataset, file->item, &file->hash) == DC3_OK ? 1 : -1;
    return file->is_hashed > 0 && file->hash == hash;
}

dc3_status dc3_class_files_meet(dc3_run *run, dc3_class_files *c, int64_t item, uint64_t hash, int *is_copy)
{
    int64_t place = c->places[item - c->first], at = place;
    *is_copy = 0;
    DC3_TRY(open_copies(run));
    while (at > 0 && c->files[at - 1].size == c->files[place].size) at--;
    for (; at < place && !*is_copy; at++)
        if (has_hash(run, &c->files[at], hash)) {
            *is_copy = 1;
            count(run, COPY, item, c->files[at].item);
        }
    return DC3_OK;
}

void dc3_copies_tell(dc3_run *run)
{
    const dc3_copies *c = run->copies;
    if (!c) return;
    run->report->copies = c->copies;
    run->report->conflicts = c->conflicts;
    if (c->copies)
        dc3_listener_say(
            &run->options->listener, "note: %lld image%s (%s): the same images of a class count once",
            (long long)c->copies, c->copies == 1 ? " is a copy of another" : "s are copies of others",
            c->examples[COPY]);
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
