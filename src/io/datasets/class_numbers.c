#include "io/datasets/class_numbers.h"

#include <stdlib.h>
#include <string.h>
#include "io/datasets/sample_label.h"

dc3_status dc3_class_numbers_pad(dc3_dataset *d)
{
    size_t width = 0;
    for (size_t i = 0; i < d->class_count; i++) {
        size_t length = strlen(d->classes[i]);
        if (!dc3_is_number(d->classes[i])) return DC3_OK;
        width = length > width ? length : width;
    }
    for (size_t i = 0; i < d->class_count; i++) {
        char *padded = malloc(width + 1);
        if (!padded) return dc3_fail(DC3_ERR_MEMORY, "%s: out of memory", d->path);
        size_t length = strlen(d->classes[i]);
        memset(padded, '0', width - length);
        memcpy(padded + width - length, d->classes[i], length + 1);
        free(d->classes[i]);
        d->classes[i] = padded;
    }
    return DC3_OK;
}
