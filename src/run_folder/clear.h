/* Removing what an earlier run made. */
#ifndef DC3_RUN_FOLDER_CLEAR_H
#define DC3_RUN_FOLDER_CLEAR_H

#include "base/status.h"

/* Removes from a run's folder the images that its pictures.txt and train/metadata.jsonl name, the folders
 * that are empty then, and the run's own files. Follows no links, and leaves everything else. */
dc3_status dc3_clear_run(const char *folder);
/* Removes what a killed run had begun to write (dc3_is_part_name) in its folder, in train/ and its class
 * folders. The caller holds the folder's lock. */
dc3_status dc3_clear_parts(const char *folder);
/* Removes the students that are saved in a folder (saved_students.h). */
dc3_status dc3_clear_students(const char *folder);
/* What the file is called in which a search keeps what it was begun with. */
extern const char dc3_search_file[];
/* Removes FOLDER/.search, where dc3_search works, with all that is in it, if it has that file. */
void dc3_clear_search(const char *folder);

#endif
