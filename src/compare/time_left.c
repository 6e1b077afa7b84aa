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

static const char *student_key(char key[KEY], int ipc, const char *arch, const char *labels)
{
    snprintf(key, KEY, "student %d %.60s %.20s", ipc, arch, labels);
    return key;
}

static const char *set_key(char key[KEY], int ipc, const char *method)
{
    snprintf(key, KEY, "set %d %.60s", ipc, method);
    return key;
}

static const char *text_of(const json_t *line, const char *name)
{
    const char *text = json_string_value(json_object_get(line, name));
    return text ? text : "";
}

static void add_line(json_t *means, const json_t *line)
{
    char key[KEY];
    int ipc = (int)json_integer_value(json_object_get(line, "ipc"));
    double student = json_number_value(json_object_get(line, "seconds_evaluate")),
           set = json_number_value(json_object_get(line, "seconds_condense"));
    if (ipc < 1) return;
    add(means, student_key(key, ipc, text_of(line, "arch"), text_of(line, "labels")), student);
    add(means, student_key(key, 0, text_of(line, "arch"), ""), student / ipc);
    add(means, student_key(key, 0, "", ""), student / ipc);
    add(means, set_key(key, ipc, text_of(line, "method")), set);
    add(means, set_key(key, 0, ""), set / ipc);
}

static double student_seconds(const json_t *means, const dc3_cell *cell)
{
    char key[KEY];
    double seconds = mean_of(means, student_key(key, cell->ipc, cell->arch, cell->labels));
    if (seconds < 0) seconds = cell->ipc * mean_of(means, student_key(key, 0, cell->arch, ""));
    return seconds < 0 ? cell->ipc * mean_of(means, student_key(key, 0, "", "")) : seconds;
}

static double set_seconds(const json_t *means, const dc3_cell *cell)
{
    char key[KEY];
    double seconds = mean_of(means, set_key(key, cell->ipc, cell->method));
    return seconds < 0 ? cell->ipc * mean_of(means, set_key(key, 0, "")) : seconds;
}

double dc3_seconds_left(const json_t *wanted, const dc3_results *results)
{
    size_t i;
    json_t *line, *means = json_object();
    int64_t total = dc3_wanted_count(wanted), students = total > 0 ? dc3_wanted_students(wanted) : 1;
    double sum = 0;
    json_array_foreach(results->lines, i, line) add_line(means, line);
    for (int64_t first = 0; first < total; first += students) {
        int done = 0;
        dc3_cell cell;
        for (int64_t k = first; k < first + students && k < total; k++) {
            cell = dc3_wanted_cell(wanted, k);
            if (dc3_results_find(results, &cell))
                done = 1;
            else
                sum += student_seconds(means, &cell);
        }
        cell = dc3_wanted_cell(wanted, first);
        if (!done) sum += set_seconds(means, &cell);
    }
    int known = json_object_size(means) > 0;
    json_decref(means);
    return known ? sum : -1;
}
