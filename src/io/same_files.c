#include "io/same_files.h"

#include <stdlib.h>

typedef struct file_of {
    int64_t size, item;
    uint64_t hash;
    int is_hashed; /* -1: it cannot be read */
} file_of;

struct dc3_same_files {
    const dc3_dataset *dataset;
    file_of *files;         /* by size, then by item */
    int64_t first, *places; /* of item first + i in `files` */
};

static int by_size(const void *a, const void *b)
{
    const file_of *x = a, *y = b;
    if (x->size != y->size) return x->size < y->size ? -1 : 1;
    return (x->item > y->item) - (x->item < y->item);
}

dc3_status dc3_same_files_open(const dc3_dataset *dataset, int64_t first, int64_t n, dc3_same_files **out)
{
    dc3_same_files *c = *out = calloc(1, sizeof *c);
    if (c) c->files = calloc((size_t)n, sizeof *c->files), c->places = calloc((size_t)n, sizeof *c->places);
    if (!c || !c->files || !c->places) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    c->dataset = dataset;
    c->first = first;
    for (int64_t i = 0; i < n; i++) {
        dc3_stamp stamp = {.size = -1};
        c->files[i] = (file_of){.item = first + i};
        /* One that is gone has a size of its own. */
        c->files[i].size = dc3_dataset_stamp(dataset, first + i, &stamp) == DC3_OK ? stamp.size : -1 - i;
    }
    qsort(c->files, (size_t)n, sizeof *c->files, by_size);
    for (int64_t i = 0; i < n; i++) c->places[c->files[i].item - first] = i;
    return DC3_OK;
}

void dc3_same_files_close(dc3_same_files **files)
{
    dc3_same_files *c = *files;
    if (c) free(c->files), free(c->places);
    free(c);
    *files = NULL;
}

static int has_hash(const dc3_dataset *dataset, file_of *file, uint64_t hash)
{
    if (!file->is_hashed)
        file->is_hashed = dc3_dataset_hash(dataset, file->item, &file->hash) == DC3_OK ? 1 : -1;
    return file->is_hashed > 0 && file->hash == hash;
}

int64_t dc3_same_files_find(dc3_same_files *c, int64_t item, uint64_t hash)
{
    int64_t place = c->places[item - c->first], at = place;
    while (at > 0 && c->files[at - 1].size == c->files[place].size) at--;
    for (; at < place; at++)
        if (has_hash(c->dataset, &c->files[at], hash)) return c->files[at].item;
    return -1;
}
