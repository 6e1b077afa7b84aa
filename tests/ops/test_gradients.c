/* The gradients of each operation against differences of its result, through the tape and in plain C (double
 * precision inside): for a random direction v, <gradient, v> = (L(x + e v) - L(x - e v)) / 2e with L the mean
 * squared distance to a random target. */
#include "support/random_tensors.h"
#include <stdio.h>
#include "ops/ops.h"
#include "ops/tape.h"

enum { MOST_PARAMETERS = 4 };

/* An operation under test: its input, its parameters and what it computes. */
typedef struct subject {
    const char *name;
    int64_t shape[4];
    int ndim;
    int64_t counts[MOST_PARAMETERS]; /* values of each parameter, 0 behind the last */
    float offset;                    /* of parameters: away from zero */
    int spread; /* input values all far apart, so that no step changes which is the largest */
    dc3_tensor (*run)(dc3_ctx *ctx, dc3_tensor x, const dc3_tensor *parameters, dc3_weight *weight);
} subject;

static dc3_tensor conv(dc3_ctx *ctx, dc3_tensor x, const dc3_tensor *p, dc3_weight *weight)
{
    weight->part[0] = dc3_reshape(p[0], 4, (int64_t[]){6, 4, 3, 3});
    weight->parts = 1;
    dc3_conv_options o = {
        .kernel = 3, .stride = 2, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1};
    return dc3_conv2d(ctx, x, weight, p[1], &o, NULL);
}

/* One pixel high and three wide. */
static dc3_tensor wide_conv(dc3_ctx *ctx, dc3_tensor x, const dc3_tensor *p, dc3_weight *weight)
{
    weight->part[0] = dc3_reshape(p[0], 4, (int64_t[]){6, 4, 1, 3});
    weight->parts = 1;
    dc3_conv_options o = {.kernel = 1, .kernel_w = 3, .stride = 1, .pad_left = 1, .pad_right = 1};
    return dc3_conv2d(ctx, x, weight, p[1], &o, NULL);
}

static dc3_tensor fused_conv(dc3_ctx *ctx, dc3_tensor x, const dc3_tensor *p, dc3_weight *weight)
{
    weight->part[0] = dc3_reshape(p[0], 4, (int64_t[]){4, 2, 3, 3});
    weight->parts = 1;
    dc3_conv_options o = {.kernel = 3,
                          .stride = 1,
                          .groups = 2,
                          .pad_top = 1,
                          .pad_left = 1,
                          .pad_bottom = 1,
                          .pad_right = 1,
                          .act = DC3_ACT_SILU,
                          .act_last = 1};
    return dc3_conv2d(ctx, x, weight, p[1], &o, &x);
}

static dc3_tensor linear(dc3_ctx *ctx, dc3_tensor x, const dc3_tensor *p, dc3_weight *weight)
{
    weight->part[0] = dc3_reshape(p[0], 2, (int64_t[]){5, 7});
    weight->parts = 1;
    return dc3_linear(ctx, x, weight, p[1], DC3_ACT_GELU_ERF, NULL);
}

enum { NORM = 5 }; /* channels */

static dc3_tensor norm_with(dc3_ctx *ctx, dc3_tensor x, const dc3_tensor *p, int pool,
                            const dc3_tensor *residual)
{
    static const float running[2][NORM] = {{0.5f, -0.2f, 0, 0.1f, -0.4f}, {0.4f, 1.5f, 0.7f, 1, 0.2f}};
    dc3_tensor mean = dc3_new(ctx, DC3_F32, 1, p[0].shape), variance = dc3_new(ctx, DC3_F32, 1, p[0].shape);
    assert_int_equal(dc3_tensor_write(&mean, running[0]), DC3_OK);
    assert_int_equal(dc3_tensor_write(&variance, running[1]), DC3_OK);
    dc3_batch_norm_options o = {p[0], p[1], mean, variance, 1e-5f, 0.1f, DC3_ACT_RELU, pool};
    return dc3_batch_norm(ctx, x, &o, residual);
}

static dc3_tensor batch_norm(dc3_ctx *ctx, dc3_tensor x, const dc3_tensor *p, dc3_weight *weight)
{
    (void)weight;
    return norm_with(ctx, x, p, 0, NULL);
}

