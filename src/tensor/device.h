/* Where the memory of tensors lies: the part of a backend (kernels/registry.h) that tensors see. */
#ifndef DC3_TENSOR_DEVICE_H
#define DC3_TENSOR_DEVICE_H

#include "tensor/tensor.h"

/* Pointers that `alloc` gives, and tensors' `data` with them, are the device's: only its kernels and the
 * functions below may follow them, unless `host_visible` is 1. Arithmetic on them is allowed, as long as it
 * stays in the same block. `size` is in bytes everywhere. The functions may be called from several threads at
 * once, on different memory. */
typedef struct dc3_device {
    const char *name; /* "cpu" */
    /* 1: the host may read and write the memory as its own, and kernels take host memory, so that upload and
     * download need not copy. */
    int host_visible;
    /* A block at a multiple of 64 bytes, not zeroed; NULL: there is not so much. */
    void *(*alloc)(size_t size);
    void (*release)(void *data); /* accepts NULL */
    /* To the device and from it: in order with the kernels, complete on return. The regions do not overlap.
     * (Within the device the kernel table's copy moves them.) */
    dc3_status (*upload)(void *to, const void *from, size_t size);
    dc3_status (*download)(void *to, const void *from, size_t size);
    /* Every byte becomes `byte`, in order with the kernels. */
    dc3_status (*fill)(void *to, int byte, size_t size);
    /* Returns when all kernels of this thread are done; their failure, if one of them failed. */
    dc3_status (*synchronise)(void);
    /* The first failure of a kernel of this thread that no call has reported yet, DC3_OK if none is known;
     * does not wait. NULL: kernels of this device cannot fail. */
    dc3_status (*failure)(void);
} dc3_device;

/* A number that no tensor of the process has had: what makes a tensor the same one (ops/tape.h). */
uint64_t dc3_tensor_new_id(void);

/* A tensor with memory of its own, not zeroed, and a new id; DC3_ERR_MEMORY and *tensor empty where there is
 * none. device NULL: memory of the host. */
dc3_status dc3_tensor_alloc(const dc3_device *device, dc3_dtype dtype, int ndim, const int64_t *shape,
                            dc3_tensor *tensor);
/* Releases memory that dc3_tensor_alloc gave and empties the tensor; accepts an empty one. */
void dc3_tensor_free(dc3_tensor *tensor);

/* All elements from, or to, host memory of the tensor's type and dc3_bytes(tensor); waits for kernels. */
dc3_status dc3_tensor_write(const dc3_tensor *tensor, const void *values);
dc3_status dc3_tensor_read(const dc3_tensor *tensor, void *values);
dc3_status dc3_tensor_zero(const dc3_tensor *tensor);
/* 1: the host may follow the tensor's data. */
int dc3_tensor_is_host(const dc3_tensor *tensor);
/* Row i of x [n, ...], [...]: a view. */
dc3_tensor dc3_tensor_row(dc3_tensor x, int64_t i);
/* Rows first .. first + count - 1 of x [n, ...], [count, ...]: a view. */
dc3_tensor dc3_tensor_rows(dc3_tensor x, int64_t first, int64_t count);

#endif
