/* Training of denoisers against diffusers, peft and PyTorch (tools/golden/finetune.py, which says what is
 * computed): losses and their gradients; ten steps of each kind of training; blocks that backward computes
 * again give the same bits from less memory. */
#include "support/hash_weights.h"
#include "support/device_values.h"
#include "support/golden_nets.h"
#include "support/skips.h"
#include <stdio.h>
#include <unistd.h>
#include "finetune/tuner.h"
#include "nn/adapters/factors.h"

/* Sums in double precision of values in single; losses of ten steps in single precision. */
static const double limit = 1e-5, step_limit = 1e-3;

static json_t *cases;
static dc3_table *tables[4]; /* what networks refer to */
static int table_count;

static int open_files(void **state)
{
    (void)state;
    if (open_golden_file("finetune/golden.safetensors")) return 1;
    return dc3_json_read(DC3_TEST_DATA "/generators/nets.json", 1 << 20, &nets) != DC3_OK ||
           dc3_json_read(DC3_TEST_DATA "/finetune/cases.json", 1 << 20, &cases) != DC3_OK;
}

static int close_files(void **state)
{
    json_decref(cases);
    return close_golden_nets(state);
}

static const dc3_tensor *wanted(const char *name, const char *what)
{
    char text[160];
    snprintf(text, sizeof text, "%s.%s", name, what);
    const dc3_tensor *t = dc3_table_find(golden, text);
    if (!t) fail_msg("no tensor %s", text);
    return t;
}

static double real(const char *name, const char *key)
{
    return json_number_value(json_object_get(json_object_get(cases, name), key));
}

static const char *text(const char *name, const char *key)
{
    return json_string_value(json_object_get(json_object_get(cases, name), key));
}

static dc3_noising noising_of(const char *name)
{
    int scaled = strcmp(text(name, "schedule"), "scaled_linear") == 0;
    dc3_scheduler_config c = {.train_steps = 1000,
                              .betas = scaled ? DC3_BETAS_SCALED : DC3_BETAS_LINEAR,
                              .beta_start = scaled ? 0.00085 : 1e-4,
                              .beta_end = scaled ? 0.012 : 0.02};
    dc3_noising noising;
    c.prediction = strcmp(text(name, "prediction"), "epsilon") == 0 ? DC3_PREDICT_EPSILON : DC3_PREDICT_V;
    must(dc3_noising_open(&c, &noising));
    return noising;
}

static void near(const char *name, const char *what, const float *found)
{
    const dc3_tensor *t = wanted(name, what);
    double d = relative_error(dc3_view((void *)(uintptr_t)found, DC3_F32, t->ndim, t->shape), t);
    if (!(d < limit)) fail_msg("%s.%s: relative error %g over %g", name, what, d, limit);
}

/* Of 5 images of 3 x 2 pixels. */
static void check_loss(const char *name)
{
    enum { N = 5, PIXELS = 6, C = 4, EACH = PIXELS * C };
    static const int times[N] = {0, 1, 17, 500, 999};
    int outputs = (int)real(name, "outputs");
    dc3_noising noising = noising_of(name);
    float noisy[N * EACH], target[N * EACH], slope[2 * N * EACH], weights[N],
        *x = hash_inputs("loss.x", N, C, PIXELS), *noise = hash_inputs("loss.noise", N, C, PIXELS),
        *y = hash_inputs("loss.y", N, outputs, PIXELS);
    for (int i = 0; i < N; i++) {
        dc3_noise_add(&noising, times[i], EACH, x + i * EACH, noise + i * EACH, noisy + i * EACH);
        dc3_noise_target(&noising, times[i], EACH, x + i * EACH, noise + i * EACH, target + i * EACH);
        weights[i] = (float)dc3_noise_weight(&noising, times[i], 5);
        assert_true(dc3_noise_weight(&noising, times[i], 0) == 1);
    }
    near(name, "noisy", noisy), near(name, "target", target), near(name, "weights", weights);
    dc3_denoised d = {N, PIXELS, C, outputs, x, noisy, target, times, y};
    float loss = (float)dc3_denoising_loss(&noising, &d, real(name, "min_snr"), slope);
    near(name, "loss", &loss), near(name, "slope", slope);
    dc3_noising_free(&noising);
    free(x), free(noise), free(y);
}