static dc3_tensor batch_norm_pool(dc3_ctx *ctx, dc3_tensor x, const dc3_tensor *p, dc3_weight *weight)
{
    (void)weight;
    return norm_with(ctx, x, p, 1, NULL);
}

/* The input is its own residual: its gradient comes from two sides. */
static dc3_tensor batch_norm_residual(dc3_ctx *ctx, dc3_tensor x, const dc3_tensor *p, dc3_weight *weight)
{
    (void)weight;
    return norm_with(ctx, x, p, 0, &x);
}

/* Its statistics stay those of before. */
static dc3_tensor frozen_norm(dc3_ctx *ctx, dc3_tensor x, const dc3_tensor *p, dc3_weight *weight)
{
    (void)weight;
    dc3_ctx_freeze_norms(ctx, 1);
    return norm_with(ctx, norm_with(ctx, x, p, 0, &x), p, 1, NULL);
}

static dc3_tensor max_pool(dc3_ctx *ctx, dc3_tensor x, const dc3_tensor *p, dc3_weight *weight)
{
    (void)p, (void)weight;
    return dc3_max_pool(ctx, x, 3, 2, 1);
}

static dc3_tensor avg_pools(dc3_ctx *ctx, dc3_tensor x, const dc3_tensor *p, dc3_weight *weight)
{
    (void)p, (void)weight;
    return dc3_add(ctx, dc3_global_avg_pool(ctx, x), dc3_global_avg_pool(ctx, dc3_avg_pool(ctx, x, 2)));
}

static dc3_tensor avg_pool_same(dc3_ctx *ctx, dc3_tensor x, const dc3_tensor *p, dc3_weight *weight)
{
    (void)p, (void)weight;
    return dc3_avg_pool_same(ctx, x, 3);
}

static dc3_tensor flatten(dc3_ctx *ctx, dc3_tensor x, const dc3_tensor *p, dc3_weight *weight)
{
    (void)p, (void)weight;
    dc3_tensor y = dc3_avg_pool(ctx, x, 2);
    return dc3_add(ctx, dc3_flatten_planar(ctx, y),
                   dc3_flatten_planar(ctx, dc3_activate(ctx, y, DC3_ACT_SILU)));
}

static dc3_tensor adaptive_pool(dc3_ctx *ctx, dc3_tensor x, const dc3_tensor *p, dc3_weight *weight)
{
    (void)p, (void)weight;
    dc3_tensor wide = dc3_adaptive_avg_pool(ctx, x, 7), narrow = dc3_adaptive_avg_pool(ctx, x, 3);
    return dc3_add(ctx, dc3_global_avg_pool(ctx, dc3_activate(ctx, wide, DC3_ACT_RELU6)),
                   dc3_global_avg_pool(ctx, dc3_activate(ctx, narrow, DC3_ACT_SIGMOID)));
}

/* Squeeze and excitation: the factors come from the image itself. */
static dc3_tensor squeeze(dc3_ctx *ctx, dc3_tensor x, const dc3_tensor *p, dc3_weight *weight)
{
    weight->part[0] = dc3_reshape(p[0], 2, (int64_t[]){5, 5});
    weight->parts = 1;
    dc3_tensor s = dc3_linear(ctx, dc3_global_avg_pool(ctx, x), weight, p[1], DC3_ACT_SIGMOID, NULL);
    return dc3_scale_channels(ctx, x, s);
}

static dc3_tensor class_token(dc3_ctx *ctx, dc3_tensor x, const dc3_tensor *p, dc3_weight *weight)
{
    (void)weight;
    dc3_tensor y = dc3_class_token(ctx, x, p[0], p[1]);
    dc3_tensor first = dc3_first_token(ctx, dc3_activate(ctx, y, DC3_ACT_SIGMOID));
    dc3_tensor all =
        dc3_global_avg_pool(ctx, dc3_reshape(y, 4, (int64_t[]){y.shape[0], y.shape[1], 1, y.shape[2]}));
    return dc3_add(ctx, all, first);
}

