#include "select/memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"

enum { HEAD = 64 }; /* keeps the block aligned */

void *dc3_meter_alloc(dc3_meter *meter, size_t count, size_t size)
{
    if (size && count > (SIZE_MAX - 2 * HEAD) / size) return NULL;
    size_t total = (count * size + HEAD + 63) / 64 * 64;
    char *memory = dc3_alloc(total);
    if (!memory) return NULL;
    memset(memory, 0, total);
    memcpy(memory, &total, sizeof total);
    size_t held = atomic_fetch_add(&meter->held, total) + total, peak = atomic_load(&meter->peak);
    while (held > peak && !atomic_compare_exchange_weak(&meter->peak, &peak, held)) {
    }
    return memory + HEAD;
}

void dc3_meter_free(dc3_meter *meter, void *memory)
{
    if (!memory) return;
    size_t total;
    memcpy(&total, (char *)memory - HEAD, sizeof total);
    atomic_fetch_sub(&meter->held, total);
    free((char *)memory - HEAD);
}
