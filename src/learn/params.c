#include "learn/params.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"

enum { LINE = 64 };

void dc3_param_changed(const dc3_param *param)
{
    if (param->weight) param->weight->version++;
}

static size_t room(const dc3_param *param, int trained_only)
{
    return trained_only && !param->gradient ? 0 : (dc3_bytes(&param->value) + LINE - 1) / LINE * LINE;
}

void *dc3_params_alloc(const dc3_param *params, size_t count, int copies, int trained_only, void **arrays)
{
    size_t total = LINE, used = 0;
    for (size_t i = 0; i < count; i++) total += (size_t)copies * room(&params[i], trained_only);
    char *memory = dc3_alloc(total);
    if (!memory) return NULL;
    memset(memory, 0, total);
    for (int copy = 0; copy < copies; copy++)
        for (size_t i = 0; i < count; i++) {
            int left_out = trained_only && !params[i].gradient;
            arrays[(size_t)copy * count + i] = left_out ? NULL : memory + used;
            used += room(&params[i], trained_only);
        }
    return memory;
}

dc3_status dc3_params_add(dc3_table *table, const char *prefix, const dc3_param *param, void *data)
{
    size_t size = strlen(prefix) + strlen(param->name) + 2;
    char *name = malloc(size);
    if (!name) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    snprintf(name, size, "%s.%s", prefix, param->name);
    dc3_status status =
        dc3_table_add(table, name, dc3_view(data, param->value.dtype, param->value.ndim, param->value.shape));
    free(name);
    return status;
}