/* Windows of 2x2 on a map of 3x5, shifted and not. */
static dc3_tensor windows(dc3_ctx *ctx, dc3_tensor x, const dc3_tensor *p, dc3_weight *weight)
{
    static float places[18];
    for (int i = 0; i < 18; i++) places[i] = 0.3f * (float)(i % 5) - 0.6f;
    dc3_tensor distances = dc3_on_device(ctx, dc3_view(places, DC3_F32, 2, (int64_t[]){9, 2}));
    weight->part[0] = dc3_reshape(p[2], 2, (int64_t[]){2, 2});
    weight->parts = 1;
    dc3_tensor position =
        dc3_position_bias(ctx, dc3_linear(ctx, distances, weight, (dc3_tensor){0}, DC3_ACT_NONE, NULL), 2);
    dc3_window_options o = {2, 2, 1, p[0], p[1]};
    dc3_tensor y = dc3_window_attention(ctx, x, position, &o);
    o.shift = 0;
    return dc3_add(ctx, y, dc3_window_attention(ctx, x, position, &o));
}

static dc3_tensor patch_merge(dc3_ctx *ctx, dc3_tensor x, const dc3_tensor *p, dc3_weight *weight)
{
    (void)p, (void)weight;
    return dc3_activate(ctx, dc3_patch_merge(ctx, x), DC3_ACT_SIGMOID);
}

static dc3_tensor drops(dc3_ctx *ctx, dc3_tensor x, const dc3_tensor *p, dc3_weight *weight)
{
    (void)p, (void)weight;
    dc3_ctx_set_dropout(ctx, 3, 14); /* the same draws each time */
    return dc3_add(ctx, dc3_dropout(ctx, x, 0.4f), dc3_stochastic_depth(ctx, x, 0.5f));
}

/* The branches share a gradient before each changes it. */
static dc3_tensor shared(dc3_ctx *ctx, dc3_tensor x, const dc3_tensor *p, dc3_weight *weight)
{
    (void)weight;
    dc3_tensor y = dc3_add(ctx, x, dc3_activate(ctx, x, DC3_ACT_QUICK_GELU));
    return dc3_add(ctx, norm_with(ctx, y, p, 0, &x), dc3_activate(ctx, y, DC3_ACT_RELU));
}

/* Of a fused projection [n, t, 3 * 2 * 4], causal. */
static dc3_tensor attention_fused(dc3_ctx *ctx, dc3_tensor x, const dc3_tensor *p, dc3_weight *weight)
{
    (void)p, (void)weight;
    return dc3_attention(
        ctx, &(dc3_attention_input){
                 .q = x, .k = x, .v = x, .at_k = 8, .at_v = 16, .heads = 2, .dim = 4, .causal = 1});
}

/* Keys and values are columns of one tensor that all rows share; queries, keys and values overlap, and some
 * columns are not used. */
static dc3_tensor attention_shared(dc3_ctx *ctx, dc3_tensor x, const dc3_tensor *p, dc3_weight *weight)
{
    weight->part[0] = dc3_reshape(p[0], 2, (int64_t[]){7, 9});
    weight->parts = 1;
    dc3_tensor shared =
        dc3_linear(ctx, dc3_reshape(x, 2, (int64_t[]){12, 9}), weight, (dc3_tensor){0}, DC3_ACT_NONE, NULL);
    dc3_tensor kv = dc3_reshape(shared, 3, (int64_t[]){1, 12, 7});
    return dc3_attention(
        ctx, &(dc3_attention_input){
                 .q = x, .k = kv, .v = kv, .at_q = 2, .at_k = 0, .at_v = 1, .heads = 2, .dim = 3});
}

static dc3_tensor layer_norm(dc3_ctx *ctx, dc3_tensor x, const dc3_tensor *p, dc3_weight *weight)
{
    (void)weight;
    return dc3_layer_norm(ctx, x, p[0], p[1], 1e-5f);
}

static dc3_tensor group_norm(dc3_ctx *ctx, dc3_tensor x, const dc3_tensor *p, dc3_weight *weight)
{
    (void)weight;
    return dc3_group_norm(ctx, x, 3, p[0], p[1], 1e-5f, DC3_ACT_SILU);
}

static dc3_tensor instance_norm(dc3_ctx *ctx, dc3_tensor x, const dc3_tensor *p, dc3_weight *weight)
{
    (void)weight;
    return dc3_instance_norm(ctx, x, p[0], p[1], 1e-5f, DC3_ACT_NONE);
}

