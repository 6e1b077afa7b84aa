/* Facility location: F(S) = sum_i max_{j in S} s_ij. O(m^2) a pick over the whole matrix, which is held. */
#include "select/objective.h"

enum { MOST_ROWS = 16000 }; /* 2 GB */

static double gain(const dc3_set_function *f, int64_t j)
{
    int64_t m = f->similarity->m;
    const double *row = f->matrix + j * m; /* symmetric */
    double sum = 0;
    for (int64_t i = 0; i < m; i++) sum += row[i] > f->state[i] ? row[i] - f->state[i] : 0;
    return sum;
}

static void add(dc3_set_function *f, int64_t j)
{
    int64_t m = f->similarity->m;
    const double *row = f->matrix + j * m;
    for (int64_t i = 0; i < m; i++)
        if (row[i] > f->state[i]) f->state[i] = row[i];
}

dc3_status dc3_facility_location_open(dc3_set_function *f)
{
    int64_t m = f->similarity->m;
    f->gain = gain;
    f->add = add;
    if (m > MOST_ROWS)
        return dc3_fail(
            DC3_ERR_UNSUPPORTED,
            "facility location holds all similarities of a bin; %lld rows are more than %d: use more bins or "
            "graph-cut",
            (long long)m, MOST_ROWS);
    f->state = dc3_meter_alloc(f->similarity->meter, (size_t)m, sizeof *f->state);
    f->matrix = dc3_meter_alloc(f->similarity->meter, (size_t)(m * m), sizeof *f->matrix);
    if (!f->state || !f->matrix)
        return dc3_fail(DC3_ERR_MEMORY, "out of memory for %lld x %lld similarities", (long long)m,
                        (long long)m);
    for (int64_t first = 0; first < m; first += DC3_SIMILARITY_BLOCK) {
        int64_t count = m - first < DC3_SIMILARITY_BLOCK ? m - first : DC3_SIMILARITY_BLOCK;
        dc3_similarity_block(f->similarity, first, count, f->matrix + first * m, f->block);
    }
    return DC3_OK;
}
