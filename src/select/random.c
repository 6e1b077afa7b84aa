/* Uniformly random rows of a class without replacement: the first `count` of a Fisher-Yates shuffle
 * (Durstenfeld 1964), O(m). The baseline that every selection has to beat. */
#include "select/choose.h"

void dc3_shuffle(dc3_rng *rng, int64_t n, int64_t count, int64_t *order)
{
    for (int64_t i = 0; i < n; i++) order[i] = i;
    for (int64_t i = 0; i < count; i++) {
        int64_t other = i + (int64_t)dc3_rng_below(rng, (uint64_t)(n - i)), value = order[other];
        order[other] = order[i];
        order[i] = value;
    }
}

void dc3_random_order(uint64_t seed, int64_t label, int64_t n, int64_t count, int64_t *order)
{
    dc3_rng rng = dc3_rng_make(seed, DC3_RNG_RANDOM_ROWS, (uint64_t)label);
    dc3_shuffle(&rng, n, count, order);
}
