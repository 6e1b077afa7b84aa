/* oneDNN's convolution and matrix product against the plain ones. */
#include "support/random_tensors.h"
#include "support/skips.h"
#include <omp.h>
#include "kernels/cpu_convolutions.h"
#include "kernels/onednn/plan.h"

static const dc3_activation acts[] = {DC3_ACT_NONE,       DC3_ACT_RELU,  DC3_ACT_SILU,    DC3_ACT_GELU_ERF,
                                      DC3_ACT_QUICK_GELU, DC3_ACT_RELU6, DC3_ACT_SIGMOID, DC3_ACT_GELU_TANH};

/* `most`: the largest distance. */
static void compare(dc3_dense *fast, const dc3_conv_shape *s, int linear, uint64_t seed, dc3_rng *rng,
                    double most)
{
    int64_t oh = dc3_conv_out_height(s), ow = dc3_conv_out_width(s), count = s->n * oh * ow * s->co;
    int64_t columns = s->ci * s->kh * s->kw;
    void *x = random_values(rng, s->type, s->n * s->h * s->w * s->ci, 1);
    float *w = random_values(rng, DC3_F32, s->co * columns, 1 / sqrtf((float)columns));
    float *bias = random_values(rng, DC3_F32, s->co, 1);
    void *residual = random_values(rng, s->type, count, 1), *y = malloc((size_t)count * 4),
         *z = malloc((size_t)count * 4);
    /* Two parts, as a fused projection has them, and half floats, as files have them. */
    int64_t first = s->co > 1 && seed % 2 ? s->co / 2 : s->co;
    dc3_dtype file = seed % 4 > 1 ? DC3_F16 : DC3_F32;
    if (file == DC3_F16) dc3_convert(w, DC3_F32, w, DC3_F16, s->co * columns);
    char *rest = (char *)w + (size_t)(first * columns) * dc3_dtype_size(file);
    dc3_weight weight = {.parts = first < s->co ? 2 : 1};
    weight.part[0] = dc3_view(w, file, 4, (int64_t[]){first, s->ci, s->kh, s->kw});
    weight.part[1] = dc3_view(rest, file, 4, (int64_t[]){s->co - first, s->ci, s->kh, s->kw});
    dc3_dense plain;
    assert_int_equal(dc3_dense_ref(&plain), DC3_OK);
    dc3_linear_shape l = {s->n, s->ci, s->co, s->type, s->act, s->bias, s->residual};
    for (int again = 0; again < 2; again++) { /* the second call runs from the caches */
        dc3_status a = linear ? fast->linear(fast->self, &l, x, &weight, s->bias ? bias : NULL,
                                             s->residual ? residual : NULL, y)
                              : fast->conv2d(fast->self, s, x, &weight, s->bias ? bias : NULL,
                                             s->residual ? residual : NULL, y);
        if (a != DC3_OK) fail_msg("case %d: %s", (int)seed, dc3_error_text());
    }
    assert_int_equal(
        plain.conv2d(plain.self, s, x, &weight, s->bias ? bias : NULL, s->residual ? residual : NULL, z),
        DC3_OK);
    double d = distance(s->type, y, z, count);
    if (d > most)
        fail_msg("case %d: n %d h %d w %d ci %d co %d k %d stride %d %s act %d residual %d: distance %g",
                 (int)seed, (int)s->n, (int)s->h, (int)s->w, (int)s->ci, (int)s->co, (int)s->kh,
                 (int)s->stride, dc3_dtype_name(s->type), (int)s->act, s->residual, d);
    dc3_weight_release(&weight);
    free(x), free(w), free(bias), free(residual), free(y), free(z);
}

static void random_shapes(void **state)
{
    (void)state;
    int bf16 = can_bf16("convolutions and products");
    dc3_dense fast;
    assert_int_equal(dc3_dense_onednn(&fast), DC3_OK);
    for (uint64_t seed = 0; seed < 90; seed++) {
        dc3_rng rng = dc3_rng_make(seed, DC3_RNG_TEST, 6);
        int linear = seed % 3 == 0;
        dc3_dtype type = seed % 2 && bf16 ? DC3_BF16 : DC3_F32;
        dc3_conv_shape s = {.n = between(&rng, 1, 4),
                            .h = between(&rng, 3, 12),
                            .w = between(&rng, 3, 12),
                            .ci = between(&rng, 1, 48),
                            .co = between(&rng, 1, 48),
                            .kh = 3,
                            .kw = 3,
                            .stride = between(&rng, 1, 2),
                            .pad_top = 1,
                            .pad_left = 1,
                            .pad_bottom = 1,
                            .pad_right = 1,
                            .type = type,
                            .act = acts[between(&rng, 0, 7)],
                            .bias = seed % 5 != 0,
                            .residual = seed % 4 < 2};
        if (seed % 7 == 0) s.pad_top = s.pad_left = 0; /* as the VAE's downsampling pads */
        if (seed % 8 == 1 && !linear) s.act_last = 1;
        if (linear)
            s.kh = s.kw = s.stride = s.h = s.w = 1, s.pad_top = s.pad_left = s.pad_bottom = s.pad_right = 0;
        compare(&fast, &s, linear, seed, &rng, tolerance(s.type));
    }
    fast.close(fast.self);
}

/* Gradients of the data and the weight by the fast and the plain kernels; the weight's on top of what is
 * there. The largest distances: of the data's, and of the weight's for each root of a pixel, of which it is a
 * sum. */
