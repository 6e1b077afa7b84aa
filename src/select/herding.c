/* Herding (Welling, "Herding dynamical weights to learn", ICML 2009), as iCaRL uses it to choose exemplars
 * (Rebuffi et al., CVPR 2017, algorithm 4): with the class mean mu, the k-th row is
 *     argmin over unchosen x of | mu - (x + sum of the chosen) / k |,
 * so that the mean of the chosen follows mu at every k. Features are taken as they are (iCaRL brings them to
 * unit length first; DeepCore does not). DeepCore's herding.py takes the argmax of that distance, which runs
 * away from the mean; we take the argmin of the papers. O(count m d). Ties go to the lowest row. */
#include <math.h>
#include "select/choose.h"
#include "select/distance.h"

/* The unchosen row nearest to `target` [d]. */
DC3_FOR_EACH_PROCESSOR static int64_t nearest(const dc3_candidates *from, const double *target,
                                              const char *chosen)
{
    int64_t best = -1;
    double least = INFINITY;
    for (int64_t i = 0; i < from->m; i++) {
        if (chosen[i]) continue;
        double there = dc3_distance(from->d, from->embeddings + from->rows[i] * from->d, target);
        if (best < 0 || there < least) least = there, best = i;
    }
    return best;
}

dc3_status dc3_choose_herding(const dc3_candidates *from, int64_t count, int64_t *picks)
{
    int64_t d = from->d;
    double *mean = dc3_meter_alloc(from->meter, 2 * (size_t)d, sizeof *mean), *target;
    char *chosen = dc3_meter_alloc(from->meter, (size_t)from->m, 1);
    dc3_status status = DC3_OK;
    if (!mean || !chosen)
        status = dc3_fail(DC3_ERR_MEMORY, "out of memory for the herding of %lld rows", (long long)from->m);
    target = status == DC3_OK ? mean + d : NULL;
    for (int64_t i = 0; status == DC3_OK && i < from->m; i++)
        for (int64_t j = 0; j < d; j++) mean[j] += from->embeddings[from->rows[i] * d + j] / (double)from->m;
    /* target = k mu - sum of the chosen: |mu - (x + sum) / k| = |target - x| / k */
    for (int64_t k = 0; status == DC3_OK && k < count; k++) {
        for (int64_t j = 0; j < d; j++) target[j] += mean[j];
        picks[k] = nearest(from, target, chosen);
        chosen[picks[k]] = 1;
        const float *x = from->embeddings + from->rows[picks[k]] * d;
        for (int64_t j = 0; j < d; j++) target[j] -= x[j];
        status = dc3_check_cancel();
    }
    dc3_meter_free(from->meter, mean);
    dc3_meter_free(from->meter, chosen);
    return status;
}
