/* Where a run stands: its dc3.json and, read only, its state.db. */
#include "dc3/progress.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/lock.h"
#include "base/options.h"
#include "io/json.h"
#include "run_folder/document.h"
#include "run_folder/shards.h"
#include "run_folder/state.h"

static void copy(char *to, size_t size, const char *from)
{
    snprintf(to, size, "%s", from ? from : "");
}

static void read_stages(sqlite3 *db, dc3_progress *p)
{
    sqlite3_stmt *st = NULL;
    if (sqlite3_prepare_v2(db, "SELECT name, seconds FROM stages ORDER BY rowid", -1, &st, NULL) == SQLITE_OK)
        while (p->stages < DC3_PROGRESS_STAGES && sqlite3_step(st) == SQLITE_ROW) {
            copy(p->names[p->stages], sizeof *p->names, (const char *)sqlite3_column_text(st, 0));
            p->seconds[p->stages++] = sqlite3_column_double(st, 1);
        }
    sqlite3_finalize(st);
}

static void read_stage(sqlite3 *db, dc3_progress *p)
{
    sqlite3_stmt *st = NULL;
    if (sqlite3_prepare_v2(db, "SELECT value FROM run WHERE name = 'stage'", -1, &st, NULL) == SQLITE_OK &&
        sqlite3_step(st) == SQLITE_ROW)
        copy(p->stage, sizeof p->stage, (const char *)sqlite3_column_text(st, 0));
    sqlite3_finalize(st);
    p->done = dc3_state_noted(db, "done", -1), p->total = dc3_state_noted(db, "total", -1),
    p->updated = dc3_state_noted(db, "updated", -1);
    int64_t first = dc3_state_noted(db, "stage_first", -1), began = dc3_state_noted(db, "stage_started", -1);
    if (p->done > first && first >= 0 && p->updated > began)
        p->seconds_left = ((double)p->updated - (double)began) / ((double)p->done - (double)first) *
                          ((double)p->total - (double)p->done);
}

static void read_database(const char *path, dc3_progress *p)
{
    sqlite3 *db = dc3_state_open_read_only(path);
    p->has_database = db != NULL;
    if (!db) return;
    p->inputs = dc3_state_number(db, "SELECT COUNT(*) FROM inputs", 0);
    p->read = dc3_state_number(db, "SELECT COUNT(*) FROM inputs WHERE state = 'read'", 0);
    p->skipped = dc3_state_number(db, "SELECT COUNT(*) FROM inputs WHERE state = 'skipped'", 0);
    p->binned = dc3_state_number(db, "SELECT COUNT(bin) FROM inputs", 0);
    p->classes = dc3_state_number(db, "SELECT COUNT(*) FROM classes", 0);
    p->chosen = dc3_state_number(db, "SELECT COUNT(*) FROM pictures", 0);
    p->edits = dc3_state_number(db, "SELECT SUM(edits) FROM pictures", 0);
    p->views = dc3_state_number(db, "SELECT MIN(views) FROM pictures WHERE state = 'stored'", 0);
    p->calls = dc3_state_noted(db, "calls", -1), p->peak_bytes = dc3_state_noted(db, "peak_bytes", -1);
    p->cached_seconds = dc3_state_noted(db, "cached_seconds", -1);
    read_stage(db, p);
    read_stages(db, p);
    sqlite3_close(db);
}

/* 1 if an image is there: in the shards, or without them (NULL) in `train`. */
static int is_there(const char *train, const dc3_shards *shards, const char *name)
{
    if (shards) return dc3_shards_bytes(shards, name) >= 0;
    return dc3_folder_holds(train, name);
}

