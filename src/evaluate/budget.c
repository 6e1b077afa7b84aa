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

/* The epochs of a budget {"settings", "epochs"} of this student; 0: it is another's, or none. */
static int epochs_of(const json_t *budget, const dc3_saved_student *entry)
{
    json_int_t epochs = json_integer_value(json_object_get(budget, "epochs"));
    int same = json_equal(json_object_get(budget, "settings"), entry->settings);
    return same && epochs >= 1 && epochs <= 1000000 ? (int)epochs : 0;
}

/* What an earlier student of this call was given, else what an earlier call has kept; 0: nothing. */
static int kept_epochs(const dc3_evaluation *e, const dc3_saved_student *entry)
{
    json_t *object = NULL;
    size_t i;
    int epochs = 0;
    json_array_foreach(e->tests->budgets, i, object)
    {
        if ((epochs = epochs_of(object, entry))) return epochs;
    }
    if (!e->options->folder || dc3_path_what(entry->score) != DC3_PATH_FILE ||
        dc3_json_read(entry->score, BYTES, &object) != DC3_OK)
        return 0;
    epochs = epochs_of(object, entry);
    json_decref(object);
    return epochs;
}

/* For the students after it, and in the folder of a run for later calls. */
static void keep_epochs(const dc3_evaluation *e, const dc3_saved_student *entry)
{
    json_t *object = json_pack("{s:O, s:i}", "settings", entry->settings, "epochs", e->score->epochs);
    dc3_status status = object ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (!e->tests->budgets) e->tests->budgets = json_array();
    json_array_append(e->tests->budgets, object);
    if (status == DC3_OK && e->options->folder) status = dc3_make_dirs(entry->folder);
    if (status == DC3_OK && e->options->folder)
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
    int kept = status == DC3_OK ? kept_epochs(e, &entry) : 0;
    if (kept) s->epochs = kept, s->steps = each * kept;
    if (status == DC3_OK && !kept) status = measure_anew(e, measure);
    if (status == DC3_OK && !kept) keep_epochs(e, &entry);
    if (status == DC3_OK && folder) {
        if (!e->tests->saved) e->tests->saved = json_array();
        json_array_append_new(e->tests->saved, json_string(entry.score));
    }
    s->minutes = e->options->minutes;
    dc3_saved_student_close(&entry);
    return status;
}
