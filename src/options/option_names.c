#include "options/option_names.h"

#include <string.h>
#include "dc3/condense.h"
#include "diffusion/editor.h"
#include "io/image.h"
#include "select/objective.h"

const char *const dc3_compute_names[] = {"auto", "f32", "bf16", NULL};
const char *const dc3_combine_names[] = {"gradient", "random", "grid", "fourfold", NULL};
const char *const dc3_label_names[] = {"soft", "stored", "hard", NULL};
const char *const dc3_augment_names[] = {"rded", "none", NULL};
const char *const dc3_optimizer_names[] = {"sgd", "adamw", NULL};

const char *const *dc3_option_names(const char *option)
{
    static const struct {
        const char *option;
        const char *const *names;
    } all[] = {{"dtype", dc3_compute_names},
               {"labels", dc3_label_names},
               {"augment", dc3_augment_names},
               {"optimizer", dc3_optimizer_names},
               {"fit", dc3_fit_names},
               {"format", dc3_format_names},
               {"combine", dc3_combine_names},
               {"detail", dc3_detail_names},
               {"sampler", dc3_sampler_names},
               {"objective", dc3_objective_names},
               {"maximizer", dc3_maximizer_names},
               {"gradient", dc3_gradient_names}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (strcmp(all[i].option, option) == 0) return all[i].names;
    return NULL;
}
