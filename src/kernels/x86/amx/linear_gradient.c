/* dw += dy^T x over tiles, in blocks of SIDE x SIDE results: a thread has a rectangle of dw and goes through
 * the rows in chunks. */
#include <omp.h>
#include "kernels/x86/amx/pack.h"
#include "kernels/x86/amx/share.h"
#include "kernels/x86/amx/weight_gradient.h"

enum { CHUNK = 512 }; /* rows of dy and x at a time: a block's part of dy fits the first-level cache */

/* Of a thread: a block of dy and its blocks of x. */
static size_t part_bytes(const grid *g)
{
    return (size_t)((1 + blocks_of(g->ci_blocks, g->across)) * (CHUNK / DEPTH) * PAIR) * sizeof(uint16_t);
}

static void add_block(const dc3_linear_shape *s, const float *sums, int64_t co, int64_t ci, float *dw)
{
    int64_t rows = s->co - co < SIDE ? s->co - co : SIDE, columns = s->ci - ci < SIDE ? s->ci - ci : SIDE;
    for (int64_t r = 0; r < rows; r++)
        for (int64_t c = 0; c < columns; c++) dw[(co + r) * s->ci + ci + c] += sums[r * SIDE + c];
}

static void run_part(const dc3_linear_shape *s, const grid *g, int64_t part, const uint16_t *x,
                     const uint16_t *dy, float *dw, uint16_t *dy_pack)
{
    float sums[SIDE * SIDE] __attribute__((aligned(64)));
    const int64_t apart = CHUNK / DEPTH * PAIR;
    rectangle own = part_of(g, part);
    uint16_t *x_pack = dy_pack + apart;
    for (int64_t at = 0; at < s->rows; at += CHUNK) {
        int64_t k = s->rows - at < CHUNK ? s->rows - at : CHUNK, depth = blocks_of(k, DEPTH);
        for (int64_t j = own.left; j < own.right; j++)
            pack_pairs(rest(s->ci, j), k, x + at * s->ci + j * SIDE, s->ci, x_pack + (j - own.left) * apart);
        for (int64_t i = own.top; i < own.bottom; i++) {
            pack_columns(rest(s->co, i), k, dy + at * s->co + i * SIDE, s->co, dy_pack);
            for (int64_t j = own.left; j < own.right; j++) {
                block_product(depth, dy_pack, x_pack + (j - own.left) * apart, sums, 0);
                add_block(s, sums, i * SIDE, j * SIDE, dw);
            }
        }
    }
}

size_t AMX(linear_gradient_scratch)(const dc3_linear_shape *s)
{
    grid g = grid_of(s->co, s->ci, omp_get_max_threads());
    return (size_t)(g.down * g.across) * part_bytes(&g);
}

void AMX(linear_gradient)(const dc3_linear_shape *s, const void *x, const void *dy, float *dw, void *scratch)
{
    grid g = grid_of(s->co, s->ci, omp_get_max_threads());
#pragma omp parallel
    {
        tile_configure(&full_tiles);
#pragma omp for schedule(static)
        for (int64_t part = 0; part < g.down * g.across; part++)
            run_part(s, &g, part, x, dy, dw, (void *)((char *)scratch + (size_t)part * part_bytes(&g)));
        tile_release();
    }
}
