/* Whether a folder takes new files and folders. */
#ifndef DC3_OUTPUT_TAKES_ENTRIES_H
#define DC3_OUTPUT_TAKES_ENTRIES_H

/* Why a folder that is there takes no new entries; NULL: nothing is known against it. */
const char *dc3_folder_refuses(const char *folder);

#endif
