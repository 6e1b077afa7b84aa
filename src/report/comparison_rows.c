#include "report/comparison_rows.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "dc3/text.h"

double dc3_comparison_number(const json_t *o, const char *key)
{
    const double most = 1e15;
    const json_t *field = json_object_get(o, key);
    double value = json_is_number(field) ? json_number_value(field) : NAN;
    return fabs(value) <= most ? value : NAN;
}

double dc3_comparison_amount(const json_t *row)
{
    double budget = dc3_comparison_number(row, "budget");
    return isnan(budget) ? dc3_comparison_number(row, "ipc") : -budget;
}

int dc3_comparison_has_budgets(const json_t *table)
{
    return dc3_comparison_amount(json_array_get(table, 0)) < 0;
}

const char *dc3_comparison_amount_text(const json_t *row, char text[48])
{
    double amount = dc3_comparison_amount(row);
    if (amount < 0) return dc3_exact_size_text(-amount, text);
    snprintf(text, 48, "%.0f per class", amount);
    return text;
}

/* "28.30 +- 0.40" of a column in percent, without a place to break; with its mark. */
static const char *percent(const json_t *row, const char *key, int marked, char text[64])
{
    char deviation[40];
    const char *mark = dc3_row_text(json_object_get(row, "marks"), key);
    snprintf(deviation, sizeof deviation, "%s_deviation", key);
    double value = dc3_comparison_number(row, key), spread = dc3_comparison_number(row, deviation);
    if (isnan(value)) return "";
    snprintf(text, 64, "%.2f", 100 * value); /* cut, where the file has an absurd number */
    size_t n = strlen(text);
    if (dc3_comparison_number(row, "seeds") > 1 && !isnan(spread))
        snprintf(text + n, 64 - n, "\xc2\xa0\xc2\xb1\xc2\xa0%.2f", 100 * spread);
    n = strlen(text);
    if (marked && *mark)
        snprintf(text + n, 64 - n, "%s",
                 strcmp(mark, "best") == 0 ? "\xc2\xa0\xe2\x98\x85" : "\xc2\xa0\xe2\x89\x88");
    return text;
}

static void add(json_t *row, const char *text)
{
    json_array_append_new(row, dc3_json_text(text));
}

/* ---- the table ---- */

static void add_number(json_t *row, const char *format, double value, const char *mark)
{
    char text[64] = "";
    if (!isnan(value)) {
        int n = snprintf(text, sizeof text, format, value);
        if (strcmp(mark, "best") == 0) snprintf(text + n, sizeof text - (size_t)n, "\xc2\xa0\xe2\x98\x85");
    }
    add(row, text);
}

static void add_size(json_t *row, double bytes)
{
    char text[DC3_NUMBER_TEXT] = "";
    if (!isnan(bytes)) dc3_size_text(bytes, text);
    add(row, text);
}

/* 1 if any row has the member. */
static int has(const json_t *table, const char *key)
{
    size_t i;
    json_t *row;
    json_array_foreach(table, i, row)
    {
        if (json_object_get(row, key)) return 1;
    }
    return 0;
}

/* DD-Ranking's scores, of which a table of budgets has a column only where they are known. */
enum { ROBUST = 2 };
static const char *const robust_keys[ROBUST] = {"label_robust_score", "augmentation_robust_score"},
                         *const robust_heads[ROBUST] = {"LRS", "ARS"};

static int has_robust(const json_t *table, int i)
{
    return !dc3_comparison_has_budgets(table) || has(table, robust_keys[i]);
}

