/* y = act(x W^T + bias) + residual and dx = dy W over tiles, in blocks of SIDE x SIDE results: a panel of
 * rows, which a thread's second-level cache holds, by the weight, packed before, a block of columns at a
 * time; a result is one sum over all of k. */
#include "kernels/tile_linear.h"
#include "kernels/amx/panels.h"
#include "kernels/amx/product.h"
#include "kernels/amx/share.h"
#include "kernels/amx/weight_gradient.h"

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

/* A panel is packed where it is not whole tiles as it is. */
typedef struct product {
    int64_t rows, k, depth; /* depth: pairs of tiles along k */
    panels p;
    const uint16_t *x;
} product;

static product product_of(int64_t rows, int64_t k, int64_t columns)
{
    product p = {.rows = rows, .k = k, .depth = blocks_of(k, DEPTH)};
    int64_t bytes = p.depth * PAIR * (int64_t)sizeof(uint16_t);
    p.p = panels_of(blocks_of(rows, SIDE), bytes, blocks_of(columns, SIDE), bytes);
    return p;
}

static int is_packed(const product *p)
{
    return p->k % DEPTH != 0 || p->rows % SIDE != 0;
}

static size_t panel_bytes(const product *p)
{
    size_t packed = (size_t)(p->p.blocks * p->depth * PAIR) * sizeof(uint16_t);
    return list_bytes(p->p.blocks * SIDE) + AMX(panel_sums)(&p->p) + (is_packed(p) ? packed : 0);
}

size_t AMX(product_scratch)(int64_t rows, int64_t k, int64_t columns)
{
    product p = product_of(rows, k, columns);
    return list_bytes(p.depth) + (size_t)omp_get_max_threads() * panel_bytes(&p) + 64;
}

/* Makes the panel of unit u. */
static void make_panel(const product *p, const unit *u, int32_t *row, panel *to)
{
    uint16_t *packed = (void *)((char *)row + list_bytes(p->p.blocks * SIDE) + AMX(panel_sums)(&p->p));
    int whole = !is_packed(p);
    for (int64_t r = 0; r < (u->bottom - u->top) * SIDE; r++)
        row[r] = u->top * SIDE + r < p->rows ? (int32_t)(u->top * SIDE + r) : -1;
    to->row = row;
    to->rows = whole ? p->x + u->top * SIDE * p->k : packed;
    to->apart = whole ? p->k : DEPTH;
    to->block = whole ? SIDE * p->k : p->depth * PAIR;
    for (int64_t b = u->top; !whole && b < u->bottom; b++)
        pack_rows(rest(p->rows, b), p->k, p->x + b * SIDE * p->k, p->k, packed + (b - u->top) * to->block);
}

void AMX(product)(int64_t rows, int64_t k, const uint16_t *x, const uint16_t *packed, const output *o,
                  void *scratch)
{
    product p = product_of(rows, k, o->channels);
    int32_t *offset = scratch; /* of each step, in rows as they are or packed */
    char *work = (char *)scratch + list_bytes(p.depth);
    p.x = x;
    for (int64_t d = 0; d < p.depth; d++) offset[d] = (int32_t)(d * (is_packed(&p) ? PAIR : DEPTH));
#pragma omp parallel
    {
        int32_t *row = (void *)(work + (size_t)omp_get_thread_num() * panel_bytes(&p));
        panel own = {.columns = packed, .steps = p.depth, .offset = offset, .piece = 10, .o = o};
        int64_t have = -1;
        tile_configure(&full_tiles);
#pragma omp for schedule(static)
        for (int64_t i = 0; i < p.p.panels * p.p.groups; i++) {
            unit u = unit_of(&p.p, i);
            if (u.panel != have) make_panel(&p, &u, row, &own);
            have = u.panel;
            AMX(multiply_panel)(&p.p, &u, &own, (void *)((char *)row + list_bytes(p.p.blocks * SIDE)));
        }
        tile_release();
    }
}

static void forward(const dc3_linear_shape *s, const void *x, const void *packed, const float *bias,
                    const void *residual, void *y, void *scratch)
{
    output o = {.channels = s->co,
                .bias = s->bias ? bias : NULL,
                .residual = s->residual ? residual : NULL,
                .act = s->act,
                .y = y};
    AMX(product)(s->rows, s->ci, x, packed, &o, scratch);
}

static void data(const dc3_linear_shape *s, const void *dy, const void *packed, void *dx, void *scratch)
{
    output o = {.channels = s->ci, .y = dx};
    AMX(product)(s->rows, s->co, dy, packed, &o, scratch);
}

static size_t scratch_of(const dc3_linear_shape *s, dc3_conv_pass pass)
{
    if (s->type != DC3_BF16 || s->rows < 1 || s->rows > INT32_MAX)
        return 0; /* rows have numbers of 32 bits */
    if (pass == DC3_PASS_WEIGHT) return AMX(linear_gradient_scratch)(s);
    int forward = pass == DC3_PASS_FORWARD;
    return AMX(product_scratch)(s->rows, forward ? s->ci : s->co, forward ? s->co : s->ci);
}

const dc3_tile_linear AMX(linear) = {packed_size, pack, scratch_of, forward, data, AMX(linear_gradient)};
