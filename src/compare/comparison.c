/* Where a comparison stands: its compare.json, its results.jsonl, its lock, and the dataset that it is at. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "base/file.h"
#include "base/lock.h"
#include "base/options.h"
#include "compare/now.h"
#include "compare/results.h"
#include "compare/time_left.h"
#include "dc3/progress.h"
#include "evaluate/label_source.h"

/* 1 if there is a file FOLDER/NAME; when it was written. */
static int written(const char *folder, const char *name, struct timespec *when)
{
    struct stat info;
    char *path = dc3_path_join(folder, name);
    int there = path && stat(path, &info) == 0 && S_ISREG(info.st_mode);
    if (there) *when = info.st_mtim;
    free(path);
    return there;
}

/* 1 if there is a table and no score is newer. */
static int has_table(const char *folder)
{
    static const char *const of[] = {"results.jsonl", "unmet.json"};
    struct timespec table, one;
    if (!written(folder, "table.txt", &table)) return 0;
    for (int i = 0; i < 2; i++) {
        if (!written(folder, of[i], &one)) continue;
        if (table.tv_sec != one.tv_sec ? table.tv_sec < one.tv_sec : table.tv_nsec < one.tv_nsec) return 0;
    }
    return 1;
}

int dc3_comparison_is(const char *folder)
{
    struct timespec when;
    return folder && written(folder, "compare.json", &when) && !written(folder, "dc3.json", &when);
}

static void copy(char *to, size_t size, const char *from)
{
    snprintf(to, size, "%s", from ? from : "");
}

static dc3_compared compared(const dc3_cell *cell, const dc3_results *results)
{
    dc3_compared one = {.ipc = cell->ipc, .budget = cell->budget, .seed = cell->seed};
    const json_t *line = dc3_results_find(results, cell);
    copy(one.method, sizeof one.method, cell->method);
    copy(one.arch, sizeof one.arch, cell->arch);
    copy(one.labels, sizeof one.labels, cell->labels);
    copy(one.augment, sizeof one.augment, cell->augment);
    one.done = line != NULL;
    one.needed = line ? 0 : dc3_results_needed(results, cell);
    one.top1 = json_number_value(json_object_get(line, "top1"));
    return one;
}

/* The cells that the last call wanted. */
static dc3_status read_cells(const char *folder, const json_t *wanted, const dc3_results *results,
                             dc3_comparison *c)
{
    if (!wanted) return DC3_OK;
    c->total = dc3_wanted_count(wanted);
    if (c->total < 0) {
        c->total = 0;
        return dc3_fail(DC3_ERR_FORMAT, "%s: compare.json: 'wanted' is not what dc3 compare writes", folder);
    }
    c->cells = calloc((size_t)c->total, sizeof *c->cells);
    if (!c->cells) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    for (int64_t i = 0; i < c->total; i++) {
        const dc3_cell cell = dc3_wanted_cell(wanted, i);
        c->cells[i] = compared(&cell, results);
        c->done += c->cells[i].done;
        c->unmet += c->cells[i].needed > 0;
        if (!c->cells[i].done && c->cells[i].needed <= 0 && c->next < 0) c->next = i;
    }
    return DC3_OK;
}

/* Where a process is: at the set of the next cell, or at students. */
static dc3_doing find_work(const char *folder, dc3_comparison *c)
{
    json_t *numbers, *one;
    size_t i;
    int64_t first = -1;
    dc3_doing doing = c->running ? dc3_now_read(folder, c->total, &numbers) : DC3_DOING_UNKNOWN;
    if (!c->running) return doing;
    json_array_foreach(numbers, i, one)
    {
        dc3_compared *cell = &c->cells[json_integer_value(one)];
        if (cell->done) continue;
        if (first < 0) first = json_integer_value(one);
        cell->trains = doing == DC3_DOING_STUDENTS;
        c->training += cell->trains;
    }
    json_decref(numbers);
    if (first >= 0) c->next = first;
    return doing;
}

/* What is done for the next cell. */
static dc3_status find_step(const char *folder, const json_t *settings, dc3_comparison *c)
{
    struct timespec when;
    dc3_doing doing = find_work(folder, c);
    c->step = "making the table";
    if (json_is_object(json_object_get(settings, "teacher")) &&
        !written(folder, "teacher.safetensors", &when))
        c->step = "training the teacher";
    else if (c->next >= 0) {
        const dc3_cell cell = dc3_wanted_cell(json_object_get(settings, "wanted"), c->next);
        char *run = dc3_cell_folder(folder, &cell);
        if (!run) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
        c->has_run = dc3_path_stays(cell.method) && dc3_progress_read(run, &c->run) == DC3_OK;
        int trains = doing == DC3_DOING_UNKNOWN ? c->has_run && c->run.complete : doing == DC3_DOING_STUDENTS;
        c->step = c->training > 1 ? "training their students"
                  : trains        ? "training its student"
                                  : "condensing";
        free(run);
    }
    return DC3_OK;
}

static char *copy_of(const json_t *settings, const char *key)
{
    const char *text = json_string_value(json_object_get(settings, key));
    return text ? strdup(text) : NULL;
}

static dc3_status read_document(const char *folder, const json_t *settings, dc3_comparison *c)
{
    const char *augment = json_string_value(json_object_get(settings, "augment"));
    dc3_results results;
    dc3_status status = dc3_results_read(folder, augment ? augment : "rded", &results);
    c->data = copy_of(settings, "data");
    c->val = copy_of(settings, "val");
    c->scores = (int64_t)json_array_size(results.lines);
    c->running = dc3_lock_holder(folder, c->holder, sizeof c->holder);
    if (status == DC3_OK) status = read_cells(folder, json_object_get(settings, "wanted"), &results, c);
    if (status == DC3_OK && c->total)
        c->seconds_left = dc3_seconds_left(json_object_get(settings, "wanted"), &results);
    if (status == DC3_OK) status = find_step(folder, settings, c);
    c->complete = !c->running && c->done + c->unmet == c->total && has_table(folder);
    dc3_results_free(&results);
    return status;
}

dc3_status dc3_comparison_read(const char *folder, dc3_comparison *c)
{
    DC3_TRY(dc3_place_need("comparison", c));
    *c = (dc3_comparison){.next = -1, .seconds_left = -1};
    DC3_TRY(dc3_options_need("folder", folder));
    char *path = dc3_path_join(folder, "compare.json");
    json_t *settings = NULL;
    dc3_status status = path ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK && dc3_path_what(path) != DC3_PATH_FILE)
        status = dc3_fail(DC3_ERR_FORMAT,
                          "%s: expected the folder of a comparison, found no compare.json in it", folder);
    if (status == DC3_OK) status = dc3_json_read(path, 1 << 20, &settings);
    if (status == DC3_OK) status = read_document(folder, settings, c);
    json_decref(settings);
    free(path);
    return status;
}

void dc3_comparison_free(dc3_comparison *c)
{
    if (!c) return;
    dc3_progress_free(&c->run);
    free(c->data);
    free(c->val);
    free(c->cells);
    *c = (dc3_comparison){.next = -1};
}
