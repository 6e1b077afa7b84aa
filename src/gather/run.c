/* A run that is reported about: its documents, and its dataset. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/listener.h"
#include "gather/parts.h"
#include "gather/sample.h"
#include "run_folder/document.h"
#include "run_folder/made_of.h"
#include "run_folder/origins.h"
#include "run_folder/sources.h"
#include "run_folder/stored_images.h"

dc3_status dc3_reporting_read(dc3_reporting *r)
{
    char *path = dc3_path_join(r->options->run, "dc3.json");
    r->train = dc3_path_join(r->options->run, "train");
    dc3_status status = path && r->train ? dc3_document_read(r->options->run, &r->document)
                                         : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK) status = dc3_check_complete(path, r->document);
    if (status == DC3_OK) status = dc3_metadata_read(r->train, &r->lines);
    free(path);
    DC3_TRY(status);
    const char *seed;
    r->settings = json_object_get(r->document, "settings");
    r->fit = dc3_sources_fit(r->settings);
    DC3_TRY(dc3_gather_list_classes(r));
    r->size = (int)json_integer_value(json_object_get(r->settings, "size"));
    seed = json_string_value(json_object_get(r->settings, "seed"));
    r->seed = seed ? strtoull(seed, NULL, 10) : 0;
    if (r->size >= 1 && r->size <= 4096) return DC3_OK;
    return dc3_fail(DC3_ERR_FORMAT, "%s: dc3.json: size: expected 1 to 4096, found %d", r->options->run,
                    r->size);
}

/* For the page and the listener. */
static void tell(dc3_reporting *r, const char *text)
{
    dc3_gather_note(r, "%s", text);
    dc3_listener_say(&r->options->listener, "note: %s", text);
}

/* The page has no originals. */
static dc3_status go_without(dc3_reporting *r, const char *why)
{
    char text[700];
    snprintf(r->gone, sizeof r->gone, "%.390s", why);
    snprintf(text, sizeof text, "The originals are missing: %.390s. dc3 report %s says where they are now.",
             why, dc3_setting("data"));
    tell(r, text);
    return DC3_OK;
}

/* Whether the images that the run stored are still there. */
static void check_stored(dc3_reporting *r)
{
    dc3_stored_images found;
    dc3_dataset *stored = NULL;
    json_t *line, *names = json_object();
    size_t i;
    char text[DC3_STORED_TEXT];
    if (dc3_dataset_open(r->train, &stored) != DC3_OK) stored = NULL;
    json_array_foreach(r->lines, i, line)
    {
        dc3_stored_images_add(line, names);
    }
    dc3_stored_images_check(r->train, r->document, names, stored, &found);
    json_decref(names);
    dc3_dataset_close(&stored);
    if (found.missing) tell(r, dc3_stored_missing(&found, text));
    if (found.foreign) tell(r, dc3_stored_foreign(&found, text));
}

/* Whether it is the dataset that the run was made of, and all of it. */
static dc3_status check_data(dc3_reporting *r, const char *path)
{
    dc3_origins found;
    char text[DC3_ORIGINS_TEXT], line[DC3_ORIGINS_TEXT + 300];
    DC3_TRY(dc3_origins_check(r->options->run, r->data, r->items, &found));
    if (!found.missing && !found.changed) return DC3_OK;
    dc3_origins_text(&found, text);
    const char *was = json_string_value(json_object_get(r->settings, "data"));
    int are_others = dc3_origins_are_others(&found);
    if (are_others && (!was || strcmp(was, path) != 0))
        return dc3_fail(DC3_ERR_FORMAT, "%s: expected the dataset of the run %s, found another: %s", path,
                        r->options->run, text);
    if (are_others) {
        dc3_dataset_close(&r->data);
        snprintf(line, sizeof line, "%.200s is another dataset now: %s", path, text);
        return go_without(r, line);
    }
    snprintf(line, sizeof line, "%.200s has changed: %s; the page shows nothing in their place.", path, text);
    tell(r, line);
    return DC3_OK;
}

dc3_status dc3_reporting_open_data(dc3_reporting *r)
{
    check_stored(r);
    const char *moved = r->options->data,
               *path = moved ? moved : json_string_value(json_object_get(r->settings, "data"));
    dc3_status status = path ? dc3_made_of_open(r->settings, path, &r->data)
                             : dc3_fail(DC3_ERR_FORMAT, "dc3.json names no dataset");
    if (status != DC3_OK && moved) return status;
    if (status != DC3_OK) return go_without(r, dc3_error_text());
    r->items = dc3_sources_find(r->lines, r->data);
    if (!r->items) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    DC3_TRY(check_data(r, path));
    for (size_t i = 0; r->data && i < dc3_dataset_notes(r->data); i++)
        dc3_gather_note(r, "%s", dc3_dataset_note(r->data, i));
    return DC3_OK;
}

void dc3_reporting_close(dc3_reporting *r)
{
    dc3_dataset_close(&r->data);
    json_decref(r->document);
    json_decref(r->lines);
    json_decref(r->items);
    json_decref(r->page);
    json_decref(r->rows);
    json_decref(r->baselines);
    free(r->train);
    free(r->classes);
}
