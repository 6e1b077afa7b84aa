/* Lists of a dataset's images as dc3 select writes them, a line of JSON each, read again. */
#ifndef DC3_RUN_FOLDER_LISTED_H
#define DC3_RUN_FOLDER_LISTED_H

#include "io/dataset.h"
#include "io/json.h"

typedef struct dc3_listed {
    int64_t item; /* of the dataset, whose key is the line's "source" */
    int label, order;
    json_t *line; /* object */
} dc3_listed;

/* The images that the file `path` lists, grouped by class in the order of the lines; an image may be there
 * more than once. DC3_ERR_FORMAT names the line that is none, names no image of the dataset, or names a part
 * of one. Free with dc3_listed_free, also after a failure. */
dc3_status dc3_listed_read(const char *path, const dc3_dataset *dataset, dc3_listed **list, int64_t *count);
void dc3_listed_free(dc3_listed *list, int64_t count);

#endif
