#include "report/training_page.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "gather/parts.h"
#include "report/place.h"
#include "report/training_measures.h"
#include "report/training_samples.h"

enum { LIMIT = 1 << 24 }; /* bytes of finetune.json and of measures */

int dc3_report_is_training(const char *folder)
{
    return dc3_folder_holds(folder, "finetune.json") || dc3_folder_holds(folder, "training.checkpoint");
}

static dc3_status read_document(dc3_reporting *r)
{
    if (!dc3_folder_holds(r->options->run, "finetune.json"))
        return dc3_fail(
            DC3_ERR_FORMAT,
            "%s: expected a training that is complete, found one that was interrupted; the command "
            "that began it, given again, completes it",
            r->options->run);
    char *path = dc3_path_join(r->options->run, "finetune.json");
    dc3_status status =
        path ? dc3_json_read(path, LIMIT, &r->document) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK && !json_is_object(json_object_get(r->document, "settings")))
        status = dc3_fail(DC3_ERR_FORMAT, "%s: expected the settings of a training, found none", path);
    free(path);
    return status;
}

/* The settings that people gave, without fingerprints of files. */
static void take_settings(dc3_reporting *r)
{
    static const char *const names[] = {"train",      "steps",        "batch",
                                        "accumulate", "lr",           "lr_schedule",
                                        "warm_up",    "weight_decay", "clip",
                                        "ema",        "min_snr",      "dropout",
                                        "rank",       "lora_layers",  "train_text_encoder",
                                        "alpha",      "seed",         "threads"},
                             *const encoded[] = {"size", "flip", "dtype", "template"};
    const json_t *all = json_object_get(r->document, "settings"), *latents = json_object_get(all, "encoded");
    json_t *shown = json_object();
    json_object_set(shown, "data", json_object_get(r->document, "data"));
    json_object_set(shown, "model", json_object_get(r->document, "model"));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        json_object_set(shown, names[i], json_object_get(all, names[i]));
    for (size_t i = 0; i < sizeof encoded / sizeof *encoded; i++)
        json_object_set(shown, encoded[i], json_object_get(latents, encoded[i]));
    json_object_set_new(r->document, "shown", shown);
    r->settings = shown;
}

/* A count; 0 where it is none that could be. */
static double number(const json_t *o, const char *key)
{
    double value = json_number_value(json_object_get(o, key));
    return value >= 0 && value < 1e15 ? value : 0;
}

static void add_fact(json_t *facts, const char *text, const char *what)
{
    json_array_append_new(facts, dc3_gather_pair(text, what));
}

static dc3_status add_head(dc3_reporting *r)
{
    char *folder = dc3_path_real(r->options->run), text[1200], count[32];
    if (!folder) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    const char *slash = strrchr(folder, '/'), *data = json_string_value(json_object_get(r->settings, "data")),
               *part = json_string_value(json_object_get(r->settings, "train"));
    const json_t *losses = json_object_get(r->document, "losses");
    json_t *facts = json_array();
    json_object_set_new(r->page, "title", dc3_json_text(slash && slash[1] ? slash + 1 : folder));
    snprintf(text, sizeof text, "A generator trained on %.800s (%.40s).", data ? data : "a dataset",
             part ? part : "?");
    json_object_set_new(r->page, "subtitle", dc3_json_text(text));
    add_fact(facts, dc3_gather_count((int64_t)number(r->document, "images"), count), "images");
    add_fact(facts, dc3_gather_count((int64_t)number(r->settings, "steps"), count), "steps");
    add_fact(facts, dc3_gather_count((int64_t)number(r->document, "trained"), count), "values trained");
    if (json_array_size(losses)) {
        snprintf(text, sizeof text, "%.4f",
                 json_number_value(json_array_get(losses, json_array_size(losses) - 1)));
        add_fact(facts, text, "loss at the end");
    }
    json_object_set_new(r->page, "facts", facts);
    free(folder);
    return DC3_OK;
}

/* Each loss is the mean over a part of the steps, and stands at its end. */
static void add_losses(dc3_reporting *r, json_t *plots)
{
    const json_t *losses = json_object_get(r->document, "losses");
    double steps = number(r->settings, "steps");
    size_t n = json_array_size(losses);
    if (!n) return;
    json_t *points = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(points, json_pack("[f, f]", steps * (double)(i + 1) / (double)n,
                                                json_number_value(json_array_get(losses, i))));
    json_array_append_new(plots, json_pack("{s:s, s:[{s:s, s:o}]}", "title", "Loss, mean of each hundredth",
                                           "lines", "name", "loss", "points", points));
}

static dc3_status add_measures(dc3_reporting *r, json_t *plots)
{
    json_t *document = NULL;
    if (!r->options->measures) return DC3_OK;
    dc3_status status = dc3_json_read(r->options->measures, LIMIT, &document);
    if (status == DC3_OK && !json_array_size(json_object_get(document, "datasets")))
        status = dc3_fail(DC3_ERR_FORMAT, "%s: expected what dc3 measure prints with %s, found other JSON",
                          r->options->measures, dc3_setting("json"));
    if (status == DC3_OK) dc3_training_measures(r->page, plots, document);
    if (status == DC3_OK && !json_array_size(json_object_get(r->page, "measured")))
        status = dc3_fail(DC3_ERR_FORMAT,
                          "%s: expected measures by a network (dc3 measure with %s or %s), "
                          "found none",
                          r->options->measures, dc3_setting("teacher"), dc3_setting("inception"));
    json_decref(document);
    return status;
}

static dc3_status join(dc3_reporting *r)
{
    json_t *plots = json_array();
    json_object_set_new(r->page, "plots", plots);
    take_settings(r);
    DC3_TRY(add_head(r));
    DC3_TRY(dc3_training_samples(r));
    add_losses(r, plots);
    DC3_TRY(add_measures(r, plots));
    return dc3_gather_settings(r);
}

/* Options of the report of a run that say nothing about a training. */
static dc3_status check_options(const dc3_report_options *o)
{
    static const char text[] = "is for a run of dc3 condense, found a folder of dc3 finetune, %s";
    if (o->data) return dc3_fail_setting("data", text, o->run);
    if (o->scores) return dc3_fail_setting("scores", text, o->run);
    return o->against && *o->against ? dc3_fail_setting("against", text, o->run) : DC3_OK;
}

dc3_status dc3_report_training(const dc3_report_options *options, dc3_report_result *result)
{
    dc3_reporting r = {.options = options, .result = result, .page = json_object(), .notes = json_array()};
    *result = (dc3_report_result){0};
    json_object_set_new(r.page, "notes", r.notes);
    char *place = NULL;
    dc3_status status = check_options(options);
    if (status == DC3_OK) status = read_document(&r);
    if (status == DC3_OK) status = join(&r);
    if (status == DC3_OK) status = dc3_report_find_place(&r, &place);
    if (status == DC3_OK) status = dc3_report_write_page(&r, place);
    free(place);
    dc3_reporting_close(&r);
    return status;
}
