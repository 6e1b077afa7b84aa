#include "teacher/teacher_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/listener.h"
#include "base/rng.h"
#include "run_folder/fingerprint.h"

/* Bytes of the first name of the text: the longest one that is there, else up to the first comma. */
static size_t name_length(const char *text)
{
    size_t shortest = strcspn(text, ",");
    for (size_t length = strlen(text); length > shortest; length--) {
        if (text[length] && text[length] != ',') continue;
        char *name = strndup(text, length);
        int there = name && dc3_path_what(name) != DC3_PATH_MISSING;
        free(name);
        if (there) return length;
    }
    return shortest;
}

/* 1 if two names are of one file. */
static int is_same(const char *a, const char *b)
{
    char *x = dc3_path_real(a), *y = dc3_path_real(b);
    int same = x && y ? strcmp(x, y) == 0 : strcmp(a, b) == 0;
    free(x);
    free(y);
    return same;
}

static dc3_status add(dc3_teacher_list *list, const char *name, size_t length)
{
    if (!length)
        return dc3_fail_setting("teacher",
                                "expected names of files with a comma between them, found an empty one");
    if (list->count == DC3_ENSEMBLE_MOST)
        return dc3_fail_setting("teacher", "expected at most %d files, found more", DC3_ENSEMBLE_MOST);
    char *own = strndup(name, length);
    if (!own) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    list->paths[list->count++] = own;
    for (int k = 0; k < list->count - 1; k++)
        if (is_same(list->paths[k], own))
            return dc3_fail_setting("teacher", "%s is given twice, and would count twice", own);
    return DC3_OK;
}

dc3_status dc3_teacher_list_read(const char *text, dc3_teacher_list *list)
{
    *list = (dc3_teacher_list){0};
    for (const char *at = text;; at++) {
        size_t length = name_length(at);
        DC3_TRY(add(list, at, length));
        at += length;
        if (!*at) return DC3_OK;
    }
}

dc3_status dc3_teacher_list_first(const char *text, const dc3_listener *listener, char **path)
{
    dc3_teacher_list list;
    dc3_status status = dc3_teacher_list_read(text, &list);
    if (status == DC3_OK && list.count > 1 && listener)
        dc3_listener_say(
            listener,
            "note: %s, the first of %d teachers, gives the gradients for selection; the others are for "
            "soft labels",
            list.paths[0], list.count);
    if (status == DC3_OK && !(*path = strdup(list.paths[0])))
        status = dc3_fail(DC3_ERR_MEMORY, "out of memory");
    dc3_teacher_list_free(&list);
    return status;
}

void dc3_teacher_list_free(dc3_teacher_list *list)
{
    for (int k = 0; k < list->count; k++) free(list->paths[k]);
    *list = (dc3_teacher_list){0};
}

json_t *dc3_teacher_list_fingerprint(const dc3_teacher_list *list)
{
    uint64_t all[DC3_ENSEMBLE_MOST];
    if (list->count == 1) return dc3_fingerprint(list->paths[0]);
    for (int k = 0; k < list->count; k++) all[k] = dc3_fingerprint_any(list->paths[k]);
    return dc3_fingerprint_text(dc3_hash64(all, (size_t)list->count * sizeof *all));
}

json_t *dc3_teachers_fingerprint(const char *text)
{
    dc3_teacher_list list;
    json_t *hash =
        dc3_teacher_list_read(text, &list) == DC3_OK ? dc3_teacher_list_fingerprint(&list) : json_null();
    dc3_teacher_list_free(&list);
    return hash;
}

const char *dc3_teacher_names(const json_t *teachers, char *text, size_t size)
{
    size_t used = 0, k;
    json_t *one;
    *text = 0;
    json_array_foreach(teachers, k, one)
    {
        const char *arch = json_string_value(json_object_get(one, "arch"));
        if (arch && used + strlen(arch) + 3 < size)
            used += (size_t)snprintf(text + used, size - used, "%s%s", used ? ", " : "", arch);
    }
    return text;
}

int dc3_teacher_sees(const dc3_classifier_info *info, int size)
{
    if (info->size) return (int)info->size;
    if (info->trained) return (int)info->trained;
    return size < info->least ? (int)info->least : size;
}
