/* What is given to a selection is looked at before any work. */
#ifndef DC3_SELECT_CHECK_H
#define DC3_SELECT_CHECK_H

#include <stdint.h>
#include "base/status.h"
#include "dc3/select.h"

typedef struct dc3_select_input {
    int64_t n, d, c;
    const float *embeddings, *logits; /* [n, d]; [n, c] or NULL */
    const int64_t *labels, *given;    /* [n]; bins [n] or NULL */
} dc3_select_input;

/* DC3_ERR_OPTION for a setting out of range. */
dc3_status dc3_select_check_options(const dc3_select_options *o);
/* 1: by turns, so that the first rows of each class are those of a smaller ipc. */
int dc3_select_nests(const dc3_select_options *o);
/* DC3_ERR_ARGUMENT for sizes, labels and bins; DC3_ERR_FORMAT for a value that is not finite. */
dc3_status dc3_select_check_values(const dc3_select_input *in);

#endif
