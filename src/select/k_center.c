/* k-center by the greedy of Gonzalez (1985), as a core-set (Sener and Savarese, ICLR 2018): minimises the
 * largest distance of a row to its nearest chosen row, within a factor of 2 of the optimum. Farthest first:
 * each pick is the row whose distance to the chosen ones is largest. O(count m d).
 * The start: the row nearest to the class mean, so that nothing is random. (Sener and Savarese start from
 * rows that are labelled already, DeepCore from a random row.) Euclidean distances; ties go to the lowest
 * row. */
#include <math.h>
#include "select/choose.h"
#include "select/distance.h"

/* away [m] = min(away, squared distance to `point` [d]); a chosen row's is -1 and stays so. */
DC3_FOR_EACH_PROCESSOR static void approach(const dc3_candidates *from, const double *point, double *away)
{
    for (int64_t i = 0; i < from->m; i++) {
        double there = dc3_distance(from->d, from->embeddings + from->rows[i] * from->d, point);
        if (there < away[i]) away[i] = there;
    }
}

static int64_t extreme(int64_t m, const double *away, int sign)
{
    int64_t best = 0;
    for (int64_t i = 1; i < m; i++)
        if (sign * away[i] > sign * away[best]) best = i;
    return best;
}

static void reset(int64_t m, double *away)
{
    for (int64_t i = 0; i < m; i++) away[i] = INFINITY;
}

dc3_status dc3_choose_k_center(const dc3_candidates *from, int64_t count, int64_t *picks)
{
    int64_t d = from->d, m = from->m;
    double *point = dc3_meter_alloc(from->meter, (size_t)d, sizeof *point);
    double *away = dc3_meter_alloc(from->meter, (size_t)m, sizeof *away);
    dc3_status status = DC3_OK;
    if (!point || !away)
        status = dc3_fail(DC3_ERR_MEMORY, "out of memory for the k-center of %lld rows", (long long)m);
    for (int64_t i = 0; status == DC3_OK && i < m; i++)
        for (int64_t j = 0; j < d; j++) point[j] += from->embeddings[from->rows[i] * d + j] / (double)m;
    for (int64_t k = 0; status == DC3_OK && k < count; k++) {
        if (k < 2) reset(m, away); /* distances to the mean do not count after the first */
        if (k == 1) away[picks[0]] = -1;
        approach(from, point, away);
        int64_t best = picks[k] = extreme(m, away, k ? 1 : -1);
        away[best] = -1;
        for (int64_t j = 0; j < d; j++) point[j] = from->embeddings[from->rows[best] * d + j];
        status = dc3_check_cancel();
    }
    dc3_meter_free(from->meter, point);
    dc3_meter_free(from->meter, away);
    return status;
}
