/* Log-determinant: F(S) = log det(S_S + e I), gain(j | S) = log(s_jj + e - s_jS (S_S + e I)^-1 s_Sj), by an
 * incremental Cholesky factor (Chen et al. 2018): the part of row j that S explains is kept as a vector c_j
 * with r_j = s_jj + e - |c_j|^2; adding i appends (s_ij - <c_i, c_j>) / sqrt(r_i) to every c_j. O(m |S|) a
 * pick. */
#include <math.h>
#include "select/objective.h"

static const double RIDGE = 1e-6;

/* state: r [m], then c [most, m]. */
static double gain(const dc3_set_function *f, int64_t j)
{
    return log(f->state[j] > 1e-300 ? f->state[j] : 1e-300);
}

static void add(dc3_set_function *f, int64_t i)
{
    int64_t m = f->similarity->m;
    double *r = f->state, *c = f->state + m, *next = c + f->size * m,
           root = sqrt(r[i] > 1e-300 ? r[i] : 1e-300);
    dc3_similarity_block(f->similarity, i, 1, f->block, f->block + m);
    f->block[i] += RIDGE;
    for (int64_t j = 0; j < m; j++) {
        double explained = 0;
        for (int64_t k = 0; k < f->size; k++) explained += c[k * m + i] * c[k * m + j];
        next[j] = (f->block[j] - explained) / root;
    }
    for (int64_t j = 0; j < m; j++) r[j] -= next[j] * next[j];
}

dc3_status dc3_log_determinant_open(dc3_set_function *f)
{
    int64_t m = f->similarity->m;
    f->gain = gain;
    f->add = add;
    f->state = dc3_meter_alloc(f->similarity->meter, (size_t)(m * (f->most + 1)), sizeof *f->state);
    if (!f->state) return dc3_fail(DC3_ERR_MEMORY, "out of memory for %lld rows", (long long)m);
    /* s_jj is 1, or 0.5 where the feature is zero. */
    for (int64_t first = 0; first < m; first += DC3_SIMILARITY_BLOCK) {
        int64_t count = m - first < DC3_SIMILARITY_BLOCK ? m - first : DC3_SIMILARITY_BLOCK;
        dc3_similarity_block(f->similarity, first, count, f->block, f->block + DC3_SIMILARITY_BLOCK * m);
        for (int64_t j = first; j < first + count; j++) f->state[j] = f->block[(j - first) * m + j] + RIDGE;
    }
    return DC3_OK;
}