static void compare_backward(dc3_dense *fast, dc3_dense *plain, const dc3_conv_shape *s, int linear, int seed,
                             dc3_rng *rng, double most_data, double most_weight)
{
    int64_t pixels = s->n * dc3_conv_out_height(s) * dc3_conv_out_width(s);
    int64_t in = s->n * s->h * s->w * s->ci, columns = dc3_conv_columns(s), weights = s->co * columns;
    void *x = random_values(rng, s->type, in, 1), *dy = random_values(rng, s->type, pixels * s->co, 1);
    float *w = random_values(rng, DC3_F32, weights, 1 / sqrtf((float)(s->co * s->kh * s->kw)));
    float *dw = random_values(rng, DC3_F32, weights, 1), *dw2 = malloc((size_t)(weights + 1) * sizeof *dw2);
    void *dx = malloc((size_t)in * 4), *dx2 = malloc((size_t)in * 4);
    memcpy(dw2, dw, (size_t)weights * sizeof *dw);
    dc3_weight weight = {.parts = 1, .part = {dc3_view(w, DC3_F32, 4, (int64_t[]){s->co, columns, 1, 1})}};
    dc3_linear_shape l = {s->n, s->ci, s->co, s->type, DC3_ACT_NONE, 0, 0};
    dc3_dense *each[] = {fast, plain};
    for (int again = 0; again < 2; again++) /* the second time the weight has changed */
        for (int i = 0; i < 2; i++) {
            dc3_dense *d = each[i];
            if (i == 0 && again) {
                for (int64_t k = 0; k < weights; k++) w[k] *= 1.5f;
                weight.version++;
            }
            void *to = i ? dx2 : dx;
            float *sum = i ? dw2 : dw;
            dc3_status a = linear ? d->linear_backward_data(d->self, &l, dy, &weight, to)
                                  : d->conv2d_backward_data(d->self, s, dy, &weight, to);
            dc3_status b = linear ? d->linear_backward_weight(d->self, &l, x, dy, sum)
                                  : d->conv2d_backward_weight(d->self, s, x, dy, sum);
            if (a != DC3_OK || b != DC3_OK) fail_msg("case %d: %s", seed, dc3_error_text());
        }
    double data = distance(s->type, dx, dx2, in),
           parameters = distance(DC3_F32, dw, dw2, weights) / sqrt((double)pixels);
    if (data > most_data || parameters > most_weight)
        fail_msg("case %d: n %d h %d w %d ci %d co %d groups %d k %d stride %d %s: distances %g, %g", seed,
                 (int)s->n, (int)s->h, (int)s->w, (int)s->ci, (int)s->co, (int)s->groups, (int)s->kh,
                 (int)s->stride, dc3_dtype_name(s->type), data, parameters);
    dc3_weight_release(&weight);
    free(x), free(dy), free(w), free(dw), free(dw2), free(dx), free(dx2);
}

static void gradients(void **state)
{
    (void)state;
    int bf16 = can_bf16("their gradients");
    dc3_dense fast, plain;
    assert_int_equal(dc3_dense_onednn(&fast), DC3_OK);
    assert_int_equal(dc3_dense_ref(&plain), DC3_OK);
    for (int seed = 0; seed < 90; seed++) {
        dc3_rng rng = dc3_rng_make((uint64_t)seed, DC3_RNG_TEST, 16);
        int linear = seed % 3 == 0;
        int64_t kernel = seed % 5 == 1 ? 1 : 3, groups = seed % 4 == 1 ? between(&rng, 2, 8) : 1;
        dc3_conv_shape s = {.n = between(&rng, 1, 5),
                            .h = between(&rng, 3, 12),
                            .w = between(&rng, 3, 12),
                            .ci = between(&rng, 1, 24) * groups,
                            .co = between(&rng, 1, 24) * groups,
                            .groups = groups,
                            .kh = kernel,
                            .kw = kernel,
                            .stride = between(&rng, 1, 2),
                            .pad_top = kernel / 2,
                            .pad_left = kernel / 2,
                            .pad_bottom = kernel / 2,
                            .pad_right = kernel / 2,
                            .type = seed % 2 && bf16 ? DC3_BF16 : DC3_F32};
        if (seed % 8 == 5) { /* depthwise */
            s.ci = s.co = s.groups = between(&rng, 2, 70);
            s.kh = s.kw = seed % 16 == 5 ? kernel : 5, s.pad_left = s.kw / 2;
        }
        if (linear) {
            s.kh = s.kw = s.stride = s.h = s.w = 1, s.pad_top = s.pad_left = s.pad_bottom = s.pad_right = 0;
            s.groups = 1;
        }
        compare_backward(&fast, &plain, &s, linear, seed, &rng, tolerance(s.type), 2e-5);
    }
    fast.close(fast.self);
}

/* Channels in whole vectors and images that fill several chunks: the shapes of our own weight gradient. */
static void wide_gradients(void **state)
{
    (void)state;
    int bf16 = can_bf16("gradients of wide layers");
    dc3_dense fast, plain;
    assert_int_equal(dc3_dense_onednn(&fast), DC3_OK);
    assert_int_equal(dc3_dense_ref(&plain), DC3_OK);
    for (int seed = 0; seed < 16; seed++) {
        dc3_rng rng = dc3_rng_make((uint64_t)seed, DC3_RNG_TEST, 19);
        int64_t kernel = between(&rng, 1, 5), pad = between(&rng, 0, kernel / 2);
        dc3_conv_shape s = {.n = 2 * between(&rng, 1, 4) + (seed % 4 == 1 ? 7 : 0),
                            .h = between(&rng, 5, 24),
                            .w = between(&rng, 5, 24),
                            .ci = 32 * between(&rng, 1, 3),
                            .co = 8 * between(&rng, 1, 7),
                            .kh = kernel,
                            .kw = kernel,
                            .stride = between(&rng, 1, 2),
                            .pad_top = pad,
                            .pad_left = pad,
                            .pad_bottom = kernel / 2,
                            .pad_right = kernel / 2,
                            .type = bf16 ? DC3_BF16 : DC3_F32};
        if (s.co == 32) s.co = 40; /* not for the convolution by Winograd */
        compare_backward(&fast, &plain, &s, 0, seed, &rng, tolerance(s.type), 2e-5);
    }
    fast.close(fast.self);
}