static void losses(void **state)
{
    (void)state;
    static const char *const names[] = {"epsilon", "epsilon_snr", "v", "v_snr", "hybrid"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) check_loss(names[i]);
}

/* A row's draw depends on seed and row alone; time steps and the two choices are as frequent as they say. */
static void draws(void **state)
{
    (void)state;
    enum { ROWS = 4000 };
    float noise[8], again[8];
    int flips = 0, drops = 0;
    double mean = 0;
    for (int64_t row = 0; row < ROWS; row++) {
        dc3_noise_draw d = dc3_noise_draw_row(7, row, 1000, 0.1, 8, noise);
        assert_in_range(d.timestep, 0, 999);
        flips += d.flip, drops += d.drop, mean += d.timestep;
    }
    assert_in_range(flips, ROWS / 2 - 130, ROWS / 2 + 130); /* 4 deviations */
    assert_in_range(drops, ROWS / 10 - 80, ROWS / 10 + 80);
    assert_true(fabs(mean / ROWS - 499.5) < 19);
    dc3_noise_draw a = dc3_noise_draw_row(7, 5, 1000, 0.1, 8, noise),
                   b = dc3_noise_draw_row(7, 5, 1000, 0.1, 8, again);
    assert_memory_equal(noise, again, sizeof noise);
    assert_int_equal(a.timestep, b.timestep);
    assert_int_equal(dc3_noise_draw_row(7, 5, 1000, 0, 8, noise).drop, 0);
}

/* A training of a case. */
typedef struct subject {
    const char *name;
    dc3_noising noising;
    dc3_tuned net;
    dc3_tuner tuner;
} subject;

static dc3_finetune_part part_of(const char *word)
{
    dc3_finetune_part part;
    must(dc3_finetune_part_parse(word, &part));
    return part;
}

/* The values that adapters begin with. */
static void begin_adapters(subject *s)
{
    for (size_t i = 0; i < s->net.count; i++) {
        const dc3_param *p = &s->net.params[i];
        if (!strstr(p->name, ".lora_A.")) continue;
        float *values = malloc(dc3_bytes(&p->value));
        hash_weights(p->name, p->value.ndim, p->value.shape, 0, values);
        for (int64_t k = 0; k < dc3_count(&p->value); k++) values[k] *= 0.5f;
        must(dc3_tensor_write(&p->value, values));
        p->weight->version++;
        free(values);
    }
}

/* The bits of a list of words. */
static unsigned layers_of(const char *list)
{
    const char *const *names = dc3_option_names("lora_layers");
    unsigned layers = 0;
    for (int i = 0; names[i]; i++) layers |= strstr(list, names[i]) ? 1u << i : 0;
    return layers;
}

static int has_text(const char *name)
{
    return json_is_true(json_object_get(json_object_get(cases, name), "text_encoder"));
}

static void add_text(subject *s, const dc3_tuning *tuning)
{
    char path[] = "/tmp/dc3-text-XXXXXX";
    json_t *json = json_object_get(json_object_get(cases, "text"), "config");
    dc3_clip_text_config config;
    dc3_table *table = hash_weights_table(cases, "text");
    int file = mkstemp(path);
    assert_true(table && file >= 0 && json_dumpfd(json, file, 0) == 0);
    close(file);
    must(dc3_clip_text_config_read(path, &config));
    unlink(path);
    must(dc3_tuned_add_text(&config, tuning, &table, &s->net));
}

