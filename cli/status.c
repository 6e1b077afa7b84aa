/* Where a run or a comparison stands. */
#include "cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "dc3/progress.h"
#include "dc3/text.h"

static const char *state_of(int running, int complete)
{
    return running ? "running" : complete ? "complete" : "stopped";
}

static void print_state(int running, int complete, const char *holder)
{
    printf("  %s", state_of(running, complete));
    if (running) printf("   %s", holder);
    if (!running && !complete) printf("   to continue: the command that began it, again");
    printf("\n");
}

/* Text from a file, at least `width` wide. */
static void print_text(const char *text, int width)
{
    char *safe = dc3_text_printable(text ? text : "?");
    printf("%-*s", width, safe ? safe : "");
    free(safe);
}

/* "3 of 20, about 12 s left (1 s ago)". left, updated: -1: not known. */
static void print_count(int64_t done, int64_t total, double left, int64_t updated)
{
    char text[DC3_NUMBER_TEXT];
    double age = updated < 0 ? -1 : difftime(time(NULL), (time_t)updated);
    if (total < 0)
        printf("%lld so far", (long long)done);
    else
        printf("%lld of %lld", (long long)done, (long long)total);
    if (left >= 0 && done < total) printf(", about %s left", dc3_duration_text(left, text));
    if (age >= 0) printf(" (%s ago)", dc3_duration_text(age, text));
    printf("\n");
}

static void print_stage(const dc3_progress *p)
{
    print_count(p->done, p->total, p->running ? p->seconds_left : -1, p->updated);
}

/* A line for each command that is at work. */
static void print_works(const dc3_work *works, int count)
{
    for (int i = 0; i < count; i++) {
        const dc3_work *w = &works[i];
        printf("  ");
        print_text(w->command, 8);
        printf("  ");
        print_text(w->holder, 0);
        printf("%s", *w->stage ? ": " : "\n");
        if (!*w->stage) continue;
        print_text(w->stage, 0);
        printf(" ");
        print_count(w->done, w->total, w->seconds_left, w->updated);
    }
}

static json_t *works_json(const dc3_work *works, int count)
{
    json_t *list = json_array();
    for (int i = 0; i < count; i++) {
        const dc3_work *w = &works[i];
        json_t *o = json_object();
        json_object_set_new(o, "command", json_text(w->command));
        json_object_set_new(o, "holder", json_text(w->holder));
        json_object_set_new(o, "stage", json_text(w->stage));
        json_object_set_new(o, "stage_done", json_integer(w->done));
        json_object_set_new(o, "stage_total", json_integer(w->total));
        json_object_set_new(o, "updated", json_integer(w->updated));
        if (w->seconds_left >= 0) json_object_set_new(o, "seconds_left", json_real(w->seconds_left));
        json_array_append_new(list, o);
    }
    return list;
}

/* What is saved in the file FOLDER/NAME, for the caller to release; NULL: nothing. */
static json_t *saved_of(const char *folder, const char *name)
{
    char *path = g_build_filename(folder, name, NULL);
    json_t *saved = saved_in(path);
    g_free(path);
    return saved;
}

static void print_counts(const dc3_progress *p)
{
    char text[DC3_NUMBER_TEXT];
    printf("  inputs    %lld image%s in %lld class%s: %lld read, %lld skipped", (long long)p->inputs,
           plural(p->inputs), (long long)p->classes, p->classes == 1 ? "" : "es", (long long)p->read,
           (long long)p->skipped);
    if (p->binned) printf(", %lld in bins", (long long)p->binned);
    printf("\n");
    if (p->chosen) {
        printf("  images    %lld of %lld stored, %s, %lld edit%s", (long long)p->stored, (long long)p->chosen,
               dc3_size_text((double)p->bytes, text), (long long)p->edits, plural(p->edits));
        if (p->gone) printf("; %lld gone: removed, or links to nothing", (long long)p->gone);
        printf("\n");
    }
    if (p->views) printf("  labels    %lld view%s of each image\n", (long long)p->views, plural(p->views));
    for (int i = 0; i < p->stages; i++) {
        printf("%s", i ? ", " : "  time      ");
        print_text(p->names[i], 0);
        printf(" %.1f s", p->seconds[i]);
    }
    if (p->stages) printf("\n");
}