/* The shapes of our own 3x3 convolution: channels in whole vectors, tiles that are cut at the rims, every
 * padding, enough tiles for several blocks. The transforms cost a digit of f32; in bf16 they are rounded,
 * which costs a bit of the outputs, and the weight's gradient is no longer a sum of exact products. */
static void winograd_shapes(dc3_dtype type, double most, double most_weight)
{
    dc3_dense fast, plain;
    assert_int_equal(dc3_dense_by(DC3_WAY_WINOGRAD, &fast), DC3_OK);
    assert_int_equal(dc3_dense_ref(&plain), DC3_OK);
    for (int seed = 0; seed < 24; seed++) {
        dc3_rng rng = dc3_rng_make((uint64_t)seed, DC3_RNG_TEST, 31);
        dc3_conv_shape s = {.n = between(&rng, 2, 9),
                            .h = between(&rng, 9, 30),
                            .w = between(&rng, 9, 30),
                            .ci = 32 * between(&rng, 1, 3),
                            .co = 32 * between(&rng, 1, 3),
                            .kh = 3,
                            .kw = 3,
                            .stride = 1,
                            .pad_top = between(&rng, 0, 2),
                            .pad_left = between(&rng, 0, 2),
                            .pad_bottom = between(&rng, 0, 2),
                            .pad_right = between(&rng, 0, 2),
                            .type = type,
                            .act = seed % 3 ? DC3_ACT_RELU : DC3_ACT_NONE,
                            .bias = seed % 5 != 0,
                            .residual = seed % 4 < 2,
                            .act_last = seed % 8 == 1};
        if (seed % 6 == 5) s.n = 81, s.h = s.w = between(&rng, 3, 5); /* a tile or a few an image */
        if (seed % 6 == 4) s.n = 1, s.h = s.w = between(&rng, 3, 9);  /* and a few in all */
        if (seed == 0) s.n = 9, s.h = s.w = 31, s.ci = s.co = 96; /* and two blocks of the weight gradient */
        compare(&fast, &s, 0, (uint64_t)seed, &rng, most);
        s.act = DC3_ACT_NONE, s.bias = s.residual = s.act_last = 0;
        compare_backward(&fast, &plain, &s, 0, seed, &rng, most, most_weight);
    }
    assert_int_equal(((onednn *)fast.self)->count, 0); /* none of them was oneDNN's */
    fast.close(fast.self);
}

static void needs_winograd(void)
{
    if (dc3_cpu_convolutions_best().winograd) return;
    print_message("skipped: this tier has no convolution of our own\n");
    skip();
}

static int has_winograd_bf16(const char *what)
{
    if (dc3_cpu_convolutions_best().winograd_bf16) return 1;
    print_message("skipped: %s in bf16, which this tier does not have\n", what);
    return 0;
}

static void winograd(void **state)
{
    (void)state;
    needs_winograd();
    winograd_shapes(DC3_F32, 5 * tolerance(DC3_F32), 1e-4);
}

static void winograd_bf16(void **state)
{
    (void)state;
    if (!has_winograd_bf16("Winograd's convolution")) skip();
    winograd_shapes(DC3_BF16, 2.5 * tolerance(DC3_BF16), 4e-2);
}

/* NULL for the weight's gradient. */
static void *winograd_kernels(const dc3_winograd *own, const dc3_conv_shape *s, dc3_conv_pass pass,
                              const float *w)
{
    if (pass == DC3_PASS_WEIGHT) return NULL;
    void *kernels = aligned_alloc(64, (own->packed_size(s, pass) + 63) / 64 * 64);
    own->pack(s, pass, w, kernels);
    return kernels;
}

/* The same bits for any number of threads: an odd number of tiles, in two blocks of the weight gradient. */
static void same_for_threads(const dc3_winograd *own, dc3_dtype type)
{
    enum { N = 9, SIDE = 31, C = 64, COUNT = N * SIDE * SIDE * C, WEIGHTS = C * C * 9, MOST = 3 };
    dc3_conv_shape s = {.n = N,
                        .h = SIDE,
                        .w = SIDE,
                        .ci = C,
                        .co = C,
                        .kh = 3,
                        .kw = 3,
                        .stride = 1,
                        .pad_bottom = 1,
                        .pad_right = 1,
                        .type = type};
    dc3_rng rng = dc3_rng_make(2, DC3_RNG_TEST, 33);
    int threads = omp_get_max_threads();
    void *x = random_values(&rng, type, COUNT, 1), *dy = random_values(&rng, type, COUNT, 1);
    float *w = random_values(&rng, DC3_F32, WEIGHTS, 0.05f), *results[MOST];
    for (int i = 0; i < MOST; i++) {
        omp_set_num_threads(i + 1);
        results[i] = calloc(2 * COUNT + WEIGHTS, sizeof *w);
        for (int pass = 0; pass < 3; pass++) {
            void *scratch = aligned_alloc(64, (own->scratch(&s, (dc3_conv_pass)pass) + 63) / 64 * 64);
            float *to = results[i] + (size_t)pass * COUNT;
            void *kernels = winograd_kernels(own, &s, (dc3_conv_pass)pass, w);
            if (pass == DC3_PASS_FORWARD) own->forward(&s, x, kernels, NULL, NULL, to, scratch);
            if (pass == DC3_PASS_DATA) own->data(&s, dy, kernels, to, scratch);
            if (pass == DC3_PASS_WEIGHT) own->weight(&s, x, dy, to, scratch);
            free(scratch), free(kernels);
        }
    }
    omp_set_num_threads(threads);
    for (int i = 1; i < MOST; i++) {
        if (memcmp(results[0], results[i], (2 * COUNT + WEIGHTS) * sizeof *w))
            fail_msg("%s: 1 and %d threads give different bits", dc3_dtype_name(type), i + 1);
        free(results[i]);
    }
    free(results[0]), free(x), free(dy), free(w);
}

