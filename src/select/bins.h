/* Bins of one class: PCA, then k-means (docs/method.md, Clustering); and how many rows each bin gives. */
#ifndef DC3_SELECT_BINS_H
#define DC3_SELECT_BINS_H

#include <stdint.h>
#include "base/status.h"
#include "dc3/select.h"
#include "select/memory.h"

/* x [n, d] to bins [n] in 0..min(k, n) - 1. label names the class for random numbers. */
dc3_status dc3_bins(dc3_meter *meter, int64_t n, int64_t d, const float *x, int components, int k,
                    uint64_t seed, uint64_t label, int *bins);

/* How many rows each of `count` bins of the given sizes gives, in all min(total, sum of sizes): an equal
 * share each; what a small bin cannot give and what the division leaves go to the largest bin that has room,
 * ties to the lowest. */
void dc3_budget(int count, const int64_t *sizes, int64_t total, int64_t *shares);
/* The bins [min(total, sum of sizes)] that give the rows of a nested selection one after the other, returning
 * how many: the bin `first`, the largest of the others (ties to the lowest) and so on to the smallest, then
 * all again, without those that have given all. The turns of a smaller total are the first of these. order:
 * scratch [count]. */
int64_t dc3_turns(int count, int64_t *sizes, int first, int64_t total, int64_t *order, int64_t *turns);

#endif
