/* Calibrated compensation of a class: its images' candidates are made, and one of each is chosen (target.h,
 * choose.h, guard.h). */
#ifndef DC3_CALIBRATE_CALIBRATE_H
#define DC3_CALIBRATE_CALIBRATE_H

#include "calibrate/edits.h"
#include "features/crew.h"

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

/* Fills the candidates of the `n` images of class `label` from what was chosen before and is kept in
 * OUT/calibration; 0: nothing was, of these images. */
int dc3_calibrate_chosen(const dc3_run *run, int label, int64_t n, dc3_slot *slots);
/* Chooses for them, of a class as it is without the set `passed_over` (features/passed_over.h): fills their
 * candidates. At last class-LABEL.json in OUT/calibration has the choices, the
 * distances and the curves. The edits of those that can be read are kept already (dc3_calibrate_edits).
 * Images are calibrated in groups of 64, so that the memory depends neither on the dataset nor on n. */
enum { DC3_CALIBRATE_GROUP = 64 };
dc3_status dc3_calibrate_class(dc3_run *run, int label, const json_t *passed_over, int64_t n,
                               dc3_slot *slots);
/* All of that for `count` images, class by class: the edits of some classes' images are made first, by a
 * crew. Tells the run's listener how many are there. DC3_ERR_ARGUMENT where there is a class to choose for,
 * and OUT/selection.json, of an earlier version, does not say which images were passed over. */
dc3_status dc3_calibrate_all(dc3_run *run, const dc3_crew *crew, int64_t count, dc3_slot *slots);
/* The part of another rank (dc3_stage in ranks/share.h): in the edits, by a crew that is open; in the
 * choices, where user is its dc3_run. */
extern const char dc3_calibrate_edits_stage[], dc3_calibrate_choices_stage[];
dc3_status dc3_calibrate_serve_edits(const dc3_crew *crew);
dc3_status dc3_calibrate_serve_choices(void *user, const void *known, size_t bytes);
/* Bytes that this needs at the most, beside the crew and what the teacher runs in. */
double dc3_calibrate_bytes(const dc3_run *run, int64_t count);
/* Seconds that this takes for `count` images beside their edits; says what it measured. reading, forward:
 * seconds of an image of the dataset and of a view by the teacher, by all threads together. */
dc3_status dc3_calibrate_time(const dc3_run *run, int64_t count, double reading, double forward,
                              double *seconds);
/* Room for all edits of an image: with `makes` 1 also to make them, DC3_CALIBRATE_AT_ONCE at once. Free with
 * dc3_editing_close, also after a failure. */
enum { DC3_CALIBRATE_AT_ONCE = 2 };
dc3_status dc3_calibrate_open(const dc3_run *run, int makes, dc3_editing *editing);
/* The edits of an image to `editing`, which is open by dc3_calibrate_open: those that are kept, else
 * they are made, and kept if `keep` is 1: in OUT/calibration, as a PNG that is named by the image's random
 * number; rounded to 8 bits either way. */
dc3_status dc3_calibrate_edits(dc3_run *run, const dc3_slot *slot, int keep, dc3_editing *editing);
/* Tells the run's listener that the edits of run->making images are made, and of the next one `steps` of
 * those that all its pairs take (dc3_editing_steps each). */
void dc3_calibrate_tell(const dc3_run *run, int64_t steps);
/* Those that are kept alone, in any thread; *there 0: none are. */
dc3_status dc3_calibrate_kept(const dc3_run *run, const dc3_slot *slot, dc3_editing *editing, int *there);
/* Removes the edits that are kept for an image; what cannot be removed stays. */
void dc3_calibrate_forget(const dc3_run *run, const dc3_slot *slot);

#endif
