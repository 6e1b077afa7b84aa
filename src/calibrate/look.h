/* What calibration knows of images: their colours, and what the teacher says of them. */
#ifndef DC3_CALIBRATE_LOOK_H
#define DC3_CALIBRATE_LOOK_H

#include "calibrate/lab_colours.h"
#include "calibrate/guard.h"
#include "calibrate/target.h"
#include "features/run.h"
#include "select/similarity.h"

/* Of `count` images, at most `most`. */
typedef struct dc3_looked {
    int64_t count, most;
    dc3_lab_colours *colours;   /* [most] */
    double *losses;             /* [most] of the teacher, nats; NULL without one */
    float *embeddings, *logits; /* [most, ..]; NULL without one */
    dc3_meter meter;
    dc3_similarity gradients; /* their factors, once dc3_look_finish made them; empty without a teacher */
} dc3_looked;

/* Images to look at, side by side in pieces of work (ops/look.h). */
typedef struct dc3_view_list {
    int64_t count;
    double bytes; /* that a thread needs to make one */
    void *user;
    /* Image i, of any size, which the caller frees; the teacher sees it at its own. By any thread; `worker`,
     * below the run's threads, is alone with its number. */
    dc3_status (*make)(void *user, int worker, int64_t i, dc3_image *image);
    /* By the calling thread, in order: whether image i counts, for which `make` said `status`, and if that is
     * not DC3_OK `reason`. Such a one must not count. */
    dc3_status (*take)(void *user, int64_t i, dc3_status status, const char *reason, int *counts);
} dc3_view_list;

/* Free with dc3_look_close, also after a failure. */
dc3_status dc3_look_open(const dc3_run *run, int64_t most, dc3_looked *looked);
void dc3_look_close(dc3_looked *looked);
/* Adds the images of the list that count. */
dc3_status dc3_look_add(dc3_run *run, const dc3_view_list *list, dc3_looked *looked);
/* After the last: what the teacher says, by its gradients for images of class `label`. */
dc3_status dc3_look_finish(dc3_run *run, int label, dc3_looked *looked);

/* The class's items of the dataset, [*first, *end), which stand together. */
void dc3_class_range(const dc3_dataset *dataset, int label, int64_t *first, int64_t *end);
/* The whole class by at most 500 of its images, evenly spread over those that are not in the set
 * `passed_over` (features/passed_over.h): its target, the range of its losses (without a teacher nothing) and
 * the mean of its curves. Images that cannot be read any more are left out. */
enum { DC3_CLASS_SAMPLE = 500 };
typedef struct dc3_class_look {
    int64_t images;
    dc3_target target;
    dc3_loss_range losses;
    double curves[DC3_LAB_CURVES];
} dc3_class_look;
/* Free with dc3_target_close(&look->target), also after a failure. */
dc3_status dc3_look_at_class(dc3_run *run, int label, const json_t *passed_over, dc3_class_look *look);

#endif
