/* What the estimate has to know of RDED. */
#ifndef DC3_CONDENSE_RDED_H
#define DC3_CONDENSE_RDED_H

#include "condense/run.h"

enum { DC3_RDED_CROPS = 5 }; /* of each picture that is looked at */

/* How many pictures are looked at, at most. */
int64_t dc3_rded_pictures(const dc3_run *run);

#endif
