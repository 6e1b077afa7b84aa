#include "teacher/classes.h"

#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/text.h"
#include "options/option_names.h"
#include "run_folder/document.h"
#include "kernels/backend.h"
#include "base/listener.h"
#include "teacher/seen_images.h"

/* A class of a dataset, as `names` has it; NULL: as the dataset has. */
static const char *class_name(const dc3_dataset *dataset, const json_t *names, int i)
{
    const char *name = json_string_value(json_array_get(names, (size_t)i));
    return name ? name : dc3_dataset_class_name(dataset, i);
}

/* "; the nearest is 'NAME'" of the dataset's classes, or "". */
static const char *nearest_class(const dc3_dataset *dataset, const json_t *known, const char *word,
                                 char text[DC3_HINT_SIZE])
{
    int n = dc3_dataset_classes(dataset);
    const char **names = malloc((size_t)n * sizeof *names);
    for (int i = 0; names && i < n; i++) names[i] = class_name(dataset, known, i);
    const char *nearest = names ? dc3_text_nearest(word, names, (size_t)n) : NULL;
    *text = 0;
    if (nearest) snprintf(text, DC3_HINT_SIZE, "; the nearest is '%.80s'", nearest);
    free(names);
    return text;
}

/* Names as macOS writes them are the same letters in another form of Unicode. */
static int is_same(const char *a, const char *b)
{
    if (strcmp(a, b) == 0) return 1;
    char *x = g_utf8_normalize(a, -1, G_NORMALIZE_DEFAULT_COMPOSE);
    char *y = g_utf8_normalize(b, -1, G_NORMALIZE_DEFAULT_COMPOSE);
    int same = x && y && strcmp(x, y) == 0;
    g_free(x);
    g_free(y);
    return same;
}

/* 1 if number i is the same class of both: by its name, or as a run's folder for it is called. */
static int is_class(const dc3_dataset *data, const json_t *names, const dc3_dataset *val, int i)
{
    const char *name = dc3_dataset_class_name(val, i);
    return is_same(class_name(data, names, i), name) || is_same(dc3_dataset_class_name(data, i), name);
}

dc3_status dc3_same_classes(const dc3_dataset *data, const json_t *names, const dc3_dataset *val)
{
    int n = dc3_dataset_classes(data), m = dc3_dataset_classes(val), i = 0;
    while (i < n && i < m && is_class(data, names, val, i)) i++;
    if (i == n && i == m) return DC3_OK;
    /* Both are sorted: of the first two names that differ the smaller one is missing in the other list. */
    int lacks = i == m || (i < n && strcmp(class_name(data, names, i), dc3_dataset_class_name(val, i)) < 0);
    const dc3_dataset *has_not = lacks ? val : data;
    const char *name = lacks ? class_name(data, names, i) : dc3_dataset_class_name(val, i);
    char hint[DC3_HINT_SIZE];
    return dc3_fail(
        DC3_ERR_ARGUMENT,
        "%s: expected the %d class%s of %s, found %d; class '%.80s' is not in %s%s; class folders "
        "must have the same names in both",
        dc3_dataset_path(val), n, dc3_es(n), dc3_dataset_path(data), m, name, dc3_dataset_path(has_not),
        nearest_class(has_not, lacks ? NULL : names, name, hint));
}

json_t *dc3_class_names(const dc3_dataset *data)
{
    json_t *names = json_array();
    for (int i = 0; i < dc3_dataset_classes(data); i++)
        json_array_append_new(names, dc3_json_text(dc3_dataset_class_name(data, i)));
    return names;
}

json_t *dc3_run_class_names(const char *run, const dc3_dataset *data)
{
    json_t *document = NULL, *names = NULL;
    if (dc3_document_read(run, &document) == DC3_OK) names = json_object_get(document, "classes");
    names = json_array_size(names) == (size_t)dc3_dataset_classes(data) ? json_incref(names)
                                                                        : dc3_class_names(data);
    json_decref(document);
    return names;
}

double dc3_largest_share(const dc3_dataset *data)
{
    int64_t n = dc3_dataset_size(data), most = 0;
    for (int64_t i = 0, first = 0; i < n; i++) {
        if (dc3_dataset_label(data, i) != dc3_dataset_label(data, first)) first = i;
        if (i - first + 1 > most) most = i - first + 1;
    }
    return n ? (double)most / (double)n : 1;
}

void dc3_report_notes(const dc3_listener *listener, const dc3_dataset *dataset)
{
    for (size_t i = 0; i < dc3_dataset_notes(dataset); i++)
        dc3_listener_say(listener, "note: %s", dc3_dataset_note(dataset, i));
}

