/* JSON files and checked access to their members. NaN is refused by the parser; Infinity, which Python
 * writes, is read from files as 1e308. */
#ifndef DC3_IO_JSON_H
#define DC3_IO_JSON_H

#include <jansson.h>
#include <stdint.h>
#include "base/status.h"

/* Reads an object from a file of at most `limit` bytes; the caller releases it with json_decref. */
dc3_status dc3_json_read(const char *path, size_t limit, json_t **object);
/* Hands the objects of a file that has one on each line, empty lines skipped, to `take`, one at a time: it is
 * released when take returns, unless take keeps a reference. Lines are of at most `limit` bytes. */
typedef dc3_status dc3_json_take(void *user, json_t *line);
dc3_status dc3_json_each_line(const char *path, size_t limit, dc3_json_take *take, void *user);
/* The objects of a file that has one on each line, empty lines skipped, as a list; the caller releases
 * it, also after a failure. */
dc3_status dc3_json_read_lines(const char *path, size_t limit, json_t **lines);
/* Same from memory; `origin` names it in errors. */
dc3_status dc3_json_parse(const char *origin, const char *text, size_t size, json_t **object);
/* Reads a configuration: hands the file's object (at most 1 MiB) to `fill`, which checks it and fills
 * `config`, zeroed before. */
typedef dc3_status dc3_json_fill(const json_t *object, const char *file, void *config);
dc3_status dc3_json_config(const char *path, dc3_json_fill *fill, void *config, size_t size);

/* Writes an object or a list to FOLDER/NAME, indented; `flags` are json_dumps's. */
dc3_status dc3_json_write(const char *folder, const char *name, const json_t *value, size_t flags);

/* The members of `is` that `was` (which may be NULL) lacks or has otherwise, as "ipc was 3 and is 2; .."; of
 * an object inside its members, "teacher.size was ..". " and" is what stands between the values. "" where
 * there are none. */
void dc3_json_differences(const json_t *was, const json_t *is, const char *between, char *text, size_t size);
/* The same, and the members that `is` lacks: "crop was 0.1 and is not given". */
void dc3_json_all_differences(const json_t *was, const json_t *is, const char *between, char *text,
                              size_t size);

/* A JSON string of bytes that may not be UTF-8 (dc3_text_utf8). */
json_t *dc3_json_text(const char *bytes);

/* Members of `object`; where absent or null, `fallback`. Errors name file, key, what was expected and found.
 */
dc3_status dc3_json_int(const json_t *object, const char *file, const char *key, int64_t fallback,
                        int64_t low, int64_t high, int64_t *out);
dc3_status dc3_json_real(const json_t *object, const char *file, const char *key, double fallback, double low,
                         double high, double *out);
dc3_status dc3_json_bool(const json_t *object, const char *file, const char *key, int fallback, int *out);
/* The string stays the object's. */
dc3_status dc3_json_string(const json_t *object, const char *file, const char *key, const char *fallback,
                           const char **out);
/* A list of `count` integers, or one integer for all of them. */
dc3_status dc3_json_ints(const json_t *object, const char *file, const char *key, int64_t fallback,
                         int64_t low, int64_t high, int count, int64_t *out);

/* Settings of a network that it is built for one value of: DC3_ERR_UNSUPPORTED where `key` is there and not
 * `expected`, or (dc3_json_unset) neither null nor false. */
dc3_status dc3_json_only(const json_t *object, const char *file, const char *key, const char *expected);
dc3_status dc3_json_unset(const json_t *object, const char *file, const char *key);

/* A list of 1 to `most` integers into out; their number in *count. */
dc3_status dc3_json_list(const json_t *object, const char *file, const char *key, int64_t low, int64_t high,
                         int most, int64_t *out, int *count);

#endif
