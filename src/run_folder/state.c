#include "run_folder/state_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "base/file.h"
#include "base/listener.h"
#include "base/lock.h"

enum { VERSION = 1 }; /* of the tables: PRAGMA user_version */

static const char schema[] =
    "CREATE TABLE classes(id INTEGER PRIMARY KEY, name TEXT NOT NULL);"
    "CREATE TABLE inputs(id INTEGER PRIMARY KEY, name TEXT NOT NULL, class INTEGER NOT NULL, bytes INTEGER,"
    " modified INTEGER, hash INTEGER, state TEXT NOT NULL DEFAULT 'listed', reason TEXT, bin INTEGER);"
    "CREATE TABLE pictures(id INTEGER PRIMARY KEY, name TEXT NOT NULL, state TEXT NOT NULL DEFAULT 'chosen',"
    " bytes INTEGER, edits INTEGER, views INTEGER);"
    "CREATE TABLE parts(picture INTEGER, part INTEGER, input INTEGER, PRIMARY KEY(picture, part)) WITHOUT "
    "ROWID;"
    "CREATE TABLE stages(name TEXT PRIMARY KEY, seconds REAL NOT NULL);"
    "CREATE TABLE run(name TEXT PRIMARY KEY, value);";

static const char *const texts[DC3_STATE_STATEMENTS] = {
    [DC3_STATE_ADD_CLASS] = "INSERT INTO classes(id, name) VALUES(?1, ?2)",
    [DC3_STATE_ADD_INPUT] = "INSERT INTO inputs(id, name, class, bytes, modified) VALUES(?1, ?2, ?3, ?4, ?5)",
    [DC3_STATE_TOUCH] = "UPDATE inputs SET modified = ?2 WHERE id = ?1",
    [DC3_STATE_READ] = "UPDATE inputs SET state = 'read', hash = ?2 WHERE id = ?1",
    [DC3_STATE_SKIP] = "UPDATE inputs SET state = 'skipped', reason = ?2, hash = ?3 WHERE id = ?1",
    [DC3_STATE_BIN] = "UPDATE inputs SET bin = ?2 WHERE id = ?1",
    [DC3_STATE_CHOOSE] = "INSERT INTO pictures(id, name) VALUES(?1, ?2)",
    [DC3_STATE_PART] = "INSERT INTO parts(picture, part, input) VALUES(?1, ?2, ?3)",
    [DC3_STATE_STORE] = "UPDATE pictures SET state = 'stored', bytes = ?2, edits = ?3 WHERE id = ?1",
    [DC3_STATE_STORED] = "SELECT bytes FROM pictures WHERE id = ?1 AND state = 'stored'",
    [DC3_STATE_STAGE] = ("INSERT INTO stages(name, seconds) VALUES(?1, ?2) ON CONFLICT(name) DO UPDATE"
                         " SET seconds = seconds + excluded.seconds"),
    [DC3_STATE_SECONDS] = "SELECT seconds FROM stages WHERE name = ?1",
    [DC3_STATE_SET] = "REPLACE INTO run(name, value) VALUES(?1, ?2)"};

dc3_status dc3_state_failed(const dc3_state *s)
{
    return dc3_fail(DC3_ERR_IO, "%s: %s", s->path, sqlite3_errmsg(s->db));
}

dc3_status dc3_state_execute(dc3_state *s, const char *sql)
{
    return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK ? DC3_OK : dc3_state_failed(s);
}

sqlite3_stmt *dc3_state_statement(dc3_state *s, dc3_state_kind which)
{
    if (!s->statements[which] &&
        sqlite3_prepare_v3(s->db, texts[which], -1, SQLITE_PREPARE_PERSISTENT, &s->statements[which], NULL))
        return NULL;
    return s->statements[which];
}

dc3_status dc3_state_done(dc3_state *s, sqlite3_stmt *st)
{
    if (!st) return dc3_state_failed(s);
    int result = sqlite3_step(st);
    dc3_status status = result == SQLITE_DONE ? DC3_OK : dc3_state_failed(s);
    sqlite3_reset(st);
    return status;
}

dc3_status dc3_state_set_number(dc3_state *s, dc3_state_kind which, int64_t id, int64_t value)
{
    sqlite3_stmt *st = dc3_state_statement(s, which);
    sqlite3_bind_int64(st, 1, id);
    sqlite3_bind_int64(st, 2, value);
    return dc3_state_done(s, st);
}

