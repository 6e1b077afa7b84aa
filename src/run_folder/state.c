#include "run_folder/state.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "base/file.h"
#include "base/listener.h"

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

typedef enum statement {
    ADD_CLASS,
    ADD_INPUT,
    TOUCH,
    READ,
    SKIP,
    BIN,
    CHOOSE,
    PART,
    STORE,
    STORED,
    STAGE,
    SECONDS,
    SET,
    STATEMENTS
} statement;

static const char *const texts[STATEMENTS] = {
    [ADD_CLASS] = "INSERT INTO classes(id, name) VALUES(?1, ?2)",
    [ADD_INPUT] = "INSERT INTO inputs(id, name, class, bytes, modified) VALUES(?1, ?2, ?3, ?4, ?5)",
    [TOUCH] = "UPDATE inputs SET modified = ?2 WHERE id = ?1",
    [READ] = "UPDATE inputs SET state = 'read', hash = ?2 WHERE id = ?1",
    [SKIP] = "UPDATE inputs SET state = 'skipped', reason = ?2, hash = ?3 WHERE id = ?1",
    [BIN] = "UPDATE inputs SET bin = ?2 WHERE id = ?1",
    [CHOOSE] = "INSERT INTO pictures(id, name) VALUES(?1, ?2)",
    [PART] = "INSERT INTO parts(picture, part, input) VALUES(?1, ?2, ?3)",
    [STORE] = "UPDATE pictures SET state = 'stored', bytes = ?2, edits = ?3 WHERE id = ?1",
    [STORED] = "SELECT bytes FROM pictures WHERE id = ?1 AND state = 'stored'",
    [STAGE] = ("INSERT INTO stages(name, seconds) VALUES(?1, ?2) ON CONFLICT(name) DO UPDATE"
               " SET seconds = seconds + excluded.seconds"),
    [SECONDS] = "SELECT seconds FROM stages WHERE name = ?1",
    [SET] = "REPLACE INTO run(name, value) VALUES(?1, ?2)"};

struct dc3_state {
    sqlite3 *db;
    char *path;
    sqlite3_stmt *statements[STATEMENTS];
    char stage[32];
    int64_t progress;  /* when the progress was written, seconds */
    char clocked[32];  /* the stage whose time is taken; "": none */
    double clock_read; /* until when it is noted, seconds */
};

static dc3_status failed(const dc3_state *s)
{
    return dc3_fail(DC3_ERR_IO, "%s: %s", s->path, sqlite3_errmsg(s->db));
}

static dc3_status execute(dc3_state *s, const char *sql)
{
    return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK ? DC3_OK : failed(s);
}

static sqlite3_stmt *statement_of(dc3_state *s, statement which)
{
    if (!s->statements[which] &&
        sqlite3_prepare_v3(s->db, texts[which], -1, SQLITE_PREPARE_PERSISTENT, &s->statements[which], NULL))
        return NULL;
    return s->statements[which];
}

/* Runs a change whose values are bound. */
static dc3_status done(dc3_state *s, sqlite3_stmt *st)
{
    if (!st) return failed(s);
    int result = sqlite3_step(st);
    dc3_status status = result == SQLITE_DONE ? DC3_OK : failed(s);
    sqlite3_reset(st);
    return status;
}

/* A change of row `id` by a number. */
static dc3_status set_number(dc3_state *s, statement which, int64_t id, int64_t value)
{
    sqlite3_stmt *st = statement_of(s, which);
    sqlite3_bind_int64(st, 1, id);
    sqlite3_bind_int64(st, 2, value);
    return done(s, st);
}

/* A change of row `id` by a text, which may hold any bytes. */
static dc3_status set_text(dc3_state *s, statement which, int64_t id, const char *text)
{
    sqlite3_stmt *st = statement_of(s, which);
    sqlite3_bind_int64(st, 1, id);
    sqlite3_bind_text(st, 2, text, -1, SQLITE_STATIC);
    return done(s, st);
}

/* Notes a value of the run; 1 if it worked. The error text stays as it is: nothing may depend on the value.
 */
static int put(dc3_state *s, const char *name, const char *value)
{
    sqlite3_stmt *st = statement_of(s, SET);
    sqlite3_bind_text(st, 1, name, -1, SQLITE_STATIC);
    sqlite3_bind_text(st, 2, value, -1, SQLITE_STATIC);
    int result = st ? sqlite3_step(st) : SQLITE_ERROR;
    sqlite3_reset(st);
    return result == SQLITE_DONE;
}

