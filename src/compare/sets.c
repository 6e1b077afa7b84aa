#include "compare/sets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "base/file.h"
#include "base/listener.h"
#include "condense/condense_by.h"
#include "dc3/progress.h"
#include "dc3/text.h"
#include "metrics/colourfulness.h"
#include "ranks/ranks.h"
#include "run_folder/document.h"

static double size_of_file(const char *folder, const char *name)
{
    struct stat info;
    char *path = dc3_path_join(folder, name);
    double size = path && stat(path, &info) == 0 ? (double)info.st_size : 0;
    free(path);
    return size;
}

static dc3_status look_at(const char *train, dc3_set_cost *out)
{
    dc3_dataset *d;
    double sum = 0;
    DC3_TRY(dc3_dataset_open(train, &d));
    dc3_status status = DC3_OK;
    out->images = dc3_dataset_size(d);
    for (int64_t i = 0; status == DC3_OK && i < out->images; i++) {
        dc3_image image;
        out->bytes += size_of_file(train, dc3_dataset_key(d, i));
        status = dc3_dataset_read(d, i, 0, 0, DC3_FIT_CROP, &image);
        if (status != DC3_OK) break;
        sum += dc3_colourfulness(image.pixels, (int64_t)image.width * image.height);
        dc3_image_free(&image);
    }
    out->train = out->bytes + size_of_file(train, "metadata.jsonl");
    out->colourfulness = out->images ? sum / (double)out->images : 0;
    dc3_dataset_close(&d);
    return status;
}

static dc3_status read_format(const char *folder, dc3_set_cost *out)
{
    json_t *document = NULL;
    DC3_TRY(dc3_document_read(folder, &document));
    const char *format = json_string_value(json_object_get(json_object_get(document, "settings"), "format"));
    snprintf(out->format, sizeof out->format, "%s", format ? format : "");
    json_decref(document);
    return DC3_OK;
}

/* What earlier calls took for a run that they did not end, and for its features among that, seconds. */
typedef struct earlier {
    double all, features;
} earlier;

static earlier seconds_before(const char *folder)
{
    earlier before = {0};
    dc3_progress p;
    if (dc3_progress_read(folder, &p) != DC3_OK) return before; /* as of a folder that is empty yet */
    for (int i = 0; i < p.stages; i++) {
        before.all += p.seconds[i];
        if (strcmp(p.names[i], "features") == 0) before.features = p.seconds[i];
    }
    dc3_progress_free(&p);
    return before;
}

/* What condensing cost stands in the run's cost.json, since a run that is there already takes no time. */
static dc3_status save_cost(const char *folder, dc3_set_cost *made)
{
    char *path = dc3_path_join(folder, "cost.json");
    json_t *old = NULL;
    if (!path) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    dc3_status status = DC3_OK;
    if (dc3_path_what(path) == DC3_PATH_FILE) {
        status = dc3_json_read(path, 1 << 16, &old);
        if (status == DC3_OK) made->seconds = json_number_value(json_object_get(old, "seconds"));
    } else {
        old = json_pack("{s:f}", "seconds", made->seconds);
        status = old ? dc3_json_write(folder, "cost.json", old, JSON_SORT_KEYS)
                     : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    }
    json_decref(old);
    free(path);
    return status;
}

/* 1 for a warning or a note, which is much the same for each cell. */
static int is_note(const char *text)
{
    static const char *const kinds[] = {"warning: ", "note: ", "skipped: "};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strncmp(text, kinds[i], strlen(kinds[i])) == 0) return 1;
    return 0;
}

void dc3_comparing_note(void *user, const char *text)
{
    dc3_comparing *c = user;
    json_t *key = is_note(text) ? dc3_json_text(text) : NULL;
    const char *name = json_string_value(key);
    if (!c->told) c->told = json_object();
    if (name && !json_object_get(c->told, name)) {
        json_object_set_new(c->told, name, json_true());
        dc3_listener_say(&c->options->condense.listener, "%s", text);
    }
    json_decref(key);
}

void dc3_comparing_message(void *user, const char *text)
{
    const dc3_comparing *c = user;
    if (is_note(text))
        dc3_comparing_note(user, text);
    else
        dc3_listener_say(&c->options->condense.listener, "%s", text);
}

void dc3_comparing_progress(void *user, const char *stage, int64_t done, int64_t total)
{
    const dc3_listener *listener = &((const dc3_comparing *)user)->options->condense.listener;
    if (listener->progress) listener->progress(listener->user, stage, done, total);
}

static void say_condensing(const dc3_comparing *c, const dc3_cell *w)
{
    const dc3_listener *listener = &c->options->condense.listener;
    char text[DC3_NUMBER_TEXT];
    if (w->budget)
        dc3_listener_say(listener, "condensing: %s, a budget of %s, seed %d", w->method,
                         dc3_cell_amount_text(w, text), w->seed);
    else
        dc3_listener_say(listener, "condensing: %s, %d image%s per class, seed %d", w->method, w->ipc,
                         w->ipc == 1 ? "" : "s", w->seed);
}

double dc3_comparing_unmet(dc3_status status, const dc3_cell *w, const dc3_condense_report *report)
{
    int is = w->budget && status == DC3_ERR_OPTION && strcmp(dc3_error_setting(), "budget") == 0;
    return is && report->least_bytes > (double)w->budget ? report->least_bytes : 0;
}

dc3_status dc3_comparing_condense(dc3_comparing *c, const dc3_cell *w, char **folder, dc3_set_cost *out)
{
    dc3_condense_options o = c->options->condense;
    dc3_condense_report report = {0};
    *folder = dc3_cell_folder(c->options->out, w);
    *out = (dc3_set_cost){0};
    if (!*folder) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    DC3_TRY(dc3_make_dirs(*folder));
    o.out = *folder;
    o.method = w->method;
    dc3_comparing_selection(w->method, &o);
    o.no_report = 1;
    dc3_comparing_compensation(&o);
    if (!dc3_method_needs_teacher(&o, w->method))
        o.teacher = NULL; /* which it would say that it does not use */
    if (!dc3_method_takes_features(&o, w->method)) o.features = NULL;
    if (o.features || !dc3_method_has_features(&c->options->condense, w->method)) o.backbone = NULL;
    if (w->budget)
        o.budget = (double)w->budget;
    else
        o.select.ipc = w->ipc;
    o.select.seed += (uint64_t)w->seed;
    if (c->options->verbose)
        say_condensing(c, w);
    else
        o.listener = (dc3_listener){c, dc3_comparing_progress, dc3_comparing_note, o.listener.cancel};
    earlier before = seconds_before(*folder);
    double start = dc3_seconds_now();
    dc3_status status = dc3_condense_by(&o, c->features, &report);
    if (dc3_ranks_rank()) return status; /* of a set that is rank 0's */
    out->needed = dc3_comparing_unmet(status, w, &report);
    if (out->needed > 0) return DC3_OK;
    DC3_TRY(status);
    /* Features may come from a cache that an earlier call of the same run has filled. */
    double cached = report.cached_seconds - before.features;
    out->seconds = before.all + dc3_seconds_now() - start + (cached > 0 ? cached : 0);
    DC3_TRY(save_cost(*folder, out));
    if (w->budget) DC3_TRY(read_format(*folder, out));
    char *train = dc3_path_join(*folder, "train");
    status = train ? look_at(train, out) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    free(train);
    return status;
}
