/* What a run folder's state.db (SQLite, write-ahead log) knows: every input with its size, time, hash, state
 * and bin; every stored image with its parts, edits and labels; the stages and how far they are. The
 * dataset itself never depends on it: what is stored is what stands in the folder, and a database that is
 * lost or damaged is made anew. Written by the thread that holds the folder's lock; anyone may read it
 * (read_state.c). */
#ifndef DC3_RUN_FOLDER_STATE_H
#define DC3_RUN_FOLDER_STATE_H

#include "io/dataset.h"

typedef struct dc3_state dc3_state;

/* Of an open database, also one that is only read: the number that a statement gives, and that of a name in
 * the table `run`; `otherwise` where there is none. */
struct sqlite3;
int64_t dc3_state_number(struct sqlite3 *db, const char *sql, int64_t otherwise);
int64_t dc3_state_noted(struct sqlite3 *db, const char *name, int64_t otherwise);

/* Opens such a file so that nothing is written; the caller closes it. NULL where there is no sound one. */
struct sqlite3 *dc3_state_open_read_only(const char *path);

/* Opens `folder`/state.db, or makes it. *made is 1 where it is new: it is missing, damaged or of another
 * version
 * (`remark` of `size` bytes says so then, else it is ""). */
dc3_status dc3_state_open(const char *folder, dc3_state **state, int *made, char *remark, size_t size);
/* Opens it again in the same call of the program; NULL where there is no sound one. */
dc3_state *dc3_state_reopen(const char *folder);
/* Removes `folder`/state.db and what SQLite keeps beside it. */
void dc3_state_remove(const char *folder);
/* Notes in `folder`/state.db, if there is a sound one, that soft labels of `views` views of every stored
 * image are on disk. The caller holds the folder's lock. */
void dc3_state_label(const char *folder, int views);
/* Closes it; `complete` says whether the run is. */
void dc3_state_close(dc3_state **state, int complete);

/* Notes every item of the dataset; what an earlier listing knows of those that are as they were stays.
 * `progress` hears how many are noted. */
dc3_status dc3_state_list(dc3_state *state, const dc3_dataset *dataset,
                          void (*progress)(void *user, int64_t done, int64_t total), void *user);
/* Compares the dataset with what was noted: `text` of `size` bytes counts and names what is changed (size, or
 * time and contents), gone or new, and is "" where nothing is. Files whose time alone is new get it noted. */
dc3_status dc3_state_compare(dc3_state *state, const dc3_dataset *dataset, char *text, size_t size);
/* The same of `folder`/state.db, in which nothing changes; "" where there is no sound one. */
dc3_status dc3_state_look(const char *folder, const dc3_dataset *dataset, char *text, size_t size);

/* Several changes as one: between them nothing is written. */
dc3_status dc3_state_begin(dc3_state *state);
dc3_status dc3_state_commit(dc3_state *state);
/* An item was read (its bytes have this hash), could not be decoded (NULL: nor read), got a bin. */
dc3_status dc3_state_read(dc3_state *state, int64_t item, uint64_t hash);
dc3_status dc3_state_skip(dc3_state *state, int64_t item, const uint64_t *hash, const char *reason);
dc3_status dc3_state_bin(dc3_state *state, int64_t item, int64_t bin);
/* No item has a bin, as before any got one. */
dc3_status dc3_state_unbin(dc3_state *state);
/* An image to store, `name` below train/, and the item of one of its parts. */
dc3_status dc3_state_choose(dc3_state *state, int64_t image, const char *name);
dc3_status dc3_state_part(dc3_state *state, int64_t image, int part, int64_t item);
/* How many images are chosen or stored. */
int64_t dc3_state_images(dc3_state *state);
/* Forgets what was chosen. */
dc3_status dc3_state_unchoose(dc3_state *state);
/* Image `image` is safely on disk, of so many bytes, made of so many edits. */
dc3_status dc3_state_store(dc3_state *state, int64_t image, int64_t bytes, int edits);
/* Bytes of a stored image; -1 where none is noted. */
int64_t dc3_state_stored_bytes(dc3_state *state, int64_t image);

/* How far a stage is: written about once a second, and not where that fails, since nothing depends on it. */
void dc3_state_progress(dc3_state *state, const char *stage, int64_t done, int64_t total);
/* From here on time passes in a stage. It is added to what earlier parts of the run took for the stage: with
 * the progress, so that a process that is killed loses a second of it, and by dc3_state_stage_end, which
 * returns the seconds of all parts. `peak`: the most memory of the process so far, bytes. Not written where
 * that fails. */
void dc3_state_stage_begin(dc3_state *state, const char *stage);
double dc3_state_stage_end(dc3_state *state, double peak);
/* The seconds of all parts of the run that are noted for a stage; -1: none are. */
double dc3_state_stage_seconds(dc3_state *state, const char *stage);
/* The features came from a cache; so many seconds they took when they were made. */
void dc3_state_cached(dc3_state *state, double seconds);
/* The same, in whole seconds, where an earlier part of the run noted it; else 0. */
double dc3_state_cached_seconds(dc3_state *state);

#endif
