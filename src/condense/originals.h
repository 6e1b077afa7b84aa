/* Images that are stored as the files that they are: copied, or linked to. */
#ifndef DC3_CONDENSE_ORIGINALS_H
#define DC3_CONDENSE_ORIGINALS_H

#include "features/run.h"

/* DC3_ERR_OPTION, which names the setting, where the files are to be kept and something changes them: the
 * method, crops, a size, a format or a budget; or where the dataset has no such files. For a run whose method
 * and size are known and whose dataset is open. */
dc3_status dc3_originals_check(const dc3_run *run);
/* The item's file at `path`, whole or not at all: its bytes, or a symbolic link to it by its absolute path.
 */
dc3_status dc3_original_write(const dc3_run *run, int64_t item, const char *path);
/* Bytes that a file to be stored takes, mean of some of the dataset's; 0: links. */
double dc3_originals_bytes(const dc3_run *run);

#endif
