/* What a training needs before its first step, in this order. */
#ifndef DC3_TRAIN_TRAIN_OPEN_H
#define DC3_TRAIN_TRAIN_OPEN_H

#include "train/train_state.h"

void dc3_train_progress(const dc3_train_state *state, const char *stage, int64_t done, int64_t total);

/* The dataset, and that to test on. */
dc3_status dc3_train_open_data(dc3_train_state *state);
/* Pixels of the side of a view; of a fine-tuning that of the probe, which is made first. DC3_ERR_FORMAT where
 * too few images are there to choose by. */
dc3_status dc3_train_start(dc3_train_state *state, int *size);
/* The network as it begins, for views of `size` pixels. */
dc3_status dc3_train_open_network(dc3_train_state *state, int size);
/* Sets apart what is held out, if anything is. */
dc3_status dc3_train_hold_out(dc3_train_state *state);
/* Reads the images, of report->size. */
dc3_status dc3_train_open_images(dc3_train_state *state);
/* Those of val in place of the ones held out. */
dc3_status dc3_train_open_val(dc3_train_state *state);
/* Whether a step of so many images to train on has two for each replica. */
dc3_status dc3_train_check_parts(const dc3_train_options *options, int64_t images);
dc3_status dc3_train_open_memory(dc3_train_state *state);
/* The averages that the recipe keeps, and the first layer where it whitens. */
dc3_status dc3_train_open_averages(dc3_train_state *state);

/* The side of an epoch's views in a training at `size` pixels. */
int dc3_train_view(const dc3_train_options *options, int size, int64_t epoch);
/* Makes the next views so large. */
dc3_status dc3_train_open_views(dc3_train_state *state, int view);

#endif
