/* scheduler_config.json. diffusers' own defaults differ from class to class; what depends on the sampler that
 * is used in the end, which need not be the file's, stays open here. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include "base/text.h"
#include "diffusion/scheduler.h"
#include "io/json.h"

/* Which of the names the key has; `fallback` where absent. */
static dc3_status one_of(const json_t *o, const char *file, const char *key, const char *const *names,
                         int fallback, int *out)
{
    const char *found;
    char list[200];
    DC3_TRY(dc3_json_string(o, file, key, names[fallback < 0 ? 0 : fallback], &found));
    const json_t *value = json_object_get(o, key);
    if (fallback < 0 && (!value || json_is_null(value))) {
        *out = fallback;
        return DC3_OK;
    }
    for (int i = 0; names[i]; i++)
        if (strcmp(names[i], found) == 0) {
            *out = i;
            return DC3_OK;
        }
    return dc3_fail(DC3_ERR_UNSUPPORTED, "%s: '%s' is '%.60s'; supported are %s", file, key, found,
                    dc3_text_list(names, list, sizeof list));
}

static dc3_status read_flag(const json_t *o, const char *file, const char *key, unsigned bit, unsigned *keys)
{
    int on;
    DC3_TRY(dc3_json_bool(o, file, key, 0, &on));
    if (on) *keys |= bit;
    return DC3_OK;
}

static int present(const json_t *o, const char *key)
{
    const json_t *value = json_object_get(o, key);
    return value && !json_is_null(value) && !(json_is_array(value) && json_array_size(value) == 0);
}

static dc3_status read_betas(const json_t *o, const char *file, dc3_scheduler_config *c)
{
    static const char *const names[] = {"linear", "scaled_linear", "squaredcos_cap_v2", "sigmoid", NULL};
    int lcm = strcmp(c->class_name, "LCMScheduler") == 0, which;
    int narrow = lcm || strcmp(c->class_name, "HeunDiscreteScheduler") == 0;
    DC3_TRY(dc3_json_real(o, file, "beta_start", narrow ? 0.00085 : 0.0001, 1e-9, 0.999, &c->beta_start));
    DC3_TRY(dc3_json_real(o, file, "beta_end", narrow ? 0.012 : 0.02, 1e-9, 0.999, &c->beta_end));
    DC3_TRY(one_of(o, file, "beta_schedule", names, lcm ? DC3_BETAS_SCALED : DC3_BETAS_LINEAR, &which));
    c->betas = (dc3_betas)which;
    if (present(o, "trained_betas")) c->keys |= DC3_KEY_TRAINED_BETAS;
    DC3_TRY(dc3_json_bool(o, file, "rescale_betas_zero_snr", 0, &c->zero_snr));
    if (c->zero_snr) c->keys |= DC3_KEY_ZERO_SNR;
    return DC3_OK;
}

static dc3_status read_times(const json_t *o, const char *file, dc3_scheduler_config *c)
{
    static const char *const spacings[] = {"linspace", "leading", "trailing", NULL};
    static const char *const types[] = {"discrete", "continuous", NULL};
    static const char *const predictions[] = {"epsilon", "v_prediction", "sample", NULL};
    int64_t value;
    int which;
    DC3_TRY(one_of(o, file, "prediction_type", predictions, 0, &which));
    c->prediction = (dc3_prediction)which;
    DC3_TRY(one_of(o, file, "timestep_spacing", spacings, -1, &c->spacing));
    DC3_TRY(dc3_json_int(o, file, "steps_offset", 0, 0, c->train_steps - 1, &value));
    c->steps_offset = (int)value;
    DC3_TRY(one_of(o, file, "timestep_type", types, 0, &c->continuous));
    if (c->continuous) c->keys |= DC3_KEY_TIMESTEP_TYPE;
    c->set_alpha_to_one = -1;
    if (present(o, "set_alpha_to_one"))
        DC3_TRY(dc3_json_bool(o, file, "set_alpha_to_one", 1, &c->set_alpha_to_one));
    return DC3_OK;
}

/* The bound of the estimate. DDIM and DDPM have one where the file says nothing. */
static dc3_status read_clip(const json_t *o, const char *file, dc3_scheduler_config *c)
{
    int usual = strncmp(c->class_name, "DDIM", 4) == 0 || strncmp(c->class_name, "DDPM", 4) == 0, clip;
    DC3_TRY(dc3_json_bool(o, file, "clip_sample", usual, &clip));
    DC3_TRY(dc3_json_real(o, file, "clip_sample_range", 1, 1e-6, 1e6, &c->clip));
    if (clip && present(o, "clip_sample")) c->keys |= DC3_KEY_CLIP;
    if (!clip) c->clip = 0;
    return read_flag(o, file, "thresholding", DC3_KEY_THRESHOLDING, &c->keys);
}

