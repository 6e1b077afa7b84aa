#include "condense/times.h"

#include <stdlib.h>
#include <string.h>
#include "base/file.h"

static void add(json_t *stages, const char *name, double seconds)
{
    size_t i;
    json_t *stage;
    json_array_foreach(stages, i, stage)
    {
        const char *is = json_string_value(json_array_get(stage, 0));
        if (!is || strcmp(is, name) != 0) continue;
        json_array_set_new(stage, 1, json_real(json_number_value(json_array_get(stage, 1)) + seconds));
        return;
    }
    json_array_append_new(stages, json_pack("[s, f]", name, seconds));
}

static double number(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

dc3_status dc3_times_add(const dc3_output *output, double teacher)
{
    const dc3_condense_report *r = output->run->report;
    char *path = dc3_path_join(output->folder, "times.json");
    json_t *old = NULL, *now = json_object(), *stages = json_array();
    if (!path) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (output->continues && dc3_path_what(path) == DC3_PATH_FILE &&
        dc3_json_read(path, 1 << 20, &old) == DC3_OK && json_is_array(json_object_get(old, "stages"))) {
        json_decref(stages);
        stages = json_incref(json_object_get(old, "stages"));
    }
    if (teacher > 0) add(stages, "teacher", teacher);
    for (int i = 0; i < DC3_STAGES; i++)
        if (r->stage[i]) add(stages, r->stage[i], r->seconds[i]);
    double peak = number(old, "peak_bytes"), cached = number(old, "cached_seconds");
    json_object_set_new(now, "calls", json_integer(json_integer_value(json_object_get(old, "calls")) + 1));
    json_object_set_new(now, "stages", stages);
    json_object_set_new(now, "peak_bytes", json_real(r->peak_bytes > peak ? r->peak_bytes : peak));
    json_object_set_new(now, "cached_seconds", json_real(r->cached_seconds > 0 ? r->cached_seconds : cached));
    dc3_status status =
        dc3_json_write(output->folder, "times.json", now, JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(6));
    json_decref(now);
    json_decref(old);
    free(path);
    return status;
}