static void winograd_threads(void **state)
{
    (void)state;
    dc3_cpu_convolutions best = dc3_cpu_convolutions_best();
    needs_winograd();
    same_for_threads(best.winograd, DC3_F32);
    if (has_winograd_bf16("Winograd's threads")) same_for_threads(best.winograd_bf16, DC3_BF16);
}

/* Not a number goes through to the outputs that see it, and no farther than their tiles. */
static void propagates_nan(const dc3_winograd *own, dc3_dtype type)
{
    enum { N = 4, SIDE = 16, C = 32, COUNT = N * SIDE * SIDE * C };
    dc3_conv_shape s = {.n = N,
                        .h = SIDE,
                        .w = SIDE,
                        .ci = C,
                        .co = C,
                        .kh = 3,
                        .kw = 3,
                        .stride = 1,
                        .pad_top = 1,
                        .pad_left = 1,
                        .pad_bottom = 1,
                        .pad_right = 1,
                        .type = type,
                        .act = DC3_ACT_RELU};
    dc3_rng rng = dc3_rng_make(1, DC3_RNG_TEST, 32);
    void *x = random_values(&rng, type, COUNT, 1), *y = malloc(COUNT * sizeof(float));
    float *w = random_values(&rng, DC3_F32, 9 * C * C, 0.1f);
    void *scratch = aligned_alloc(64, (own->scratch(&s, DC3_PASS_FORWARD) + 63) / 64 * 64);
    void *kernels = winograd_kernels(own, &s, DC3_PASS_FORWARD, w);
    int64_t at = (SIDE * SIDE + 5 * SIDE + 5) * C; /* in the second image */
    float nan = NAN;
    dc3_convert(&nan, DC3_F32, (char *)x + (size_t)at * dc3_dtype_size(type), type, 1);
    own->forward(&s, x, kernels, NULL, NULL, y, scratch);
    for (int64_t i = 0; i < COUNT; i++) {
        int64_t row = i / C / SIDE % SIDE, column = i / C % SIDE;
        int near = i / (SIDE * SIDE * C) == 1 && row >= 4 && column >= 4;
        int sees = near && row < 7 && column < 7, may = near && row < 8 && column < 8;
        int found = isnan(value_at(type, y, i)) != 0;
        if (found < sees || found > may)
            fail_msg("value %d of row %d, column %d: %g", (int)i, (int)row, (int)column,
                     value_at(type, y, i));
    }
    free(x), free(w), free(y), free(scratch), free(kernels);
}

static void winograd_propagates_nan(void **state)
{
    (void)state;
    dc3_cpu_convolutions best = dc3_cpu_convolutions_best();
    needs_winograd();
    propagates_nan(best.winograd, DC3_F32);
    if (has_winograd_bf16("Winograd's NaN")) propagates_nan(best.winograd_bf16, DC3_BF16);
}

/* Our own products over tiles: as few and as many blocks and panels as there may be, every tail. */
static void tile_products(const dc3_cpu_convolutions *own)
{
    static const int64_t rows[] = {1, 17, 32, 33, 70, 300, 515, 600}, channels[] = {1, 31, 40, 96, 130, 257};
    dc3_dense fast, plain;
    assert_int_equal(dc3_dense_by(DC3_WAY_TILES, &fast), DC3_OK);
    assert_int_equal(dc3_dense_ref(&plain), DC3_OK);
    ((onednn *)fast.self)->own = *own;
    for (int seed = 0; seed < 24; seed++) {
        dc3_rng rng = dc3_rng_make((uint64_t)seed, DC3_RNG_TEST, 81);
        dc3_conv_shape s = {.n = rows[seed % 8],
                            .h = 1,
                            .w = 1,
                            .ci = channels[between(&rng, 0, 5)],
                            .co = channels[between(&rng, 0, 5)],
                            .kh = 1,
                            .kw = 1,
                            .stride = 1,
                            .type = DC3_BF16,
                            .act = acts[seed % 8],
                            .bias = seed % 5 != 0,
                            .residual = seed % 4 < 2};
        compare(&fast, &s, 1, (uint64_t)seed, &rng, tolerance(DC3_BF16));
        s.act = DC3_ACT_NONE, s.bias = s.residual = 0;
        compare_backward(&fast, &plain, &s, 1, seed, &rng, tolerance(DC3_BF16), 2e-5);
    }
    assert_int_equal(((onednn *)fast.self)->count, 0); /* none of them was oneDNN's */
    fast.close(fast.self);
}

/* Gradients of the data that are added to what is there: twice the same, rounded in between. */
static void compare_added(dc3_dense *fast, const dc3_conv_shape *shape, int seed, dc3_rng *rng)
{
    dc3_conv_shape s = *shape;
    if (!fast->adds_data(fast->self, &s)) return;
    int64_t in = s.n * s.h * s.w * s.ci, weights = s.co * dc3_conv_columns(&s);
    int64_t out = s.n * dc3_conv_out_height(&s) * dc3_conv_out_width(&s) * s.co;
    uint16_t *dy = random_values(rng, s.type, out, 1), *dx = calloc((size_t)in, 2),
             *twice = malloc((size_t)in * 2);
    float *w = random_values(rng, DC3_F32, weights, 0.1f);
    dc3_weight weight = {.parts = 1,
                         .part = {dc3_view(w, DC3_F32, 4, (int64_t[]){s.co, weights / s.co, 1, 1})}};
    assert_int_equal(fast->conv2d_backward_data(fast->self, &s, dy, &weight, dx), DC3_OK);
    for (int64_t i = 0; i < in; i++) twice[i] = dc3_to_bf16(2 * dc3_from_bf16(dx[i]));
    s.residual = 1;
    assert_int_equal(fast->conv2d_backward_data(fast->self, &s, dy, &weight, dx), DC3_OK);
    double far = distance(s.type, dx, twice, in);
    if (far > tolerance(s.type)) fail_msg("case %d, added: distance %g", seed, far);
    dc3_weight_release(&weight);
    free(dy), free(dx), free(twice), free(w);
}

