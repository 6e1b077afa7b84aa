/* Labels that a run's budget has room for (dc3_condense_options.label_views). */
#ifndef DC3_LABELS_RESERVED_H
#define DC3_LABELS_RESERVED_H

#include "dc3/label.h"

/* Fills what the options leave open (views, bits, top_k) as the run's budget has it, views without one
 * with 10. */
void dc3_label_take_reserved(dc3_label_options *options);
/* Tells the listener where the labels in the run's folder, a file of `bytes`, and its images together are
 * more than its budget. */
void dc3_label_note_budget(const dc3_label_options *options, double bytes);

#endif
