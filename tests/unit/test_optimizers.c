/* Optimizers, clipping, schedules and moving averages against PyTorch (tools/golden/optimizers.py); the fast
 * kernels against the plain ones; the same bytes for any number of threads. */
#include "support/random_tensors.h"
#include "support/skips.h"
#include <omp.h>
#include <stdio.h>
#include "base/cancel.h"
#include "io/json.h"
#include "io/safetensors.h"
#include "learn/clip.h"
#include "learn/ema.h"
#include "learn/optimizer.h"
#include "learn/schedule.h"

enum { STEPS = 20, PARAMS = 7, BIGGEST = 128 };
/* Largest error over the largest value of a tensor: f32 and 20 steps. */
static const double limit = 1e-5;

static const char *const names[PARAMS] = {"conv.weight", "conv.bias", "norm.weight", "fc.weight",
                                          "weight",      "embedding", "token"};
static dc3_table *golden;
static json_t *cases;

/* What is trained: copies of the golden start. */
static dc3_param params[PARAMS];
static float values[PARAMS][BIGGEST], gradients[PARAMS][BIGGEST];
static dc3_weight weight; /* of params[0] */

static int open_golden(void **state)
{
    (void)state;
    return dc3_safetensors_open(DC3_TEST_DATA "/optimizers/golden.safetensors", &golden) != DC3_OK ||
           dc3_json_read(DC3_TEST_DATA "/optimizers/cases.json", 1 << 20, &cases) != DC3_OK;
}

static int close_golden(void **state)
{
    (void)state;
    dc3_table_close(&golden);
    json_decref(cases);
    return 0;
}

static const dc3_tensor *maybe(const char *part, const char *what, const char *name)
{
    char full[256];
    snprintf(full, sizeof full, "%s%s%s%s%s", part, *what ? "." : "", what, *name ? "." : "", name);
    return dc3_table_find(golden, full);
}

static const float *data(const char *part, const char *what, const char *name)
{
    const dc3_tensor *t = maybe(part, what, name);
    if (!t) fail_msg("no %s %s %s", part, what, name);
    return t->data;
}

static void begin(void)
{
    weight = (dc3_weight){0};
    for (int i = 0; i < PARAMS; i++) {
        const dc3_tensor *t = maybe("start", "", names[i]);
        assert_non_null(t);
        assert_true(dc3_count(t) <= BIGGEST);
        memcpy(values[i], t->data, dc3_bytes(t));
        params[i] = (dc3_param){names[i], dc3_view(values[i], DC3_F32, t->ndim, t->shape),
                                dc3_view(gradients[i], DC3_F32, t->ndim, t->shape), i ? NULL : &weight};
    }
}

static void take_gradients(int step)
{
    for (int i = 0; i < PARAMS; i++) {
        int64_t n = dc3_count(&params[i].value);
        memcpy(gradients[i], data("gradient", "", names[i]) + step * n, (size_t)n * sizeof(float));
    }
}

static void expect(const char *part, const char *what, int i, const float *found, int64_t row)
{
    int64_t n = dc3_count(&params[i].value);
    const float *wanted = data(part, what, names[i]) + row * n;
    double scale = 0, error = 0;
    for (int64_t k = 0; k < n; k++) {
        scale = fmax(scale, fabs(wanted[k]));
        if (!(fabs(found[k] - wanted[k]) <= error)) error = fabs(found[k] - wanted[k]);
    }
    if (!(error <= limit * scale))
        fail_msg("%s.%s.%s, row %d: error %g of %g", part, what, names[i], (int)row, error, scale);
}

/* Groups of an entry, in room for four. */
static int groups_of(const json_t *entry, dc3_param_group *groups)
{
    size_t i;
    json_t *list = json_object_get(entry, "groups"), *group;
    json_array_foreach(list, i, group)
    {
        assert_true(i < 4);
        groups[i] = (dc3_param_group){json_string_value(json_array_get(group, 0)),
                                      json_real_value(json_array_get(group, 1)),
                                      json_real_value(json_array_get(group, 2))};
    }
    return (int)json_array_size(list);
}