static json_t *table_row(const json_t *table, const json_t *one)
{
    static const char *const shares[] = {"top1", "top5", "best_top1"};
    const json_t *marks = json_object_get(one, "marks");
    char text[64];
    json_t *row = json_array();
    add(row, dc3_row_text(one, "method"));
    if (dc3_comparison_amount(one) < 0) {
        add_size(row, dc3_comparison_number(one, "budget"));
        add_size(row, dc3_comparison_number(one, "train_bytes"));
        add_number(row, "%.0f", dc3_comparison_number(one, "images"), "");
        add(row, dc3_row_text(one, "format"));
    } else {
        snprintf(text, sizeof text, "%.0f", dc3_comparison_number(one, "ipc"));
        add(row, text);
    }
    add(row, dc3_row_text(one, "arch"));
    add(row, dc3_row_text(one, "labels"));
    for (int i = 0; i < 3; i++) add(row, percent(one, shares[i], 1, text));
    for (int i = 0; i < ROBUST; i++)
        if (has_robust(table, i))
            add_number(row, "%.4f", dc3_comparison_number(one, robust_keys[i]),
                       dc3_row_text(marks, robust_keys[i]));
    add_number(row, "%.1f", dc3_comparison_number(one, "colourfulness"), "");
    add_number(row, "%.1f", dc3_comparison_number(one, "seconds_condense"), "");
    return row;
}

static json_t *table_head(const json_t *table)
{
    static const char *const sizes[] = {"Budget", "Bytes", "Images", "Stored as"};
    static const char *const scores[] = {"Student", "Labels", "Top-1, last (%)", "Top-5, last (%)",
                                         "Top-1, best (%)"};
    json_t *head = json_array();
    add(head, "Method");
    if (dc3_comparison_has_budgets(table))
        for (int i = 0; i < 4; i++) add(head, sizes[i]);
    else
        add(head, "Images a class");
    for (int i = 0; i < 5; i++) add(head, scores[i]);
    for (int i = 0; i < ROBUST; i++)
        if (has_robust(table, i)) add(head, robust_heads[i]);
    add(head, "Colourfulness"), add(head, "Seconds to condense");
    return head;
}

void dc3_comparison_table(json_t *page, const json_t *table)
{
    size_t i;
    int robust = has_robust(table, 0) || has_robust(table, 1), budgets = dc3_comparison_has_budgets(table);
    json_t *one, *rows = json_array();
    char *teachers = dc3_comparison_teachers(table), text[3000];
    json_array_foreach(table, i, one) json_array_append_new(rows, table_row(table, one));
    snprintf(text, sizeof text,
             "\xe2\x98\x85: the best of its %s, student and labels; \xe2\x89\x88: the difference from it is "
             "within "
             "both deviations over seeds.%s The last epoch's accuracy is the score.%s%s",
             budgets ? "budget" : "images a class",
             robust
                 ? " LRS and ARS are the label-robust and the augmentation-robust score of DD-Ranking, 0 to "
                   "1, more is better: what the images bring beside soft labels, and beside augmentation."
                 : "",
             teachers && *teachers ? " " : "", teachers ? teachers : "");
    json_object_set_new(
        page, "scores",
        json_pack("{s:o, s:o, s:o}", "head", table_head(table), "rows", rows, "text", dc3_json_text(text)));
    free(teachers);
}

char *dc3_comparison_teachers(const json_t *table)
{
    size_t i, k;
    json_t *row, *one;
    const json_t *teachers = NULL, *of = NULL;
    char *text = NULL;
    size_t size;
    json_array_foreach(table, i, row)
    {
        if (json_array_size(json_object_get(row, "teachers")) < 2) continue;
        teachers = json_object_get(row, "teachers");
        of = row;
        break;
    }
    FILE *to = open_memstream(&text, &size);
    if (!to) return NULL;
    if (teachers)
        fprintf(to, "Soft labels are the averaged logits of %zu teachers: ", json_array_size(teachers));
    json_array_foreach(teachers, k, one)
        fprintf(to, "%s%.200s, %.40s (top-1 %.2f %%)", k ? "; " : "", dc3_row_text(one, "file"),
                dc3_row_text(one, "arch"), 100 * dc3_comparison_number(one, "top1"));
    if (teachers)
        fprintf(to, "; together top-1 %.2f %% on the test images.",
                100 * dc3_comparison_number(of, "teacher_top1"));
    if (fclose(to) == 0) return text;
    free(text);
    return NULL;
}

