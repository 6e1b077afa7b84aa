/* What the processor's own dense kernels (vector/) offer to oneDNN's table, which takes them where they are
 * faster: private to the CPU's backend. */
#ifndef DC3_KERNELS_CPU_CONVOLUTIONS_H
#define DC3_KERNELS_CPU_CONVOLUTIONS_H

#include "kernels/linear_data.h"
#include "kernels/rules.h"
#include "kernels/tile_attention.h"
#include "kernels/tile_conv.h"
#include "kernels/tile_linear.h"

/* The weight gradient of a convolution by a direct sum. */
typedef struct dc3_conv_gradient_kernel {
    /* Bytes of scratch that it needs, 64-byte aligned; 0: not for this shape. */
    size_t (*scratch)(const dc3_conv_shape *shape);
    /* dw [co, ci, kh, kw] += from x [n, h, w, ci] and dy [n, oh, ow, co]. */
    void (*weight)(const dc3_conv_shape *shape, const void *x, const void *dy, float *dw, void *scratch);
} dc3_conv_gradient_kernel;

/* NULL: not on this processor. rules.h says which of them run. */
typedef struct dc3_cpu_convolutions {
    dc3_tier tier;
    const dc3_winograd *winograd, *winograd_bf16;
    const dc3_conv_gradient_kernel *gradient_bf16;
    const dc3_linear_data *linear_data; /* bf16 */
    const dc3_tile_linear *tiles;
    const dc3_tile_conv *conv_tiles;
    const dc3_tile_attention *attention_tiles;
} dc3_cpu_convolutions;

/* Those of dc3_kernels_best's tier. */
dc3_cpu_convolutions dc3_cpu_convolutions_best(void);
/* Fills in the kernels over tiles whatever the tier: the processor's, else those in plain C. */
void dc3_cpu_tiles(dc3_cpu_convolutions *own);
/* oneDNN's table that takes `way` wherever that is there and takes the shape: for tests and benchmarks. */
dc3_status dc3_dense_by(dc3_way way, dc3_dense *dense);
/* Which way the last call of oneDNN's table went. */
dc3_way dc3_dense_taken(const dc3_dense *dense);

#endif
