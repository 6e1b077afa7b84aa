#include "calibrate/guard.h"

#include <math.h>
#include <stdlib.h>

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* The smallest value that `share` of them do not exceed. */
static double percentile(int64_t n, const double *sorted, double share)
{
    int64_t rank = (int64_t)ceil(share * (double)n);
    return sorted[rank > 1 ? rank - 1 : 0];
}

dc3_loss_range dc3_loss_range_of(int64_t n, double *losses)
{
    qsort(losses, (size_t)n, sizeof *losses, ascending);
    return (dc3_loss_range){percentile(n, losses, 0.05), percentile(n, losses, 0.95)};
}

static int recognised(int64_t classes, int64_t label, const float *logits)
{
    for (int64_t k = 0; k < classes; k++)
        if (logits[k] > logits[label]) return 0;
    return 1;
}

int dc3_guard_keeps(const dc3_loss_range *range, int64_t classes, int64_t label, const float *original,
                    double original_loss, const float *edit, double edit_loss)
{
    if (recognised(classes, label, original) && !recognised(classes, label, edit)) return 0;
    return edit_loss >= fmin(range->least, original_loss) && edit_loss <= fmax(range->most, original_loss);
}
