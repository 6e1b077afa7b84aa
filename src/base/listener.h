/* Telling a listener (dc3/listener.h). */
#ifndef DC3_BASE_LISTENER_H
#define DC3_BASE_LISTENER_H

#include <stdarg.h>
#include "dc3/listener.h"

/* One line for people; printf form, cut at 1,023 bytes. */
void dc3_listener_say(const dc3_listener *listener, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void dc3_listener_vsay(const dc3_listener *listener, const char *format, va_list args);

/* Seconds since some moment of the past, of a clock that is never set back. */
double dc3_seconds_now(void);

#endif
