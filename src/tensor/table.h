/* Named tables of tensors: what a weight file is once opened, and what is written to one. */
#ifndef DC3_TENSOR_TABLE_H
#define DC3_TENSOR_TABLE_H

#include "tensor/tensor.h"

typedef struct dc3_table dc3_table;

/* A new empty table; `origin` names it in errors (a path) and is copied. NULL without memory. */
dc3_table *dc3_table_new(const char *origin);
/* Frees the table and, through the callbacks given to dc3_table_own, what it holds. Accepts NULL, also
 * in *table; nulls. */
void dc3_table_close(dc3_table **table);
/* Hands the table something to release when it closes (a mapping, a buffer). */
dc3_status dc3_table_own(dc3_table *table, void *thing, void (*release)(void *thing));
/* Reads a file's bytes, which live as long as the table, into it; how a file format is read. */
typedef dc3_status dc3_table_parse(const char *origin, const unsigned char *data, size_t size,
                                   dc3_table *table);
/* Maps the file for as long as the table lives, and parses it into the table. */
dc3_status dc3_table_map(dc3_table *table, const char *path, dc3_table_parse *parse);
/* The same into a new table, which the caller closes; NULL on failure. */
dc3_status dc3_table_open(const char *path, dc3_table_parse *parse, dc3_table **table);
/* Adds a view; the name is copied. DC3_ERR_FORMAT if the name is there already. */
dc3_status dc3_table_add(dc3_table *table, const char *name, dc3_tensor tensor);
/* Notes that the file has something else under the name of a tensor; `what` says what, as behind "found" ("a
 * sparse tensor"). dc3_table_get tells it to who asks for the tensor. */
dc3_status dc3_table_add_odd(dc3_table *table, const char *name, const char *what);
/* The i-th name of those and *what stands there; NULL past the last. */
const char *dc3_table_odd_at(const dc3_table *table, size_t i, const char **what);
/* Adds to what a reader has to say of how it took the file: sentences without a full stop; printf form. */
dc3_status dc3_table_note(dc3_table *table, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* All of them with "; " between; "" for none. */
const char *dc3_table_notes(const dc3_table *table);
/* Tensors that the host cannot read become copies in its memory, which the table owns. DC3_ERR_MEMORY, or the
 * device's failure. */
dc3_status dc3_table_to_host(dc3_table *table);
/* Number of tensors, and the i-th in the order they were added. */
size_t dc3_table_size(const dc3_table *table);
const char *dc3_table_name(const dc3_table *table, size_t i);
const dc3_tensor *dc3_table_at(const dc3_table *table, size_t i);
const char *dc3_table_origin(const dc3_table *table);
/* Texts that go with the tensors, such as a file's metadata: key and text are copied, a text under the same
 * key is replaced. */
dc3_status dc3_table_set_text(dc3_table *table, const char *key, const char *text);
/* The text of `key`, or NULL (no error text); valid until it is replaced or the table closed. */
const char *dc3_table_text(const dc3_table *table, const char *key);
/* The i-th text in the order they were added, its key in *key; NULL past the last. */
const char *dc3_table_text_at(const dc3_table *table, size_t i, const char **key);
/* The tensor called `name`, or NULL (no error text). */
const dc3_tensor *dc3_table_find(const dc3_table *table, const char *name);
/* Its place, as dc3_table_at has it; dc3_table_size(table) if there is none. */
size_t dc3_table_place(const dc3_table *table, const char *name);
/* The tensor called `name` with exactly this shape (-1 matches any size); otherwise DC3_ERR_FORMAT with a
 * text that names the file, the tensor, the expected and the found shape. */
dc3_status dc3_table_get(const dc3_table *table, const char *name, int ndim, const int64_t *shape,
                         const dc3_tensor **tensor);

#endif
