/* Soft labels that are stored. */
#include <stdio.h>
#include "base/lock.h"
#include "base/text.h"
#include "info/kinds.h"
#include "labels/soft_labels.h"

static void say_teacher(dc3_info_page *page, const json_t *info)
{
    const char *teacher = json_string_value(json_object_get(info, "teacher"));
    const json_t *temperature = json_object_get(info, "temperature");
    int several = json_array_size(json_object_get(info, "teachers")) > 1;
    if (teacher)
        dc3_info_line(page, several ? "mean of" : "teacher", "%.*s", dc3_text_room(teacher, 60), teacher);
    if (json_is_number(temperature)) dc3_info_line(page, "temperature", "%g", json_number_value(temperature));
    dc3_info_line(page, "views by", "factor %lld, CutMix in batches of %lld, seed %.24s",
                  (long long)json_integer_value(json_object_get(info, "factor")),
                  (long long)json_integer_value(json_object_get(info, "batch")),
                  json_is_string(json_object_get(info, "seed"))
                      ? json_string_value(json_object_get(info, "seed"))
                      : "not said");
}

dc3_status dc3_info_labels(dc3_info_page *page, const dc3_table *table)
{
    static const char *const copied[] = {
        "teacher", "teachers", "teacher_fingerprint", "temperature", "factor", "batch", "seed", "version"};
    dc3_soft_labels l;
    DC3_TRY(dc3_soft_labels_look(table, &l));
    const char *type = l.bits == 8 ? "8 bits" : "f16";
    dc3_info_title(page, "soft labels", "soft labels: a teacher's logits of views of images");
    dc3_info_line(page, "images", "%lld in %lld class%s", (long long)l.n, (long long)l.classes,
                  dc3_es(l.classes));
    dc3_info_line(page, "views", "%lld of each image, %d px", (long long)l.views, l.size);
    if (l.top_k)
        dc3_info_line(page, "logits", "the %lld largest of %lld, %s", (long long)l.top_k,
                      (long long)l.classes, type);
    else
        dc3_info_line(page, "logits", "all %lld, %s", (long long)l.classes, type);
    dc3_info_set(page, "images", json_integer(l.n));
    dc3_info_set(page, "classes", json_integer(l.classes));
    dc3_info_set(page, "views", json_integer(l.views));
    dc3_info_set(page, "view_px", json_integer(l.size));
    dc3_info_set(page, "top_k", json_integer(l.top_k));
    dc3_info_set(page, "bits", json_integer(l.bits));
    const json_t *checkpoint = json_object_get(l.info, "checkpoint");
    int runs = checkpoint && dc3_file_held(page->options->path);
    if (checkpoint)
        dc3_info_line(page, "state", "%s: %lld of %lld labelled%s", runs ? "running" : "interrupted",
                      (long long)json_integer_value(json_object_get(checkpoint, "done")),
                      (long long)(l.n * l.views),
                      runs ? " when they were saved last" : "; run its command again to resume");
    if (checkpoint)
        dc3_info_set(page, "labelled", json_integer(json_integer_value(json_object_get(checkpoint, "done"))));
    dc3_info_set(page, "running", json_boolean(runs));
    dc3_info_set(page, "complete", json_boolean(!checkpoint));
    say_teacher(page, l.info);
    for (size_t i = 0; i < sizeof copied / sizeof *copied; i++) {
        const json_t *value = json_object_get(l.info, copied[i]);
        if (value) dc3_info_set(page, copied[i], json_deep_copy(value));
    }
    dc3_soft_labels_free(&l);
    return DC3_OK;
}
