/* The settings of a run, as dc3.json has them. */
#ifndef DC3_CONDENSE_SETTINGS_H
#define DC3_CONDENSE_SETTINGS_H

#include "features/run.h"

/* Everything that the result depends on, and no more; the caller releases it. */
json_t *dc3_run_settings(const dc3_run *run);
/* Bits in which hashes of near-duplicates differ at most. */
int dc3_hash_distance(const dc3_condense_options *options);

#endif
