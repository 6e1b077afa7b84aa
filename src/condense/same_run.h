/* Whether the settings of a run that is there are those of this call: it goes on then. */
#ifndef DC3_CONDENSE_SAME_RUN_H
#define DC3_CONDENSE_SAME_RUN_H

#include "base/status.h"
#include "io/json.h"

/* DC3_ERR_ARGUMENT names the settings that differ, `was` of the folder and `is` of the call. */
dc3_status dc3_same_run(const char *folder, const json_t *was, const json_t *is);

#endif
