/* Under which conditions the scores of a comparison were made, which they mean nothing without. */
#include <stdio.h>
#include <string.h>
#include "compare/comparing.h"
#include "evaluate/recipe.h"

static int number(const json_t *line, const char *key)
{
    return (int)json_integer_value(json_object_get(line, key));
}

/* A line of any seed of the first method that has one with the rest of the cell, whose method becomes that;
 * NULL: none has. */
static const json_t *line_of_first(const dc3_comparing *c, dc3_cell *cell)
{
    const json_t *line = NULL;
    cell->seed = -1;
    for (int m = 0; !line && c->options->methods[m]; m++) {
        cell->method = c->options->methods[m];
        line = dc3_results_find(&c->results, cell);
    }
    return line;
}

static void print_batches(const dc3_comparing *c, FILE *to)
{
    const dc3_compare_options *o = c->options;
    int said = 0;
    dc3_cell w = {
        .arch = o->archs[0], .labels = dc3_label_kind_name(o->labels[0]), .augment = dc3_usual_augment(o)};
    for (int i = 0; dc3_wanted_amount(o, i, &w); i++) {
        const json_t *line = line_of_first(c, &w);
        char text[DC3_NUMBER_TEXT];
        if (!line) continue;
        fprintf(to, "%s batches of %d (", said++ ? "," : ";", number(line, "batch"));
        if (w.budget)
            fprintf(to, "%s, %s)", dc3_cell_amount_text(&w, text), w.method);
        else
            fprintf(to, "IPC %d)", w.ipc);
    }
}

/* How the students of each kind of labels were trained. */
static void print_training(const dc3_comparing *c, FILE *to)
{
    const dc3_compare_options *o = c->options;
    for (int l = 0; o->labels[l] != DC3_LABELS_END; l++) {
        dc3_cell w = {.arch = o->archs[0],
                      .labels = dc3_label_kind_name(o->labels[l]),
                      .augment = dc3_usual_augment(o)};
        const json_t *line = NULL;
        for (int i = 0; !line && dc3_wanted_amount(o, i, &w); i++) line = line_of_first(c, &w);
        const char *text = json_string_value(json_object_get(line, "training"));
        if (text) fprintf(to, "with %s labels: %s\n", w.labels, text);
    }
}

double dc3_comparing_needed(const dc3_comparing *c, dc3_cell cell)
{
    double most = 0;
    for (cell.seed = 0; cell.seed < c->options->seeds; cell.seed++) {
        double needed = dc3_results_needed(&c->results, &cell);
        if (needed > most) most = needed;
    }
    return most;
}

/* What is not in the table, or not with all of its seeds. */
static void print_left_out(const dc3_comparing *c, FILE *to)
{
    const dc3_compare_options *o = c->options;
    dc3_cell cell = {0};
    for (int i = 0; dc3_wanted_amount(o, i, &cell); i++)
        for (int m = 0; o->methods[m]; m++) {
            cell.method = o->methods[m];
            double needed = dc3_comparing_needed(c, cell);
            if (needed > 0)
                fprintf(to,
                        "left out: %s with a budget of %lld bytes: an image of each class takes at least "
                        "about %.0f\n",
                        cell.method, (long long)cell.budget, needed);
        }
}

/* What marks and scores mean. */
static void explain(const dc3_comparing *c, FILE *to)
{
    if (c->options->methods[1])
        fprintf(to,
                "*: the best of its %s, student and labels (several where they are equal); ~: the "
                "difference from\n   it "
                "is within both deviations over seeds%s\n",
                c->options->budgets ? "budget" : "IPC",
                c->options->seeds > 1 ? "" : " (one seed has none: give three or more)");
    if (c->options->budgets)
        fprintf(to, "train kB: images and metadata.jsonl, which a budget is of; labels are not in it\n");
    fprintf(to,
            "labels kB: what dc3 label would store of soft labels of a view for each epoch; here the teacher "
            "gives them while\n           students train, and nothing is stored\n");
    fprintf(
        to,
        "LRS: DD-Ranking's label-robust score, 0 to 1, more is better: half of what soft labels gain over "
        "random images, less half\n     of what hard labels lose to training on everything\n");
    if (c->real_hard >= 0)
        fprintf(to, "LRS takes %.2f %% as the accuracy of the student trained on everything\n",
                100 * c->real_hard);
    else
        fprintf(to,
                "LRS is known where that accuracy is (%s) and soft and hard labels and the method random are "
                "there\n",
                dc3_setting("real_hard"));
    if (c->options->augment_robust)
        fprintf(to,
                "ARS: its augmentation-robust score, 0 to 1, more is better: the gain over random images of "
                "students with augmentation and\n     without it (no aug.)\n");
}

