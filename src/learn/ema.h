/* Exponential moving averages of a module's parameters and buffers (Polyak and Juditsky 1992): after each
 * step average += (1 - d) * (value - average),   d = decay, or min(decay, (1 + t) / (10 + t)) with warm-up,
 * where t = 0, 1, ... counts the updates. What is not f32 (counters) is copied. */
#ifndef DC3_LEARN_EMA_H
#define DC3_LEARN_EMA_H

#include "nn/param.h"
#include "ops/context.h"
#include "tensor/table.h"

typedef struct dc3_ema_options {
    double decay; /* 0 to 1; default 0.999 */
    int warm_up;  /* default 0 */
} dc3_ema_options;

dc3_ema_options dc3_ema_defaults(void);

typedef struct dc3_ema dc3_ema;

/* Averages begin as the values are now. The context gives its kernels only. The array and what it points to
 * stay until the averages are closed. DC3_ERR_ARGUMENT for a decay out of range. */
dc3_status dc3_ema_open(const dc3_ctx *ctx, const dc3_ema_options *options, dc3_param *params, size_t count,
                        dc3_ema **ema);
/* Does not swap back. Accepts NULL; nulls. */
void dc3_ema_close(dc3_ema **ema);

/* DC3_ERR_ARGUMENT while the averages are swapped in. */
dc3_status dc3_ema_update(dc3_ema *ema);
/* Lookahead (Zhang et al. 2019) with a decay of the caller's: averages as above, and the values start again
 * from them. With decay 1 the values become the averages. DC3_ERR_ARGUMENT for a decay that is not 0 to 1 and
 * while the averages are swapped in. */
dc3_status dc3_ema_look_ahead(dc3_ema *ema, double decay);
/* Exchanges averages and values: the first call puts the averages into the module, the second puts the values
 * back, to the bit. Raises the weights' versions. */
void dc3_ema_swap(dc3_ema *ema);
int dc3_ema_swapped(const dc3_ema *ema);
/* Adds "ema.updates", i64 without dimensions, and "ema.NAME" in the type and shape of each parameter to
 * `table`, as views that live as long as the averages and may be written to. DC3_ERR_ARGUMENT while they are
 * swapped in. */
dc3_status dc3_ema_state(dc3_ema *ema, dc3_table *table);

#endif
