#include "run_folder/stored_images.h"

#include <stdio.h>
#include "base/text.h"
#include "run_folder/document.h"
#include "run_folder/sources.h"

static void remember(char first[200], const char *name)
{
    if (!*first) snprintf(first, 200, "%.*s", dc3_text_room(name, 190), name);
}

void dc3_stored_images_check(const json_t *lines, const dc3_dataset *dataset, dc3_stored_images *found)
{
    json_t *line, *names = json_object(), *item;
    const char *name;
    size_t i;
    *found = (dc3_stored_images){0};
    json_array_foreach((json_t *)(uintptr_t)lines, i, line)
    {
        name = json_string_value(json_object_get(line, "file_name"));
        if (name) json_object_set_new(names, name, json_null());
    }
    if (dataset) dc3_sources_number(names, dataset);
    json_object_foreach(names, name, item)
    {
        found->wanted++;
        if (json_is_integer(item)) continue;
        remember(found->first_missing, name);
        found->missing++;
    }
    for (int64_t n = 0; dataset && n < dc3_dataset_size(dataset); n++) {
        json_t *key = dc3_json_text(dc3_dataset_key(dataset, n));
        const char *text = json_string_value(key);
        if (text && !json_object_get(names, text)) {
            remember(found->first_foreign, text);
            found->foreign++;
        }
        json_decref(key);
    }
    json_decref(names);
}

const char *dc3_stored_missing(const dc3_stored_images *f, char text[DC3_STORED_TEXT])
{
    *text = 0;
    if (f->missing)
        snprintf(text, DC3_STORED_TEXT, "%lld of %lld images of the run %s missing: %s%s",
                 (long long)f->missing, (long long)f->wanted, f->missing == 1 ? "is" : "are",
                 f->first_missing, f->missing == 1 ? "" : " and others");
    return text;
}

const char *dc3_stored_foreign(const dc3_stored_images *f, char text[DC3_STORED_TEXT])
{
    *text = 0;
    if (f->foreign)
        snprintf(text, DC3_STORED_TEXT, "%lld image%s not of the run: %s%s", (long long)f->foreign,
                 f->foreign == 1 ? " is" : "s are", f->first_foreign, f->foreign == 1 ? "" : " and others");
    return text;
}

void dc3_stored_images_note(const char *train, const dc3_dataset *dataset, const dc3_listener *listener)
{
    json_t *lines = NULL;
    dc3_stored_images found;
    char text[DC3_STORED_TEXT];
    if (dc3_metadata_read(train, &lines) == DC3_OK) {
        dc3_stored_images_check(lines, dataset, &found);
        if (found.missing)
            dc3_listener_say(listener, "note: %s: %s", train, dc3_stored_missing(&found, text));
        if (found.foreign)
            dc3_listener_say(listener, "note: %s: %s", train, dc3_stored_foreign(&found, text));
    }
    json_decref(lines);
}
