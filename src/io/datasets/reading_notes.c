/* What was noted of images while they were read, counted over a dataset. */
#include <stdio.h>
#include "base/listener.h"
#include "base/text.h"
#include "io/datasets/reader.h"

enum { SHOWN = 200 }; /* bytes of an image's name */

int dc3_dataset_heard(const dc3_dataset *d, int64_t item)
{
    return atomic_load_explicit(&d->heard[item], memory_order_relaxed);
}

void dc3_dataset_hear(const dc3_dataset *d, int64_t item, int notes)
{
    atomic_fetch_or_explicit(&d->heard[item], (uint16_t)notes, memory_order_relaxed);
}

int64_t dc3_dataset_reading_note(const dc3_dataset *d, int i, char *text, size_t size)
{
    int64_t count = 0, first = 0;
    *text = 0;
    for (int64_t k = d->size; k-- > 0;)
        if (dc3_dataset_heard(d, k) >> i & 1) count++, first = k;
    if (!count) return 0;
    const char *key = dc3_dataset_key(d, first);
    snprintf(text, size, "%lld image%s (%s%.*s): %s", (long long)count, count > 1 ? "s" : "",
             count > 1 ? "the first is " : "", dc3_text_room(key, SHOWN), key, dc3_image_note_text(i));
    return count;
}

void dc3_dataset_say_reading(const dc3_dataset *d, const dc3_listener *listener)
{
    char text[1024];
    for (int i = 0; d && i < DC3_IMAGE_NOTES; i++)
        if (dc3_dataset_reading_note(d, i, text, sizeof text)) dc3_listener_say(listener, "note: %s", text);
}
