/* Folders of dc3 generate and dc3 finetune, and files of adapters. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "dc3/progress.h"
#include "info/kinds.h"
#include "nn/adapters/lora.h"
#include "run_folder/document.h"

static dc3_status read_document(dc3_info_page *page, const char *name, json_t **document)
{
    char *path = dc3_path_join(page->options->path, name);
    dc3_status status =
        path ? dc3_json_read(path, DC3_DOCUMENT_LIMIT, document) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    free(path);
    return status;
}

/* Complete, at work, or interrupted. */
static void say_state(dc3_info_page *page, int complete)
{
    dc3_work works[DC3_WORKS];
    int running = dc3_works_read(page->options->path, works) > 0;
    dc3_info_set(page, "complete", json_boolean(complete));
    dc3_info_set(page, "running", json_boolean(running));
    if (running)
        dc3_info_line(page, "state", "running: %s", works[0].holder);
    else
        dc3_info_line(page, "state", "%s",
                      complete ? "complete" : "interrupted: run its command again to resume");
}

/* ---- images ---- */

/* Those that are there. */
static dc3_status say_images(dc3_info_page *page)
{
    char *train = dc3_path_join(page->options->path, "train");
    dc3_dataset *d = NULL;
    if (!train) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    dc3_status status = DC3_OK;
    if (dc3_path_what(train) == DC3_PATH_FOLDER && dc3_dataset_open(train, &d) == DC3_OK)
        status = dc3_info_images(page, d);
    else
        dc3_info_line(page, "images", "none yet");
    dc3_dataset_close(&d);
    free(train);
    return status;
}

static dc3_status describe_generated(dc3_info_page *page, const json_t *document)
{
    const json_t *settings = json_object_get(document, "settings");
    const char *program = json_string_value(json_object_get(document, "program"));
    const char *model = json_string_value(json_object_get(settings, "model"));
    int64_t each = json_integer_value(json_object_get(settings, "images"));
    size_t classes = json_array_size(json_object_get(document, "classes"));
    if (!program || strcmp(program, "dc3") != 0)
        return dc3_fail(DC3_ERR_FORMAT, "%s: generate.json was not made by dc3", page->options->path);
    dc3_info_title(page, "generated", "generated images, %lld of each of %zu class%s by %.80s",
                   (long long)each, classes, classes == 1 ? "" : "es",
                   model ? model : "a model that it does not name");
    say_state(page, json_is_true(json_object_get(document, "complete")));
    DC3_TRY(say_images(page));
    dc3_info_settings(page, settings);
    return DC3_OK;
}

dc3_status dc3_info_generated(dc3_info_page *page)
{
    json_t *document = NULL;
    dc3_status status = read_document(page, "generate.json", &document);
    if (status == DC3_OK) status = describe_generated(page, document);
    json_decref(document);
    return status;
}

/* ---- what was trained ---- */

static void describe_training(dc3_info_page *page, const json_t *document)
{
    char trained[DC3_NUMBER_TEXT], of[DC3_NUMBER_TEXT];
    const json_t *settings = json_object_get(document, "settings"),
                 *losses = json_object_get(document, "losses");
    const char *part = json_string_value(json_object_get(settings, "train"));
    const char *data = json_string_value(json_object_get(document, "data"));
    size_t n = json_array_size(losses);
    dc3_info_line(page, "trained", "%.20s: %s of %s parameters, %lld steps on %lld images%s%.120s",
                  part ? part : "?",
                  dc3_count_text(json_number_value(json_object_get(document, "trained")), trained),
                  dc3_count_text(json_number_value(json_object_get(document, "parameters")), of),
                  (long long)json_integer_value(json_object_get(settings, "steps")),
                  (long long)json_integer_value(json_object_get(document, "images")), data ? " of " : "",
                  data ? data : "");
    if (n)
        dc3_info_line(page, "loss", "%.4f at first, %.4f at last",
                      json_number_value(json_array_get(losses, 0)),
                      json_number_value(json_array_get(losses, n - 1)));
    dc3_info_set(page, "finetune", json_deep_copy(document));
}

dc3_status dc3_info_training(dc3_info_page *page)
{
    json_t *document = NULL;
    dc3_status status = read_document(page, "finetune.json", &document);
    if (status == DC3_OK) describe_training(page, document);
    json_decref(document);
    return status;
}

dc3_status dc3_info_finetuned(dc3_info_page *page)
{
    int complete = dc3_folder_holds(page->options->path, "finetune.json");
    dc3_info_title(page, "fine-tuning", "%s by dc3 finetune",
                   complete ? "adapters (LoRA) that were trained" : "a generator in training");
    say_state(page, complete);
    if (!complete) return DC3_OK;
    DC3_TRY(dc3_info_training(page));
    dc3_info_line(page, "to use them", "dc3 generate %s %s", dc3_setting("lora"), page->options->path);
    return DC3_OK;
}

/* ---- adapters ---- */

/* The largest rank: rows of the matrices that come first. */
static int64_t rank_of(const dc3_table *table)
{
    static const char *const ends[] = {"lora_A.weight", "down.weight"};
    int64_t rank = 0;
    for (size_t i = 0; i < dc3_table_size(table); i++) {
        const dc3_tensor *t = dc3_table_at(table, i);
        const char *name = dc3_table_name(table, i);
        for (int k = 0; k < 2; k++) {
            size_t n = strlen(name), m = strlen(ends[k]);
            if (n > m && strcmp(name + n - m, ends[k]) == 0 && t->ndim && t->shape[0] > rank)
                rank = t->shape[0];
        }
    }
    return rank;
}

int dc3_info_adapters(dc3_info_page *page, const dc3_table *table)
{
    dc3_lora *lora;
    if (dc3_lora_open(page->options->path, &lora) != DC3_OK) return 0;
    size_t unet = dc3_lora_count(lora, DC3_LORA_UNET), text = dc3_lora_count(lora, DC3_LORA_TEXT_ENCODER);
    dc3_info_title(page, "adapters", "low-rank adapters (LoRA) of a diffusion model");
    dc3_info_line(page, "adapts", "%zu layers of a U-Net, %zu of a text encoder", unet, text);
    dc3_info_line(page, "rank", "%lld", (long long)rank_of(table));
    dc3_info_line(page, "to use them", "%s of dc3 edit, condense, generate, with the model that they are of",
                  dc3_setting("lora"));
    dc3_info_set(page, "unet_layers", json_integer((json_int_t)unet));
    dc3_info_set(page, "text_encoder_layers", json_integer((json_int_t)text));
    dc3_info_set(page, "rank", json_integer(rank_of(table)));
    dc3_lora_close(&lora);
    return 1;
}