/* Our own convolutions over tiles: every tail and padding, one and several chunks of positions. */
static void tile_convolutions(const dc3_cpu_convolutions *own)
{
    dc3_dense fast, plain;
    assert_int_equal(dc3_dense_by(DC3_WAY_TILES, &fast), DC3_OK);
    assert_int_equal(dc3_dense_ref(&plain), DC3_OK);
    ((onednn *)fast.self)->own = *own;
    for (int seed = 0; seed < 48; seed++) {
        dc3_rng rng = dc3_rng_make((uint64_t)seed, DC3_RNG_TEST, 84);
        int64_t kernel = seed % 3 == 0 ? 1 : seed % 8 == 7 ? 5 : seed % 8 == 2 ? 2 : 3;
        dc3_conv_shape s = {.n = between(&rng, 1, 5),
                            .h = between(&rng, 5, 17),
                            .w = between(&rng, 5, 17),
                            .ci = between(&rng, 8, 70),
                            .co = between(&rng, 8, 70),
                            .kh = kernel,
                            .kw = kernel,
                            .stride = seed % 2 ? between(&rng, 1, 3) : 1,
                            .pad_top = between(&rng, 0, kernel - 1),
                            .pad_left = between(&rng, 0, kernel - 1),
                            .pad_bottom = between(&rng, 0, kernel - 1),
                            .pad_right = between(&rng, 0, kernel - 1),
                            .type = DC3_BF16,
                            .act = acts[seed % 8],
                            .bias = seed % 5 != 0,
                            .residual = seed % 4 < 2,
                            .act_last = seed % 8 == 1};
        if (seed % 6 == 5) { /* patches */
            s.kh = between(&rng, 2, 4), s.kw = between(&rng, 2, 4), s.stride = 4;
            s.pad_top = s.pad_left = s.pad_bottom = s.pad_right = 0;
        }
        if (seed % 16 == 13 && seed % 6 != 5) { /* phases of nothing */
            s.h = 1 + kernel / 3, s.w = 1 + kernel / 2, s.stride = 2;
            s.pad_top = s.pad_left = s.pad_bottom = s.pad_right = kernel / 2;
        }
        compare(&fast, &s, 0, (uint64_t)seed, &rng, tolerance(DC3_BF16));
        s.act = DC3_ACT_NONE, s.bias = s.residual = s.act_last = 0;
        compare_backward(&fast, &plain, &s, 0, seed, &rng, tolerance(DC3_BF16), 2e-5);
        compare_added(&fast, &s, seed, &rng);
    }
    assert_int_equal(((onednn *)fast.self)->count, 0); /* none of them was oneDNN's */
    fast.close(fast.self);
}

/* Empty batches are left to oneDNN. */
static void no_rows(const dc3_cpu_convolutions *own)
{
    dc3_linear_shape linear = {.ci = 8, .co = 8, .type = DC3_BF16};
    dc3_conv_shape conv = {.h = 4, .w = 4, .ci = 8, .co = 8, .kh = 3, .kw = 3, .stride = 1, .type = DC3_BF16};
    for (int pass = 0; pass < 3; pass++) {
        assert_int_equal(own->tiles->scratch(&linear, (dc3_conv_pass)pass), 0);
        assert_int_equal(own->conv_tiles->scratch(&conv, (dc3_conv_pass)pass), 0);
    }
}

/* The kernels over the tiles in plain C, and the processor's where it has them. */
static void over_tiles(void **state)
{
    (void)state;
    dc3_cpu_convolutions own = {.tiles = &dc3_amx_plain_linear, .conv_tiles = &dc3_amx_plain_conv};
    no_rows(&own);
    tile_products(&own);
    tile_convolutions(&own);
    if (!dc3_cpu_has_amx()) return;
    dc3_cpu_tiles(&own);
    tile_products(&own);
    tile_convolutions(&own);
}

enum { MOST_THREADS = 3 };
/* The same bits for any number of threads. */
static void conv_threads(void)
{
    enum {
        N = 3,
        SIDE = 20,
        CI = 40,
        CO = 70,
        X = N * SIDE * SIDE * CI,
        Y = N * SIDE * SIDE * CO,
        W = 9 * CI * CO
    };
    dc3_cpu_convolutions own;
    dc3_cpu_tiles(&own);
    dc3_conv_shape s = {.n = N,
                        .h = SIDE,
                        .w = SIDE,
                        .ci = CI,
                        .co = CO,
                        .kh = 3,
                        .kw = 3,
                        .stride = 1,
                        .pad_top = 1,
                        .pad_left = 1,
                        .pad_bottom = 1,
                        .pad_right = 1,
                        .type = DC3_BF16};
    dc3_rng rng = dc3_rng_make(4, DC3_RNG_TEST, 85);
    uint16_t *x = random_values(&rng, DC3_BF16, X, 1), *dy = random_values(&rng, DC3_BF16, Y, 1);
    uint16_t *w = random_values(&rng, DC3_BF16, W, 0.1f), *to[MOST_THREADS];
    int threads = omp_get_max_threads();
    for (int i = 0; i < MOST_THREADS; i++) {
        omp_set_num_threads(i + 1);
        to[i] = calloc(Y + X + 2 * W, sizeof *x);
        for (int pass = 0; pass < 3; pass++) {
            dc3_conv_pass which = (dc3_conv_pass)pass;
            void *scratch = aligned_alloc(64, own.conv_tiles->scratch(&s, which)), *weights = NULL;
            if (pass != DC3_PASS_WEIGHT) {
                weights = aligned_alloc(64, own.conv_tiles->packed_size(&s, which));
                own.conv_tiles->pack(&s, which, w, weights);
            }
            if (pass == DC3_PASS_FORWARD) own.conv_tiles->forward(&s, x, weights, NULL, NULL, to[i], scratch);
            if (pass == DC3_PASS_DATA) own.conv_tiles->data(&s, dy, weights, to[i] + Y, scratch);
            if (pass == DC3_PASS_WEIGHT)
                own.conv_tiles->weight(&s, x, dy, (float *)(void *)(to[i] + Y + X), scratch);
            free(scratch), free(weights);
        }
    }
    omp_set_num_threads(threads);
    for (int i = 1; i < MOST_THREADS; i++) {
        assert_memory_equal(to[0], to[i], (Y + X + 2 * W) * sizeof *x);
        free(to[i]);
    }
    free(to[0]), free(x), free(dy), free(w);
}

