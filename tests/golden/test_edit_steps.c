/* The editor against its steps written down anew on the host (docs/method.md): what the denoiser is given,
 * guidance from all three predictions, and what a sampler's step makes of them. Every sampler, f32 and bf16,
 * two prompts; a model whose output is relative to the image and one whose is not. */
#include "support/random_tensors.h"
#include "diffusion/editor_private.h"
#include "ops/ops.h"

enum { SIZE = 32, PROMPTS = 2, KINDS = 3, ROWS = KINDS * PROMPTS, STEPS = 5, MOST = 16 * 16 * 4 };
enum { EVALUATIONS = STEPS + 9, SAMPLERS = DC3_DPMPP_3M_SDE + 1 }; /* at most: of pndm */

typedef struct edit {
    dc3_editor *editor;
    dc3_edit_settings settings;
    int64_t each;  /* latents of an image */
    float *noises; /* [EVALUATIONS + 1, PROMPTS, each] */
    float rgb[SIZE * SIZE * 3], image[MOST];
    int64_t ids[(PROMPTS + 1) * 128];
} edit;

static void open_edit(edit *e, const char *model, dc3_dtype dtype, dc3_sampler_kind sampler)
{
    dc3_rng rng = dc3_rng_make(7, DC3_RNG_TEST, 90);
    if (dc3_editor_open(model, dtype, 2, &e->editor) != DC3_OK) fail_msg("%s", dc3_error_text());
    dc3_editor_info info = dc3_editor_describe(e->editor);
    e->each = (int64_t)(SIZE / info.factor) * (SIZE / info.factor) * info.latent_channels;
    assert_true(e->each <= MOST);
    e->noises = random_values(&rng, DC3_F32, (EVALUATIONS + 1) * PROMPTS * e->each, 1);
    for (int i = 0; i < SIZE * SIZE * 3; i++) e->rgb[i] = (float)(i * 37 % 256) / 255;
    int tokens = dc3_editor_tokens(e->editor);
    assert_true(tokens <= 128);
    for (int i = 0; i < (PROMPTS + 1) * tokens; i++) e->ids[i] = between(&rng, 0, 15);
    assert_int_equal(dc3_editor_encode(e->editor, 1, SIZE, e->rgb, e->image), DC3_OK);
    e->settings = dc3_editor_defaults(e->editor);
    e->settings.size = SIZE, e->settings.steps = STEPS, e->settings.sampler = sampler;
}

static void close_edit(edit *e)
{
    free(e->noises);
    dc3_editor_close(&e->editor);
}

/* The states of the texts that the rows see: the instructions, twice the empty text for each. */
static void give_texts(const edit *e, dc3_denoising *denoising)
{
    dc3_ctx *ctx = e->editor->ctx;
    int64_t tokens = dc3_editor_tokens(e->editor), channels = e->editor->model.denoiser->text_channels;
    int64_t rows[ROWS * 128];
    for (int r = 0; r < ROWS; r++)
        memcpy(rows + r * tokens, e->ids + (r < PROMPTS ? r : PROMPTS) * tokens,
               (size_t)tokens * sizeof *rows);
    dc3_tensor states = dc3_clip_text_of(ctx, e->editor->model.text, ROWS, tokens, rows);
    assert_int_equal(states.shape[2], channels);
    dc3_denoising_texts(ctx, denoising, states);
}

/* Predictions [ROWS, each] of the denoiser for x [PROMPTS, each]. */
static void predict(const edit *e, dc3_denoising *denoising, const float *x, float scale, int step,
                    float *out)
{
    dc3_ctx *ctx = e->editor->ctx;
    dc3_editor_info info = dc3_editor_describe(e->editor);
    int64_t side = SIZE / info.factor, c = info.latent_channels;
    float *in = malloc((size_t)(ROWS * 2 * e->each) * sizeof *in);
    for (int64_t i = 0; i < ROWS * e->each; i++) {
        int64_t row = i / e->each, pixel = i % e->each / c, channel = i % c;
        float *to = in + (row * side * side + pixel) * 2 * c;
        to[channel] = x[row % PROMPTS * e->each + i % e->each] * scale;
        to[c + channel] = row < 2 * PROMPTS ? e->image[i % e->each] : 0;
    }
    dc3_scope scope = dc3_scope_open(ctx);
    dc3_tensor t = dc3_upload(ctx, DC3_F32, 4, (int64_t[]){ROWS, side, side, 2 * c}, in);
    t = dc3_denoising_step(ctx, denoising, dc3_cast(ctx, t, dc3_ctx_dtype(ctx)), step);
    dc3_download(ctx, dc3_cast(ctx, t, DC3_F32), out);
    dc3_scope_close(ctx, scope);
    free(in);
}

