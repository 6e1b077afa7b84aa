/* Tensors: dense, row-major views of memory that something else owns (a table, a pool, the caller), on the
 * host or on a device. */
#ifndef DC3_TENSOR_TENSOR_H
#define DC3_TENSOR_TENSOR_H

#include <stddef.h>
#include <stdint.h>
#include "base/status.h"

enum { DC3_MAX_DIMS = 5 };

typedef enum dc3_dtype {
    DC3_F32,
    DC3_BF16,
    DC3_F16,
    DC3_F64,
    DC3_I64,
    DC3_I32,
    DC3_U8,
    DC3_BOOL,
    DC3_I16,
    DC3_I8,
    DC3_U16,
    DC3_U32,
    DC3_U64
} dc3_dtype;
enum { DC3_DTYPES = DC3_U64 + 1 };

typedef struct dc3_tensor {
    void *data; /* NULL: an empty tensor, also what an operation returns after a failure */
    dc3_dtype dtype;
    int ndim;
    int64_t shape[DC3_MAX_DIMS];
    int32_t var; /* its number on a tape (ops/tape.h); 0: nothing is differentiated with respect to it */
    uint64_t id; /* of the memory: that of a parameter or a temporary, kept by views of it; 0: none */
    const struct dc3_device *device; /* whose memory `data` is (tensor/device.h); NULL: the host's */
} dc3_tensor;

/* Bytes of one element. */
size_t dc3_dtype_size(dc3_dtype dtype);
/* "f32", "bf16", ... */
const char *dc3_dtype_name(dc3_dtype dtype);
/* Product of the shape; 1 for ndim 0. */
int64_t dc3_count(const dc3_tensor *tensor);
/* Bytes of the data. */
size_t dc3_bytes(const dc3_tensor *tensor);
/* A view of `data`, memory of the host; the shape has `ndim` entries. */
dc3_tensor dc3_view(void *data, dc3_dtype dtype, int ndim, const int64_t *shape);
/* "[2, 3, 4]" into text (always terminated); returns text. */
const char *dc3_shape_text(int ndim, const int64_t *shape, char *text, size_t size);
enum { DC3_SHAPE_TEXT = 96 };

/* Conversions, round to nearest even. n elements; the regions do not overlap. */
uint16_t dc3_to_bf16(float value);
float dc3_from_bf16(uint16_t bits);
uint16_t dc3_to_f16(float value);
float dc3_from_f16(uint16_t bits);
/* Between any two of f32, bf16, f16, f64; DC3_ERR_ARGUMENT for other types. */
dc3_status dc3_convert(const void *from, dc3_dtype from_type, void *to, dc3_dtype to_type, int64_t n);

#endif