static dc3_optimizer_options options_of(const json_t *entry)
{
    int adamw = strcmp(json_string_value(json_object_get(entry, "kind")), "adamw") == 0;
    dc3_optimizer_options o = dc3_optimizer_defaults(adamw ? DC3_ADAMW : DC3_SGD);
    const json_t *betas = json_object_get(entry, "betas");
    if (json_object_get(entry, "rule")) o.decay_rule = DC3_DECAY_WEIGHTS;
    if (betas) o.beta1 = json_real_value(json_array_get(betas, 0));
    if (betas) o.beta2 = json_real_value(json_array_get(betas, 1));
    if (json_object_get(entry, "eps")) o.eps = json_real_value(json_object_get(entry, "eps"));
    if (json_object_get(entry, "momentum")) o.momentum = json_real_value(json_object_get(entry, "momentum"));
    if (json_object_get(entry, "weight_decay"))
        o.weight_decay = json_real_value(json_object_get(entry, "weight_decay"));
    o.nesterov = json_is_true(json_object_get(entry, "nesterov"));
    return o;
}

static void expect_state(const char *name, dc3_optimizer *optimizer)
{
    static const char *const kinds[] = {"momentum_buffer", "exp_avg", "exp_avg_sq"};
    dc3_table *state = dc3_table_new("state");
    assert_int_equal(dc3_optimizer_state(optimizer, state), DC3_OK);
    assert_int_equal(*(const int64_t *)dc3_table_find(state, "optimizer.step")->data, STEPS);
    size_t found = 1;
    for (int k = 0; k < 3; k++)
        for (int i = 0; i < PARAMS; i++) {
            char text[128];
            snprintf(text, sizeof text, "optimizer.%s.%s", kinds[k], names[i]);
            const dc3_tensor *t = dc3_table_find(state, text);
            if (t && maybe(name, kinds[k], names[i])) expect(name, kinds[k], i, t->data, 0), found++;
        }
    size_t there = 1;
    for (size_t i = 0; i < dc3_table_size(golden); i++) {
        const char *text = dc3_table_name(golden, i);
        size_t length = strlen(name);
        if (strncmp(text, name, length) == 0 && text[length] == '.')
            there += strstr(text, ".momentum_buffer.") || strstr(text, ".exp_avg");
    }
    assert_int_equal(found, there);
    assert_int_equal(found, dc3_table_size(state));
    dc3_table_close(&state);
}

static void expect_averages(const char *name, dc3_ema *ema)
{
    float before[PARAMS][BIGGEST];
    uint64_t version = weight.version;
    memcpy(before, values, sizeof before);
    dc3_ema_swap(ema);
    assert_int_equal(weight.version, version + 1);
    assert_true(dc3_ema_swapped(ema));
    for (int i = 0; i < PARAMS; i++) expect(name, "average", i, values[i], 0);
    assert_int_equal(dc3_ema_update(ema), DC3_ERR_ARGUMENT);
    dc3_ema_swap(ema);
    assert_int_equal(weight.version, version + 2);
    assert_memory_equal(before, values, sizeof before);
}

static void run_case(dc3_ctx *ctx, const char *name, const json_t *entry)
{
    static const int checked[] = {1, 2, 10, 20};
    dc3_optimizer_options options = options_of(entry);
    dc3_ema_options averaging = {json_real_value(json_object_get(entry, "average")),
                                 json_is_true(json_object_get(entry, "warm"))};
    double lr = json_real_value(json_object_get(entry, "lr"));
    double most = json_real_value(json_object_get(entry, "clip"));
    int every = (int)json_integer_value(json_object_get(entry, "every"));
    dc3_param_group groups[4];
    options.groups = groups, options.group_count = groups_of(entry, groups);
    dc3_optimizer *optimizer;
    dc3_ema *ema;
    begin();
    assert_int_equal(dc3_optimizer_open(ctx, &options, params, PARAMS, &optimizer), DC3_OK);
    assert_int_equal(dc3_ema_open(ctx, &averaging, params, PARAMS, &ema), DC3_OK);
    for (int t = 0, row = 0; t < STEPS; t++) {
        take_gradients(t);
        if (most > 0) {
            double wanted = data(name, "norm", "")[t], found = dc3_clip_gradients(ctx, params, PARAMS, most);
            assert_true(fabs(found - wanted) <= limit * wanted);
            assert_true(dc3_gradient_norm(ctx, params, PARAMS) <= fmin(most, found) * (1 + limit));
        }
        assert_int_equal(dc3_optimizer_step(optimizer, lr), DC3_OK);
        if (!every) assert_int_equal(dc3_ema_update(ema), DC3_OK);
        if (every && (t + 1) % every == 0) assert_int_equal(dc3_ema_look_ahead(ema, averaging.decay), DC3_OK);
        for (int i = 0; i < PARAMS && t + 1 == checked[row]; i++) expect(name, "value", i, values[i], row);
        row += t + 1 == checked[row];
    }
    assert_int_equal(weight.version, STEPS + (every ? STEPS / every : 0));
    expect_state(name, optimizer);
    if (averaging.decay > 0) expect_averages(name, ema);
    dc3_optimizer_zero_gradients(optimizer);
    assert_true(dc3_gradient_norm(ctx, params, PARAMS) == 0);
    dc3_optimizer_close(&optimizer);
    dc3_ema_close(&ema);
}

