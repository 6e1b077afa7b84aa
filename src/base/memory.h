/* Memory for arrays. */
#ifndef DC3_BASE_MEMORY_H
#define DC3_BASE_MEMORY_H

#include <stddef.h>
#include "base/status.h"

/* `size` bytes, not zeroed, at a multiple of 64; NULL: there are not so many. The caller frees with free.
 * Large arrays ask the system for huge pages, which saves the processor most of its address translation. */
void *dc3_alloc(size_t size);

/* Bytes that this process may use: the machine's memory, or less where the process's control group (cgroup
 * v2) or its limit of address space (ulimit -v) says so. */
size_t dc3_memory_limit(void);

/* DC3_ERR_MEMORY, with a sentence that says what limits it, where the process cannot take `bytes` more than
 * it has: to be asked before long work, since GLib, under libvips, ends the process where an allocation
 * fails. */
dc3_status dc3_check_memory(double bytes);

#endif