static void print_run(const char *folder, const dc3_progress *p)
{
    print_text(folder, 0);
    printf(": ");
    print_text(p->method, 0);
    if (p->ipc) printf(", %lld image%s per class", (long long)p->ipc, p->ipc == 1 ? "" : "s");
    printf(" of ");
    print_text(p->data, 0);
    printf("\n");
    print_state(p->running, p->complete, p->holder);
    if (!p->has_database) {
        printf("  state.db   none that can be read: the run was begun by an earlier version, or it was "
               "removed\n");
        return;
    }
    if (!p->complete && p->total > 0) {
        printf("  ");
        print_text(p->stage, 8);
        printf("  ");
        print_stage(p);
    }
    print_counts(p);
}

static json_t *run_json(const char *folder, const dc3_progress *p)
{
    json_t *o = json_object(), *stages = json_object();
    const struct {
        const char *name;
        int64_t value;
    } numbers[] = {{"ipc", p->ipc},         {"classes", p->classes},   {"inputs", p->inputs},
                   {"read", p->read},       {"skipped", p->skipped},   {"binned", p->binned},
                   {"chosen", p->chosen},   {"stored", p->stored},     {"edits", p->edits},
                   {"gone", p->gone},       {"bytes", p->bytes},       {"views", p->views},
                   {"stage_done", p->done}, {"stage_total", p->total}, {"updated", p->updated}};
    json_object_set_new(o, "kind", json_string("run"));
    json_object_set_new(o, "out", json_text(folder));
    json_object_set_new(o, "state", json_string(state_of(p->running, p->complete)));
    if (p->running) json_object_set_new(o, "holder", json_text(p->holder));
    json_object_set_new(o, "method", json_text(p->method));
    json_object_set_new(o, "data", json_text(p->data ? p->data : ""));
    if (p->has_database) json_object_set_new(o, "stage", json_text(p->stage));
    for (size_t i = 0; i < (p->has_database ? sizeof numbers / sizeof *numbers : 1); i++)
        json_object_set_new(o, numbers[i].name, json_integer(numbers[i].value));
    if (!p->ipc) json_object_set_new(o, "ipc", json_null());
    if (p->seconds_left >= 0) json_object_set_new(o, "seconds_left", json_real(p->seconds_left));
    for (int i = 0; i < p->stages; i++) json_object_set_new(stages, p->names[i], json_real(p->seconds[i]));
    json_object_set_new(o, "seconds", stages);
    return o;
}

static int status_of_run(const settings *s, const char *folder)
{
    dc3_progress p;
    dc3_work works[DC3_WORKS];
    int status = finish(dc3_progress_read(folder, &p), NULL), count = dc3_works_read(folder, works);
    if (status != EXIT_DONE) return status;
    json_t *saved = saved_of(folder, p.complete ? "soft_labels.safetensors.checkpoint"
                                                : "teacher.safetensors.checkpoint");
    if (s->json) {
        json_t *o = run_json(folder, &p);
        json_object_set_new(o, "working", works_json(works, count));
        if (saved) json_object_set(o, "saved", saved);
        print_json(o);
    } else {
        print_run(folder, &p);
        print_saved(saved);
        print_works(works, count);
    }
    json_decref(saved);
    dc3_progress_free(&p);
    return status;
}

/* ---- comparisons ---- */

static const char *augment_of(const dc3_compared *cell)
{
    return strcmp(cell->augment, "none") ? "" : ", no augmentation";
}

/* "IPC 10" or "30.0 kB" */
static const char *amount_of(const dc3_compared *cell, char text[DC3_NUMBER_TEXT])
{
    if (cell->budget) return dc3_exact_size_text((double)cell->budget, text);
    snprintf(text, DC3_NUMBER_TEXT, "IPC %d", cell->ipc);
    return text;
}