static int put_number(dc3_state *s, const char *name, int64_t value)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%lld", (long long)value);
    return put(s, name, digits);
}

static void close_database(dc3_state *s)
{
    for (int i = 0; i < STATEMENTS; i++) sqlite3_finalize(s->statements[i]);
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

/* 1 if it is a sound database whose listing was finished. */
static int is_sound(dc3_state *s)
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

static int open_database(dc3_state *s)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW;
    char *path = follow_folder(s->path);
    int opened = path && sqlite3_open_v2(path, &s->db, flags, NULL) == SQLITE_OK;
    free(path);
    return opened && sqlite3_busy_timeout(s->db, 10000) == SQLITE_OK &&
           sqlite3_exec(s->db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL", NULL, NULL, NULL) ==
               SQLITE_OK;
}

static dc3_status open_or_make(const char *folder, dc3_state *s, int *made, char *remark, size_t size)
{
    int there = dc3_path_what(s->path) == DC3_PATH_FILE, opened = open_database(s);
    *made = !opened || !is_sound(s);
    if (!*made) return DC3_OK;
    int blank = !there || (opened && dc3_state_number(s->db, "PRAGMA user_version", -1) == 0 &&
                           dc3_state_number(s->db, "SELECT COUNT(*) FROM sqlite_master", -1) == 0);
    if (there && !blank)
        snprintf(remark, size, "note: %s is damaged or not finished and is made again", s->path);
    close_database(s);
    dc3_state_remove(folder);
    if (!open_database(s)) {
        dc3_status status = failed(s);
        close_database(s);
        return status;
    }
    char version[40];
    snprintf(version, sizeof version, "PRAGMA user_version = %d", VERSION);
    DC3_TRY(execute(s, "BEGIN"));
    DC3_TRY(execute(s, schema));
    DC3_TRY(execute(s, version));
    if (!put(s, "program", dc3_version())) return failed(s);
    return execute(s, "COMMIT");
}

dc3_status dc3_state_open(const char *folder, dc3_state **state, int *made, char *remark, size_t size)
{
    dc3_state *s = *state = calloc(1, sizeof *s);
    *remark = 0;
    if (!s) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    s->path = dc3_path_join(folder, "state.db");
    dc3_status status =
        s->path ? open_or_make(folder, s, made, remark, size) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK &&
        (!put_number(s, "started", (int64_t)time(NULL)) || !put_number(s, "complete", 0) ||
         !put_number(s, "calls", dc3_state_noted(s->db, "calls", 0) + 1)))
        status = failed(s);
    if (status != DC3_OK) dc3_state_close(state, 0);
    return status;
}

dc3_state *dc3_state_reopen(const char *folder)
{
    dc3_state *s = calloc(1, sizeof *s);
    if (!s) return NULL;
    s->path = dc3_path_join(folder, "state.db");
    if (s->path && dc3_path_what(s->path) == DC3_PATH_FILE && open_database(s) && is_sound(s)) return s;
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
    if (s->db) put_number(s, "updated", (int64_t)time(NULL));
    if (s->db && complete) put_number(s, "complete", 1);
    if (s->db) close_database(s);
    free(s->path);
    free(s);
    *state = NULL;
}

dc3_status dc3_state_begin(dc3_state *s)
{
    return execute(s, "BEGIN");
}

dc3_status dc3_state_commit(dc3_state *s)
{
    return execute(s, "COMMIT");
}

static dc3_status add_input(dc3_state *s, const dc3_dataset *dataset, int64_t item)
{
    dc3_stamp stamp;
    DC3_TRY(dc3_dataset_stamp(dataset, item, &stamp));
    sqlite3_stmt *st = statement_of(s, ADD_INPUT);
    sqlite3_bind_int64(st, 1, item);
    sqlite3_bind_text(st, 2, dc3_dataset_key(dataset, item), -1, SQLITE_STATIC);
    sqlite3_bind_int(st, 3, dc3_dataset_label(dataset, item));
    sqlite3_bind_int64(st, 4, stamp.size);
    sqlite3_bind_int64(st, 5, stamp.modified);
    return done(s, st);
}

