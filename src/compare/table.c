/* The table of a comparison. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "compare/comparing.h"
#include "run_folder/fingerprint.h"

enum { SCORE_TEXT = 16 };

typedef struct table {
    const dc3_comparing *c;
    double *values; /* [seeds], of a cell */
    FILE *text;
    json_t *rows;
} table;

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

static dc3_status set_number(json_t *row, const char *key, double value)
{
    return json_object_set_new(row, key, json_real(value)) == 0 ? DC3_OK
                                                                : dc3_fail(DC3_ERR_MEMORY, "out of memory");
}

/* The columns in which the best is marked. */
enum { TOP1, TOP5, BEST, LABEL_ROBUST, AUGMENT_ROBUST, MARKED };
static const char *const marked_names[MARKED] = {"top1", "top5", "best_top1", "label_robust_score",
                                                 "augmentation_robust_score"};

/* A row before it is printed: values, NaN where there are none, and their deviations over the seeds. */
typedef struct row {
    dc3_cell cell;
    int n;
    double value[MARKED], spread[MARKED];
    double seconds, bytes, labels, colour, unaugmented, unaugmented_spread;
    double images, train; /* of a budget: how many, and bytes of images and metadata.jsonl */
    const char *format;   /* of a budget; the line's */
    double needed;        /* dc3_comparing_needed */
    char mark[MARKED];    /* '*' the best, '~' not told apart from it, ' ' else */
} row;

/* How the images of a budget are stored, of the first seed that is there. */
static const char *format_of(const table *t, dc3_cell w)
{
    w.seed = -1;
    const char *format = json_string_value(json_object_get(dc3_results_find(&t->c->results, &w), "format"));
    return format ? format : "?";
}

static void collect_row(const table *t, const dc3_cell *w, row *r)
{
    static const char *const keys[] = {"top1", "top5", "best_top1"};
    double d;
    *r = (row){.cell = *w, .needed = dc3_comparing_needed(t->c, *w)};
    for (int i = TOP1; i <= BEST; i++) r->n = over_seeds(t, *w, keys[i], &r->value[i], &r->spread[i]);
    if (!r->n) return;
    r->value[LABEL_ROBUST] = label_robust(t, *w);
    r->value[AUGMENT_ROBUST] = t->c->options->augment_robust ? augment_robust(t, *w) : NAN;
    over_seeds(t, *w, "seconds_condense", &r->seconds, &d);
    over_seeds(t, *w, "image_bytes", &r->bytes, &d);
    over_seeds(t, *w, "label_bytes", &r->labels, &d);
    over_seeds(t, *w, "colourfulness", &r->colour, &d);
    if (w->budget) over_seeds(t, *w, "images", &r->images, &d);
    if (w->budget) over_seeds(t, *w, "train_bytes", &r->train, &d);
    if (w->budget) r->format = format_of(t, *w);
    dc3_cell plain = *w;
    plain.augment = "none";
    if (t->c->options->augment_robust) over_seeds(t, plain, "top1", &r->unaugmented, &r->unaugmented_spread);
}

/* Marks the best of a column among rows of the same size, student and labels, all of them where several are
 * equal, and those whose difference from it is within both deviations. A single row is no best. */
static void mark_column(row *rows, int count, int column)
{
    const row *best = NULL;
    int there = 0;
    for (int i = 0; i < count; i++) {
        const row *r = rows + i;
        if (!r->n || isnan(r->value[column])) continue;
        there++;
        if (!best || r->value[column] > best->value[column]) best = r;
    }
    for (int i = 0; i < count; i++) {
        row *r = rows + i;
        r->mark[column] = ' ';
        if (there < 2 || !r->n || isnan(r->value[column])) continue;
        double behind = best->value[column] - r->value[column];
        int close = behind <= best->spread[column] + r->spread[column];
        r->mark[column] = behind <= 0 ? '*' : close ? '~' : ' ';
    }
}

static void score_text(double score, char text[SCORE_TEXT])
{
    snprintf(text, SCORE_TEXT, "-");
    if (!isnan(score)) snprintf(text, SCORE_TEXT, "%.4f", score);
}

