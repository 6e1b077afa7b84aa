/* How long the stages of a run took. Private to this folder. */
#ifndef DC3_CONDENSE_TIMES_H
#define DC3_CONDENSE_TIMES_H

#include "condense/run.h"

/* Adds a call's stages to OUT/times.json: seconds by stage, summed over the calls that a run took, and the
 * most memory of any. `teacher`: seconds of the run's own teacher, 0 without. The result does not depend on
 * the file, which is no part of what is promised to be the same again. */
dc3_status dc3_times_add(const dc3_output *output, double teacher);

#endif