static dc3_status read_sigmas(const json_t *o, const char *file, dc3_scheduler_config *c)
{
    static const char *const ramps[] = {"use_karras_sigmas", "use_exponential_sigmas", "use_beta_sigmas"};
    static const char *const ends[] = {"zero", "sigma_min", NULL};
    static const char *const interpolations[] = {"linear", "log_linear", NULL};
    for (int i = 0; i < 3; i++) {
        int on;
        DC3_TRY(dc3_json_bool(o, file, ramps[i], 0, &on));
        if (on && c->ramp)
            return dc3_fail(DC3_ERR_FORMAT, "%s: '%s' and '%s' exclude each other", file, ramps[c->ramp - 1],
                            ramps[i]);
        if (on) c->ramp = (dc3_ramp)(DC3_RAMP_KARRAS + i), c->keys |= DC3_KEY_RAMP;
    }
    DC3_TRY(dc3_json_real(o, file, "sigma_min", 0, 0, 1e6, &c->sigma_min));
    DC3_TRY(dc3_json_real(o, file, "sigma_max", 0, 0, 1e6, &c->sigma_max));
    if (c->sigma_min > 0) c->keys |= DC3_KEY_SIGMA_MIN;
    if (c->sigma_max > 0) c->keys |= DC3_KEY_SIGMA_MAX;
    DC3_TRY(one_of(o, file, "final_sigmas_type", ends, -1, &c->final_sigma_min));
    if (c->final_sigma_min > 0) c->keys |= DC3_KEY_FINAL_SIGMA;
    DC3_TRY(one_of(o, file, "interpolation_type", interpolations, 0, &c->log_linear));
    if (c->log_linear) c->keys |= DC3_KEY_INTERPOLATION;
    DC3_TRY(read_flag(o, file, "use_lu_lambdas", DC3_KEY_LU_LAMBDAS, &c->keys));
    return read_flag(o, file, "use_flow_sigmas", DC3_KEY_FLOW_SIGMAS, &c->keys);
}

/* Of DPM-Solver and UniPC, each of which takes the other's words as its own first one. */
static dc3_status read_solver(const json_t *o, const char *file, dc3_scheduler_config *c)
{
    static const char *const types[] = {"midpoint", "heun", "logrho", "bh1", "bh2", NULL};
    static const char *const algorithms[] = {"dpmsolver++",   "dpmsolver", "sde-dpmsolver++",
                                             "sde-dpmsolver", "deis",      NULL};
    int64_t order;
    int type, algorithm, estimates_x0;
    DC3_TRY(dc3_json_int(o, file, "solver_order", 2, 1, 3, &order));
    c->order = (int)order;
    DC3_TRY(one_of(o, file, "solver_type", types, 0, &type));
    c->heun = type == 1, c->bh1 = type == 3;
    DC3_TRY(one_of(o, file, "algorithm_type", algorithms, 0, &algorithm));
    strcpy(c->algorithm, algorithms[algorithm == 4 ? 0 : algorithm]);
    DC3_TRY(dc3_json_bool(o, file, "lower_order_final", 1, &c->lower_order_final));
    DC3_TRY(dc3_json_bool(o, file, "euler_at_final", 0, &c->euler_at_final));
    DC3_TRY(dc3_json_real(o, file, "lambda_min_clipped", -1e308, -1e308, 100, &c->lambda_min));
    if (present(o, "lambda_min_clipped") && c->lambda_min > -100) c->keys |= DC3_KEY_LAMBDA_MIN;
    DC3_TRY(dc3_json_bool(o, file, "predict_x0", 1, &estimates_x0));
    c->predict_noise = !estimates_x0;
    if (present(o, "disable_corrector")) c->keys |= DC3_KEY_CORRECTOR;
    if (present(o, "solver_p")) c->keys |= DC3_KEY_SOLVER_P;
    if (order != 2) c->keys |= DC3_KEY_SOLVER_ORDER;
    if (c->heun || c->bh1) c->keys |= DC3_KEY_SOLVER_TYPE;
    if (strcmp(c->algorithm, algorithms[0]) != 0) c->keys |= DC3_KEY_ALGORITHM;
    if (!c->lower_order_final) c->keys |= DC3_KEY_LOWER_ORDER;
    if (c->euler_at_final) c->keys |= DC3_KEY_EULER_AT_FINAL;
    if (c->predict_noise) c->keys |= DC3_KEY_PREDICT_X0;
    return DC3_OK;
}

