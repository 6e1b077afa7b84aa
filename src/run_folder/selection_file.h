/* OUT/selection.json: what was chosen, and what else the run knew then. */
#ifndef DC3_RUN_FOLDER_SELECTION_FILE_H
#define DC3_RUN_FOLDER_SELECTION_FILE_H

#include "io/json.h"

extern const char dc3_selection_file[];
/* Of a run's folder; NULL where there is none. The caller releases it. */
dc3_status dc3_selection_file_read(const char *folder, json_t **selection);

#endif
