#include "gather/score_rows.h"

#include <glib.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/text.h"
#include "dc3/text.h"
#include "run_folder/fingerprint.h"

double dc3_row_number(const json_t *row, const char *key)
{
    return json_number_value(json_object_get(row, key));
}

const char *dc3_row_text(const json_t *row, const char *key)
{
    const char *text = json_string_value(json_object_get(row, key));
    return text ? text : "";
}

static char *hash_copy(uint64_t hash)
{
    json_t *text = dc3_fingerprint_text(hash);
    char *copy = strdup(json_string_value(text));
    json_decref(text);
    return copy;
}

dc3_status dc3_identity_of(const char *folder, const json_t *document, dc3_identity *is)
{
    const json_t *settings = json_object_get(document, "settings");
    char *train = dc3_path_join(folder, "train");
    *is = (dc3_identity){.method = dc3_row_text(settings, "method"),
                         .ipc = json_integer_value(json_object_get(settings, "ipc")),
                         .all = json_integer_value(json_object_get(settings, "images")),
                         .classes = json_object_get(document, "classes")};
    if (!train) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    is->budget = (int64_t)dc3_row_number(settings, "budget");
    int64_t total = json_integer_value(json_object_get(settings, "total"));
    if (!is->budget && total != is->ipc * (int64_t)json_array_size(is->classes)) is->total = total;
    is->stored = hash_copy(dc3_fingerprint_folder(train));
    is->dataset = hash_copy(dc3_fingerprint_classes(is->all, is->classes));
    free(train);
    return is->stored && is->dataset ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
}

void dc3_identity_free(dc3_identity *is)
{
    free(is->stored);
    free(is->dataset);
}

int dc3_identity_as_many(const dc3_identity *a, const dc3_identity *b)
{
    return a->budget == b->budget && (a->budget || (a->total == b->total && (a->total || a->ipc == b->ipc)));
}

int dc3_row_as_many(const dc3_identity *is, const json_t *row)
{
    double total = dc3_row_number(row, "total"), budget = dc3_row_number(row, "budget");
    if (is->budget || budget > 0) return (double)is->budget == budget;
    if (is->total || total > 0) return (double)is->total == total;
    return (double)is->ipc == dc3_row_number(row, "ipc");
}

const char *dc3_identity_amount(const dc3_identity *is, char text[DC3_ROW_AMOUNT])
{
    if (is->budget) return dc3_exact_size_text((double)is->budget, text);
    if (is->total)
        snprintf(text, DC3_ROW_AMOUNT, "%lld image%s in all", (long long)is->total, dc3_s(is->total));
    else
        snprintf(text, DC3_ROW_AMOUNT, "%lld image%s per class", (long long)is->ipc, dc3_s(is->ipc));
    return text;
}

const char *dc3_row_amount(const json_t *row, char text[DC3_ROW_AMOUNT])
{
    const double most = 1e15;
    double budget = fmin(dc3_row_number(row, "budget"), most),
           total = fmin(dc3_row_number(row, "total"), most);
    if (budget > 0) return dc3_exact_size_text(budget, text);
    snprintf(text, DC3_ROW_AMOUNT, "%.0f%s", total > 0 ? total : dc3_row_number(row, "ipc"),
             total > 0 ? " in all" : "");
    return text;
}

static int has_text(const json_t *list, const char *text)
{
    size_t i;
    json_t *one;
    json_array_foreach(list, i, one)
    {
        if (json_is_string(one) && strcmp(json_string_value(one), text) == 0) return 1;
    }
    return 0;
}

/* 1 if all classes that the row tells the accuracy of are the run's. */
static int has_classes(const dc3_identity *is, const json_t *row)
{
    const char *name;
    json_t *value, *classes = json_object_get(row, "class_top1");
    json_object_foreach(classes, name, value)
    {
        if (!has_text(is->classes, name)) return 0;
    }
    return json_object_size(classes) > 0;
}

/* Of a comparison's table. */
static dc3_row_kind kind_in_table(const dc3_identity *is, const json_t *row)
{
    const json_t *sets = json_object_get(row, "stored");
    if (strcmp(dc3_row_text(row, "method"), is->method) != 0 || !dc3_row_as_many(is, row))
        return DC3_ROW_BESIDE;
    return !json_is_array(sets) || has_text(sets, is->stored) ? DC3_ROW_OWN : DC3_ROW_LIKE;
}