static void trajectories(void **state)
{
    (void)state;
    json_t *list = json_object_get(cases, "optimizers"), *entry;
    const char *name;
    assert_true(json_object_size(list) >= 12);
    for (int mode = DC3_CTX_FAST; mode <= DC3_CTX_PLAIN; mode++) {
        dc3_ctx *ctx;
        assert_int_equal(dc3_ctx_open(NULL, DC3_F32, 2, (dc3_ctx_mode)mode, &ctx), DC3_OK);
        json_object_foreach(list, name, entry) run_case(ctx, name, entry);
        dc3_ctx_close(&ctx);
    }
}

static double number(const json_t *entry, const char *key, double fallback)
{
    const json_t *value = json_object_get(entry, key);
    return value ? json_number_value(value) : fallback;
}

static dc3_schedule_options schedule_of(const json_t *entry)
{
    static const char *const kinds[] = {"constant",  "cosine",   "half_cosine", "smooth",
                                        "one_cycle", "triangle", "decay"};
    dc3_schedule_options o = dc3_schedule_defaults();
    const char *kind = json_string_value(json_object_get(entry, "kind"));
    while (strcmp(kinds[o.kind], kind) != 0) o.kind++;
    o.warm_up = (int64_t)number(entry, "warm_up", (double)o.warm_up);
    o.warm_up_start = number(entry, "warm_up_start", o.warm_up_start);
    o.rise = number(entry, "rise", o.rise);
    o.first_divisor = number(entry, "first_divisor", o.first_divisor);
    o.last_divisor = number(entry, "last_divisor", o.last_divisor);
    o.gamma = number(entry, "gamma", o.gamma);
    o.every = (int64_t)number(entry, "every", 0);
    const json_t *milestones = json_object_get(entry, "milestones");
    o.milestone_count = (int)json_array_size(milestones);
    for (int i = 0; i < o.milestone_count; i++)
        o.milestones[i] = json_integer_value(json_array_get(milestones, (size_t)i));
    return o;
}

static void schedules(void **state)
{
    (void)state;
    json_t *list = json_object_get(cases, "schedules"), *entry;
    const char *name;
    assert_true(json_object_size(list) >= 12);
    json_object_foreach(list, name, entry)
    {
        const dc3_tensor *t = maybe("schedule", "", name);
        const double *wanted = t->data;
        int64_t total = t->shape[0];
        dc3_schedule_options o = schedule_of(entry);
        assert_int_equal(dc3_schedule_check(&o, total), DC3_OK);
        for (int64_t i = 0; i < total; i++) {
            double found = dc3_schedule_factor(&o, i, total);
            if (!(fabs(found - wanted[i]) <= 1e-12))
                fail_msg("%s, step %d: %.17g, should be %.17g", name, (int)i, found, wanted[i]);
        }
        assert_true(isfinite(dc3_schedule_factor(&o, total + 5, total)));
    }
}

/* Half a cosine for five sixths, where it is 0.5 (1 + cos(75 degrees)); then a line to 0. */
static void smooth_schedule(void **state)
{
    (void)state;
    const double corner = 0.5 * (1 + 0.25881904510252074);
    dc3_schedule_options o = dc3_schedule_defaults();
    o.kind = DC3_SCHEDULE_SMOOTH;
    const double wanted[][2] = {{0, 1}, {8, 0.75}, {10, corner}, {11, corner / 2}, {12, 0}};
    for (int i = 0; i < 5; i++)
        assert_true(fabs(dc3_schedule_factor(&o, (int64_t)wanted[i][0], 12) - wanted[i][1]) <= 1e-12);
}

