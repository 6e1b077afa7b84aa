#include "tensor/tensor.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    size_t size;
} types[] = {{"f32", 4},  {"bf16", 2}, {"f16", 2}, {"f64", 8}, {"i64", 8}, {"i32", 4}, {"u8", 1},
             {"bool", 1}, {"i16", 2},  {"i8", 1},  {"u16", 2}, {"u32", 4}, {"u64", 8}};

size_t dc3_dtype_size(dc3_dtype dtype)
{
    return types[dtype].size;
}

const char *dc3_dtype_name(dc3_dtype dtype)
{
    return types[dtype].name;
}

int64_t dc3_count(const dc3_tensor *tensor)
{
    int64_t count = 1;
    for (int i = 0; i < tensor->ndim; i++) count *= tensor->shape[i];
    return count;
}

size_t dc3_bytes(const dc3_tensor *tensor)
{
    return (size_t)dc3_count(tensor) * dc3_dtype_size(tensor->dtype);
}

dc3_tensor dc3_view(void *data, dc3_dtype dtype, int ndim, const int64_t *shape)
{
    dc3_tensor tensor = {.data = data, .dtype = dtype, .ndim = ndim};
    for (int i = 0; i < ndim; i++) tensor.shape[i] = shape[i];
    return tensor;
}

const char *dc3_shape_text(int ndim, const int64_t *shape, char *text, size_t size)
{
    size_t used = (size_t)snprintf(text, size, "[");
    for (int i = 0; i < ndim && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%lld", i ? ", " : "", (long long)shape[i]);
    if (used < size) snprintf(text + used, size - used, "]");
    return text;
}