/* e(none) + s_I (e(image) - e(none)) + s_T (e(text) - e(image)), less the share of the image in each that saw
 * it. */
static void guide(const edit *e, const float *out, double *y)
{
    double s_t = (double)e->settings.guidance, s_i = (double)e->settings.image_guidance;
    double share = e->editor->residual ? (double)dc3_vae_config_of(e->editor->model.vae)->scaling_factor : 0;
    for (int64_t i = 0; i < PROMPTS * e->each; i++) {
        double image = share * (double)e->image[i % e->each];
        double text = out[i] - image, seen = out[PROMPTS * e->each + i] - image;
        double none = out[2 * PROMPTS * e->each + i];
        y[i] = none + s_i * (seen - none) + s_t * (text - seen);
    }
}

/* Value i of x [n] and of the memories [.., n] after an evaluation. */
static void move(const dc3_sampler_step *a, int64_t n, int64_t i, double y, double noise, float *x,
                 double *memory)
{
    double terms[DC3_TERMS] = {x[i], (a->estimate[0] * x[i] + a->estimate[1] * y) / a->estimate[2]}, sum = 0;
    terms[DC3_TERM_SLOPE] =
        (a->slope[0] * x[i] + a->slope[1] * y + a->slope[2] * terms[DC3_TERM_ESTIMATE]) / a->slope[3];
    if (a->bound > 0) terms[DC3_TERM_ESTIMATE] = fmin(fmax(terms[DC3_TERM_ESTIMATE], -a->bound), a->bound);
    terms[DC3_TERM_NOISE] = noise;
    for (int m = 0; m < a->memories; m++) terms[DC3_TERM_MEMORY + m] = memory[m * n + i];
    for (int k = 0; k < DC3_TERMS; k++) sum += a->next[k] * terms[k];
    x[i] = (float)sum;
    for (int m = 0; m < a->memories; m++) {
        memory[m * n + i] = 0;
        for (int k = 0; k < DC3_TERMS; k++) memory[m * n + i] += a->keep[m][k] * terms[k];
    }
}

/* The final latents [PROMPTS, each] step by step. */
static void by_hand(const edit *e, float *latents)
{
    int64_t n = PROMPTS * e->each;
    float *out = malloc((size_t)(ROWS * e->each) * sizeof *out), *x = latents;
    double *y = malloc((size_t)n * sizeof *y),
           *memory = calloc((size_t)(DC3_SAMPLER_MEMORIES * n), sizeof *memory);
    dc3_sampler *s;
    dc3_denoising *denoising;
    assert_int_equal(dc3_sampler_open(e->settings.sampler, &e->editor->model.scheduler, STEPS, &s), DC3_OK);
    int evaluations = dc3_sampler_evaluations(s);
    assert_true(evaluations >= STEPS && evaluations <= EVALUATIONS);
    assert_int_equal(dc3_denoising_open(e->editor->ctx, e->editor->model.denoiser, evaluations,
                                        dc3_sampler_timesteps(s), &denoising),
                     DC3_OK);
    dc3_scope scope = dc3_scope_open(e->editor->ctx);
    give_texts(e, denoising);
    for (int64_t i = 0; i < n; i++) x[i] = e->noises[i] * dc3_sampler_initial_sigma(s);
    for (int k = 0; k < evaluations; k++) {
        dc3_sampler_step a = dc3_sampler_step_of(s, k);
        predict(e, denoising, x, dc3_sampler_input_scale(s, k), k, out);
        guide(e, out, y);
        for (int64_t i = 0; i < n; i++) move(&a, n, i, y[i], e->noises[(k + 1) * n + i], x, memory);
    }
    assert_int_equal(dc3_ctx_status(e->editor->ctx), DC3_OK);
    dc3_scope_close(e->editor->ctx, scope);
    dc3_denoising_close(&denoising);
    dc3_sampler_close(&s);
    free(out), free(y), free(memory);
}

