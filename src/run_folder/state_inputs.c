/* The inputs of a run in its state.db: noted, and compared with the dataset as it is now. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/cancel.h"
#include "base/file.h"
#include "run_folder/state_private.h"

/* One that has vanished since it was listed is skipped where it is read, like others that cannot be. */
static dc3_status add_input(dc3_state *s, const dc3_dataset *dataset, int64_t item)
{
    dc3_stamp stamp;
    if (dc3_dataset_stamp(dataset, item, &stamp) != DC3_OK) stamp = (dc3_stamp){-1, 0};
    sqlite3_stmt *st = dc3_state_statement(s, DC3_STATE_ADD_INPUT);
    sqlite3_bind_int64(st, 1, item);
    sqlite3_bind_text(st, 2, dc3_dataset_key(dataset, item), -1, SQLITE_STATIC);
    sqlite3_bind_int(st, 3, dc3_dataset_label(dataset, item));
    sqlite3_bind_int64(st, 4, stamp.size);
    sqlite3_bind_int64(st, 5, stamp.modified);
    return dc3_state_done(s, st);
}

/* What an earlier listing knows is set aside, and comes back for the images that are as they were. */
static const char set_aside[] =
    "CREATE TEMP TABLE was AS SELECT i.name, c.name AS class, i.bytes, i.modified, i.hash, i.state, i.reason,"
    " i.bin FROM inputs i JOIN classes c ON c.id = i.class;"
    "CREATE INDEX temp.was_name ON was(class, name);"
    "DELETE FROM inputs; DELETE FROM classes";
static const char bring_back[] =
    "UPDATE inputs SET hash = w.hash, state = w.state, reason = w.reason, bin = w.bin"
    " FROM temp.was w, classes c WHERE c.id = inputs.class AND w.class = c.name AND w.name = inputs.name"
    " AND w.bytes IS inputs.bytes AND w.modified IS inputs.modified;"
    "DROP TABLE temp.was";

dc3_status dc3_state_list(dc3_state *s, const dc3_dataset *dataset,
                          void (*progress)(void *user, int64_t done, int64_t total), void *user)
{
    enum { PROGRESS_STEP = 4096 };
    int64_t n = dc3_dataset_size(dataset);
    DC3_TRY(dc3_state_begin(s));
    DC3_TRY(dc3_state_execute(s, set_aside));
    for (int i = 0; i < dc3_dataset_classes(dataset); i++)
        DC3_TRY(dc3_state_set_text(s, DC3_STATE_ADD_CLASS, i, dc3_dataset_class_name(dataset, i)));
    if (!dc3_state_put(s, "data", dc3_dataset_path(dataset))) return dc3_state_failed(s);
    for (int64_t i = 0; i < n; i++) {
        DC3_TRY(dc3_check_cancel());
        DC3_TRY(add_input(s, dataset, i));
        if ((i + 1) % PROGRESS_STEP == 0) progress(user, i + 1, n);
    }
    DC3_TRY(dc3_state_execute(s, bring_back));
    if (!dc3_state_put_number(s, "listed", 1)) return dc3_state_failed(s);
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
    if (dc3_dataset_stamp(dataset, item, &now) != DC3_OK) {
        differs(d, VANISHED, dc3_dataset_key(dataset, item));
        return DC3_OK;
    }
    touched = now.modified != sqlite3_column_int64(row, 4);
    if (now.size == sqlite3_column_int64(row, 3) && !touched) return DC3_OK;
    if (now.size == sqlite3_column_int64(row, 3) && hashed &&
        dc3_dataset_hash(dataset, item, &hash) == DC3_OK && (int64_t)hash == sqlite3_column_int64(row, 5))
        return sqlite3_db_readonly(s->db, "main") == 1
                   ? DC3_OK
                   : dc3_state_set_number(s, DC3_STATE_TOUCH, id, now.modified);
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
        if (result != SQLITE_ROW && result != SQLITE_DONE) return dc3_state_failed(s);
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
    dc3_status status = sqlite3_prepare_v2(s->db, listing, -1, &rows, NULL) ? dc3_state_failed(s) : DC3_OK;
    if (status == DC3_OK) status = compare_all(s, dataset, rows, &d);
    sqlite3_finalize(rows);
    DC3_TRY(status);
    describe(&d, text, size);
    return dc3_state_commit(s);
}

dc3_status dc3_state_look(const char *folder, const dc3_dataset *dataset, char *text, size_t size)
{
    dc3_state s = {.path = dc3_path_join(folder, "state.db")};
    dc3_status status = s.path ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    *text = 0;
    if (status == DC3_OK) s.db = dc3_state_open_read_only(s.path);
    if (s.db && dc3_state_is_sound(&s)) status = dc3_state_compare(&s, dataset, text, size);
    for (int i = 0; i < DC3_STATE_STATEMENTS; i++) sqlite3_finalize(s.statements[i]);
    sqlite3_close(s.db);
    free(s.path);
    return status;
}

dc3_status dc3_state_unbin(dc3_state *s)
{
    return dc3_state_execute(s, "UPDATE inputs SET bin = NULL WHERE bin IS NOT NULL");
}