static void print_cell(const dc3_compared *cell)
{
    char amount[DC3_NUMBER_TEXT];
    char *text = g_strdup_printf("%s, %s, %s, %s labels%s, seed %d", cell->method, amount_of(cell, amount),
                                 cell->arch, cell->labels, augment_of(cell), cell->seed);
    print_text(text, 0);
    g_free(text);
}

/* The cells whose students are trained side by side, but for the first; a line ends before each. */
static void print_others(const dc3_comparison *c)
{
    enum { MOST = 8 };
    int64_t said = 1;
    for (int64_t i = c->next + 1; i < c->total && said < c->training && said < MOST; i++) {
        if (!c->cells[i].trains) continue;
        printf("\n            ");
        print_cell(&c->cells[i]);
        said++;
    }
    if (said < c->training) printf("\n            and %lld others", (long long)(c->training - said));
}

static void print_next(const dc3_comparison *c)
{
    const dc3_compared *cell = c->next < 0 ? NULL : &c->cells[c->next];
    const dc3_progress *run = c->has_run && !c->run.complete && c->run.total > 0 ? &c->run : NULL;
    printf("  %-10s", c->running ? "now" : "next");
    if (cell) {
        print_cell(cell);
        print_others(c);
        printf(": ");
    }
    printf("%s\n", c->step);
    if (!run) return;
    printf("            ");
    print_text(run->stage, 0);
    printf(" ");
    print_stage(run);
}

/* The seeds of a row that are done, as "0-2, 4"; cells[i], cells[i + step], .. are the row's. */
static GString *seeds_done(const dc3_comparison *c, int64_t i, int64_t step, int *done)
{
    GString *text = g_string_new(NULL);
    *done = 0;
    for (int64_t first = i; first < c->total; first += step) {
        int64_t last = first;
        if (!c->cells[first].done) continue;
        while (last + step < c->total && c->cells[last + step].done) last += step;
        g_string_append_printf(text, "%s%d", *done ? ", " : "", c->cells[first].seed);
        if (last > first) g_string_append_printf(text, "-%d", c->cells[last].seed);
        *done += (int)((last - first) / step) + 1;
        first = last;
    }
    return text;
}

/* ", needs 437 bytes" where that is more than a row's budget, the most of its seeds. */
static void print_needed(const dc3_comparison *c, int64_t i, int64_t step)
{
    double needed = 0;
    for (; i < c->total; i += step)
        if (c->cells[i].needed > needed) needed = c->cells[i].needed;
    if (needed > 0) printf(", needs %.0f bytes", needed);
}

/* A line for each method, size, student and kind of labels: cells with the same seed come after each other.
 */
static void print_cells(const dc3_comparison *c)
{
    int64_t rows = 0;
    while (rows < c->total && c->cells[rows].seed == 0) rows++;
    int bytes = c->total && c->cells[0].budget;
    printf("  %*s  %-18s %-18s %-6s  seeds done\n", bytes ? 9 : 4, bytes ? "budget" : "IPC", "method",
           "student", "labels");
    for (int64_t i = 0; i < rows; i++) {
        const dc3_compared *cell = &c->cells[i];
        char text[DC3_NUMBER_TEXT];
        int done;
        GString *seeds = seeds_done(c, i, rows, &done);
        if (bytes)
            printf("  %9s  ", amount_of(cell, text));
        else
            printf("  %4d  ", cell->ipc);
        print_text(cell->method, 19);
        print_text(cell->arch, 19);
        print_text(cell->labels, 8);
        printf("%d of %lld%s%s%s%s", done, (long long)(c->total / rows), done ? " (" : "", seeds->str,
               done ? ")" : "", augment_of(cell));
        print_needed(c, i, rows);
        printf("\n");
        g_string_free(seeds, TRUE);
    }
}

