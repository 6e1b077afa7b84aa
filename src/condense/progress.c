/* Where a run stands: its dc3.json and, read only, its state.db. */
#include "dc3/progress.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/lock.h"
#include "io/json.h"

static void copy(char *to, size_t size, const char *from)
{
    snprintf(to, size, "%s", from ? from : "");
}

static int64_t number_of(sqlite3 *db, const char *sql, int64_t fallback)
{
    sqlite3_stmt *st = NULL;
    int64_t value = fallback;
    if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) == SQLITE_OK && sqlite3_step(st) == SQLITE_ROW &&
        sqlite3_column_type(st, 0) != SQLITE_NULL)
        value = sqlite3_column_int64(st, 0);
    sqlite3_finalize(st);
    return value;
}

static int64_t noted(sqlite3 *db, const char *name)
{
    char sql[100];
    snprintf(sql, sizeof sql, "SELECT value FROM run WHERE name = '%s'", name);
    return number_of(db, sql, -1);
}

static int opens(const char *name, int flags, sqlite3 **db)
{
    if (sqlite3_open_v2(name, db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | flags, NULL) == SQLITE_OK &&
        sqlite3_busy_timeout(*db, 2000) == SQLITE_OK && number_of(*db, "SELECT COUNT(*) FROM run", -1) >= 0)
        return 1;
    sqlite3_close(*db);
    *db = NULL;
    return 0;
}

/* The path as a URI that says that the file does not change; caller frees. */
static char *unchanging(const char *path)
{
    char *uri = malloc(3 * strlen(path) + 32);
    if (!uri) return NULL;
    size_t at = (size_t)sprintf(uri, "file:");
    for (const char *c = path; *c; c++)
        at += (size_t)sprintf(uri + at, strchr("%?#", *c) ? "%%%02X" : "%c", (unsigned char)*c);
    strcpy(uri + at, "?immutable=1");
    return uri;
}

/* Opened so that nothing is written. In a folder that cannot be written to SQLite cannot make the shared
 * memory of a write-ahead log, so there the file is read as one that does not change. */
static sqlite3 *open_read_only(const char *path)
{
    sqlite3 *db = NULL;
    if (dc3_path_what(path) != DC3_PATH_FILE || opens(path, 0, &db)) return db;
    char *uri = unchanging(path);
    if (uri) opens(uri, SQLITE_OPEN_URI, &db);
    free(uri);
    return db;
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
    p->done = noted(db, "done"), p->total = noted(db, "total"), p->updated = noted(db, "updated");
    int64_t first = noted(db, "stage_first"), began = noted(db, "stage_started");
    if (p->done > first && first >= 0 && p->updated > began)
        p->seconds_left =
            (double)(p->updated - began) / (double)(p->done - first) * (double)(p->total - p->done);
}

static void read_database(const char *path, dc3_progress *p)
{
    sqlite3 *db = open_read_only(path);
    p->has_database = db != NULL;
    if (!db) return;
    p->inputs = number_of(db, "SELECT COUNT(*) FROM inputs", 0);
    p->read = number_of(db, "SELECT COUNT(*) FROM inputs WHERE state = 'read'", 0);
    p->skipped = number_of(db, "SELECT COUNT(*) FROM inputs WHERE state = 'skipped'", 0);
    p->binned = number_of(db, "SELECT COUNT(bin) FROM inputs", 0);
    p->classes = number_of(db, "SELECT COUNT(*) FROM classes", 0);
    p->chosen = number_of(db, "SELECT COUNT(*) FROM pictures", 0);
    p->stored = number_of(db, "SELECT COUNT(*) FROM pictures WHERE state = 'stored'", 0);
    p->edits = number_of(db, "SELECT SUM(edits) FROM pictures", 0);
    p->bytes = number_of(db, "SELECT SUM(bytes) FROM pictures WHERE state = 'stored'", 0);
    p->views = number_of(db, "SELECT MIN(views) FROM pictures WHERE state = 'stored'", 0);
    p->calls = noted(db, "calls"), p->peak_bytes = noted(db, "peak_bytes");
    p->cached_seconds = noted(db, "cached_seconds");
    read_stage(db, p);
    read_stages(db, p);
    sqlite3_close(db);
}

static dc3_status read_document(const char *path, dc3_progress *p)
{
    json_t *o = NULL;
    DC3_TRY(dc3_json_read(path, 1 << 24, &o));
    const json_t *settings = json_object_get(o, "settings");
    const char *program = json_string_value(json_object_get(o, "program"));
    const char *data = json_string_value(json_object_get(settings, "data"));
    dc3_status status = DC3_OK;
    if (!program || strcmp(program, "dc3") != 0 || !json_is_object(settings))
        status = dc3_fail(DC3_ERR_FORMAT, "%s: was not made by dc3 condense", path);
    p->complete = json_is_true(json_object_get(o, "complete"));
    p->ipc = json_integer_value(json_object_get(settings, "ipc"));
    copy(p->method, sizeof p->method, json_string_value(json_object_get(settings, "method")));
    p->data = data ? strdup(data) : NULL;
    json_decref(o);
    return status;
}

dc3_status dc3_progress_read(const char *folder, dc3_progress *p)
{
    *p = (dc3_progress){.seconds_left = -1, .updated = -1};
    char *document = dc3_path_join(folder, "dc3.json"), *database = dc3_path_join(folder, "state.db");
    dc3_status status = document && database ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK && dc3_path_what(document) != DC3_PATH_FILE)
        status =
            dc3_fail(DC3_ERR_FORMAT,
                     "%s: expected the folder of a run (dc3 condense DATA -o OUT makes one), "
                     "found %s",
                     folder, dc3_path_what(folder) == DC3_PATH_FOLDER ? "no dc3.json in it" : "no folder");
    if (status == DC3_OK) status = read_document(document, p);
    if (status == DC3_OK) {
        p->running = dc3_lock_holder(folder, p->holder, sizeof p->holder);
        read_database(database, p);
    }
    free(document);
    free(database);
    if (status != DC3_OK) dc3_progress_free(p);
    return status;
}

void dc3_progress_free(dc3_progress *p)
{
    free(p->data);
    p->data = NULL;
}