static void open_subject(subject *s, const char *name, dc3_dtype dtype, int recompute)
{
    char path[512];
    const char *net = text(name, "net");
    dc3_table *table = hash_weights_table(nets, net);
    dc3_tuning tuning = {.part = part_of(text(name, "part")),
                         .layers = layers_of(text(name, "layers")),
                         .rank = (int64_t)real(name, "rank"),
                         .alpha = real(name, "alpha"),
                         .recompute = recompute};
    *s = (subject){.name = name, .noising = noising_of(name)};
    assert_non_null(table);
    snprintf(path, sizeof path, "%s/generators/%s.json", DC3_TEST_DATA,
             strcmp(net, "dit") == 0 ? "transformer" : net);
    if (strcmp(net, "dit") == 0) {
        dc3_dit_config config;
        must(dc3_dit_config_read(path, &config));
        must(dc3_tuned_open_dit(&config, &tuning, &table, &s->net));
    } else {
        dc3_unet_config config;
        must(dc3_unet_config_read(path, &config));
        must(dc3_tuned_open_unet(&config, &tuning, &table, &s->net));
        if (has_text(name)) add_text(s, &tuning);
    }
    begin_adapters(s);
    dc3_tuner_options o = {.dtype = dtype,
                           .threads = 2,
                           .optimizer = dc3_optimizer_defaults(DC3_ADAMW),
                           .clip = real(name, "clip"),
                           .min_snr = real(name, "min_snr")};
    o.optimizer.weight_decay = real(name, "decay");
    must(dc3_tuner_open(&o, &s->net, &s->noising, &s->tuner));
}

static void close_subject(subject *s)
{
    dc3_tuned_close(&s->net);
    dc3_tuner_close(&s->tuner);
    dc3_noising_free(&s->noising);
}

/* The gradients of batch b of step i added up; its loss. */
static double add(subject *s, int64_t i, int64_t b, double share)
{
    char name[80];
    const dc3_tensor *times = wanted(s->name, "timesteps");
    int64_t n = times->shape[2], first = (i * times->shape[1] + b) * n;
    int steps[8];
    double loss;
    for (int64_t k = 0; k < n; k++) steps[k] = (int)((const int64_t *)times->data)[first + k];
    snprintf(name, sizeof name, "%s.x.%d.%d", s->name, (int)i, (int)b);
    float *x = hash_inputs(name, n, 4, 64);
    snprintf(name, sizeof name, "%s.noise.%d.%d", s->name, (int)i, (int)b);
    float *noise = hash_inputs(name, n, 4, 64);
    snprintf(name, sizeof name, "%s.text", s->name);
    float *states = hash_inputs(name, n * 7, 12, 1);
    dc3_tuning_batch batch = {.n = n, .h = 8, .w = 8, .latents = x, .noise = noise, .timesteps = steps};
    if (s->net.classes)
        batch.labels = (const int64_t *)wanted(s->name, "labels")->data + first;
    else if (s->net.text)
        batch.ids = (const int64_t *)wanted(s->name, "ids")->data + first * 9, batch.tokens = 9;
    else
        batch.states = states, batch.tokens = 7;
    must(dc3_tuner_add(&s->tuner, &batch, share, &loss));
    free(x), free(noise), free(states);
    return loss;
}

/* A step of the case; its loss. */
static double step(subject *s, int64_t i)
{
    int64_t batches = wanted(s->name, "timesteps")->shape[1];
    double loss = 0, norm;
    for (int64_t b = 0; b < batches; b++) loss += add(s, i, b, 1.0 / (double)batches) / (double)batches;
    must(dc3_tuner_step(&s->tuner, real(s->name, "lr"), &norm));
    return loss;
}

