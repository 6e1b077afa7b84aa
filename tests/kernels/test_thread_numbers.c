/* Convolutions and matrix products give the same bytes with any number of threads, in all three passes:
 * shapes of networks on small images, where there is least to share out. */
#include <omp.h>
#include "support/random_tensors.h"
#include "support/skips.h"
#include "kernels/dense.h"
#include "kernels/rules.h"

enum { MOST_THREADS = 7, PASSES = 3, N = 4 };

typedef struct layer {
    int64_t side, ci, co, kernel, stride, groups;
} layer;

/* ResNet-18 at 64 px, ConvNet-3, and MobileNetV2 at 32 px. */
static const layer layers[] = {
    {64, 3, 64, 7, 2, 1},    {16, 64, 64, 3, 1, 1},  {16, 64, 128, 3, 2, 1}, {16, 64, 128, 1, 2, 1},
    {8, 128, 128, 3, 1, 1},  {8, 128, 256, 3, 2, 1}, {8, 128, 256, 1, 2, 1}, {4, 256, 256, 3, 1, 1},
    {4, 256, 512, 3, 2, 1},  {4, 256, 512, 1, 2, 1}, {2, 512, 512, 3, 1, 1}, {32, 3, 128, 3, 1, 1},
    {16, 16, 96, 1, 1, 1},   {16, 96, 96, 3, 2, 96}, {4, 160, 960, 1, 1, 1}, {4, 960, 960, 3, 1, 960},
    {4, 320, 1280, 1, 1, 1},
};

typedef struct arrays {
    int64_t in, out, count; /* values of x, of y and of the weight */
    void *x, *dy;
    float *w;
    void *to[MOST_THREADS];
} arrays;

static void run(dc3_dense *d, const dc3_conv_shape *s, int linear, int pass, const arrays *a, void *to)
{
    dc3_linear_shape l = {s->n, s->ci, s->co, s->type, DC3_ACT_NONE, 0, 0};
    dc3_weight weight = {.parts = 1};
    dc3_status status;
    weight.part[0] =
        dc3_view(a->w, DC3_F32, 4, (int64_t[]){s->co, s->ci / (s->groups > 1 ? s->groups : 1), s->kh, s->kw});
    if (pass == DC3_PASS_FORWARD)
        status = linear ? d->linear(d->self, &l, a->x, &weight, NULL, NULL, to)
                        : d->conv2d(d->self, s, a->x, &weight, NULL, NULL, to);
    else if (pass == DC3_PASS_DATA)
        status = linear ? d->linear_backward_data(d->self, &l, a->dy, &weight, to)
                        : d->conv2d_backward_data(d->self, s, a->dy, &weight, to);
    else
        status = linear ? d->linear_backward_weight(d->self, &l, a->x, a->dy, to)
                        : d->conv2d_backward_weight(d->self, s, a->x, a->dy, to);
    if (status != DC3_OK) fail_msg("%s", dc3_error_text());
    dc3_weight_release(&weight);
}

static int compare(dc3_dense *d, const dc3_conv_shape *s, int linear, dc3_rng *rng)
{
    static const char *const passes[PASSES] = {"forward", "of data", "of weights"};
    arrays a = {.in = s->n * s->h * s->w * s->ci, .count = s->co * dc3_conv_columns(s)};
    int bad = 0;
    a.out = s->n * dc3_conv_out_height(s) * dc3_conv_out_width(s) * s->co;
    a.x = random_values(rng, s->type, a.in, 1), a.dy = random_values(rng, s->type, a.out, 1);
    a.w = random_values(rng, DC3_F32, a.count, 1);
    const int64_t counts[PASSES] = {a.out, a.in, a.count};
    for (int pass = 0; pass < PASSES; pass++) {
        size_t bytes = (size_t)counts[pass] * (pass == 2 ? 4 : dc3_dtype_size(s->type));
        for (int k = 0; k < MOST_THREADS; k++) {
            omp_set_num_threads(k + 1);
            a.to[k] = calloc(1, bytes);
            run(d, s, linear, pass, &a, a.to[k]);
            if (memcmp(a.to[0], a.to[k], bytes) == 0) continue;
            print_message(
                "%s %s, %s, %d x %d, %d to %d channels, kernel %d, stride %d: other bytes with %d threads\n",
                linear ? "linear" : "convolution", passes[pass], dc3_dtype_name(s->type), (int)s->h,
                (int)s->w, (int)s->ci, (int)s->co, (int)s->kh, (int)s->stride, k + 1);
            bad = 1;
        }
        for (int k = 0; k < MOST_THREADS; k++) free(a.to[k]);
    }
    free(a.x), free(a.dy), free(a.w);
    return bad;
}

static void same_bytes(void **state)
{
    (void)state;
    dc3_dense d;
    int threads = omp_get_max_threads(), bad = 0,
        bf16 = can_bf16("products in bf16 by another number of threads");
    assert_int_equal(dc3_dense_onednn(&d), DC3_OK);
    if (d.by_threads)
        print_message("skipped: oneDNN's products depend on the number of threads on this processor\n");
    for (int type = 0; type < (bf16 ? 2 : 1) && !d.by_threads; type++) {
        dc3_rng rng = dc3_rng_make((uint64_t)type, DC3_RNG_TEST, 93);
        for (size_t i = 0; i < sizeof layers / sizeof *layers; i++) {
            const layer *l = &layers[i];
            int64_t pad = l->kernel / 2;
            dc3_conv_shape s = {.n = N,
                                .h = l->side,
                                .w = l->side,
                                .ci = l->ci,
                                .co = l->co,
                                .kh = l->kernel,
                                .kw = l->kernel,
                                .stride = l->stride,
                                .groups = l->groups,
                                .pad_top = pad,
                                .pad_left = pad,
                                .pad_bottom = pad,
                                .pad_right = pad,
                                .type = type ? DC3_BF16 : DC3_F32};
            bad += compare(&d, &s, 0, &rng);
        }
        for (int k = 0; k < 3; k++) {
            static const int64_t in[] = {512, 2048, 192}, out[] = {5, 10, 768}, rows[] = {4, 100, 68};
            dc3_linear_shape l = {rows[k], in[k], out[k], type ? DC3_BF16 : DC3_F32, DC3_ACT_NONE, 0, 0};
            dc3_conv_shape s = dc3_linear_as_conv(&l);
            bad += compare(&d, &s, 1, &rng);
        }
    }
    d.close(d.self);
    omp_set_num_threads(threads);
    assert_int_equal(bad, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(same_bytes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
