#include "budget/spread.h"

/* Images that are given where each class gives at most `level`. */
static int64_t given(int64_t level, int classes, const int64_t *have)
{
    int64_t sum = 0;
    for (int i = 0; i < classes; i++) sum += have[i] < level ? have[i] : level;
    return sum;
}

int64_t dc3_spread(int64_t total, int classes, const int64_t *have, int64_t *give)
{
    int64_t low = 0, high = 0; /* the highest level that takes no more than `total` lies between */
    for (int i = 0; i < classes; i++) high = have[i] > high ? have[i] : high;
    while (low < high) {
        int64_t middle = high - (high - low) / 2;
        if (given(middle, classes, have) <= total)
            low = middle;
        else
            high = middle - 1;
    }
    int64_t left = total - given(low, classes, have), most = 0;
    for (int i = 0; i < classes; i++) {
        give[i] = have[i] < low ? have[i] : low;
        if (left > 0 && have[i] > low) give[i]++, left--;
        most = give[i] > most ? give[i] : most;
    }
    return most;
}