static dc3_tensor geglu(dc3_ctx *ctx, dc3_tensor x, const dc3_tensor *p, dc3_weight *weight)
{
    (void)p, (void)weight;
    return dc3_geglu(ctx, x);
}

/* The input is tokens, branch and, by its first token, the condition; the gate's columns overlap the scale's.
 */
static dc3_tensor adaptive(dc3_ctx *ctx, dc3_tensor x, const dc3_tensor *p, dc3_weight *weight)
{
    weight->part[0] = dc3_reshape(p[0], 2, (int64_t[]){13, 5});
    weight->parts = 1;
    dc3_tensor condition = dc3_linear(ctx, dc3_first_token(ctx, x), weight, p[1], DC3_ACT_NONE, NULL);
    dc3_tensor y = dc3_adaptive_norm(ctx, x, condition, 0, 6, 1e-6f);
    return dc3_gated_add(ctx, y, dc3_activate(ctx, x, DC3_ACT_GELU_TANH), condition, 8);
}

/* Two by three patches of two by two pixels. */
static dc3_tensor unpatchify(dc3_ctx *ctx, dc3_tensor x, const dc3_tensor *p, dc3_weight *weight)
{
    (void)p, (void)weight;
    return dc3_activate(ctx, dc3_unpatchify(ctx, x, 2, 3, 2), DC3_ACT_SIGMOID);
}

/* Rows of one table, of which one is asked for twice and one never. */
static dc3_tensor labels(dc3_ctx *ctx, dc3_tensor x, const dc3_tensor *p, dc3_weight *weight)
{
    (void)weight;
    static const int64_t ids[] = {3, 0, 3};
    dc3_tensor table = dc3_reshape(p[0], 2, (int64_t[]){4, 6});
    return dc3_add(ctx, dc3_activate(ctx, dc3_embedding(ctx, 3, 1, ids, &table, NULL), DC3_ACT_SILU), x);
}

/* [silu(x), x] doubled in size, and the mean of x added to every pixel. */
static dc3_tensor concat_upsample(dc3_ctx *ctx, dc3_tensor x, const dc3_tensor *p, dc3_weight *weight)
{
    (void)p, (void)weight;
    dc3_tensor y = dc3_concat(ctx, dc3_activate(ctx, x, DC3_ACT_SILU), x);
    return dc3_add_vector(ctx, dc3_upsample2(ctx, y), dc3_global_avg_pool(ctx, y));
}

/* Five tokens a row and three positions; x is added, so that it has a gradient. */
static dc3_tensor embedding(dc3_ctx *ctx, dc3_tensor x, const dc3_tensor *p, dc3_weight *weight)
{
    (void)weight;
    static const int64_t ids[] = {3, 0, 3, 1, 2, 2, 3, 0, 0, 3};
    dc3_tensor table = dc3_reshape(p[0], 2, (int64_t[]){4, 6}),
               position = dc3_reshape(p[1], 2, (int64_t[]){3, 6});
    return dc3_add(ctx, dc3_activate(ctx, dc3_embedding(ctx, 2, 5, ids, &table, &position), DC3_ACT_SILU), x);
}

