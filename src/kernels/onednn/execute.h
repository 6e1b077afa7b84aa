/* Running primitives. Private to this folder. */
#ifndef DC3_KERNELS_ONEDNN_EXECUTE_H
#define DC3_KERNELS_ONEDNN_EXECUTE_H

#include "kernels/onednn/plan.h"

/* Room for `size` bytes in d->scratch, whose content is lost where it grows. */
dc3_status dc3_onednn_scratch(onednn *d, size_t size);

typedef struct operand {
    int arg;
    dnnl_memory_t memory; /* NULL: not there */
    const void *data;     /* NULL: the memory has its data, as packed weights have, which threads share */
} operand;

/* Up to 8 operands; waits for the result. */
dc3_status dc3_onednn_execute(onednn *d, dnnl_primitive_t primitive, int count, const operand *operands);

#endif
