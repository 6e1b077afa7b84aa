/* Edits of one of a run's images by prompts, at the size at which they are stored. */
#ifndef DC3_CALIBRATE_EDITS_H
#define DC3_CALIBRATE_EDITS_H

#include "calibrate/candidates.h"
#include "features/part.h"

enum { DC3_EDITS_AT_ONCE = 4, DC3_EDITS_MOST = 2 * DC3_CANDIDATE_PAIRS };

/* Memory for the edits of an image; values in [0, 1]. */
typedef struct dc3_editing {
    int size;                            /* pixels of the side of an edit that is stored */
    float *input, *reconstruction, *raw; /* [small, small, 3] with the editor's size; raw: of an edit each */
    float *original;                     /* [size, size, 3] */
    float *placed[DC3_EDITS_MOST];       /* [size, size, 3] */
    const dc3_part *unreadable;          /* of what was read last, as dc3_run_read_parts has it */
} dc3_editing;

/* Room for `count` edits of `size` pixels, of which `at_once` are made at once; 0: they are only read. Free
 * with dc3_editing_close, also after a failure. */
dc3_status dc3_editing_open(const dc3_run *run, int size, int at_once, int count, dc3_editing *editing);
void dc3_editing_close(dc3_editing *editing);
/* Reads what is edited, the image of parts [run->each], to `input`, and where edits keep its detail or
 * `original` is 1 to `original`. */
dc3_status dc3_editing_read(const dc3_run *run, const dc3_part *parts, int original, dc3_editing *editing);
/* `count` edits in one batch, at most DC3_EDITS_AT_ONCE, to placed[at] and behind; settings: the run's, which
 * may have somebody who hears of steps. */
dc3_status dc3_editing_make(dc3_run *run, const dc3_edit_settings *settings, int count,
                            const char *const *prompts, const uint64_t *seeds, int at, dc3_editing *editing);
/* Steps that an edit is made in where they are told: a large editor's take seconds each; else 1. */
int dc3_editing_steps(const dc3_run *run);
/* What names the noise of an edit: the run's seed, the image's random number (dc3_run_item), the prompt. */
uint64_t dc3_edit_seed(uint64_t seed, uint64_t item, const char *prompt);

#endif
