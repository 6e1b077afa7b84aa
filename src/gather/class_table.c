/* The table of all classes, also those of which no image is shown. */
#include <math.h>
#include <stdio.h>
#include "gather/parts.h"
#include "gather/sample.h"

static void add_cell(json_t *row, double value, const char *format)
{
    char text[32] = "\xe2\x80\x93";
    if (!isnan(value)) snprintf(text, sizeof text, format, value);
    json_array_append_new(row, json_string(text));
}

void dc3_gather_class_table(dc3_reporting *r)
{
    int scored = 0, changed = 0;
    json_t *rows = json_array(), *head = json_pack("[s, s]", "Class", "Images stored");
    for (int64_t i = 0; i < r->classes_count; i++) {
        scored |= !isnan(r->classes[i].top1);
        changed |= r->classes[i].change > 0;
    }
    if (scored) json_array_append_new(head, json_string("Top-1 (%)"));
    if (changed) json_array_append_new(head, json_string("Mean change of a pixel (0 to 255)"));
    for (int64_t i = 0; i < r->classes_count; i++) {
        const dc3_gather_class *c = r->classes + i;
        json_t *row = json_array();
        json_array_append(row, json_object_get(json_array_get(r->lines, c->first), "class"));
        add_cell(row, (double)c->stored, "%.0f");
        if (scored) add_cell(row, 100 * c->top1, "%.1f");
        if (changed) add_cell(row, c->change, "%.1f");
        json_array_append_new(rows, row);
    }
    json_object_set_new(r->page, "class_table", json_pack("{s:o, s:o}", "head", head, "rows", rows));
}
