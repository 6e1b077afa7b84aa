/* Calibrated compensation of a class: its images' candidates are made, and one of each is chosen (target.h,
 * choose.h, guard.h). */
#ifndef DC3_CALIBRATE_CALIBRATE_H
#define DC3_CALIBRATE_CALIBRATE_H

#include "calibrate/edits.h"

/* An image to store. */
typedef struct dc3_slot {
    const dc3_part *parts; /* [run->each], what it is made of */
    uint64_t random;       /* names its random numbers (dc3_run_item) */
    int candidate;         /* the chosen one's number in dc3_candidates_of */
} dc3_slot;

/* Prompts and seeds of an image's edits: warm ones, then as many cold ones. */
typedef struct dc3_slot_edits {
    int pairs;
    const char *prompts[DC3_EDITS_MOST];
    uint64_t seeds[DC3_EDITS_MOST];
} dc3_slot_edits;

/* At most DC3_CANDIDATE_PAIRS, and no more than there are prompts of either kind. */
int dc3_calibrate_pairs(const dc3_run *run);
/* The first warm and the first cold edit are those of random compensation. */
void dc3_calibrate_prompts(const dc3_run *run, uint64_t random, dc3_slot_edits *edits);

/* Chooses for the `n` images of class `label`: fills their candidates. What is made is kept in
 * OUT/calibration: all edits of an image, when they are made, as a PNG that is named by its random number;
 * and at last class-LABEL.json with the choices, the distances and the curves. What is there already is not
 * made again. Images are calibrated in groups of 64, so that the memory depends neither on the dataset nor on
 * n. `made` hears of each image that is done. */
enum { DC3_CALIBRATE_GROUP = 64 };
dc3_status dc3_calibrate_class(dc3_run *run, int label, int64_t n, dc3_slot *slots, void (*made)(void *user),
                               void *user);
/* The edits of an image to `editing`, which is open for 2 * dc3_calibrate_pairs: those that are kept, else
 * they are made, and kept if `keep` is 1; rounded to 8 bits either way. */
dc3_status dc3_calibrate_edits(dc3_run *run, const dc3_slot *slot, int keep, dc3_editing *editing);
/* Removes the edits that are kept for an image; what cannot be removed stays. */
void dc3_calibrate_forget(const dc3_run *run, const dc3_slot *slot);

#endif
