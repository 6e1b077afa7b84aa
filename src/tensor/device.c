#include "tensor/device.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"

uint64_t dc3_tensor_new_id(void)
{
    static atomic_uint_fast64_t last;
    return (uint64_t)atomic_fetch_add_explicit(&last, 1, memory_order_relaxed) + 1;
}

dc3_status dc3_tensor_alloc(const dc3_device *device, dc3_dtype dtype, int ndim, const int64_t *shape,
                            dc3_tensor *tensor)
{
    dc3_tensor t = dc3_view(NULL, dtype, ndim, shape);
    size_t size = dc3_bytes(&t);
    *tensor = (dc3_tensor){0};
    t.device = device;
    t.data = device ? device->alloc(size) : dc3_alloc(size);
    if (!t.data) {
        char text[DC3_SHAPE_TEXT];
        return dc3_fail(DC3_ERR_MEMORY, "out of memory for a %s tensor of shape %s", dc3_dtype_name(dtype),
                        dc3_shape_text(ndim, shape, text, sizeof text));
    }
    t.id = dc3_tensor_new_id();
    *tensor = t;
    return DC3_OK;
}

void dc3_tensor_free(dc3_tensor *tensor)
{
    if (tensor->device)
        tensor->device->release(tensor->data);
    else
        free(tensor->data);
    *tensor = (dc3_tensor){0};
}

dc3_status dc3_tensor_write(const dc3_tensor *tensor, const void *values)
{
    size_t size = dc3_bytes(tensor);
    if (tensor->device) return tensor->device->upload(tensor->data, values, size);
    if (size) memcpy(tensor->data, values, size);
    return DC3_OK;
}

dc3_status dc3_tensor_read(const dc3_tensor *tensor, void *values)
{
    size_t size = dc3_bytes(tensor);
    if (tensor->device) return tensor->device->download(values, tensor->data, size);
    if (size) memcpy(values, tensor->data, size);
    return DC3_OK;
}

dc3_status dc3_tensor_zero(const dc3_tensor *tensor)
{
    size_t size = dc3_bytes(tensor);
    if (tensor->device) return tensor->device->fill(tensor->data, 0, size);
    if (size) memset(tensor->data, 0, size);
    return DC3_OK;
}

int dc3_tensor_is_host(const dc3_tensor *tensor)
{
    return !tensor->device || tensor->device->host_visible;
}

dc3_tensor dc3_tensor_row(dc3_tensor x, int64_t i)
{
    dc3_tensor row = x;
    row.ndim = x.ndim - 1;
    for (int k = 0; k < row.ndim; k++) row.shape[k] = x.shape[k + 1];
    row.shape[row.ndim] = 0;
    if (x.data) row.data = (char *)x.data + (size_t)i * dc3_bytes(&row);
    return row;
}

dc3_tensor dc3_tensor_rows(dc3_tensor x, int64_t first, int64_t count)
{
    dc3_tensor row = dc3_tensor_row(x, 0);
    if (x.data) x.data = (char *)x.data + (size_t)first * dc3_bytes(&row);
    x.shape[0] = count;
    return x;
}
