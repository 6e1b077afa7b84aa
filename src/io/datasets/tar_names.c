#include "io/datasets/tar_names.h"

#include <stdlib.h>
#include <string.h>
#include "io/datasets/sample_label.h"

void dc3_tar_names_of_json(const dc3_tar_names *names, const char *text, size_t length, char *number,
                           char *name, size_t size)
{
    *number = *name = 0;
    if (!names->off) dc3_named_label_of_json(text, length, number, name, size);
}

void dc3_tar_names_add(dc3_tar_names *n, const char *of, const char *number, const char *name)
{
    if (n->off) return;
    n->off = !*name || strcmp(of, number) != 0;
    if (!n->names) n->names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    const char *known = g_hash_table_lookup(n->names, of);
    if (known) n->off |= strcmp(known, name) != 0;
    if (!known && !n->off) g_hash_table_insert(n->names, g_strdup(of), g_strdup(name));
}

/* The name of a class; NULL: it has none. */
static const char *name_of(const dc3_tar_names *n, const dc3_dataset *d, size_t label)
{
    return n->names && !n->off ? g_hash_table_lookup(n->names, d->classes[label]) : NULL;
}

static int by_number(const void *a, const void *b, void *dataset)
{
    const dc3_dataset *d = dataset;
    long x = atol(d->classes[*(const size_t *)a]), y = atol(d->classes[*(const size_t *)b]);
    return (x > y) - (x < y);
}

/* 1 if each has a name and names have the same order as numbers, so that none is there twice. order: room for
 * the labels [class_count]. */
static int are_ordered(const dc3_tar_names *n, const dc3_dataset *d, size_t *order)
{
    for (size_t i = 0; i < d->class_count; i++) {
        if (!dc3_is_number(d->classes[i]) || !name_of(n, d, i)) return 0;
        order[i] = i;
    }
    qsort_r(order, d->class_count, sizeof *order, by_number, (void *)(uintptr_t)d);
    for (size_t i = 1; i < d->class_count; i++)
        if (strcmp(name_of(n, d, order[i - 1]), name_of(n, d, order[i])) >= 0) return 0;
    return 1;
}

dc3_status dc3_tar_names_take(dc3_tar_names *n, dc3_dataset *d, int *taken)
{
    size_t *order = calloc(d->class_count + 1, sizeof *order);
    if (!order) return dc3_fail(DC3_ERR_MEMORY, "%s: out of memory", d->path);
    int ordered = *taken = are_ordered(n, d, order);
    dc3_status status = DC3_OK;
    for (size_t i = 0; ordered && status == DC3_OK && i < d->class_count; i++) {
        char *name = strdup(name_of(n, d, i));
        if (name) {
            free(d->classes[i]);
            d->classes[i] = name;
        } else
            status = dc3_fail(DC3_ERR_MEMORY, "%s: out of memory", d->path);
    }
    free(order);
    return status;
}

void dc3_tar_names_free(dc3_tar_names *n)
{
    if (n->names) g_hash_table_destroy(n->names);
    n->names = NULL;
}
