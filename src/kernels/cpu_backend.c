/* The CPU's backend: memory of the host, and the kernels that this processor runs (best.c). */
#include <stdlib.h>
#include <string.h>
#include "base/memory.h"
#include "kernels/cpu.h"
#include "kernels/registry.h"

static dc3_status copy(void *to, const void *from, size_t size)
{
    if (size) memcpy(to, from, size);
    return DC3_OK;
}

static dc3_status fill(void *to, int byte, size_t size)
{
    enum { PIECE = 1 << 18 };
#pragma omp parallel for if (size > PIECE)
    for (size_t at = 0; at < size; at += PIECE)
        memset((char *)to + at, byte, size - at < PIECE ? size - at : PIECE);
    return DC3_OK;
}

static dc3_status synchronise(void)
{
    return DC3_OK;
}

static dc3_status check(dc3_dtype type, int plain)
{
    if (type == DC3_BF16 && !plain && !dc3_cpu_has_bf16())
        return dc3_fail(DC3_ERR_UNSUPPORTED,
                        "compute type bf16: this processor has neither AVX512-BF16 nor AMX");
    return plain ? DC3_OK : dc3_kernels_check();
}

static const dc3_kernels *kernels(int plain)
{
    return plain ? dc3_kernels_ref() : dc3_kernels_best();
}

static dc3_status open_dense(int plain, dc3_dense *dense)
{
    return plain ? dc3_dense_ref(dense) : dc3_dense_onednn(dense);
}

const dc3_backend dc3_cpu_backend = {.device = {.name = "cpu",
                                                .host_visible = 1,
                                                .alloc = dc3_alloc,
                                                .release = free,
                                                .upload = copy,
                                                .download = copy,
                                                .fill = fill,
                                                .synchronise = synchronise},
                                     .check = check,
                                     .kernels = kernels,
                                     .open_dense = open_dense};
