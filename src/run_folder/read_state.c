/* A state.db that is only read. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "run_folder/state.h"

static int opens(const char *name, int flags, sqlite3 **db)
{
    if (sqlite3_open_v2(name, db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | flags, NULL) == SQLITE_OK &&
        sqlite3_busy_timeout(*db, 2000) == SQLITE_OK &&
        dc3_state_number(*db, "SELECT COUNT(*) FROM run", -1) >= 0)
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

/* In a folder that cannot be written to SQLite cannot make the shared
 * memory of a write-ahead log, so there the file is read as one that does not change. */
sqlite3 *dc3_state_open_read_only(const char *path)
{
    sqlite3 *db = NULL;
    if (dc3_path_what(path) != DC3_PATH_FILE || opens(path, 0, &db)) return db;
    char *uri = unchanging(path);
    if (uri) opens(uri, SQLITE_OPEN_URI, &db);
    free(uri);
    return db;
}
