/* Kernels over the tiles of AMX, compiled for the processor and in plain C (tiles.h). */
#ifndef DC3_KERNELS_AMX_AMX_H
#define DC3_KERNELS_AMX_AMX_H

#include "kernels/rules.h"
#include "kernels/amx/tiles.h"

/* The tier's table: that of the tier below, `below`, which stays, but for what is done over tiles. */
void dc3_amx_kernels(const dc3_kernels *below, dc3_kernels *table);
void dc3_amx_plain_kernels(const dc3_kernels *below, dc3_kernels *table);

/* In bf16, as in backend.h. */
size_t AMX(attention_scratch)(const dc3_attention_shape *shape, int threads);
void AMX(attention)(const dc3_attention_shape *shape, const void *q, const void *k, const void *v, void *y,
                    float *lse, void *scratch);
size_t AMX(attention_gradient_scratch)(const dc3_attention_shape *shape, int threads);
void AMX(attention_gradient)(const dc3_attention_shape *shape, const dc3_attention_gradient *gradient,
                             void *scratch);

#endif