dc3_status dc3_state_set_text(dc3_state *s, dc3_state_kind which, int64_t id, const char *text)
{
    sqlite3_stmt *st = dc3_state_statement(s, which);
    sqlite3_bind_int64(st, 1, id);
    sqlite3_bind_text(st, 2, text, -1, SQLITE_STATIC);
    return dc3_state_done(s, st);
}

int dc3_state_put(dc3_state *s, const char *name, const char *value)
{
    sqlite3_stmt *st = dc3_state_statement(s, DC3_STATE_SET);
    sqlite3_bind_text(st, 1, name, -1, SQLITE_STATIC);
    sqlite3_bind_text(st, 2, value, -1, SQLITE_STATIC);
    int result = st ? sqlite3_step(st) : SQLITE_ERROR;
    sqlite3_reset(st);
    return result == SQLITE_DONE;
}

int dc3_state_put_number(dc3_state *s, const char *name, int64_t value)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%lld", (long long)value);
    return dc3_state_put(s, name, digits);
}

static void close_database(dc3_state *s)
{
    for (int i = 0; i < DC3_STATE_STATEMENTS; i++) sqlite3_finalize(s->statements[i]);
    memset(s->statements, 0, sizeof s->statements);
    /* One file is left, which a reader opens without leaving others beside it. */
    if (s->db) sqlite3_exec(s->db, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL);
    sqlite3_close(s->db);
    s->db = NULL;
}

void dc3_state_remove(const char *folder)
{
    static const char *const names[] = {"state.db-wal", "state.db-shm", "state.db"};
    for (int i = 0; i < 3; i++) {
        char *path = dc3_path_join(folder, names[i]);
        if (path) unlink(path);
        free(path);
    }
}

int64_t dc3_state_number(sqlite3 *db, const char *sql, int64_t otherwise)
{
    sqlite3_stmt *st = NULL;
    int64_t value = otherwise;
    if (sqlite3_prepare_v2(db, sql, -1, &st, NULL) == SQLITE_OK && sqlite3_step(st) == SQLITE_ROW &&
        sqlite3_column_type(st, 0) != SQLITE_NULL)
        value = sqlite3_column_int64(st, 0);
    sqlite3_finalize(st);
    return value;
}

int64_t dc3_state_noted(sqlite3 *db, const char *name, int64_t otherwise)
{
    char sql[100];
    snprintf(sql, sizeof sql, "SELECT value FROM run WHERE name = '%s'", name);
    return dc3_state_number(db, sql, otherwise);
}

int dc3_state_is_sound(dc3_state *s)
{
    return dc3_state_number(s->db, "PRAGMA user_version", -1) == VERSION &&
           dc3_state_noted(s->db, "listed", 0) == 1 &&
           dc3_state_number(s->db, "SELECT COUNT(*) FROM inputs", -1) >= 0 &&
           dc3_state_number(s->db, "SELECT COUNT(*) FROM pictures", -1) >= 0;
}

/* The path with its folder's links followed: SQLite's "no follow", which keeps the file itself from being
 * one, is about every part of a path. NULL without memory. */
static char *follow_folder(const char *path)
{
    char *folder = strdup(path), *slash = folder ? strrchr(folder, '/') : NULL;
    if (slash) *slash = 0;
    char *real = folder ? dc3_path_real(slash ? folder : ".") : NULL,
         *result = real ? dc3_path_join(real, slash ? slash + 1 : path) : NULL;
    free(folder);
    free(real);
    return result;
}

/* Where the file system has no locks SQLite goes without: the run's lock has warned of that. A log that is
 * written ahead needs them. */
static int open_database(const char *folder, dc3_state *s)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW,
        locks = dc3_lock_works(folder);
    const char *sql = locks ? "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL"
                            : "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = DELETE";
    char *path = follow_folder(s->path);
    int opened = path && sqlite3_open_v2(path, &s->db, flags, locks ? NULL : "unix-none") == SQLITE_OK;
    free(path);
    return opened && sqlite3_busy_timeout(s->db, 10000) == SQLITE_OK &&
           sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK;
}