/* Of PNDM, DDPM and LCM. */
static dc3_status read_others(const json_t *o, const char *file, dc3_scheduler_config *c)
{
    const char *variance;
    int64_t steps;
    DC3_TRY(dc3_json_bool(o, file, "skip_prk_steps", 0, &c->skip_prk));
    DC3_TRY(dc3_json_string(o, file, "variance_type", "fixed_small", &variance));
    c->variance_large = strcmp(variance, "fixed_large") == 0;
    if (!c->variance_large && strcmp(variance, "fixed_small") != 0 &&
        strcmp(variance, "fixed_small_log") != 0)
        c->keys |= DC3_KEY_VARIANCE;
    int most = c->train_steps, usual = most < 50 ? most : 50;
    DC3_TRY(dc3_json_int(o, file, "original_inference_steps", usual, 1, most, &steps));
    c->original_steps = (int)steps;
    if (c->variance_large) c->keys |= DC3_KEY_LARGE_VARIANCE;
    if (steps != usual) c->keys |= DC3_KEY_ORIGINAL_STEPS;
    DC3_TRY(dc3_json_real(o, file, "timestep_scaling", 10, 0, 1e6, &c->timestep_scaling));
    if (c->timestep_scaling < 10 || c->timestep_scaling > 10) c->keys |= DC3_KEY_TIMESTEP_SCALING;
    return DC3_OK;
}

/* 1 of keys that are read above; of those that say nothing without another key, which is read; and of
 * PNDM's and DDIM's that diffusers writes from one class to the next. */
static int is_known(const char *key)
{
    static const char *const known[] = {"beta_start",
                                        "beta_end",
                                        "beta_schedule",
                                        "trained_betas",
                                        "rescale_betas_zero_snr",
                                        "prediction_type",
                                        "timestep_spacing",
                                        "steps_offset",
                                        "timestep_type",
                                        "set_alpha_to_one",
                                        "clip_sample",
                                        "clip_sample_range",
                                        "thresholding",
                                        "dynamic_thresholding_ratio",
                                        "sample_max_value",
                                        "use_karras_sigmas",
                                        "use_exponential_sigmas",
                                        "use_beta_sigmas",
                                        "sigma_min",
                                        "sigma_max",
                                        "final_sigmas_type",
                                        "interpolation_type",
                                        "use_lu_lambdas",
                                        "use_flow_sigmas",
                                        "flow_shift",
                                        "solver_order",
                                        "solver_type",
                                        "algorithm_type",
                                        "lower_order_final",
                                        "euler_at_final",
                                        "lambda_min_clipped",
                                        "predict_x0",
                                        "disable_corrector",
                                        "solver_p",
                                        "skip_prk_steps",
                                        "variance_type",
                                        "original_inference_steps",
                                        "timestep_scaling",
                                        "num_train_timesteps",
                                        "time_shift_type",
                                        "noise_sampler_seed"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(key, known[i]) == 0) return 1;
    return 0;
}

/* null, false, 0, "", [] */
static int says_nothing(const json_t *value)
{
    if (json_is_number(value)) return fabs(json_number_value(value)) <= 0;
    if (json_is_string(value)) return !*json_string_value(value);
    if (json_is_array(value)) return json_array_size(value) == 0;
    return json_is_null(value) || json_is_false(value) || (json_is_object(value) && !json_object_size(value));
}

static void list_unknown(const json_t *o, dc3_scheduler_config *c)
{
    size_t used = 0;
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)o, key, value)
    {
        if (*key == '_' || is_known(key) || says_nothing(value) || used >= sizeof c->unknown) continue;
        used +=
            (size_t)snprintf(c->unknown + used, sizeof c->unknown - used, "%s'%.40s'", used ? ", " : "", key);
    }
}

/* Classes of models that are not trained on a schedule of betas. */
static dc3_status check_kind(const char *file, const char *name)
{
    static const char *const others[] = {"FlowMatch", "FlowMap", "EDM", "SCM", "ScoreSde", "CMStochastic"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (strncmp(name, others[i], strlen(others[i])) == 0)
            return dc3_fail(
                DC3_ERR_UNSUPPORTED,
                "%s: '_class_name' is %.60s, of models of another kind, which no sampler of dc3 runs", file,
                name);
    return DC3_OK;
}

static dc3_status fill(const json_t *o, const char *file, void *config)
{
    dc3_scheduler_config *c = config;
    const char *name;
    int64_t steps;
    DC3_TRY(dc3_json_string(o, file, "_class_name", "", &name));
    strncpy(c->class_name, name, sizeof c->class_name - 1);
    DC3_TRY(check_kind(file, name));
    DC3_TRY(dc3_json_int(o, file, "num_train_timesteps", 1000, 2, 100000, &steps));
    c->train_steps = (int)steps;
    DC3_TRY(read_betas(o, file, c));
    DC3_TRY(read_times(o, file, c));
    DC3_TRY(read_clip(o, file, c));
    DC3_TRY(read_sigmas(o, file, c));
    DC3_TRY(read_solver(o, file, c));
    list_unknown(o, c);
    return read_others(o, file, c);
}

dc3_status dc3_scheduler_config_read(const char *path, dc3_scheduler_config *config)
{
    return dc3_json_config(path, fill, config, sizeof *config);
}
