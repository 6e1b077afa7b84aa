/* The classes of the images that are labelled. */
#include "labels/labelling.h"
#include "run_folder/document.h"
#include "run_folder/stored_images.h"

/* What metadata.jsonl says. */
typedef struct metadata {
    const dc3_labelling *l;
    int64_t lines;
    json_t *labels; /* by file name */
} metadata;

static dc3_status add_line(void *user, json_t *line)
{
    metadata *m = user;
    const char *name = json_string_value(json_object_get(line, "file_name"));
    json_t *label = json_object_get(line, "label");
    json_int_t value = json_integer_value(label);
    size_t classes = json_array_size(m->l->classes);
    m->lines++;
    if (!name || !json_is_integer(label) || value < 0 || value >= (json_int_t)classes)
        return dc3_fail(DC3_ERR_FORMAT,
                        "%s/metadata.jsonl: line %lld: expected a file_name and a label below %zu",
                        m->l->folder, (long long)m->lines, classes);
    json_object_set(m->labels, name, label);
    return DC3_OK;
}

/* An object of the labels by file name, which the caller releases. */
static dc3_status read_metadata(const dc3_labelling *l, json_t **labels)
{
    metadata m = {.l = l, .labels = json_object()};
    dc3_stored_images found = {0};
    char text[DC3_STORED_TEXT];
    *labels = m.labels;
    DC3_TRY(dc3_metadata_each(l->folder, add_line, &m));
    dc3_stored_images_lost(l->folder, l->document, m.lines, &found);
    if (!found.lost) return DC3_OK;
    return dc3_fail(DC3_ERR_FORMAT, "%s: %s; give the run's command again", l->folder,
                    dc3_stored_missing(&found, text));
}

dc3_status dc3_labelling_take_classes(dc3_labelling *l)
{
    int64_t n = l->labels.n;
    json_t *files = json_object_get(l->labels.info, "files"), *known = NULL;
    dc3_status status = l->is_run ? read_metadata(l, &known) : DC3_OK;
    for (int64_t i = 0; status == DC3_OK && i < n; i++) {
        const char *name = json_string_value(json_array_get(files, (size_t)i));
        json_t *label = json_object_get(known, name);
        l->labels.labels[i] = label ? (int32_t)json_integer_value(label) : dc3_dataset_label(l->dataset, i);
        if (l->is_run && !label)
            status = dc3_fail(DC3_ERR_FORMAT, "%s/%s: is not in metadata.jsonl", l->folder, name);
    }
    if (status == DC3_OK && l->is_run && (int64_t)json_object_size(known) != n)
        status = dc3_fail(
            DC3_ERR_FORMAT,
            "%s: expected the %zu images of metadata.jsonl, found %lld; give the run's command again",
            l->folder, json_object_size(known), (long long)n);
    json_decref(known);
    return status;
}
