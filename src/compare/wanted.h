/* Which scores a call of a comparison wants. */
#ifndef DC3_COMPARE_WANTED_H
#define DC3_COMPARE_WANTED_H

#include "dc3/compare.h"
#include "dc3/text.h"
#include "io/json.h"

enum { DC3_SEEDS_LIMIT = 1000, DC3_CELLS_LIMIT = 1 << 16 };

/* One score. */
typedef struct dc3_cell {
    int ipc, seed;  /* ipc 0: by bytes */
    int64_t budget; /* bytes of the condensed set; 0: by ipc */
    const char *method, *arch, *labels, *augment;
} dc3_cell;

/* Puts the options' amount i, from 0 on, into a cell: images of each class or bytes. 0 after the last. */
int dc3_wanted_amount(const dc3_compare_options *options, int i, dc3_cell *cell);
/* A cell's as one number: images of each class, or less than 0, of bytes; and the same of a line of
 * results.jsonl. */
int64_t dc3_cell_amount(const dc3_cell *cell);
int64_t dc3_line_amount(const json_t *line);
/* "ipc 10" or "30.0 kB" */
const char *dc3_cell_amount_text(const dc3_cell *cell, char text[DC3_NUMBER_TEXT]);
/* How the students' views are drawn where nothing else is wanted. */
const char *dc3_usual_augment(const dc3_compare_options *options);
/* What a call wants, as compare.json has it in "wanted"; the caller releases it. */
json_t *dc3_wanted(const dc3_compare_options *options);
/* Its cells; -1 where it is not of that form or has more than DC3_CELLS_LIMIT. */
int64_t dc3_wanted_count(const json_t *wanted);
/* How many cells after each other are students of one condensed dataset. */
int64_t dc3_wanted_students(const json_t *wanted);
/* Cell number i in the order in which they are made; its texts are those of `wanted`. */
dc3_cell dc3_wanted_cell(const json_t *wanted, int64_t i);
/* OUT/ipcN/METHOD/seedS, or OUT/budgetBYTES/METHOD/seedS, where the cell's dataset is condensed; caller
 * frees, NULL without memory. */
char *dc3_cell_folder(const char *out, const dc3_cell *cell);

#endif
