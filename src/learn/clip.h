/* Gradient clipping by the global norm (Pascanu et al., "On the difficulty of training recurrent neural
 * networks", ICML 2013), as torch.nn.utils.clip_grad_norm_. */
#ifndef DC3_LEARN_CLIP_H
#define DC3_LEARN_CLIP_H

#include "nn/param.h"
#include "ops/context.h"

/* The Euclidean norm of all gradients together; not finite where one of their elements is not, NaN where the
 * context has failed. Does not depend on the number of threads. */
double dc3_gradient_norm(dc3_ctx *ctx, const dc3_param *params, size_t count);
/* Multiplies all gradients by max_norm / (norm + 1e-6) if that is less than 1; returns the norm before. A
 * norm that is not finite leaves them as they are: the caller should then skip the step. */
double dc3_clip_gradients(dc3_ctx *ctx, dc3_param *params, size_t count, double max_norm);

#endif
