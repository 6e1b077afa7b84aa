/* Optimizers: they change a module's parameters along the gradients that lie in them. SGD (sgd.c) and AdamW
 * (adamw.c) follow PyTorch's torch.optim.SGD and torch.optim.AdamW. Values and state are f32. */
#ifndef DC3_LEARN_OPTIMIZER_H
#define DC3_LEARN_OPTIMIZER_H

#include "dc3/choices.h"
#include "nn/param.h"
#include "ops/context.h"
#include "tensor/table.h"

/* Which parameters weight decay applies to. */
typedef enum dc3_decay_rule {
    DC3_DECAY_ALL,    /* every one, as PyTorch does by itself */
    DC3_DECAY_WEIGHTS /* those called "weight" or "*.weight" with two or more dimensions, as RDED does */
} dc3_decay_rule;

/* Parameters that go at a rate of their own: those whose names end in `name`, or are it. */
typedef struct dc3_param_group {
    const char *name;
    double rate;  /* times the learning rate, at least 0; 0: the values stay as they are */
    double decay; /* times the weight decay, at least 0 */
} dc3_param_group;

typedef struct dc3_optimizer_options {
    dc3_optimizer_kind kind;
    dc3_decay_rule decay_rule;     /* default: all */
    double weight_decay;           /* at least 0; default 0 for SGD, 0.01 for AdamW */
    double momentum;               /* SGD, 0 to 1 exclusive; default 0 */
    int nesterov;                  /* SGD, needs momentum; default 0 */
    double beta1, beta2;           /* AdamW, 0 to 1 exclusive; default 0.9 and 0.999 */
    double eps;                    /* AdamW, at least 0; default 1e-8 */
    const dc3_param_group *groups; /* [group_count], of which a parameter belongs to the first that fits; they
                                      must stay; default none */
    int group_count;
} dc3_optimizer_options;

dc3_optimizer_options dc3_optimizer_defaults(dc3_optimizer_kind kind);

typedef struct dc3_optimizer dc3_optimizer;

/* Trains those of the `count` parameters that have a gradient, with the kernels of `ctx`, on whose device
 * they lie. The array, what it points to and their number stay as they are until the optimizer is closed.
 * DC3_ERR_ARGUMENT names an option out of range or a trained parameter that is not f32. */
dc3_status dc3_optimizer_open(const dc3_ctx *ctx, const dc3_optimizer_options *options, dc3_param *params,
                              size_t count, dc3_optimizer **optimizer);
/* Accepts NULL; nulls. */
void dc3_optimizer_close(dc3_optimizer **optimizer);

/* One step at learning rate `lr`, at least 0 and finite (else DC3_ERR_ARGUMENT and nothing changes). Leaves
 * gradients as they are. */
dc3_status dc3_optimizer_step(dc3_optimizer *optimizer, double lr);
void dc3_optimizer_zero_gradients(dc3_optimizer *optimizer);
/* Steps done, those before a restored checkpoint included. */
int64_t dc3_optimizer_steps(const dc3_optimizer *optimizer);
/* Adds the state to `table`, as views that live as long as the optimizer and may be written to, on the device
 * but for the step:
 * "optimizer.step", i64 without dimensions, and in each trained parameter's shape
 * "optimizer.momentum_buffer.NAME" (SGD with momentum) or "optimizer.exp_avg.NAME" and
 * "optimizer.exp_avg_sq.NAME" (AdamW). */
dc3_status dc3_optimizer_state(dc3_optimizer *optimizer, dc3_table *table);

#endif
