/* Files: read whole, mapped, or written whole or not at all. */
#ifndef DC3_BASE_FILE_H
#define DC3_BASE_FILE_H

#include <stddef.h>
#include <stdio.h>
#include "base/status.h"

/* Reads `path` into a new NUL-terminated buffer (caller frees with free). Fails with DC3_ERR_IO if it cannot
 * be read and with DC3_ERR_FORMAT if it is longer than `limit` bytes. */
dc3_status dc3_file_read(const char *path, size_t limit, char **data, size_t *size);

/* Hands the lines of a file to `take`, one at a time, without their ends; `line`, NUL-terminated behind
 * `length` bytes, is take's until it returns. Fails as take does, which ends it; with DC3_ERR_FORMAT where a
 * line is longer than `limit` bytes; with DC3_ERR_IO. */
typedef dc3_status dc3_line_take(void *user, const char *line, size_t length);
dc3_status dc3_file_each_line(const char *path, size_t limit, dc3_line_take *take, void *user);

/* Writes `data` to a new file beside `path`, syncs it and renames it over `path`: after a crash there is the
 * old file or the new one, never a part. */
dc3_status dc3_file_write(const char *path, const void *data, size_t size);
/* Same for data that lies in several places, written one after the other. */
typedef struct dc3_piece {
    const void *data; /* may be NULL where size is 0 */
    size_t size;
} dc3_piece;
dc3_status dc3_file_write_pieces(const char *path, const dc3_piece *pieces, size_t count);

/* Same for data that comes bit by bit: a file that is there, whole, once it is ended. */
typedef struct dc3_growing {
    int fd;
    char *path, *aside;
} dc3_growing;
dc3_status dc3_file_begin(const char *path, dc3_growing *file);
dc3_status dc3_file_append(dc3_growing *file, const void *data, size_t size);
/* Unless `status` says that something failed before: then nothing of it stays. Returns what failed first.
 * Frees it always. */
dc3_status dc3_file_end(dc3_growing *file, dc3_status status);

/* A text that is printed bit by bit and written as a whole. It must not be moved. */
typedef struct dc3_draft {
    FILE *file; /* to print to */
    char *text;
    size_t size;
} dc3_draft;
dc3_status dc3_draft_open(dc3_draft *draft);
/* Writes it as dc3_file_write does, unless `status` says that something failed before, and returns what
 * failed first. Frees it always; one that was never opened may be zero. */
dc3_status dc3_draft_write(dc3_draft *draft, dc3_status status, const char *path);

/* 1 if `name` is one of a file that dc3_file_write had begun when its process was killed: FILE.<pid>.part. */
int dc3_is_part_name(const char *name);
/* Makes `path` and its missing parents. */
dc3_status dc3_make_dirs(const char *path);
/* Makes the folder that the file `path` stands in, which must not be a symbolic link; `path` is as before
 * afterwards. */
dc3_status dc3_make_folder_of(char *path);

/* "a/b" in a new string (caller frees); NULL without memory. */
char *dc3_path_join(const char *folder, const char *name);

typedef enum dc3_path_kind { DC3_PATH_MISSING, DC3_PATH_FILE, DC3_PATH_FOLDER, DC3_PATH_OTHER } dc3_path_kind;
/* What `path` is, following symbolic links. */
dc3_path_kind dc3_path_what(const char *path);

/* Removes a file, or a folder with all that is in it; follows no links and stays on its file system. Not 0
 * and errno: something is left. */
int dc3_remove_tree(const char *path);

/* 1 if FOLDER/NAME is a file; folder may be no folder. */
int dc3_folder_holds(const char *folder, const char *name);

/* 1 if `path` still names the open file `fd`, which may have been removed or replaced meanwhile. */
int dc3_path_is_open(const char *path, int fd);
/* Writes all of it to an open file. DC3_ERR_IO and errno, without a message. */
dc3_status dc3_write_all(int fd, const void *data, size_t size);
/* 1 if `path` itself is a symbolic link. */
int dc3_path_is_link(const char *path);
/* `path` without links, "." and "..": absolute; what does not exist yet is kept as written (caller frees;
 * NULL without memory). */
char *dc3_path_real(const char *path);
/* 1 if `name` is a path that stays below the folder it is relative to: no "..", not absolute, not empty. */
int dc3_path_stays(const char *name);
/* 1 if `path` is `folder` or lies below it; both as dc3_path_real gives them. */
int dc3_path_inside(const char *path, const char *folder);

/* A read-only mapping of a whole file. */
typedef struct dc3_mapping {
    const unsigned char *data;
    size_t size;
} dc3_mapping;
dc3_status dc3_map_open(const char *path, dc3_mapping *mapping);
/* The same of an open file, which may be closed then; `name` is for messages. */
dc3_status dc3_map_file(int fd, const char *name, dc3_mapping *mapping);
void dc3_map_close(dc3_mapping *mapping);
/* Lets go of the pages wholly inside [start, start + size) if that lies in one of these mappings; they
 * are read again when touched. Other memory is left alone. */
void dc3_map_forget(const void *start, size_t size);

#endif
