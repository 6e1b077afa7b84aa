#include "output/list_place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "output/output_path.h"

static const dc3_output_kind list_kind = {
    "lists",
    "lines of JSON",
    (const char *const[]){".jsonl", ".ndjson", NULL},
    (const char *const[]){"{\"source\":\"", "\"label\":", "\"class\":\"", NULL},
    NULL,
    0};

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

dc3_status dc3_list_place(const dc3_condense_options *o, char **place)
{
    dc3_input inputs[] = {{"the dataset", o->data}, {"the editor", o->editor}, {"the teacher", o->teacher}};
    dc3_output_path output = {"out", o->out, &list_kind, o->force, inputs, 3, NULL};
    *place = NULL;
    if (o->out) DC3_TRY(dc3_output_path_check(&output, place));
    dc3_status status = *place ? check_skipped(o, *place) : DC3_OK;
    if (status != DC3_OK) free(*place);
    return status;
}