/* The images that are noted as stored, and still lie below train/. */
static void count_stored(const char *folder, const char *path, dc3_progress *p)
{
    static const char stored[] = "SELECT name, bytes FROM pictures WHERE state = 'stored'";
    sqlite3_stmt *row = NULL;
    sqlite3 *db = dc3_state_open_read_only(path);
    char *train = dc3_path_join(folder, "train");
    dc3_shards *shards = NULL;
    if (train) dc3_shards_open(train, &shards);
    if (train && db && sqlite3_prepare_v2(db, stored, -1, &row, NULL) == SQLITE_OK)
        while (sqlite3_step(row) == SQLITE_ROW) {
            const char *name = (const char *)sqlite3_column_text(row, 0);
            int there = name && is_there(train, shards, name);
            p->stored += there, p->gone += !there;
            p->bytes += there ? sqlite3_column_int64(row, 1) : 0;
        }
    dc3_shards_close(&shards);
    sqlite3_finalize(row);
    sqlite3_close(db);
    free(train);
}

static dc3_status count_line(void *count, const char *line, size_t length)
{
    (void)line, (void)length;
    ++*(int64_t *)count;
    return DC3_OK;
}

/* Those that are listed too: what the dataset's list names and is not there is no input. */
static void count_skipped(const char *folder, dc3_progress *p)
{
    enum { LINE_LIMIT = 1 << 16 };
    int64_t listed = 0;
    char *path = dc3_path_join(folder, "skipped.txt");
    if (path && dc3_path_what(path) == DC3_PATH_FILE)
        (void)dc3_file_each_line(path, LINE_LIMIT, count_line, &listed);
    if (listed > p->skipped) p->skipped = listed;
    free(path);
}

static dc3_status read_document(const char *path, dc3_progress *p)
{
    json_t *o = NULL;
    DC3_TRY(dc3_json_read(path, DC3_DOCUMENT_LIMIT, &o));
    const json_t *settings = json_object_get(o, "settings");
    const char *program = json_string_value(json_object_get(o, "program"));
    const char *data = json_string_value(json_object_get(settings, "data"));
    dc3_status status = DC3_OK;
    if (!program || strcmp(program, "dc3") != 0 || !json_is_object(settings))
        status = dc3_fail(DC3_ERR_FORMAT, "%s: was not made by dc3 condense", path);
    p->complete = json_is_true(json_object_get(o, "complete"));
    int in_all = json_object_get(settings, "total") != NULL; /* "ipc" is the most of a class then */
    p->ipc = in_all ? 0 : json_integer_value(json_object_get(settings, "ipc"));
    copy(p->method, sizeof p->method, json_string_value(json_object_get(settings, "method")));
    p->data = data ? strdup(data) : NULL;
    json_decref(o);
    return status;
}

dc3_status dc3_progress_read(const char *folder, dc3_progress *p)
{
    DC3_TRY(dc3_place_need("progress", p));
    *p = (dc3_progress){.seconds_left = -1, .updated = -1};
    DC3_TRY(dc3_options_need("folder", folder));
    char *document = dc3_path_join(folder, "dc3.json"), *database = dc3_path_join(folder, "state.db");
    dc3_status status = document && database ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK && dc3_path_what(document) != DC3_PATH_FILE)
        status =
            dc3_fail(DC3_ERR_FORMAT,
                     "%s: expected the folder of a run (dc3 condense makes one) or of a "
                     "comparison, found %s",
                     folder, dc3_path_what(folder) == DC3_PATH_FOLDER ? "no dc3.json in it" : "no folder");
    if (status == DC3_OK) status = read_document(document, p);
    if (status == DC3_OK) {
        p->running = dc3_lock_holder(folder, p->holder, sizeof p->holder);
        read_database(database, p);
        count_stored(folder, database, p);
        count_skipped(folder, p);
        if (!dc3_folder_holds(folder, "soft_labels.safetensors")) p->views = 0; /* noted, and removed */
        if (p->complete) p->done = p->total, p->seconds_left = -1;
    }
    free(document);
    free(database);
    if (status != DC3_OK) dc3_progress_free(p);
    return status;
}

void dc3_progress_free(dc3_progress *p)
{
    if (!p) return;
    free(p->data);
    p->data = NULL;
}
