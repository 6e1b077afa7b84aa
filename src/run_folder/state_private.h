/* What the files share that work on an open state.db. Private to this folder. */
#ifndef DC3_RUN_FOLDER_STATE_PRIVATE_H
#define DC3_RUN_FOLDER_STATE_PRIVATE_H

#include <sqlite3.h>
#include "run_folder/state.h"

/* Changes and questions that are prepared once. */
typedef enum dc3_state_kind {
    DC3_STATE_ADD_CLASS,
    DC3_STATE_ADD_INPUT,
    DC3_STATE_TOUCH,
    DC3_STATE_READ,
    DC3_STATE_SKIP,
    DC3_STATE_BIN,
    DC3_STATE_CHOOSE,
    DC3_STATE_PART,
    DC3_STATE_STORE,
    DC3_STATE_STORED,
    DC3_STATE_STAGE,
    DC3_STATE_SECONDS,
    DC3_STATE_SET,
    DC3_STATE_STATEMENTS
} dc3_state_kind;

struct dc3_state {
    sqlite3 *db;
    char *path;
    sqlite3_stmt *statements[DC3_STATE_STATEMENTS];
    char stage[32];
    int64_t progress;  /* when the progress was written, seconds */
    char clocked[32];  /* the stage whose time is taken; "": none */
    double clock_read; /* until when it is noted, seconds */
};

/* DC3_ERR_IO with what SQLite says. */
dc3_status dc3_state_failed(const dc3_state *state);
dc3_status dc3_state_execute(dc3_state *state, const char *sql);
/* NULL where it cannot be prepared. */
sqlite3_stmt *dc3_state_statement(dc3_state *state, dc3_state_kind which);
/* Runs a change whose values are bound. */
dc3_status dc3_state_done(dc3_state *state, sqlite3_stmt *statement);
/* A change of row `id` by a number, or by a text, which may hold any bytes. */
dc3_status dc3_state_set_number(dc3_state *state, dc3_state_kind which, int64_t id, int64_t value);
dc3_status dc3_state_set_text(dc3_state *state, dc3_state_kind which, int64_t id, const char *text);
/* Notes a value of the run; 1 if it worked. The error text stays as it is: nothing may depend on the value.
 */
int dc3_state_put(dc3_state *state, const char *name, const char *value);
int dc3_state_put_number(dc3_state *state, const char *name, int64_t value);
/* 1 if it is a sound database whose listing was finished. */
int dc3_state_is_sound(dc3_state *state);

#endif
