#include "output/list_place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "io/datasets/image_names.h"
#include "output/output_path.h"

static const dc3_output_kind list_kind = {
    "lists",
    "lines of JSON or comma-separated values",
    (const char *const[]){".jsonl", ".ndjson", ".csv", NULL},
    (const char *const[]){"{\"source\":\"", "\"label\":", "\"class\":\"", NULL},
    NULL,
    0};

/* The other form of it, by its ending. */
static const dc3_output_kind table_kind = {"lists",
                                           "lines of JSON or comma-separated values",
                                           (const char *const[]){".csv", NULL},
                                           (const char *const[]){"path,label,image,", NULL},
                                           NULL,
                                           0};

int dc3_list_is_table(const char *out)
{
    return dc3_ends_with(out, ".csv");
}

char *dc3_list_skipped(const char *out)
{
    size_t length = strlen(out) + sizeof ".skipped.txt";
    char *path = malloc(length);
    if (path) snprintf(path, length, "%s.skipped.txt", out);
    return path;
}

/* A list of skipped images is replaced together with the output that it belongs to. */
static dc3_status check_skipped(const dc3_condense_options *o, const char *place)
{
    char *list = dc3_list_skipped(place);
    dc3_status status = list ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (list && !o->force && dc3_path_what(place) == DC3_PATH_MISSING &&
        dc3_path_what(list) != DC3_PATH_MISSING)
        status = dc3_fail_setting("out", "%s is there already, and no %s; choose another name, or give %s",
                                  list, o->out, dc3_setting("force"));
    free(list);
    return status;
}

dc3_status dc3_list_place(const dc3_condense_options *o, char *const *teachers, int count, char **place)
{
    dc3_input *inputs = calloc((size_t)count + 3, sizeof *inputs);
    *place = NULL;
    if (!inputs) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    dc3_output_path output = {"out", o->out, &list_kind, o->force, inputs, 3, NULL};
    if (o->out && dc3_list_is_table(o->out)) output.kind = &table_kind;
    inputs[0] = (dc3_input){"the dataset", o->data}, inputs[1] = (dc3_input){"the editor", o->editor};
    inputs[2] = (dc3_input){"the features", o->features};
    for (int k = 0; k < count; k++) inputs[output.count++] = (dc3_input){"the teacher", teachers[k]};
    dc3_status status = o->out ? dc3_output_path_check(&output, place) : DC3_OK;
    free(inputs);
    if (status == DC3_OK && *place) status = check_skipped(o, *place);
    if (status != DC3_OK) free(*place);
    return status;
}
