/* How many images are wanted, where that is said over all classes: dc3_condense_options.total, .fraction,
 * .budget, and the soft labels that a budget is for as well. */
#ifndef DC3_BUDGET_GIVEN_H
#define DC3_BUDGET_GIVEN_H

#include "dc3/condense.h"
#include "io/json.h"

/* 1 if one of them is given. */
int dc3_amount_given(const dc3_condense_options *options);
/* DC3_ERR_OPTION where they do not go together, are out of range, or the command stores no images (`stores`)
 * or chooses none (`chooses`). */
dc3_status dc3_amount_check(const dc3_condense_options *options, int stores, int chooses);
/* Adds to the settings in dc3.json a "balance" that is not equal, and of a budget "budget" and, if there are
 * labels, "labels" with "views", "bits" and "top_k". */
void dc3_budget_settings(const dc3_condense_options *options, json_t *settings);

#endif
