/* A condensed dataset of the first images of another: dc3.json, OUT/train, and what belongs to it. */
#include "dc3/take.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/call.h"
#include "base/file.h"
#include "base/listener.h"
#include "base/lock.h"
#include "base/options.h"
#include "output/output_path.h"
#include "run_folder/chosen_table.h"
#include "run_folder/clear.h"
#include "run_folder/document.h"
#include "run_folder/fingerprint.h"
#include "run_folder/shards.h"
#include "run_folder/store.h"
#include "run_folder/stored_images.h"
#include "run_folder/work.h"
#include "take/contents.h"
#include "take/labels.h"
#include "take/there.h"

/* The settings' member that says what was taken of what. */
static const char taken_key[] = "taken";

dc3_take_options dc3_take_defaults(void)
{
    return (dc3_take_options){.struct_size = sizeof(dc3_take_options)};
}

static dc3_status check_options(const dc3_take_options *o)
{
    DC3_TRY(dc3_options_need("run", o->run));
    DC3_TRY(dc3_options_need("out", o->out));
    if (o->ipc && o->total)
        return dc3_fail_setting("total", "expected it or %s, found both", dc3_setting("ipc"));
    if (!o->ipc && !o->total)
        return dc3_fail_setting("ipc", "expected images per class, or %s, found neither",
                                dc3_setting("total"));
    if (o->ipc < 0) return dc3_fail_setting("ipc", "expected 1 image per class or more, found %d", o->ipc);
    if (o->total < 0) return dc3_fail_setting("total", "expected 1 image or more, found %d", o->total);
    return DC3_OK;
}

/* Reads the run: it is complete, and no process works in it. */
static dc3_status read_run(const char *run, json_t **document, json_t **lines)
{
    char *path = dc3_path_join(run, "dc3.json"), *train = dc3_path_join(run, "train");
    dc3_status status =
        path && train ? dc3_document_read(run, document) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    const char *program = json_string_value(json_object_get(*document, "program"));
    if (status == DC3_OK &&
        (!program || strcmp(program, "dc3") != 0 || !json_is_object(json_object_get(*document, "settings"))))
        status = dc3_fail(DC3_ERR_FORMAT, "%s: expected the dc3.json of a run of dc3, found another", path);
    if (status == DC3_OK) status = dc3_check_complete(path, *document);
    if (status == DC3_OK) status = dc3_lock_check(run);
    if (status == DC3_OK) status = dc3_metadata_read(train, lines);
    free(path);
    free(train);
    return status;
}

/* Makes of the run's document that of what is taken. */
static dc3_status describe(const dc3_taking *t, int total, json_t *document)
{
    static const char *const amounts[] = {"ipc", "listed", "total", "budget"}, *const others[] = {
                                                                                   "listed", "total",
                                                                                   "budget", "labels",
                                                                                   "search"};
    json_t *settings = json_object_get(document, "settings"), *taken = json_object();
    json_t *from = json_array(); /* which the run's images and labels were */
    json_array_append_new(from, dc3_fingerprint_text(t->stored));
    if (t->labels) json_array_append_new(from, dc3_fingerprint_text(t->labels));
    char *run = dc3_path_real(t->run);
    if (!run) {
        json_decref(taken), json_decref(from);
        return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    }
    json_object_set_new(taken, "of", dc3_json_text(run));
    free(run);
    json_object_set_new(taken, "images", json_integer((json_int_t)json_array_size(t->lines)));
    for (size_t i = 0; i < sizeof amounts / sizeof *amounts; i++)
        if (json_object_get(settings, amounts[i]))
            json_object_set(taken, amounts[i], json_object_get(settings, amounts[i]));
    json_object_set_new(taken, "nested", json_boolean(dc3_is_nested(settings)));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) json_object_del(settings, others[i]);
    json_object_set_new(settings, "ipc", json_integer(t->first.most));
    if (total) json_object_set_new(settings, "total", json_integer(total));
    const char *store = json_string_value(json_object_get(settings, "store"));
    if (store && strcmp(store, dc3_store_kind_name(DC3_STORE_LINK)) == 0) /* whose files are taken */
        json_object_set_new(settings, "store", json_string(dc3_store_kind_name(DC3_STORE_COPY)));
    json_object_set_new(settings, taken_key, taken);
    json_object_del(json_object_get(document, "teacher"), "stored_accuracy"); /* on all of the run's images */
    json_object_set_new(document, dc3_taken_from_key, from);
    json_object_set_new(document, "complete", json_false());
    json_object_del(document, "shards");
    json_object_del(document, "stored");
    json_object_del(document, "budget_choices");
    return DC3_OK;
}

