#include "base/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_SIZE = sizeof((dc3_failure *)0)->text, SETTING_SIZE = sizeof((dc3_failure *)0)->setting };
static _Thread_local char error_text[TEXT_SIZE], error_setting[SETTING_SIZE];
static const char *(*setting_names)(const char *field);

const char *dc3_error_text(void)
{
    return error_text;
}

const char *dc3_error_setting(void)
{
    return error_setting;
}

void dc3_name_settings(const char *(*name_of)(const char *field))
{
    setting_names = name_of;
}

const char *dc3_setting(const char *field)
{
    return setting_names ? setting_names(field) : field;
}

dc3_status(dc3_fail)(dc3_status status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(error_text, sizeof error_text, format, args);
    va_end(args);
    *error_setting = 0;
    return status;
}

dc3_status(dc3_fail_setting)(const char *setting, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int used = snprintf(error_text, sizeof error_text, "%.64s: ", dc3_setting(setting));
    vsnprintf(error_text + used, sizeof error_text - (size_t)used, format, args);
    va_end(args);
    snprintf(error_setting, sizeof error_setting, "%s", setting);
    return DC3_ERR_OPTION;
}

dc3_status(dc3_fail_about)(const char *setting, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(error_text, sizeof error_text, format, args);
    va_end(args);
    snprintf(error_setting, sizeof error_setting, "%s", setting);
    return DC3_ERR_OPTION;
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

void dc3_failure_note(dc3_failure *failure)
{
    memcpy(failure->text, error_text, sizeof failure->text);
    memcpy(failure->setting, error_setting, sizeof failure->setting);
}

dc3_status dc3_failure_give(const dc3_failure *failure, dc3_status status)
{
    memcpy(error_text, failure->text, sizeof error_text);
    memcpy(error_setting, failure->setting, sizeof error_setting);
    return status;
}

const char *dc3_version(void)
{
    return DC3_VERSION;
}