static void print_comparison(const char *folder, const dc3_comparison *c)
{
    char text[DC3_NUMBER_TEXT];
    print_text(folder, 0);
    printf(": a comparison of methods on ");
    print_text(c->data, 0);
    printf(", tested on ");
    print_text(c->val, 0);
    printf("\n");
    print_state(c->running, c->complete, c->holder);
    if (!c->total) {
        printf("  scores    %lld; how many are wanted is not known, since an earlier version made the "
               "folder\n",
               (long long)c->scores);
        return;
    }
    printf("  scores    %lld of %lld", (long long)c->done, (long long)c->total);
    if (c->scores > c->done) printf(", and %lld of other calls", (long long)(c->scores - c->done));
    if (c->unmet) printf("; %lld left out, whose budgets are too small", (long long)c->unmet);
    if (!c->complete && c->seconds_left >= 0)
        printf("; about %s left for all of it", dc3_duration_text(c->seconds_left, text));
    printf("\n");
    if (!c->complete) print_next(c);
    print_cells(c);
}

static json_t *cell_json(const dc3_compared *cell)
{
    json_t *o =
        json_pack("{s:o, s:I, s:o, s:o, s:o, s:i, s:b}", "method", json_text(cell->method),
                  cell->budget ? "budget" : "ipc", (json_int_t)(cell->budget ? cell->budget : cell->ipc),
                  "arch", json_text(cell->arch), "labels", json_text(cell->labels), "augment",
                  json_text(cell->augment), "seed", cell->seed, "done", cell->done);
    if (cell->done) json_object_set_new(o, "top1", json_real(cell->top1));
    if (cell->needed > 0) json_object_set_new(o, "needed", json_real(cell->needed));
    if (cell->trains) json_object_set_new(o, "trains", json_true());
    return o;
}

static json_t *comparison_json(const char *folder, const dc3_comparison *c)
{
    json_t *o = json_object(), *cells = json_array();
    json_object_set_new(o, "kind", json_string("comparison"));
    json_object_set_new(o, "out", json_text(folder));
    json_object_set_new(o, "state", json_string(state_of(c->running, c->complete)));
    if (c->running) json_object_set_new(o, "holder", json_text(c->holder));
    json_object_set_new(o, "data", json_text(c->data ? c->data : ""));
    json_object_set_new(o, "val", json_text(c->val ? c->val : ""));
    json_object_set_new(o, "scores", json_integer(c->scores));
    if (c->total) json_object_set_new(o, "done", json_integer(c->done));
    if (c->unmet) json_object_set_new(o, "unmet", json_integer(c->unmet));
    if (c->total) json_object_set_new(o, "total", json_integer(c->total));
    if (c->total && !c->complete && c->seconds_left >= 0)
        json_object_set_new(o, "seconds_left", json_real(c->seconds_left));
    if (c->total && !c->complete) json_object_set_new(o, "step", json_string(c->step));
    if (c->next >= 0) json_object_set_new(o, "next", cell_json(&c->cells[c->next]));
    if (c->has_run && !c->run.complete) {
        const dc3_compared *cell = &c->cells[c->next];
        int64_t amount = cell->budget ? cell->budget : cell->ipc;
        char *run = g_strdup_printf("%s/%s%lld/%s/seed%d", folder, cell->budget ? "budget" : "ipc",
                                    (long long)amount, cell->method, cell->seed);
        json_object_set_new(o, "run", run_json(run, &c->run));
        g_free(run);
    }
    for (int64_t i = 0; i < c->total; i++) json_array_append_new(cells, cell_json(&c->cells[i]));
    json_object_set_new(o, "cells", cells);
    return o;
}

static int status_of_comparison(const settings *s, const char *folder)
{
    dc3_comparison c;
    int status = finish(dc3_comparison_read(folder, &c), NULL);
    if (status == EXIT_DONE && s->json)
        print_json(comparison_json(folder, &c));
    else if (status == EXIT_DONE)
        print_comparison(folder, &c);
    dc3_comparison_free(&c);
    return status;
}

/* ---- a file of weights that dc3 train makes ---- */

static int is_there(const char *path)
{
    return access(path, F_OK) == 0;
}

/* Of what a command makes: whether one works on it, it is there, or was left. done: what is printed beside
 * the state of what is complete. saved: what its checkpoint holds, NULL: nothing; it is taken. */
