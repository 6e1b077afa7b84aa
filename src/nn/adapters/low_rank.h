/* Low-rank adapters in training (LoRA, Hu et al. 2022): beside a layer's weight W [out, in], which stays as
 * it is, the product of two small matrices, so that the layer gives W x + alpha / r up (down x). Of a
 * convolution, down is one of the same kernel to r channels, and up of 1x1, as peft and kohya's scripts have
 * it. Named as peft names them, LAYER.lora_A.weight (down [r, in] or [r, in, kh, kw]) and LAYER.lora_B.weight
 * (up [out, r] or [out, r, 1, 1]), and begun as peft's "gaussian" does: down normal with deviation 1 / r, up
 * zeros, so that a new adapter changes nothing. What is stored of them is nn/adapters/lora.h's. */
#ifndef DC3_NN_LOW_RANK_H
#define DC3_NN_LOW_RANK_H

#include "nn/module.h"
#include "ops/ops.h"

typedef struct dc3_low_rank dc3_low_rank;

/* An adapter for each of the linear layers `prefixes`, up to three of the same input that are one product, as
 * the module's dc3_trained says; NULL where it says none, or after a failure. The module's. `spatial`: the
 * file holds them as 1x1 convolutions, and so are their adapters. */
dc3_low_rank *dc3_take_low_rank(dc3_module *module, const char *const *prefixes, int count, int64_t ci,
                                int64_t co_each, int spatial);
/* The same of one convolution; its options must stay. */
dc3_low_rank *dc3_take_low_rank_conv(dc3_module *module, const char *prefix, int64_t ci, int64_t co,
                                     const dc3_conv_options *options);
/* y [.., out] plus what the adapters make of x, the layer's input. Recorded where the context has a tape. */
dc3_tensor dc3_add_low_rank(dc3_ctx *ctx, dc3_low_rank *adapter, dc3_tensor x, dc3_tensor y);

#endif
