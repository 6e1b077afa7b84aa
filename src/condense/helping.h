/* A run by several ranks (ranks/ranks.h): whether they work on the same, and the part of those that only
 * help. */
#ifndef DC3_CONDENSE_HELPING_H
#define DC3_CONDENSE_HELPING_H

#include "condense/run_open.h"

/* On rank 0, of a run that has just been opened: fails where another rank does not work on the same. */
dc3_status dc3_run_agree(const dc3_run *run);
/* Before anything is written by others: fails where another rank does not see the same files in the run's
 * folder, or rank 0 not its. */
dc3_status dc3_run_check_folder(const dc3_run *run);
/* On another rank: all that it does of a command whose options are `own`, which change; opened: as
 * dc3_run_open_by has it. */
dc3_status dc3_run_help(dc3_condense_options *own, dc3_run_needs needs, const dc3_image_rows *opened,
                        dc3_condense_report *report);

#endif
