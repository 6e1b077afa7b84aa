/* Tells what a path is, and collects what is said of it. */
#include "condense/info.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/text.h"
#include "condense/run.h"
#include "io/weights.h"
#include "learn/checkpoint.h"

enum { LABEL = 13, LONGEST = 400 };

dc3_info_options dc3_info_defaults(void)
{
    return (dc3_info_options){.threads = 1};
}

const char *dc3_count_text(double count, char text[DC3_NUMBER_TEXT])
{
    if (count < 1e4)
        snprintf(text, DC3_NUMBER_TEXT, "%.0f", count);
    else
        snprintf(text, DC3_NUMBER_TEXT, "%.2f M", count * 1e-6);
    return text;
}

/* The formatted text without control characters, cut; the caller frees, NULL without memory. */
static char *plain(const char *format, va_list args)
{
    char *text = NULL, *safe = NULL;
    if (vasprintf(&text, format, args) < 0) return NULL;
    safe = dc3_text_printable(text);
    free(text);
    if (safe && strlen(safe) > LONGEST) strcpy(safe + dc3_text_room(safe, LONGEST - 2), "..");
    return safe;
}

void dc3_info_title(dc3_info_page *page, const char *kind, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = plain(format, args), *path = dc3_text_printable(page->options->path);
    va_end(args);
    fprintf(page->text, "%s: %s\n", path ? path : "", text ? text : "");
    dc3_info_set(page, "kind", json_string(kind));
    free(text);
    free(path);
}

void dc3_info_line(dc3_info_page *page, const char *label, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = plain(format, args);
    va_end(args);
    fprintf(page->text, "  %-*s %s\n", LABEL, label, text ? text : "");
    free(text);
}

void dc3_info_set(dc3_info_page *page, const char *key, json_t *value)
{
    json_object_set_new(page->json, key, value);
}

void dc3_info_bytes(dc3_info_page *page, const char *label, double bytes)
{
    char text[DC3_NUMBER_TEXT];
    if (bytes < 1000)
        dc3_info_line(page, label, "%s", dc3_size_text(bytes, text));
    else
        dc3_info_line(page, label, "%s (%.0f bytes)", dc3_size_text(bytes, text), bytes);
    dc3_info_set(page, "bytes", json_integer((json_int_t)bytes));
}

/* What the user may have meant by a path that is not there. */
static dc3_status missing(const char *path)
{
    char *beside = dc3_checkpoint_beside(path);
    if (!beside) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    dc3_status status =
        dc3_path_what(beside) == DC3_PATH_FILE
            ? dc3_fail(DC3_ERR_IO,
                       "%s: not there yet: the command that makes it was cut off; see dc3 info %s", path,
                       beside)
            : dc3_fail(DC3_ERR_IO, "%s: expected a file or a folder, found nothing there", path);
    free(beside);
    return status;
}

static dc3_status describe_file(dc3_info_page *page)
{
    const char *path = page->options->path;
    dc3_mapping map;
    if (dc3_dataset_is(path)) return dc3_info_dataset(page);
    DC3_TRY(dc3_map_open(path, &map));
    const char *kind = dc3_weights_kind(map.data, map.size);
    double bytes = (double)map.size;
    dc3_map_close(&map);
    if (kind) return dc3_info_weights(page, kind, bytes);
    return dc3_fail(
        DC3_ERR_FORMAT,
        "%s: expected weights or labels (.safetensors, .pth), a .tar or a CIFAR .bin, found another "
        "file; of a run, a comparison, a model or a dataset give the folder",
        path);
}

int dc3_info_holds(const char *folder, const char *name)
{
    char *path = dc3_path_join(folder, name);
    int there = path && dc3_path_what(path) == DC3_PATH_FILE;
    free(path);
    return there;
}

static dc3_status describe_folder(dc3_info_page *page)
{
    const char *path = page->options->path;
    if (dc3_info_holds(path, "dc3.json")) return dc3_info_run(page);
    if (dc3_info_holds(path, "compare.json")) return dc3_info_comparison(page);
    if (dc3_info_holds(path, "model_index.json")) return dc3_info_model(page);
    dc3_status status = dc3_info_dataset(page);
    if (status != DC3_ERR_FORMAT) return status;
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

dc3_status dc3_info(const dc3_info_options *options, dc3_info_report *report)
{
    dc3_draft draft;
    *report = (dc3_info_report){0};
    DC3_TRY(dc3_draft_open(&draft));
    dc3_info_page page = {options, draft.file, json_object()};
    dc3_status status = page.json ? describe(&page) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
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
