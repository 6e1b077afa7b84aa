/* What the files of this folder share: arrays that stand beside a module's parameters. */
#ifndef DC3_LEARN_PARAMS_H
#define DC3_LEARN_PARAMS_H

#include "nn/param.h"
#include "tensor/table.h"

/* Packed forms of the value are made again when it is next used. */
void dc3_param_changed(const dc3_param *param);

/* Tensors of the type, shape and device of each of `count` parameters, or of those that are trained only,
 * times `copies`, zeroed: arrays[copy * count + i]; empty where parameter i is left out. `arrays` has copies
 * * count entries, all empty after a failure; DC3_ERR_CANCELLED of a call that is to stop. */
dc3_status dc3_params_alloc(const dc3_param *params, size_t count, int copies, int trained_only,
                            dc3_tensor *arrays);
/* Releases the memory of `count` of them. */
void dc3_params_free(dc3_tensor *arrays, size_t count);

/* A hash of all values, and so of what several ranks must begin with. */
dc3_status dc3_params_hash(const dc3_param *params, size_t count, uint64_t *hash);

/* Adds `values`, a tensor that belongs to the parameter, as "prefix.name". */
dc3_status dc3_params_add(dc3_table *table, const char *prefix, const dc3_param *param, dc3_tensor values);

#endif