static const subject subjects[] = {
    {"convolution", {2, 5, 6, 4}, 4, {6 * 4 * 9, 6}, 0, 0, conv},
    {"convolution, wide kernel", {2, 5, 6, 4}, 4, {6 * 4 * 3, 6}, 0, 0, wide_conv},
    {"convolution, groups, activation and residual", {2, 4, 5, 4}, 4, {4 * 2 * 9, 4}, 0, 0, fused_conv},
    {"linear and gelu", {3, 2, 7}, 3, {35, 5}, 0, 0, linear},
    {"batch norm and relu", {2, 4, 3, 5}, 4, {NORM, NORM}, 1, 0, batch_norm},
    {"batch norm, relu, pool", {2, 5, 4, 5}, 4, {NORM, NORM}, 1, 0, batch_norm_pool},
    {"batch norm, residual, relu", {2, 4, 3, 5}, 4, {NORM, NORM}, 1, 0, batch_norm_residual},
    {"batch norms of fixed statistics", {2, 5, 4, 5}, 4, {NORM, NORM}, 1, 0, frozen_norm},
    {"max pool", {2, 6, 5, 3}, 4, {0}, 0, 1, max_pool},
    {"average pools", {2, 5, 7, 8}, 4, {0}, 0, 0, avg_pools},
    {"average pool of the same size", {2, 5, 7, 8}, 4, {0}, 0, 0, avg_pool_same},
    {"adaptive pools", {2, 5, 4, 3}, 4, {0}, 0, 0, adaptive_pool},
    {"squeeze and excitation", {2, 3, 4, 5}, 4, {25, 5}, 0, 0, squeeze},
    {"class token", {3, 4, 5}, 3, {5, 25}, 0, 0, class_token},
    {"window attention", {2, 3, 5, 12}, 4, {12, 2, 4}, 0, 0, windows},
    {"patch merging", {2, 3, 5, 2}, 4, {0}, 0, 0, patch_merge},
    {"dropout and stochastic depth", {6, 3, 2, 5}, 4, {0}, 0, 0, drops},
    {"flatten", {2, 4, 5, 3}, 4, {0}, 0, 0, flatten},
    {"attention of a fused projection", {2, 5, 24}, 3, {0}, 0, 0, attention_fused},
    {"attention with shared keys", {3, 4, 9}, 3, {63}, 0, 0, attention_shared},
    {"layer norm", {2, 3, 10}, 3, {10, 10}, 1, 0, layer_norm},
    {"group norm and silu", {2, 3, 4, 12}, 4, {12, 12}, 1, 0, group_norm},
    {"instance norm", {2, 3, 4, 5}, 4, {5, 5}, 1, 0, instance_norm},
    {"geglu", {3, 2, 10}, 3, {0}, 0, 0, geglu},
    {"concatenation, upsampling, added vector", {2, 3, 2, 4}, 4, {0}, 0, 0, concat_upsample},
    {"adaptive norm and gate", {3, 4, 5}, 3, {65, 13}, 0, 0, adaptive},
    {"patches to an image", {2, 6, 12}, 3, {0}, 0, 0, unpatchify},
    {"labels", {3, 1, 6}, 3, {24}, 0, 0, labels},
    {"embedding", {2, 5, 6}, 3, {24, 18}, 0, 0, embedding},
    {"shared gradients", {2, 3, 4, 5}, 4, {5, 5}, 1, 0, shared},
};

/* One evaluation of the loss. With a tape it is recorded. */
static dc3_tensor loss_of(dc3_ctx *ctx, const subject *s, dc3_tensor x, const dc3_tensor *parameters,
                          dc3_weight *weight, const float *target)
{
    dc3_tensor y = s->run(ctx, x, parameters, weight);
    return dc3_mse(ctx, y, target);
}

static double value_of(dc3_ctx *ctx, const subject *s, dc3_tensor x, const dc3_tensor *parameters,
                       dc3_weight *weight, const float *target)
{
    dc3_tape *tape;
    assert_int_equal(dc3_tape_open(&tape), DC3_OK);
    weight->version++;
    dc3_scope scope = dc3_scope_open(ctx);
    dc3_tape_start(tape, ctx); /* batch norms take the batch's statistics */
    dc3_tensor loss = loss_of(ctx, s, x, parameters, weight, target);
    if (dc3_ctx_status(ctx) != DC3_OK) fail_msg("%s: %s", s->name, dc3_error_text());
    float value;
    dc3_download(ctx, loss, &value);
    dc3_tape_stop(tape, ctx);
    dc3_scope_close(ctx, scope);
    dc3_tape_close(&tape);
    return value;
}

