/* Gradients of weights over tiles against the plain ones, by the processor's tiles where it has them and by
 * those in plain C; the same bytes for any number of threads. */
#include "support/random_tensors.h"
#include <omp.h>
#include "kernels/cpu_convolutions.h"

enum { MOST_THREADS = 3 };

static void fails(const dc3_conv_shape *s, int threads, const char *how, double far)
{
    fail_msg("%d of %dx%d, %d to %d channels, %dx%d by %d, %d threads: %s %g", (int)s->n, (int)s->h,
             (int)s->w, (int)s->ci, (int)s->co, (int)s->kh, (int)s->kw, (int)s->stride, threads, how, far);
}

static void run(const dc3_cpu_convolutions *own, const dc3_conv_shape *s, const void *x, const void *dy,
                float *dw)
{
    dc3_linear_shape linear = {s->n, s->ci, s->co, s->type, DC3_ACT_NONE, 0, 0};
    int is_linear = s->h == 1 && s->w == 1 && s->kh == 1 && s->kw == 1;
    size_t size = is_linear ? own->tiles->scratch(&linear, DC3_PASS_WEIGHT)
                            : own->conv_tiles->scratch(s, DC3_PASS_WEIGHT);
    assert_true(size > 0);
    void *scratch = aligned_alloc(64, (size + 63) / 64 * 64);
    if (is_linear)
        own->tiles->weight(&linear, x, dy, dw, scratch);
    else
        own->conv_tiles->weight(s, x, dy, dw, scratch);
    free(scratch);
}

/* On top of what is there. */
static void check(const dc3_cpu_convolutions *own, const dc3_dense *plain, const dc3_conv_shape *s,
                  dc3_rng *rng)
{
    int64_t pixels = s->n * dc3_conv_out_height(s) * dc3_conv_out_width(s),
            count = s->co * dc3_conv_columns(s);
    uint16_t *x = random_values(rng, DC3_BF16, s->n * s->h * s->w * s->ci, 1);
    uint16_t *dy = random_values(rng, DC3_BF16, pixels * s->co, 1);
    float *start = random_values(rng, DC3_F32, count, 1), *dw[MOST_THREADS + 1];
    size_t size = (size_t)count * sizeof(float);
    int threads = omp_get_max_threads();
    for (int i = 0; i <= MOST_THREADS; i++) {
        dw[i] = malloc(size);
        memcpy(dw[i], start, size);
        if (i) omp_set_num_threads(i);
        if (i)
            run(own, s, x, dy, dw[i]);
        else
            assert_int_equal(plain->conv2d_backward_weight(plain->self, s, x, dy, dw[0]), DC3_OK);
        double far = distance(DC3_F32, dw[0], dw[i], count) / sqrt((double)pixels);
        if (far > 2e-5) fails(s, i, "distance", far);
        if (i > 1 && memcmp(dw[1], dw[i], size) != 0) fails(s, i, "other bytes", 0);
    }
    omp_set_num_threads(threads);
    for (int i = 0; i <= MOST_THREADS; i++) free(dw[i]);
    free(x), free(dy), free(start);
}

typedef struct few {
    int64_t n, h, w, ci, co, kh, kw, stride, pad;
} few;

static dc3_conv_shape shape_of(const few *f)
{
    return (dc3_conv_shape){.n = f->n,
                            .h = f->h,
                            .w = f->w,
                            .ci = f->ci,
                            .co = f->co,
                            .kh = f->kh,
                            .kw = f->kw,
                            .stride = f->stride,
                            .pad_top = f->pad,
                            .pad_left = f->pad,
                            .pad_bottom = f->pad,
                            .pad_right = f->pad,
                            .type = DC3_BF16};
}

/* One of each way to lay them out. */
static void shapes(const dc3_cpu_convolutions *own, const dc3_dense *plain)
{
    static const few all[] = {
        {9, 40, 36, 40, 33, 3, 3, 1, 1}, /* rows of two steps, several chunks of an image, parts */
        {37, 4, 4, 70, 130, 3, 3, 1, 1}, /* eight images to a step, groups that are not full */
        {13, 7, 7, 32, 32, 3, 3, 1, 1},  /* steps that are not full */
        {4, 9, 11, 40, 24, 3, 2, 1, 1},  /* three rows of two and of five */
        {4, 9, 11, 40, 24, 3, 5, 1, 1},
        {3, 2, 2, 40, 24, 1, 1, 2, 1},      /* as many outputs as inputs, but others */
        {5, 17, 16, 33, 65, 3, 3, 2, 1},    /* every second row and column */
        {6, 16, 16, 24, 40, 1, 1, 2, 0},    /* of one place */
        {5, 14, 14, 20, 8, 5, 5, 1, 2},     /* a kernel larger than 16 places */
        {3, 12, 11, 20, 8, 3, 7, 3, 1},     /* not square, by three */
        {4, 20, 20, 3, 64, 3, 3, 1, 1},     /* few channels: taps side by side */
        {3, 23, 22, 3, 32, 7, 7, 2, 3},     /* in several blocks */
        {2, 48, 48, 3, 70, 16, 16, 16, 0},  /* patches */
        {2, 13, 13, 20, 8, 2, 2, 3, 0},     /* with gaps */
        {2, 50, 45, 24, 40, 1, 1, 1, 0},    /* a list of pixels */
        {3, 3, 2, 40, 5, 3, 3, 1, 2},       /* padded by more than is seen */
        {1, 1, 1, 96, 10, 1, 1, 1, 0},      /* linear layers: of one row, */
        {515, 1, 1, 257, 130, 1, 1, 1, 0},  /* of one chunk, */
        {2500, 1, 1, 65, 100, 1, 1, 1, 0}}; /* of several */
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        dc3_rng rng = dc3_rng_make(i, DC3_RNG_TEST, 91);
        dc3_conv_shape s = shape_of(&all[i]);
        check(own, plain, &s, &rng);
    }
}

static void random_ones(const dc3_cpu_convolutions *own, const dc3_dense *plain)
{
    for (uint64_t seed = 0; seed < 40; seed++) {
        dc3_rng rng = dc3_rng_make(seed, DC3_RNG_TEST, 92);
        int64_t kernel = between(&rng, 1, 5);
        dc3_conv_shape s = {.n = between(&rng, 1, 9),
                            .h = between(&rng, 5, 20),
                            .w = between(&rng, 5, 40),
                            .ci = between(&rng, 1, 70),
                            .co = between(&rng, 1, 70),
                            .kh = kernel,
                            .kw = seed % 4 ? kernel : between(&rng, 1, 5),
                            .stride = between(&rng, 1, 3),
                            .pad_top = between(&rng, 0, 2),
                            .pad_left = between(&rng, 0, 2),
                            .pad_bottom = between(&rng, 0, 2),
                            .pad_right = between(&rng, 0, 2),
                            .type = DC3_BF16};
        if (seed % 5 == 4) s.groups = s.co = s.ci; /* depthwise */
        check(own, plain, &s, &rng);
    }
}

static void over_tiles(void **state)
{
    (void)state;
    dc3_dense plain;
    dc3_cpu_convolutions own = {.tiles = &dc3_amx_plain_linear, .conv_tiles = &dc3_amx_plain_conv};
    assert_int_equal(dc3_dense_ref(&plain), DC3_OK);
    for (int native = 0; native < 2; native++) {
        if (native && !dc3_cpu_has_amx()) break;
        if (native) dc3_cpu_tiles(&own);
        shapes(&own, &plain);
        random_ones(&own, &plain);
    }
    plain.close(plain.self);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(over_tiles)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
