#include "gather/gather.h"

#include <stdarg.h>
#include <stdio.h>

void dc3_gather_note(dc3_reporting *r, const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    json_array_append_new(r->notes, dc3_json_text(text));
}

void dc3_gather_step(dc3_reporting *r)
{
    const dc3_listener *listener = &r->options->listener;
    if (r->done < r->total) r->done++;
    if (listener->progress) listener->progress(listener->user, "report", r->done, r->total);
}

json_t *dc3_gather_pair(const char *a, const char *b)
{
    json_t *pair = json_array();
    json_array_append_new(pair, dc3_json_text(a));
    json_array_append_new(pair, dc3_json_text(b));
    return pair;
}

static void find_range(const dc3_reporting *r, int64_t *least, int64_t *most)
{
    *least = *most = r->classes_count ? r->classes[0].stored : 0;
    for (int64_t i = 1; i < r->classes_count; i++) {
        int64_t stored = r->classes[i].stored;
        if (stored < *least) *least = stored;
        if (stored > *most) *most = stored;
    }
}

int dc3_gather_is_uneven(const dc3_reporting *r)
{
    int64_t least, most;
    find_range(r, &least, &most);
    if (json_object_get(r->settings, "budget")) return 1;
    return json_object_get(r->settings, "total") != NULL && least < most;
}

const char *dc3_gather_each(const dc3_reporting *r, char text[48])
{
    int64_t least, most;
    char a[32], b[32];
    find_range(r, &least, &most);
    snprintf(text, 48, "%.20s%s%.20s", dc3_gather_count(least, a), least < most ? " to " : "",
             least < most ? dc3_gather_count(most, b) : "");
    return text;
}

const char *dc3_gather_count(int64_t n, char text[32])
{
    char plain[24];
    int length = snprintf(plain, sizeof plain, "%lld", (long long)n), to = 0;
    for (int i = 0; i < length; i++) {
        text[to++] = plain[i];
        if (plain[i] != '-' && i + 1 < length && (length - 1 - i) % 3 == 0) text[to++] = ',';
    }
    text[to] = 0;
    return text;
}
