/* Tells what a path is, and collects what is said of it. */
#include "info/kinds.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/call.h"
#include "base/options.h"
#include "base/file.h"
#include "base/lock.h"
#include "io/choice.h"
#include "io/found.h"
#include "io/weights.h"
#include "learn/checkpoint.h"

dc3_info_options dc3_info_defaults(void)
{
    return (dc3_info_options){.struct_size = sizeof(dc3_info_options), .threads = 1};
}

/* What the user may have meant by a path that is not there. */
static dc3_status missing(const char *path)
{
    char *beside = dc3_checkpoint_beside(path);
    if (!beside) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    dc3_status status =
        dc3_path_what(beside) == DC3_PATH_FILE
            ? dc3_fail(DC3_ERR_IO, "%s: not there yet: the command that makes it %s; see dc3 info %s", path,
                       dc3_file_held(beside) ? "is running" : "was interrupted", beside)
            : dc3_fail(DC3_ERR_IO, "%s: expected a file or a folder, found nothing there", path);
    free(beside);
    return status;
}

/* JSON and databases are parts of what dc3 and others keep in folders. */
static int may_be_of_folder(const char *found)
{
    return strstr(found, "JSON") || strstr(found, "SQLite");
}

static dc3_status describe_file(dc3_info_page *page)
{
    const char *path = page->options->path;
    dc3_mapping map;
    if (dc3_dataset_is(path)) return dc3_info_dataset(page);
    if (dc3_weights_are_index(path)) return dc3_info_weights(page, "index of shards", -1);
    DC3_TRY(dc3_map_open(path, &map));
    const char *kind = dc3_weights_kind(map.data, map.size);
    char found[DC3_FOUND_TEXT];
    double bytes = (double)map.size;
    dc3_found(map.data, map.size, found);
    dc3_map_close(&map);
    if (kind) return dc3_info_weights(page, kind, bytes);
    return dc3_fail(DC3_ERR_FORMAT,
                    "%s: expected weights or labels (.safetensors, .pth), a .tar or a CIFAR .bin, found %s%s",
                    path, found,
                    may_be_of_folder(found) ? "; of a run, a comparison, a model or a dataset give the folder"
                                            : "");
}

static dc3_status describe_folder(dc3_info_page *page)
{
    const char *path = page->options->path;
    if (dc3_folder_holds(path, "dc3.json")) return dc3_info_run(page);
    if (dc3_folder_holds(path, "compare.json")) return dc3_info_comparison(page);
    if (dc3_folder_holds(path, "generate.json")) return dc3_info_generated(page);
    if (dc3_folder_holds(path, "model_index.json")) {
        DC3_TRY(dc3_info_model(page));
        return dc3_folder_holds(path, "finetune.json") ? dc3_info_training(page) : DC3_OK;
    }
    if (dc3_folder_holds(path, "encoded.safetensors") &&
        (dc3_folder_holds(path, "finetune.json") || dc3_folder_holds(path, "training.checkpoint")))
        return dc3_info_finetuned(page);
    if (dc3_weights_are_model(path)) return dc3_info_weights(page, "folder of transformers or timm", -1);
    dc3_status status = dc3_info_dataset(page);
    if (status != DC3_ERR_FORMAT || !strstr(dc3_error_text(), "found no images")) return status;
    char reason[1024];
    snprintf(reason, sizeof reason, "%s", dc3_error_text());
    return dc3_fail(status,
                    "%s; nor is it a run (dc3.json), a comparison (compare.json) or a model "
                    "(model_index.json)",
                    reason);
}

static dc3_status describe(dc3_info_page *page)
{
    const char *path = page->options->path;
    if (page->options->machine) return dc3_info_machine(page);
    if (!path || !*path) return dc3_fail(DC3_ERR_ARGUMENT, "info: expected a file or a folder, found none");
    dc3_info_set(page, "path", dc3_json_text(path));
    switch (dc3_path_what(path)) {
    case DC3_PATH_FILE:
        return describe_file(page);
    case DC3_PATH_FOLDER:
        return describe_folder(page);
    case DC3_PATH_MISSING:
        return missing(path);
    case DC3_PATH_OTHER:
        break;
    }
    return dc3_fail(DC3_ERR_ARGUMENT, "%s: expected a file or a folder, found something else (a device?)",
                    path);
}

dc3_status dc3_info(const dc3_info_options *given, dc3_info_report *report)
{
    dc3_info_options own = dc3_info_defaults();
    const dc3_info_options *options = &own;
    DC3_TRY(dc3_place_need("report", report));
    *report = (dc3_info_report){0};
    DC3_TRY(DC3_TAKE_OPTIONS(dc3_info_options, listener, given, &own));
    DC3_TRY(dc3_options_threads(&own.threads));
    if (own.machine)
        own.path = "this machine";
    else
        DC3_TRY(dc3_options_need("path", own.path));
    DC3_CALL_SCOPE(own.listener.cancel);
    dc3_draft draft;
    DC3_TRY(dc3_draft_open(&draft));
    dc3_info_page page = {options, draft.file, json_object(), 0};
    dc3_status status = page.json ? describe(&page) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK && !page.is_dataset) status = dc3_choice_refuse(&own.choice, own.path);
    if (fclose(draft.file) != 0 && status == DC3_OK) status = dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK) {
        report->text = draft.text;
        report->json = json_dumps(page.json, JSON_INDENT(2) | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(6));
        if (!report->json) status = dc3_fail(DC3_ERR_MEMORY, "out of memory");
    }
    if (status != DC3_OK) {
        free(draft.text);
        report->text = NULL;
    }
    json_decref(page.json);
    return status;
}