static void tile_threads(void **state)
{
    (void)state;
    conv_threads();
    enum { ROWS = 700, CI = 96, CO = 200, MOST = MOST_THREADS, X = ROWS * CI, Y = ROWS * CO, W = CI * CO };
    dc3_cpu_convolutions best;
    dc3_cpu_tiles(&best);
    const dc3_tile_linear *own = best.tiles;
    dc3_linear_shape s = {.rows = ROWS, .ci = CI, .co = CO, .type = DC3_BF16, .act = DC3_ACT_SILU};
    dc3_rng rng = dc3_rng_make(3, DC3_RNG_TEST, 82);
    uint16_t *x = random_values(&rng, DC3_BF16, X, 1), *dy = random_values(&rng, DC3_BF16, Y, 1);
    uint16_t *w = random_values(&rng, DC3_BF16, W, 0.1f), *to[MOST];
    int threads = omp_get_max_threads();
    for (int i = 0; i < MOST; i++) {
        omp_set_num_threads(i + 1);
        to[i] = calloc(Y + X + 2 * W, sizeof *x);
        for (int pass = 0; pass < 3; pass++) {
            void *scratch = aligned_alloc(64, own->scratch(&s, (dc3_conv_pass)pass)), *weights = NULL;
            if (pass != DC3_PASS_WEIGHT) {
                weights = aligned_alloc(64, own->packed_size(CI, CO, (dc3_conv_pass)pass));
                own->pack(CI, CO, (dc3_conv_pass)pass, w, weights);
            }
            if (pass == DC3_PASS_FORWARD) own->forward(&s, x, weights, NULL, NULL, to[i], scratch);
            if (pass == DC3_PASS_DATA) own->data(&s, dy, weights, to[i] + Y, scratch);
            if (pass == DC3_PASS_WEIGHT) own->weight(&s, x, dy, (float *)(void *)(to[i] + Y + X), scratch);
            free(scratch), free(weights);
        }
    }
    omp_set_num_threads(threads);
    for (int i = 1; i < MOST; i++) {
        assert_memory_equal(to[0], to[i], (Y + X + 2 * W) * sizeof *x);
        free(to[i]);
    }
    free(to[0]), free(x), free(dy), free(w);
}

/* What the rules choose for a shape that every kernel takes, but for the ways in `without`. */
static dc3_way rule_for(dc3_tier tier, dc3_dtype type, dc3_conv_pass pass, const dc3_conv_shape *shape,
                        unsigned without)
{
    int takes[DC3_WAYS];
    for (int i = 0; i < DC3_WAYS; i++) takes[i] = !(without & 1u << i);
    dc3_case c = {tier, DC3_WORK_CONV, type, pass, .shape.conv = shape};
    return dc3_rule(&c, takes);
}

