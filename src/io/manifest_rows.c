#include "io/manifest_rows.h"

#include <stdio.h>
#include <string.h>
#include "base/file.h"
#include "io/csv.h"
#include "io/datasets/image_names.h"
#include "io/found.h"
#include "io/json.h"

enum { LINE_LIMIT = 1 << 20 };
static const char mark[] = "\xef\xbb\xbf"; /* of byte order */

static int is_lines(const char *path)
{
    return dc3_ends_with(path, ".jsonl") || dc3_ends_with(path, ".ndjson");
}

static dc3_status look_for_path(void *found, const char *line, size_t length)
{
    (void)length;
    *(int *)found = strstr(line, "\"path\"") != NULL;
    return DC3_ERR_CANCELLED; /* one line is enough */
}

int dc3_manifest_is(const char *path)
{
    int found = 0;
    if (dc3_path_what(path) != DC3_PATH_FILE) return 0;
    if (is_lines(path)) (void)dc3_file_each_line(path, LINE_LIMIT, look_for_path, &found);
    return found || dc3_ends_with(path, ".csv");
}

/* Whom the rows are for. */
typedef struct reading {
    const char *path;
    dc3_manifest_take *take;
    void *user;
    long line;
} reading;

/* Hands out a row that has what is needed. */
static dc3_status hand_out(const reading *r, const dc3_manifest_row *row)
{
    const char *lacks = !row->path || !*row->path ? "path" : !row->label || !*row->label ? "label" : NULL;
    if (lacks)
        return dc3_fail(DC3_ERR_FORMAT, "%s: line %ld: expected a path and a label, found no %s", r->path,
                        row->line, lacks);
    return r->take(r->user, row);
}

/* ---- CSV ---- */

enum { PATH, LABEL, SPLIT, NAMES };
static const char *const names[NAMES] = {"path", "label", "split"};

/* Where the columns stand in the header; -1: nowhere. */
static dc3_status read_header(dc3_csv *csv, int columns[NAMES])
{
    int found;
    for (int i = 0; i < NAMES; i++) columns[i] = -1;
    DC3_TRY(dc3_csv_next(csv, &found));
    for (int k = 0; found && k < csv->count; k++)
        for (int i = 0; i < NAMES; i++) {
            if (strcmp(csv->fields[k], names[i]) != 0) continue;
            if (columns[i] >= 0)
                return dc3_fail(DC3_ERR_FORMAT, "%s: line %ld: expected one column '%s', found two",
                                csv->path, csv->line, names[i]);
            columns[i] = k;
        }
    if (found && columns[PATH] >= 0 && columns[LABEL] >= 0) return DC3_OK;
    return dc3_fail(DC3_ERR_FORMAT,
                    "%s: line %ld: expected a header with the columns path and label, as 'path,label', found "
                    "%s%.100s%s",
                    csv->path, csv->line, found ? "'" : "nothing", found ? csv->fields[0] : "",
                    found && csv->count > 1 ? ",..'"
                    : found                 ? "'"
                                            : "");
}

static const char *field(const dc3_csv *csv, int column)
{
    return column >= 0 ? csv->fields[column] : NULL;
}

static dc3_status each_of_csv(const reading *r, const char *text, size_t size)
{
    dc3_csv csv;
    int columns[NAMES], found = 1, width;
    dc3_csv_open(r->path, text, size, &csv);
    dc3_status status = read_header(&csv, columns);
    width = csv.count;
    while (status == DC3_OK) {
        status = dc3_csv_next(&csv, &found);
        if (status != DC3_OK || !found) break;
        dc3_manifest_row row = {.line = csv.line};
        if (csv.count != width)
            status = dc3_fail(DC3_ERR_FORMAT, "%s: line %ld: expected %d fields as in the header, found %d",
                              r->path, csv.line, width, csv.count);
        else
            row.path = field(&csv, columns[PATH]), row.label = field(&csv, columns[LABEL]),
            row.split = field(&csv, columns[SPLIT]);
        if (status == DC3_OK) status = hand_out(r, &row);
    }
    dc3_csv_close(&csv);
    return status;
}

/* ---- lines of JSON ---- */

static dc3_status take_line(void *user, const char *line, size_t length)
{
    reading *r = user;
    json_t *o;
    char where[4200], number[24];
    r->line++;
    if (r->line == 1 && strncmp(line, mark, sizeof mark - 1) == 0)
        line += sizeof mark - 1, length -= sizeof mark - 1;
    if (!line[strspn(line, " \t\r")] && strlen(line) == length) return DC3_OK;
    snprintf(where, sizeof where, "%.4096s: line %ld", r->path, r->line);
    DC3_TRY(dc3_json_parse(where, line, length, &o));
    const json_t *label = json_object_get(o, "label"), *split = json_object_get(o, "split");
    dc3_manifest_row row = {.line = r->line,
                            .path = json_string_value(json_object_get(o, "path")),
                            .label = json_string_value(label),
                            .split = json_string_value(split)};
    if (json_is_integer(label) && json_integer_value(label) >= 0) {
        snprintf(number, sizeof number, "%lld", (long long)json_integer_value(label));
        row.label = number;
    }
    dc3_status status = DC3_OK;
    if (label && !row.label)
        status = dc3_fail(DC3_ERR_FORMAT,
                          "%s: expected as label a text or a whole number from 0 on, found "
                          "another value",
                          where);
    else if (split && !json_is_null(split) && !row.split)
        status = dc3_fail(DC3_ERR_FORMAT, "%s: expected as split a text, found another value", where);
    if (status == DC3_OK) status = hand_out(r, &row);
    json_decref(o);
    return status;
}

dc3_status dc3_manifest_each(const char *path, dc3_manifest_take *take, void *user)
{
    reading r = {path, take, user, 0};
    dc3_mapping file;
    DC3_TRY(dc3_check_found_in(path, "a list of images"));
    if (is_lines(path)) return dc3_file_each_line(path, LINE_LIMIT, take_line, &r);
    DC3_TRY(dc3_map_open(path, &file));
    dc3_status status = each_of_csv(&r, file.data ? (const char *)file.data : "", file.size);
    dc3_map_close(&file);
    return status;
}
