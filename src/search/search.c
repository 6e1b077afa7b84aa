#include "dc3/search.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <glib.h>
#include <unistd.h>
#include "base/call.h"
#include "base/file.h"
#include "base/listener.h"
#include "base/options.h"
#include "budget/searched.h"
#include "dc3/evaluate.h"
#include "dc3/label.h"
#include "dc3/text.h"
#include "output/output_path.h"
#include "run_folder/clear.h"
#include "run_folder/document.h"
#include "run_folder/own_files.h"
#include "search/begun.h"
#include "search/held_out.h"
#include "search/ways.h"
#include "teacher/classes.h"

enum { SMALL = 64, LARGEST = 256 };
static const double usual_images_seen = 1e5;

typedef struct searching {
    dc3_condense_options *options;
    dc3_search_found *found;
    dc3_dataset *dataset;
    int usual;          /* size that is stored where nothing is said */
    int labels;         /* students learn from the soft labels that the budget is for */
    char *folder;       /* OUT/.search, of a dry run one of its own */
    json_t *used;       /* sources of all sets */
    double least_bytes; /* that hold an image of each class in one of the ways that do not fit */
} searching;

/* ---- sets and students ---- */

static void pass_progress(void *user, const char *stage, int64_t done, int64_t total)
{
    const dc3_listener *to = user;
    if (to->progress) to->progress(to->user, stage, done, total);
}

static const char *text_of(const searching *s, const dc3_search_tried *way, char text[DC3_SEARCHED_TEXT])
{
    return dc3_searched_text(way, dc3_way_chroma(s->options, way), text);
}

/* What is heard of a set or a student: progress, no texts. */
static dc3_listener quiet(const searching *s)
{
    dc3_listener *to = &s->options->listener;
    return (dc3_listener){to, pass_progress, NULL, to->cancel};
}

/* Stores the labels of a set in its folder, unless they are there. */
static dc3_status label_set(const searching *s, const char *run)
{
    const dc3_condense_options *from = s->options;
    dc3_label_options o = dc3_label_defaults();
    dc3_label_report report;
    char *file = dc3_path_join(run, "soft_labels.safetensors");
    o.run = run, o.teacher = from->teacher, o.any_teacher = from->any_teacher;
    o.teacher_classes = from->teacher_classes;
    o.seed = from->select.seed, o.threads = from->select.threads, o.listener = quiet(s);
    dc3_status status = file ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (file && dc3_path_what(file) != DC3_PATH_FILE) status = dc3_label(&o, &report);
    free(file);
    return status;
}

/* Random images that fill the budget in this way; a budget that does not hold one of each class leaves 0. */
static dc3_status make_set(searching *s, dc3_search_tried *way)
{
    const dc3_condense_options *from = s->options;
    dc3_condense_options o = dc3_condense_defaults();
    dc3_condense_report report;
    char *out = dc3_way_folder(way, s->folder);
    o.data = from->data, o.choice = from->choice;
    o.out = out, o.method = "random", o.no_report = 1, o.fit = from->fit;
    o.budget = from->budget, o.format = way->format, o.quality = way->quality, o.size = way->size;
    o.chroma = dc3_way_chroma(from, way), o.store = from->store, o.shard_size = from->shard_size;
    o.label_views = from->label_views, o.label_bits = way->label_bits, o.label_top_k = way->label_top_k;
    o.select.seed = from->select.seed, o.select.threads = from->select.threads;
    o.listener = quiet(s);
    dc3_status status = out ? dc3_condense(&o, &report) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK) {
        way->images = report.stored;
        status = dc3_held_out_not(out, s->used);
    }
    int too_small = status == DC3_ERR_OPTION && strcmp(dc3_error_setting(), "budget") == 0;
    if (too_small) s->least_bytes = fmin(s->least_bytes, report.least_bytes);
    if (status == DC3_OK && s->labels && !from->dry_run) status = label_set(s, out);
    free(out);
    return too_small ? DC3_OK : status;
}

/* Trains and tests a student of the set, or with dry_run 1 measures how long that takes. */
static dc3_status train_student(searching *s, const char *held, dc3_tests *tests, const dc3_search_tried *way,
                                int dry_run, dc3_score *score)
{
    dc3_evaluate_options o = dc3_evaluate_defaults();
    char *data = dc3_way_folder(way, s->folder);
    int stored = s->labels && !s->options->dry_run;
    o.data = o.folder = data, o.val = held;
    o.labels = stored ? DC3_LABELS_STORED : DC3_LABELS_HARD;
    o.size = stored ? 0 : s->usual; /* views that are stored have a size */
    o.arch = s->usual > SMALL ? "resnet18" : "convnet3";
    o.images_seen = s->found->images_seen;
    /* By which a search that was begun goes on, and which docs/formats.md measured. */
    o.recipe = DC3_RECIPE_CLASSIC;
    o.seed = s->options->select.seed, o.threads = s->options->select.threads;
    o.listener = quiet(s), o.dry_run = dry_run;
    dc3_status status = data ? dc3_evaluate(&o, tests, score) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    free(data);
    return status;
}