static dc3_status open_or_make(const char *folder, dc3_state *s, int *made, char *remark, size_t size)
{
    int there = dc3_path_what(s->path) == DC3_PATH_FILE, opened = open_database(folder, s);
    *made = !opened || !dc3_state_is_sound(s);
    if (!*made) return DC3_OK;
    int blank = !there || (opened && dc3_state_number(s->db, "PRAGMA user_version", -1) == 0 &&
                           dc3_state_number(s->db, "SELECT COUNT(*) FROM sqlite_master", -1) == 0);
    if (there && !blank)
        snprintf(remark, size, "note: %s is damaged or not finished and is made again", s->path);
    close_database(s);
    dc3_state_remove(folder);
    if (!open_database(folder, s)) {
        dc3_status status = dc3_state_failed(s);
        close_database(s);
        return status;
    }
    char version[40];
    snprintf(version, sizeof version, "PRAGMA user_version = %d", VERSION);
    DC3_TRY(dc3_state_execute(s, "BEGIN"));
    DC3_TRY(dc3_state_execute(s, schema));
    DC3_TRY(dc3_state_execute(s, version));
    if (!dc3_state_put(s, "program", dc3_version())) return dc3_state_failed(s);
    return dc3_state_execute(s, "COMMIT");
}

dc3_status dc3_state_open(const char *folder, dc3_state **state, int *made, char *remark, size_t size)
{
    dc3_state *s = *state = calloc(1, sizeof *s);
    *remark = 0;
    if (!s) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    s->path = dc3_path_join(folder, "state.db");
    dc3_status status =
        s->path ? open_or_make(folder, s, made, remark, size) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK && (!dc3_state_put_number(s, "started", (int64_t)time(NULL)) ||
                             !dc3_state_put_number(s, "complete", 0) ||
                             !dc3_state_put_number(s, "calls", dc3_state_noted(s->db, "calls", 0) + 1)))
        status = dc3_state_failed(s);
    if (status != DC3_OK) dc3_state_close(state, 0);
    return status;
}

dc3_state *dc3_state_reopen(const char *folder)
{
    dc3_state *s = calloc(1, sizeof *s);
    if (!s) return NULL;
    s->path = dc3_path_join(folder, "state.db");
    if (s->path && dc3_path_what(s->path) == DC3_PATH_FILE && open_database(folder, s) &&
        dc3_state_is_sound(s))
        return s;
    close_database(s);
    free(s->path);
    free(s);
    return NULL;
}

void dc3_state_close(dc3_state **state, int complete)
{
    dc3_state *s = *state;
    if (!s) return;
    if (s->db && !sqlite3_get_autocommit(s->db)) sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
    if (s->db) dc3_state_put_number(s, "updated", (int64_t)time(NULL));
    if (s->db && complete) dc3_state_put_number(s, "complete", 1);
    if (s->db) close_database(s);
    free(s->path);
    free(s);
    *state = NULL;
}

dc3_status dc3_state_begin(dc3_state *s)
{
    return dc3_state_execute(s, "BEGIN");
}

dc3_status dc3_state_commit(dc3_state *s)
{
    return dc3_state_execute(s, "COMMIT");
}

dc3_status dc3_state_read(dc3_state *s, int64_t item, uint64_t hash)
{
    return dc3_state_set_number(s, DC3_STATE_READ, item, (int64_t)hash);
}

dc3_status dc3_state_skip(dc3_state *s, int64_t item, const uint64_t *hash, const char *reason)
{
    sqlite3_stmt *st = dc3_state_statement(s, DC3_STATE_SKIP);
    sqlite3_bind_int64(st, 1, item);
    sqlite3_bind_text(st, 2, reason, -1, SQLITE_STATIC);
    if (hash)
        sqlite3_bind_int64(st, 3, (int64_t)*hash);
    else
        sqlite3_bind_null(st, 3);
    return dc3_state_done(s, st);
}

dc3_status dc3_state_bin(dc3_state *s, int64_t item, int64_t bin)
{
    return dc3_state_set_number(s, DC3_STATE_BIN, item, bin);
}

int64_t dc3_state_images(dc3_state *s)
{
    return dc3_state_number(s->db, "SELECT COUNT(*) FROM pictures", -1);
}

dc3_status dc3_state_unchoose(dc3_state *s)
{
    DC3_TRY(dc3_state_execute(s, "DELETE FROM parts"));
    return dc3_state_execute(s, "DELETE FROM pictures");
}

dc3_status dc3_state_choose(dc3_state *s, int64_t image, const char *name)
{
    return dc3_state_set_text(s, DC3_STATE_CHOOSE, image, name);
}

dc3_status dc3_state_part(dc3_state *s, int64_t image, int part, int64_t item)
{
    sqlite3_stmt *st = dc3_state_statement(s, DC3_STATE_PART);
    sqlite3_bind_int64(st, 1, image);
    sqlite3_bind_int(st, 2, part);
    sqlite3_bind_int64(st, 3, item);
    return dc3_state_done(s, st);
}

