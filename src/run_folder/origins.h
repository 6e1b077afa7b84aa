/* Whether the images that a run's were made of are still what they were. */
#ifndef DC3_RUN_FOLDER_ORIGINS_H
#define DC3_RUN_FOLDER_ORIGINS_H

#include "io/dataset.h"
#include "io/json.h"

typedef struct dc3_origins {
    int64_t wanted, missing, changed; /* images; those that the dataset lacks; those that are others there */
    char first[200];                  /* one of the latter two */
} dc3_origins;

/* Looks for the images of `items` (dc3_sources_find) in the dataset, and compares them with what the folder's
 * state.db, where there is one, noted of them: their sizes, and where their time is another their contents
 * (of at most 2,000). One that is another image has the number DC3_SOURCE_CHANGED in `items` then. */
dc3_status dc3_origins_check(const char *run, const dc3_dataset *dataset, json_t *items,
                             dc3_origins *origins);

/* 1 if that is another dataset: more than half of the images are missing or others. */
int dc3_origins_are_others(const dc3_origins *origins);
/* "2 of 10 images that the run was made of are missing and 3 are others (a/1.png)"; of some that are. */
enum { DC3_ORIGINS_TEXT = 400 };
const char *dc3_origins_text(const dc3_origins *origins, char text[DC3_ORIGINS_TEXT]);

#endif