static void short_schedules(void **state)
{
    (void)state;
    for (int kind = DC3_SCHEDULE_CONSTANT; kind <= DC3_SCHEDULE_DECAY; kind++)
        for (int64_t total = 1; total < 12; total++)
            for (int64_t warm_up = 0; warm_up < total; warm_up++)
                for (int64_t step = 0; step <= total; step++) {
                    dc3_schedule_options o = dc3_schedule_defaults();
                    o.kind = (dc3_schedule_kind)kind;
                    o.warm_up = warm_up;
                    assert_int_equal(dc3_schedule_check(&o, total), DC3_OK);
                    double factor = dc3_schedule_factor(&o, step, total);
                    assert_true(factor >= 0 && factor <= 1 + 1e-15);
                }
}

static void bad_schedules(void **state)
{
    (void)state;
    const dc3_schedule_options good = dc3_schedule_defaults();
    dc3_schedule_options o[9];
    for (int i = 0; i < 9; i++) o[i] = good;
    o[0].warm_up = 10;
    o[1].warm_up = -1;
    o[2].warm_up_start = 1.5;
    o[3].rise = NAN;
    o[4].first_divisor = 0;
    o[5].gamma = 0;
    o[6].every = -1;
    o[7].milestone_count = 17;
    o[8].milestone_count = 2, o[8].milestones[0] = 5, o[8].milestones[1] = 5;
    assert_int_equal(dc3_schedule_check(&good, 10), DC3_OK);
    assert_int_equal(dc3_schedule_check(&good, 0), DC3_ERR_ARGUMENT);
    for (int i = 0; i < 9; i++) assert_int_equal(dc3_schedule_check(&o[i], 10), DC3_ERR_ARGUMENT);
    assert_string_equal(dc3_error_text(), "milestones: expected them to rise, found 5 after 5");
}

static void bad_options(void **state)
{
    (void)state;
    dc3_ctx *ctx;
    dc3_optimizer *optimizer;
    dc3_ema *ema;
    dc3_optimizer_options o[9];
    const dc3_param_group wrong[] = {{"bias", -1, 1}, {"bias", 1, NAN}};
    begin();
    assert_int_equal(dc3_ctx_open(NULL, DC3_F32, 1, DC3_CTX_FAST, &ctx), DC3_OK);
    for (int i = 0; i < 9; i++) o[i] = dc3_optimizer_defaults(i < 3 ? DC3_SGD : DC3_ADAMW);
    o[0].momentum = 1;
    o[1].nesterov = 1;
    o[2].weight_decay = -1;
    o[3].beta1 = 1;
    o[4].beta2 = -0.1;
    o[5].eps = NAN;
    o[6].weight_decay = INFINITY;
    o[7].groups = &wrong[0], o[8].groups = &wrong[1];
    o[7].group_count = o[8].group_count = 1;
    for (int i = 0; i < 9; i++) {
        assert_int_equal(dc3_optimizer_open(ctx, &o[i], params, PARAMS, &optimizer), DC3_ERR_ARGUMENT);
        assert_null(optimizer);
    }
    assert_int_equal(dc3_ema_open(ctx, &(dc3_ema_options){.decay = 1.5}, params, PARAMS, &ema),
                     DC3_ERR_ARGUMENT);
    dc3_optimizer_options fine = dc3_optimizer_defaults(DC3_ADAMW);
    params[3].value.dtype = DC3_BF16;
    assert_int_equal(dc3_optimizer_open(ctx, &fine, params, PARAMS, &optimizer), DC3_ERR_ARGUMENT);
    assert_string_equal(dc3_error_text(), "parameter 'fc.weight': expected f32 for training, found bf16");
    params[3].gradient = (dc3_tensor){0}; /* then it is a buffer */
    assert_int_equal(dc3_optimizer_open(ctx, &fine, params, PARAMS, &optimizer), DC3_OK);
    assert_int_equal(dc3_optimizer_step(optimizer, NAN), DC3_ERR_ARGUMENT);
    assert_int_equal(dc3_optimizer_step(optimizer, -0.1), DC3_ERR_ARGUMENT);
    assert_int_equal(dc3_optimizer_steps(optimizer), 0);
    assert_int_equal(weight.version, 0);
    dc3_optimizer_close(&optimizer);
    assert_int_equal(dc3_optimizer_open(ctx, &fine, NULL, 0, &optimizer), DC3_OK);
    assert_int_equal(dc3_optimizer_step(optimizer, 1), DC3_OK);
    dc3_optimizer_close(&optimizer);
    dc3_ctx_close(&ctx);
}

