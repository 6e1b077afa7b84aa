#include "select/selections.h"

#include <stddef.h>

const char *const dc3_selection_names[] = {"paper", "bps", "cao2", "kmeans", "herding", "nested", NULL};

const dc3_selection_way dc3_selection_ways[] = {
    [DC3_SELECTION_PAPER] = {NULL, 1},
    [DC3_SELECTION_BPS] = {dc3_choose_balanced_patterns, 1},
    [DC3_SELECTION_CAO2] = {dc3_choose_confident_then_hard, 0},
    [DC3_SELECTION_KMEANS] = {dc3_choose_largest_clusters, 0},
    [DC3_SELECTION_HERDING] = {dc3_choose_herding, 0},
    [DC3_SELECTION_NESTED] = {NULL, 1},
};
