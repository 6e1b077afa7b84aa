#include "kernels/onednn/execute.h"

#include <stdlib.h>
#include "base/memory.h"

dc3_status dc3_onednn_scratch(onednn *d, size_t size)
{
    if (size <= d->scratch_size) return DC3_OK;
    free(d->scratch);
    d->scratch_size = 0;
    d->scratch = dc3_alloc(size);
    if (!d->scratch) return dc3_fail(DC3_ERR_MEMORY, "out of memory for %zu bytes of scratch", size);
    d->scratch_size = size;
    return DC3_OK;
}

enum { MOST_OPERANDS = 8 };

dc3_status dc3_onednn_execute(onednn *d, dnnl_primitive_t primitive, int count, const operand *operands)
{
    dnnl_exec_arg_t args[MOST_OPERANDS];
    dnnl_status_t r = dnnl_success;
    int n = 0;
    for (int i = 0; !r && i < count; i++) {
        if (!operands[i].memory) continue;
        if (operands[i].data)
            r = dnnl_memory_set_data_handle(operands[i].memory, (void *)(uintptr_t)operands[i].data);
        args[n++] = (dnnl_exec_arg_t){operands[i].arg, operands[i].memory};
    }
    if (!r) r = dnnl_primitive_execute(primitive, d->stream, n, args);
    if (!r) r = dnnl_stream_wait(d->stream);
    return dc3_onednn_check(r, "a kernel");
}
