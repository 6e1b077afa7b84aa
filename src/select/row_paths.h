/* Whose the rows of a file of features are: the paths of their images, where somebody wrote them down. */
#ifndef DC3_SELECT_ROW_PATHS_H
#define DC3_SELECT_ROW_PATHS_H

#include "tensor/table.h"

/* One path for each row. */
typedef struct dc3_row_paths {
    char *from;   /* the file that has them, for messages; NULL: nobody says whose the rows are */
    char **paths; /* [count], of g_free */
    int64_t count;
} dc3_row_paths;

/* The file beside `path` that has them: of x.npy x.paths.txt, a line each; x.paths.csv, its column path (or
 * file_name); or x.paths.json, a list. *found NULL: there is none. By g_free. DC3_ERR_FORMAT where there
 * are several. */
dc3_status dc3_row_paths_beside(const char *path, char **found);
/* Those of the table's metadata under "paths", a list as JSON, or of the file beside `path`. Free with
 * dc3_row_paths_free, also after a failure. */
dc3_status dc3_row_paths_read(const char *path, const dc3_table *table, dc3_row_paths *paths);
void dc3_row_paths_free(dc3_row_paths *paths);

#endif
