#include "learn/recipe.h"

#include "learn/protocol.h"
#include "views/rand_augment.h"

/* Values that the recipes share: RDED's. */
#define RDED_VALUES                                                                                          \
    .cutmix = 1, .loss = DC3_LOSS_KL, .temperature = DC3_PROTOCOL_TEMPERATURE,                               \
    .schedule = DC3_LR_HALF_COSINE, .weight_decay = 0.01

/* And those of the strong recipe. */
#define STRONG_VALUES                                                                                        \
    .cutmix = 1, .loss = DC3_LOSS_KL, .temperature = DC3_PROTOCOL_TEMPERATURE, .schedule = DC3_LR_SMOOTH,    \
    .weight_decay = 0.01, .epochs = 1000, .images_seen = 200000, .ema = 0.99

/* For soft labels and for hard ones. The strong recipe's were chosen on held-out images, piece by piece, by
 * tools/results/recipes.sh (docs/recipes.md). */
static const dc3_recipe recipes[][2] = {
    [DC3_RECIPE_CLASSIC] = {{RDED_VALUES, .epochs = 300}, {RDED_VALUES, .epochs = 300}},
    [DC3_RECIPE_RDED] = {{RDED_VALUES, .epochs = 300}, {RDED_VALUES, .epochs = 300}},
    [DC3_RECIPE_DC3] = {{RDED_VALUES, .epochs = 2000, .factor = 2},
                        {RDED_VALUES, .epochs = 2000, .factor = 2}},
    [DC3_RECIPE_STRONG] = {{STRONG_VALUES, .rand_ops = 2, .rand_strength = 9, .crop_whole = 0.7},
                           {STRONG_VALUES, .rand_ops = 1, .rand_strength = 6}}};

dc3_recipe dc3_recipe_of(dc3_recipe_kind kind, int hard)
{
    return recipes[kind][hard];
}

/* Batches for 1, 10 and 50 images a class: of RDED's program with ten classes, 100 or 1,000 take twice as
 * many, Tiny-ImageNet's 200 take 100; of the strong recipe with any number of classes. */
static int small_batch(dc3_recipe_kind kind, int column, int64_t classes)
{
    static const int rded[] = {10, 50, 100}, strong[] = {10, 25, 50};
    if (kind == DC3_RECIPE_STRONG) return strong[column];
    if (classes > 100 && classes <= 200) return 100;
    return rded[column] * (classes > 10 ? 2 : 1);
}

int dc3_recipe_epochs(const dc3_recipe *recipe, int64_t images)
{
    const int least = 300; /* RDED's */
    if (!recipe->images_seen || images * recipe->epochs <= recipe->images_seen) return recipe->epochs;
    int64_t epochs = recipe->images_seen / images;
    return epochs < least ? least : (int)epochs;
}

int dc3_recipe_batch(dc3_recipe_kind kind, int64_t images, int64_t classes)
{
    if (kind == DC3_RECIPE_CLASSIC || kind == DC3_RECIPE_DC3) return dc3_protocol_batch(images, classes);
    int64_t ipc = classes > 0 ? images / classes : images;
    int batch = small_batch(kind, ipc < 10 ? 0 : ipc < 50 ? 1 : 2, classes);
    return images < batch ? (int)images : batch;
}

dc3_status dc3_recipe_take_views(const dc3_recipe_views *v, dc3_recipe *r)
{
    if (v->factor < 0 || v->factor > 2)
        return dc3_fail_setting("factor", "expected 1 or 2, found %d", v->factor);
    if (!(v->crop >= 0 && v->crop <= 1))
        return dc3_fail_setting("crop", "expected more than 0 and at most 1, found %g", v->crop);
    if (v->cutmix < -1 || v->cutmix > 1)
        return dc3_fail_setting("cutmix", "expected 0 or 1, found %d", v->cutmix);
    if (v->rand_ops < -1 || v->rand_ops > DC3_VIEW_OPS)
        return dc3_fail_setting("rand_ops", "expected 0 to %d, found %d", DC3_VIEW_OPS, v->rand_ops);
    if (v->rand_strength < 0 || v->rand_strength > DC3_RAND_STRENGTH)
        return dc3_fail_setting("rand_strength", "expected 1 to %d, found %d", DC3_RAND_STRENGTH,
                                v->rand_strength);
    if (v->factor) r->factor = v->factor;
    if (v->crop > 0) r->crop = v->crop;
    if (v->cutmix >= 0) r->cutmix = v->cutmix;
    if (v->rand_ops >= 0) r->rand_ops = v->rand_ops;
    if (v->rand_strength) r->rand_strength = v->rand_strength;
    if (!r->rand_ops && v->rand_strength)
        return dc3_fail_about("rand_strength", "%s: needs %s of 1 to %d, whose strength it is",
                              dc3_setting("rand_strength"), dc3_setting("rand_ops"), DC3_VIEW_OPS);
    if (r->rand_ops && !r->rand_strength) r->rand_strength = 9; /* torchvision's */
    if (!r->rand_ops) r->rand_strength = 0;
    return DC3_OK;
}

void dc3_recipe_take_factor(int factor, dc3_recipe *r)
{
    if (factor == 1 && !(r->crop > 0)) r->crop = r->crop_whole;
}

void dc3_recipe_take_loss(dc3_loss_kind loss, dc3_recipe *recipe)
{
    if (loss == DC3_LOSS_DEFAULT || loss == recipe->loss) return;
    recipe->loss = loss;
    recipe->hard = loss == DC3_LOSS_COSINE ? 0.1 : loss == DC3_LOSS_MSE ? 0.025 : 0;
    recipe->smoothing = loss == DC3_LOSS_COSINE ? 0.1 : 0;
}

void dc3_draw_recipe(const dc3_recipe *recipe, uint64_t seed, int64_t epoch, const dc3_loaded_image *image,
                     int factor, dc3_view_params *params)
{
    dc3_draw_rded(seed, epoch, image->item, image->width, image->height, factor, recipe->crop, params);
    if (recipe->rand_ops)
        dc3_draw_rand_augment(seed, epoch, image->item, recipe->rand_ops, recipe->rand_strength, params);
}

void dc3_mix_recipe(const dc3_recipe *recipe, uint64_t seed, int64_t epoch, int64_t batch, int n, int size,
                    dc3_view_params *params)
{
    if (recipe->cutmix)
        dc3_draw_cutmix(seed, epoch, batch, n, size, params);
    else
        dc3_draw_unmixed(n, params);
}

dc3_schedule_kind dc3_recipe_schedule(dc3_lr_schedule schedule)
{
    static const dc3_schedule_kind kinds[] = {[DC3_LR_HALF_COSINE] = DC3_SCHEDULE_HALF_COSINE,
                                              [DC3_LR_COSINE] = DC3_SCHEDULE_COSINE,
                                              [DC3_LR_SMOOTH] = DC3_SCHEDULE_SMOOTH};
    return kinds[schedule];
}