static void run(const edit *e, float *latents, float *edits)
{
    dc3_edit_request request = {
        .rgb = e->rgb, .n = PROMPTS, .ids = e->ids, .noises = e->noises, .edits = edits, .latents = latents};
    if (dc3_editor_run(e->editor, &e->settings, &request) != DC3_OK) fail_msg("%s", dc3_error_text());
}

/* Root mean square of the difference over that of b. */
static double apart(const float *a, const float *b, int64_t n)
{
    double error = 0, norm = 0;
    for (int64_t i = 0; i < n; i++) error += pow((double)a[i] - b[i], 2), norm += pow((double)b[i], 2);
    return sqrt(error / norm);
}

/* The same arithmetic but for the last bits of f32 sums. In bf16, with 8 bits, kernels may be others for
 * fewer rows.
 */
static double limit_of(dc3_dtype dtype)
{
    return dtype == DC3_F32 ? 1e-5 : 2e-2;
}

static void check(const char *model, dc3_dtype dtype, dc3_sampler_kind sampler, float *latents)
{
    static const float guidances[][2] = {{4, 1.5f}, {1, 1}, {0, 1.5f}, {2, 0}};
    static float edits[PROMPTS * SIZE * SIZE * 3];
    float expected[PROMPTS * MOST];
    edit e;
    open_edit(&e, model, dtype, sampler);
    /* Guidance does not depend on the sampler: all of it with the first, which draws noise, and the second.
     */
    for (int g = (int)sampler < 2 ? 0 : 3; g < 4; g++) {
        e.settings.guidance = guidances[g][0], e.settings.image_guidance = guidances[g][1];
        by_hand(&e, expected);
        run(&e, latents, edits);
        double error = apart(latents, expected, PROMPTS * e.each);
        if (!(error < limit_of(dtype)))
            fail_msg("%s, %s, %s, guidance %g and %g: %g off", model, dc3_dtype_name(dtype),
                     dc3_sampler_names[sampler], (double)guidances[g][0], (double)guidances[g][1], error);
        for (int i = 0; i < PROMPTS * SIZE * SIZE * 3; i++) assert_true(edits[i] >= 0 && edits[i] <= 1);
    }
    close_edit(&e);
}

static void all_samplers(dc3_dtype dtype, float latents[SAMPLERS + 1][PROMPTS * MOST])
{
    for (int k = 0; k < SAMPLERS; k++) {
        check(DC3_TEST_DATA "/ip2p", dtype, (dc3_sampler_kind)k, latents[k]);
        for (int j = 0; j < k; j++) /* no sampler is another, though ddpm and euler-ancestral are near */
            if (!(apart(latents[j], latents[k], PROMPTS * MOST) > 1e-5))
                fail_msg("%s is %s", dc3_sampler_names[j], dc3_sampler_names[k]);
    }
    check(DC3_MODELS "/dc3-mini", dtype, DC3_DDIM, latents[SAMPLERS]);
}

static float in_f32[SAMPLERS + 1][PROMPTS * MOST], in_bf16[SAMPLERS + 1][PROMPTS * MOST];

static void steps_in_f32(void **state)
{
    (void)state;
    all_samplers(DC3_F32, in_f32);
}

/* And the whole edit is that of f32, nearly. */
static void steps_in_bf16(void **state)
{
    (void)state;
    if (!dc3_cpu_has_bf16()) {
        print_message("skipped: bf16, which this processor does not have\n");
        skip();
    }
    all_samplers(DC3_BF16, in_bf16);
    for (int i = 0; i <= SAMPLERS; i++) {
        double error = apart(in_bf16[i], in_f32[i], PROMPTS * (i < SAMPLERS ? MOST : 8 * 8 * 4));
        if (!(error < 0.05 && error > 0)) fail_msg("case %d: bf16 is %g from f32", i, error);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(steps_in_f32), cmocka_unit_test(steps_in_bf16)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
