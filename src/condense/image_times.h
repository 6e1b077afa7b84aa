/* How long the images of a run take to make: some of its own are made before it starts, and none is stored.
 */
#ifndef DC3_CONDENSE_IMAGE_TIMES_H
#define DC3_CONDENSE_IMAGE_TIMES_H

#include "features/run.h"

/* Seconds of one image on the thread that makes it, of a method without an editor; 0: none of those tried can
 * be read. */
dc3_status dc3_run_time_images(dc3_run *run, double *seconds);
/* Seconds of one compensation where `stored` of them are made, side by side where they are; sets run->rate.
 * The first, of few steps, also packs weights: another follows unless that takes too long. A large model's is
 * extrapolated from it by the number of operations; else whole ones are made. */
dc3_status dc3_run_time_edits(dc3_run *run, int64_t stored, double *seconds);

#endif
