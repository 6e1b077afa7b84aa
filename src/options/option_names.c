#include "options/option_names.h"

#include <string.h>
#include "base/options.h"
#include "base/text.h"
#include "diffusion/editor.h"
#include "io/image.h"
#include "select/objective.h"
#include "select/selections.h"

const char *const dc3_compute_names[] = {"auto", "f32", "bf16", NULL};
const char *const dc3_detail_names[] = {"keep", "edit", NULL};
const char *const dc3_store_names[] = {"files", "tar", "copy", "link", NULL};
const char *const dc3_balance_names[] = {"equal", "proportional", "sqrt", NULL};
const char *const dc3_combine_names[] = {"gradient", "random", "grid", "fourfold", NULL};
const char *const dc3_compensation_names[] = {"random", "calibrated", "none", NULL};
const char *const dc3_label_names[] = {"soft", "stored", "hard", NULL};
const char *const dc3_augment_names[] = {"rded", "none", NULL};
const char *const dc3_recipe_names[] = {"classic", "rded", "dc3", "strong", NULL};
const char *const dc3_loss_names[] = {"kl", "cosine", "mse", NULL};
const char *const dc3_lr_schedule_names[] = {"half-cosine", "cosine", "smooth", NULL};
const char *const dc3_optimizer_names[] = {"sgd", "adamw", NULL};
static const char *const finetune_parts[] = {"lora", "attention", "bias-norm", "all", NULL},
                         *const finetune_schedules[] = {"constant", "cosine", NULL},
                         *const lora_layers[] = {"attention", "feed-forward", "convolutions", NULL};

const char *const *dc3_option_names(const char *option)
{
    static const struct {
        const char *option;
        const char *const *names;
    } all[] = {{"dtype", dc3_compute_names},
               {"labels", dc3_label_names},
               {"augment", dc3_augment_names},
               {"recipe", dc3_recipe_names},
               {"loss", dc3_loss_names},
               {"schedule", dc3_lr_schedule_names},
               {"optimizer", dc3_optimizer_names},
               {"fit", dc3_fit_names},
               {"format", dc3_format_names},
               {"combine", dc3_combine_names},
               {"detail", dc3_detail_names},
               {"sampler", dc3_sampler_names},
               {"objective", dc3_objective_names},
               {"maximizer", dc3_maximizer_names},
               {"gradient", dc3_gradient_names},
               {"compensation", dc3_compensation_names},
               {"selection", dc3_selection_names},
               {"store", dc3_store_names},
               {"balance", dc3_balance_names},
               {"train", finetune_parts},
               {"lr_schedule", finetune_schedules},
               {"lr-schedule", finetune_schedules},
               {"lora_layers", lora_layers},
               {"lora-layers", lora_layers}};
    for (size_t i = 0; option && i < sizeof all / sizeof *all; i++)
        if (strcmp(all[i].option, option) == 0) return all[i].names;
    return NULL;
}

dc3_status dc3_option_parse(const char *setting, const char *word, int *value)
{
    const char *const *names = dc3_option_names(setting);
    DC3_TRY(dc3_place_need("value", value));
    if (!names)
        return dc3_fail(DC3_ERR_ARGUMENT, "there is no setting '%.40s' of words", setting ? setting : "");
    return dc3_choose_name(setting, word ? word : "", names, value);
}

/* How many constants a setting has. */
static int count_of(const char *setting)
{
    const char *const *names = dc3_option_names(setting);
    int count = 0;
    while (names[count]) count++;
    return count;
}

dc3_status dc3_option_check(const char *setting, int value, int has_default)
{
    int count = count_of(setting), least = has_default ? -1 : 0;
    if (value >= least && value < count) return DC3_OK;
    return dc3_fail_setting(setting, "expected a constant from %d to %d, found %d", least, count - 1, value);
}

static const char *name_of(const char *setting, int value)
{
    return value >= 0 && value < count_of(setting) ? dc3_option_names(setting)[value] : NULL;
}

#define WORDS(type, setting)                                                                                 \
    dc3_status type##_parse(const char *word, type *value)                                                   \
    {                                                                                                        \
        int place = 0;                                                                                       \
        DC3_TRY(dc3_place_need("value", value));                                                             \
        DC3_TRY(dc3_option_parse(setting, word, &place));                                                    \
        *value = (type)place;                                                                                \
        return DC3_OK;                                                                                       \
    }                                                                                                        \
    const char *type##_name(type value)                                                                      \
    {                                                                                                        \
        return name_of(setting, (int)value);                                                                 \
    }

WORDS(dc3_compute, "dtype")
WORDS(dc3_fit, "fit")
WORDS(dc3_image_format, "format")
WORDS(dc3_store_kind, "store")
WORDS(dc3_balance, "balance")
WORDS(dc3_combine, "combine")
WORDS(dc3_compensation_kind, "compensation")
WORDS(dc3_detail, "detail")
WORDS(dc3_sampler_kind, "sampler")
WORDS(dc3_label_kind, "labels")
WORDS(dc3_augment_kind, "augment")
WORDS(dc3_recipe_kind, "recipe")
WORDS(dc3_loss_kind, "loss")
WORDS(dc3_lr_schedule, "schedule")
WORDS(dc3_optimizer_kind, "optimizer")
WORDS(dc3_objective, "objective")
WORDS(dc3_maximizer, "maximizer")
WORDS(dc3_gradient, "gradient")
WORDS(dc3_selection_kind, "selection")
WORDS(dc3_finetune_part, "train")
WORDS(dc3_finetune_schedule, "lr_schedule")
