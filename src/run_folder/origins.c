#include "run_folder/origins.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/file.h"
#include "base/text.h"
#include "run_folder/sources.h"
#include "run_folder/state.h"

enum { MOST_HASHES = 2000 };

static void remember(dc3_origins *o, const char *name)
{
    if (!*o->first) snprintf(o->first, sizeof o->first, "%.*s", dc3_text_room(name, 190), name);
}

/* 1 if the item is not what the statement's row says: name, bytes, modified, hash. */
static int is_another(const dc3_dataset *dataset, int64_t item, sqlite3_stmt *row, int *hashes)
{
    dc3_stamp now;
    uint64_t hash;
    if (dc3_dataset_stamp(dataset, item, &now) != DC3_OK || sqlite3_column_type(row, 1) == SQLITE_NULL)
        return 0;
    if (now.size != sqlite3_column_int64(row, 1)) return 1;
    if (now.modified == sqlite3_column_int64(row, 2) || sqlite3_column_type(row, 3) == SQLITE_NULL) return 0;
    return ++*hashes <= MOST_HASHES && dc3_dataset_hash(dataset, item, &hash) == DC3_OK &&
           (int64_t)hash != sqlite3_column_int64(row, 3);
}

static void check_row(const dc3_dataset *dataset, json_t *items, sqlite3_stmt *row, int *hashes,
                      dc3_origins *o)
{
    const char *name = (const char *)sqlite3_column_text(row, 0);
    json_t *key = name ? dc3_json_text(name) : NULL;
    const char *source = json_string_value(key);
    int64_t item = dc3_sources_item(items, source);
    if (item >= 0 && is_another(dataset, item, row, hashes)) {
        json_object_set_new(items, source, json_integer(DC3_SOURCE_CHANGED));
        remember(o, source);
        o->changed++;
    }
    json_decref(key);
}

static void check_state(const char *path, const dc3_dataset *dataset, json_t *items, dc3_origins *o)
{
    static const char chosen[] = "SELECT i.name, i.bytes, i.modified, i.hash FROM inputs i WHERE i.id IN"
                                 " (SELECT input FROM parts)";
    sqlite3_stmt *row = NULL;
    int hashes = 0;
    sqlite3 *db = dc3_state_open_read_only(path);
    if (db && sqlite3_prepare_v2(db, chosen, -1, &row, NULL) == SQLITE_OK)
        while (sqlite3_step(row) == SQLITE_ROW) check_row(dataset, items, row, &hashes, o);
    sqlite3_finalize(row);
    sqlite3_close(db);
}

dc3_status dc3_origins_check(const char *run, const dc3_dataset *dataset, json_t *items, dc3_origins *o)
{
    const char *source;
    json_t *item;
    char *path = dc3_path_join(run, "state.db");
    *o = (dc3_origins){0};
    if (!path) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    json_object_foreach(items, source, item)
    {
        o->wanted++;
        if (json_is_integer(item)) continue;
        remember(o, source);
        o->missing++;
    }
    check_state(path, dataset, items, o);
    free(path);
    return DC3_OK;
}

int dc3_origins_are_others(const dc3_origins *o)
{
    return 2 * (o->missing + o->changed) > o->wanted;
}

const char *dc3_origins_text(const dc3_origins *o, char text[DC3_ORIGINS_TEXT])
{
    const char *all = "images that the run was made of";
    int n = 0;
    if (o->missing)
        n = snprintf(text, DC3_ORIGINS_TEXT, "%lld of %lld %s %s missing", (long long)o->missing,
                     (long long)o->wanted, all, o->missing == 1 ? "is" : "are");
    if (o->changed && n)
        n += snprintf(text + n, DC3_ORIGINS_TEXT - (size_t)n, " and %lld %s", (long long)o->changed,
                      o->changed == 1 ? "is another" : "are others");
    else if (o->changed)
        n = snprintf(text, DC3_ORIGINS_TEXT, "%lld of %lld %s %s", (long long)o->changed,
                     (long long)o->wanted, all, o->changed == 1 ? "is another now" : "are others now");
    snprintf(text + n, DC3_ORIGINS_TEXT - (size_t)n, " (%s)", o->first);
    return text;
}
