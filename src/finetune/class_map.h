/* Which of a transformer's classes each class of a dataset is. */
#ifndef DC3_FINETUNE_CLASS_MAP_H
#define DC3_FINETUNE_CLASS_MAP_H

#include "finetune/model.h"
#include "io/dataset.h"

/* Into map [classes of data]: by WordNet ids where the model has ImageNet's 1,000 and all folders are named
 * so; by the names of model_index.json ("id2label") where all are there, each once; else in the order of the
 * folders' names, which is told where the model is not new. DC3_ERR_FORMAT where the model has fewer classes.
 */
dc3_status dc3_class_map(const dc3_base_model *model, const dc3_dataset *data, const dc3_listener *listener,
                         int64_t *map);

#endif
