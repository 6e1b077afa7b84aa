/* How the library reports failures inside itself. */
#ifndef DC3_BASE_STATUS_H
#define DC3_BASE_STATUS_H

#include "dc3/status.h"

/* Stores the error text (printf form) for this thread and returns `status`. */
dc3_status dc3_fail(dc3_status status, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same with DC3_ERR_OPTION, about a setting: the name of a field of public options, or of a parameter.
 * The text is "SETTING: " and the format; of dc3_fail_about the format alone. */
dc3_status dc3_fail_setting(const char *setting, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
dc3_status dc3_fail_about(const char *setting, const char *format, ...) __attribute__((format(printf, 2, 3)));

#ifdef __clang_analyzer__ /* which cannot see that the status comes back as it went in */
#define dc3_fail(status, ...) (dc3_fail(status, __VA_ARGS__), (status))
#define dc3_fail_setting(...) (dc3_fail_setting(__VA_ARGS__), DC3_ERR_OPTION)
#define dc3_fail_about(...) (dc3_fail_about(__VA_ARGS__), DC3_ERR_OPTION)
#endif
/* A setting's name as texts have it (dc3_name_settings). */
const char *dc3_setting(const char *field);
/* Puts "prefix: " before the current error text, for context such as a file name; returns `status`. */
dc3_status dc3_fail_in(dc3_status status, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The text and the setting of a thread's failure, to be told by another thread. */
typedef struct dc3_failure {
    char text[1024], setting[32];
} dc3_failure;
/* Takes this thread's. */
void dc3_failure_note(dc3_failure *failure);
/* Makes it this thread's; returns `status`. */
dc3_status dc3_failure_give(const dc3_failure *failure, dc3_status status);

/* Returns from the calling function when `expression` is not DC3_OK. */
#define DC3_TRY(expression)                                                                                  \
    do {                                                                                                     \
        dc3_status dc3_try_status = (expression);                                                            \
        if (dc3_try_status != DC3_OK) return dc3_try_status;                                                 \
    } while (0)

/* Same, where cleanup stands at label `done` and the status in a variable `status`. */
#define DC3_GOTO(expression)                                                                                 \
    do {                                                                                                     \
        status = (expression);                                                                               \
        if (status != DC3_OK) goto done;                                                                     \
    } while (0)

/* Fails with DC3_ERR_CANCELLED where the flag that this thread reads is set (base/cancel.h). */
dc3_status dc3_check_cancel(void);

#endif
