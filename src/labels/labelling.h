/* A labelling in progress, which the files of this room that make it share. */
#ifndef DC3_LABELS_LABELLING_H
#define DC3_LABELS_LABELLING_H

#include "base/lock.h"
#include "dc3/label.h"
#include "io/json.h"
#include "labels/label_teachers.h"
#include "labels/label_views.h"
#include "labels/soft_labels.h"
#include "learn/recipe.h"

typedef struct dc3_labelling {
    const dc3_label_options *options;
    dc3_label_report *report;
    char *folder, *out;   /* of the images; the file to write */
    char *checkpoint;     /* where the labels are while they are not all there */
    int held;             /* it, once it was written; -1: none */
    double saved, saving; /* when it was written last, s; seconds that took */
    double start, before; /* of this call; seconds of earlier ones, up to the checkpoint */
    int is_run;           /* dc3 made the folder */
    int is_there;         /* the file that would be made (dc3_labelling_find) */
    dc3_lock lock;        /* of the run's folder, where the labels go into it */
    dc3_dataset *dataset;
    json_t *document; /* the run's dc3.json; NULL: no run's */
    json_t *classes;  /* their names, in order */
    char *data;       /* what the run was made from; NULL: not known */
    dc3_images *images;
    char unreadable[512]; /* the first image that is, and why */
    dc3_label_teachers teachers;
    dc3_recipe recipe; /* of the views */
    int mixed;         /* images that are mixed with each other: of the options, or the recipe's */
    int factor;        /* of the views, 1 or 2 */
    dc3_soft_labels labels;
    dc3_label_views *drawn; /* NULL before they are asked for */
} dc3_labelling;

/* label_open.c: all that is needed before the first view, report among it. Always close. */
dc3_status dc3_labelling_open(dc3_labelling *l);
void dc3_labelling_close(dc3_labelling *l);

/* label_places.c: which folder holds the images, and which file is written. */
dc3_status dc3_labelling_find_places(dc3_labelling *l);

/* label_classes.c: the classes of the images, into l->labels: of a run those of metadata.jsonl, since a class
 * without images has no folder. */
dc3_status dc3_labelling_take_classes(dc3_labelling *l);

/* label_checkpoint.c: what the labels depend on besides their sizes: what the file says, and which images
 * these are. The caller releases it. */
json_t *dc3_labelling_settings(const dc3_labelling *l);
/* What is labelled, into the checkpoint. */
dc3_status dc3_labelling_save(dc3_labelling *l);
/* The same every minute, or where that would take more than a twentieth of the time, more seldom. */
dc3_status dc3_labelling_save_now_and_then(dc3_labelling *l);
/* *there: 1 if the file is complete, and made of a run's images as they are by the same settings and teacher:
 * it would have the same bytes again. DC3_ERR_ARGUMENT where it has labels of other settings, which stay,
 * unless `force` is given with `out`. With `fresh` neither is asked. */
dc3_status dc3_labelling_find(const dc3_labelling *l, int *there);
/* Takes over what an interrupted labelling had, if it was the same. */
dc3_status dc3_labelling_resume(dc3_labelling *l);
/* The first view that did not come from the checkpoint: they were put in this order. */
int64_t dc3_labelling_first_missing(const dc3_labelling *l);

#endif
