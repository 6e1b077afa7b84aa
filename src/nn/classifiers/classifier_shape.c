/* What the tensors of a file say of a classifier's shape. */
#include "nn/classifiers/classifier_private.h"

int dc3_shape_of(const dc3_module *module, const char *prefix, const char *name, int64_t *shape)
{
    char text[DC3_NAME_SIZE];
    const dc3_tensor *t = dc3_table_find(dc3_module_table(module), dc3_name(text, "%s.%s", prefix, name));
    for (int i = 0; i < 4; i++) shape[i] = t && i < t->ndim ? t->shape[i] : 0;
    return t != NULL;
}
