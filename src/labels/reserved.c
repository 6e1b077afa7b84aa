#include "labels/reserved.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/listener.h"
#include "dc3/text.h"
#include "run_folder/document.h"
#include "run_folder/store.h"

enum { USUAL_VIEWS = 10, TAKEN = 128 };

/* The settings of the run, NULL where it is none; the caller releases *document. */
static const json_t *settings_of(const char *run, json_t **document)
{
    *document = NULL;
    char *path = dc3_path_join(run, "dc3.json");
    if (path && dc3_path_what(path) == DC3_PATH_FILE) dc3_json_read(path, DC3_DOCUMENT_LIMIT, document);
    free(path);
    return json_object_get(*document, "settings");
}

/* Notes in `taken` what is not given and taken from the run. */
static void take(const json_t *labels, const char *name, int *value, char taken[TAKEN])
{
    size_t used = strlen(taken);
    if (*value || !(*value = (int)json_integer_value(json_object_get(labels, name)))) return;
    snprintf(taken + used, TAKEN - used, "%s%s %d", used ? ", " : "", dc3_setting(name), *value);
}

void dc3_label_take_reserved(dc3_label_options *o)
{
    json_t *document = NULL;
    char taken[TAKEN] = "";
    /* A file of the user's own is none that the run left room for. */
    const json_t *labels = o->out ? NULL : json_object_get(settings_of(o->run, &document), "labels");
    take(labels, "views", &o->views, taken);
    take(labels, "bits", &o->bits, taken);
    take(labels, "top_k", &o->top_k, taken);
    if (*taken) dc3_listener_say(&o->listener, "labels as the run left room for: %s", taken);
    if (!o->views) o->views = USUAL_VIEWS;
    json_decref(document);
}

void dc3_label_note_budget(const dc3_label_options *o, double bytes)
{
    json_t *document;
    char all[DC3_NUMBER_TEXT], limit[DC3_NUMBER_TEXT];
    const json_t *settings = settings_of(o->run, &document);
    double budget = json_number_value(json_object_get(settings, "budget"));
    char *train = dc3_path_join(o->run, "train");
    double sum = train && budget > 0 ? bytes + dc3_disk_use_of(train).bytes : 0;
    if (sum > budget && json_object_get(settings, "labels"))
        dc3_listener_say(&o->listener,
                         "warning: images and labels take %s, more than the run's budget of %s for both",
                         dc3_size_text(sum, all), dc3_exact_size_text(budget, limit));
    else if (sum > budget)
        dc3_listener_say(&o->listener,
                         "note: with the labels it is %s; the run's budget of %s was for images alone (%s "
                         "has it for both)",
                         dc3_size_text(sum, all), dc3_exact_size_text(budget, limit),
                         dc3_setting("label_views"));
    free(train);
    json_decref(document);
}