/* Several teachers, which together give the soft labels; the line behind them is the first one's. */
static void print_teachers(const dc3_comparing *c, FILE *to)
{
    size_t k;
    json_t *one;
    const json_t *line = dc3_results_teachers(&c->results);
    json_array_foreach(json_object_get(line, "teachers"), k, one)
        fprintf(to, "%s%s, %s (top-1 %.2f %%)",
                k ? "; " : "teachers: ", json_string_value(json_object_get(one, "file")),
                json_string_value(json_object_get(one, "arch")),
                100 * json_number_value(json_object_get(one, "top1")));
    if (line)
        fprintf(to, "; their averaged logits: top-1 %.2f %% on the test images%s\n",
                100 * json_number_value(json_object_get(line, "teacher_top1")),
                dc3_comparing_selects(c->options) ? "; the first selects" : "");
}

static void print_backbone(const dc3_comparing *c, FILE *to)
{
    if (!*c->backbone) return;
    fprintf(to, "backbone: %s", c->backbone);
    if (c->pretrained)
        fprintf(to,
                ", pretrained on %s: scores to compare with papers need a teacher trained on the dataset "
                "alone (%s none)",
                c->pretrained, dc3_setting("backbone"));
    fprintf(to, "\n");
}

/* A given number of images or minutes is another number of epochs for each size of a set. */
static void print_epochs(const json_t *lines, FILE *to)
{
    size_t i;
    const json_t *line;
    int least = 0, most = 0;
    json_array_foreach(lines, i, line)
    {
        int epochs = number(line, "epochs"); /* 0: of a set that its budget does not hold */
        if (epochs > 0 && (least == 0 || epochs < least)) least = epochs;
        if (epochs > most) most = epochs;
    }
    if (least < most) fprintf(to, "%d to ", least);
    fprintf(to, "%d epoch%s", most, most == 1 ? "" : "s");
}

void dc3_comparing_conditions(const dc3_comparing *c, FILE *to)
{
    const dc3_compare_options *o = c->options;
    const json_t *lines = c->results.lines, *last = json_array_get(lines, json_array_size(lines) - 1);
    char accuracy[DC3_ACCURACY_TEXT];
    print_left_out(c, to);
    if (!last) return;
    fprintf(to, "\nstudents: ");
    print_epochs(lines, to);
    fprintf(to, ", %d px, %s", number(last, "size"), dc3_dtype_name(c->dtype));
    print_batches(c, to);
    fprintf(to, "; %s\n", strcmp(dc3_usual_augment(o), "none") ? "views by RDED's protocol" : "whole images");
    print_training(c, to);
    fprintf(to, "labels: soft ones by the teacher of each batch's views");
    dc3_evaluate_options soft = o->evaluate;
    dc3_recipe recipe;
    soft.labels = DC3_LABELS_SOFT;
    dc3_comparing_loss(o, &soft);
    if (dc3_recipe_resolve(&soft, &recipe) == DC3_OK && recipe.loss == DC3_LOSS_KL)
        fprintf(to, ", at temperature %g", recipe.temperature);
    fprintf(to, "\n");
    print_teachers(c, to);
    fprintf(to, "teacher: %s", o->condense.teacher ? o->condense.teacher : "none");
    if (c->probes) fprintf(to, ", a linear probe");
    if (c->accuracy.top1 >= 0) fprintf(to, ", %s", dc3_teacher_accuracy_text(&c->accuracy, accuracy));
    if (c->tests->teacher && c->given.count < 2)
        fprintf(to, ", top-1 %.2f %% on the test images", 100 * c->tests->teacher_top1);
    if (c->doubted) fprintf(to, "; taken with %s: hardly one of these classes", dc3_setting("any_teacher"));
    fprintf(to, "\n");
    print_backbone(c, to);
    explain(c, to);
}