dc3_status dc3_state_list(dc3_state *s, const dc3_dataset *dataset,
                          void (*progress)(void *user, int64_t done, int64_t total), void *user)
{
    enum { PROGRESS_STEP = 4096 };
    int64_t n = dc3_dataset_size(dataset);
    DC3_TRY(dc3_state_begin(s));
    for (int i = 0; i < dc3_dataset_classes(dataset); i++)
        DC3_TRY(set_text(s, ADD_CLASS, i, dc3_dataset_class_name(dataset, i)));
    if (!put(s, "data", dc3_dataset_path(dataset))) return failed(s);
    for (int64_t i = 0; i < n; i++) {
        DC3_TRY(dc3_check_cancel());
        DC3_TRY(add_input(s, dataset, i));
        if ((i + 1) % PROGRESS_STEP == 0) progress(user, i + 1, n);
    }
    if (!put_number(s, "listed", 1)) return failed(s);
    return dc3_state_commit(s);
}

/* What is different, counted, and the first of each kind named. */
typedef enum kind { CHANGED, VANISHED, NEW, KINDS } kind;
typedef struct differences {
    int64_t count[KINDS];
    char first[KINDS][300];
} differences;

static void differs(differences *d, kind k, const char *name)
{
    if (!d->count[k]++) snprintf(d->first[k], sizeof d->first[k], "%s", name);
}

/* An item that is there by its name: as it was? `row` is at its line. */
static dc3_status compare_item(dc3_state *s, const dc3_dataset *dataset, int64_t item, sqlite3_stmt *row,
                               differences *d)
{
    dc3_stamp now;
    uint64_t hash;
    int64_t id = sqlite3_column_int64(row, 0);
    int touched, hashed = sqlite3_column_type(row, 5) != SQLITE_NULL;
    DC3_TRY(dc3_dataset_stamp(dataset, item, &now));
    touched = now.modified != sqlite3_column_int64(row, 4);
    if (now.size == sqlite3_column_int64(row, 3) && !touched) return DC3_OK;
    if (now.size == sqlite3_column_int64(row, 3) && hashed &&
        dc3_dataset_hash(dataset, item, &hash) == DC3_OK && (int64_t)hash == sqlite3_column_int64(row, 5))
        return set_number(s, TOUCH, id, now.modified);
    differs(d, CHANGED, dc3_dataset_key(dataset, item));
    return DC3_OK;
}

/* The order of the listing: class names, then keys. */
static int order(const dc3_dataset *dataset, int64_t item, sqlite3_stmt *row)
{
    const char *class_name = (const char *)sqlite3_column_text(row, 2);
    int by_class = strcmp(dc3_dataset_class_name(dataset, dc3_dataset_label(dataset, item)), class_name);
    return by_class ? by_class
                    : strcmp(dc3_dataset_key(dataset, item), (const char *)sqlite3_column_text(row, 1));
}

/* Walks through the listing and the dataset at once. */
static dc3_status compare_all(dc3_state *s, const dc3_dataset *dataset, sqlite3_stmt *rows, differences *d)
{
    int64_t item = 0, n = dc3_dataset_size(dataset);
    int result = sqlite3_step(rows);
    while (result == SQLITE_ROW || item < n) {
        int side = result != SQLITE_ROW ? -1 : item == n ? 1 : order(dataset, item, rows);
        DC3_TRY(dc3_check_cancel());
        if (side < 0)
            differs(d, NEW, dc3_dataset_key(dataset, item));
        else if (side > 0)
            differs(d, VANISHED, (const char *)sqlite3_column_text(rows, 1));
        else
            DC3_TRY(compare_item(s, dataset, item, rows, d));
        if (side <= 0) item++;
        if (side >= 0) result = sqlite3_step(rows);
        if (result != SQLITE_ROW && result != SQLITE_DONE) return failed(s);
    }
    return DC3_OK;
}

/* "3 changed, the first is 'a/b.png', 1 new: 'c/d.png'"; "" where nothing differs. */
static void describe(const differences *d, char *text, size_t size)
{
    static const char *const words[] = {"changed", "gone", "new"};
    *text = 0;
    for (int k = 0; k < KINDS; k++) {
        size_t used = strlen(text);
        if (!d->count[k]) continue;
        snprintf(text + used, size - used, "%s%lld %s%s '%.200s'", used ? ", " : "", (long long)d->count[k],
                 words[k], d->count[k] > 1 ? ", the first is" : ":", d->first[k]);
    }
}