/* How many students there are, and how long all take: as long as the first. A dry run made the first set
 * only. */
static dc3_status estimate(searching *s, const char *held, dc3_tests *tests)
{
    dc3_search_found *f = s->found;
    int is_dry = s->options->dry_run;
    const dc3_search_tried *first = NULL;
    dc3_score score;
    char text[DC3_NUMBER_TEXT];
    int students = 0;
    for (int i = f->count - 1; i >= 0; i--)
        if (f->tried[i].images) first = &f->tried[i], students++;
    if (!first) return DC3_OK;
    if (is_dry) students = f->count - (int)(first - f->tried);
    DC3_TRY(train_student(s, held, tests, first, 1, &score));
    f->estimate_seconds = students * score.estimate_seconds;
    dc3_listener_say(
        &s->options->listener,
        "search: %s%d students, each sees %.0f images (%s), about %s for all, less what is there",
        is_dry ? "at most " : "", students, f->images_seen, dc3_setting("search_images"),
        dc3_duration_text(f->estimate_seconds, text));
    return DC3_OK;
}

static dc3_status test_student(searching *s, const char *held, dc3_tests *tests, dc3_search_tried *way)
{
    dc3_score score;
    char text[DC3_SEARCHED_TEXT];
    DC3_TRY(train_student(s, held, tests, way, 0, &score));
    way->top1 = score.top1;
    dc3_listener_say(&s->options->listener, "search: %lld images as %s: %.1f %% of %lld held-out images",
                     (long long)way->images, text_of(s, way, text), 100 * way->top1,
                     (long long)s->found->held_out);
    return DC3_OK;
}

/* Of a dry run up to the first that the budget holds. */
static dc3_status make_sets(searching *s)
{
    dc3_search_found *f = s->found;
    int fit = 0;
    for (int i = 0; i < f->count && !(fit && s->options->dry_run); i++) {
        DC3_TRY(make_set(s, &f->tried[i]));
        fit += f->tried[i].images > 0;
    }
    if (fit) return DC3_OK;
    return dc3_fail_setting(
        "budget",
        "none of %d ways to store images holds one of each class; expected at least about "
        "%.0f bytes, found %.0f",
        f->count, s->least_bytes, s->options->budget);
}

/* The standard error of the best. */
static double error_of(const dc3_search_found *f, double *best)
{
    *best = 0;
    for (int k = 0; k < f->count; k++) *best = fmax(*best, f->tried[k].top1);
    return sqrt(*best * (1 - *best) / (double)f->held_out);
}

/* The first that is no worse than the best by more than its standard error. */
static int choose(const dc3_search_found *f)
{
    double best, error = error_of(f, &best);
    int i = 0;
    while (!f->tried[i].images || f->tried[i].top1 < best - error) i++;
    return i;
}

static dc3_status try_all(searching *s)
{
    dc3_search_found *f = s->found;
    dc3_tests *tests = NULL;
    char *held = dc3_path_join(s->folder, "held");
    dc3_status status = held ? make_sets(s) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK)
        status = dc3_held_out_make(s->dataset, s->used, s->options->select.seed, s->usual, DC3_FIT_CROP, held,
                                   &f->held_out);
    if (status == DC3_OK) status = dc3_tests_new(&s->options->listener, &tests);
    if (status == DC3_OK) status = estimate(s, held, tests);
    for (int i = 0; status == DC3_OK && !s->options->dry_run && i < f->count; i++) {
        if (f->tried[i].images) status = test_student(s, held, tests, &f->tried[i]);
    }
    if (status == DC3_OK && !s->options->dry_run) f->best = choose(f);
    dc3_tests_free(&tests);
    free(held);
    return status;
}

/* ---- the call ---- */

static dc3_status check(const dc3_condense_options *o, double images_seen)
{
    DC3_TRY(dc3_options_need("data", o->data));
    if (!o->dry_run) DC3_TRY(dc3_options_need("out", o->out));
    if (!(o->budget > 0))
        return dc3_fail_setting("search", "finds how a budget is spent best; expected %s with it",
                                dc3_setting("budget"));
    if (o->format != DC3_FORMAT_DEFAULT && o->size)
        return dc3_fail_setting("search", "has nothing to find where %s and %s are given",
                                dc3_setting("format"), dc3_setting("size"));
    if (!(images_seen >= 0 && images_seen <= 1e15))
        return dc3_fail_setting("search_images", "expected 1 or more, found %g", images_seen);
    if (!o->out) return DC3_OK;
    const dc3_input inputs[] = {{"the dataset", o->data}};
    DC3_TRY(dc3_output_folder_check("out", o->out, inputs, 1));
    if (!dc3_folder_occupied(o->out) || dc3_folder_holds(o->out, "dc3.json")) return DC3_OK;
    return dc3_fail(DC3_ERR_ARGUMENT, "%s: holds files that dc3 %s make; choose a new folder", o->out,
                    dc3_is_run_folder(o->out) ? "condense did not" : "did not");
}