/* The difference along direction v of the values of `changed`, and the gradient's part in it. */
static void compare(dc3_ctx *ctx, const subject *s, dc3_tensor x, const dc3_tensor *parameters,
                    dc3_weight *weight, const float *target, dc3_tensor changed, dc3_tensor gradient,
                    const char *what, dc3_rng *rng)
{
    const double e = 5e-4; /* few values cross the corner of a ReLU */
    int64_t count = dc3_count(&changed);
    float *v = random_values(rng, DC3_F32, count, 1), *saved = malloc((size_t)count * sizeof *saved),
          *values = malloc((size_t)count * sizeof *values), *g = malloc((size_t)count * sizeof *g);
    double expected = 0, l[2];
    assert_int_equal(dc3_tensor_read(&changed, saved), DC3_OK);
    assert_int_equal(dc3_tensor_read(&gradient, g), DC3_OK);
    for (int side = 0; side < 2; side++) {
        for (int64_t i = 0; i < count; i++) values[i] = saved[i] + (float)((side ? -e : e) * v[i]);
        assert_int_equal(dc3_tensor_write(&changed, values), DC3_OK);
        l[side] = value_of(ctx, s, x, parameters, weight, target);
    }
    assert_int_equal(dc3_tensor_write(&changed, saved), DC3_OK);
    for (int64_t i = 0; i < count; i++) expected += (double)g[i] * v[i];
    double found = (l[0] - l[1]) / (2 * e);
    if (!(fabs(found - expected) <= 1e-2 * (fabs(expected) + 0.05)))
        fail_msg("%s, %s: by differences %g, by the tape %g", s->name, what, found, expected);
    free(v), free(saved), free(values), free(g);
}

/* A tensor of the context's device with these values; the caller frees it. */
static dc3_tensor tensor_of(const dc3_ctx *ctx, int ndim, const int64_t *shape, const float *values)
{
    dc3_tensor t;
    assert_int_equal(dc3_tensor_alloc(dc3_ctx_device(ctx), DC3_F32, ndim, shape, &t), DC3_OK);
    assert_int_equal(dc3_tensor_write(&t, values), DC3_OK);
    return t;
}

static void check(const subject *s, dc3_ctx_mode mode, uint64_t seed)
{
    dc3_ctx *ctx;
    dc3_tape *tape;
    dc3_rng rng = dc3_rng_make(seed, DC3_RNG_TEST, 19);
    dc3_weight weight = {0};
    dc3_tensor parameters[MOST_PARAMETERS] = {{0}}, gradients[MOST_PARAMETERS] = {{0}};
    assert_int_equal(dc3_ctx_open(NULL, DC3_F32, 2, mode, &ctx), DC3_OK);
    assert_int_equal(dc3_tape_open(&tape), DC3_OK);
    dc3_tensor x = dc3_view(NULL, DC3_F32, s->ndim, s->shape);
    float *values = random_values(&rng, DC3_F32, dc3_count(&x), 1);
    if (s->spread)
        for (int64_t i = 0; i < dc3_count(&x); i++) /* 37 divides no count of values here: a permutation */
            values[i] = 0.02f * (float)((i * 37 + (int64_t)seed) % dc3_count(&x));
    float *target = random_values(&rng, DC3_F32, 4096, 1);
    x = tensor_of(ctx, s->ndim, s->shape, values);
    for (int i = 0; i < MOST_PARAMETERS && s->counts[i]; i++) {
        float *first = random_values(&rng, DC3_F32, s->counts[i], 0.5f);
        for (int64_t k = 0; k < s->counts[i]; k++) first[k] += s->offset;
        parameters[i] = tensor_of(ctx, 1, &s->counts[i], first);
        gradients[i] = tensor_of(ctx, 1, &s->counts[i], first);
        assert_int_equal(dc3_tensor_zero(&gradients[i]), DC3_OK);
        free(first);
        assert_int_equal(dc3_tape_watch(tape, parameters[i], gradients[i]), DC3_OK);
    }
    dc3_scope scope = dc3_scope_open(ctx);
    dc3_tape_start(tape, ctx);
    dc3_tensor own = x; /* whose number on the tape does not last */
    dc3_tape_track(tape, ctx, &x);
    dc3_tensor loss = loss_of(ctx, s, x, parameters, &weight, target);
    if (dc3_tape_backward(tape, ctx, loss, 1) != DC3_OK) fail_msg("%s: %s", s->name, dc3_error_text());
    dc3_tensor dx = dc3_tape_gradient_of(tape, x);
    if (!dx.data) fail_msg("%s: no gradient reaches the input", s->name);
    compare(ctx, s, own, parameters, &weight, target, own, dx, "input", &rng);
    for (int i = 0; i < MOST_PARAMETERS && s->counts[i]; i++)
        compare(ctx, s, own, parameters, &weight, target, parameters[i], gradients[i], "parameter", &rng);
    dc3_scope_close(ctx, scope);
    dc3_tape_stop(tape, ctx);
    dc3_weight_release(&weight);
    dc3_tape_close(&tape);
    dc3_ctx_close(&ctx);
    for (int i = 0; i < MOST_PARAMETERS; i++) dc3_tensor_free(&parameters[i]), dc3_tensor_free(&gradients[i]);
    dc3_tensor_free(&x);
    free(values), free(target);
}