/* DiffFit's factors of some layers after the last step. */
static void check_factors(const subject *s)
{
    static const char *const layers[] = {"attn1.to_k.gamma", "attn1.to_out.0.gamma",
                                         "attn1.to_out.0.gamma_block", "ff.net.2.gamma_block"};
    const dc3_tensor *gamma = wanted(s->name, "gamma");
    for (size_t i = 0; i < sizeof layers / sizeof *layers; i++) {
        char name[80];
        double found = 1, moved = 0;
        dc3_tensor right = dc3_tensor_row(*gamma, (int64_t)i);
        snprintf(name, sizeof name, "transformer_blocks.0.%s", layers[i]);
        for (int64_t k = 0; k < dc3_count(&right); k++) moved += fabs(((const float *)right.data)[k] - 1);
        for (size_t p = 0; p < s->net.count; p++)
            if (strcmp(s->net.params[p].name, name) == 0) {
                dc3_tensor value = s->net.params[p].value;
                found = relative_error(dc3_reshape(value, right.ndim, right.shape), &right);
            }
        print_message("%s: factors within %.1e, moved by %.1e\n", name, found,
                      moved / (double)dc3_count(&right));
        assert_true(found < step_limit && moved > 0.01 * (double)dc3_count(&right));
    }
}

static void check_steps(const char *name)
{
    subject s;
    double worst = 0, moved = 0;
    const dc3_tensor *losses_wanted = wanted(name, "losses"), *untrained = wanted(name, "untrained");
    open_subject(&s, name, DC3_F32, 0);
    for (int64_t i = 0; i < losses_wanted->shape[0]; i++) {
        double right = ((const float *)losses_wanted->data)[i], other = ((const float *)untrained->data)[i];
        double d = fabs(step(&s, i) - right) / fabs(right);
        worst = d > worst ? d : worst;
        moved = fabs(other - right) / fabs(right);
    }
    const dc3_tensor *last = wanted(name, "last");
    double found = 1;
    for (size_t i = 0; i < s.net.count; i++)
        if (strcmp(s.net.params[i].name, text(name, "last")) == 0)
            found = relative_error(s.net.params[i].value, last);
    print_message("%s: losses within %.1e, which training moves by %.1e; %s within %.1e\n", name, worst,
                  moved, text(name, "last"), found);
    assert_true(worst < step_limit);
    assert_true(moved > 3 * step_limit);
    assert_true(found <
                1e-2); /* AdamW's first steps divide gradients by themselves: small ones by rounding */
    if (strcmp(name, "bias_norm") == 0) check_factors(&s);
    close_subject(&s);
}

static void steps(void **state)
{
    (void)state;
    static const char *const names[] = {"lora",           "lora_v",    "lora_ff",       "lora_conv",
                                        "lora_all",       "lora_text", "lora_text_all", "attention",
                                        "unet_bias_norm", "unet_all",  "bias_norm",     "dit_all"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) check_steps(names[i]);
}

/* Where backward computes blocks again: the same bits after three steps, and less memory in the context. */
static void check_recomputed(const char *name, dc3_dtype dtype)
{
    subject kept, again;
    open_subject(&kept, name, dtype, 0);
    open_subject(&again, name, dtype, 1);
    for (int64_t i = 0; i < 3; i++) assert_true(step(&kept, i) == step(&again, i));
    for (size_t i = 0; i < kept.net.count; i++) {
        float *a = host_values(kept.net.params[i].value), *b = host_values(again.net.params[i].value);
        if (memcmp(a, b, dc3_bytes(&kept.net.params[i].value)) != 0)
            fail_msg("%s: %s is other where blocks are computed again", name, kept.net.params[i].name);
        free(a), free(b);
    }
    size_t more = dc3_ctx_bytes(kept.tuner.ctx), less = dc3_ctx_bytes(again.tuner.ctx);
    print_message("%s, %s: %zu bytes, computed again %zu\n", name, dc3_dtype_name(dtype), more, less);
    assert_true(less < more);
    close_subject(&kept);
    close_subject(&again);
}

static void recomputed(void **state)
{
    (void)state;
    static const char *const names[] = {"lora",     "lora_all",  "lora_text", "attention",
                                        "unet_all", "bias_norm", "dit_all"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) check_recomputed(names[i], DC3_F32);
    if (!can_bf16("training")) return;
    check_recomputed("lora_text_all", DC3_BF16), check_recomputed("dit_all", DC3_BF16);
    check_recomputed("bias_norm", DC3_BF16);
}

