/* Whether all ranks see the same files in a folder that several of them will write to. */
#ifndef DC3_RANKS_FOLDER_H
#define DC3_RANKS_FOLDER_H

#include <stddef.h>
#include "base/status.h"

/* The name of the stage. */
extern const char dc3_ranks_folder_stage[];
/* On rank 0, of a folder that is there, before others write into it: DC3_ERR_IO where another rank does not
 * see within a minute what rank 0 writes there, or rank 0 what each of them writes. Leaves nothing there.
 * With one rank nothing is done. */
dc3_status dc3_ranks_check_folder(const char *folder);
/* Another rank's part in the stage, whose `known` and `bytes` these are. */
dc3_status dc3_ranks_look_at_folder(const char *folder, const void *known, size_t bytes);

#endif
