/* Selection of rows of the features. */
#ifndef DC3_METHODS_CHOOSE_H
#define DC3_METHODS_CHOOSE_H

#include "methods/parts.h"

/* run->bins of the readable images. */
dc3_status dc3_run_bins(dc3_run *run);
/* By the method's chooser, or by bins and a submodular maximiser in each. */
dc3_status dc3_run_select(dc3_run *run, dc3_chosen *chosen);

#endif
