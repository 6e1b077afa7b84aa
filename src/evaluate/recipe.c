#include "evaluate/recipe.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include "options/option_names.h"

dc3_recipe_kind dc3_recipe_named(dc3_recipe_kind recipe)
{
    return recipe == DC3_RECIPE_DEFAULT ? DC3_RECIPE_USUAL : recipe;
}

/* A share that was given, in place of the recipe's; -1: none was. */
static dc3_status take_share(const char *name, double given, double most, double *value)
{
    if (given == -1) return DC3_OK;
    if (!(given >= 0 && given <= most))
        return dc3_fail_setting(name, "expected 0 to %g, found %g", most, given);
    *value = given;
    return DC3_OK;
}

/* What was given of a loss must mean something in the one that the labels have. */
static dc3_status check_effect(const dc3_evaluate_options *o, dc3_loss_kind loss)
{
    int hard = o->labels == DC3_LABELS_HARD;
    if (hard && o->temperature > 0)
        return dc3_fail_about("temperature", "%s: means nothing with hard labels, which have no teacher",
                              dc3_setting("temperature"));
    if (hard && o->hard_share >= 0)
        return dc3_fail_about("hard_share", "%s: means nothing with hard labels, which are all of the loss",
                              dc3_setting("hard_share"));
    if (!hard && loss != DC3_LOSS_KL && o->temperature > 0)
        return dc3_fail_about("temperature",
                              "%s: is of the loss kl; cosine and mse compare logits as they are",
                              dc3_setting("temperature"));
    if (!hard && loss == DC3_LOSS_KL && o->hard_share >= 0)
        return dc3_fail_about("hard_share", "%s: needs the loss cosine or mse; kl has soft labels only",
                              dc3_setting("hard_share"));
    if (!hard && loss == DC3_LOSS_KL && o->smoothing >= 0)
        return dc3_fail_about("smoothing",
                              "%s: needs hard labels, or the loss cosine or mse; kl has soft labels only",
                              dc3_setting("smoothing"));
    return DC3_OK;
}

static dc3_status take_loss(const dc3_evaluate_options *o, dc3_recipe *r)
{
    int hard = o->labels == DC3_LABELS_HARD;
    DC3_TRY(dc3_option_check("loss", (int)o->loss, 1));
    if (hard && o->loss != DC3_LOSS_DEFAULT)
        return dc3_fail_about("loss", "%s: hard labels have the cross-entropy", dc3_setting("loss"));
    dc3_recipe_take_loss(o->loss, r);
    DC3_TRY(take_share("hard_share", o->hard_share, 10, &r->hard));
    DC3_TRY(take_share("smoothing", o->smoothing, 0.999, &r->smoothing));
    if (!(o->temperature >= 0 && o->temperature <= 1e6))
        return dc3_fail_setting("temperature", "expected more than 0 and at most 1e6, found %g",
                                o->temperature);
    if (o->temperature > 0) r->temperature = o->temperature;
    return check_effect(o, r->loss);
}

static dc3_status check_budget(const dc3_evaluate_options *o)
{
    if (o->epochs < 0 || o->epochs > 1000000)
        return dc3_fail_setting("epochs", "expected 1 to 1000000, found %d", o->epochs);
    if (!(o->images_seen >= 0 && o->images_seen <= 1e15))
        return dc3_fail_setting("images_seen", "expected 1 to 1e15, found %g", o->images_seen);
    if (!(o->minutes >= 0 && o->minutes <= 1e6))
        return dc3_fail_setting("minutes", "expected more than 0 and at most 1e6, found %g", o->minutes);
    if ((o->epochs > 0) + (o->images_seen > 0) + (o->minutes > 0) > 1)
        return dc3_fail_about("epochs", "%s, %s and %s each say how long students train: give one of them",
                              dc3_setting("epochs"), dc3_setting("images_seen"), dc3_setting("minutes"));
    return DC3_OK;
}

