#include <string.h>
#include "diffusion/scheduler.h"
#include "io/json.h"

const char *const dc3_sampler_names[] = {"euler-ancestral", "euler", "ddim", "dpmpp-2m", NULL};

/* Which of `count` names the key has; `fallback` where absent. */
static dc3_status one_of(const json_t *o, const char *file, const char *key, const char *const *names,
                         int count, int fallback, int *out)
{
    const char *found;
    DC3_TRY(dc3_json_string(o, file, key, names[fallback], &found));
    for (int i = 0; i < count; i++)
        if (strcmp(names[i], found) == 0) {
            *out = i;
            return DC3_OK;
        }
    return dc3_fail(DC3_ERR_UNSUPPORTED, "%s: '%s' is '%.60s'; supported are '%s' and '%s'", file, key, found,
                    names[0], names[1]);
}

/* What would change the numbers and is not implemented must not be switched on. */
static dc3_status refuse_unsupported(const json_t *o, const char *file)
{
    static const char *const flags[] = {"thresholding",    "use_karras_sigmas", "use_exponential_sigmas",
                                        "use_beta_sigmas", "use_lu_lambdas",    "use_flow_sigmas"};
    static const struct {
        const char *key, *value;
    } fixed[] = {{"algorithm_type", "dpmsolver++"},
                 {"solver_type", "midpoint"},
                 {"final_sigmas_type", "zero"},
                 {"interpolation_type", "linear"},
                 {"timestep_type", "discrete"}};
    const json_t *betas = json_object_get(o, "trained_betas");
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        int on;
        DC3_TRY(dc3_json_bool(o, file, flags[i], 0, &on));
        if (on) return dc3_fail(DC3_ERR_UNSUPPORTED, "%s: '%s' is not supported", file, flags[i]);
    }
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++) {
        const char *found;
        DC3_TRY(dc3_json_string(o, file, fixed[i].key, fixed[i].value, &found));
        if (strcmp(found, fixed[i].value) != 0)
            return dc3_fail(DC3_ERR_UNSUPPORTED, "%s: '%s' is '%.60s'; supported is '%s'", file, fixed[i].key,
                            found, fixed[i].value);
    }
    if (betas && !json_is_null(betas))
        return dc3_fail(DC3_ERR_UNSUPPORTED, "%s: 'trained_betas' is not supported", file);
    return DC3_OK;
}

static dc3_status fill(const json_t *o, const char *file, void *config)
{
    dc3_scheduler_config *c = config;
    static const char *const betas[] = {"linear", "scaled_linear"};
    static const char *const predictions[] = {"epsilon", "v_prediction", "sample"};
    static const char *const spacings[] = {"linspace", "leading", "trailing"};
    int64_t value;
    int choice = 0;
    const char *name;
    DC3_TRY(refuse_unsupported(o, file));
    DC3_TRY(dc3_json_int(o, file, "num_train_timesteps", 1000, 2, 100000, &value));
    c->train_steps = (int)value;
    DC3_TRY(dc3_json_real(o, file, "beta_start", 0.0001, 1e-9, 0.999, &c->beta_start));
    DC3_TRY(dc3_json_real(o, file, "beta_end", 0.02, 1e-9, 0.999, &c->beta_end));
    DC3_TRY(one_of(o, file, "beta_schedule", betas, 2, 0, &c->scaled_linear));
    DC3_TRY(one_of(o, file, "prediction_type", predictions, 3, 0, &choice));
    c->prediction = (dc3_prediction)choice;
    DC3_TRY(dc3_json_string(o, file, "_class_name", "", &name));
    /* diffusers' own defaults differ from class to class. */
    int usual = strcmp(name, "DDIMScheduler") == 0 ? DC3_SPACING_LEADING : DC3_SPACING_LINSPACE;
    DC3_TRY(one_of(o, file, "timestep_spacing", spacings, 3, usual, &choice));
    c->spacing = (dc3_spacing)choice;
    DC3_TRY(dc3_json_int(o, file, "steps_offset", 0, 0, 1, &value));
    c->steps_offset = (int)value;
    DC3_TRY(dc3_json_bool(o, file, "set_alpha_to_one", 1, &c->set_alpha_to_one));
    DC3_TRY(dc3_json_bool(o, file, "rescale_betas_zero_snr", 0, &c->zero_snr));
    /* Only DDIM clips, and by default. */
    int clip, ddim = strcmp(name, "DDIMScheduler") == 0;
    DC3_TRY(dc3_json_bool(o, file, "clip_sample", ddim, &clip));
    DC3_TRY(dc3_json_real(o, file, "clip_sample_range", 1, 1e-6, 1e6, &c->clip));
    if (!clip || !ddim) c->clip = 0;
    strncpy(c->class_name, name, sizeof c->class_name - 1);
    return DC3_OK;
}

dc3_status dc3_scheduler_config_read(const char *path, dc3_scheduler_config *config)
{
    return dc3_json_config(path, fill, config, sizeof *config);
}

dc3_sampler_kind dc3_scheduler_sampler(const dc3_scheduler_config *config)
{
    if (strcmp(config->class_name, "EulerDiscreteScheduler") == 0) return DC3_EULER;
    if (strcmp(config->class_name, "DDIMScheduler") == 0) return DC3_DDIM;
    if (strcmp(config->class_name, "DPMSolverMultistepScheduler") == 0) return DC3_DPMPP_2M;
    return DC3_EULER_ANCESTRAL;
}