static void clip_extremes(void **state)
{
    (void)state;
    static const float bad[] = {NAN, INFINITY, -INFINITY};
    float before[PARAMS][BIGGEST];
    dc3_ctx *ctx;
    assert_int_equal(dc3_ctx_open(NULL, DC3_F32, 2, DC3_CTX_FAST, &ctx), DC3_OK);
    begin();
    for (int i = 0; i < 3; i++) {
        take_gradients(0);
        gradients[3][76] = bad[i];
        memcpy(before, gradients, sizeof before);
        assert_false(isfinite(dc3_clip_gradients(ctx, params, PARAMS, 1)));
        assert_memory_equal(before, gradients, sizeof before);
    }
    gradients[3][76] = 3e38f; /* its square is no f32 */
    double norm = dc3_clip_gradients(ctx, params, PARAMS, 1);
    assert_true(fabs(norm / 3e38 - 1) < 1e-5);
    assert_true(fabs(dc3_gradient_norm(ctx, params, PARAMS) - 1) < 1e-5);
    dc3_ctx_close(&ctx);
}

/* Five arrays of n values at an odd address: gradient, value and three of state, not negative. */
static void random_arrays(uint64_t seed, int64_t n, float *arrays[5])
{
    dc3_rng rng = dc3_rng_make(seed, DC3_RNG_TEST, 7);
    for (int k = 0; k < 5; k++) {
        float *x = random_values(&rng, DC3_F32, n + 16, 1);
        memmove(x + seed % 16, x, (size_t)n * sizeof *x);
        arrays[k] = x + seed % 16;
        for (int64_t i = 0; i < n && k == 4; i++) arrays[k][i] *= arrays[k][i];
    }
}

static void free_arrays(uint64_t seed, float *arrays[5])
{
    for (int k = 0; k < 5; k++) free(arrays[k] - seed % 16);
}

static void run_kernels(const dc3_kernels *kernels, uint64_t seed, int64_t n, float *a[5])
{
    dc3_sgd_step sgd = {.lr = 0.1, .decay = 0.01 * (double)(seed % 3), .momentum = 0.9, .nesterov = seed % 2};
    double t = (double)(1 + seed % 50);
    dc3_adamw_step adamw = {.lr = 0.01,
                            .decay = 0.1,
                            .beta1 = 0.9,
                            .beta2 = 0.999,
                            .eps = 1e-8,
                            .correction1 = 1 - pow(0.9, t),
                            .correction2 = 1 - pow(0.999, t)};
    dc3_sgd_step without = {.lr = 0.3, .decay = 0.1};
    kernels->sgd(&sgd, n, a[0], a[1], a[2]);
    kernels->sgd(&without, n, a[0], a[1], NULL);
    kernels->adamw(&adamw, n, a[0], a[1], a[3], a[4]);
}

static void kernels(void **state)
{
    (void)state;
    needs_fast_kernels();
    static const int64_t sizes[] = {1, 2, 15, 16, 17, 31, 33, 63, 64, 65, 127, 1000, 8191, 8192, 8193, 30011};
    for (uint64_t seed = 0; seed < 48; seed++) {
        int64_t n = sizes[seed % 16];
        float *fast[5], *plain[5], *other[5];
        random_arrays(seed, n, fast), random_arrays(seed, n, plain), random_arrays(seed, n, other);
        run_kernels(dc3_kernels_best(), seed, n, fast);
        run_kernels(dc3_kernels_ref(), seed, n, plain);
        int threads = omp_get_max_threads();
        omp_set_num_threads(3);
        run_kernels(dc3_kernels_best(), seed, n, other);
        omp_set_num_threads(threads);
        for (int k = 0; k < 5; k++) {
            double d = distance(DC3_F32, fast[k], plain[k], n);
            if (d > 2e-6) fail_msg("case %d, n %d, array %d: distance %g", (int)seed, (int)n, k, d);
            assert_memory_equal(fast[k], other[k], (size_t)n * sizeof(float));
        }
        free_arrays(seed, fast), free_arrays(seed, plain), free_arrays(seed, other);
    }
}