/* The case's weights with what was trained in its place, as it is stored: with the factors merged into them,
 * or left out. */
static dc3_dit *stored(const subject *s, int with_factors)
{
    dc3_table *weights = hash_weights_table(nets, "dit"), *trained = dc3_table_new("trained"),
              *to = dc3_table_new("stored");
    dc3_dit_config config;
    dc3_dit *dit;
    for (size_t i = 0; i < s->net.count; i++)
        must(dc3_table_add(trained, s->net.params[i].name, s->net.params[i].value));
    must(dc3_table_to_host(trained));
    for (size_t i = 0; i < dc3_table_size(weights); i++) {
        const char *name = dc3_table_name(weights, i);
        const dc3_tensor *other = dc3_table_find(trained, name);
        dc3_tensor t = other ? *other : *dc3_table_at(weights, i);
        if (with_factors) must(dc3_factors_merge(trained, name, trained, &t));
        must(dc3_table_add(to, name, t));
    }
    tables[table_count++] = weights, tables[table_count++] = trained;
    must(dc3_dit_config_read(DC3_TEST_DATA "/generators/transformer.json", &config));
    must(dc3_dit_open(NULL, &config, &to, &dit));
    return dit;
}

/* What is stored of DiffFit's factors gives what the network gives that has them. */
static void merged_factors(void **state)
{
    (void)state;
    const float times[] = {3, 617};
    const int64_t labels[] = {1, 4}, shape[] = {2, 8, 8, 4};
    double found[2];
    subject s;
    open_subject(&s, "bias_norm", DC3_F32, 0);
    for (int i = 0; i < 4; i++) step(&s, i);
    dc3_ctx *ctx = s.tuner.ctx;
    float *values = hash_inputs("merged.x", 2, 4, 64);
    dc3_scope scope = dc3_scope_open(ctx);
    dc3_tensor x = dc3_upload(ctx, DC3_F32, 4, shape, values),
               y = dc3_tuned_of(ctx, &s.net, x, times, (dc3_tensor){0}, labels);
    float *right = host_values(y);
    dc3_tensor with_them = dc3_view(right, DC3_F32, y.ndim, y.shape);
    for (int with = 0; with < 2; with++) {
        dc3_dit *dit = stored(&s, with);
        found[with] = relative_error(dc3_dit_of(ctx, dit, x, times, labels), &with_them);
        dc3_dit_close(&dit);
    }
    print_message("factors merged: %.1e, left out: %.1e\n", found[1], found[0]);
    assert_true(found[1] < limit && found[0] > 100 * limit);
    dc3_scope_close(ctx, scope);
    free(values), free(right);
    while (table_count) dc3_table_close(&tables[--table_count]);
    close_subject(&s);
}

/* A loss or gradient that is no number is said, and changes nothing. */
static void not_finite(void **state)
{
    (void)state;
    subject s;
    double norm;
    open_subject(&s, "lora", DC3_F32, 0);
    add(&s, 0, 0, 1);
    float nan = NAN, *before = host_values(s.net.params[0].value);
    dc3_tensor first = s.net.params[0].gradient;
    first.ndim = 1, first.shape[0] = 1;
    must(dc3_tensor_write(&first, &nan));
    assert_int_equal(dc3_tuner_step(&s.tuner, 1e-2, &norm), DC3_ERR_FORMAT);
    assert_non_null(strstr(dc3_error_text(), "not finite"));
    float *after = host_values(s.net.params[0].value);
    assert_memory_equal(before, after, dc3_bytes(&s.net.params[0].value));
    assert_int_equal(dc3_optimizer_steps(s.tuner.optimizer), 0);
    free(before), free(after);
    close_subject(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(losses),         cmocka_unit_test(draws),
                                       cmocka_unit_test(steps),          cmocka_unit_test(recomputed),
                                       cmocka_unit_test(merged_factors), cmocka_unit_test(not_finite)};
    return cmocka_run_group_tests(tests, open_files, close_files);
}
