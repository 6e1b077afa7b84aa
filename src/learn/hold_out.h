/* A part of a labelled dataset that is not trained on, so that it can be tested on. */
#ifndef DC3_LEARN_HOLD_OUT_H
#define DC3_LEARN_HOLD_OUT_H

#include "base/rng.h"
#include "io/dataset.h"

/* Numbers of images in the dataset, ascending. */
typedef struct dc3_held_out {
    int64_t *trained; /* [trained_count] */
    int64_t *held;    /* [held_count] */
    int64_t trained_count, held_count;
} dc3_held_out;

/* Fewer tests than these say nothing. */
enum { DC3_LEAST_HELD = 10 };

/* Of each class the share `share`, 0 to 1, rounded, but never all of it; which images depends on seed and
 * class. Images of one group (dc3_dataset_group) are held out together or not at all: a group is where that
 * brings each of its classes nearer to the share, and leaves some of each. Where fewer than DC3_LEAST_HELD
 * were held out, none are. Free with dc3_held_out_free, also after a failure. */
dc3_status dc3_hold_out(const dc3_dataset *dataset, double share, uint64_t seed, dc3_held_out *parts);
void dc3_held_out_free(dc3_held_out *parts);
/* How many it holds out of a dataset; 0 without memory. The seed counts where there are groups. */
int64_t dc3_hold_out_count(const dc3_dataset *dataset, double share, uint64_t seed);

/* Why it holds none out, for people. */
const char *dc3_hold_out_obstacle(const dc3_dataset *dataset);

/* Sets 1 at `wanted` places of marks [n] at random, at all of them where there are fewer; the others stay. */
void dc3_mark_some(dc3_rng *rng, int64_t n, int64_t wanted, char *marks);

/* DC3_ERR_OPTION unless the share is 0 to 0.5, and 0 where there are other images to test on (val, or NULL).
 */
dc3_status dc3_hold_out_check(double share, const char *val);

#endif
