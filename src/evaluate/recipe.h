/* The recipe of a student: the named one's values, and the options that were given in place of some. */
#ifndef DC3_EVALUATE_RECIPE_H
#define DC3_EVALUATE_RECIPE_H

#include "dc3/evaluate.h"
#include "io/json.h"
#include "learn/recipe.h"

/* The recipe that is meant where none is named. */
dc3_recipe_kind dc3_recipe_named(dc3_recipe_kind recipe);
/* The values for a student with such labels. DC3_ERR_OPTION names an option out of range, or one that means
 * nothing with these labels. */
dc3_status dc3_recipe_resolve(const dc3_evaluate_options *options, dc3_recipe *recipe);
/* Epochs of a student on `images` images: those given, or of the images to be seen, of which too many are
 * DC3_ERR_OPTION, or the recipe's. */
dc3_status dc3_recipe_given_epochs(const dc3_evaluate_options *options, const dc3_recipe *recipe,
                                   int64_t images, int *epochs);
/* What of it scores are compared by besides what the score itself says: into `settings` come the values that
 * are not those of RDED's protocol, by the options' names. */
void dc3_recipe_add(const dc3_recipe *recipe, int hard, json_t *settings);
/* For people: "recipe strong: AdamW, weight decay 0.01, ..."; `plain`: the views are whole images. */
void dc3_recipe_text(const char *name, const dc3_recipe *recipe, int hard, int plain, char *text,
                     size_t size);

#endif
