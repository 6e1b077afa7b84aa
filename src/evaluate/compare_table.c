/* The table of a comparison. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "evaluate/comparing.h"

enum { SCORE_TEXT = 16 };

typedef struct table {
    const dc3_comparing *c;
    double *values; /* [seeds], of a cell */
    FILE *text;
    json_t *rows;
} table;

static int number(const json_t *line, const char *key)
{
    return (int)json_integer_value(json_object_get(line, key));
}

/* Mean and deviation of `key` over the seeds of a cell; the number of seeds. */
static int over_seeds(const table *t, dc3_cell w, const char *key, double *mean, double *deviation)
{
    int n = 0;
    for (w.seed = 0; w.seed < t->c->options->seeds; w.seed++) {
        const json_t *line = dc3_results_find(&t->c->results, &w);
        if (line) t->values[n++] = json_number_value(json_object_get(line, key));
    }
    dc3_mean_deviation(t->values, n, mean, deviation);
    return n;
}

/* DD-Ranking's label-robust score, NaN where a part of it is not there. */
static double label_robust(const table *t, dc3_cell w)
{
    double hard, soft, random, d;
    w.labels = "hard";
    int n = over_seeds(t, w, "top1", &hard, &d);
    w.labels = "soft";
    int m = over_seeds(t, w, "top1", &soft, &d);
    w.method = "random";
    int k = over_seeds(t, w, "top1", &random, &d);
    if (!n || !m || !k || t->c->real_hard < 0) return NAN;
    return dc3_label_robust_score(t->c->real_hard, hard, soft, random);
}

/* The same of its augmentation-robust score. */
static double augment_robust(const table *t, dc3_cell w)
{
    double with[2], without[2], d;
    int n = 1;
    for (int random = 0; random < 2; random++) {
        if (random) w.method = "random";
        w.augment = dc3_usual_augment(t->c->options);
        n = n && over_seeds(t, w, "top1", &with[random], &d);
        w.augment = "none";
        n = n && over_seeds(t, w, "top1", &without[random], &d);
    }
    return n ? dc3_augment_robust_score(with[0], with[1], without[0], without[1]) : NAN;
}

static void score_text(double score, char text[SCORE_TEXT])
{
    snprintf(text, SCORE_TEXT, "-");
    if (!isnan(score)) snprintf(text, SCORE_TEXT, "%.4f", score);
}

static dc3_status set_number(json_t *row, const char *key, double value)
{
    return json_object_set_new(row, key, json_real(value)) == 0 ? DC3_OK
                                                                : dc3_fail(DC3_ERR_MEMORY, "out of memory");
}

/* What a row says of the students without augmentation. */
static dc3_status add_unaugmented(const table *t, dc3_cell w, json_t *row)
{
    double top1, spread, score = augment_robust(t, w);
    char text[SCORE_TEXT];
    w.augment = "none";
    over_seeds(t, w, "top1", &top1, &spread);
    score_text(score, text);
    fprintf(t->text, "  %7.2f  %7s", 100 * top1, text);
    DC3_TRY(set_number(row, "top1_unaugmented", top1));
    DC3_TRY(set_number(row, "top1_unaugmented_deviation", spread));
    return isnan(score) ? DC3_OK : set_number(row, "augmentation_robust_score", score);
}