static void print_row(const table *t, const row *r)
{
    char score[SCORE_TEXT], amount[DC3_NUMBER_TEXT], deviation[16] = ""; /* one seed has none */
    const dc3_cell *w = &r->cell;
    score_text(r->value[LABEL_ROBUST], score);
    if (r->n > 1) snprintf(deviation, sizeof deviation, "+- %5.2f", 100 * r->spread[TOP1]);
    if (w->budget)
        fprintf(t->text, "%9s  %6.0f  %-8s ", dc3_cell_amount_text(w, amount), r->images, r->format);
    else
        fprintf(t->text, "%4d  ", w->ipc);
    fprintf(t->text, "%-18s %-6s %-12s %6.2f%c %-8s  %6.2f%c %6.2f%c %8.1f  %9.1f  %9.1f  %6.1f  %7s%c",
            w->arch, w->labels, w->method, 100 * r->value[TOP1], r->mark[TOP1], deviation,
            100 * r->value[TOP5], r->mark[TOP5], 100 * r->value[BEST], r->mark[BEST], r->seconds,
            (w->budget ? r->train : r->bytes) * 1e-3, r->labels * 1e-3, r->colour, score,
            r->mark[LABEL_ROBUST]);
    if (t->c->options->augment_robust) {
        score_text(r->value[AUGMENT_ROBUST], score);
        fprintf(t->text, " %7.2f  %7s%c", 100 * r->unaugmented, score, r->mark[AUGMENT_ROBUST]);
    }
    fprintf(t->text, " %d\n", r->n);
}

/* {"top1": "best", "top5": "within the spread"} */
static json_t *marks_of(const row *r)
{
    json_t *marks = json_object();
    for (int i = 0; i < MARKED; i++)
        if (r->mark[i] != ' ')
            json_object_set_new(marks, marked_names[i],
                                json_string(r->mark[i] == '*' ? "best" : "within the spread"));
    return marks;
}

/* Under which conditions the students of a cell were trained, as rows of dc3_tests_row have them, and the
 * hashes of its sets, where the lines say them (those of earlier versions do not). */
static void add_students(const table *t, dc3_cell w, json_t *o)
{
    static const char *const keys[] = {"epochs",      "batch",  "size",     "factor", "augment",
                                       "test_images", "recipe", "training", "format"},
                             *const shared[] = {"lr",       "weight_decay",  "temperature",
                                                "val",      "teacher",       "departs_from_protocol",
                                                "loss",     "hard_share",    "smoothing",
                                                "schedule", "crop",          "cutmix",
                                                "rand_ops", "rand_strength", "ema"};
    json_t *stored = json_array(), *settings = json_object();
    json_int_t diverged = 0;
    const json_t *line = NULL;
    for (w.seed = 0; w.seed < t->c->options->seeds; w.seed++) {
        const json_t *one = dc3_results_find(&t->c->results, &w);
        json_t *hash = json_object_get(json_object_get(one, "settings"), "stored");
        if (one) line = one;
        if (hash) json_array_append(stored, hash);
        diverged += json_integer_value(json_object_get(one, "diverged"));
    }
    const json_t *said = json_object_get(line, "settings");
    const char *teacher = json_string_value(json_object_get(line, "teacher"));
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (json_object_get(line, keys[i])) json_object_set(o, keys[i], json_object_get(line, keys[i]));
    for (size_t i = 0; i < sizeof shared / sizeof *shared; i++)
        if (json_object_get(said, shared[i]))
            json_object_set(settings, shared[i], json_object_get(said, shared[i]));
    if (teacher && *teacher) json_object_set_new(o, "teacher", json_string(teacher));
    if (json_object_get(line, "teachers")) json_object_set(o, "teachers", json_object_get(line, "teachers"));
    if (diverged) json_object_set_new(o, "diverged", json_integer(diverged));
    if (json_is_true(json_object_get(line, "any_teacher")))
        json_object_set_new(o, "any_teacher", json_true());
    if (json_array_size(stored)) json_object_set(o, "stored", stored);
    if (said) json_object_set(o, "settings", settings);
    json_decref(stored);
    json_decref(settings);
}

