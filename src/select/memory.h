/* Memory that the selection counts, so that it can say how much it held at the most. */
#ifndef DC3_SELECT_MEMORY_H
#define DC3_SELECT_MEMORY_H

#include <stdatomic.h>
#include <stddef.h>

typedef struct dc3_meter {
    atomic_size_t held, peak;
} dc3_meter;

/* count * size zeroed bytes; NULL without memory or if the product overflows. */
void *dc3_meter_alloc(dc3_meter *meter, size_t count, size_t size);
/* Accepts NULL. */
void dc3_meter_free(dc3_meter *meter, void *memory);

#endif
