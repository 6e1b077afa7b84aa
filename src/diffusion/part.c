#include "diffusion/part.h"

#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "io/weights.h"

dc3_status dc3_part_path(const char *directory, const char *part, const char *file, char **path)
{
    char *folder = dc3_path_join(directory, part);
    *path = folder ? dc3_path_join(folder, file) : NULL;
    free(folder);
    return *path ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
}

dc3_status dc3_part_open(const char *directory, const char *part, const char *stem,
                         dc3_status (*read)(const char *path, void *config), void *config, dc3_table **table)
{
    char *path;
    DC3_TRY(dc3_part_path(directory, part, "config.json", &path));
    dc3_status status = read(path, config);
    free(path);
    if (status != DC3_OK) return status;
    path = dc3_path_join(directory, part);
    if (!path) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    status = dc3_weights_open_model(path, stem, table);
    free(path);
    return status;
}

dc3_status dc3_part_adapt(const dc3_adapters *adapters, dc3_lora_part part, dc3_table **table)
{
    if (!adapters->lora || !dc3_lora_count(adapters->lora, part)) return DC3_OK;
    dc3_status status = dc3_lora_merge(adapters->lora, part, adapters->scale, table);
    if (status != DC3_OK) dc3_table_close(table);
    return status;
}
