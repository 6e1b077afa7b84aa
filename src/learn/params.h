/* What the files of this folder share: arrays that stand beside a module's parameters. */
#ifndef DC3_LEARN_PARAMS_H
#define DC3_LEARN_PARAMS_H

#include "nn/param.h"
#include "tensor/table.h"

/* Packed forms of the value are made again when it is next used. */
void dc3_param_changed(const dc3_param *param);

/* The value of each of `count` parameters, or of those that are trained only, times `copies` in one block of
 * memory that the caller frees: arrays[copy * count + i], 64-byte aligned, zeroed; NULL where parameter i is
 * left out. `arrays` has copies * count entries. NULL without memory. */
void *dc3_params_alloc(const dc3_param *params, size_t count, int copies, int trained_only, void **arrays);

/* Adds `data`, in the type and shape of the parameter, as "prefix.name". */
dc3_status dc3_params_add(dc3_table *table, const char *prefix, const dc3_param *param, void *data);

#endif
