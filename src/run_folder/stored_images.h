/* Whether the images below a run's train/ are those that it stored. */
#ifndef DC3_RUN_FOLDER_STORED_IMAGES_H
#define DC3_RUN_FOLDER_STORED_IMAGES_H

#include "base/listener.h"
#include "io/dataset.h"
#include "io/json.h"

typedef struct dc3_stored_images {
    int64_t wanted, missing, foreign; /* images: of the run; not there; there, but not of the run */
    int64_t lost;                     /* shards of the run that are not there */
    char first_missing[200], first_foreign[200]; /* images; the first missing: the shard, where one is lost */
} dc3_stored_images;

/* Adds to `document`, the dc3.json of a complete run whose images are in shards, how many of both there are.
 */
dc3_status dc3_stored_images_describe(const char *train, int64_t images, json_t *document);
/* Adds the image of a line of metadata.jsonl to `names`, an object. */
void dc3_stored_images_add(const json_t *line, json_t *names);
/* Compares the names of the lines of `train`/metadata.jsonl, or of the shards in its place, with the dataset
 * there; NULL: nothing is there. Gives the names the dataset's numbers. document: the run's dc3.json, which
 * knows of shards that are lost; may be NULL. */
void dc3_stored_images_check(const char *train, const json_t *document, json_t *names,
                             const dc3_dataset *dataset, dc3_stored_images *found);
/* Of shards that are lost alone, where `there` images are named. */
void dc3_stored_images_lost(const char *train, const json_t *document, int64_t there,
                            dc3_stored_images *found);

/* "1 of 12 images of the run is missing: a/1.png"; "4 of 12 images of the run are missing, with its shard
 * train-000001.tar"; "1 image is not of the run: a/mine.jpg"; "": none is. */
enum { DC3_STORED_TEXT = 320 };
const char *dc3_stored_missing(const dc3_stored_images *found, char text[DC3_STORED_TEXT]);
const char *dc3_stored_foreign(const dc3_stored_images *found, char text[DC3_STORED_TEXT]);

/* Says both, of those that there are, of the dataset in `run`/train. Nothing where no metadata.jsonl can be
 * read. */
void dc3_stored_images_note(const char *run, const dc3_dataset *dataset, const dc3_listener *listener);

#endif
