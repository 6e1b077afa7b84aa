/* How many images are stored, and in which format, where that is given over all classes: in images, as a part
 * of the dataset, in bytes. */
#ifndef DC3_CONDENSE_AMOUNT_H
#define DC3_CONDENSE_AMOUNT_H

#include "budget/cost.h"
#include "budget/given.h"
#include "condense/output.h"

/* What counts in the run's budget. */
dc3_cost dc3_run_cost(const dc3_run *run);

/* Images that the dataset has of each class [classes], the caller frees, NULL without memory; *live classes
 * have any. */
int64_t *dc3_run_class_sizes(const dc3_run *run, int64_t *live);
/* Decides, where it is given so: own->select.ipc (the most of a class), run->give and run->total; of a budget
 * also run->coding, own->label_bits and own->label_top_k, and 5 % more images than are expected to
 * fit. `own` is what run->options is. */
dc3_status dc3_amount_decide(dc3_run *run, dc3_condense_options *own);
/* Leaves out of each class what it gives beyond run->give: repeats first, then what was chosen last. */
dc3_status dc3_amount_trim(dc3_run *run, dc3_chosen *chosen);
/* Counts the bytes of what is stored, and removes images, of the class that has most for its balance the one
 * chosen last, until all is within the budget; notes what is left, and in selection.json what is left out.
 * DC3_ERR_OPTION where an image of each class is more: all images are there then and the run is not complete.
 */
dc3_status dc3_amount_fit(dc3_run *run, dc3_output *output, dc3_chosen *chosen);
/* Takes out of the selection, which is numbered, what an earlier part of the run left out, and removes what
 * is there of that still. */
dc3_status dc3_amount_continue(dc3_run *run, const dc3_output *output, dc3_chosen *chosen);

#endif
