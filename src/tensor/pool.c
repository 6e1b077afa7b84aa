#include "tensor/pool.h"

#include <stdlib.h>
#include <string.h>
#include "base/memory.h"

enum { ALIGN = 64, PAGE = 4096 };

typedef struct block {
    void *data;
    size_t size;
    int used;
} block;

struct dc3_pool {
    const dc3_device *device;
    block *blocks;
    size_t count, capacity, bytes;
};

dc3_pool *dc3_pool_new(const dc3_device *device)
{
    dc3_pool *pool = calloc(1, sizeof *pool);
    if (pool) pool->device = device;
    return pool;
}

static void release(const dc3_pool *pool, void *data)
{
    if (pool->device)
        pool->device->release(data);
    else
        free(data);
}

void dc3_pool_close(dc3_pool **pool)
{
    if (!*pool) return;
    for (size_t i = 0; i < (*pool)->count; i++) release(*pool, (*pool)->blocks[i].data);
    free((*pool)->blocks);
    free(*pool);
    *pool = NULL;
}

/* The smallest free block that fits and is at most twice as large. */
static block *find_free(dc3_pool *pool, size_t size)
{
    block *best = NULL;
    for (size_t i = 0; i < pool->count; i++) {
        block *b = &pool->blocks[i];
        if (!b->used && b->size >= size && b->size <= 2 * size && (!best || b->size < best->size)) best = b;
    }
    return best;
}

void *dc3_pool_take(dc3_pool *pool, size_t size)
{
    size_t unit = size > 16 * PAGE ? PAGE : ALIGN;
    size = (size + unit) / unit * unit;
    block *b = find_free(pool, size);
    if (!b) {
        if (pool->count == pool->capacity) {
            size_t capacity = pool->capacity ? 2 * pool->capacity : 64;
            block *blocks = realloc(pool->blocks, capacity * sizeof *blocks);
            if (!blocks) return NULL;
            pool->blocks = blocks;
            pool->capacity = capacity;
        }
        b = &pool->blocks[pool->count];
        *b = (block){pool->device ? pool->device->alloc(size) : dc3_alloc(size), size, 0};
        if (!b->data) return NULL;
        pool->count++;
        pool->bytes += size;
    }
    b->used = 1;
#ifndef NDEBUG
    if (!pool->device) /* NaN in every float type */
        memset(b->data, 0xff, b->size);
    else if (pool->device->fill(b->data, 0xff, b->size) != DC3_OK)
        return NULL;
#endif
    return b->data;
}

void dc3_pool_give(dc3_pool *pool, void *data)
{
    for (size_t i = 0; i < pool->count; i++)
        if (pool->blocks[i].data == data) pool->blocks[i].used = 0;
}

size_t dc3_pool_bytes(const dc3_pool *pool)
{
    return pool->bytes;
}
