#include "run_folder/selection_file.h"

#include <stdlib.h>
#include "base/file.h"

const char dc3_selection_file[] = "selection.json";

dc3_status dc3_selection_file_read(const char *folder, json_t **selection)
{
    char *path = dc3_path_join(folder, dc3_selection_file);
    dc3_status status = path ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    *selection = NULL;
    if (status == DC3_OK && dc3_path_what(path) == DC3_PATH_FILE)
        status = dc3_json_read(path, 1 << 28, selection);
    free(path);
    return status;
}
