/* Views at another size, for a network that sees them at its own. */
#ifndef DC3_VIEWS_RESIZE_VIEWS_H
#define DC3_VIEWS_RESIZE_VIEWS_H

#include "base/status.h"
#include "tensor/tensor.h"

/* from [n, size, size, 3] to `to` [n, wanted, wanted, 3], both DC3_F32 or both DC3_BF16: bilinear,
 * antialiased where it shrinks (views/resample.h), by `threads` threads, on which the result does not depend.
 */
dc3_status dc3_resize_views(int64_t n, dc3_dtype dtype, int size, const void *from, int wanted, void *to,
                            int threads);

#endif
