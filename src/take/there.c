#include "take/there.h"

#include <stdlib.h>
#include "base/file.h"
#include "io/dataset.h"
#include "io/safetensors.h"
#include "labels/soft_labels.h"
#include "run_folder/document.h"
#include "run_folder/store.h"
#include "run_folder/stored_images.h"

const char dc3_taken_from_key[] = "taken_from";

static dc3_status add(void *names, json_t *line)
{
    dc3_stored_images_add(line, names);
    return DC3_OK;
}

/* 1 if the images below `train` are those of its metadata. */
static int has_images(const char *train, const json_t *document)
{
    json_t *names = json_object();
    dc3_dataset *data = NULL;
    dc3_stored_images found = {.missing = 1};
    if (dc3_metadata_each(train, add, names) == DC3_OK && dc3_dataset_open(train, &data) == DC3_OK)
        dc3_stored_images_check(train, document, names, data, &found);
    dc3_dataset_close(&data);
    json_decref(names);
    return !found.missing && !found.foreign;
}

int dc3_taken_is_there(const char *out, const json_t *now)
{
    static const char *const same[] = {"settings", dc3_taken_from_key};
    json_t *was = NULL;
    char *train = dc3_path_join(out, "train");
    int there = train && dc3_folder_holds(out, "dc3.json") && dc3_document_read(out, &was) == DC3_OK &&
                json_is_true(json_object_get(was, "complete"));
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        there = there && json_equal(json_object_get(was, same[i]), json_object_get(now, same[i]));
    there = there && has_images(train, was);
    json_decref(was);
    free(train);
    return there;
}

void dc3_taken_report(const char *out, dc3_take_report *report)
{
    dc3_table *table = NULL;
    dc3_soft_labels labels;
    char *train = dc3_path_join(out, "train"), *path = dc3_path_join(out, "soft_labels.safetensors");
    dc3_disk_use use = train ? dc3_disk_use_of(train) : (dc3_disk_use){0};
    report->files = use.files, report->file_bytes = use.bytes, report->disk_bytes = use.blocks;
    if (path && dc3_path_what(path) == DC3_PATH_FILE && dc3_safetensors_open(path, &table) == DC3_OK &&
        dc3_soft_labels_look(table, &labels) == DC3_OK) {
        report->label_views = labels.views;
        dc3_soft_labels_free(&labels);
    }
    dc3_table_close(&table);
    free(train), free(path);
}
