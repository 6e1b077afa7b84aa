/* Features that are saved between runs, since encoding a large dataset takes longer than all that follows. */
#ifndef DC3_FEATURES_FEATURE_CACHE_H
#define DC3_FEATURES_FEATURE_CACHE_H

#include "features/run.h"

/* The place of this dataset's features by this editor and teacher, in the folder options->cache; the caller
 * frees it. Reads the models to tell them from others. */
dc3_status dc3_feature_cache_find(const dc3_run *run, char **path);
/* Looks there; *found 1 and they stand in the run, and what they took to make in its report. A file that is
 * damaged or of something else counts as not found. */
dc3_status dc3_feature_cache_read(dc3_run *run, const char *path, int *found);
/* Keeps the run's features there, which took `seconds` to make. */
dc3_status dc3_feature_cache_write(const dc3_run *run, const char *path, double seconds);

#endif