dc3_row_kind dc3_row_kind_of(const dc3_identity *is, const json_t *row)
{
    const char *stored = dc3_row_text(json_object_get(row, "settings"), "stored"),
               *dataset = dc3_row_text(row, "dataset");
    if (*stored) return strcmp(stored, is->stored) == 0 ? DC3_ROW_OWN : DC3_ROW_OTHER;
    if (*dataset && strcmp(dataset, is->dataset) != 0) return DC3_ROW_OTHER;
    if (*dc3_row_text(row, "method")) return kind_in_table(is, row);
    json_int_t images = json_integer_value(json_object_get(row, "images"));
    if (*dataset || !json_object_get(row, "images") || images == is->images) return DC3_ROW_OWN;
    return images == is->all && has_classes(is, row) ? DC3_ROW_FULL : DC3_ROW_OTHER;
}

static int is_row(const json_t *row)
{
    return json_object_get(row, "arch") && json_is_number(json_object_get(row, "top1"));
}

/* 1 if the row is not among those that are known, which it is from here on. */
static int is_new(GHashTable *known, const json_t *row)
{
    char *text = json_dumps(row, JSON_COMPACT | JSON_SORT_KEYS);
    return !text || g_hash_table_add(known, text);
}

dc3_status dc3_rows_read(const dc3_identity *is, const char *path, json_t *rows, int *counts)
{
    char *text;
    size_t size, i;
    json_t *row;
    int found = 0;
    memset(counts, 0, DC3_ROW_KINDS * sizeof *counts);
    DC3_TRY(dc3_file_read(path, 1 << 28, &text, &size));
    json_t *all = json_loadb(text, size, 0, NULL);
    free(text);
    GHashTable *known = g_hash_table_new_full(g_str_hash, g_str_equal, free, NULL);
    json_array_foreach(rows, i, row) is_new(known, row);
    json_array_foreach(all, i, row)
    {
        if (!is_row(row)) continue;
        dc3_row_kind kind = dc3_row_kind_of(is, row);
        found++;
        counts[kind]++;
        if (kind != DC3_ROW_OTHER && is_new(known, row)) json_array_append(rows, row);
    }
    json_decref(all);
    g_hash_table_destroy(known);
    if (found) return DC3_OK;
    return dc3_fail(DC3_ERR_FORMAT, "%s: expected the scores that dc3 evaluate %s prints, found none", path,
                    dc3_setting("json"));
}

/* Standard deviation of an accuracy on so many images; that of half an image where it is 0 or 1. */
static double sampling_deviation(double accuracy, double images)
{
    double half = 0.5 / images, p = fmin(fmax(accuracy, half), 1 - half);
    return sqrt(p * (1 - p) / images);
}

const char *dc3_rows_doubt(const json_t *rows, char text[DC3_ROWS_DOUBT])
{
    size_t i;
    json_t *row;
    double sampling = 0, images = 0, spread = -1;
    const char *most = json_array_size(rows) > 1 ? "up to " : "";
    char students[80] = "how far students differ is not known";
    json_array_foreach(rows, i, row)
    {
        double n = fmin(dc3_row_number(row, "test_images"), 1e9);
        double here = n < 1 ? 0 : sampling_deviation(dc3_row_number(row, "top1"), n);
        if (here > sampling) sampling = here, images = n;
        if (dc3_row_number(row, "seeds") > 1 && json_is_number(json_object_get(row, "top1_deviation")))
            spread = fmax(spread, fmin(fabs(dc3_row_number(row, "top1_deviation")), 1));
    }
    if (spread >= 0)
        snprintf(students, sizeof students, "students differ by %s%.1f points", most, 100 * spread);
    if (sampling > 0)
        snprintf(text, DC3_ROWS_DOUBT,
                 "on %.0f test image%s an accuracy may be off by %s%.1f points (standard deviation), and %s",
                 images, images > 1 ? "s" : "", most, 100 * sampling, students);
    else
        snprintf(text, DC3_ROWS_DOUBT, "%s", students);
    return text;
}
