/* Defaults, and how scores of several seeds are put together. */
#include <math.h>
#include "dc3/evaluate.h"

dc3_evaluate_options dc3_evaluate_defaults(void)
{
    return (dc3_evaluate_options){.struct_size = sizeof(dc3_evaluate_options),
                                  .weight_decay = -1,
                                  .threads = 1,
                                  .recipe = DC3_RECIPE_DEFAULT,
                                  .loss = DC3_LOSS_DEFAULT,
                                  .schedule = DC3_LR_DEFAULT,
                                  .hard_share = -1,
                                  .smoothing = -1,
                                  .cutmix = -1,
                                  .rand_ops = -1,
                                  .ema = -1};
}

void dc3_mean_deviation(const double *values, int n, double *mean, double *deviation)
{
    double sum = 0, square = 0;
    for (int i = 0; i < n; i++) sum += values[i];
    *mean = n ? sum / n : 0;
    for (int i = 0; i < n; i++) square += (values[i] - *mean) * (values[i] - *mean);
    *deviation = n > 1 ? sqrt(square / (n - 1)) : 0;
}
