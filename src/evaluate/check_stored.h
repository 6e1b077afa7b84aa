/* Stored labels against what is given: whether they are of these images, of this teacher, and of these views.
 */
#ifndef DC3_EVALUATE_CHECK_STORED_H
#define DC3_EVALUATE_CHECK_STORED_H

#include "evaluate/evaluation.h"

/* Once the source of labels is open: warns of other images and of another teacher, once for a set, and
 * refuses options that contradict the views. Of labels that are not stored DC3_OK. */
dc3_status dc3_stored_check(const dc3_evaluation *evaluation);

#endif
