/* The hash by which the hub knows a file's contents. */
#ifndef DC3_HUB_DIGEST_H
#define DC3_HUB_DIGEST_H

#include <stddef.h>
#include <stdint.h>
#include "base/status.h"

typedef struct dc3_digest dc3_digest;

/* SHA-256 of the contents where the expected digest has 64 digits; else git's SHA-1 of a blob of `size`
 * bytes, that of "blob SIZE", a byte 0 and the contents. */
dc3_digest *dc3_digest_open(const char *expected, int64_t size);
void dc3_digest_add(dc3_digest *digest, const void *data, size_t size);
/* The first `size` bytes of an open file; DC3_ERR_CANCELLED, DC3_ERR_IO (`path` is for messages). */
dc3_status dc3_digest_add_file(dc3_digest *digest, int fd, int64_t size, const char *path);
/* What came of it, valid until it is closed. */
const char *dc3_digest_text(dc3_digest *digest);
void dc3_digest_close(dc3_digest **digest);

#endif
