/* How long a run will take. */
#ifndef DC3_CONDENSE_ESTIMATE_H
#define DC3_CONDENSE_ESTIMATE_H

#include "features/run.h"

/* Says how long the selection from `images` images (0: none) and the making of `stored` ones
 * will take, measured on some of them. */
dc3_status dc3_run_estimate(dc3_run *run, int64_t images, int64_t stored);

#endif
