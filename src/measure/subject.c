#include "measure/subject.h"

#include <math.h>
#include <string.h>
#include "base/listener.h"
#include "run_folder/sources.h"

void dc3_measure_set(json_t *object, const char *key, double value)
{
    json_object_set_new(object, key, isfinite(value) ? json_real(value) : json_null());
}

int dc3_measure_class(const dc3_dataset *data, const char *name, size_t length, int *hint)
{
    int n = dc3_dataset_classes(data);
    for (int i = 0; i < n; i++) {
        int at = (*hint + i) % n;
        const char *is = dc3_dataset_class_name(data, at);
        if (strlen(is) == length && memcmp(is, name, length) == 0) return *hint = at;
    }
    return -1;
}

dc3_fit dc3_measure_fit(const dc3_subject *s)
{
    return dc3_sources_fit(json_object_get(s->document, "settings"));
}

dc3_status dc3_measure_skip(dc3_measuring *m, dc3_subject *s, const char *key, const char *reason)
{
    enum { REPORTED = 5 };
    if (m->options->strict)
        return dc3_fail(DC3_ERR_FORMAT, "%s/%s: %s (%s)", s->folder, key, reason, dc3_setting("strict"));
    json_t *line = json_array();
    json_array_append_new(line, dc3_json_text(key));
    json_array_append_new(line, dc3_json_text(reason));
    if (json_array_append_new(s->skipped, line) != 0) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    m->report->skipped++;
    size_t count = json_array_size(s->skipped);
    if (count <= REPORTED) dc3_listener_say(&m->options->listener, "skipped: %s: %s", key, reason);
    if (count == REPORTED + 1)
        dc3_listener_say(&m->options->listener, "skipped: more in %s; %s lists them all", s->path,
                         dc3_setting("json"));
    return DC3_OK;
}
