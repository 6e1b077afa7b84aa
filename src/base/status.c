#include "base/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_SIZE = 1024 };
static _Thread_local char error_text[TEXT_SIZE];

const char *dc3_error_text(void)
{
    return error_text;
}

dc3_status(dc3_fail)(dc3_status status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(error_text, sizeof error_text, format, args);
    va_end(args);
    return status;
}

dc3_status dc3_fail_in(dc3_status status, const char *format, ...)
{
    char prefix[TEXT_SIZE], old[TEXT_SIZE];
    va_list args;
    va_start(args, format);
    vsnprintf(prefix, sizeof prefix, format, args);
    va_end(args);
    memcpy(old, error_text, sizeof old);
    snprintf(error_text, sizeof error_text, "%.500s: %.500s", prefix, old);
    return status;
}

const char *dc3_version(void)
{
    return DC3_VERSION;
}
