/* The rows of a comparison's table.json, and the parts of its page that are made of them alone. */
#ifndef DC3_REPORT_COMPARISON_ROWS_H
#define DC3_REPORT_COMPARISON_ROWS_H

#include "gather/score_rows.h"

/* A member; NAN of what is missing, no number, or so large that no comparison finds it and texts have no
 * room. */
double dc3_comparison_number(const json_t *row, const char *key);
/* How large the row's sets are: images of each class, or less than 0, bytes. NAN: not known. */
double dc3_comparison_amount(const json_t *row);
/* 1 for a table of budgets in bytes. */
int dc3_comparison_has_budgets(const json_t *table);
/* "10 per class", "30.0 kB" */
const char *dc3_comparison_amount_text(const json_t *row, char text[48]);

/* Add to the page: the table, with the best marked; the first box; of budgets the charts of accuracy against
 * bytes (page.h). */
void dc3_comparison_table(json_t *page, const json_t *table);
void dc3_comparison_answers(json_t *page, const json_t *table);
void dc3_comparison_charts(json_t *page, const json_t *table);
/* Whose labels the soft ones are, where they are of several teachers, as a sentence; "": of none or one.
 * Caller frees; NULL without memory. */
char *dc3_comparison_teachers(const json_t *table);

#endif
