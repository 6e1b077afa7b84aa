/* A part of a network of which a tape keeps the inputs alone: what is between them and the result is computed
 * once more in backward (gradient checkpointing, Chen et al. 2016, arXiv 1604.06174). The gradients are the
 * same bits; the memory of activations is that of one part at a time, for one more forward pass. */
#ifndef DC3_OPS_RECOMPUTE_H
#define DC3_OPS_RECOMPUTE_H

#include "ops/context.h"

/* The part's result from its inputs: the same each time that it is called, without dropout. `network` lives
 * as long as the recording. */
typedef dc3_tensor dc3_part_of_network(dc3_ctx *ctx, void *network, const dc3_tensor *inputs);
/* part(ctx, network, inputs) of 1 to 3 inputs; without a tape just that. */
dc3_tensor dc3_recompute(dc3_ctx *ctx, dc3_part_of_network *part, void *network, int count,
                         const dc3_tensor *inputs);

#endif
