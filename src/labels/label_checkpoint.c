/* What a labelling leaves when it is interrupted, and goes on from; whether what it would make is there. */
#include <stdio.h>
#include "base/file.h"
#include "base/listener.h"
#include "base/options.h"
#include "dc3/text.h"
#include "io/safetensors.h"
#include "labels/labelling.h"
#include "run_folder/fingerprint.h"

json_t *dc3_labelling_settings(const dc3_labelling *l)
{
    json_t *settings = json_copy(l->labels.info);
    char text[24];
    snprintf(text, sizeof text, "%016llx", (unsigned long long)dc3_fingerprint_images(l->dataset));
    json_object_del(settings, "files");
    json_object_del(settings, "class_names");
    json_object_del(settings, "stored");
    json_object_set_new(settings, "pictures", json_string(text));
    json_object_set_new(settings, "views", json_integer(l->labels.views));
    return settings;
}

dc3_status dc3_labelling_save(dc3_labelling *l)
{
    double start = dc3_seconds_now();
    int64_t done = 0;
    for (int64_t i = 0; i < l->labels.n * l->labels.views; i++) done += dc3_soft_labels_has(&l->labels, 0, i);
    json_t *saved = json_pack("{s:I, s:o, s:f}", "done", (json_int_t)done, "settings",
                              dc3_labelling_settings(l), "seconds", l->before + start - l->start);
    if (!saved || json_object_set_new(l->labels.info, "checkpoint", saved) != 0)
        return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    dc3_status status = dc3_soft_labels_save(l->checkpoint, &l->labels);
    json_object_del(l->labels.info, "checkpoint");
    if (status == DC3_OK) dc3_file_hold(l->checkpoint, &l->held);
    l->saved = dc3_seconds_now();
    l->saving = l->saved - start;
    return status;
}

dc3_status dc3_labelling_save_now_and_then(dc3_labelling *l)
{
    double passed = dc3_seconds_now() - l->saved;
    return passed < 60 || passed < 20 * l->saving ? DC3_OK : dc3_labelling_save(l);
}

dc3_status dc3_labelling_resume(dc3_labelling *l)
{
    char list[600];
    dc3_table *table;
    dc3_soft_labels was;
    l->saved = dc3_seconds_now();
    if (l->options->fresh || dc3_path_what(l->checkpoint) != DC3_PATH_FILE) return DC3_OK;
    DC3_TRY(dc3_safetensors_open(l->checkpoint, &table));
    dc3_status status = dc3_soft_labels_look(table, &was);
    dc3_table_close(&table);
    DC3_TRY(status);
    json_t *saved = json_object_get(was.info, "checkpoint"), *settings = dc3_labelling_settings(l);
    dc3_json_all_differences(json_object_get(saved, "settings"), settings, ",", list, sizeof list);
    if (*list)
        status = dc3_fail(DC3_ERR_ARGUMENT,
                          "%s: a labelling with other settings was interrupted here (%s); give the same, or "
                          "%s to start over",
                          l->checkpoint, list, dc3_setting("fresh"));
    l->before = json_number_value(json_object_get(saved, "seconds"));
    json_decref(settings);
    dc3_soft_labels_free(&was);
    DC3_TRY(status);
    dc3_file_hold(l->checkpoint, &l->held);
    return dc3_soft_labels_resume(l->checkpoint, &l->labels);
}

/* What labels are made by, of their info: not the images, nor the version, and the format follows. */
static json_t *made_by(const json_t *info, int64_t views)
{
    static const char *const others[] = {"files", "class_names", "stored", "version", "format"};
    json_t *by = json_copy((json_t *)(uintptr_t)info);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) json_object_del(by, others[i]);
    json_object_set_new(by, "views", json_integer(views));
    return by;
}

/* The labels that are there may have cost hours: those of other settings are replaced where that is said. */
static dc3_status compare(const dc3_labelling *l, const dc3_soft_labels *was)
{
    char list[600];
    json_t *before = made_by(was->info, was->views), *now = made_by(l->labels.info, l->labels.views);
    dc3_json_all_differences(before, now, " and", list, sizeof list);
    json_decref(before);
    json_decref(now);
    if (!*list) return DC3_OK;
    return dc3_fail(DC3_ERR_ARGUMENT,
                    "%s: holds labels of other settings (%s); use %s to replace them, or another file (%s)",
                    l->out, list, dc3_setting("fresh"), dc3_setting("out"));
}

dc3_status dc3_labelling_find(const dc3_labelling *l, int *there)
{
    dc3_table *table = NULL;
    dc3_soft_labels was;
    int part = dc3_path_what(l->checkpoint) == DC3_PATH_FILE; /* of a labelling that is newer */
    *there = 0;
    if (l->options->fresh || part || dc3_path_what(l->out) != DC3_PATH_FILE) return DC3_OK;
    int are = dc3_safetensors_open(l->out, &table) == DC3_OK && dc3_soft_labels_look(table, &was) == DC3_OK;
    dc3_table_close(&table);
    if (!are) return DC3_OK;
    *there = l->is_run && was.views == l->labels.views && json_equal(was.info, l->labels.info);
    int taken = json_is_true(json_object_get(was.info, "taken")); /* a part of others, by dc3 take */
    int forced = l->options->out && l->options->force;
    dc3_status status = *there || taken || forced ? DC3_OK : compare(l, &was);
    if (status == DC3_OK && !*there && !taken && !forced && l->is_run)
        dc3_listener_say(&l->options->listener,
                         "note: %s is made again: its labels are of other images than %s has now, or of "
                         "another version of dc3",
                         l->out, l->options->run);
    dc3_soft_labels_free(&was);
    return status;
}

int64_t dc3_labelling_first_missing(const dc3_labelling *l)
{
    int64_t i = 0, all = l->labels.n * l->labels.views;
    while (i < all && dc3_soft_labels_has(&l->labels, i / l->labels.n, dc3_label_views_item(l->drawn, i)))
        i++;
    return i;
}
