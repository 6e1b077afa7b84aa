#include "report/training_measures.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* By the teacher's embeddings, by Inception. */
enum { NETWORKS = 2, COLUMNS = 9 };
static const char *const members[NETWORKS] = {"features", "inception"};
static const struct {
    const char *title[NETWORKS], *key[NETWORKS];
    int digits;
} columns[COLUMNS] = {{{"Frechet distance", "FID"}, {"frechet_distance", "fid"}, 2},
                      {{"Kernel distance", "KID"}, {"kernel_distance", "kid"}, 5},
                      {{"its error", "its error"}, {"kernel_distance_error", "kid_error"}, 5},
                      {{"Precision", "Precision"}, {"precision", "precision"}, 3},
                      {{"Recall", "Recall"}, {"recall", "recall"}, 3},
                      {{"Density", "Density"}, {"density", "density"}, 3},
                      {{"Coverage", "Coverage"}, {"coverage", "coverage"}, 3},
                      {{"Classifier score", "Inception score"}, {"classifier_score", "inception_score"}, 2},
                      {{"Memorised", "Memorised"}, {"memorised", "memorised"}, 3}};
enum { FRECHET = 0, PRECISION = 3, RECALL = 4 };

/* The number that the dataset's name ends in; -1: none. */
static double step_of(const json_t *set)
{
    const char *path = json_string_value(json_object_get(set, "path"));
    size_t n = path ? strlen(path) : 0, end;
    while (n && path[n - 1] == '/') n--;
    if (n > 6 && strncmp(path + n - 6, "/train", 6) == 0) n -= 6;
    for (end = n; n && isdigit((unsigned char)path[n - 1]);) n--;
    return n < end && end - n < 10 ? strtod(path + n, NULL) : -1;
}

static double value_of(const json_t *set, int network, int column)
{
    const json_t *value =
        json_object_get(json_object_get(set, members[network]), columns[column].key[network]);
    return json_is_number(value) && fabs(json_number_value(value)) < 1e12 ? json_number_value(value) : NAN;
}

static json_t *cell(double value, int digits)
{
    char text[40];
    snprintf(text, sizeof text, "%.*f", digits, value);
    return json_string(isnan(value) ? "" : text);
}

/* How recall went over the steps; "" where it is of fewer than two. */
static void describe_recall(const json_t *sets, int network, char *text, size_t size)
{
    size_t i;
    json_t *set;
    double best = -1, best_step = -1, last = -1, last_step = -1;
    int count = 0;
    json_array_foreach(sets, i, set)
    {
        double step = step_of(set), recall = value_of(set, network, RECALL);
        if (step < 0 || isnan(recall)) continue;
        count++;
        if (recall > best) best = recall, best_step = step;
        if (step > last_step) last = recall, last_step = step;
    }
    *text = 0;
    if (count > 1)
        snprintf(text, size,
                 "Recall is highest after step %.0f (%.3f), and %.3f after step %.0f, the last. A generator "
                 "whose recall falls while the training goes on collapses.",
                 best_step, best, last, last_step);
}

static void add_table(json_t *page, const json_t *document, int network)
{
    size_t i;
    json_t *set, *head = json_pack("[s]", "Images"), *rows = json_array();
    const json_t *sets = json_object_get(document, "datasets"),
                 *first = json_object_get(json_array_get(sets, 0), members[network]);
    const char *name = json_string_value(json_object_get(first, "network"));
    char title[160], text[400];
    for (int c = 0; c < COLUMNS; c++) json_array_append_new(head, json_string(columns[c].title[network]));
    json_array_foreach(sets, i, set)
    {
        json_t *row = json_array();
        const char *path = json_string_value(json_object_get(set, "path"));
        json_array_append_new(row, dc3_json_text(path ? path : ""));
        for (int c = 0; c < COLUMNS; c++)
            json_array_append_new(row, cell(value_of(set, network, c), columns[c].digits));
        json_array_append_new(rows, row);
    }
    describe_recall(sets, network, text, sizeof text);
    snprintf(title, sizeof title, "By the features of: %.100s", name ? name : "?");
    json_array_append_new(
        json_object_get(page, "measured"),
        json_pack("{s:s, s:s, s:o, s:o}", "title", title, "text", text, "head", head, "rows", rows));
}

static json_t *line_of(const json_t *sets, int network, int column)
{
    size_t i;
    json_t *set, *points = json_array();
    json_array_foreach(sets, i, set)
    {
        double step = step_of(set), value = value_of(set, network, column);
        size_t at = 0; /* in the order of the steps */
        if (step < 0 || isnan(value)) continue;
        while (at < json_array_size(points) &&
               json_number_value(json_array_get(json_array_get(points, at), 0)) < step)
            at++;
        json_array_insert_new(points, at, json_pack("[f, f]", step, value));
    }
    return json_pack("{s:s, s:o}", "name", columns[column].title[network], "points", points);
}

static void add_plot(json_t *plots, const char *title, json_t *lines)
{
    size_t i;
    json_t *line;
    int drawn = 0;
    json_array_foreach(lines, i, line) drawn |= json_array_size(json_object_get(line, "points")) > 1;
    if (drawn)
        json_array_append_new(plots, json_pack("{s:s, s:o}", "title", title, "lines", lines));
    else
        json_decref(lines);
}

void dc3_training_measures(json_t *page, json_t *plots, const json_t *document)
{
    const json_t *sets = json_object_get(document, "datasets");
    json_object_set_new(page, "measured", json_array());
    for (int network = 0; network < NETWORKS; network++) {
        if (!json_is_object(json_object_get(json_array_get(sets, 0), members[network]))) continue;
        json_t *shares = json_array(), *distance = json_array();
        add_table(page, document, network);
        json_array_append_new(shares, line_of(sets, network, PRECISION));
        json_array_append_new(shares, line_of(sets, network, RECALL));
        json_array_append_new(distance, line_of(sets, network, FRECHET));
        add_plot(plots, "Precision and recall", shares);
        add_plot(plots, columns[FRECHET].title[network], distance);
    }
}
