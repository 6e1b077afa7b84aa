/* Opening a sampler: its class by its constant, the schedule, and whether it can follow the configuration. */
#include "diffusion/sampler.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLASS_OF(constant, class, word) [constant] = &dc3_sampler_##class,
#define WORD_OF(constant, class, word) [constant] = word,
static const dc3_sampler_class *const classes[] = {DC3_SAMPLERS(CLASS_OF)};
enum { CLASSES = sizeof classes / sizeof *classes };
const char *const dc3_sampler_names[CLASSES + 1] = {DC3_SAMPLERS(WORD_OF)};

/* ---- what of the configuration is followed ---- */

static const struct {
    unsigned key;
    const char *name, *instead;
} keys[] = {{DC3_KEY_CLIP, "clip_sample", NULL},
            {DC3_KEY_ZERO_SNR, "rescale_betas_zero_snr", NULL},
            {DC3_KEY_RAMP, "use_karras_sigmas, use_exponential_sigmas or use_beta_sigmas", NULL},
            {DC3_KEY_FINAL_SIGMA, "final_sigmas_type", NULL},
            {DC3_KEY_INTERPOLATION, "interpolation_type", NULL},
            {DC3_KEY_TIMESTEP_TYPE, "timestep_type", NULL},
            {DC3_KEY_LAMBDA_MIN, "lambda_min_clipped", NULL},
            {DC3_KEY_THRESHOLDING, "thresholding", "false works, which is right for models of latents"},
            {DC3_KEY_LU_LAMBDAS, "use_lu_lambdas", "false works, and so does use_karras_sigmas"},
            {DC3_KEY_FLOW_SIGMAS, "use_flow_sigmas", "it is for models of another kind"},
            {DC3_KEY_TRAINED_BETAS, "trained_betas", "null with a 'beta_schedule' works"},
            {DC3_KEY_VARIANCE, "variance_type", "'fixed_small' and 'fixed_large' work"},
            {DC3_KEY_CORRECTOR, "disable_corrector", "an empty list works"},
            {DC3_KEY_SOLVER_P, "solver_p", "null works"},
            {DC3_KEY_SIGMA_MIN, "sigma_min", NULL},
            {DC3_KEY_SIGMA_MAX, "sigma_max", NULL},
            {DC3_KEY_SOLVER_ORDER, "solver_order", NULL},
            {DC3_KEY_SOLVER_TYPE, "solver_type", NULL},
            {DC3_KEY_ALGORITHM, "algorithm_type", NULL},
            {DC3_KEY_LOWER_ORDER, "lower_order_final", NULL},
            {DC3_KEY_EULER_AT_FINAL, "euler_at_final", NULL},
            {DC3_KEY_PREDICT_X0, "predict_x0", NULL},
            {DC3_KEY_LARGE_VARIANCE, "variance_type", NULL},
            {DC3_KEY_ORIGINAL_STEPS, "original_inference_steps", NULL},
            {DC3_KEY_TIMESTEP_SCALING, "timestep_scaling", NULL}};
enum { KEYS = sizeof keys / sizeof *keys };

const char *dc3_scheduler_ignored(const dc3_scheduler_config *c, dc3_sampler_kind kind, char *text,
                                  size_t size)
{
    const dc3_sampler_class *class = classes[kind];
    size_t used = 0;
    *text = 0;
    for (int i = 0; i < KEYS && used < size; i++)
        if (c->keys & keys[i].key & ~(class->follows | class->refuses))
            used += (size_t)snprintf(text + used, size - used, "%s'%s'", used ? ", " : "", keys[i].name);
    if (class->solver == DC3_SOLVER_NOISE && c->final_sigma_min == 0 && used < size)
        used += (size_t)snprintf(text + used, size - used,
                                 "%s'final_sigmas_type' (it ends at the least sigma)", used ? ", " : "");
    if (*c->unknown && used < size) snprintf(text + used, size - used, "%s%s", used ? ", " : "", c->unknown);
    return text;
}

static dc3_status check_keys(const dc3_sampler_class *class, const dc3_scheduler_config *c)
{
    for (int i = 0; i < KEYS; i++)
        if (c->keys & keys[i].key & (class->refuses | DC3_KEY_TRAINED_BETAS))
            return dc3_fail(DC3_ERR_UNSUPPORTED, "scheduler_config.json: '%s' is not supported as it is; %s",
                            keys[i].name, keys[i].instead);
    return DC3_OK;
}

/* ---- the sampler that a file means ---- */

/* Classes of diffusers that are others' twins here, or that dc3 lacks; `twin` is as the first, `nearest` may
 * take the place of the others. */
static const struct {
    const char *class, *twin, *nearest;
} relatives[] = {{"DDIMParallelScheduler", "DDIMScheduler", NULL},
                 {"DDPMParallelScheduler", "DDPMScheduler", NULL},
                 {"DEISMultistepScheduler", NULL, "dpmpp-2m"},
                 {"DPMSolverSinglestepScheduler", NULL, "dpmpp-2m"},
                 {"DPMSolverSDEScheduler", NULL, "dpmpp-2m-sde"},
                 {"KDPM2DiscreteScheduler", NULL, "heun"},
                 {"KDPM2AncestralDiscreteScheduler", NULL, "euler-ancestral"},
                 {"IPNDMScheduler", NULL, "pndm"},
                 {"SASolverScheduler", NULL, "dpmpp-2m-sde"},
                 {"TCDScheduler", NULL, "lcm"},
                 {"DPMSolverMultistepScheduler", NULL, "dpmpp-2m-sde"}}; /* of 'sde-dpmsolver' */

