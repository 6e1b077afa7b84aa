/* Attention in bf16 over the tiles of AMX, and its gradient. */
#ifndef DC3_KERNELS_TILE_ATTENTION_H
#define DC3_KERNELS_TILE_ATTENTION_H

#include "kernels/backend.h"

/* As in backend.h, of type DC3_BF16. */
typedef struct dc3_tile_attention {
    size_t (*scratch)(const dc3_attention_shape *shape, int threads);
    void (*forward)(const dc3_attention_shape *shape, const void *q, const void *k, const void *v, void *y,
                    float *lse, void *scratch);
    size_t (*gradient_scratch)(const dc3_attention_shape *shape, int threads);
    void (*gradient)(const dc3_attention_shape *shape, const dc3_attention_gradient *gradient, void *scratch);
} dc3_tile_attention;

/* By the processor's tiles, where dc3_cpu_has_amx, and in plain C. */
extern const dc3_tile_attention dc3_amx_attention_tiles, dc3_amx_plain_attention_tiles;

#endif
