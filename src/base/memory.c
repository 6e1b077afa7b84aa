#include "base/memory.h"

#include <stdlib.h>
#include <sys/mman.h>

enum { LINE = 64, HUGE_PAGE = 1 << 21 };

void *dc3_alloc(size_t size)
{
    void *data = NULL;
    int large = size >= 2 * HUGE_PAGE;
    if (posix_memalign(&data, large ? HUGE_PAGE : LINE, size ? size : 1) != 0) return NULL;
#ifdef MADV_HUGEPAGE
    /* A hint whose result does not matter; not for the last part of a page, which would become a whole one.
     */
    if (large) madvise(data, size / HUGE_PAGE * HUGE_PAGE, MADV_HUGEPAGE);
#endif
    return data;
}
