/* The rows of a manifest: a file that lists images with their classes. */
#ifndef DC3_IO_MANIFEST_ROWS_H
#define DC3_IO_MANIFEST_ROWS_H

#include "base/status.h"

typedef struct dc3_manifest_row {
    long line;                 /* from 1 on */
    const char *path, *label;  /* neither is empty */
    const char *split, *group; /* NULL: the manifest, or this line of JSON, has none; may be empty */
} dc3_manifest_row;

/* 1 if `path` is taken for one by its name: .csv, or .jsonl or .ndjson whose first line has a member "path"
 * or "file_name". */
int dc3_manifest_is(const char *path);
/* Hands out its rows, valid until `take` returns; fails as take does. CSV has a header that names the columns
 * path (or file_name) and label, and may name split and group, letters in either case; JSON has an object on
 * each line with these members, the label a text or a whole number from 0 on, as the group may be. Where the
 * header has blanks around its names, those around fields are not part of them. Other columns are passed
 * over. DC3_ERR_FORMAT, which names the line. */
typedef dc3_status dc3_manifest_take(void *user, const dc3_manifest_row *row);
dc3_status dc3_manifest_each(const char *path, dc3_manifest_take *take, void *user);

#endif