static int is(const dc3_sampler_class *class, const char *scheduler, const dc3_scheduler_config *c)
{
    static const char *const algorithms[] = {[DC3_SOLVER_DATA] = "dpmsolver++",
                                             [DC3_SOLVER_NOISE] = "dpmsolver",
                                             [DC3_SOLVER_DATA_SDE] = "sde-dpmsolver++"};
    if (strcmp(class->scheduler, scheduler) != 0) return 0;
    return !class->order ||
           (class->order == c->order && strcmp(algorithms[class->solver], c->algorithm) == 0);
}

dc3_status dc3_scheduler_sampler(const dc3_scheduler_config *c, dc3_sampler_kind *kind)
{
    const char *scheduler = *c->class_name ? c->class_name : "EulerAncestralDiscreteScheduler",
               *nearest = "euler";
    for (size_t i = 0; i < sizeof relatives / sizeof *relatives; i++)
        if (strcmp(relatives[i].class, c->class_name) == 0) {
            if (relatives[i].twin)
                scheduler = relatives[i].twin;
            else
                nearest = relatives[i].nearest;
        }
    *kind = DC3_SAMPLER_DEFAULT;
    for (int k = 0; k < CLASSES; k++)
        if (is(classes[k], scheduler, c)) {
            *kind = (dc3_sampler_kind)k;
            return DC3_OK;
        }
    int solver = strcmp(scheduler, dc3_sampler_dpmpp_2m.scheduler) == 0;
    return dc3_fail(DC3_ERR_UNSUPPORTED,
                    "scheduler_config.json: %s%s%s is not among dc3's samplers; %s %s works in its place",
                    scheduler, solver ? " with algorithm_type " : "", solver ? c->algorithm : "",
                    dc3_setting("sampler"), nearest);
}

/* ---- opening ---- */

/* diffusers puts 2^-24 at the end of a schedule of zero terminal signal-to-noise where it goes by sigmas,
 * which would be infinite. */
static void bound_sigmas(dc3_sampler *s)
{
    int by_sigmas = s->kind->plan == dc3_plan_sigmas || s->kind->plan == dc3_plan_solver;
    if (s->config.zero_snr && by_sigmas) s->alpha_bar[s->config.train_steps - 1] = 0x1p-24;
}

static dc3_status check_start(const dc3_sampler *s, const char *name)
{
    int infinite = !s->kind->sigma_form && s->alpha_bar[(int)s->times[0]] < 1e-12;
    if (infinite && s->config.prediction == DC3_PREDICT_EPSILON)
        return dc3_fail(
            DC3_ERR_UNSUPPORTED,
            "the sampler %s cannot start from pure noise ('rescale_betas_zero_snr') with a model that "
            "predicts epsilon; euler can",
            name);
    return DC3_OK;
}

static dc3_status open_inner(dc3_sampler *s, const char *name)
{
    dc3_scheduler_config *c = &s->config;
    s->alpha_bar = calloc((size_t)c->train_steps, sizeof *s->alpha_bar);
    if (!s->alpha_bar) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    DC3_TRY(check_keys(s->kind, c));
    if (!(s->kind->follows & DC3_KEY_ZERO_SNR)) c->zero_snr = 0;
    if (c->spacing < 0) c->spacing = (int)s->kind->spacing;
    if (c->set_alpha_to_one < 0) c->set_alpha_to_one = s->kind->alpha_to_one;
    dc3_schedule_alpha_bar(c, s->alpha_bar);
    bound_sigmas(s);
    s->final_alpha_bar = c->set_alpha_to_one ? 1 : s->alpha_bar[0];
    DC3_TRY(s->kind->plan(s));
    for (int i = 0; i < s->evaluations; i++) s->timesteps[i] = (float)s->times[i];
    return check_start(s, name);
}

dc3_status dc3_sampler_open(dc3_sampler_kind kind, const dc3_scheduler_config *config, int steps,
                            dc3_sampler **out)
{
    *out = NULL;
    if (steps < 1 || steps > config->train_steps)
        return dc3_fail_setting("steps", "expected 1 to %d, found %d", config->train_steps, steps);
    dc3_sampler *s = *out = calloc(1, sizeof *s);
    if (!s) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    s->kind = classes[kind];
    s->config = *config;
    s->steps = steps;
    dc3_status status = open_inner(s, dc3_sampler_names[kind]);
    if (status != DC3_OK) dc3_sampler_close(out);
    return status;
}

void dc3_sampler_close(dc3_sampler **sampler)
{
    if (!*sampler) return;
    free((*sampler)->alpha_bar);
    free((*sampler)->times);
    free((*sampler)->timesteps);
    free((*sampler)->sigmas);
    free(*sampler);
    *sampler = NULL;
}

int dc3_sampler_is(const dc3_sampler *s, dc3_sampler_kind kind, int steps)
{
    return s->kind == classes[kind] && s->steps == steps;
}

int dc3_sampler_evaluations(const dc3_sampler *s)
{
    return s->evaluations;
}

int dc3_sampler_memories(const dc3_sampler *s)
{
    return s->kind->memories;
}

const float *dc3_sampler_timesteps(const dc3_sampler *s)
{
    return s->timesteps;
}

float dc3_sampler_initial_sigma(const dc3_sampler *s)
{
    if (!s->kind->sigma_form) return 1;
    double most = s->sigmas[0];
    return (float)(s->config.spacing == DC3_SPACING_LEADING ? sqrt(most * most + 1) : most);
}

float dc3_sampler_input_scale(const dc3_sampler *s, int i)
{
    if (!s->kind->sigma_form) return 1;
    return (float)(1 / sqrt(s->sigmas[i] * s->sigmas[i] + 1));
}

dc3_sampler_step dc3_sampler_step_of(const dc3_sampler *s, int i)
{
    dc3_sampler_step step;
    s->kind->step(s, i, &step);
    return step;
}
