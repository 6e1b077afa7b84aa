/* A row of a comparison's table: a cell over its seeds, in numbers. */
#ifndef DC3_COMPARE_ROW_H
#define DC3_COMPARE_ROW_H

#include "compare/comparing.h"

/* The columns in which the best is marked, and what they are called in JSON. */
enum {
    DC3_ROW_TOP1,
    DC3_ROW_TOP5,
    DC3_ROW_BEST,
    DC3_ROW_LABEL_ROBUST,
    DC3_ROW_AUGMENT_ROBUST,
    DC3_ROW_MARKED
};
extern const char *const dc3_row_marked[DC3_ROW_MARKED];

/* Before it is printed: values, NaN where there are none, and their deviations over the seeds. */
typedef struct dc3_row {
    dc3_cell cell;
    int n; /* seeds that are there */
    double value[DC3_ROW_MARKED], spread[DC3_ROW_MARKED];
    double seconds, bytes, labels, colour, unaugmented, unaugmented_spread;
    double images, train;      /* of a budget: how many, and bytes of images and metadata.jsonl */
    const char *format;        /* of a budget; the line's */
    double needed;             /* dc3_comparing_needed */
    char mark[DC3_ROW_MARKED]; /* '*' the best, '~' not told apart from it, ' ' else */
} dc3_row;

/* Of a cell, whatever its seed; without marks. values [seeds]: scratch. */
void dc3_row_collect(const dc3_comparing *c, const dc3_cell *cell, double *values, dc3_row *row);
/* Marks the best of each column among rows of the same size, student and labels, all of them where several
 * are equal, and those whose difference from it is within both deviations. A single row is no best. */
void dc3_rows_mark(dc3_row *rows, int count);
/* row_json.c: as table.json and the report have it; without a score it says what the budget had to be. NULL
 * without memory. */
json_t *dc3_row_json(const dc3_comparing *c, const dc3_row *row);

#endif
