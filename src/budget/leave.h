/* Which of the images that were chosen stay. */
#ifndef DC3_BUDGET_LEAVE_H
#define DC3_BUDGET_LEAVE_H

#include <stdint.h>
#include "base/status.h"

/* A chosen image. */
typedef struct dc3_stay {
    int label, rank; /* its class; in which order it was chosen there, all 0 where that is how they stand */
    char repeat;     /* an earlier one shows the same image */
    char there;      /* it stays */
    double bytes;    /* that it takes */
} dc3_stay;

/* Images [count] stand class by class. Of those that are there leaves out of each class what it has beyond
 * give[label]: repeats first, then the highest ranks, of equals the last. DC3_ERR_MEMORY. */
dc3_status dc3_leave_beyond(dc3_stay *images, int64_t count, const int64_t *give);
/* Leaves images out, of the class that has most for its weight[label] (spread.h; counting half an image less;
 * of equals the last) as above, until the rest takes no more than `budget`; *bytes is what that takes, and
 * above `budget` where an image of each class is more. DC3_ERR_MEMORY. */
dc3_status dc3_leave_until(dc3_stay *images, int64_t count, const double *weight, double budget,
                           double *bytes);

#endif