void dc3_warn_swapped(const dc3_listener *listener, const dc3_dataset *data, const dc3_dataset *val)
{
    if (dc3_dataset_size(val) > dc3_dataset_size(data))
        dc3_listener_say(listener,
                         "warning: %s %s has %lld images, more than the %lld of %s to train on; are the two "
                         "swapped?",
                         dc3_setting("val"), dc3_dataset_path(val), (long long)dc3_dataset_size(val),
                         (long long)dc3_dataset_size(data), dc3_dataset_path(data));
}

/* Opens the tests; of more classes than the dataset's, whose classes are some of many, those alone. */
static dc3_status open_tests(const dc3_test_place *place, const dc3_dataset *data, const json_t *known,
                             int filtered, dc3_dataset **val)
{
    int n = filtered ? dc3_dataset_classes(data) : 0;
    const char **names = malloc(((size_t)n + 1) * sizeof *names);
    dc3_choice *choice = NULL;
    for (int i = 0; names && i < n; i++) names[i] = class_name(data, known, i);
    dc3_status status =
        names ? dc3_choice_of_classes(names, n, &choice) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK && place->split && !(choice->split = strdup(place->split)))
        status = dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK) status = dc3_dataset_open_chosen(place->path, choice, 1, NULL, NULL, val);
    dc3_choice_free(&choice);
    free(names);
    return status;
}

dc3_status dc3_open_val(const dc3_test_place *place, const dc3_dataset *data, const json_t *names,
                        int filtered, const dc3_listener *listener, dc3_dataset **val)
{
    *val = NULL;
    dc3_status status = open_tests(place, data, names, filtered, val);
    if (status == DC3_ERR_OPTION) return status; /* which names its option */
    if (status != DC3_OK) return dc3_fail_in(status, "%s", dc3_setting("val"));
    dc3_report_notes(listener, *val);
    DC3_TRY(dc3_same_classes(data, names, *val));
    dc3_warn_seen(listener, data, *val);
    return DC3_OK;
}

dc3_status dc3_check_enough(const dc3_listener *listener, const dc3_dataset *data, int64_t wanted, int strict,
                            const char *again)
{
    int64_t n = dc3_dataset_size(data), few = 0;
    for (int64_t i = 0, first = 0; i < n; i++) {
        int label = dc3_dataset_label(data, i);
        if (i + 1 < n && dc3_dataset_label(data, i + 1) == label) continue;
        const char *name = dc3_dataset_class_name(data, label);
        long long count = (long long)(i + 1 - first);
        if (count < wanted && strict)
            return dc3_fail(DC3_ERR_FORMAT, "%s: class '%s' has %lld image%s, fewer than %lld (%s)",
                            dc3_dataset_path(data), name, count, dc3_s(count), (long long)wanted,
                            dc3_setting("strict"));
        if (count < wanted && ++few <= DC3_NOTE_LIMIT)
            dc3_listener_say(listener,
                             "warning: class '%s' has %lld image%s, fewer than %lld; some are used again%s",
                             name, count, dc3_s(count), (long long)wanted, again);
        first = i + 1;
    }
    if (few > DC3_NOTE_LIMIT)
        dc3_listener_say(listener, "warning: so have %lld more classes", (long long)(few - DC3_NOTE_LIMIT));
    return DC3_OK;
}

static int by_value(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

int dc3_usual_size(const dc3_dataset *dataset, int most)
{
    enum { LOOK = 33, LEAST = 8, FALLBACK = 64 };
    int sides[LOOK], count = 0;
    int64_t n = dc3_dataset_size(dataset);
    for (int i = 0; i < LOOK && i < n; i++) {
        dc3_image image;
        if (dc3_dataset_read(dataset, n * i / (n < LOOK ? n : LOOK), 0, 0, DC3_FIT_CROP, &image) != DC3_OK)
            continue;
        sides[count++] = image.width < image.height ? image.width : image.height;
        dc3_image_free(&image);
    }
    if (!count) return FALLBACK;
    qsort(sides, (size_t)count, sizeof *sides, by_value);
    int side = sides[count / 2];
    return side < LEAST ? LEAST : side > most ? most : side;
}

dc3_status dc3_view_size(const dc3_dataset *dataset, int requested, int *size)
{
    enum { LEAST = 8, USUAL = 224, MOST = 1024 };
    if (requested && (requested < LEAST || requested > MOST))
        return dc3_fail_setting("size", "expected %d to %d pixels, found %d", LEAST, MOST, requested);
    *size = requested ? requested : dc3_usual_size(dataset, USUAL) / 8 * 8;
    return DC3_OK;
}

dc3_status dc3_compute_type(dc3_compute compute, dc3_dtype *dtype)
{
    DC3_TRY(dc3_option_check("dtype", (int)compute, 0));
    int fast = compute == DC3_COMPUTE_AUTO ? dc3_cpu_has_bf16() : compute == DC3_COMPUTE_BF16;
    *dtype = fast ? DC3_BF16 : DC3_F32;
    return DC3_OK;
}