static void rules(void **state)
{
    (void)state;
    dc3_conv_shape large = {
        .n = 16, .h = 34, .w = 34, .ci = 128, .co = 128, .kh = 3, .kw = 3, .stride = 1, .groups = 1};
    dc3_conv_shape tiny = large, odd = large; /* a tile in all; an image without a partner */
    tiny.n = 1, tiny.h = tiny.w = 4;
    odd.n = 3;
    dc3_conv_shape pixels = large; /* a quarter of them */
    pixels.kh = pixels.kw = 1, pixels.stride = 2;
    dc3_conv_shape strided = large, small = large;
    strided.stride = small.stride = 2, small.h = small.w = 16;
    dc3_conv_shape first = large, patches = large; /* of pixels */
    first.ci = patches.ci = 3, patches.kh = patches.kw = patches.stride = 16;
    dc3_conv_shape thin = large; /* few channels over many places */
    thin.ci = 64;
    dc3_conv_shape heavy = large; /* kernels for 48 tiles */
    heavy.n = 3, heavy.h = heavy.w = 18, heavy.ci = heavy.co = 512;
    unsigned no_winograd = 1u << DC3_WAY_WINOGRAD;
    for (int pass = 0; pass < 3; pass++) {
        dc3_conv_pass p = (dc3_conv_pass)pass;
        dc3_way direct = p == DC3_PASS_WEIGHT ? DC3_WAY_DIRECT : DC3_WAY_ONEDNN;
        static const dc3_tier ours[] = {DC3_TIER_NEON, DC3_TIER_AVX2, DC3_TIER_AVX512, DC3_TIER_AMX};
        assert_int_equal(rule_for(DC3_TIER_PLAIN, DC3_F32, p, &large, 0), DC3_WAY_ONEDNN);
        for (int i = 0; i < 4; i++) {
            assert_int_equal(rule_for(ours[i], DC3_F32, p, &large, 0), DC3_WAY_WINOGRAD);
            assert_int_equal(rule_for(ours[i], DC3_F32, p, &large, no_winograd), DC3_WAY_ONEDNN);
            assert_int_equal(rule_for(ours[i], DC3_F32, p, &tiny, 0), DC3_WAY_ONEDNN);
        }
        assert_int_equal(rule_for(DC3_TIER_AVX512, DC3_F32, p, &heavy, 0), DC3_WAY_WINOGRAD);
        assert_int_equal(rule_for(DC3_TIER_AMX, DC3_F32, p, &heavy, 0),
                         p == DC3_PASS_FORWARD ? DC3_WAY_ONEDNN : DC3_WAY_WINOGRAD);
        assert_int_equal(rule_for(DC3_TIER_AVX512, DC3_BF16, p, &large, 0), DC3_WAY_WINOGRAD);
        assert_int_equal(rule_for(DC3_TIER_AVX512, DC3_BF16, p, &large, no_winograd), direct);
        assert_int_equal(rule_for(DC3_TIER_AVX512, DC3_BF16, p, &odd, no_winograd), DC3_WAY_ONEDNN);
        assert_int_equal(rule_for(DC3_TIER_AVX512, DC3_BF16, p, &pixels, no_winograd), DC3_WAY_ONEDNN);
        assert_int_equal(rule_for(DC3_TIER_AMX, DC3_BF16, p, &large, 0), DC3_WAY_TILES);
        assert_int_equal(rule_for(DC3_TIER_AMX, DC3_BF16, p, &strided, 0), DC3_WAY_TILES);
        assert_int_equal(rule_for(DC3_TIER_AMX, DC3_BF16, p, &small, 0), DC3_WAY_TILES);
        assert_int_equal(rule_for(DC3_TIER_AMX, DC3_BF16, p, &pixels, 0),
                         p == DC3_PASS_WEIGHT ? DC3_WAY_TILES : DC3_WAY_ONEDNN);
        assert_int_equal(rule_for(DC3_TIER_AMX, DC3_BF16, p, &thin, 0),
                         p == DC3_PASS_FORWARD ? DC3_WAY_ONEDNN : DC3_WAY_TILES);
        assert_int_equal(rule_for(DC3_TIER_AMX, DC3_BF16, p, &first, 0),
                         p == DC3_PASS_WEIGHT ? DC3_WAY_TILES : DC3_WAY_ONEDNN);
        assert_int_equal(rule_for(DC3_TIER_AMX, DC3_BF16, p, &patches, 0),
                         p == DC3_PASS_FORWARD ? DC3_WAY_ONEDNN : DC3_WAY_TILES);
    }
}

/* The same for matrix products and attention. */
static void other_rules(void **state)
{
    (void)state;
    int all[DC3_WAYS];
    for (int i = 0; i < DC3_WAYS; i++) all[i] = 1;
    dc3_linear_shape linear = {.rows = 64, .ci = 64, .co = 64};
    dc3_attention_shape attention = {
        .n = 1, .n_kv = 1, .heads = 8, .dim = 40, .tokens_q = 256, .tokens_kv = 256};
    dc3_attention_shape few = attention;
    few.tokens_q = 16;
    dc3_case short_one = {DC3_TIER_AMX, DC3_WORK_ATTENTION, DC3_BF16, DC3_PASS_FORWARD,
                          .shape.attention = &few};
    assert_int_equal(dc3_rule(&short_one, all), DC3_WAY_VECTORS);
    for (int pass = 0; pass < 3; pass++)
        for (int tier = DC3_TIER_AVX512; tier <= DC3_TIER_AMX; tier++)
            for (int bf16 = 0; bf16 < 2; bf16++) {
                dc3_dtype type = bf16 ? DC3_BF16 : DC3_F32;
                dc3_case product = {(dc3_tier)tier, DC3_WORK_LINEAR, type, (dc3_conv_pass)pass,
                                    .shape.linear = &linear};
                dc3_case tokens = {(dc3_tier)tier, DC3_WORK_ATTENTION, type, (dc3_conv_pass)pass,
                                   .shape.attention = &attention};
                int tiles = tier == DC3_TIER_AMX && bf16;
                assert_int_equal(dc3_rule(&product, all), tiles ? DC3_WAY_TILES : DC3_WAY_ONEDNN);
                assert_int_equal(dc3_rule(&tokens, all), tiles ? DC3_WAY_TILES : DC3_WAY_VECTORS);
            }
}

static int has_plan(const onednn *d, int64_t rows)
{
    for (const plan *p = d->newest; p; p = p->older)
        if (p->key.conv.n == rows) return 1;
    return 0;
}

static int packs_of(const dc3_weight *weight)
{
    int count = 0;
    for (const dc3_pack *pack = weight->packs; pack; pack = pack->next) count++;
    return count;
}

/* Gradients of weights that oneDNN computes are the same bytes with any number of threads, on top of what is
 * there: parts of the batch and of the channels, of even and odd sizes. */
