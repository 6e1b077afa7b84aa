/* Symbolic links. */
#ifndef DC3_BASE_LINK_H
#define DC3_BASE_LINK_H

#include "base/status.h"

/* Makes `path` a link to `target`, in place of what stands there: beside it first and then renamed, so that
 * nobody finds nothing there. DC3_ERR_IO, and errno, names both. */
dc3_status dc3_link_write(const char *target, const char *path);

#endif
