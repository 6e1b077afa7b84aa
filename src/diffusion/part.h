/* The parts of a diffusers directory: a folder with a config.json and weights for each network. */
#ifndef DC3_DIFFUSION_PART_H
#define DC3_DIFFUSION_PART_H

#include "nn/adapters/lora.h"

/* "directory/part/file", which the caller frees. */
dc3_status dc3_part_path(const char *directory, const char *part, const char *file, char **path);
/* Reads directory/part/config.json into `config` by `read` and opens the weights called `stem`. */
dc3_status dc3_part_open(const char *directory, const char *part, const char *stem,
                         dc3_status (*read)(const char *path, void *config), void *config, dc3_table **table);

/* Low-rank adapters that are merged into networks as they are opened; lora NULL: none. */
typedef struct dc3_adapters {
    const dc3_lora *lora; /* borrowed */
    double scale;
} dc3_adapters;
/* Merges those of a part into its weights. *table is closed after a failure. */
dc3_status dc3_part_adapt(const dc3_adapters *adapters, dc3_lora_part part, dc3_table **table);

#endif