static void differences(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof subjects / sizeof *subjects; i++)
        for (uint64_t seed = 0; seed < 4; seed++) {
            check(&subjects[i], DC3_CTX_PLAIN, seed);
            check(&subjects[i], DC3_CTX_FAST, seed);
        }
}

/* Memory: what a step retained is all given back, so that a second step needs no more. */
static void memory_stays(void **state)
{
    (void)state;
    dc3_ctx *ctx;
    dc3_tape *tape;
    const subject *s = &subjects[sizeof subjects / sizeof *subjects - 1];
    static const float begin[2][5] = {{1, 1, 1, 1, 1}, {0}};
    float x[2 * 3 * 4 * 5], target[256] = {0};
    dc3_tensor parameters[2], gradients[2];
    int64_t five = 5;
    for (size_t i = 0; i < sizeof x / sizeof *x; i++) x[i] = (float)(i % 7);
    assert_int_equal(dc3_ctx_open(NULL, DC3_F32, 2, DC3_CTX_FAST, &ctx), DC3_OK);
    assert_int_equal(dc3_tape_open(&tape), DC3_OK);
    dc3_weight weight = {0};
    for (int i = 0; i < 2; i++) {
        parameters[i] = tensor_of(ctx, 1, &five, begin[i]), gradients[i] = tensor_of(ctx, 1, &five, begin[1]);
        assert_int_equal(dc3_tape_watch(tape, parameters[i], gradients[i]), DC3_OK);
    }
    size_t first = 0;
    for (int step = 0; step < 5; step++) {
        dc3_scope scope = dc3_scope_open(ctx);
        dc3_tape_start(tape, ctx);
        dc3_tensor in = dc3_on_device(ctx, dc3_view(x, DC3_F32, 4, s->shape));
        dc3_tensor loss = loss_of(ctx, s, in, parameters, &weight, target);
        assert_int_equal(dc3_tape_backward(tape, ctx, loss, 1), DC3_OK);
        dc3_scope_close(ctx, scope);
        if (step == 0) first = dc3_ctx_bytes(ctx);
        assert_int_equal(dc3_ctx_bytes(ctx), first);
    }
    for (int i = 0; i < 2; i++) dc3_tensor_free(&parameters[i]), dc3_tensor_free(&gradients[i]);
    dc3_tape_close(&tape);
    dc3_ctx_close(&ctx);
}

/* A scale over log 100 counts as that, and has no gradient. */
static void clamped_scale(void **state)
{
    (void)state;
    dc3_ctx *ctx;
    dc3_tape *tape;
    float x[4 * 6], target[8] = {0}, found[2][8], slope[2];
    static const float zeros[2 * 16] = {0}, over[] = {5, 1};
    const float just[] = {logf(100), 1};
    for (int i = 0; i < 24; i++) x[i] = (float)(i * 5 % 7) - 3;
    assert_int_equal(dc3_ctx_open(NULL, DC3_F32, 1, DC3_CTX_FAST, &ctx), DC3_OK);
    assert_int_equal(dc3_tape_open(&tape), DC3_OK);
    dc3_tensor qkv = tensor_of(ctx, 4, (int64_t[]){1, 2, 2, 6}, x);
    dc3_tensor position = tensor_of(ctx, 3, (int64_t[]){2, 4, 4}, zeros);
    dc3_tensor bias = tensor_of(ctx, 1, (int64_t[]){6}, zeros),
               scale = tensor_of(ctx, 1, (int64_t[]){2}, over);
    dc3_tensor least = tensor_of(ctx, 1, (int64_t[]){2}, just),
               gradient = tensor_of(ctx, 1, (int64_t[]){2}, zeros);
    assert_int_equal(dc3_tape_watch(tape, scale, gradient), DC3_OK);
    dc3_tape_start(tape, ctx);
    dc3_window_options o = {2, 2, 0, bias, scale};
    dc3_tensor y = dc3_window_attention(ctx, qkv, position, &o);
    o.scale = least;
    dc3_tensor z = dc3_window_attention(ctx, qkv, position, &o);
    dc3_download(ctx, y, found[0]);
    dc3_download(ctx, z, found[1]);
    assert_memory_equal(found[0], found[1], sizeof found[0]);
    assert_int_equal(dc3_tape_backward(tape, ctx, dc3_mse(ctx, y, target), 1), DC3_OK);
    assert_int_equal(dc3_tensor_read(&gradient, slope), DC3_OK);
    assert_true(slope[0] == 0 && slope[1] != 0);
    dc3_tape_stop(tape, ctx);
    dc3_tape_close(&tape);
    dc3_tensor *all[] = {&qkv, &position, &bias, &scale, &least, &gradient};
    for (int i = 0; i < 6; i++) dc3_tensor_free(all[i]);
    dc3_ctx_close(&ctx);
}

