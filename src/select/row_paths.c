#include "select/row_paths.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "io/csv.h"
#include "io/json.h"

enum { MOST = 1 << 30 }; /* bytes of a list */

static const char *const endings[] = {".paths.txt", ".paths.csv", ".paths.json"};
enum { TXT, CSV, JSON, KINDS };
static const char mark[] = "\xef\xbb\xbf"; /* of byte order, which some programs write before UTF-8 */

/* `path` with another ending. */
static char *beside(const char *path, const char *ending)
{
    const char *slash = strrchr(path, '/'), *dot = strrchr(path, '.');
    int length = (int)(dot && (!slash || dot > slash + 1) ? dot - path : (ptrdiff_t)strlen(path));
    return g_strdup_printf("%.*s%s", length, path, ending);
}

dc3_status dc3_row_paths_beside(const char *path, char **found)
{
    *found = NULL;
    for (int i = 0; i < KINDS; i++) {
        char *name = beside(path, endings[i]);
        dc3_status status = DC3_OK;
        if (dc3_path_what(name) != DC3_PATH_FILE)
            g_free(name);
        else if (!*found)
            *found = name;
        else {
            status =
                dc3_fail(DC3_ERR_FORMAT, "%s and %s: expected one list of the rows' images", *found, name);
            g_free(name), g_free(*found);
            *found = NULL;
        }
        DC3_TRY(status);
    }
    return DC3_OK;
}

static void add_lines(char *text, GPtrArray *to)
{
    for (char *rest = text, *line; (line = strsep(&rest, "\n"));) {
        size_t length = strlen(line);
        if (length && line[length - 1] == '\r') line[length - 1] = 0;
        if (*line) g_ptr_array_add(to, g_strdup(line));
    }
}

static dc3_status add_list(const char *from, const char *text, GPtrArray *to)
{
    json_t *list = json_loads(text, 0, NULL), *value;
    dc3_status status = DC3_OK;
    size_t i;
    if (!json_is_array(list)) status = dc3_fail(DC3_ERR_FORMAT, "%s: expected a list of paths as JSON", from);
    json_array_foreach(list, i, value)
    {
        const char *path = json_string_value(value);
        if (!path)
            status = dc3_fail(DC3_ERR_FORMAT, "%s: member %zu: expected a path, found no text", from, i);
        if (!path) break;
        g_ptr_array_add(to, g_strdup(path));
    }
    json_decref(list);
    return status;
}

static int find_column(const dc3_csv *csv)
{
    for (int i = 0; i < csv->count; i++)
        if (g_ascii_strcasecmp(csv->fields[i], "path") == 0 ||
            g_ascii_strcasecmp(csv->fields[i], "file_name") == 0)
            return i;
    return -1;
}

static dc3_status add_column(const char *from, const char *text, size_t size, GPtrArray *to)
{
    dc3_csv csv;
    int found = 0;
    dc3_csv_open(from, text, size, &csv);
    dc3_status status = dc3_csv_next(&csv, &found);
    int column = status == DC3_OK && found ? find_column(&csv) : -1;
    if (status == DC3_OK && column < 0)
        status = dc3_fail(DC3_ERR_FORMAT, "%s: expected a header with a column 'path', found none", from);
    while (status == DC3_OK && (status = dc3_csv_next(&csv, &found)) == DC3_OK && found) {
        if (column >= csv.count)
            status = dc3_fail(DC3_ERR_FORMAT, "%s: line %ld: expected a path in column %d, found %d columns",
                              from, csv.line, column + 1, csv.count);
        else
            g_ptr_array_add(to, g_strdup(csv.fields[column]));
    }
    dc3_csv_close(&csv);
    return status;
}

static dc3_status add_file(const char *from, GPtrArray *to)
{
    char *text;
    size_t size;
    DC3_TRY(dc3_file_read(from, MOST, &text, &size));
    dc3_status status = DC3_OK;
    char *first = g_str_has_prefix(text, mark) ? text + strlen(mark) : text;
    if (g_str_has_suffix(from, endings[CSV]))
        status = add_column(from, text, size, to);
    else if (g_str_has_suffix(from, endings[JSON]))
        status = add_list(from, first, to);
    else
        add_lines(first, to);
    free(text);
    return status;
}

dc3_status dc3_row_paths_read(const char *path, const dc3_table *table, dc3_row_paths *paths)
{
    const char *within = dc3_table_text(table, "paths");
    *paths = (dc3_row_paths){0};
    DC3_TRY(dc3_row_paths_beside(path, &paths->from));
    if (paths->from && within)
        return dc3_fail(DC3_ERR_FORMAT,
                        "%s: its metadata has 'paths', too: expected one list of the rows' images",
                        paths->from);
    if (!paths->from && !within) return DC3_OK;
    if (within) paths->from = g_strdup_printf("%s, 'paths' of its metadata", path);
    GPtrArray *found = g_ptr_array_new();
    dc3_status status = within ? add_list(paths->from, within, found) : add_file(paths->from, found);
    paths->count = found->len;
    paths->paths = (char **)g_ptr_array_free(found, FALSE);
    return status;
}

void dc3_row_paths_free(dc3_row_paths *paths)
{
    for (int64_t i = 0; paths->paths && i < paths->count; i++) g_free(paths->paths[i]);
    g_free(paths->paths);
    g_free(paths->from);
    *paths = (dc3_row_paths){0};
}
