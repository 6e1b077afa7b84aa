#include "compare/wanted.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "evaluate/label_source.h"

const char *dc3_usual_augment(const dc3_compare_options *o)
{
    return dc3_augment_kind_name(o->evaluate.augment);
}

static json_t *list_of(const char *const *names)
{
    json_t *list = json_array();
    for (int i = 0; names[i]; i++) json_array_append_new(list, json_string(names[i]));
    return list;
}

json_t *dc3_wanted(const dc3_compare_options *o)
{
    const char *const augments[] = {dc3_usual_augment(o), o->augment_robust ? "none" : NULL, NULL};
    json_t *wanted = json_object(), *ipcs = json_array(), *labels = json_array();
    for (int i = 0; o->labels[i] != DC3_LABELS_END; i++)
        json_array_append_new(labels, json_string(dc3_label_kind_name(o->labels[i])));
    for (int i = 0; o->ipcs[i]; i++) json_array_append_new(ipcs, json_integer(o->ipcs[i]));
    json_object_set_new(wanted, "seeds", json_integer(o->seeds));
    json_object_set_new(wanted, "ipc", ipcs);
    json_object_set_new(wanted, "method", list_of(o->methods));
    json_object_set_new(wanted, "arch", list_of(o->archs));
    json_object_set_new(wanted, "labels", labels);
    json_object_set_new(wanted, "augment", list_of(augments));
    return wanted;
}

static int64_t size_of(const json_t *wanted, const char *key)
{
    return (int64_t)json_array_size(json_object_get(wanted, key));
}

/* 1 if the member is a list of strings, or of integers. */
static int is_list(const json_t *wanted, const char *key, int strings)
{
    size_t i;
    json_t *one;
    const json_t *list = json_object_get(wanted, key);
    json_array_foreach(list, i, one)
    {
        if (strings ? !json_is_string(one) : !json_is_integer(one)) return 0;
    }
    return json_array_size(list) > 0;
}

int64_t dc3_wanted_count(const json_t *wanted)
{
    static const char *const names[] = {"method", "arch", "labels", "augment"};
    int64_t count = json_integer_value(json_object_get(wanted, "seeds"));
    if (count < 1 || count > DC3_SEEDS_LIMIT || !is_list(wanted, "ipc", 0)) return -1;
    if (size_of(wanted, "ipc") > DC3_CELLS_LIMIT) return -1;
    count *= size_of(wanted, "ipc");
    for (int i = 0; i < 4; i++) {
        if (!is_list(wanted, names[i], 1) || size_of(wanted, names[i]) > DC3_CELLS_LIMIT) return -1;
        count *= size_of(wanted, names[i]);
        if (count > DC3_CELLS_LIMIT) return -1;
    }
    return count;
}

int64_t dc3_wanted_students(const json_t *wanted)
{
    return size_of(wanted, "arch") * size_of(wanted, "labels") * size_of(wanted, "augment");
}

/* The value of a list at *i modulo its length; the rest in *i. */
static const json_t *digit(const json_t *wanted, const char *key, int64_t *i)
{
    const json_t *list = json_object_get(wanted, key);
    int64_t n = (int64_t)json_array_size(list), at = *i % n;
    *i /= n;
    return json_array_get(list, (size_t)at);
}

dc3_cell dc3_wanted_cell(const json_t *wanted, int64_t i)
{
    dc3_cell cell;
    cell.augment = json_string_value(digit(wanted, "augment", &i));
    cell.labels = json_string_value(digit(wanted, "labels", &i));
    cell.arch = json_string_value(digit(wanted, "arch", &i));
    cell.method = json_string_value(digit(wanted, "method", &i));
    cell.ipc = (int)json_integer_value(digit(wanted, "ipc", &i));
    cell.seed = (int)i;
    return cell;
}

char *dc3_cell_folder(const char *out, const dc3_cell *w)
{
    size_t size = strlen(w->method) + 64;
    char *below = malloc(size), *folder = NULL;
    if (below) {
        snprintf(below, size, "ipc%d/%s/seed%d", w->ipc, w->method, w->seed);
        folder = dc3_path_join(out, below);
    }
    free(below);
    return folder;
}