/* What says which data the row is of, and what all of them give. */
static void add_origin(const table *t, json_t *o)
{
    const dc3_comparing *c = t->c;
    json_object_set_new(o, "dataset", dc3_fingerprint_text(c->dataset));
    if (c->real_hard >= 0) json_object_set_new(o, "full_top1", json_real(c->real_hard));
    if (*c->backbone) json_object_set_new(o, "backbone", json_string(c->backbone));
    if (c->pretrained) json_object_set_new(o, "backbone_pretrained", json_string(c->pretrained));
    const json_t *several = dc3_results_teachers(&c->results);
    if (several)
        json_object_set(o, "teacher_top1", json_object_get(several, "teacher_top1"));
    else if (c->tests->teacher)
        json_object_set_new(o, "teacher_top1", json_real(c->tests->teacher_top1));
}

static dc3_status store_row(const table *t, const row *r)
{
    const dc3_cell *w = &r->cell;
    json_t *o =
        json_pack("{s:I, s:s, s:s, s:s, s:i, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:o}",
                  w->budget ? "budget" : "ipc", (json_int_t)(w->budget ? w->budget : w->ipc), "arch", w->arch,
                  "labels", w->labels, "method", w->method, "seeds", r->n, "top1", r->value[TOP1],
                  "top1_deviation", r->spread[TOP1], "top5", r->value[TOP5], "top5_deviation",
                  r->spread[TOP5], "best_top1", r->value[BEST], "seconds_condense", r->seconds, "image_bytes",
                  r->bytes, "label_bytes", r->labels, "colourfulness", r->colour, "marks", marks_of(r));
    if (!o || json_array_append_new(t->rows, o) != 0) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (w->budget) {
        DC3_TRY(set_number(o, "images", r->images));
        DC3_TRY(set_number(o, "train_bytes", r->train));
        if (r->needed > 0) DC3_TRY(set_number(o, "needed_bytes", r->needed));
    }
    add_origin(t, o);
    add_students(t, *w, o);
    if (!isnan(r->value[LABEL_ROBUST])) DC3_TRY(set_number(o, "label_robust_score", r->value[LABEL_ROBUST]));
    if (!t->c->options->augment_robust) return DC3_OK;
    DC3_TRY(set_number(o, "top1_unaugmented", r->unaugmented));
    DC3_TRY(set_number(o, "top1_unaugmented_deviation", r->unaugmented_spread));
    return isnan(r->value[AUGMENT_ROBUST])
               ? DC3_OK
               : set_number(o, "augmentation_robust_score", r->value[AUGMENT_ROBUST]);
}

/* A method whose sets take more than the budget: what it is, and the bytes that it needs. */
static dc3_status store_unmet(const table *t, const row *r)
{
    const dc3_cell *w = &r->cell;
    json_t *o = json_pack("{s:I, s:s, s:s, s:s, s:i}", "budget", (json_int_t)w->budget, "arch", w->arch,
                          "labels", w->labels, "method", w->method, "seeds", 0);
    if (!o || json_array_append_new(t->rows, o) != 0) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    return set_number(o, "needed_bytes", r->needed);
}

/* The methods of one size, student and kind of labels. */
static dc3_status add_group(const table *t, dc3_cell w, row *rows)
{
    const char *const *methods = t->c->options->methods;
    int count = 0;
    dc3_status status = DC3_OK;
    for (; methods[count]; count++) {
        w.method = methods[count];
        collect_row(t, &w, rows + count);
    }
    for (int i = 0; i < MARKED; i++) mark_column(rows, count, i);
    for (int m = 0; status == DC3_OK && m < count; m++) {
        if (rows[m].n) print_row(t, rows + m);
        if (rows[m].n)
            status = store_row(t, rows + m);
        else if (rows[m].needed > 0)
            status = store_unmet(t, rows + m);
    }
    return status;
}

/* A row for each size, student, kind of labels and method. */
static dc3_status add_rows(const table *t)
{
    const dc3_compare_options *o = t->c->options;
    int methods = 0;
    while (o->methods[methods]) methods++;
    row *rows = calloc((size_t)methods + 1, sizeof *rows);
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
