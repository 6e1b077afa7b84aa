/* y = act(x W^T + bias) + residual and dx = dy W over tiles, in blocks of SIDE x SIDE results. A thread packs
 * a panel of rows, which its second-level cache holds, and goes through the weight, packed before, a block of
 * columns at a time; a result is one sum over all of k. */
#include <omp.h>
#include "kernels/tile_linear.h"
#include "kernels/x86/amx/finish.h"
#include "kernels/x86/amx/share.h"
#include "kernels/x86/amx/weight_gradient.h"

enum {
    PANEL_BYTES = 1 << 19, /* of a panel of rows, about: a quarter of 2 MB */
    MOST_BLOCKS = 8,       /* of SIDE rows in a panel */
    PARTS = 4,             /* pieces of work for each thread, where there are as many */
};

static size_t packed_size(int64_t ci, int64_t co, dc3_conv_pass pass)
{
    int64_t k = pass == DC3_PASS_FORWARD ? ci : co, columns = pass == DC3_PASS_FORWARD ? co : ci;
    return (size_t)(blocks_of(columns, SIDE) * blocks_of(k, DEPTH) * PAIR) * sizeof(uint16_t);
}

static void pack(int64_t ci, int64_t co, dc3_conv_pass pass, const uint16_t *w, void *packed)
{
    int64_t k = pass == DC3_PASS_FORWARD ? ci : co, columns = pass == DC3_PASS_FORWARD ? co : ci;
    int64_t apart = blocks_of(k, DEPTH) * PAIR;
#pragma omp parallel for
    for (int64_t j = 0; j < blocks_of(columns, SIDE); j++) {
        uint16_t *to = (uint16_t *)packed + j * apart;
        if (pass == DC3_PASS_FORWARD)
            pack_turned(rest(columns, j), k, w + j * SIDE * ci, ci, to);
        else
            pack_pairs(rest(columns, j), k, w + j * SIDE, ci, to);
    }
}

/* A product of `rows` rows by a packed matrix, and how it is cut. */
typedef struct product {
    int64_t rows, k, columns;
    int64_t depth;                 /* pairs of tiles along k */
    int64_t blocks;                /* of rows in a panel */
    int64_t panels, groups, group; /* panels of rows, groups of columns, blocks in a group */
    const uint16_t *x, *packed;
    const float *bias;        /* NULL: none */
    const uint16_t *residual; /* NULL: none */
    dc3_activation act;
    uint16_t *y;
    char *scratch;
} product;

static product product_of(const dc3_linear_shape *s, dc3_conv_pass pass)
{
    int forward = pass == DC3_PASS_FORWARD;
    product p = {.rows = s->rows, .k = forward ? s->ci : s->co, .columns = forward ? s->co : s->ci};
    int64_t threads = omp_get_max_threads(), across = blocks_of(p.columns, SIDE);
    p.depth = blocks_of(p.k, DEPTH);
    p.blocks = PANEL_BYTES / (p.depth * PAIR * (int64_t)sizeof(uint16_t));
    p.blocks = p.blocks < 1 ? 1 : p.blocks > MOST_BLOCKS ? MOST_BLOCKS : p.blocks;
    p.panels = blocks_of(p.rows, p.blocks * SIDE);
    int64_t wanted = blocks_of(PARTS * threads, p.panels);
    p.group = blocks_of(across, wanted < across ? wanted : across);
    p.groups = blocks_of(across, p.group);
    return p;
}

static size_t panel_bytes(const product *p)
{
    return (size_t)(p->blocks * p->depth * PAIR) * sizeof(uint16_t);
}

/* A block of sums, the first of which is result [row, column], to y. */
static void finish(const product *p, float *sums, int64_t row, int64_t column)
{
    int64_t rows = p->rows - row < SIDE ? p->rows - row : SIDE;
    int64_t columns = p->columns - column < SIDE ? p->columns - column : SIDE;
    for (int64_t r = 0; r < rows; r++) {
        int64_t at = (row + r) * p->columns + column;
        finish_row(sums + r * SIDE, columns, p->bias ? p->bias + column : NULL, p->act,
                   p->residual ? p->residual + at : NULL, 0, p->y + at);
    }
}

/* Panel `panel` times the columns of group `group`; `have`: the panel that is packed already. */
static void run_unit(const product *p, int64_t panel, int64_t group, int64_t *have, uint16_t *packed)
{
    float sums[SIDE * SIDE] __attribute__((aligned(64)));
    int64_t across = blocks_of(p->columns, SIDE), first = panel * p->blocks * SIDE;
    int64_t rows = p->rows - first < p->blocks * SIDE ? p->rows - first : p->blocks * SIDE;
    for (int64_t i = 0; *have != panel && i * SIDE < rows; i++)
        pack_rows(rest(rows, i), p->k, p->x + (first + i * SIDE) * p->k, p->k, packed + i * p->depth * PAIR);
    *have = panel;
    for (int64_t j = group * p->group; j < across && j < (group + 1) * p->group; j++)
        for (int64_t i = 0; i * SIDE < rows; i++) {
            block_product(p->depth, packed + i * p->depth * PAIR, p->packed + j * p->depth * PAIR, sums, 0);
            finish(p, sums, first + i * SIDE, j * SIDE);
        }
}

static void run_product(const product *p)
{
#pragma omp parallel
    {
        int64_t have = -1;
        uint16_t *packed = (void *)(p->scratch + (size_t)omp_get_thread_num() * panel_bytes(p));
        tile_configure(&full_tiles);
#pragma omp for schedule(static)
        for (int64_t u = 0; u < p->panels * p->groups; u++)
            run_unit(p, u / p->groups, u % p->groups, &have, packed);
        tile_release();
    }
}

static void forward(const dc3_linear_shape *s, const void *x, const void *packed, const float *bias,
                    const void *residual, void *y, void *scratch)
{
    product p = product_of(s, DC3_PASS_FORWARD);
    p.x = x, p.packed = packed, p.bias = s->bias ? bias : NULL, p.residual = s->residual ? residual : NULL;
    p.act = s->act, p.y = y, p.scratch = scratch;
    run_product(&p);
}

static void data(const dc3_linear_shape *s, const void *dy, const void *packed, void *dx, void *scratch)
{
    product p = product_of(s, DC3_PASS_DATA);
    p.x = dy, p.packed = packed, p.y = dx, p.scratch = scratch;
    run_product(&p);
}

static size_t scratch_of(const dc3_linear_shape *s, dc3_conv_pass pass)
{
    if (s->type != DC3_BF16 || s->rows < 1) return 0;
    if (pass == DC3_PASS_WEIGHT) return AMX(linear_gradient_scratch)(s);
    product p = product_of(s, pass);
    return (size_t)omp_get_max_threads() * panel_bytes(&p);
}

const dc3_tile_linear AMX(linear) = {packed_size, pack, scratch_of, forward, data, AMX(linear_gradient)};
