/* Time steps and whole trajectories of every sampler against diffusers (tools/golden/networks.py). */
#include "support/random_tensors.h"
#include <stdio.h>
#include <unistd.h>
#include "base/file.h"
#include "diffusion/scheduler.h"
#include "kernels/backend.h"
#include "io/json.h"
#include "io/safetensors.h"

enum { SIZE = 12 }; /* of x */

static const float *data(const dc3_table *golden, const char *name, const char *what)
{
    char full[256];
    snprintf(full, sizeof full, "%s%s%s", name, what ? "." : "", what ? what : "");
    const dc3_tensor *t = dc3_table_find(golden, full);
    if (!t) fail_msg("no %s", full);
    return t->data;
}

/* The network that the golden file was made with. x [2, 6]. */
static void fake_model(const float *x, float t, float *y)
{
    for (int i = 0; i < 12; i++)
        y[i] = 0.8f * sinf(1.3f * x[i] + 0.002f * t) + 0.1f * x[i / 6 * 6 + 5 - i % 6];
}

static dc3_status read_text(const char *text, dc3_scheduler_config *config)
{
    char path[] = "/tmp/dc3-scheduler-XXXXXX";
    close(mkstemp(path));
    assert_int_equal(dc3_file_write(path, text, strlen(text)), DC3_OK);
    dc3_status status = dc3_scheduler_config_read(path, config);
    remove(path);
    return status;
}

static void step(const dc3_sampler *s, int i, int64_t n, const float *output, const float *noise, float *x,
                 float *memory)
{
    dc3_sampler_step made = dc3_sampler_step_of(s, i);
    dc3_kernels_ref()->sampler_step(&made, n, output, noise, x, memory);
}

static void check_case(const dc3_table *golden, const json_t *entry)
{
    static const char *const kinds[] = {"euler_ancestral", "euler", "ddim", "dpmpp_2m"};
    const char *name = json_string_value(json_object_get(entry, "name"));
    const char *kind = json_string_value(json_object_get(entry, "kind"));
    int steps = (int)json_integer_value(json_object_get(entry, "steps")), which = 0;
    while (strcmp(kinds[which], kind) != 0) which++;
    char path[512];
    snprintf(path, sizeof path, "%s/samplers/%s.json", DC3_TEST_DATA,
             json_string_value(json_object_get(entry, "config")));
    dc3_scheduler_config config;
    dc3_sampler *s;
    if (dc3_scheduler_config_read(path, &config) != DC3_OK ||
        dc3_sampler_open((dc3_sampler_kind)which, &config, steps, &s) != DC3_OK)
        fail_msg("%s: %s", name, dc3_error_text());
    const float *times = data(golden, name, "timesteps"), *noise = data(golden, name, "noise");
    const float *end = data(golden, name, "end");
    float x[SIZE], in[SIZE], out[SIZE], memory[SIZE * DC3_SAMPLER_MEMORIES] = {0};
    memcpy(x, data(golden, name, "start"), sizeof x);
    assert_int_equal(dc3_sampler_evaluations(s), steps);
    for (int i = 0; i < steps; i++) {
        if (fabsf(times[i] - dc3_sampler_timesteps(s)[i]) > 1e-3f)
            fail_msg("%s: time step %d is %g, should be %g", name, i, dc3_sampler_timesteps(s)[i], times[i]);
        for (int k = 0; k < 12; k++) in[k] = x[k] * dc3_sampler_input_scale(s, i);
        fake_model(in, times[i], out);
        step(s, i, 12, out, noise + 12 * i, x, memory);
    }
    /* diffusers keeps sigmas in f32; with zero terminal SNR the first one is 4,096. */
    double limit = config.zero_snr ? 3e-4 : 1e-5;
    double scale = 0, error = 0;
    for (int k = 0; k < 12; k++) scale = fmax(scale, fabs(end[k])), error = fmax(error, fabs(end[k] - x[k]));
    if (!(error <= limit * (1 + scale))) fail_msg("%s: error %g of %g", name, error, scale);
    dc3_sampler_close(&s);
}

static void trajectories(void **state)
{
    (void)state;
    dc3_table *golden;
    json_t *cases;
    if (dc3_safetensors_open(DC3_TEST_DATA "/samplers/golden.safetensors", &golden) != DC3_OK ||
        dc3_json_read(DC3_TEST_DATA "/samplers/cases.json", 1 << 20, &cases) != DC3_OK)
        fail_msg("%s", dc3_error_text());
    json_t *list = json_object_get(cases, "cases");
    assert_true(json_array_size(list) > 100);
    for (size_t i = 0; i < json_array_size(list); i++) check_case(golden, json_array_get(list, i));
    json_decref(cases);
    dc3_table_close(&golden);
}