/* Where memory lies and how much of it there is must not change a bit of an element's result. */
static void every_lane_alike(void **state)
{
    (void)state;
    enum { N = 100 };
    float *whole[5], *part[5];
    random_arrays(0, N, whole), random_arrays(0, N, part);
    run_kernels(dc3_kernels_best(), 0, N, whole);
    for (int64_t i = 0, step = 1; i < N; i += step, step = 1 + (step * 7 + i) % 20) {
        int64_t n = i + step < N ? step : N - i;
        float *here[5];
        for (int k = 0; k < 5; k++) here[k] = part[k] + i;
        run_kernels(dc3_kernels_best(), 0, n, here);
    }
    for (int k = 0; k < 5; k++) assert_memory_equal(whole[k], part[k], N * sizeof(float));
    free_arrays(0, whole), free_arrays(0, part);
}

static void threads_alike(void **state)
{
    (void)state;
    enum { N = 100003 };
    dc3_rng rng = dc3_rng_make(3, DC3_RNG_TEST, 8);
    float *x = random_values(&rng, DC3_F32, N, 1), *y = random_values(&rng, DC3_F32, N, 1);
    float *copy = malloc(N * sizeof *copy), *clipped[2];
    double norms[2];
    int64_t n = N;
    int before = omp_get_max_threads();
    for (int k = 0; k < 2; k++) {
        dc3_ctx *ctx;
        assert_int_equal(dc3_ctx_open(NULL, DC3_F32, k ? 5 : 1, DC3_CTX_FAST, &ctx),
                         DC3_OK); /* sets the threads */
        clipped[k] = malloc(N * sizeof *copy);
        memcpy(clipped[k], x, N * sizeof *x);
        memcpy(copy, y, N * sizeof *y);
        dc3_param p = {"x", dc3_view(copy, DC3_F32, 1, &n), dc3_view(clipped[k], DC3_F32, 1, &n), NULL};
        dc3_ema *ema;
        norms[k] = dc3_clip_gradients(ctx, &p, 1, 0.5);
        assert_int_equal(dc3_ema_open(ctx, &(dc3_ema_options){.decay = 0.9}, &p, 1, &ema), DC3_OK);
        memcpy(copy, clipped[k], N * sizeof *copy);
        assert_int_equal(dc3_ema_update(ema), DC3_OK);
        dc3_ema_swap(ema);
        memcpy(clipped[k], copy, N * sizeof *copy);
        dc3_ema_close(&ema);
        dc3_ctx_close(&ctx);
    }
    omp_set_num_threads(before);
    assert_memory_equal(&norms[0], &norms[1], sizeof *norms);
    assert_memory_equal(clipped[0], clipped[1], N * sizeof *copy);
    free(x), free(y), free(copy), free(clipped[0]), free(clipped[1]);
}

/* Of a large network they take seconds; a call that is to stop does not wait for them. */
static void cancelled_openings(void **state)
{
    (void)state;
    dc3_ctx *ctx;
    dc3_optimizer *optimizer;
    dc3_ema *ema;
    dc3_cancel flag = {0};
    dc3_optimizer_options options = dc3_optimizer_defaults(DC3_ADAMW);
    begin();
    assert_int_equal(dc3_ctx_open(NULL, DC3_F32, 1, DC3_CTX_FAST, &ctx), DC3_OK);
    dc3_cancel_set(&flag);
    {
        DC3_CANCEL_SCOPE(&flag);
        assert_int_equal(dc3_optimizer_open(ctx, &options, params, PARAMS, &optimizer), DC3_ERR_CANCELLED);
        assert_null(optimizer);
        assert_int_equal(dc3_ema_open(ctx, &(dc3_ema_options){.decay = 0.9}, params, PARAMS, &ema),
                         DC3_ERR_CANCELLED);
        assert_null(ema);
    }
    dc3_ctx_close(&ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trajectories),       cmocka_unit_test(schedules),
        cmocka_unit_test(smooth_schedule),    cmocka_unit_test(short_schedules),
        cmocka_unit_test(bad_schedules),      cmocka_unit_test(bad_options),
        cmocka_unit_test(clip_extremes),      cmocka_unit_test(kernels),
        cmocka_unit_test(every_lane_alike),   cmocka_unit_test(threads_alike),
        cmocka_unit_test(cancelled_openings),
    };
    return cmocka_run_group_tests(tests, open_golden, close_golden);
}