dc3_status dc3_state_compare(dc3_state *s, const dc3_dataset *dataset, char *text, size_t size)
{
    static const char listing[] = "SELECT i.id, i.name, c.name, i.bytes, i.modified, i.hash FROM inputs i"
                                  " JOIN classes c ON c.id = i.class ORDER BY i.id";
    differences d = {0};
    sqlite3_stmt *rows = NULL;
    DC3_TRY(dc3_state_begin(s));
    dc3_status status = sqlite3_prepare_v2(s->db, listing, -1, &rows, NULL) ? failed(s) : DC3_OK;
    if (status == DC3_OK) status = compare_all(s, dataset, rows, &d);
    sqlite3_finalize(rows);
    DC3_TRY(status);
    describe(&d, text, size);
    return dc3_state_commit(s);
}

dc3_status dc3_state_read(dc3_state *s, int64_t item, uint64_t hash)
{
    return set_number(s, READ, item, (int64_t)hash);
}

dc3_status dc3_state_skip(dc3_state *s, int64_t item, const uint64_t *hash, const char *reason)
{
    sqlite3_stmt *st = statement_of(s, SKIP);
    sqlite3_bind_int64(st, 1, item);
    sqlite3_bind_text(st, 2, reason, -1, SQLITE_STATIC);
    if (hash)
        sqlite3_bind_int64(st, 3, (int64_t)*hash);
    else
        sqlite3_bind_null(st, 3);
    return done(s, st);
}

dc3_status dc3_state_bin(dc3_state *s, int64_t item, int64_t bin)
{
    return set_number(s, BIN, item, bin);
}

int64_t dc3_state_images(dc3_state *s)
{
    return dc3_state_number(s->db, "SELECT COUNT(*) FROM pictures", -1);
}

dc3_status dc3_state_unchoose(dc3_state *s)
{
    DC3_TRY(execute(s, "DELETE FROM parts"));
    return execute(s, "DELETE FROM pictures");
}

dc3_status dc3_state_choose(dc3_state *s, int64_t image, const char *name)
{
    return set_text(s, CHOOSE, image, name);
}

dc3_status dc3_state_part(dc3_state *s, int64_t image, int part, int64_t item)
{
    sqlite3_stmt *st = statement_of(s, PART);
    sqlite3_bind_int64(st, 1, image);
    sqlite3_bind_int(st, 2, part);
    sqlite3_bind_int64(st, 3, item);
    return done(s, st);
}

dc3_status dc3_state_store(dc3_state *s, int64_t image, int64_t bytes, int edits)
{
    sqlite3_stmt *st = statement_of(s, STORE);
    sqlite3_bind_int64(st, 1, image);
    sqlite3_bind_int64(st, 2, bytes);
    sqlite3_bind_int(st, 3, edits);
    return done(s, st);
}

int64_t dc3_state_stored_bytes(dc3_state *s, int64_t image)
{
    sqlite3_stmt *st = statement_of(s, STORED);
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
    if (s.path && dc3_path_what(s.path) == DC3_PATH_FILE && open_database(&s) && is_sound(&s))
        execute(&s, sql);
    close_database(&s);
    free(s.path);
}

/* Notes the time that passed in the stage since the clock was read. */
static void read_clock(dc3_state *s)
{
    sqlite3_stmt *st = *s->clocked ? statement_of(s, STAGE) : NULL;
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
    put_number(s, "done", done_now);
    put_number(s, "total", total);
    put_number(s, "updated", now);
    read_clock(s);
    if (!same) { /* a stage may begin in the middle */
        snprintf(s->stage, sizeof s->stage, "%s", stage);
        put(s, "stage", stage);
        put_number(s, "stage_started", now);
        put_number(s, "stage_first", done_now);
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
    if (peak > (double)dc3_state_noted(s->db, "peak_bytes", -1)) put_number(s, "peak_bytes", (int64_t)peak);
    return seconds;
}

double dc3_state_stage_seconds(dc3_state *s, const char *stage)
{
    sqlite3_stmt *st = statement_of(s, SECONDS);
    double seconds = -1;
    if (!st) return seconds;
    sqlite3_bind_text(st, 1, stage, -1, SQLITE_STATIC);
    if (sqlite3_step(st) == SQLITE_ROW) seconds = sqlite3_column_double(st, 0);
    sqlite3_reset(st);
    return seconds;
}

void dc3_state_cached(dc3_state *s, double seconds)
{
    put_number(s, "cached_seconds", (int64_t)(seconds + 0.5));
}

double dc3_state_cached_seconds(dc3_state *s)
{
    return (double)dc3_state_noted(s->db, "cached_seconds", 0);
}
