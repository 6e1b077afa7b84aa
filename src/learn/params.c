#include "learn/params.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/rng.h"
#include "tensor/device.h"

void dc3_param_changed(const dc3_param *param)
{
    if (param->weight) param->weight->version++;
}

void dc3_params_free(dc3_tensor *arrays, size_t count)
{
    for (size_t i = 0; i < count; i++) dc3_tensor_free(&arrays[i]);
}

dc3_status dc3_params_alloc(const dc3_param *params, size_t count, int copies, int trained_only,
                            dc3_tensor *arrays)
{
    dc3_status status = DC3_OK;
    size_t all = (size_t)copies * count;
    for (size_t i = 0; i < all; i++) arrays[i] = (dc3_tensor){0};
    for (size_t i = 0; status == DC3_OK && i < all; i++) {
        const dc3_param *p = &params[i % count];
        const dc3_tensor *v = &p->value;
        if (trained_only && !p->gradient.data) continue;
        status = dc3_tensor_alloc(v->device, v->dtype, v->ndim, v->shape, &arrays[i]);
        if (status == DC3_OK) status = dc3_tensor_zero(&arrays[i]);
        if (status == DC3_OK) status = dc3_check_cancel();
    }
    if (status != DC3_OK) dc3_params_free(arrays, all);
    return status;
}

dc3_status dc3_params_add(dc3_table *table, const char *prefix, const dc3_param *param, dc3_tensor values)
{
    size_t size = strlen(prefix) + strlen(param->name) + 2;
    char *name = malloc(size);
    if (!name) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    snprintf(name, size, "%s.%s", prefix, param->name);
    dc3_status status = dc3_table_add(table, name, values);
    free(name);
    return status;
}

dc3_status dc3_params_hash(const dc3_param *params, size_t count, uint64_t *hash)
{
    *hash = 0;
    for (size_t i = 0; i < count; i++) {
        size_t bytes = dc3_bytes(&params[i].value);
        void *values = malloc(bytes + 1);
        if (!values) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
        dc3_status status = dc3_tensor_read(&params[i].value, values);
        uint64_t both[] = {*hash, dc3_hash_block(values, bytes)};
        *hash = dc3_hash64(both, sizeof both);
        free(values);
        DC3_TRY(status);
    }
    return DC3_OK;
}
