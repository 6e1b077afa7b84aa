/* The tile registers of AMX in plain C, for amx/tiles.h where the processor has none: each thread has
 * eight. Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2, LDTILECFG to TDPBF16PS. */
#ifndef DC3_KERNELS_REF_AMX_TILES_H
#define DC3_KERNELS_REF_AMX_TILES_H

#include <stdint.h>

enum { DC3_TILES = 8, DC3_TILE_ROWS = 16, DC3_TILE_BYTES = 64 };

/* What LDTILECFG reads: palette 1, and of each tile the bytes of a row and the rows. */
typedef struct dc3_tile_config {
    uint8_t palette, start_row, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
} dc3_tile_config;

/* Also zeroes all tiles. */
void dc3_tile_configure(const dc3_tile_config *config);
void dc3_tile_release(void);
void dc3_tile_zero(int tile);
/* `stride`: bytes from one row in memory to the next. */
void dc3_tile_load(int tile, const void *from, int64_t stride);
void dc3_tile_store(int tile, void *to, int64_t stride);
/* c [rows, columns] += a b, where a row of a is pairs of bf16 and row k of b has the pair k of each column.
 * As TDPBF16PS does: the first of the pairs and the second are summed apart from zero, by fused multiply and
 * add, then added to each other, then to c; each is rounded to the nearest, ties to even, and denormal inputs
 * and results are zero, whatever the thread's rounding mode. */
void dc3_tile_multiply(int c, int a, int b);

#endif
