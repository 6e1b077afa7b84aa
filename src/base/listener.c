#include "base/listener.h"

#include <stdio.h>
#include <time.h>

void dc3_listener_vsay(const dc3_listener *listener, const char *format, va_list args)
{
    char text[1024];
    vsnprintf(text, sizeof text, format, args);
    if (listener->message) listener->message(listener->user, text);
}

void dc3_listener_say(const dc3_listener *listener, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    dc3_listener_vsay(listener, format, args);
    va_end(args);
}

double dc3_seconds_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}
