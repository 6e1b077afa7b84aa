#include "learn/recipe.h"

#include "learn/protocol.h"

/* Values that the recipes share: RDED's. */
#define RDED_VALUES                                                                                          \
    .cutmix = 1, .loss = DC3_LOSS_KL, .temperature = DC3_PROTOCOL_TEMPERATURE,                               \
    .schedule = DC3_LR_HALF_COSINE, .weight_decay = 0.01

/* For soft labels and for hard ones. The strong recipe's are those of others that train longest (small
 * batches, 1,000 epochs and averages of the weights: EDC, Shao et al. 2024); tools/results/recipes.sh
 * measures each piece on held-out images. */
static const dc3_recipe recipes[][2] = {
    [DC3_RECIPE_CLASSIC] = {{RDED_VALUES, .epochs = 300}, {RDED_VALUES, .epochs = 300}},
    [DC3_RECIPE_RDED] = {{RDED_VALUES, .epochs = 300}, {RDED_VALUES, .epochs = 300}},
    [DC3_RECIPE_DC3] = {{RDED_VALUES, .epochs = 2000, .factor = 2},
                        {RDED_VALUES, .epochs = 2000, .factor = 2}},
    [DC3_RECIPE_STRONG] = {{RDED_VALUES, .epochs = 1000, .ema = 0.99},
                           {RDED_VALUES, .epochs = 1000, .ema = 0.99, .smoothing = 0.1}}};

dc3_recipe dc3_recipe_of(dc3_recipe_kind kind, int hard)
{
    return recipes[kind][hard];
}

/* Batches for 1, 10 and 50 images a class: of RDED's program with ten classes, 100 or 1,000 take twice as
 * many, Tiny-ImageNet's 200 take 100; of the strong recipe with any number of classes. */
static int small_batch(dc3_recipe_kind kind, int column, int64_t classes)
{
    static const int rded[] = {10, 50, 100}, strong[] = {10, 10, 50};
    if (kind == DC3_RECIPE_STRONG) return strong[column];
    if (classes > 100 && classes <= 200) return 100;
    return rded[column] * (classes > 10 ? 2 : 1);
}

int dc3_recipe_batch(dc3_recipe_kind kind, int64_t images, int64_t classes)
{
    if (kind == DC3_RECIPE_CLASSIC || kind == DC3_RECIPE_DC3) return dc3_protocol_batch(images, classes);
    int64_t ipc = classes > 0 ? images / classes : images;
    int batch = small_batch(kind, ipc < 10 ? 0 : ipc < 50 ? 1 : 2, classes);
    return images < batch ? (int)images : batch;
}

void dc3_recipe_take_loss(dc3_loss_kind loss, dc3_recipe *recipe)
{
    if (loss == DC3_LOSS_DEFAULT || loss == recipe->loss) return;
    recipe->loss = loss;
    recipe->hard = loss == DC3_LOSS_COSINE ? 0.1 : loss == DC3_LOSS_MSE ? 0.025 : 0;
    recipe->smoothing = loss == DC3_LOSS_COSINE ? 0.1 : 0;
}

dc3_schedule_kind dc3_recipe_schedule(dc3_lr_schedule schedule)
{
    static const dc3_schedule_kind kinds[] = {[DC3_LR_HALF_COSINE] = DC3_SCHEDULE_HALF_COSINE,
                                              [DC3_LR_COSINE] = DC3_SCHEDULE_COSINE,
                                              [DC3_LR_SMOOTH] = DC3_SCHEDULE_SMOOTH};
    return kinds[schedule];
}