/* ---- the first box ---- */

static int same_group(const json_t *a, const json_t *b)
{
    return dc3_comparison_amount(a) == dc3_comparison_amount(b) &&
           strcmp(dc3_row_text(a, "arch"), dc3_row_text(b, "arch")) == 0 &&
           strcmp(dc3_row_text(a, "labels"), dc3_row_text(b, "labels")) == 0;
}

/* The rows of a group of which `first` is the first: its best, its random images, how many are not told
 * apart. Returns 1 where several methods have the best one's accuracy and no other. */
static int look_at_group(const json_t *table, size_t first, const json_t **best, const json_t **random,
                         int *close)
{
    const json_t *of = json_array_get(table, first);
    int rows = 0, differ = 0;
    *best = of, *random = NULL, *close = 0;
    for (size_t i = first; i < json_array_size(table); i++) {
        const json_t *row = json_array_get(table, i);
        double top1 = dc3_comparison_number(row, "top1");
        if (!same_group(row, of)) continue;
        rows++;
        differ |= top1 != dc3_comparison_number(of, "top1");
        if (top1 > dc3_comparison_number(*best, "top1")) *best = row;
        if (strcmp(dc3_row_text(row, "method"), "random") == 0) *random = row;
        *close += strcmp(dc3_row_text(json_object_get(row, "marks"), "top1"), "within the spread") == 0;
    }
    return rows > 1 && !differ;
}

static json_t *answer_row(const json_t *table, size_t first)
{
    const json_t *best, *random, *of = json_array_get(table, first);
    int close;
    char text[300], share[64], amount[48], all[32] = "not known";
    json_t *row = json_array();
    int equal = look_at_group(table, first, &best, &random, &close);
    snprintf(text, sizeof text, "%s, %.40s, %.20s labels", dc3_comparison_amount_text(of, amount),
             dc3_row_text(of, "arch"), dc3_row_text(of, "labels"));
    add(row, text);
    snprintf(text, sizeof text, "%.60s: %s %%", equal ? "no difference" : dc3_row_text(best, "method"),
             percent(best, "top1", 0, share));
    if (close) snprintf(text + strlen(text), 80, " (%d not told apart from it)", close);
    add(row, text);
    snprintf(text, sizeof text, "%s %%", random ? percent(random, "top1", 0, share) : "");
    add(row, random ? text : "not compared");
    double full = dc3_comparison_number(of, "full_top1");
    if (isnan(full)) full = dc3_comparison_number(of, "teacher_top1");
    if (!isnan(full)) snprintf(all, sizeof all, "%.2f %%", 100 * full);
    add(row, all);
    return row;
}

void dc3_comparison_answers(json_t *page, const json_t *table)
{
    json_t *rows = json_array(), *next = json_array();
    int seeds = 0;
    for (size_t i = 0; i < json_array_size(table); i++) {
        size_t before = 0;
        const json_t *row = json_array_get(table, i);
        while (before < i && !same_group(json_array_get(table, before), row)) before++;
        if (before == i) json_array_append_new(rows, answer_row(table, i));
        double n = dc3_comparison_number(row, "seeds");
        if (n > seeds) seeds = (int)fmin(n, 1000);
    }
    if (seeds < 3) {
        char doubt[DC3_ROWS_DOUBT], text[DC3_ROWS_DOUBT + 80];
        snprintf(text, sizeof text, "Compare with three seeds or more: %s.", dc3_rows_doubt(table, doubt));
        add(next, text);
    }
    json_object_set_new(page, "answers",
                        json_pack("{s:s, s:s, s:[s, s, s, s], s:o, s:o}", "title",
                                  "Which method is the best?", "text", "", "head", "", "Best",
                                  "Random images", "All data", "rows", rows, "next", next));
}
