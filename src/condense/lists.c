#include "condense/lists.h"

#include <glib.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/file.h"
#include "features/copies.h"
#include "io/csv.h"
#include "methods/chosen.h"
#include "methods/method.h"
#include "methods/selection.h"
#include "options/option_names.h"
#include "output/list_place.h"
#include "select/objective.h"

/* ---- lines of JSON ---- */

static void print_line(const dc3_run *run, FILE *file, const dc3_part *part, const int64_t *bin)
{
    int label = dc3_dataset_label(run->dataset, part->item);
    json_t *o = json_object();
    json_object_set_new(o, "source", dc3_json_text(dc3_dataset_key(run->dataset, part->item)));
    json_object_set_new(o, "label", json_integer(label));
    json_object_set_new(o, "class", dc3_json_text(dc3_dataset_class_name(run->dataset, label)));
    if (bin) json_object_set_new(o, "bin", json_integer(*bin));
    dc3_part_to_json(part, o);
    if (part->box.side)
        json_object_set_new(
            o, "box",
            json_pack("[i, i, i, i]", part->box.left, part->box.top, part->box.side, part->box.side));
    char *line = json_dumps(o, JSON_COMPACT | JSON_PRESERVE_ORDER);
    if (line) fprintf(file, "%s\n", line);
    free(line);
    json_decref(o);
}

/* ---- comma-separated values ---- */

/* What rows of chosen images are made with. */
typedef struct table {
    const dc3_run *run;
    FILE *to;
    const char *objective; /* or the selection in its place; "": none */
    GHashTable *stands;    /* items to GStrings: the images that they stand for, which were left out */
} table;

static void print_text(FILE *to, const char *text)
{
    if (*text) dc3_csv_print(to, text);
    fputc(',', to);
}

static void free_text(gpointer text)
{
    g_string_free(text, TRUE);
}

/* The image that stands for an item at the end. */
static int64_t find_last(const dc3_run *run, int64_t item)
{
    int64_t stands;
    for (int64_t n = dc3_dataset_size(run->dataset); n-- && (stands = dc3_copies_stands_for(run, item)) >= 0;)
        item = stands;
    return item;
}

static GHashTable *find_stands(const dc3_run *run)
{
    GHashTable *found = g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, free_text);
    for (int64_t item = 0; run->items && item < dc3_dataset_size(run->dataset); item++) {
        int64_t last = find_last(run, item);
        if (last == item) continue;
        GString *text = g_hash_table_lookup(found, GSIZE_TO_POINTER(last));
        if (!text) g_hash_table_insert(found, GSIZE_TO_POINTER(last), text = g_string_new(NULL));
        g_string_append_printf(text, "%s%s", text->len ? "; " : "", dc3_dataset_key(run->dataset, item));
    }
    return found;
}

/* path (of a file, absolute), label, image: what rows begin with. */
static void print_image(const dc3_run *run, FILE *to, int64_t item)
{
    char *file = dc3_dataset_file(run->dataset, item),
         *whole = file ? g_canonicalize_filename(file, NULL) : NULL;
    print_text(to, whole ? whole : "");
    print_text(to, dc3_dataset_class_name(run->dataset, dc3_dataset_label(run->dataset, item)));
    dc3_csv_print(to, dc3_dataset_key(run->dataset, item));
    g_free(whole), free(file);
}

/* What heads and rows end with: the numbers of the groups of a manifest that has some. */
static void end_head(const dc3_run *run, FILE *to)
{
    fputs(dc3_dataset_groups(run->dataset) ? ",group\n" : "\n", to);
}

static void end_row(const dc3_run *run, FILE *to, int64_t item)
{
    int group = dc3_dataset_group(run->dataset, item);
    if (dc3_dataset_groups(run->dataset)) fputc(',', to);
    if (group) fprintf(to, "%d", group);
    fputc('\n', to);
}

static void print_chosen(const table *t, const dc3_part *part)
{
    const GString *stands = g_hash_table_lookup(t->stands, GSIZE_TO_POINTER(part->item));
    print_image(t->run, t->to, part->item);
    fputc(',', t->to);
    print_text(t->to, t->run->method->words->name);
    print_text(t->to, t->objective);
    if (part->rank && part->bin >= 0) fprintf(t->to, "%lld", (long long)part->bin);
    fputc(',', t->to);
    if (part->rank) fprintf(t->to, "%d", part->rank);
    fputc(',', t->to);
    if (part->rank && isfinite(part->gain)) fprintf(t->to, "%.9g", part->gain);
    fputc(',', t->to);
    if (part->repeat) fprintf(t->to, "%d", part->repeat);
    fputc(',', t->to);
    if (part->box.side)
        fprintf(t->to, "%d %d %d %d", part->box.left, part->box.top, part->box.side, part->box.side);
    fputc(',', t->to);
    if (stands) dc3_csv_print(t->to, stands->str);
    end_row(t->run, t->to, part->item);
}

static void print_table(const dc3_run *run, FILE *to, const dc3_part *parts, int64_t count)
{
    const dc3_condense_options *o = run->options;
    table t = {run, to, "", find_stands(run)};
    if (run->selection)
        t.objective = dc3_selection_names[o->selection];
    else if (dc3_run_uses(run) & DC3_USES_OBJECTIVE)
        t.objective = dc3_objective_names[o->select.objective];
    fputs("path,label,image,method,objective,bin,rank,gain,repeat,box,stands_for", to);
    end_head(run, to);
    for (int64_t i = 0; i < count; i++) print_chosen(&t, parts + i);
    g_hash_table_destroy(t.stands);
}

static void print_bins(const dc3_run *run, FILE *to, const dc3_part *parts, const int64_t *bins,
                       int64_t count)
{
    fputs("path,label,image,bin", to);
    end_head(run, to);
    for (int64_t i = 0; i < count; i++) {
        print_image(run, to, parts[i].item);
        fprintf(to, ",%lld", (long long)bins[i]);
        end_row(run, to, parts[i].item);
    }
}

dc3_status dc3_list_write(const dc3_run *run, const dc3_part *parts, const int64_t *bins, int64_t count,
                          const char *place)
{
    dc3_draft list;
    DC3_TRY(dc3_draft_open(&list));
    int is_table = dc3_list_is_table(run->options->out);
    if (is_table && bins)
        print_bins(run, list.file, parts, bins, count);
    else if (is_table)
        print_table(run, list.file, parts, count);
    for (int64_t i = 0; !is_table && i < count; i++)
        print_line(run, list.file, parts + i, bins ? bins + i : NULL);
    return dc3_draft_write(&list, DC3_OK, place);
}
