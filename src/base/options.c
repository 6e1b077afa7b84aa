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
    return value ? DC3_OK : dc3_fail_setting(name, "expected a value, found NULL");
}

dc3_status dc3_place_need(const char *name, const void *place)
{
    return place ? DC3_OK : dc3_fail(DC3_ERR_ARGUMENT, "%s: expected a place for it, found NULL", name);
}

dc3_status dc3_threads_check(int threads)
{
    enum { MOST = 1024 };
    if (threads >= 1 && threads <= MOST) return DC3_OK;
    return dc3_fail_setting("threads", "expected 1 to %d, found %d", MOST, threads);
}

dc3_status dc3_options_threads(int *threads)
{
    if (!*threads) *threads = 1;
    return dc3_threads_check(*threads);
}

dc3_status dc3_options_check_part(const char *type, size_t known, size_t found)
{
    if (found == known) return DC3_OK;
    return dc3_fail(DC3_ERR_ARGUMENT,
                    "%s: struct_size is %zu, expected %zu; begin with the struct's defaults call", type,
                    found, known);
}
