/* A training while it runs, and its checkpoint. */
#ifndef DC3_TRAIN_TRAIN_STATE_H
#define DC3_TRAIN_TRAIN_STATE_H

#include "learn/hold_out.h"
#include "learn/trainer.h"
#include "run_folder/work.h"
#include "train/fine_tune.h"
#include "train/train_recipe.h"

typedef struct dc3_train_state {
    const dc3_train_options *options;
    dc3_train_report *report;
    dc3_dataset *data, *val;
    double share;       /* of each class's images that is held out; 0: none */
    dc3_held_out parts; /* of the data, where some is held out: held_count is not 0 */
    dc3_images *images, *tests;
    dc3_augmenter *augmenter;
    int view; /* pixels of the side of the views that it makes */
    dc3_train_recipe recipe;
    dc3_trainer trainer;
    dc3_ema *slow; /* of a recipe that looks ahead or averages */
    dc3_dtype dtype;
    dc3_probe_start probe; /* that a backbone is fine-tuned from */
    int helps;             /* another rank's part in a training: it writes nothing and says nothing */
    int shared;            /* several ranks have replicas of the network */
    const char *run;       /* whose own teacher this is; NULL: nobody's */
    char *place;           /* where the weights go */
    char *checkpoint;      /* PLACE.checkpoint */
    int held;              /* the checkpoint that was written last; -1: none */
    char *settings;        /* what the result depends on, as JSON */
    int64_t n, steps;      /* images; steps an epoch */
    int size_of_batch;     /* images a step, of which there may be fewer in all */
    int64_t *order;
    dc3_loaded_image *batch;
    dc3_view_params *params;
    int64_t *labels;
    void *views;
    int64_t done;         /* steps of all epochs */
    int64_t tested;       /* images of the last test */
    double loss;          /* sum of this epoch's */
    double saved, saving; /* when the last checkpoint was written; the seconds that took */
    double start, before; /* of this call; seconds of earlier ones, up to the checkpoint */
    dc3_work_note note;
} dc3_train_state;

/* Puts together what the result depends on: state->settings, also once more. */
dc3_status dc3_train_describe(dc3_train_state *state);
/* Writes the checkpoint. */
dc3_status dc3_train_save(dc3_train_state *state);
/* Goes on where the checkpoint of an interrupted training stands, if there is one. DC3_ERR_ARGUMENT where
 * that had other settings. */
dc3_status dc3_train_resume(dc3_train_state *state);

#endif
