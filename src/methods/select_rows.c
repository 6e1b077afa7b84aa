/* Rows of a file of embeddings, selected and written as JSON. */
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/options.h"
#include "output/output_path.h"
#include "dc3/select.h"
#include "io/json.h"

static const dc3_output_kind rows_kind = {"selected rows",
                                          "JSON",
                                          (const char *const[]){".json", NULL},
                                          (const char *const[]){"{\"selected\": [", NULL},
                                          NULL,
                                          0};

static dc3_status write_rows(const dc3_selection *selection, const char *place)
{
    json_t *document = json_object(), *rows = json_array();
    for (int64_t i = 0; i < selection->count; i++)
        json_array_append_new(rows, json_integer(selection->rows[i]));
    json_object_set_new(document, "selected", rows);
    char *text = json_dumps(document, 0);
    dc3_status status =
        text ? dc3_file_write(place, text, strlen(text)) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    free(text);
    json_decref(document);
    return status;
}

dc3_status dc3_select_file_to(const dc3_select_options *options, const char *path, const char *out, int force,
                              dc3_selection *selection)
{
    char *place;
    DC3_TRY(dc3_place_need("selection", selection));
    *selection = (dc3_selection){0};
    DC3_TRY(dc3_options_need("path", path));
    DC3_TRY(dc3_options_need("out", out));
    dc3_input input = {"the embeddings", path};
    dc3_output_path output = {"out", out, &rows_kind, force, &input, 1, NULL};
    DC3_TRY(dc3_output_path_check(&output, &place));
    dc3_status status = dc3_select_file(options, path, selection);
    if (status == DC3_OK && (status = write_rows(selection, place)) != DC3_OK) dc3_selection_free(selection);
    free(place);
    return status;
}
