/* The eight tiles of AMX and what is done with them, by the processor where a file is compiled for it, else
 * in plain C (ref/amx_tiles.h). The files of this folder are compiled both ways; functions are named by
 * AMX(). Tiles are numbered by literals 0 to 7: all have 16 rows of 64 bytes here, 16 floats or 32 bf16. */
#ifndef DC3_KERNELS_AMX_TILES_H
#define DC3_KERNELS_AMX_TILES_H

#include "kernels/ref/amx_tiles.h"

#if defined(DC3_AMX)
#include <immintrin.h>
#define AMX(name) dc3_amx_##name
/* gcc 12's intrinsics do not tell the compiler what memory they read. */
#define TILE_FENCE() __asm__ volatile("" ::: "memory")
#define tile_configure(config)                                                                               \
    do {                                                                                                     \
        TILE_FENCE();                                                                                        \
        _tile_loadconfig(config);                                                                            \
    } while (0)
#define tile_release() _tile_release()
#define tile_zero(t) _tile_zero(t)
#define tile_load(t, from, stride)                                                                           \
    do {                                                                                                     \
        TILE_FENCE();                                                                                        \
        _tile_loadd(t, from, stride);                                                                        \
    } while (0)
#define tile_store(t, to, stride)                                                                            \
    do {                                                                                                     \
        _tile_stored(t, to, stride);                                                                         \
        TILE_FENCE();                                                                                        \
    } while (0)
#define tile_multiply(c, a, b) _tile_dpbf16ps(c, a, b)
#else
#define AMX(name) dc3_amx_plain_##name
#define tile_configure(config) dc3_tile_configure(config)
#define tile_release() dc3_tile_release()
#define tile_zero(t) dc3_tile_zero(t)
#define tile_load(t, from, stride) dc3_tile_load(t, from, stride)
#define tile_store(t, to, stride) dc3_tile_store(t, to, stride)
#define tile_multiply(c, a, b) dc3_tile_multiply(c, a, b)
#endif

/* All tiles of full size. */
static const dc3_tile_config full_tiles __attribute__((aligned(64))) = {
    .palette = 1,
    .row_bytes = {64, 64, 64, 64, 64, 64, 64, 64},
    .rows = {16, 16, 16, 16, 16, 16, 16, 16},
};

enum {
    TILE = 512,      /* bf16 values of a tile */
    SIDE = 32,       /* rows, and columns, of a block of 2x2 tiles of sums */
    DEPTH = 32,      /* bf16 values of a tile's row: steps of a sum that one product takes */
    PAIR = 2 * TILE, /* bf16 values of a pair of tiles, as blocks are packed: one above or beside the other */
};

static inline int64_t at_most(int64_t n, int64_t most)
{
    return n < most ? n : most;
}

static inline int64_t blocks_of(int64_t n, int64_t size)
{
    return (n + size - 1) / size;
}

/* The sums of a block, [SIDE][SIDE], in tiles 0 to 3. */
static inline void zero_block(void)
{
    tile_zero(0);
    tile_zero(1);
    tile_zero(2);
    tile_zero(3);
}

static inline void load_block(const float *sums)
{
    tile_load(0, sums, SIDE * 4);
    tile_load(1, sums + 16, SIDE * 4);
    tile_load(2, sums + 16 * SIDE, SIDE * 4);
    tile_load(3, sums + 16 * SIDE + 16, SIDE * 4);
}

static inline void store_upper(float *sums)
{
    tile_store(0, sums, SIDE * 4);
    tile_store(1, sums + 16, SIDE * 4);
}

static inline void store_lower(float *sums)
{
    tile_store(2, sums + 16 * SIDE, SIDE * 4);
    tile_store(3, sums + 16 * SIDE + 16, SIDE * 4);
}

static inline void store_block(float *sums)
{
    store_upper(sums);
    store_lower(sums);
}

static inline void begin_block(const float *sums, int add)
{
    if (add)
        load_block(sums);
    else
        zero_block();
}

/* The block in tiles 0 to 3 += A B of a pair of tiles each, in two halves: 4 tiles are loaded for 4 products,
 * half of what one tile of sums at a time would take. */
static inline void multiply_upper(const uint16_t *a, const uint16_t *b)
{
    tile_load(4, a, 64);
    tile_load(6, b, 64);
    tile_load(7, b + TILE, 64);
    tile_multiply(0, 4, 6);
    tile_multiply(1, 4, 7);
}

static inline void multiply_lower(const uint16_t *a)
{
    tile_load(5, a + TILE, 64);
    tile_multiply(2, 5, 6);
    tile_multiply(3, 5, 7);
}

static inline void multiply_pairs(const uint16_t *a, const uint16_t *b)
{
    multiply_upper(a, b);
    multiply_lower(a);
}

/* sums [SIDE][SIDE] = A B, with `add` += A B, each of `depth` pairs of tiles one behind the other. */
static inline void block_product(int64_t depth, const uint16_t *a, const uint16_t *b, float *sums, int add)
{
    begin_block(sums, add);
    for (int64_t k = 0; k < depth; k++) multiply_pairs(a + k * PAIR, b + k * PAIR);
    store_block(sums);
}

#endif