/* Shares, factors and independence of draws; x itself where nothing is drawn. */
static void dropping(void **state)
{
    (void)state;
    enum { N = 100, WIDTH = 200 };
    dc3_ctx *ctx;
    dc3_tape *tape;
    static float x[N * WIDTH];
    for (int i = 0; i < N * WIDTH; i++) x[i] = 1;
    assert_int_equal(dc3_ctx_open(NULL, DC3_F32, 2, DC3_CTX_FAST, &ctx), DC3_OK);
    assert_int_equal(dc3_tape_open(&tape), DC3_OK);
    dc3_tensor in = dc3_on_device(ctx, dc3_view(x, DC3_F32, 2, (int64_t[]){N, WIDTH}));
    dc3_ctx_set_dropout(ctx, 1, 0);
    assert_int_equal(dc3_dropout(ctx, in, 0.3f).id, in.id);
    dc3_tape_start(tape, ctx);
    assert_int_equal(dc3_dropout(ctx, in, 0).id, in.id);
    dc3_tensor a = dc3_dropout(ctx, in, 0.3f), b = dc3_dropout(ctx, in, 0.3f);
    dc3_tensor rows = dc3_stochastic_depth(ctx, in, 0.3f);
    dc3_ctx_set_dropout(ctx, 1, 0);
    dc3_tensor again = dc3_dropout(ctx, in, 0.3f);
    dc3_ctx_set_dropout(ctx, 1, 1);
    dc3_tensor next = dc3_dropout(ctx, in, 0.3f);
    a = dc3_on_host(ctx, a), b = dc3_on_host(ctx, b), rows = dc3_on_host(ctx, rows);
    again = dc3_on_host(ctx, again), next = dc3_on_host(ctx, next);
    assert_int_equal(dc3_ctx_status(ctx), DC3_OK);
    double zeros = 0, both = 0, later = 0, gone = 0;
    for (int i = 0; i < N * WIDTH; i++) {
        float y = ((float *)a.data)[i], row = ((float *)rows.data)[i];
        assert_true(y == 0 || fabsf(y - 1 / 0.7f) < 1e-6f);
        assert_true(row == ((float *)rows.data)[i / WIDTH * WIDTH]);
        zeros += y == 0, gone += row == 0;
        both += y == 0 && ((float *)b.data)[i] == 0;
        later += y == 0 && ((float *)next.data)[i] == 0;
    }
    assert_true(fabs(zeros / (N * WIDTH) - 0.3) < 0.015 && fabs(gone / (N * WIDTH) - 0.3) < 0.2);
    assert_true(fabs(both / (N * WIDTH) - 0.09) < 0.015 && fabs(later / (N * WIDTH) - 0.09) < 0.015);
    assert_memory_equal(a.data, again.data, sizeof x);
    dc3_tape_stop(tape, ctx);
    dc3_tape_close(&tape);
    dc3_ctx_close(&ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(differences), cmocka_unit_test(memory_stays),
                                       cmocka_unit_test(dropping), cmocka_unit_test(clamped_scale)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
