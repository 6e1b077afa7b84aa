/* Which edits calibration may take: those that the teacher still recognises, and finds neither easier nor
 * harder than the class's images. Arrays only. */
#ifndef DC3_CALIBRATE_GUARD_H
#define DC3_CALIBRATE_GUARD_H

#include <stdint.h>

/* Nats of the teacher's loss. */
typedef struct dc3_loss_range {
    double least, most;
} dc3_loss_range;

/* The 5th and the 95th percentile (nearest rank) of the losses of a class's images; losses [n] are sorted, n
 * >= 1. */
dc3_loss_range dc3_loss_range_of(int64_t n, double *losses);
/* 1 for an edit that may be taken: the teacher puts it into its class unless it does not put the original
 * there either, and its loss lies in the range, which is widened to the original's own. logits [classes]. */
int dc3_guard_keeps(const dc3_loss_range *range, int64_t classes, int64_t label, const float *original,
                    double original_loss, const float *edit, double edit_loss);

#endif
