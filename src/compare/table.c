/* The table of a comparison. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "compare/row.h"

enum { SCORE_TEXT = 16 };

typedef struct table {
    const dc3_comparing *c;
    double *values; /* [seeds], of a cell */
    FILE *text;
    json_t *rows;
} table;

static void score_text(double score, char text[SCORE_TEXT])
{
    snprintf(text, SCORE_TEXT, "-");
    if (!isnan(score)) snprintf(text, SCORE_TEXT, "%.4f", score);
}

static void print_row(const table *t, const dc3_row *r)
{
    char five[SCORE_TEXT], score[SCORE_TEXT], amount[DC3_NUMBER_TEXT],
        deviation[16] = ""; /* one seed has none */
    const dc3_cell *w = &r->cell;
    score_text(r->value[DC3_ROW_LABEL_ROBUST], score);
    snprintf(five, sizeof five, "%6s ", "-"); /* five of as many classes or fewer are always right */
    if (t->c->classes > 5)
        snprintf(five, sizeof five, "%6.2f%c", 100 * r->value[DC3_ROW_TOP5], r->mark[DC3_ROW_TOP5]);
    if (r->n > 1) snprintf(deviation, sizeof deviation, "+- %5.2f", 100 * r->spread[DC3_ROW_TOP1]);
    if (w->budget)
        fprintf(t->text, "%9s  %6.0f  %-8s ", dc3_cell_amount_text(w, amount), r->images, r->format);
    else
        fprintf(t->text, "%4d  ", w->ipc);
    fprintf(t->text, "%-18s %-6s %-12s %6.2f%c %-8s  %s %6.2f%c %8.1f  %9.1f  %9.1f  %6.1f  %7s%c", w->arch,
            w->labels, w->method, 100 * r->value[DC3_ROW_TOP1], r->mark[DC3_ROW_TOP1], deviation, five,
            100 * r->value[DC3_ROW_BEST], r->mark[DC3_ROW_BEST], r->seconds,
            (w->budget ? r->train : r->bytes) * 1e-3, r->labels * 1e-3, r->colour, score,
            r->mark[DC3_ROW_LABEL_ROBUST]);
    if (t->c->options->augment_robust) {
        score_text(r->value[DC3_ROW_AUGMENT_ROBUST], score);
        fprintf(t->text, " %7.2f  %7s%c", 100 * r->unaugmented, score, r->mark[DC3_ROW_AUGMENT_ROBUST]);
    }
    fprintf(t->text, " %d\n", r->n);
}

static dc3_status store_row(const table *t, const dc3_row *r)
{
    json_t *o = dc3_row_json(t->c, r);
    return o && json_array_append_new(t->rows, o) == 0 ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
}

/* The methods of one size, student and kind of labels. */
static dc3_status add_group(const table *t, dc3_cell w, dc3_row *rows)
{
    const char *const *methods = t->c->options->methods;
    int count = 0;
    dc3_status status = DC3_OK;
    for (; methods[count]; count++) {
        w.method = methods[count];
        dc3_row_collect(t->c, &w, t->values, rows + count);
    }
    dc3_rows_mark(rows, count);
    for (int m = 0; status == DC3_OK && m < count; m++) {
        if (rows[m].n) print_row(t, rows + m);
        if (rows[m].n || rows[m].needed > 0) status = store_row(t, rows + m);
    }
    return status;
}

/* A row for each size, student, kind of labels and method. */
static dc3_status add_rows(const table *t)
{
    const dc3_compare_options *o = t->c->options;
    int methods = 0;
    while (o->methods[methods]) methods++;
    dc3_row *rows = calloc((size_t)methods + 1, sizeof *rows);
    dc3_status status = rows ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    dc3_cell w = {.augment = dc3_usual_augment(o)};
    for (int i = 0; dc3_wanted_amount(o, i, &w); i++)
        for (int a = 0; o->archs[a]; a++)
            for (int l = 0; o->labels[l] != DC3_LABELS_END; l++) {
                w.arch = o->archs[a];
                w.labels = dc3_label_kind_name(o->labels[l]);
                if (status == DC3_OK) status = add_group(t, w, rows);
            }
    free(rows);
    return status;
}

static dc3_status write_table(const table *t)
{
    int bytes = t->c->options->budgets != NULL;
    fputs(bytes ? "   budget  images  format   " : " IPC  ", t->text);
    fprintf(t->text, "%-18s %-6s %-12s %-16s  %6s  %6s  %8s  %9s  %9s  %6s  %7s%s  seeds\n", "student",
            "labels", "method", "top-1, last (%)", "top-5", "best", "seconds",
            bytes ? "train kB" : "images kB", "labels kB", "colour", "LRS",
            t->c->options->augment_robust ? "  no aug.      ARS" : "");
    DC3_TRY(add_rows(t));
    dc3_comparing_conditions(t->c, t->text);
    t->c->report->json = json_dumps(t->rows, JSON_INDENT(2) | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(6));
    if (!t->c->report->json || ferror(t->text)) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    return dc3_json_write(t->c->options->out, "table.json", t->rows, JSON_SORT_KEYS);
}

dc3_status dc3_comparing_table(dc3_comparing *c)
{
    size_t size = 0;
    table t = {.c = c,
               .values = malloc((size_t)c->options->seeds * sizeof *t.values),
               .text = open_memstream(&c->report->table, &size),
               .rows = json_array()};
    char *path = dc3_path_join(c->options->out, "table.txt");
    dc3_status status =
        t.values && t.text && t.rows && path ? write_table(&t) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (t.text && fclose(t.text) != 0 && status == DC3_OK) status = dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK) status = dc3_file_write(path, c->report->table, size);
    free(t.values);
    free(path);
    json_decref(t.rows);
    return status;
}
