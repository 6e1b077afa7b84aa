/* Names of models on the Hugging Face Hub: hf:OWNER/NAME[@REVISION][:FILE]. */
#ifndef DC3_HUB_NAME_H
#define DC3_HUB_NAME_H

#include <stddef.h>
#include "base/status.h"

typedef struct dc3_hub_name {
    char *repository; /* "OWNER/NAME" */
    char *revision;   /* a branch, a tag or a commit; "main" where none is given */
    char *file;       /* NULL: the whole repository */
} dc3_hub_name;

/* Reads a name; free it in any case. DC3_ERR_OPTION (name), which says what is expected. */
dc3_status dc3_hub_name_read(const char *text, dc3_hub_name *name);
void dc3_hub_name_free(dc3_hub_name *name);

/* 1 for "OWNER/NAME" of letters, digits, "-", "_" and ".", as the hub has them. */
int dc3_hub_is_repository(const char *text);
/* 1 for a relative path that is a plain one: its parts are neither empty nor "." nor "..", and there are no
 * backslashes and no control characters in it. */
int dc3_hub_path_is_plain(const char *path);
/* 1 for `length` hexadecimal digits in lower case: a commit and a git blob have 40, a SHA-256 has 64. */
int dc3_hub_is_digest(const char *text, size_t length);

#endif
