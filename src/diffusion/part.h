/* The parts of a diffusers directory: a folder with a config.json and weights for each network. Private to
 * this folder. */
#ifndef DC3_DIFFUSION_PART_H
#define DC3_DIFFUSION_PART_H

#include "tensor/table.h"

/* "directory/part/file", which the caller frees. */
dc3_status dc3_part_path(const char *directory, const char *part, const char *file, char **path);
/* Reads directory/part/config.json into `config` by `read` and opens the weights called `stem`. */
dc3_status dc3_part_open(const char *directory, const char *part, const char *stem,
                         dc3_status (*read)(const char *path, void *config), void *config, dc3_table **table);

#endif
