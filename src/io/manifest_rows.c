#include "io/manifest_rows.h"

#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
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
    *(int *)found = strstr(line, "\"path\"") || strstr(line, "\"file_name\"");
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

enum { PATH, LABEL, SPLIT, FILE_NAME, GROUP, NAMES };
static const char *const names[NAMES] = {"path", "label", "split", "file_name", "group"};

/* Where the columns stand in the header; -1: nowhere. */
typedef struct header {
    int at[NAMES];
    int blanks; /* there are blanks around its names, and so in all rows, where they belong to no field */
} header;

/* A header without what is needed. */
static dc3_status refuse_header(const dc3_csv *csv, const header *h, int found)
{
    enum { SHOWN = 200 };
    char text[SHOWN + 8] = "";
    for (int k = 0; found && k < csv->count && strlen(text) < SHOWN; k++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", k ? "," : "", csv->fields[k]);
    return dc3_fail(DC3_ERR_FORMAT,
                    "%s: line %ld: expected a header with the columns path and label, as 'path,label', found "
                    "%s%.*s%s%s",
                    csv->path, csv->line, found ? "'" : "nothing", SHOWN, text, found ? "'" : "",
                    !found || (h->at[PATH] < 0 && h->at[LABEL] < 0) ? ""
                    : h->at[PATH] < 0                               ? " without path"
                                                                    : " without label");
}

static dc3_status read_header(dc3_csv *csv, header *h)
{
    int found;
    h->blanks = 0;
    for (int i = 0; i < NAMES; i++) h->at[i] = -1;
    DC3_TRY(dc3_csv_next(csv, &found));
    for (int k = 0; found && k < csv->count; k++) {
        size_t length = strlen(csv->fields[k]);
        g_strstrip(csv->fields[k]);
        for (int i = 0; i < NAMES; i++) {
            if (strcasecmp(csv->fields[k], names[i]) != 0) continue;
            if (h->at[i] >= 0)
                return dc3_fail(DC3_ERR_FORMAT, "%s: line %ld: expected one column '%s', found two",
                                csv->path, csv->line, names[i]);
            h->blanks |= strlen(csv->fields[k]) < length;
            h->at[i] = k;
        }
    }
    if (h->at[PATH] < 0) h->at[PATH] = h->at[FILE_NAME];
    return found && h->at[PATH] >= 0 && h->at[LABEL] >= 0 ? DC3_OK : refuse_header(csv, h, found);
}

static const char *field(const dc3_csv *csv, const header *h, int name)
{
    char *text = h->at[name] >= 0 ? csv->fields[h->at[name]] : NULL;
    return text && h->blanks ? g_strstrip(text) : text;
}

static dc3_status each_of_csv(const reading *r, const char *text, size_t size)
{
    dc3_csv csv;
    header h;
    int found = 1, width;
    if (size >= 2 && (memcmp(text, "\xff\xfe", 2) == 0 || memcmp(text, "\xfe\xff", 2) == 0))
        return dc3_fail(DC3_ERR_FORMAT, "%s: expected text in UTF-8, found UTF-16; save it as CSV in UTF-8",
                        r->path);
    dc3_csv_open(r->path, text, size, &csv);
    dc3_status status = read_header(&csv, &h);
    width = csv.count;
    while (status == DC3_OK) {
        status = dc3_csv_next(&csv, &found);
        if (status != DC3_OK || !found) break;
        dc3_manifest_row row = {.line = csv.line};
        if (csv.count != width)
            status = dc3_fail(DC3_ERR_FORMAT, "%s: line %ld: expected %d fields as in the header, found %d",
                              r->path, csv.line, width, csv.count);
        else
            row.path = field(&csv, &h, PATH), row.label = field(&csv, &h, LABEL),
            row.split = field(&csv, &h, SPLIT), row.group = field(&csv, &h, GROUP);
        if (status == DC3_OK) status = hand_out(r, &row);
    }
    dc3_csv_close(&csv);
    return status;
}

/* ---- lines of JSON ---- */

/* A text, or a whole number from 0 on as one, in `number`; NULL: it is neither. */
static const char *text_of(const json_t *value, char number[24])
{
    if (!json_is_integer(value) || json_integer_value(value) < 0) return json_string_value(value);
    snprintf(number, 24, "%lld", (long long)json_integer_value(value));
    return number;
}

static dc3_status take_line(void *user, const char *line, size_t length)
{
    reading *r = user;
    json_t *o;
    char where[4200], number[24], group_number[24];
    r->line++;
    if (r->line == 1 && strncmp(line, mark, sizeof mark - 1) == 0)
        line += sizeof mark - 1, length -= sizeof mark - 1;
    if (!line[strspn(line, " \t\r")] && strlen(line) == length) return DC3_OK;
    snprintf(where, sizeof where, "%.4096s: line %ld", r->path, r->line);
    DC3_TRY(dc3_json_parse(where, line, length, &o));
    const json_t *label = json_object_get(o, "label"), *split = json_object_get(o, "split"),
                 *group = json_object_get(o, "group"), *place = json_object_get(o, "path");
    if (!place) place = json_object_get(o, "file_name");
    dc3_manifest_row row = {.line = r->line,
                            .path = json_string_value(place),
                            .label = json_string_value(label),
                            .split = json_string_value(split),
                            .group = text_of(group, group_number)};
    if (!row.label) row.label = text_of(label, number);
    dc3_status status = DC3_OK;
    if (label && !row.label)
        status = dc3_fail(DC3_ERR_FORMAT,
                          "%s: expected as label a text or a whole number from 0 on, found "
                          "another value",
                          where);
    else if (split && !json_is_null(split) && !row.split)
        status = dc3_fail(DC3_ERR_FORMAT, "%s: expected as split a text, found another value", where);
    else if (group && !json_is_null(group) && !row.group)
        status =
            dc3_fail(DC3_ERR_FORMAT,
                     "%s: expected as group a text or a whole number from 0 on, found another value", where);
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