/* Whether both list the same ways to store images. */
static int is_same(const searching *s, const dc3_search_found *recorded)
{
    const dc3_search_found *f = s->found;
    int same = recorded->count == f->count && recorded->images_seen == f->images_seen;
    for (int i = 0; same && i < f->count; i++) same = dc3_way_same(&f->tried[i], &recorded->tried[i]);
    return same;
}

/* What an earlier call found for the run that is there. *known 0: there is no run. */
static dc3_status find_recorded(const searching *s, int *known)
{
    json_t *document = NULL;
    dc3_search_found recorded;
    const char *out = s->options->out;
    *known = 0;
    if (!out || s->options->fresh || dc3_document_read(out, &document) != DC3_OK) return DC3_OK;
    *known = dc3_searched_read(json_object_get(document, "settings"), &recorded) && is_same(s, &recorded);
    json_decref(document);
    if (!*known)
        return dc3_fail(
            DC3_ERR_ARGUMENT,
            "%s: holds a run that was not searched for with this %s, %s and %s; give the same, or "
            "%s to start over",
            out, dc3_setting("size"), dc3_setting("format"), dc3_setting("search_images"),
            dc3_setting("fresh"));
    *s->found = recorded;
    return DC3_OK;
}

static dc3_status search(searching *s)
{
    const dc3_condense_options *o = s->options;
    int known;
    DC3_TRY(dc3_dataset_open_given(o->data, &o->choice, NULL, NULL, &s->dataset));
    if (dc3_dataset_classes(s->dataset) < 2)
        return dc3_fail_setting("search",
                                "students of one class are always right; expected two classes or more");
    s->usual = o->size ? o->size : dc3_usual_size(s->dataset, LARGEST);
    s->labels = o->label_views && o->teacher && strcmp(o->teacher, "none") != 0;
    dc3_ways_list(o, s->usual, s->labels, dc3_dataset_classes(s->dataset), s->found);
    DC3_TRY(find_recorded(s, &known));
    if (known) return DC3_OK;
    if (o->fresh && !o->dry_run) dc3_clear_search(o->out);
    if (!o->dry_run) DC3_TRY(dc3_search_begin(s->folder, o, s->dataset, s->found->images_seen));
    return try_all(s);
}

static void take(searching *s)
{
    const dc3_search_tried *best = &s->found->tried[s->found->best];
    char text[DC3_SEARCHED_TEXT];
    double top1, error = error_of(s->found, &top1);
    s->options->chroma = dc3_way_chroma(s->options, best);
    s->options->label_bits = best->label_bits, s->options->label_top_k = best->label_top_k;
    s->options->format = best->format, s->options->quality = best->quality, s->options->size = best->size;
    s->options->search = s->found;
    dc3_listener_say(
        &s->options->listener,
        "search: %s is taken, the first that is within %.1f points of the best, its standard error",
        text_of(s, best, text), 100 * error);
}

/* What a dry run makes goes again. */
static dc3_status find_folder(searching *s)
{
    char *made = s->options->dry_run ? g_dir_make_tmp("dc3-search-XXXXXX", NULL) : NULL;
    s->folder = made ? strdup(made) : s->options->dry_run ? NULL : dc3_path_join(s->options->out, ".search");
    g_free(made);
    if (s->folder && s->used) return DC3_OK;
    return s->options->dry_run
               ? dc3_fail(DC3_ERR_IO, "%s: cannot make a folder there for the estimate; TMPDIR names another",
                          g_get_tmp_dir())
               : dc3_fail(DC3_ERR_MEMORY, "out of memory");
}

/* The same again would not go on from what this call made; what an earlier one made is kept. */
static void tidy(const searching *s, dc3_status status, int earlier)
{
    if (s->options->dry_run) {
        if (s->folder) dc3_remove_tree(s->folder);
    } else if (!earlier && (status == DC3_ERR_OPTION || status == DC3_ERR_ARGUMENT)) {
        dc3_clear_search(s->options->out);
        rmdir(s->options->out); /* where nothing else is in it */
    }
}

dc3_status dc3_search(dc3_condense_options *options, double images_seen, dc3_search_found *found)
{
    DC3_TRY(dc3_options_need("options", options));
    DC3_TRY(dc3_place_need("found", found));
    DC3_TRY(check(options, images_seen));
    DC3_TRY(dc3_condense_check(options));
    DC3_CALL_SCOPE(options->listener.cancel);
    searching s = {.options = options, .found = found, .used = json_object(), .least_bytes = INFINITY};
    *found = (dc3_search_found){.images_seen = images_seen > 0 ? images_seen : usual_images_seen, .best = -1};
    dc3_status status = find_folder(&s);
    int earlier = s.folder && dc3_path_what(s.folder) == DC3_PATH_FOLDER;
    if (status == DC3_OK) status = search(&s);
    if (status == DC3_OK && found->best >= 0) take(&s);
    tidy(&s, status, earlier);
    dc3_dataset_close(&s.dataset);
    json_decref(s.used);
    free(s.folder);
    return status;
}
