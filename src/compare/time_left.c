#include "compare/time_left.h"

#include <stdio.h>
#include <string.h>

enum { KEY = 200 };

/* Means by key: {"KEY": [sum, count]}. */
static void add(json_t *means, const char *key, double value)
{
    json_t *mean = json_object_get(means, key);
    double sum = json_number_value(json_array_get(mean, 0)),
           count = json_number_value(json_array_get(mean, 1));
    json_object_set_new(means, key, json_pack("[f, f]", sum + value, count + 1));
}

/* -1: nothing has that key. */
static double mean_of(const json_t *means, const char *key)
{
    const json_t *mean = json_object_get(means, key);
    double count = json_number_value(json_array_get(mean, 1));
    return count > 0 ? json_number_value(json_array_get(mean, 0)) / count : -1;
}

/* amount: of images of each class, or of bytes; 0: for each of them. */
static const char *student_key(char key[KEY], int64_t amount, const char *arch, const char *labels)
{
    snprintf(key, KEY, "student %lld %.60s %.20s", (long long)amount, arch, labels);
    return key;
}

static const char *set_key(char key[KEY], int64_t amount, const char *method)
{
    snprintf(key, KEY, "set %lld %.60s", (long long)amount, method);
    return key;
}

static const char *text_of(const json_t *line, const char *name)
{
    const char *text = json_string_value(json_object_get(line, name));
    return text ? text : "";
}

/* A line of the other kind of amount says nothing. */
static void add_line(json_t *means, const json_t *line, int bytes)
{
    char key[KEY];
    int64_t amount = bytes ? -dc3_line_amount(line) : dc3_line_amount(line);
    double student = json_number_value(json_object_get(line, "seconds_evaluate")),
           set = json_number_value(json_object_get(line, "seconds_condense"));
    if (amount < 1) return;
    add(means, student_key(key, amount, text_of(line, "arch"), text_of(line, "labels")), student);
    add(means, student_key(key, 0, text_of(line, "arch"), ""), student / (double)amount);
    add(means, student_key(key, 0, "", ""), student / (double)amount);
    add(means, set_key(key, amount, text_of(line, "method")), set);
    add(means, set_key(key, 0, ""), set / (double)amount);
}

static double student_seconds(const json_t *means, const dc3_cell *cell)
{
    char key[KEY];
    int64_t amount = cell->budget ? cell->budget : cell->ipc;
    double seconds = mean_of(means, student_key(key, amount, cell->arch, cell->labels)),
           each = mean_of(means, student_key(key, 0, cell->arch, ""));
    if (seconds >= 0) return seconds;
    return (double)amount * (each < 0 ? mean_of(means, student_key(key, 0, "", "")) : each);
}

static double set_seconds(const json_t *means, const dc3_cell *cell)
{
    char key[KEY];
    int64_t amount = cell->budget ? cell->budget : cell->ipc;
    double seconds = mean_of(means, set_key(key, amount, cell->method));
    return seconds < 0 ? (double)amount * mean_of(means, set_key(key, 0, "")) : seconds;
}

double dc3_seconds_left(const json_t *wanted, const dc3_results *results)
{
    size_t i;
    json_t *line, *means = json_object();
    int64_t total = dc3_wanted_count(wanted), students = total > 0 ? dc3_wanted_students(wanted) : 1;
    double sum = 0;
    int bytes = total > 0 && dc3_wanted_cell(wanted, 0).budget;
    json_array_foreach(results->lines, i, line) add_line(means, line, bytes);
    for (int64_t first = 0; first < total; first += students) {
        int done = 0;
        dc3_cell cell;
        for (int64_t k = first; k < first + students && k < total; k++) {
            cell = dc3_wanted_cell(wanted, k);
            if (dc3_results_find(results, &cell))
                done = 1;
            else if (dc3_results_needed(results, &cell) <= 0)
                sum += student_seconds(means, &cell);
        }
        cell = dc3_wanted_cell(wanted, first);
        if (dc3_results_needed(results, &cell) > 0) continue;
        if (!done) sum += set_seconds(means, &cell);
    }
    int known = json_object_size(means) > 0;
    json_decref(means);
    return known ? sum : -1;
}
