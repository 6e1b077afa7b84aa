/* Learned factors of a layer's outputs (DiffFit, Xie et al. 2023): channel c of y becomes gamma[c] times as
 * large. They begin with ones, are called LAYER.gamma, and are merged into the rows of the layer's weight and
 * bias where what was trained is stored, so that no program has to know of them. */
#ifndef DC3_NN_FACTORS_H
#define DC3_NN_FACTORS_H

#include "nn/module.h"
#include "ops/context.h"

typedef struct dc3_factors dc3_factors;

/* Those of the layers `prefixes`, up to three that are one product, of c_each outputs each, where the
 * module's dc3_trained wants them; else, and after a failure, NULL. name: "gamma", or what else a second one
 * is called. The module's. */
dc3_factors *dc3_take_factors(dc3_module *module, const char *const *prefixes, int count, const char *name,
                              int64_t c_each);
/* y [.., c] times the factors, in place of y, which is dropped; y as it is where they are NULL. Recorded
 * where the context has a tape. */
dc3_tensor dc3_apply_factors(dc3_ctx *ctx, dc3_factors *factors, dc3_tensor y);
/* Where *t is the weight or the bias `name` of a layer with factors among `trained`: it becomes their
 * product, in its own type, in memory that `owner` releases. All of the host. */
dc3_status dc3_factors_merge(const dc3_table *trained, const char *name, dc3_table *owner, dc3_tensor *t);

#endif