/* Whether the folder is new or may be made anew; *clears: it holds a run that goes. */
static dc3_status look(const char *out, const json_t *settings, int fresh, int *clears)
{
    json_t *old = NULL;
    *clears = 0;
    if (!dc3_folder_holds(out, "dc3.json")) {
        if (!dc3_folder_occupied(out)) return DC3_OK;
        return dc3_fail(DC3_ERR_ARGUMENT, "%s: holds files that dc3 did not make; choose a new folder", out);
    }
    DC3_TRY(dc3_document_read(out, &old));
    const char *program = json_string_value(json_object_get(old, "program"));
    int ours = program && strcmp(program, "dc3") == 0;
    int left = !json_is_true(json_object_get(old, "complete")) &&
               json_equal(json_object_get(old, "settings"), settings);
    json_decref(old);
    *clears = ours && (fresh || left);
    if (*clears) return DC3_OK;
    if (!ours)
        return dc3_fail(DC3_ERR_ARGUMENT, "%s/dc3.json: was not made by dc3; choose a new folder", out);
    return dc3_fail(DC3_ERR_ARGUMENT, "%s: holds a run already; use %s to start over or another folder", out,
                    dc3_setting("fresh"));
}

static dc3_status check_place(const dc3_take_options *o, const json_t *settings)
{
    const dc3_input inputs[] = {{"the run", o->run},
                                {"the dataset", json_string_value(json_object_get(settings, "data"))}};
    return dc3_output_folder_check("out", o->out, inputs, 2);
}

static dc3_status write_document(const char *out, json_t *document, int complete)
{
    json_object_set_new(document, "complete", json_boolean(complete));
    return dc3_json_write(out, "dc3.json", document, JSON_PRESERVE_ORDER);
}

/* The images into shards as large as the run's. */
static dc3_status pack(const dc3_taking *t, const char *train, json_t *document)
{
    const json_t *settings = json_object_get(document, "settings");
    const char *store = json_string_value(json_object_get(settings, "store"));
    double most = json_number_value(json_object_get(settings, "shard_size"));
    if (!store || strcmp(store, dc3_store_kind_name(DC3_STORE_TAR)) != 0) return DC3_OK;
    DC3_TRY(dc3_shards_pack(train, most >= DC3_SHARD_LEAST ? most : DC3_SHARD_BYTES, t->listener));
    return dc3_stored_images_describe(train, t->first.count, document);
}

/* Fills the folder, whose lock is held. */
static dc3_status fill(const dc3_taking *t, int clears, json_t *document, dc3_take_report *report)
{
    char *train = dc3_path_join(t->out, "train");
    dc3_status status = train ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK && clears) status = dc3_work_check(t->out);
    if (status == DC3_OK && clears) status = dc3_clear_run(t->out);
    if (status == DC3_OK) status = dc3_clear_parts(t->out);
    if (status == DC3_OK) status = write_document(t->out, document, 0);
    if (status == DC3_OK) status = dc3_take_names(t);
    if (status == DC3_OK) status = dc3_take_images(t);
    if (status == DC3_OK) status = dc3_take_files(t);
    if (status == DC3_OK) status = pack(t, train, document);
    if (status == DC3_OK) status = dc3_take_labels(t, &report->label_views);
    if (status == DC3_OK) status = dc3_chosen_table_write(t->out, t->run);
    if (status == DC3_OK) status = write_document(t->out, document, 1);
    if (status == DC3_OK) dc3_taken_report(t->out, report);
    free(train);
    return status;
}

