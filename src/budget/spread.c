#include "budget/spread.h"

#include <math.h>

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

double dc3_spread_weight(dc3_balance balance, int64_t have)
{
    return balance == DC3_BALANCE_EQUAL ? 1 : balance == DC3_BALANCE_SQRT ? sqrt((double)have) : (double)have;
}

/* What a class gives where images of weight 1 come to `rate`. */
static int64_t share(dc3_balance balance, double rate, int64_t have)
{
    double wanted = floor(dc3_spread_weight(balance, have) * rate + 0.5);
    return have < 1 ? 0 : wanted < 1 ? 1 : wanted < (double)have ? (int64_t)wanted : have;
}

static int64_t share_all(dc3_balance balance, double rate, int classes, const int64_t *have, int64_t *give)
{
    int64_t sum = 0;
    for (int i = 0; i < classes; i++) sum += give[i] = share(balance, rate, have[i]);
    return sum;
}

int64_t dc3_spread_by(dc3_balance balance, int64_t total, int classes, const int64_t *have, int64_t *give)
{
    enum { STEPS = 200 };     /* until two rates are neighbours */
    double low = 0, high = 2; /* at a rate of 2 a class gives all that it has, of roots too at its own root */
    int64_t most = 0;
    if (balance == DC3_BALANCE_EQUAL) return dc3_spread(total, classes, have, give);
    for (int i = 0; i < classes; i++) high = fmax(high, 2 * sqrt((double)have[i]));
    for (int step = 0; step < STEPS; step++) {
        double middle = low + (high - low) / 2;
        *(share_all(balance, middle, classes, have, give) <= total ? &low : &high) = middle;
    }
    int64_t left = total - share_all(balance, low, classes, have, give);
    for (int i = 0; i < classes; i++) {
        if (left > 0 && share(balance, high, have[i]) > give[i]) give[i]++, left--;
        most = give[i] > most ? give[i] : most;
    }
    return most;
}
