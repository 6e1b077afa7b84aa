/* A number of images over classes. */
#ifndef DC3_BUDGET_SPREAD_H
#define DC3_BUDGET_SPREAD_H

#include <stdint.h>
#include "dc3/choices.h"

/* Divides `total` over classes that have `have` [classes] images each, as evenly as can be: a class gives no
 * more than it has, none gives two fewer than another unless it has no more, and of classes that could give
 * one more the first do. `give` [classes] sums up to `total`, or to all where there are fewer. Returns the
 * most that a class gives. */
int64_t dc3_spread(int64_t total, int classes, const int64_t *have, int64_t *give);

/* Divides it by `balance`: PROPORTIONAL as `have` are to each other, SQRT as their square roots, by Webster's
 * method (each next image goes to the class that then has the least for its weight, counting half an image
 * less; of equal ones to the first), but each class with images gives at least one and none more than it has.
 * `total` is at least the number of such classes. EQUAL is dc3_spread. */
int64_t dc3_spread_by(dc3_balance balance, int64_t total, int classes, const int64_t *have, int64_t *give);
/* What a class of `have` images counts there; 1 where EQUAL. */
double dc3_spread_weight(dc3_balance balance, int64_t have);

#endif
