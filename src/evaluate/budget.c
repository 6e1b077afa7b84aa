#include "evaluate/budget.h"

#include <string.h>
#include "base/file.h"
#include "base/listener.h"

enum { BYTES = 1 << 20 };

void dc3_budget_take(dc3_score *s, double minutes, double step)
{
    int64_t each = s->steps / (s->epochs > 0 ? s->epochs : 1);
    double epochs = step > 0 && each > 0 ? minutes * 60 / (step * (double)each) : 1;
    s->epochs = epochs < 1 ? 1 : epochs > 1e6 ? 1000000 : (int)epochs;
    s->steps = each * s->epochs;
}

/* What an earlier call has kept; 0: nothing. */
static int kept_epochs(const dc3_saved_student *entry)
{
    json_t *object = NULL;
    if (dc3_path_what(entry->score) != DC3_PATH_FILE || dc3_json_read(entry->score, BYTES, &object) != DC3_OK)
        return 0;
    json_int_t epochs = json_integer_value(json_object_get(object, "epochs"));
    int same = json_equal(json_object_get(object, "settings"), entry->settings);
    json_decref(object);
    return same && epochs >= 1 && epochs <= 1000000 ? (int)epochs : 0;
}

static void keep_epochs(const dc3_evaluation *e, const dc3_saved_student *entry)
{
    json_t *object = json_pack("{s:O, s:i}", "settings", entry->settings, "epochs", e->score->epochs);
    dc3_status status = object ? dc3_make_dirs(entry->folder) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK)
        status = dc3_json_write(entry->folder, strrchr(entry->score, '/') + 1, object, JSON_SORT_KEYS);
    json_decref(object);
    if (status != DC3_OK)
        dc3_listener_say(&e->options->listener,
                         "warning: the number of epochs is not kept: an interrupted student starts over with "
                         "another: %s",
                         dc3_error_text());
}

/* Measures on the student itself, which is then opened anew. */
static dc3_status measure_anew(dc3_evaluation *e, dc3_status (*measure)(dc3_evaluation *e, double *step))
{
    double step = 0;
    DC3_TRY(measure(e, &step));
    dc3_budget_take(e->score, e->options->minutes, step);
    e->score->first_loss = 0;
    return dc3_evaluation_reopen(e);
}

dc3_status dc3_budget_settle(dc3_evaluation *e, json_t *settings,
                             dc3_status (*measure)(dc3_evaluation *e, double *step))
{
    const char *folder = e->options->folder;
    dc3_score *s = e->score;
    dc3_saved_student entry;
    int64_t each = s->steps / (s->epochs > 0 ? s->epochs : 1);
    json_object_set_new(settings, "minutes", json_real(e->options->minutes));
    dc3_status status = dc3_saved_student_open(folder ? folder : ".", settings, &entry);
    int kept = status == DC3_OK && folder ? kept_epochs(&entry) : 0;
    if (kept) s->epochs = kept, s->steps = each * kept;
    if (status == DC3_OK && !kept) status = measure_anew(e, measure);
    if (status == DC3_OK && !kept && folder) keep_epochs(e, &entry);
    if (status == DC3_OK && folder) {
        if (!e->tests->saved) e->tests->saved = json_array();
        json_array_append_new(e->tests->saved, json_string(entry.score));
    }
    s->minutes = e->options->minutes;
    dc3_saved_student_close(&entry);
    return status;
}
