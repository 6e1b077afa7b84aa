/* Features that are kept between runs, since encoding a large dataset takes longer than all that follows. */
#ifndef DC3_CONDENSE_FEATURE_CACHE_H
#define DC3_CONDENSE_FEATURE_CACHE_H

#include "condense/run.h"

/* Looks into the folder options->cache for the features of this dataset by this editor and teacher; *found 1
 * and they stand in the run. A file that is damaged or of something else counts as not found. */
dc3_status dc3_feature_cache_read(dc3_run *run, int *found);
/* Keeps the run's features there. */
dc3_status dc3_feature_cache_write(const dc3_run *run);

#endif
