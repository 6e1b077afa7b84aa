/* Graph cut: F(S) = lambda sum_{i in V, j in S} s_ij - sum_{i, j in S} s_ij (Iyer et al. 2021), up to the
 * diagonal: gain(j | S) = lambda sum_i s_ij - 2 sum_{i in S} s_ij. O(m) a pick after one pass over the
 * similarities; the matrix is never held. */
#include "select/objective.h"

static double gain(const dc3_set_function *f, int64_t j)
{
    return f->lambda * f->state[j] - 2 * f->state[f->similarity->m + j];
}

static void add(dc3_set_function *f, int64_t j)
{
    int64_t m = f->similarity->m;
    dc3_similarity_block(f->similarity, j, 1, f->block, f->block + m);
    for (int64_t i = 0; i < m; i++) f->state[m + i] += f->block[i];
}

dc3_status dc3_graph_cut_open(dc3_set_function *f)
{
    int64_t m = f->similarity->m;
    f->gain = gain;
    f->add = add;
    f->state = dc3_meter_alloc(f->similarity->meter, 2 * (size_t)m, sizeof *f->state);
    if (!f->state) return dc3_fail(DC3_ERR_MEMORY, "out of memory for %lld rows", (long long)m);
    return dc3_similarity_sums(f->similarity, f->block, f->state);
}
