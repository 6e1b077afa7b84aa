/* Products of rows (or positions) by a packed matrix: how they are cut into work for threads, and a panel. */
#ifndef DC3_KERNELS_AMX_PANELS_H
#define DC3_KERNELS_AMX_PANELS_H

#include <omp.h>
#include "kernels/amx/finish.h"

enum {
    PANEL_BYTES = 5 << 17, /* of a panel of rows, about: a third of 2 MB */
    WIDE_BYTES = 12 << 17, /* where columns weigh more than rows: they are read again for each panel */
    MOST_BLOCKS = 64,      /* of SIDE rows in a panel */
};

/* Panels of `blocks` blocks of SIDE rows, and groups of blocks of columns. A unit of work is a panel by a
 * group: the second-level cache holds the panel while the columns go by, a block of them at a time. Results
 * do not depend on how it is cut. */
typedef struct panels {
    int64_t rows;    /* blocks in all */
    int64_t columns; /* blocks in all */
    int64_t blocks, panels, groups;
    int fetched; /* whether columns are to be asked for ahead: 0 where all stay in reach */
} panels;

/* `row_bytes`, `column_bytes`: of a block. */
static inline panels panels_of(int64_t rows, int64_t row_bytes, int64_t columns, int64_t column_bytes)
{
    if (rows < 1 || columns < 1) return (panels){.groups = 1};
    int wide = columns * column_bytes > rows * row_bytes;
    int64_t threads = omp_get_max_threads(), most = (wide ? WIDE_BYTES : PANEL_BYTES) / row_bytes;
    most = most < 1 ? 1 : most > MOST_BLOCKS ? MOST_BLOCKS : most;
    panels p = {.rows = rows, .columns = columns, .panels = blocks_of(rows, most), .groups = 1};
    if (wide) { /* each thread reads its part of the columns */
        p.groups = threads < columns ? threads : columns;
        p.panels = p.panels * p.groups < threads ? blocks_of(threads, p.groups) : p.panels;
    } else
        p.panels = blocks_of(p.panels, threads) * threads;
    p.panels = p.panels < rows ? p.panels : rows;
    p.blocks = blocks_of(rows, p.panels);
    p.panels = blocks_of(rows, p.blocks);
    if (p.panels * p.groups < threads)
        p.groups = blocks_of(threads, p.panels) < columns ? blocks_of(threads, p.panels) : columns;
    p.fetched = columns * column_bytes > PANEL_BYTES;
    return p;
}

/* Unit u: of one group after the other. */
typedef struct unit {
    int64_t panel, top, bottom, left, right; /* blocks */
} unit;

static inline unit unit_of(const panels *p, int64_t u)
{
    int64_t panel = u % p->panels, group = u / p->panels, bottom = (panel + 1) * p->blocks;
    return (unit){.panel = panel,
                  .top = panel * p->blocks,
                  .bottom = bottom < p->rows ? bottom : p->rows,
                  .left = p->columns * group / p->groups,
                  .right = p->columns * (group + 1) / p->groups};
}

/* Bytes of a list of `count` numbers. */
static inline size_t list_bytes(int64_t count)
{
    return ((size_t)count * sizeof(int32_t) + 63) / 64 * 64;
}

/* A panel of rows in memory, and what becomes of it. */
typedef struct panel {
    const uint16_t *rows; /* of the first block */
    int64_t apart;        /* values from one row to the next */
    int64_t block;        /* and from one block to the next */
    const int32_t *row;   /* of y, of each row: -1 for none */
    const uint16_t *columns;
    int64_t steps;         /* pairs of tiles in a block of columns */
    const int32_t *offset; /* of each step, from a row's first value */
    int64_t piece; /* steps after which the next block is taken, whose columns are in the first-level cache */
    const output *o;
} panel;

/* Bytes of a thread's sums. */
size_t AMX(panel_sums)(const panels *cut);
/* Multiplies unit u. */
void AMX(multiply_panel)(const panels *cut, const unit *u, const panel *p, float *sums);

#endif
