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

int dc3_wanted_amount(const dc3_compare_options *o, int i, dc3_cell *cell)
{
    cell->ipc = o->budgets ? 0 : o->ipcs[i];
    cell->budget = o->budgets ? o->budgets[i] : 0;
    return cell->ipc || cell->budget;
}

int64_t dc3_cell_amount(const dc3_cell *cell)
{
    return cell->budget ? -cell->budget : cell->ipc;
}

int64_t dc3_line_amount(const json_t *line)
{
    json_int_t budget = json_integer_value(json_object_get(line, "budget"));
    return budget ? -budget : json_integer_value(json_object_get(line, "ipc"));
}

const char *dc3_cell_amount_text(const dc3_cell *cell, char text[DC3_NUMBER_TEXT])
{
    if (cell->budget) return dc3_exact_size_text((double)cell->budget, text);
    snprintf(text, DC3_NUMBER_TEXT, "ipc %d", cell->ipc);
    return text;
}

/* Its sizes are one list of them. */
static const char *amount_key(const json_t *wanted)
{
    return json_object_get(wanted, "budget") ? "budget" : "ipc";
}

json_t *dc3_wanted(const dc3_compare_options *o)
{
    const char *const augments[] = {dc3_usual_augment(o), o->augment_robust ? "none" : NULL, NULL};
    json_t *wanted = json_object(), *amounts = json_array(), *labels = json_array();
    dc3_cell cell;
    for (int i = 0; o->labels[i] != DC3_LABELS_END; i++)
        json_array_append_new(labels, json_string(dc3_label_kind_name(o->labels[i])));
    for (int i = 0; dc3_wanted_amount(o, i, &cell); i++)
        json_array_append_new(amounts, json_integer(cell.budget ? cell.budget : cell.ipc));
    json_object_set_new(wanted, "seeds", json_integer(o->seeds));
    json_object_set_new(wanted, o->budgets ? "budget" : "ipc", amounts);
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
    const char *amount = amount_key(wanted);
    int64_t count = json_integer_value(json_object_get(wanted, "seeds"));
    if (count < 1 || count > DC3_SEEDS_LIMIT || !is_list(wanted, amount, 0)) return -1;
    if (size_of(wanted, amount) > DC3_CELLS_LIMIT) return -1;
    count *= size_of(wanted, amount);
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
    const char *key = amount_key(wanted);
    dc3_cell cell = {0};
    cell.augment = json_string_value(digit(wanted, "augment", &i));
    cell.labels = json_string_value(digit(wanted, "labels", &i));
    cell.arch = json_string_value(digit(wanted, "arch", &i));
    cell.method = json_string_value(digit(wanted, "method", &i));
    json_int_t amount = json_integer_value(digit(wanted, key, &i));
    if (strcmp(key, "budget") == 0)
        cell.budget = amount;
    else
        cell.ipc = (int)amount;
    cell.seed = (int)i;
    return cell;
}

char *dc3_cell_folder(const char *out, const dc3_cell *w)
{
    size_t size = strlen(w->method) + 64;
    char *below = malloc(size), *folder = NULL;
    if (below) {
        if (w->budget)
            snprintf(below, size, "budget%lld/%s/seed%d", (long long)w->budget, w->method, w->seed);
        else
            snprintf(below, size, "ipc%d/%s/seed%d", w->ipc, w->method, w->seed);
        folder = dc3_path_join(out, below);
    }
    free(below);
    return folder;
}