dc3_status dc3_recipe_resolve(const dc3_evaluate_options *o, dc3_recipe *r)
{
    DC3_TRY(dc3_option_check("recipe", (int)o->recipe, 1));
    DC3_TRY(dc3_option_check("schedule", (int)o->schedule, 1));
    *r = dc3_recipe_of(dc3_recipe_named(o->recipe), o->labels == DC3_LABELS_HARD);
    DC3_TRY(check_budget(o));
    if (o->augment == DC3_AUGMENT_NONE && (o->crop > 0 || o->cutmix > 0 || o->rand_ops > 0))
        return dc3_fail_about(
            "augment", "%s none: whole images are seen as they are; leave out %s, %s and %s",
            dc3_setting("augment"), dc3_setting("crop"), dc3_setting("cutmix"), dc3_setting("rand_ops"));
    const dc3_recipe_views views = {o->factor, o->crop, o->cutmix, o->rand_ops, o->rand_strength};
    DC3_TRY(dc3_recipe_take_views(&views, r));
    DC3_TRY(take_loss(o, r));
    if (!(o->weight_decay == -1 || (o->weight_decay >= 0 && o->weight_decay <= 1e3)))
        return dc3_fail_setting("weight_decay", "expected 0 to 1000, found %g", o->weight_decay);
    if (o->weight_decay >= 0) r->weight_decay = o->weight_decay;
    if (o->schedule != DC3_LR_DEFAULT) r->schedule = o->schedule;
    return take_share("ema", o->ema, 0.999999, &r->ema);
}

dc3_status dc3_recipe_given_epochs(const dc3_evaluate_options *o, const dc3_recipe *r, int64_t images,
                                   int *epochs)
{
    *epochs = o->epochs > 0 ? o->epochs : dc3_recipe_epochs(r, images);
    if (!(o->images_seen > 0)) return DC3_OK;
    double asked = rint(o->images_seen / (double)images);
    if (asked > 1e6)
        return dc3_fail_setting("images_seen",
                                "expected at most %.0f, 1000000 times each of %lld, found %.0f",
                                1e6 * (double)images, (long long)images, o->images_seen);
    *epochs = asked < 1 ? 1 : (int)asked;
    return DC3_OK;
}

static void add_number(json_t *settings, const char *key, double value)
{
    if (value > 0) json_object_set_new(settings, key, json_real(value));
}

void dc3_recipe_add(const dc3_recipe *r, int hard, json_t *settings)
{
    add_number(settings, "crop", r->crop);
    if (!r->cutmix) json_object_set_new(settings, "cutmix", json_integer(0));
    if (r->rand_ops) json_object_set_new(settings, "rand_ops", json_integer(r->rand_ops));
    if (r->rand_ops) json_object_set_new(settings, "rand_strength", json_integer(r->rand_strength));
    if (!hard && r->loss != DC3_LOSS_KL)
        json_object_set_new(settings, "loss", json_string(dc3_loss_kind_name(r->loss)));
    if (!hard && r->loss != DC3_LOSS_KL) add_number(settings, "hard_share", r->hard);
    if (hard || r->loss != DC3_LOSS_KL) add_number(settings, "smoothing", r->smoothing);
    if (r->schedule != DC3_LR_HALF_COSINE)
        json_object_set_new(settings, "schedule", json_string(dc3_lr_schedule_name(r->schedule)));
    add_number(settings, "ema", r->ema);
}

/* What the student's outputs are compared with, and how. */
static void loss_text(const dc3_recipe *r, int hard, FILE *text)
{
    if (hard)
        fprintf(text, "cross-entropy");
    else if (r->loss == DC3_LOSS_KL)
        fprintf(text, "KL divergence at temperature %g", r->temperature);
    else if (r->loss == DC3_LOSS_COSINE)
        fprintf(text, "cosine of the logits (GIFT) with %g of the hard labels", r->hard);
    else
        fprintf(text, "squared difference of the logits (EDC) and %g of the cross-entropy", r->hard);
    if ((hard || r->loss != DC3_LOSS_KL) && r->smoothing > 0)
        fprintf(text, ", labels smoothed by %g", r->smoothing);
}

static void views_text(const dc3_recipe *r, FILE *text)
{
    fprintf(text, "; %s", r->cutmix ? "CutMix" : "no CutMix");
    if (r->crop > 0) fprintf(text, ", crops from %g of the area", r->crop);
    if (r->rand_ops) fprintf(text, ", RandAugment %d of strength %d", r->rand_ops, r->rand_strength);
}

void dc3_recipe_text(const char *name, const dc3_recipe *r, int hard, int plain, char *text, size_t size)
{
    FILE *out = fmemopen(text, size, "w");
    *text = 0;
    if (!out) return;
    fprintf(out, "recipe %s: AdamW, weight decay %g, %s schedule; ", name, r->weight_decay,
            dc3_lr_schedule_name(r->schedule));
    loss_text(r, hard, out);
    if (!plain) views_text(r, out);
    fprintf(out, "; tested: the last epoch's weights");
    if (r->ema > 0) fprintf(out, ", averaged (EMA, decay %g)", r->ema);
    fclose(out);
    text[size - 1] = 0;
}
