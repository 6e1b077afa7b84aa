/* A pool of aligned memory blocks: what is given back is used again for the next request that fits. */
#ifndef DC3_TENSOR_POOL_H
#define DC3_TENSOR_POOL_H

#include "tensor/device.h"

typedef struct dc3_pool dc3_pool;

/* Of a device's memory; NULL: the host's. NULL without memory. */
dc3_pool *dc3_pool_new(const dc3_device *device);
/* Frees every block, also those still in use. Accepts NULL; nulls. */
void dc3_pool_close(dc3_pool **pool);
/* A block of at least `size` bytes, 64-byte aligned; NULL without memory. Debug builds fill it with NaN. */
void *dc3_pool_take(dc3_pool *pool, size_t size);
void dc3_pool_give(dc3_pool *pool, void *block);
/* Bytes of all blocks, in use or not. */
size_t dc3_pool_bytes(const dc3_pool *pool);

#endif