/* Whole trajectories by the configuration alone (tools/golden/schedulers.py): the class is the sampler, and
 * every value is followed. x starts as the first row of noise; row i + 1 is for evaluation i. */
static void check_file(const dc3_table *golden, const char *name, const json_t *config, int steps)
{
    char *text = json_dumps(config, 0);
    const float *noise = data(golden, "noise", NULL), *times = data(golden, name, "times");
    const float *end = data(golden, name, "end");
    float x[SIZE], in[SIZE], out[SIZE], memory[SIZE * DC3_SAMPLER_MEMORIES] = {0};
    dc3_scheduler_config c;
    dc3_sampler_kind kind;
    dc3_sampler *s;
    if (read_text(text, &c) != DC3_OK || dc3_scheduler_sampler(&c, &kind) != DC3_OK ||
        dc3_sampler_open(kind, &c, steps, &s) != DC3_OK)
        fail_msg("%s: %s", text, dc3_error_text());
    for (int k = 0; k < SIZE; k++) x[k] = noise[k] * dc3_sampler_initial_sigma(s);
    for (int i = 0; i < dc3_sampler_evaluations(s); i++) {
        float time = dc3_sampler_timesteps(s)[i];
        if (fabsf(times[i] - time) > 1e-3f)
            fail_msg("%s: time %d is %g, should be %g", text, i, time, times[i]);
        for (int k = 0; k < SIZE; k++) in[k] = x[k] * dc3_sampler_input_scale(s, i);
        fake_model(in, times[i], out);
        step(s, i, SIZE, out, noise + SIZE * (i + 1), x, memory);
    }
    double limit = c.zero_snr ? 3e-4 : 1e-5, scale = 0, error = 0; /* as above */
    for (int k = 0; k < SIZE; k++) {
        scale = fmax(scale, fabs(end[k]));
        error = fmax(error, fabs(end[k] - x[k]));
    }
    if (!(error <= limit * (1 + scale))) fail_msg("%s, %d steps: error %g of %g", text, steps, error, scale);
    dc3_sampler_close(&s);
    free(text);
}

static void files(void **state)
{
    (void)state;
    dc3_table *golden;
    json_t *cases;
    if (dc3_safetensors_open(DC3_TEST_DATA "/schedulers/golden.safetensors", &golden) != DC3_OK ||
        dc3_json_read(DC3_TEST_DATA "/schedulers/cases.json", 1 << 20, &cases) != DC3_OK)
        fail_msg("%s", dc3_error_text());
    json_t *list = json_object_get(cases, "cases");
    assert_true(json_array_size(list) > 100);
    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *entry = json_array_get(list, i), *all = json_object_get(entry, "steps");
        for (size_t k = 0; k < json_array_size(all); k++) {
            char name[40];
            int steps = (int)json_integer_value(json_array_get(all, k));
            snprintf(name, sizeof name, "%zu.%d", i, steps);
            check_file(golden, name, json_object_get(entry, "config"), steps);
        }
    }
    json_decref(cases);
    dc3_table_close(&golden);
}

static void bad_values(void **state)
{
    (void)state;
    dc3_scheduler_config config = {.train_steps = 1000, .beta_start = 0.001, .beta_end = 0.01};
    dc3_sampler *s;
    assert_int_equal(dc3_sampler_open(DC3_EULER, &config, 0, &s), DC3_ERR_OPTION);
    assert_int_equal(dc3_sampler_open(DC3_EULER, &config, 1001, &s), DC3_ERR_OPTION);
    assert_string_equal(dc3_error_text(), "steps: expected 1 to 1000, found 1001");
}

static void bad_configs(void **state)
{
    (void)state;
    dc3_scheduler_config c;
    static const char *const damaged[] = {"",
                                          "{\"use_karras_sigmas\": true, \"use_beta_sigmas\": true}",
                                          "{\"solver_order\": 4}",
                                          "[]",
                                          "{\"beta_start\": NaN}",
                                          "{\"beta_start\": -1}",
                                          "{\"beta_end\": \"0.1\"}",
                                          "{\"num_train_timesteps\": 1}",
                                          "{\"set_alpha_to_one\": 1}"};
    static const char *const unknown[] = {
        "{\"timestep_spacing\": \"even\"}", "{\"beta_schedule\": \"laplace\"}",
        "{\"prediction_type\": \"flow_prediction\"}", "{\"final_sigmas_type\": \"none\"}",
        "{\"_class_name\": \"FlowMatchEulerDiscreteScheduler\"}"};
    for (size_t i = 0; i < sizeof damaged / sizeof *damaged; i++)
        if (read_text(damaged[i], &c) != DC3_ERR_FORMAT) fail_msg("accepted: %s", damaged[i]);
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++)
        if (read_text(unknown[i], &c) != DC3_ERR_UNSUPPORTED) fail_msg("accepted: %s", unknown[i]);
    assert_int_equal(read_text("{\"trained_betas\": null, \"use_karras_sigmas\": false}", &c), DC3_OK);
    assert_int_equal(dc3_scheduler_config_read("/nonexistent", &c), DC3_ERR_IO);
}

