/* What the charts of a comparison of budgets draw: accuracy against bytes. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "report/comparison_rows.h"

/* Where a number of bytes belongs among ascending ones; `first`: those are the first of lists. */
static size_t place_of(const json_t *list, int first, double bytes)
{
    size_t i = 0;
    for (; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        if (json_number_value(first ? json_array_get(one, 0) : one) > bytes) break;
    }
    return i;
}

/* The lines of one student and kind of labels, a method each, whose points are in the order of their bytes.
 */
static json_t *lines_of(const json_t *table, const json_t *of)
{
    size_t i;
    json_t *row, *by_name = json_object(), *lines = json_array();
    json_array_foreach(table, i, row)
    {
        const char *method = dc3_row_text(row, "method");
        double top1 = dc3_comparison_number(row, "top1"), bytes = dc3_comparison_number(row, "train_bytes"),
               spread = dc3_comparison_number(row, "top1_deviation");
        int other = strcmp(dc3_row_text(row, "arch"), dc3_row_text(of, "arch")) != 0 ||
                    strcmp(dc3_row_text(row, "labels"), dc3_row_text(of, "labels")) != 0;
        if (other || !(dc3_comparison_amount(row) < 0) || !(bytes > 0) || !(top1 >= 0 && top1 <= 1)) continue;
        json_t *line = json_object_get(by_name, method);
        if (!line) {
            json_t *one = json_pack("{s:o, s:[]}", "name", dc3_json_text(method), "points");
            json_object_set(by_name, method, one);
            json_array_append(lines, one);
            json_decref(one);
            line = json_object_get(by_name, method);
        }
        double deviation = dc3_comparison_number(row, "seeds") > 1 && spread > 0 ? fmin(spread, 1) : 0;
        json_t *points = json_object_get(line, "points");
        json_array_insert_new(points, place_of(points, 1, bytes),
                              json_pack("[f, f, f]", bytes, top1, deviation));
    }
    json_decref(by_name);
    return lines;
}

/* A chart of the rows of one student and kind of labels, of which `of` is the first. */
static json_t *chart_of(const json_t *table, const json_t *of)
{
    char title[120];
    double full = dc3_comparison_number(of, "full_top1");
    json_t *ticks = json_array();
    snprintf(title, sizeof title, "%.60s, %.20s labels", dc3_row_text(of, "arch"),
             dc3_row_text(of, "labels"));
    for (size_t i = 0; i < json_array_size(table); i++) {
        const json_t *row = json_array_get(table, i);
        int known = 0;
        for (size_t k = 0; k < i && !known; k++)
            known = dc3_comparison_amount(json_array_get(table, k)) == dc3_comparison_amount(row);
        double budget = -dc3_comparison_amount(row);
        if (!known && budget > 0) json_array_insert_new(ticks, place_of(ticks, 0, budget), json_real(budget));
    }
    return json_pack("{s:o, s:o, s:o, s:o}", "title", dc3_json_text(title), "ticks", ticks, "full",
                     full >= 0 && full <= 1 ? json_real(full) : json_null(), "lines", lines_of(table, of));
}

void dc3_comparison_charts(json_t *page, const json_t *table)
{
    if (!dc3_comparison_has_budgets(table)) return;
    json_t *charts = json_array();
    for (size_t i = 0; i < json_array_size(table); i++) {
        const json_t *row = json_array_get(table, i);
        int known = 0;
        for (size_t k = 0; k < i && !known; k++) {
            const json_t *other = json_array_get(table, k);
            known = strcmp(dc3_row_text(row, "arch"), dc3_row_text(other, "arch")) == 0 &&
                    strcmp(dc3_row_text(row, "labels"), dc3_row_text(other, "labels")) == 0;
        }
        if (!known) json_array_append_new(charts, chart_of(table, row));
    }
    json_object_set_new(page, "bytes", charts);
}
