#include "run_folder/stored_images.h"

#include <stdio.h>
#include <stdlib.h>
#include "base/file.h"
#include "base/text.h"
#include "run_folder/document.h"
#include "run_folder/shards.h"
#include "run_folder/sources.h"

/* Members of dc3.json. */
static const char shards_key[] = "shards", images_key[] = "stored";

static void remember(char first[200], const char *name)
{
    if (!*first) snprintf(first, 200, "%.*s", dc3_text_room(name, 190), name);
}

dc3_status dc3_stored_images_describe(const char *train, int64_t images, json_t *document)
{
    int *numbers;
    size_t count;
    DC3_TRY(dc3_shards_numbers(train, &numbers, &count));
    free(numbers);
    json_object_set_new(document, shards_key, json_integer((json_int_t)count));
    json_object_set_new(document, images_key, json_integer(images));
    return DC3_OK;
}

/* Shards say what is in them; of one that is lost only the document knows. */
void dc3_stored_images_lost(const char *train, const json_t *document, int64_t there,
                            dc3_stored_images *found)
{
    json_int_t images = json_integer_value(json_object_get(document, images_key)),
               shards = json_integer_value(json_object_get(document, shards_key));
    char name[DC3_SHARD_NAME];
    int *numbers, gap = 0;
    size_t count;
    if (images <= there || !dc3_shards_hold(train)) return;
    if (dc3_shards_numbers(train, &numbers, &count) != DC3_OK) return;
    while ((size_t)gap < count && numbers[gap] == gap) gap++;
    free(numbers);
    found->lost = shards > (json_int_t)count ? shards - (json_int_t)count : 0;
    found->missing += images - there;
    found->wanted = images;
    if (found->lost) snprintf(found->first_missing, 200, "%s", dc3_shard_name(gap, name));
}

void dc3_stored_images_add(const json_t *line, json_t *names)
{
    const char *name = json_string_value(json_object_get(line, "file_name"));
    if (name) json_object_set_new(names, name, json_null());
}

void dc3_stored_images_check(const char *train, const json_t *document, json_t *names,
                             const dc3_dataset *dataset, dc3_stored_images *found)
{
    const char *name;
    json_t *item;
    *found = (dc3_stored_images){0};
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
    dc3_stored_images_lost(train, document, found->wanted, found);
}

const char *dc3_stored_missing(const dc3_stored_images *f, char text[DC3_STORED_TEXT])
{
    const char *are = f->missing == 1 ? "is" : "are";
    *text = 0;
    if (f->lost > 1)
        snprintf(text, DC3_STORED_TEXT,
                 "%lld of %lld images of the run %s missing, with %lld shards: %s and others",
                 (long long)f->missing, (long long)f->wanted, are, (long long)f->lost, f->first_missing);
    else if (f->lost)
        snprintf(text, DC3_STORED_TEXT, "%lld of %lld images of the run %s missing, with its shard %s",
                 (long long)f->missing, (long long)f->wanted, are, f->first_missing);
    else if (f->missing)
        snprintf(text, DC3_STORED_TEXT, "%lld of %lld images of the run %s missing%s%s%s",
                 (long long)f->missing, (long long)f->wanted, are, *f->first_missing ? ": " : "",
                 f->first_missing, *f->first_missing && f->missing > 1 ? " and others" : "");
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

static dc3_status add(void *names, json_t *line)
{
    dc3_stored_images_add(line, names);
    return DC3_OK;
}

void dc3_stored_images_note(const char *run, const dc3_dataset *dataset, const dc3_listener *listener)
{
    json_t *names = json_object(), *document = NULL;
    dc3_stored_images found;
    char text[DC3_STORED_TEXT], *train = dc3_path_join(run, "train");
    if (train && names && dc3_metadata_each(train, add, names) == DC3_OK) {
        (void)dc3_document_read(run, &document);
        dc3_stored_images_check(train, document, names, dataset, &found);
        if (found.missing)
            dc3_listener_say(listener, "note: %s: %s", train, dc3_stored_missing(&found, text));
        if (found.foreign)
            dc3_listener_say(listener, "note: %s: %s", train, dc3_stored_foreign(&found, text));
    }
    json_decref(document);
    json_decref(names);
    free(train);
}
