/* How dc3 train goes about it: the usual way, the fast one, and the gentle one of a fine-tuning. */
#ifndef DC3_TRAIN_RECIPE_H
#define DC3_TRAIN_RECIPE_H

#include "dc3/train.h"
#include "views/augment.h"
#include "learn/optimizer.h"
#include "learn/schedule.h"

enum { DC3_LAST_GROUPS = 2 };
enum { DC3_TRAIN_SMALL = 64 }; /* pixels up to which images are small: padded crops, not parts of the area */

typedef struct dc3_train_recipe {
    const char *arch; /* of a new network */
    dc3_optimizer_options optimizer;
    dc3_schedule_options schedule;
    double lr;         /* the highest; of the fast recipe set by dc3_train_fit */
    double smoothing;  /* of labels */
    double clip;       /* what the norm of all gradients together is limited to; 0: not */
    int64_t lookahead; /* steps between two looks ahead (learn/ema.h); 0: there are none */
    int fast;          /* flips alternate, and the first layer whitens */
    double average;    /* decay of the averages that are the result, of a fine-tuning; 0: there are none */
    double least;      /* the smallest part of a large image that a view shows; 0: of the usual crops */
    dc3_param_group last[DC3_LAST_GROUPS]; /* of a fine-tuning: the last layer's rate */
    char names[DC3_LAST_GROUPS][80];       /* of its parameters */
} dc3_train_recipe;

/* The network that the fast recipe is made for. */
extern const char dc3_train_fast_arch[];

/* What the options say for views of `size` pixels; checked options. */
void dc3_train_recipe_of(const dc3_train_options *options, int size, dc3_train_recipe *recipe);
/* Gives the parameters of the last layer, called `head`, the rate that they have in a fine-tuning. The recipe
 * stays where it is from here on. */
void dc3_train_set_last(dc3_train_recipe *recipe, const char *head);
/* DC3_ERR_OPTION names a setting that the fast recipe has its own value for. */
dc3_status dc3_train_check_fast(const dc3_train_options *options);
/* Images a step where so many are trained on: as asked; of the fast recipe by default a 64th of them as a
 * power of two, 32 to 512; of a fine-tuning the same, at most 128. */
int dc3_train_batch(const dc3_train_options *options, int64_t images);
/* What of a recipe depends on the images a step and on the number of steps in all. */
void dc3_train_fit(dc3_train_recipe *recipe, int64_t batch, int64_t total);
/* The decay of the averages after step `done` of `total`, of a recipe that looks ahead; -1: not at this step.
 */
double dc3_train_lookahead(const dc3_train_recipe *recipe, int64_t done, int64_t total);
/* What is random about a view of `size` pixels of an image. */
void dc3_train_draw(const dc3_train_recipe *recipe, uint64_t seed, int64_t epoch,
                    const dc3_loaded_image *image, int size, dc3_view_params *params);

#endif
