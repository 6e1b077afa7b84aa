#include "base/options.h"

#include <string.h>

dc3_status dc3_options_take(const char *type, size_t first, size_t known, const void *given, void *own)
{
    size_t size;
    if (!given) return dc3_fail(DC3_ERR_ARGUMENT, "%s: expected options, found NULL", type);
    memcpy(&size, given, sizeof size);
    if (size > known)
        return dc3_fail(DC3_ERR_ARGUMENT,
                        "%s: struct_size is %zu, of a later version of the library; this one knows %zu", type,
                        size, known);
    if (size < first)
        return dc3_fail(DC3_ERR_ARGUMENT,
                        "%s: struct_size is %zu, expected %zu to %zu; begin with the struct's defaults call",
                        type, size, first, known);
    memcpy(own, given, size);
    memcpy(own, &known, sizeof known);
    return DC3_OK;
}