static int status_of_work(const settings *s, const char *path, const char *kind, int complete,
                          const char *done, json_t *saved)
{
    dc3_work works[DC3_WORKS];
    int count = dc3_works_read(path, works);
    const char *state = state_of(count, complete);
    if (s->json) {
        json_t *o = json_object();
        json_object_set_new(o, "kind", json_string(kind));
        json_object_set_new(o, "out", json_text(path));
        json_object_set_new(o, "state", json_string(state));
        json_object_set_new(o, "working", works_json(works, count));
        if (saved) json_object_set_new(o, "saved", saved);
        print_json(o);
        return EXIT_DONE;
    }
    print_text(path, 0);
    printf(": %s%s\n", state,
           count      ? ""
           : complete ? done
                      : "   to continue: the command that began it, again");
    print_saved(saved);
    print_works(works, count);
    json_decref(saved);
    return EXIT_DONE;
}

/* ---- a folder of dc3 generate ---- */

/* What generate.json of the folder says, for the caller to release; NULL: there is none. */
static json_t *generated_in(const char *folder)
{
    char *path = g_build_filename(folder, "generate.json", NULL);
    json_t *document = json_load_file(path, 0, NULL);
    g_free(path);
    return document;
}

/* ---- a folder of dc3 finetune ---- */

static int has_file(const char *folder, const char *name)
{
    char *path = g_build_filename(folder, name, NULL);
    int has = is_there(path);
    g_free(path);
    return has;
}

static int is_finetuned(const char *folder)
{
    dc3_work works[DC3_WORKS];
    int count = dc3_works_read(folder, works);
    for (int i = 0; i < count; i++)
        if (strcmp(works[i].command, "finetune") == 0) return 1;
    return has_file(folder, "finetune.json") || has_file(folder, "training.checkpoint");
}

/* 1 if it is a file, or one that is being made. */
static int is_training(const char *path, const char *checkpoint)
{
    dc3_work works[DC3_WORKS];
    if (g_file_test(path, G_FILE_TEST_IS_DIR)) return 0;
    return is_there(checkpoint) || dc3_works_read(path, works) ||
           (g_str_has_suffix(path, ".safetensors") && is_there(path));
}

static int status_of(const settings *s, const char *path)
{
    char *checkpoint = g_strconcat(path, ".checkpoint", NULL);
    json_t *generated = generated_in(path);
    int trained = !is_there(checkpoint) && is_there(path), status;
    if (dc3_comparison_is(path))
        status = status_of_comparison(s, path);
    else if (generated)
        status = status_of_work(s, path, "generated", json_is_true(json_object_get(generated, "complete")),
                                "", NULL);
    else if (is_finetuned(path))
        status = status_of_work(s, path, "finetuned",
                                has_file(path, "finetune.json") && !has_file(path, "training.checkpoint"), "",
                                saved_of(path, "training.checkpoint"));
    else if (is_training(path, checkpoint))
        status = status_of_work(s, path, "training", trained, " (dc3 info tells what it is)",
                                saved_in(checkpoint));
    else
        status = status_of_run(s, path);
    json_decref(generated);
    g_free(checkpoint);
    return status;
}

static const option *const tables[] = {result_options, NULL};

static int run(const command *c, int argc, char **argv)
{
    settings s;
    char **rest;
    int status = parse(c, argc, argv, &s, &rest);
    if (status != EXIT_DONE) return status;
    if (g_strv_length(rest) != 1)
        status = usage_error(
            c, "status: expected one folder of a run or a comparison or one file of weights, found %u words",
            g_strv_length(rest));
    else
        status = status_of(&s, rest[0]);
    g_strfreev(rest);
    return status;
}

const command status_command = {
    "status",
    "Show how far a run, a comparison or a training is, also while it is running.",
    "OUT | FILE.safetensors",
    "  dc3 status photos-ipc10\n"
    "  dc3 status teacher.safetensors                 of dc3 train\n"
    "  watch dc3 status photos-ipc10                  again every two seconds\n"
    "  sqlite3 photos-ipc10/state.db \"SELECT name, reason FROM inputs WHERE state = 'skipped'\"",
    tables,
    run};