/* The row of a cell that has scores, for the table and as an object. */
static dc3_status add_row(const table *t, const dc3_cell *w)
{
    double top1, spread, top5, spread5, best, d, seconds, bytes, labels, colour, robust = label_robust(t, *w);
    int n = over_seeds(t, *w, "top1", &top1, &spread);
    if (!n) return DC3_OK;
    over_seeds(t, *w, "top5", &top5, &spread5);
    over_seeds(t, *w, "best_top1", &best, &d);
    over_seeds(t, *w, "seconds_condense", &seconds, &d);
    over_seeds(t, *w, "image_bytes", &bytes, &d);
    over_seeds(t, *w, "label_bytes", &labels, &d);
    over_seeds(t, *w, "colourfulness", &colour, &d);
    char score[SCORE_TEXT], deviation[16] = ""; /* one seed has none */
    score_text(robust, score);
    if (n > 1) snprintf(deviation, sizeof deviation, "+- %5.2f", 100 * spread);
    fprintf(t->text, "%4d  %-18s %-6s %-12s %6.2f %-8s  %6.2f  %6.2f  %8.1f  %9.1f  %9.1f  %6.1f  %7s",
            w->ipc, w->arch, w->labels, w->method, 100 * top1, deviation, 100 * top5, 100 * best, seconds,
            bytes * 1e-3, labels * 1e-3, colour, score);
    json_t *row = json_pack("{s:i, s:s, s:s, s:s, s:i, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f}", "ipc",
                            w->ipc, "arch", w->arch, "labels", w->labels, "method", w->method, "seeds", n,
                            "top1", top1, "top1_deviation", spread, "top5", top5, "top5_deviation", spread5,
                            "best_top1", best, "seconds_condense", seconds, "image_bytes", bytes,
                            "label_bytes", labels, "colourfulness", colour);
    if (!row || json_array_append_new(t->rows, row) != 0) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (!isnan(robust)) DC3_TRY(set_number(row, "label_robust_score", robust));
    if (t->c->options->augment_robust) DC3_TRY(add_unaugmented(t, *w, row));
    fprintf(t->text, "  %d\n", n);
    return DC3_OK;
}

/* A row for each size, student, kind of labels and method. */
static dc3_status add_rows(const table *t)
{
    const dc3_compare_options *o = t->c->options;
    for (int i = 0; o->ipcs[i]; i++)
        for (int a = 0; o->archs[a]; a++)
            for (int l = 0; o->labels[l] != DC3_LABELS_END; l++)
                for (int m = 0; o->methods[m]; m++) {
                    const dc3_cell w = {.ipc = o->ipcs[i],
                                        .method = o->methods[m],
                                        .arch = o->archs[a],
                                        .labels = dc3_label_kind_name(o->labels[l]),
                                        .augment = dc3_usual_augment(o)};
                    DC3_TRY(add_row(t, &w));
                }
    return DC3_OK;
}

static void print_batches(const table *t)
{
    const dc3_compare_options *o = t->c->options;
    for (int i = 0; o->ipcs[i]; i++) {
        const dc3_cell w = {.ipc = o->ipcs[i],
                            .seed = -1,
                            .method = o->methods[0],
                            .arch = o->archs[0],
                            .labels = dc3_label_kind_name(o->labels[0]),
                            .augment = dc3_usual_augment(o)};
        const json_t *line = dc3_results_find(&t->c->results, &w);
        if (line)
            fprintf(t->text, "%s batches of %d (IPC %d)", i ? "," : ";", number(line, "batch"), o->ipcs[i]);
    }
}

/* Under which conditions the scores were made, which they mean nothing without. */
static void print_conditions(const table *t)
{
    const dc3_comparing *c = t->c;
    const dc3_compare_options *o = c->options;
    const json_t *lines = c->results.lines, *last = json_array_get(lines, json_array_size(lines) - 1);
    double temperature = o->evaluate.temperature > 0 ? o->evaluate.temperature : 20;
    if (!last) return;
    fprintf(t->text, "\nstudents: %d epochs, %d px, %s", number(last, "epochs"), number(last, "size"),
            dc3_dtype_name(c->dtype));
    print_batches(t);
    fprintf(t->text, "; %s\n",
            strcmp(dc3_usual_augment(o), "none") ? "views by RDED's protocol" : "whole images");
    fprintf(t->text, "labels: soft ones by the teacher of each batch's views, at temperature %g\n",
            temperature);
    fprintf(t->text, "teacher: %s", o->condense.teacher ? o->condense.teacher : "none");
    if (c->tests->teacher)
        fprintf(t->text, ", top-1 %.2f %% on the same images", 100 * c->tests->teacher_top1);
    fprintf(t->text, "\n");
    if (c->real_hard >= 0)
        fprintf(t->text, "LRS takes %.2f %% as the accuracy of the student trained on everything\n",
                100 * c->real_hard);
}

static dc3_status write_table(const table *t)
{
    fprintf(t->text, "%4s  %-18s %-6s %-12s %-15s  %6s  %6s  %8s  %9s  %9s  %6s  %7s%s  seeds\n", "IPC",
            "student", "labels", "method", "top-1, last (%)", "top-5", "best", "seconds", "images kB",
            "labels kB", "colour", "LRS", t->c->options->augment_robust ? "  no aug.      ARS" : "");
    DC3_TRY(add_rows(t));
    print_conditions(t);
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
