/* The three kinds of sources: each stands in the file of its name. */
#ifndef DC3_EVALUATE_LABEL_SOURCES_H
#define DC3_EVALUATE_LABEL_SOURCES_H

#include "evaluate/label_source.h"

/* Each makes a source of `size` bytes, zero but for `functions`, and opens what `common` names; the caller
 * closes it, also after a failure. NULL in *source: no memory. */
typedef dc3_status dc3_label_opener(const dc3_label_source *common, dc3_label_source **source);
dc3_label_opener dc3_labels_soft_open, dc3_labels_stored_open, dc3_labels_hard_open;

/* label_draw.c: views of the RDED protocol, or whole images, as source->plain says. */
dc3_status dc3_labels_draw(dc3_label_source *source, const dc3_label_batch *batch);

#endif