dc3_status dc3_state_store(dc3_state *s, int64_t image, int64_t bytes, int edits)
{
    sqlite3_stmt *st = dc3_state_statement(s, DC3_STATE_STORE);
    sqlite3_bind_int64(st, 1, image);
    sqlite3_bind_int64(st, 2, bytes);
    sqlite3_bind_int(st, 3, edits);
    return dc3_state_done(s, st);
}

int64_t dc3_state_stored_bytes(dc3_state *s, int64_t image)
{
    sqlite3_stmt *st = dc3_state_statement(s, DC3_STATE_STORED);
    int64_t bytes = -1;
    sqlite3_bind_int64(st, 1, image);
    if (st && sqlite3_step(st) == SQLITE_ROW) bytes = sqlite3_column_int64(st, 0);
    sqlite3_reset(st);
    return bytes;
}

void dc3_state_label(const char *folder, int views)
{
    char sql[80];
    dc3_state s = {.path = dc3_path_join(folder, "state.db")};
    snprintf(sql, sizeof sql, "UPDATE pictures SET views = %d WHERE state = 'stored'", views);
    if (s.path && dc3_path_what(s.path) == DC3_PATH_FILE && open_database(folder, &s) &&
        dc3_state_is_sound(&s))
        dc3_state_execute(&s, sql);
    close_database(&s);
    free(s.path);
}

/* Notes the time that passed in the stage since the clock was read. */
static void read_clock(dc3_state *s)
{
    sqlite3_stmt *st = *s->clocked ? dc3_state_statement(s, DC3_STATE_STAGE) : NULL;
    double now = dc3_seconds_now();
    if (!st) return;
    sqlite3_bind_text(st, 1, s->clocked, -1, SQLITE_STATIC);
    sqlite3_bind_double(st, 2, now - s->clock_read);
    if (sqlite3_step(st) == SQLITE_DONE) s->clock_read = now;
    sqlite3_reset(st);
}

void dc3_state_progress(dc3_state *s, const char *stage, int64_t done_now, int64_t total)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    int same = strcmp(s->stage, stage) == 0;
    if (same && (int64_t)t.tv_sec == s->progress && done_now != total) return;
    int64_t now = (int64_t)time(NULL);
    s->progress = (int64_t)t.tv_sec;
    int alone = sqlite3_get_autocommit(s->db) && sqlite3_exec(s->db, "BEGIN", NULL, NULL, NULL) == SQLITE_OK;
    dc3_state_put_number(s, "done", done_now);
    dc3_state_put_number(s, "total", total);
    dc3_state_put_number(s, "updated", now);
    read_clock(s);
    if (!same) { /* a stage may begin in the middle */
        snprintf(s->stage, sizeof s->stage, "%s", stage);
        dc3_state_put(s, "stage", stage);
        dc3_state_put_number(s, "stage_started", now);
        dc3_state_put_number(s, "stage_first", done_now);
    }
    if (alone && sqlite3_exec(s->db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
        sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
}

void dc3_state_stage_begin(dc3_state *s, const char *stage)
{
    snprintf(s->clocked, sizeof s->clocked, "%s", stage);
    s->clock_read = dc3_seconds_now();
}

double dc3_state_stage_end(dc3_state *s, double peak)
{
    read_clock(s);
    double seconds = dc3_state_stage_seconds(s, s->clocked);
    *s->clocked = 0;
    if (peak > (double)dc3_state_noted(s->db, "peak_bytes", -1))
        dc3_state_put_number(s, "peak_bytes", (int64_t)peak);
    return seconds;
}

double dc3_state_stage_seconds(dc3_state *s, const char *stage)
{
    sqlite3_stmt *st = dc3_state_statement(s, DC3_STATE_SECONDS);
    double seconds = -1;
    if (!st) return seconds;
    sqlite3_bind_text(st, 1, stage, -1, SQLITE_STATIC);
    if (sqlite3_step(st) == SQLITE_ROW) seconds = sqlite3_column_double(st, 0);
    sqlite3_reset(st);
    return seconds;
}

void dc3_state_cached(dc3_state *s, double seconds)
{
    dc3_state_put_number(s, "cached_seconds", (int64_t)(seconds + 0.5));
}

double dc3_state_cached_seconds(dc3_state *s)
{
    return (double)dc3_state_noted(s->db, "cached_seconds", 0);
}
