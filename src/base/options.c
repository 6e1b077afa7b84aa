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

dc3_status dc3_options_need(const char *name, const void *value)
{
    return value ? DC3_OK : dc3_fail(DC3_ERR_ARGUMENT, "%s: expected a value, found NULL", name);
}

dc3_status dc3_options_check_part(const char *type, size_t known, size_t found)
{
    if (found == known) return DC3_OK;
    return dc3_fail(DC3_ERR_ARGUMENT,
                    "%s: struct_size is %zu, expected %zu; begin with the struct's defaults call", type,
                    found, known);
}