static void tell(const dc3_taking *t, const json_t *settings, int nested)
{
    int bins = json_object_get(settings, "objective") != NULL; /* nested is one of its selections */
    const char *edits = json_string_value(json_object_get(settings, "compensation"));
    if (!nested)
        dc3_listener_say(t->listener,
                         "note: these are the first images of each class by rank, not those that a run of "
                         "its own with %s %lld would choose%s%s%s (docs/methods.md, Selections)",
                         dc3_setting("ipc"), (long long)t->first.most, bins ? "; those of " : "",
                         bins ? dc3_setting("selection") : "", bins ? " nested are" : "");
    if (edits && strcmp(edits, dc3_compensation_kind_name(DC3_COMPENSATION_CALIBRATED)) == 0)
        dc3_listener_say(t->listener, "note: their colours were compensated together with those of the "
                                      "images that are left out");
}

static dc3_status take(const dc3_take_options *o, const json_t *lines, json_t *document,
                       dc3_take_report *report)
{
    dc3_taking t = {.run = o->run, .out = o->out, .lines = lines, .listener = &o->listener};
    json_t *settings = json_object_get(document, "settings");
    char *train = dc3_path_join(o->run, "train");
    dc3_lock lock = {.fd = -1};
    int clears = 0, nested = dc3_is_nested(settings);
    dc3_status status = train ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK) status = check_place(o, settings);
    if (status == DC3_OK) status = dc3_first_of(train, lines, o->ipc, o->total, &t.first);
    char *labels = dc3_path_join(o->run, "soft_labels.safetensors");
    if (status == DC3_OK) t.stored = dc3_fingerprint_folder(train), t.labels = dc3_fingerprint_file(labels);
    free(train), free(labels);
    DC3_TRY(status);
    *report = (dc3_take_report){.images = t.first.count,
                                .of = (int64_t)json_array_size(lines),
                                .classes = t.first.classes,
                                .nested = nested};
    status = describe(&t, o->total, document);
    if (status == DC3_OK && !o->fresh && dc3_taken_is_there(o->out, document)) {
        dc3_listener_say(&o->listener, "%s: all images are there already: none was taken", o->out);
        dc3_taken_report(o->out, report);
        dc3_first_free(&t.first);
        return DC3_OK;
    }
    if (status == DC3_OK) status = look(o->out, settings, o->fresh, &clears);
    if (status == DC3_OK) status = dc3_make_dirs(o->out);
    if (status == DC3_OK) status = dc3_lock_take(o->out, &o->listener, &lock);
    if (status == DC3_OK) status = look(o->out, settings, o->fresh, &clears);
    if (status == DC3_OK) status = fill(&t, clears, document, report);
    if (status == DC3_OK) tell(&t, settings, nested);
    dc3_lock_release(&lock);
    dc3_first_free(&t.first);
    return status;
}

dc3_status dc3_take(const dc3_take_options *given, dc3_take_report *report)
{
    dc3_take_options own = dc3_take_defaults();
    json_t *document = NULL, *lines = NULL;
    dc3_work_note note = {0};
    DC3_TRY(dc3_place_need("report", report));
    *report = (dc3_take_report){0};
    DC3_TRY(DC3_TAKE_OPTIONS(dc3_take_options, listener, given, &own));
    DC3_TRY(check_options(&own));
    DC3_CALL_SCOPE(own.listener.cancel);
    dc3_status status = read_run(own.run, &document, &lines);
    if (status == DC3_OK) {
        dc3_work_begin(&note, own.run, "take", &own.listener);
        status = take(&own, lines, document, report);
        dc3_work_end(&note);
    }
    json_decref(document);
    json_decref(lines);
    return status;
}
