#include "features/passed_over.h"

#include <glib.h>
#include "features/copies.h"
#include "run_folder/selection_file.h"

static const char member[] = "passed_over";

dc3_status dc3_passed_over_add(const dc3_run *run, json_t *selection)
{
    int64_t row = 0;
    if (!run->items) return DC3_OK;
    json_t *list = json_array();
    for (int64_t item = 0; item < dc3_dataset_size(run->dataset); item++) {
        if (row < run->n && run->items[row] == item) {
            row++;
            continue;
        }
        json_t *one = json_pack("[i, o]", dc3_dataset_label(run->dataset, item),
                                dc3_json_text(dc3_dataset_key(run->dataset, item)));
        int64_t stands = dc3_copies_stands_for(run, item);
        if (stands >= 0) json_array_append_new(one, dc3_json_text(dc3_dataset_key(run->dataset, stands)));
        json_array_append_new(list, one);
    }
    return json_object_set_new(selection, member, list) ? dc3_fail(DC3_ERR_MEMORY, "out of memory") : DC3_OK;
}

/* The name of an image in the set; the caller frees it. */
static char *name_of(int64_t label, const char *key)
{
    return g_strdup_printf("%lld %s", (long long)label, key);
}

/* Earlier versions counted them only: where there are none, none were passed over. */
static int passes_none(const dc3_run *run, const json_t *selection)
{
    return selection && json_integer_value(json_object_get(selection, "copies")) == 0 &&
           json_array_size(json_object_get(selection, "skipped")) == 0 &&
           run->options->near_duplicates == 0 && !run->options->without_duplicates;
}

dc3_status dc3_passed_over_read(const dc3_run *run, json_t **set)
{
    json_t *selection;
    *set = NULL;
    DC3_TRY(dc3_selection_file_read(run->options->out, &selection));
    const json_t *list = json_object_get(selection, member);
    if (list || passes_none(run, selection)) *set = json_object();
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        const char *key = json_string_value(json_array_get(one, 1));
        char *name = name_of(json_integer_value(json_array_get(one, 0)), key ? key : "");
        json_object_set_new(*set, name, json_true());
        g_free(name);
    }
    json_decref(selection);
    return DC3_OK;
}

int dc3_passed_over_has(const json_t *set, const dc3_run *run, int64_t item)
{
    if (json_object_size(set) == 0) return 0;
    json_t *key = dc3_json_text(dc3_dataset_key(run->dataset, item));
    char *name = name_of(dc3_dataset_label(run->dataset, item), json_string_value(key));
    int has = json_object_get(set, name) != NULL;
    g_free(name);
    json_decref(key);
    return has;
}
