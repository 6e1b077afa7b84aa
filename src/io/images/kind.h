/* What a file is by its first bytes, for messages. Private to this folder. */
#ifndef DC3_IO_KIND_H
#define DC3_IO_KIND_H

#include <stddef.h>
#include "base/status.h"

typedef enum dc3_kind {
    DC3_KIND_JPEG,
    DC3_KIND_PNG,
    DC3_KIND_GIF,
    DC3_KIND_WEBP,
    DC3_KIND_TIFF,
    DC3_KIND_HEIF,
    DC3_KIND_NETPBM,
    DC3_KIND_OTHER
} dc3_kind;

/* By the content alone. */
dc3_kind dc3_kind_of(const void *data, size_t size);
/* DC3_ERR_FORMAT that says what a file is that cannot be opened as an image, and what to do about it. */
dc3_status dc3_kind_fail(const char *origin, const void *data, size_t size);

#endif
