#include "io/fortran_order.h"

#include <string.h>

void dc3_from_fortran_order(const dc3_tensor *t, const void *from, void *to)
{
    const unsigned char *source = from;
    unsigned char *target = to;
    size_t each = dc3_dtype_size(t->dtype);
    int64_t index[DC3_MAX_DIMS] = {0}, stride[DC3_MAX_DIMS] = {0}, place = 0, count = dc3_count(t), step = 1;
    for (int d = 0; d < t->ndim; d++) {
        stride[d] = step;
        step *= t->shape[d];
    }
    for (int64_t i = 0; i < count; i++) {
        memcpy(target + (size_t)i * each, source + (size_t)place * each, each);
        for (int d = t->ndim - 1; d >= 0; d--) {
            place += stride[d];
            if (++index[d] < t->shape[d]) break;
            place -= stride[d] * t->shape[d];
            index[d] = 0;
        }
    }
}
