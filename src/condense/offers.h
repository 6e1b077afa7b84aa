/* The ways in which a budget of a run may be spent, what they take, and which is taken. */
#ifndef DC3_CONDENSE_OFFERS_H
#define DC3_CONDENSE_OFFERS_H

#include "budget/cost.h"
#include "budget/rule.h"
#include "features/run.h"

/* Bytes of a stored image in each of `count` ways [count], and what they take, unless NULL
 * (dc3_budget_measure). */
dc3_status dc3_run_measure_bytes(const dc3_run *run, const dc3_coding *codings, int count, double seconds,
                                 double *each, double *costs);
/* What counts in the run's budget, with labels stored so. */
dc3_cost dc3_run_cost_with(const dc3_run *run, dc3_precision labels);
/* The precision that the options say; of a budget that is for no labels bits 0. */
dc3_precision dc3_run_precision(const dc3_run *run);

/* How the budget of a run with images of `live` classes is spent: *offer, and about how many *images it
 * holds. The report's least_bytes. Tells what was chosen and why, and notes it in run->choices.
 * DC3_ERR_OPTION where no way holds an image of each class. */
dc3_status dc3_offers_choose(dc3_run *run, int64_t live, dc3_offer *offer, int64_t *images);

#endif