/* What a sampler cannot follow is refused by the name of the key, or left out and named. */
static void not_followed(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        dc3_sampler_kind kind;
        const char *refused, *ignored;
    } cases[] = {
        {"{\"thresholding\": true}", DC3_DDIM, "'thresholding'", NULL},
        {"{\"thresholding\": true}", DC3_EULER, NULL, "'thresholding'"},
        {"{\"use_lu_lambdas\": true}", DC3_DPMPP_3M, "'use_lu_lambdas'", NULL},
        {"{\"trained_betas\": [0.1, 0.2]}", DC3_PNDM, "'trained_betas'", NULL},
        {"{\"variance_type\": \"learned_range\"}", DC3_DDPM, "'variance_type'", NULL},
        {"{\"variance_type\": \"learned_range\"}", DC3_DDIM, NULL, "'variance_type'"},
        {"{\"disable_corrector\": [0]}", DC3_UNIPC, "'disable_corrector'", NULL},
        {"{\"use_karras_sigmas\": true}", DC3_EULER, NULL, ""},
        {"{\"use_karras_sigmas\": true}", DC3_EULER_ANCESTRAL, NULL,
         "'use_karras_sigmas, use_exponential_sigmas or use_beta_sigmas'"},
        {"{\"rescale_betas_zero_snr\": true}", DC3_HEUN, NULL, "'rescale_betas_zero_snr'"},
        {"{\"clip_sample\": true}", DC3_LMS, NULL, "'clip_sample'"},
        {"{\"final_sigmas_type\": \"zero\"}", DC3_DPM_2M, NULL,
         "'final_sigmas_type' (it ends at the least sigma)"},
        {"{\"eta\": 0.5, \"sigma_max\": 20, \"solver_order\": 3, \"timestep_scaling\": 5}", DC3_DDIM, NULL,
         "'sigma_max', 'solver_order', 'timestep_scaling', 'eta'"},
        {"{\"eta\": 0.0, \"sigma_max\": null, \"solver_order\": 2, \"timestep_scaling\": 10, "
         "\"_note\": 1, \"skip_prk_steps\": true, \"gamma\": []}",
         DC3_DDIM, NULL, ""},
        {"{\"sigma_max\": 20, \"solver_order\": 3, \"euler_at_final\": true}", DC3_DPMPP_3M, NULL, ""},
        {"{\"timestep_scaling\": 5, \"original_inference_steps\": 40}", DC3_LCM, NULL, ""},
        {"{\"prediction_type\": \"sample\"}", DC3_PNDM, "'sample'; ddim can", NULL},
        {"{\"rescale_betas_zero_snr\": true, \"timestep_spacing\": \"trailing\"}", DC3_DDIM, "euler can",
         NULL}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dc3_scheduler_config c;
        dc3_sampler *s;
        char text[400];
        assert_int_equal(read_text(cases[i].text, &c), DC3_OK);
        dc3_status status = dc3_sampler_open(cases[i].kind, &c, 10, &s);
        if ((status != DC3_OK) != (cases[i].refused != NULL))
            fail_msg("%s: %s", cases[i].text, dc3_error_text());
        if (status != DC3_OK && !strstr(dc3_error_text(), cases[i].refused))
            fail_msg("%s: %s", cases[i].text, dc3_error_text());
        dc3_scheduler_ignored(&c, cases[i].kind, text, sizeof text);
        if (cases[i].ignored) assert_string_equal(text, cases[i].ignored);
        dc3_sampler_close(&s);
    }
}