static void weight_parts(void **state)
{
    (void)state;
    static const struct {
        int64_t n, side, ci, co, kernel, stride, groups;
    } shapes[] = {{5, 16, 3, 32, 3, 1, 1},    {18, 12, 3, 16, 3, 2, 1},   {3, 8, 64, 128, 3, 2, 1},
                  {9, 16, 32, 64, 1, 2, 1},   {2, 32, 3, 64, 16, 16, 1},  {7, 9, 48, 48, 3, 1, 48},
                  {2051, 1, 24, 40, 1, 1, 1}, {2100, 1, 40, 576, 1, 1, 1}};
    dc3_dense fast, plain;
    assert_int_equal(dc3_dense_by(DC3_WAY_ONEDNN, &fast), DC3_OK);
    assert_int_equal(dc3_dense_ref(&plain), DC3_OK);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes && !fast.by_threads; i++) {
        dc3_rng rng = dc3_rng_make(i, DC3_RNG_TEST, 72);
        int64_t pad = shapes[i].kernel == 3, side = shapes[i].side;
        int linear = shapes[i].n > 2048;
        dc3_conv_shape s = {.n = shapes[i].n,
                            .h = side,
                            .w = side,
                            .ci = shapes[i].ci,
                            .co = shapes[i].co,
                            .kh = shapes[i].kernel,
                            .kw = shapes[i].kernel,
                            .stride = shapes[i].stride,
                            .groups = shapes[i].groups,
                            .pad_top = pad,
                            .pad_left = pad,
                            .pad_bottom = pad,
                            .pad_right = pad,
                            .type = DC3_F32};
        dc3_linear_shape l = {s.n, s.ci, s.co, s.type, DC3_ACT_NONE, 0, 0};
        int64_t pixels = s.n * dc3_conv_out_height(&s) * dc3_conv_out_width(&s);
        int64_t in = s.n * side * side * s.ci, count = s.co * dc3_conv_columns(&s);
        float *x = random_values(&rng, DC3_F32, in, 1), *dy = random_values(&rng, DC3_F32, pixels * s.co, 1);
        float *start = random_values(&rng, DC3_F32, count, 1), *dw[5];
        for (int k = 0; k < 5; k++) { /* plain; by one to four threads */
            dc3_dense *d = k ? &fast : &plain;
            dw[k] = malloc((size_t)count * sizeof(float));
            memcpy(dw[k], start, (size_t)count * sizeof(float));
            if (k) omp_set_num_threads(k);
            assert_int_equal(linear ? d->linear_backward_weight(d->self, &l, x, dy, dw[k])
                                    : d->conv2d_backward_weight(d->self, &s, x, dy, dw[k]),
                             DC3_OK);
            double far = distance(DC3_F32, dw[0], dw[k], count) / sqrt((double)pixels);
            if (far > 1e-4) fail_msg("case %d, %d threads: distance %g", (int)i, k, far);
            if (k > 1 && memcmp(dw[1], dw[k], (size_t)count * sizeof(float)) != 0)
                fail_msg("case %d: other bytes with %d threads", (int)i, k);
        }
        for (int k = 0; k < 5; k++) free(dw[k]);
        free(x), free(dy), free(start);
    }
    fast.close(fast.self);
    plain.close(plain.self);
}

/* Plans are bounded: the one that was not asked for the longest goes, and weights that were packed for it
 * serve the next. Products and their gradients for 12 numbers of rows, against the plain ones. */
static void bounded_plans(void **state)
{
    (void)state;
    enum { CI = 19, CO = 23, ROWS = 12 };
    dc3_dense fast, plain;
    dc3_rng rng = dc3_rng_make(7, DC3_RNG_TEST, 71);
    float *x = random_values(&rng, DC3_F32, ROWS * CI, 1), *w = random_values(&rng, DC3_F32, CI * CO, 1);
    float y[ROWS * CO], z[ROWS * CO], dx[ROWS * CI], dz[ROWS * CI];
    assert_int_equal(dc3_dense_onednn(&fast), DC3_OK);
    assert_int_equal(dc3_dense_ref(&plain), DC3_OK);
    dc3_weight weight = {.parts = 1, .part = {dc3_view(w, DC3_F32, 2, (int64_t[]){CO, CI})}};
    onednn *d = fast.self;
    int packs = 0;
    assert_int_equal(d->most, MOST_PLANS);
    d->most = 3;
    for (int i = 0; i < 60; i++) {
        dc3_linear_shape s = {.rows = 1 + i * 5 % ROWS, .ci = CI, .co = CO, .type = DC3_F32};
        assert_int_equal(fast.linear(fast.self, &s, x, &weight, NULL, NULL, y), DC3_OK);
        assert_int_equal(plain.linear(plain.self, &s, x, &weight, NULL, NULL, z), DC3_OK);
        assert_true(distance(DC3_F32, y, z, s.rows * CO) < tolerance(DC3_F32));
        if (i % 3 == 0) { /* gradients in between, which read the weight in another format */
            assert_int_equal(fast.linear_backward_data(fast.self, &s, y, &weight, dx), DC3_OK);
            assert_int_equal(plain.linear_backward_data(plain.self, &s, y, &weight, dz), DC3_OK);
            assert_true(distance(DC3_F32, dx, dz, s.rows * CI) < 1e-4);
        }
        assert_true(d->count <= 3);
        if (i < ROWS) packs = packs_of(&weight); /* each shape once, and each gradient */
    }
    assert_int_equal(packs_of(&weight), packs);
    static const int64_t asked[] = {1, 2, 3, 1, 4}; /* 2 is then the oldest */
    for (int i = 0; i < 5; i++) {
        dc3_linear_shape s = {.rows = asked[i], .ci = CI, .co = CO, .type = DC3_F32};
        assert_int_equal(fast.linear(fast.self, &s, x, &weight, NULL, NULL, y), DC3_OK);
    }
    assert_true(d->count == 3 && has_plan(d, 1) && !has_plan(d, 2) && has_plan(d, 3) && has_plan(d, 4));
    dc3_weight_release(&weight);
    fast.close(fast.self);
    free(x), free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(rules),
                                       cmocka_unit_test(other_rules),
                                       cmocka_unit_test(over_tiles),
                                       cmocka_unit_test(tile_threads),
                                       cmocka_unit_test(random_shapes),
                                       cmocka_unit_test(gradients),
                                       cmocka_unit_test(wide_gradients),
                                       cmocka_unit_test(weight_parts),
                                       cmocka_unit_test(winograd),
                                       cmocka_unit_test(winograd_bf16),
                                       cmocka_unit_test(winograd_threads),
                                       cmocka_unit_test(winograd_propagates_nan),
                                       cmocka_unit_test(bounded_plans)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
