/* Recipes: everything about a student's training that is no matter of its data, one table of values each
 * (docs/recipes.md). */
#ifndef DC3_LEARN_RECIPE_H
#define DC3_LEARN_RECIPE_H

#include <stdint.h>
#include "dc3/choices.h"
#include "views/augment.h"
#include "learn/schedule.h"

/* What a student is trained by, where nobody says otherwise; chosen by ablation on held-out images. */
#define DC3_RECIPE_USUAL DC3_RECIPE_STRONG

typedef struct dc3_recipe {
    int epochs;        /* at most */
    int images_seen;   /* fewer epochs, of at least 300, where all would see more images; 0: all epochs */
    int factor;        /* of the views, 1 or 2; 0: dc3_protocol_factor */
    double crop;       /* least part of the image's area that a view shows, above 0 to 1; 0: 1 / factor */
    double crop_whole; /* the same where the factor is 1 and crop is 0 (dc3_recipe_take_factor); 0: all */
    int cutmix;        /* 1: alpha 1 on every batch; 0: views are not mixed */
    int rand_ops, rand_strength; /* RandAugment's N and M; 0: none */
    dc3_loss_kind loss;          /* of soft labels */
    double temperature;          /* of KL */
    double hard;                 /* share of the hard labels in the loss of soft ones (dc3_target) */
    double smoothing;            /* of hard labels, 0 to 1 exclusive */
    dc3_lr_schedule schedule;
    double weight_decay;
    double
        ema; /* decay of the averaged weights that are tested, 0 to 1 exclusive; 0: the weights themselves */
} dc3_recipe;

/* With hard labels (`hard` 1) or with soft ones. All use AdamW at dc3_protocol_lr with decay on weights. */
dc3_recipe dc3_recipe_of(dc3_recipe_kind kind, int hard);
/* Epochs for so many images. */
int dc3_recipe_epochs(const dc3_recipe *recipe, int64_t images);
/* Images a batch for so many images in so many classes; never above the number of images. */
int dc3_recipe_batch(dc3_recipe_kind kind, int64_t images, int64_t classes);
/* What may be given in place of a recipe's views: 0, or -1 of cutmix and rand_ops, is its own. */
typedef struct dc3_recipe_views {
    int factor;
    double crop;
    int cutmix, rand_ops, rand_strength;
} dc3_recipe_views;

/* DC3_ERR_OPTION names a value out of range. */
dc3_status dc3_recipe_take_views(const dc3_recipe_views *views, dc3_recipe *recipe);
/* The factor of the views once it is known: with 1 the recipe's crop_whole becomes its crop. */
void dc3_recipe_take_factor(int factor, dc3_recipe *recipe);
/* Share and smoothing that a loss comes with, where the recipe has another one: GIFT's 0.1 and 0.1, EDC's
 * 0.025 and 0; of KL both 0. */
void dc3_recipe_take_loss(dc3_loss_kind loss, dc3_recipe *recipe);
/* What is random about a view of an image in a batch, before `mix`, and then of the batch's n views: as
 * dc3_draw_rded with the factor, RandAugment and CutMix, where the recipe has them. */
void dc3_draw_recipe(const dc3_recipe *recipe, uint64_t seed, int64_t epoch, const dc3_loaded_image *image,
                     int factor, dc3_view_params *params);
void dc3_mix_recipe(const dc3_recipe *recipe, uint64_t seed, int64_t epoch, int64_t batch, int n, int size,
                    dc3_view_params *params);
dc3_schedule_kind dc3_recipe_schedule(dc3_lr_schedule schedule);

#endif
