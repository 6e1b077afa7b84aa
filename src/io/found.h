/* What a file is that is not what was expected: for messages that a user can act on. */
#ifndef DC3_IO_FOUND_H
#define DC3_IO_FOUND_H

#include <stddef.h>
#include "base/status.h"

enum { DC3_FOUND_TEXT = 256 };

/* What the bytes are, told by how they begin ("a web page (HTML)", "a gzip file", "a Git LFS pointer"), and
 * what to do about it, into text [DC3_FOUND_TEXT]; "another file" for what is not known. Returns text. */
const char *dc3_found(const void *data, size_t size, char *text);
/* The same of a file. */
const char *dc3_found_in(const char *path, char *text);
/* For a path where nothing is that looks like ORGANISATION/MODEL: "; is it a model of the Hugging Face Hub?
 * .." into text [DC3_FOUND_TEXT]; else "". Returns text. */
const char *dc3_hub_hint(const char *path, char *text);
/* 1 for a Git LFS pointer, which stands for a file that was not fetched. */
int dc3_is_lfs_pointer(const void *data, size_t size);
/* DC3_ERR_FORMAT: "ORIGIN: expected EXPECTED, found a gzip file". */
dc3_status dc3_fail_found(const char *origin, const char *expected, const void *data, size_t size);
/* The same if the bytes, of a file or its beginning, are a Git LFS pointer or a web page: what stands in
 * place of a file of any kind; else DC3_OK. */
dc3_status dc3_check_found(const char *origin, const char *expected, const void *data, size_t size);
/* The same for the beginning of the file `path`; DC3_OK if it cannot be read. */
dc3_status dc3_check_found_in(const char *path, const char *expected);

#endif
