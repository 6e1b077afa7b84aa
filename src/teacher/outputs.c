#include "teacher/outputs.h"

#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/listener.h"
#include "base/text.h"
#include "teacher/imagenet.h"

enum { ID_LENGTH = 9, LIST_LIMIT = 64 << 20 };

/* The names of a list's lines, as texts of JSON; empty lines behind the last name do not count. */
static dc3_status read_list(const char *path, json_t **names)
{
    char *text;
    size_t size;
    *names = json_array();
    DC3_TRY(dc3_file_read(path, LIST_LIMIT, &text, &size));
    while (size && strchr(" \t\r\n", text[size - 1])) size--;
    for (size_t at = 0, end; at < size; at = end + 1) {
        const char *line = text + at;
        for (end = at; end < size && text[end] != '\n';) end++;
        size_t length = end - at;
        while (length && strchr(" \t\r", line[length - 1])) length--;
        if (length > ID_LENGTH && dc3_is_wordnet_id(line) && strchr(" \t", line[ID_LENGTH]))
            length = ID_LENGTH;
        json_array_append_new(*names, json_stringn(line, length));
    }
    free(text);
    return DC3_OK;
}

/* The places of a name among the known ones: how many there are, and the first. */
static int places_of(const json_t *known, const char *name, int64_t *first)
{
    size_t i;
    json_t *other;
    int count = 0;
    json_array_foreach(known, i, other)
    {
        if (strcmp(json_string_value(other) ? json_string_value(other) : "", name) != 0) continue;
        if (!count++) *first = (int64_t)i;
    }
    return count;
}

/* The outputs by the list of the options. */
static dc3_status find_listed(const dc3_teacher_outputs *w, int64_t outputs, int64_t *rows)
{
    json_t *known, *name;
    size_t i;
    dc3_status status = read_list(w->list, &known);
    if (status != DC3_OK) status = dc3_fail_in(status, "%s", dc3_setting("teacher_classes"));
    if (status == DC3_OK && (int64_t)json_array_size(known) != outputs)
        status = dc3_fail_setting("teacher_classes",
                                  "%s: expected %lld names, a line for each output of %s, found %zu", w->list,
                                  (long long)outputs, w->path, json_array_size(known));
    json_array_foreach(w->names, i, name)
    {
        const char *text = json_string_value(name) ? json_string_value(name) : "";
        int count = status == DC3_OK ? places_of(known, text, &rows[i]) : 1;
        if (count != 1)
            status =
                dc3_fail_setting("teacher_classes", "%s: expected the class '%.80s' of %s once, found it %s",
                                 w->list, text, w->data, count ? "more than once" : "nowhere");
    }
    json_decref(known);
    return status;
}

/* The outputs by the names of the file, or ImageNet's; *by says which, NULL: by neither. */
static void find_known(const dc3_teacher_outputs *w, const json_t *known, int64_t outputs, int64_t *rows,
                       const char **by)
{
    size_t named = 0, n = json_array_size(w->names);
    for (size_t i = 0; i < n; i++) {
        const char *name = json_string_value(json_array_get(w->names, i));
        named += name && places_of(known, name, &rows[i]) == 1;
    }
    if (named == n && (int64_t)json_array_size(known) == outputs) {
        *by = "by the names in its file";
        return;
    }
    for (size_t i = 0; i < n && outputs == DC3_IMAGENET_CLASSES; i++) {
        const char *name = json_string_value(json_array_get(w->names, i));
        rows[i] = name ? dc3_imagenet_class(name) : -1;
        if (rows[i] < 0) return;
    }
    if (outputs == DC3_IMAGENET_CLASSES) *by = "by their WordNet ids, in ImageNet's order";
}

dc3_status dc3_teacher_choose_outputs(const dc3_teacher_outputs *w, dc3_classifier *net, json_t **classes)
{
    int64_t outputs = dc3_classifier_describe(net)->classes, n = (int64_t)json_array_size(w->names);
    const char *by = NULL;
    if (!n || (!w->list && outputs <= n)) return DC3_OK;
    int64_t *rows = malloc((size_t)n * sizeof *rows);
    dc3_status status = rows ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK && w->list)
        status = find_listed(w, outputs, rows), by = w->list;
    else if (status == DC3_OK)
        find_known(w, *classes, outputs, rows, &by);
    if (status == DC3_OK && by) {
        status = dc3_classifier_keep_outputs(net, n, rows);
        json_decref(*classes);
        *classes = NULL;
        dc3_listener_say(w->listener, "of the %lld classes of %s the %lld of %s are used: %s%s",
                         (long long)outputs, w->path, (long long)n, w->data, w->list ? "by " : "", by);
    }
    free(rows);
    return status;
}
