/* The choice among the candidates of the images of a condensed class (target.h has the objective). Arrays
 * only. */
#ifndef DC3_CALIBRATE_CHOOSE_H
#define DC3_CALIBRATE_CHOOSE_H

#include "calibrate/target.h"

/* Each image of the condensed class is a slot; its candidates are rows, the original first. */
typedef struct dc3_calibrating {
    const dc3_target *target;
    int64_t slots, rows;
    const int64_t *slot;  /* [rows], ascending from 0 on, each slot with a row at least */
    const char *dropped;  /* [rows]: may not be taken; never a slot's first */
    const double *values; /* [rows, DC3_CALIBRATE_VALUES] of dc3_target_values */
    const double *a, *b;  /* [rows, ca] and [rows, cb]: factors of the gradients; NULL without a teacher */
} dc3_calibrating;

/* choice [slots]: rows. Begins with the originals, and maximises F(S) = D(originals) - D(S), where S replaces
 * slots' images by candidates, by the greedy maximizer of the selection (select/maximizers.c): the candidate
 * of all free slots that lowers D the most, then the next, each slot once; again from there until no exchange
 * of one image lowers D by a billionth. So D never rises, and an image without a useful edit stays as it is.
 * F is not submodular in general, since edits may undo each other, so lazy forms do not apply. O(rows slots
 * values) a round. */
dc3_status dc3_calibrate(const dc3_calibrating *from, int64_t *choice);
/* The terms of D for a choice of a row in each slot, those without weight 0; returns their sum. */
double dc3_calibrate_distance(const dc3_calibrating *from, const int64_t *choice,
                              double terms[DC3_TARGET_TERMS]);

#endif
