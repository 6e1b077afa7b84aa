/* OUT/chosen.csv: what a run chose and why, for a spreadsheet. */
#ifndef DC3_RUN_FOLDER_CHOSEN_TABLE_H
#define DC3_RUN_FOLDER_CHOSEN_TABLE_H

#include "base/status.h"

extern const char dc3_chosen_table[];
/* Writes it: a row for each image of the dataset that a stored image of the folder is made of, by the lines
 * of train/metadata.jsonl or of the shards, and dc3.json. `chosen_in`: the folder with the selection.json
 * that says which images each stands for, the folder itself or the one that it was taken of. */
dc3_status dc3_chosen_table_write(const char *folder, const char *chosen_in);

#endif
