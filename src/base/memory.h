/* Memory for arrays. */
#ifndef DC3_BASE_MEMORY_H
#define DC3_BASE_MEMORY_H

#include <stddef.h>

/* `size` bytes, not zeroed, at a multiple of 64; NULL: there are not so many. The caller frees with free.
 * Large arrays ask the system for huge pages, which saves the processor most of its address translation. */
void *dc3_alloc(size_t size);

#endif
