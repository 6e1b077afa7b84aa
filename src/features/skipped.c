/* Images that a run passes over. */
#include <stdio.h>
#include <stdlib.h>
#include "base/file.h"
#include "features/run.h"
#include "features/skipped.h"
#include "dc3/text.h"

static dc3_status skip(dc3_run *run, const char *key, const char *reason)
{
    enum { REPORTED = 5 };
    if (run->options->strict) return dc3_fail(DC3_ERR_FORMAT, "%s (%s)", reason, dc3_setting("strict"));
    if (!run->skipped) run->skipped = json_array();
    json_t *line = json_array();
    json_array_append_new(line, dc3_json_text(key));
    json_array_append_new(line, dc3_json_text(reason));
    if (json_array_append_new(run->skipped, line) != 0) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    run->report->skipped++;
    if (run->report->skipped <= REPORTED) dc3_run_say(run, "skipped: %s", reason);
    if (run->report->skipped == REPORTED + 1)
        dc3_run_say(run, "skipped: more; all will be listed in %s", run->skipped_path);
    return DC3_OK;
}

dc3_status dc3_run_skip(dc3_run *run, int64_t item, const char *reason)
{
    DC3_TRY(skip(run, dc3_dataset_key(run->dataset, item), reason));
    if (!run->state) return DC3_OK;
    uint64_t hash;
    int hashed = dc3_dataset_hash(run->dataset, item, &hash) == DC3_OK;
    return dc3_state_skip(run->state, item, hashed ? &hash : NULL, reason);
}

dc3_status dc3_run_skip_listed(dc3_run *run, const json_t *list)
{
    size_t i;
    json_t *line;
    json_array_foreach(list, i, line)
    {
        const char *key = json_string_value(json_array_get(line, 0));
        const char *reason = json_string_value(json_array_get(line, 1));
        if (key && reason) DC3_TRY(skip(run, key, reason));
    }
    return DC3_OK;
}

dc3_status dc3_run_note_read(const dc3_run *run, int count, const int64_t *items, const uint64_t *hashes,
                             const int *failed)
{
    if (!run->state) return DC3_OK;
    DC3_TRY(dc3_state_begin(run->state));
    for (int i = 0; i < count; i++)
        if (!failed[i]) DC3_TRY(dc3_state_read(run->state, items[i], hashes[i]));
    return dc3_state_commit(run->state);
}

void dc3_run_count_places(const dc3_run *run)
{
    if (run->dataset) run->report->skipped += (int64_t)dc3_dataset_skipped(run->dataset);
}

/* A line, whatever the names are. */
static void write_line(FILE *file, const char *key, const char *reason)
{
    char *name = dc3_text_printable(key), *why = dc3_text_printable(reason);
    fprintf(file, "%s: %s\n", name ? name : "", why ? why : "");
    free(name);
    free(why);
}

dc3_status dc3_run_write_skipped(const dc3_run *run)
{
    const dc3_dataset *d = run->dataset;
    dc3_draft list;
    size_t i, places = dc3_dataset_skipped(d);
    json_t *line;
    if (!json_array_size(run->skipped) && !places) return DC3_OK;
    DC3_TRY(dc3_draft_open(&list));
    for (i = 0; i < places; i++)
        write_line(list.file, dc3_dataset_skipped_key(d, i), dc3_dataset_skipped_reason(d, i));
    json_array_foreach(run->skipped, i, line)
    {
        write_line(list.file, json_string_value(json_array_get(line, 0)),
                   json_string_value(json_array_get(line, 1)));
    }
    return dc3_draft_write(&list, DC3_OK, run->skipped_path);
}
