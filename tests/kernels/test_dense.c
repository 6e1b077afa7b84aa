/* oneDNN's convolution and matrix product against the plain ones. */
#include "support/random_tensors.h"
#include "kernels/dense.h"

static const dc3_activation acts[] = {DC3_ACT_NONE, DC3_ACT_RELU, DC3_ACT_SILU, DC3_ACT_GELU_ERF,
                                      DC3_ACT_QUICK_GELU};

static void compare(dc3_dense *fast, const dc3_conv_shape *s, int linear, uint64_t seed, dc3_rng *rng)
{
    int64_t oh = dc3_conv_out_height(s), ow = dc3_conv_out_width(s), count = s->n * oh * ow * s->co;
    int64_t columns = s->ci * s->kh * s->kw;
    void *x = random_values(rng, s->type, s->n * s->h * s->w * s->ci, 1);
    float *w = random_values(rng, DC3_F32, s->co * columns, 1 / sqrtf((float)columns));
    float *bias = random_values(rng, DC3_F32, s->co, 1);
    void *residual = random_values(rng, s->type, count, 1), *y = malloc((size_t)count * 4),
         *z = malloc((size_t)count * 4);
    /* Two parts, as a fused projection has them. */
    int64_t first = s->co > 1 && seed % 2 ? s->co / 2 : s->co;
    dc3_weight weight = {.parts = first < s->co ? 2 : 1};
    weight.part[0] = dc3_view(w, DC3_F32, 4, (int64_t[]){first, s->ci, s->kh, s->kw});
    weight.part[1] =
        dc3_view(w + first * columns, DC3_F32, 4, (int64_t[]){s->co - first, s->ci, s->kh, s->kw});
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
    if (d > tolerance(s->type))
        fail_msg("case %d: n %d h %d w %d ci %d co %d k %d stride %d %s act %d residual %d: distance %g",
                 (int)seed, (int)s->n, (int)s->h, (int)s->w, (int)s->ci, (int)s->co, (int)s->kh,
                 (int)s->stride, dc3_dtype_name(s->type), (int)s->act, s->residual, d);
    dc3_weight_release(&weight);
    free(x), free(w), free(bias), free(residual), free(y), free(z);
}

static void random_shapes(void **state)
{
    (void)state;
    dc3_dense fast;
    assert_int_equal(dc3_dense_onednn(&fast), DC3_OK);
    for (uint64_t seed = 0; seed < 90; seed++) {
        dc3_rng rng = dc3_rng_make(seed, DC3_RNG_TEST, 6);
        int linear = seed % 3 == 0;
        dc3_dtype type = seed % 2 && dc3_cpu_has_bf16() ? DC3_BF16 : DC3_F32;
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
                            .act = acts[between(&rng, 0, 4)],
                            .bias = seed % 5 != 0,
                            .residual = seed % 4 < 2};
        if (seed % 7 == 0) s.pad_top = s.pad_left = 0; /* as the VAE's downsampling pads */
        if (seed % 8 == 1 && !linear) s.act_last = 1;
        if (linear)
            s.kh = s.kw = s.stride = s.h = s.w = 1, s.pad_top = s.pad_left = s.pad_bottom = s.pad_right = 0;
        compare(&fast, &s, linear, seed, &rng);
    }
    fast.close(fast.self);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(random_shapes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