/* The class names the sampler; one that dc3 lacks is refused with another that works. */
static void classes(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        dc3_sampler_kind kind;
        const char *error;
    } cases[] = {
        {"{}", DC3_EULER_ANCESTRAL, NULL},
        {"{\"_class_name\": \"PNDMScheduler\"}", DC3_PNDM, NULL},
        {"{\"_class_name\": \"DDIMParallelScheduler\"}", DC3_DDIM, NULL},
        {"{\"_class_name\": \"DPMSolverMultistepScheduler\"}", DC3_DPMPP_2M, NULL},
        {"{\"_class_name\": \"DPMSolverMultistepScheduler\", \"algorithm_type\": \"deis\"}", DC3_DPMPP_2M,
         NULL},
        {"{\"_class_name\": \"DPMSolverMultistepScheduler\", \"algorithm_type\": \"sde-dpmsolver\"}",
         DC3_SAMPLER_DEFAULT,
         "DPMSolverMultistepScheduler with algorithm_type sde-dpmsolver is not among dc3's samplers; "
         "sampler dpmpp-2m-sde works in its place"},
        {"{\"_class_name\": \"DEISMultistepScheduler\"}", DC3_SAMPLER_DEFAULT,
         "DEISMultistepScheduler is not among dc3's samplers; sampler dpmpp-2m works in its place"},
        {"{\"_class_name\": \"NewestScheduler\"}", DC3_SAMPLER_DEFAULT, "euler works in its place"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dc3_scheduler_config c;
        dc3_sampler_kind kind;
        assert_int_equal(read_text(cases[i].text, &c), DC3_OK);
        dc3_status status = dc3_scheduler_sampler(&c, &kind);
        assert_int_equal(kind, cases[i].kind);
        assert_int_equal(status, cases[i].error ? DC3_ERR_UNSUPPORTED : DC3_OK);
        if (status != DC3_OK && !strstr(dc3_error_text(), cases[i].error)) fail_msg("%s", dc3_error_text());
    }
}

/* Steps that a sampler cannot take. */
static void few_steps(void **state)
{
    (void)state;
    dc3_scheduler_config c;
    dc3_sampler *s;
    assert_int_equal(read_text("{\"original_inference_steps\": 20}", &c), DC3_OK);
    assert_int_equal(dc3_sampler_open(DC3_LCM, &c, 21, &s), DC3_ERR_ARGUMENT);
    assert_non_null(strstr(dc3_error_text(), "at most 20"));
    assert_int_equal(dc3_sampler_open(DC3_PNDM, &c, 3, &s), DC3_ERR_ARGUMENT);
    assert_non_null(strstr(dc3_error_text(), "at least 4"));
}

/* diffusers 0.42's DDIMScheduler with clip_sample and the same outputs. */
static void clipped(void **state)
{
    (void)state;
    static const float wanted[4][4] = {{0.845258f, -0.431947f, 0.117483f, 1.283417f},
                                       {0.856282f, -0.144283f, 0.050917f, 0.944444f},
                                       {0.807574f, 0.086773f, -0.0036f, 0.625773f},
                                       {0.801118f, 0.088024f, -0.003905f, 0.623612f}};
    const float base[] = {0.5f, -1, 0.25f, 2};
    float x[] = {1.5f, -0.3f, 0.2f, -2}, memory[4] = {0};
    dc3_scheduler_config c;
    dc3_sampler *s;
    assert_int_equal(
        read_text("{\"_class_name\": \"DDIMScheduler\", \"beta_start\": 0.00085, \"beta_end\": 0.012, "
                  "\"beta_schedule\": \"scaled_linear\", \"set_alpha_to_one\": false, "
                  "\"clip_sample_range\": 0.8, \"steps_offset\": 1}",
                  &c),
        DC3_OK);
    assert_int_equal(dc3_sampler_open(DC3_DDIM, &c, 4, &s), DC3_OK);
    for (int i = 0; i < 4; i++) {
        float output[4];
        for (int k = 0; k < 4; k++) output[k] = base[k] * (1 - 0.3f * (float)i);
        step(s, i, 4, output, NULL, x, memory);
        for (int k = 0; k < 4; k++) assert_true(fabsf(x[k] - wanted[i][k]) < 1e-5f);
    }
    dc3_sampler_close(&s);
    assert_int_equal(read_text("{\"_class_name\": \"DDIMScheduler\", \"clip_sample\": false}", &c), DC3_OK);
    assert_true(c.clip == 0);
    assert_int_equal(read_text("{\"lambda_min_clipped\": -Infinity, \"text\": \"\\\" Infinity\"}", &c),
                     DC3_OK);
    assert_true(c.clip == 0);
    assert_int_equal(read_text("{\"beta_end\": Infinity}", &c), DC3_ERR_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(trajectories), cmocka_unit_test(files),
                                       cmocka_unit_test(bad_values),   cmocka_unit_test(bad_configs),
                                       cmocka_unit_test(not_followed), cmocka_unit_test(classes),
                                       cmocka_unit_test(few_steps),    cmocka_unit_test(clipped)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
