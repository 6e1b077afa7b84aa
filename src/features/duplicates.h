/* Near-duplicates by their perceptual hashes (lookalikes/lookalikes.h): images that a run leaves out on
 * demand. */
#ifndef DC3_FEATURES_DUPLICATES_H
#define DC3_FEATURES_DUPLICATES_H

#include "features/run.h"

/* DC3_ERR_OPTION where the options' hash_distance is none, or says nothing. */
dc3_status dc3_duplicates_check(const dc3_condense_options *options);
/* With without_duplicates: finds them, unless that is done, counts them and tells the listener. Images that
 * cannot be read are left to who reads them next. */
dc3_status dc3_duplicates_find(dc3_run *run);
/* The same, and leaves their rows out of the run's. */
dc3_status dc3_duplicates_leave_out(dc3_run *run);

#endif
