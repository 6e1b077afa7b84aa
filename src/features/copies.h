/* Images that are the same as another (io/same_images.h): they count once.
 *
 * Of those of one class the first by its key stands for all; the others are not chosen, by any method. Images
 * of different classes that are the same are kept, and a warning names them: which label is right nobody but
 * the user knows. */
#ifndef DC3_FEATURES_COPIES_H
#define DC3_FEATURES_COPIES_H

#include "features/run.h"
#include "io/same_files.h"
#include "io/same_images.h"

/* What is known of a run's copies. */
struct dc3_copies {
    dc3_same_images *same;
    int64_t copies, conflicts; /* images that count no more; images that another class has, too */
    int64_t *stands;           /* [dataset], the image that stands for it; -1: itself, or nobody knows */
    int64_t looked;            /* images that were asked for; 0: not known */
    char *examples[2];         /* "'a/1.png' is 'a/2.png'" of both; NULL: none. By g_free */
};

/* Accepts NULL; nulls. */
void dc3_copies_close(dc3_copies **copies);

/* Of an image that can be read: whether it is the same as one of its class for which this was asked before,
 * which is then counted. view: of one size for all images of a run. */
dc3_status dc3_copies_meet(dc3_run *run, int64_t item, const dc3_appearance *view, int *is_copy);

/* The same by its file, of dc3_dataset_hash `hash`, of all files of its class. */
dc3_status dc3_copies_meet_file(dc3_run *run, dc3_same_files *files, int64_t item, uint64_t hash,
                                int *is_copy);

/* Notes that `other` stands for an image that is left out, and which image that is; -1: none. */
dc3_status dc3_copies_note(dc3_run *run, int64_t item, int64_t other);
int64_t dc3_copies_stands_for(const dc3_run *run, int64_t item);

/* Tells the listener of copies and conflicts, and puts their numbers into the report. */
void dc3_copies_tell(dc3_run *run);
/* What is known as JSON, NULL where there are none; and from it. */
json_t *dc3_copies_to_json(const dc3_run *run);
dc3_status dc3_copies_of_json(dc3_run *run, const json_t *from);

#endif
