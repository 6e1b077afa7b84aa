/* The scores of a comparison, as its results.jsonl has them. */
#ifndef DC3_COMPARE_RESULTS_H
#define DC3_COMPARE_RESULTS_H

#include "compare/wanted.h"

typedef struct dc3_results {
    json_t *lines;       /* array of objects, in the order in which they were made */
    json_t *unmet;       /* object: of sets that their budget does not hold the bytes that one image of each
                            class takes, by their place below OUT */
    size_t *slots, size; /* hash table of cells: 0, or 2 x the place of a line + 1, + 1 where any seed does */
} dc3_results;

/* The lines of OUT/results.jsonl and what OUT/unmet.json has, none where it is not there; always free. Those
 * of earlier versions do not say how their student's views were drawn: `augment` is put there. */
dc3_status dc3_results_read(const char *out, const char *augment, dc3_results *results);
void dc3_results_free(dc3_results *results);
/* Adds a line, whose reference it takes, also where it fails. */
dc3_status dc3_results_add(dc3_results *results, json_t *line);
dc3_status dc3_results_write(const char *out, const dc3_results *results);
/* A line of soft labels of several teachers, which names them; NULL: there is none. */
const json_t *dc3_results_teachers(const dc3_results *results);
/* The bytes that one image of each class takes, where those are more than the budget of a cell's set; 0: it
 * holds them, as far as is known. Adding it writes OUT/unmet.json. */
double dc3_results_needed(const dc3_results *results, const dc3_cell *cell);
dc3_status dc3_results_add_unmet(const char *out, dc3_results *results, const dc3_cell *cell, double needed);
/* The first line of a cell, or NULL; of seed -1: of any. Takes the same time however many lines there are. */
json_t *dc3_results_find(const dc3_results *results, const dc3_cell *cell);

#endif
