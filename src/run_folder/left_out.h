/* What a run of a budget left out: in OUT/selection.json the list "left_out" of names below OUT/train. */
#ifndef DC3_RUN_FOLDER_LEFT_OUT_H
#define DC3_RUN_FOLDER_LEFT_OUT_H

#include "io/json.h"

/* The names as the members of an object, empty where none are noted or there is no selection; the caller
 * releases it. */
dc3_status dc3_left_out_read(const char *folder, json_t **names);
/* Adds a list of names, and says that `repeated` images of the selection show one that others show. */
dc3_status dc3_left_out_add(const char *folder, const json_t *names, int64_t repeated);

#endif
