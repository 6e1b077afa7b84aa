/* How well a few chosen rows of a class stand for all of its rows, which pass by one after the other. */
#ifndef DC3_SELECT_COVERAGE_H
#define DC3_SELECT_COVERAGE_H

#include <stdint.h>
#include "base/status.h"

typedef struct dc3_coverage dc3_coverage;

/* With similarities s_ij = 0.5 + 0.5 cos(f_i, f_j), V all rows of the class and S the chosen ones. All are
 * NaN where either is empty. */
typedef struct dc3_coverage_values {
    int64_t rows, chosen;
    double mean, p95;         /* of the Euclidean distance of each row to its nearest chosen one */
    double facility_location; /* sum_{i in V} max_{j in S} s_ij */
    double graph_cut;         /* sum_{i in V, j in S} s_ij - sum_{i, j in S, i != j} s_ij */
} dc3_coverage_values;

/* Of rows of d values. The caller closes it. */
dc3_status dc3_coverage_open(int64_t d, dc3_coverage **coverage);
/* Accepts NULL; nulls. */
void dc3_coverage_close(dc3_coverage **coverage);
/* Chooses the row x [d], before any row is added. */
dc3_status dc3_coverage_choose(dc3_coverage *coverage, const float *x);
/* x [n, d], chosen ones among them. How the rows are cut into calls changes nothing. */
dc3_status dc3_coverage_add(dc3_coverage *coverage, int64_t n, const float *x);
/* Lets go of the chosen rows, after all rows were added. */
void dc3_coverage_rest(dc3_coverage *coverage);
/* Of `count` classes together: a row's distance is that within its class, sums are added up; classes without
 * rows or without a choice are left out. */
dc3_status dc3_coverage_get(dc3_coverage *const *classes, int64_t count, dc3_coverage_values *values);

#endif
