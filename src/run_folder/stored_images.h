/* Whether the images below a run's train/ are those that it stored. */
#ifndef DC3_RUN_FOLDER_STORED_IMAGES_H
#define DC3_RUN_FOLDER_STORED_IMAGES_H

#include "base/listener.h"
#include "io/dataset.h"
#include "io/json.h"

typedef struct dc3_stored_images {
    int64_t wanted, missing, foreign; /* images: of the run; not there; there, but not of the run */
    char first_missing[200], first_foreign[200];
} dc3_stored_images;

/* Compares the lines of a metadata.jsonl with the dataset of its folder; NULL: nothing is there. */
void dc3_stored_images_check(const json_t *lines, const dc3_dataset *dataset, dc3_stored_images *found);

/* "1 of 12 images of the run is missing: a/1.png"; "1 image is not of the run: a/mine.jpg"; "": none is. */
enum { DC3_STORED_TEXT = 320 };
const char *dc3_stored_missing(const dc3_stored_images *found, char text[DC3_STORED_TEXT]);
const char *dc3_stored_foreign(const dc3_stored_images *found, char text[DC3_STORED_TEXT]);

/* Says both, of those that there are, of the dataset in `train`. Nothing where no metadata.jsonl can be read.
 */
void dc3_stored_images_note(const char *train, const dc3_dataset *dataset, const dc3_listener *listener);

#endif
