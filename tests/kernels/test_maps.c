/* Kernels over maps of pixels and over bytes, each against its definition written down anew: pooling, factors
 * of channels, dropout, layouts, moved bytes. Random and odd sizes; the same bytes for any number of threads.
 */
#include "support/random_tensors.h"
#include <omp.h>
#include "kernels/backend.h"

static const dc3_dtype types[] = {DC3_F32, DC3_BF16};

/* `values` in double precision against what a kernel wrote. */
static void expect(const char *what, uint64_t seed, dc3_dtype type, const void *found, const double *values,
                   int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        double x = value_at(type, found, i), limit = tolerance(type) * (1 + fabs(values[i]));
        if (!(fabs(x - values[i]) <= limit))
            fail_msg("%s, case %d, %s, element %d: expected %g, found %g", what, (int)seed,
                     dc3_dtype_name(type), (int)i, values[i], x);
    }
}

static void *room_for(dc3_dtype type, int64_t n)
{
    void *x = malloc((size_t)(n + 1) * dc3_dtype_size(type));
    memset(x, 0xff, (size_t)(n + 1) * dc3_dtype_size(type)); /* NaN */
    return x;
}

static void *scratch_of(size_t bytes)
{
    return aligned_alloc(64, (bytes + 127) / 64 * 64);
}

/* Runs `call` with three threads into `again` and expects the bytes that one thread wrote to `first`. */
#define SAME_FOR_THREADS(call, first, again, bytes)                                                          \
    do {                                                                                                     \
        int before = omp_get_max_threads();                                                                  \
        omp_set_num_threads(3);                                                                              \
        call;                                                                                                \
        omp_set_num_threads(before);                                                                         \
        assert_memory_equal(first, again, bytes);                                                            \
    } while (0)

/* A window's pixels by asking each pixel of the map whether it belongs to output pixel (row, column). */
static int in_window(const dc3_pool_shape *s, int64_t y, int64_t x, int64_t row, int64_t column)
{
    int64_t dy = y - (row * s->stride - s->pad), dx = x - (column * s->stride - s->pad);
    return dy >= 0 && dy < s->kernel && dx >= 0 && dx < s->kernel;
}

/* expected [n, oh, ow, c] and dx [n, h, w, c]. */
static void pool_by_definition(const dc3_pool_shape *s, const void *x, const void *dy, double *expected,
                               double *dx)
{
    memset(dx, 0, (size_t)(s->n * s->h * s->w * s->c) * sizeof *dx);
    for (int64_t out = 0; out < s->n * s->oh * s->ow * s->c; out++) {
        int64_t j = out % s->c, column = out / s->c % s->ow, row = out / s->c / s->ow % s->oh,
                image = out / s->c / s->ow / s->oh, count = 0, best = -1;
        double sum = 0, most = -INFINITY;
        for (int64_t p = 0; p < s->h * s->w; p++) {
            int64_t at = (image * s->h * s->w + p) * s->c + j;
            if (!in_window(s, p / s->w, p % s->w, row, column)) continue;
            double v = value_at(s->type, x, at);
            count++, sum += v;
            if (v > most) most = v, best = at;
        }
        expected[out] = s->mean ? sum / (double)count : most;
        double g = value_at(s->type, dy, out);
        for (int64_t p = 0; p < s->h * s->w && s->mean; p++)
            if (in_window(s, p / s->w, p % s->w, row, column))
                dx[(image * s->h * s->w + p) * s->c + j] += g / (double)count;
        if (!s->mean) dx[best] += g;
    }
}

static void pool(void **state)
{
    (void)state;
    const dc3_kernels *k = dc3_kernels_best();
    for (uint64_t seed = 0; seed < 60; seed++) {
        dc3_rng rng = dc3_rng_make(seed, DC3_RNG_TEST, 40);
        dc3_pool_shape s = {.type = types[seed % 2],
                            .n = between(&rng, 1, 3),
                            .h = between(&rng, 3, 9),
                            .w = between(&rng, 3, 9),
                            .c = seed % 7 == 0 ? 131 : between(&rng, 1, 20),
                            .kernel = between(&rng, 1, 3),
                            .stride = between(&rng, 1, 3),
                            .mean = (int)(seed / 2 % 2)};
        s.pad = between(&rng, 0, s.kernel / 2);
        s.oh = (s.h + 2 * s.pad - s.kernel) / s.stride + 1,
        s.ow = (s.w + 2 * s.pad - s.kernel) / s.stride + 1;
        int64_t in = s.n * s.h * s.w * s.c, out = s.n * s.oh * s.ow * s.c;
        void *x = random_values(&rng, s.type, in, 1), *dy = random_values(&rng, s.type, out, 1);
        void *y = room_for(s.type, out), *dx = room_for(s.type, in), *again = room_for(s.type, in + out);
        double *expected = malloc((size_t)out * sizeof *expected),
               *slope = malloc((size_t)in * sizeof *slope);
        void *scratch = scratch_of(k->pool_gradient_scratch(&s, 3));
        pool_by_definition(&s, x, dy, expected, slope);
        omp_set_num_threads(1);
        k->pool(&s, x, y);
        expect("pool", seed, s.type, y, expected, out);
        k->pool_gradient(&s, s.mean ? NULL : x, s.mean ? NULL : y, dy, dx, scratch);
        expect("pool's gradient", seed, s.type, dx, slope, in);
        SAME_FOR_THREADS(k->pool(&s, x, again), y, again, (size_t)out * dc3_dtype_size(s.type));
        SAME_FOR_THREADS(k->pool_gradient(&s, x, y, dy, again, scratch), dx, again,
                         (size_t)in * dc3_dtype_size(s.type));
        free(x), free(dy), free(y), free(dx), free(again), free(expected), free(slope), free(scratch);
    }
}

/* Of several equal largest values the first takes the gradient. */
static void pool_of_equals(void **state)
{
    (void)state;
    dc3_pool_shape s = {DC3_F32, 1, 2, 2, 1, 1, 1, 2, 2, 0, 0};
    float x[] = {1, 3, 3, 3}, y[1], dy[] = {5}, dx[4], scratch[4 * 64];
    dc3_kernels_best()->pool(&s, x, y);
    omp_set_num_threads(1);
    dc3_kernels_best()->pool_gradient(&s, x, y, dy, dx, scratch);
    assert_true(y[0] == 3 && dx[0] == 0 && dx[1] == 5 && dx[2] == 0 && dx[3] == 0);
}

static void whole_maps(void **state)
{
    (void)state;
    const dc3_kernels *k = dc3_kernels_best();
    for (uint64_t seed = 0; seed < 40; seed++) {
        dc3_rng rng = dc3_rng_make(seed, DC3_RNG_TEST, 41);
        dc3_dtype type = types[seed % 2];
        int64_t n = between(&rng, 1, 3), pixels = between(&rng, 1, 60), c = between(&rng, 1, 140);
        int64_t count = n * pixels * c;
        void *x = random_values(&rng, type, count, 1), *g = random_values(&rng, type, count, 1),
             *v = random_values(&rng, type, n * c, 1), *y = room_for(type, count);
        double *mean = calloc((size_t)(n * c), sizeof *mean),
               *product = calloc((size_t)(n * c), sizeof *product),
               *spread = malloc((size_t)count * sizeof *spread),
               *scaled = malloc((size_t)count * sizeof *scaled);
        for (int64_t i = 0; i < count; i++) {
            int64_t to = i / (pixels * c) * c + i % c;
            double value = value_at(type, x, i);
            mean[to] += value / (double)pixels;
            product[to] += value * value_at(type, g, i);
            spread[i] = value_at(type, v, to) / (double)pixels;
            scaled[i] = value * value_at(type, v, to);
        }
        k->global_pool(type, n, pixels, c, x, y);
        expect("mean of the map", seed, type, y, mean, n * c);
        k->global_pool_gradient(type, n, pixels, c, v, y);
        expect("gradient of the map's mean", seed, type, y, spread, count);
        k->scale_channels(type, n, pixels, c, x, v, y);
        expect("scaled channels", seed, type, y, scaled, count);
        k->scale_channels_gradient(type, n, pixels, c, x, g, y);
        expect("gradient of channels' factors", seed, type, y, product, n * c);
        free(x), free(g), free(v), free(y), free(mean), free(product), free(spread), free(scaled);
    }
}

/* PyTorch's windows, by floor and ceil of fractions. */
static void adaptive_pool(void **state)
{
    (void)state;
    const dc3_kernels *k = dc3_kernels_best();
    for (uint64_t seed = 0; seed < 40; seed++) {
        dc3_rng rng = dc3_rng_make(seed, DC3_RNG_TEST, 42);
        dc3_dtype type = types[seed % 2];
        int64_t n = between(&rng, 1, 2), h = between(&rng, 1, 9), w = between(&rng, 1, 9),
                c = between(&rng, 1, 9), size = between(&rng, 1, 7), in = n * h * w * c,
                out = n * size * size * c;
        void *x = random_values(&rng, type, in, 1), *dy = random_values(&rng, type, out, 1),
             *y = room_for(type, out), *dx = room_for(type, in);
        double *mean = calloc((size_t)out, sizeof *mean), *slope = calloc((size_t)in, sizeof *slope);
        for (int64_t o = 0; o < out; o++) {
            int64_t j = o % c, column = o / c % size, row = o / c / size % size, image = o / c / size / size;
            int64_t top = (int64_t)floor((double)(row * h) / (double)size),
                    bottom = (int64_t)ceil((double)((row + 1) * h) / (double)size),
                    left = (int64_t)floor((double)(column * w) / (double)size),
                    right = (int64_t)ceil((double)((column + 1) * w) / (double)size);
            double area = (double)((bottom - top) * (right - left));
            for (int64_t p = top * w; p < bottom * w; p++) {
                int64_t at = (image * h * w + p) * c + j;
                if (p % w < left || p % w >= right) continue;
                mean[o] += value_at(type, x, at) / area;
                slope[at] += value_at(type, dy, o) / area;
            }
        }
        k->adaptive_pool(type, n, h, w, c, size, x, y);
        expect("adaptive pool", seed, type, y, mean, out);
        k->adaptive_pool_gradient(type, n, h, w, c, size, dy, dx);
        expect("adaptive pool's gradient", seed, type, dx, slope, in);
        free(x), free(dy), free(y), free(dx), free(mean), free(slope);
    }
}

/* The draws of the streams, one after the other. */
static void dropout(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 30; seed++) {
        dc3_rng rng = dc3_rng_make(seed, DC3_RNG_TEST, 43);
        dc3_dropout_shape s = {.type = types[seed % 2],
                               .count = between(&rng, 1, 3000),
                               .width = between(&rng, 1, 700),
                               .seed = seed * 77,
                               .p = seed % 10 == 0 ? 1 : 0.1f * (float)between(&rng, 0, 9),
                               .each = (int)(seed / 2 % 2)};
        void *x = random_values(&rng, s.type, s.count, 1), *y = room_for(s.type, s.count),
             *again = room_for(s.type, s.count);
        double *expected = calloc((size_t)s.count, sizeof *expected);
        dc3_rng stream = {0};
        int kept = 0;
        for (int64_t i = 0; i < s.count; i++) {
            if (i % s.width == 0) stream = dc3_rng_make(s.seed, DC3_RNG_DROPOUT, (uint64_t)(i / s.width));
            if (s.each || i % s.width == 0) kept = (double)dc3_rng_u32(&stream) >= (double)s.p * 4294967296.0;
            if (kept) expected[i] = value_at(s.type, x, i) / (1 - (double)s.p);
        }
        dc3_kernels_best()->dropout(&s, x, y);
        expect("dropout", seed, s.type, y, expected, s.count);
        for (int64_t i = 0; i < s.count; i++) assert_int_equal(value_at(s.type, y, i) == 0, expected[i] == 0);
        SAME_FOR_THREADS(dc3_kernels_best()->dropout(&s, x, again), y, again,
                         (size_t)s.count * dc3_dtype_size(s.type));
        free(x), free(y), free(again), free(expected);
    }
}

/* Layouts that only move: [n, pixels, c] to [n, c, pixels], 2x2 windows side by side. */
static void layouts(void **state)
{
    (void)state;
    const dc3_kernels *k = dc3_kernels_best();
    for (uint64_t seed = 0; seed < 30; seed++) {
        dc3_rng rng = dc3_rng_make(seed, DC3_RNG_TEST, 44);
        dc3_dtype type = types[seed % 2];
        int64_t n = between(&rng, 1, 3), h = between(&rng, 1, 6), w = between(&rng, 1, 6),
                c = between(&rng, 1, 9), pixels = h * w, count = n * pixels * c, oh = (h + 1) / 2,
                ow = (w + 1) / 2, merged = n * oh * ow * 4 * c;
        void *x = random_values(&rng, type, count, 1), *y = room_for(type, merged + count),
             *back = room_for(type, count);
        k->to_planar(type, n, pixels, c, x, y);
        for (int64_t i = 0; i < count; i++)
            assert_true(value_at(type, y, i) ==
                        value_at(type, x, (i / (c * pixels) * pixels + i % pixels) * c + i / pixels % c));
        k->from_planar(type, n, pixels, c, y, back);
        assert_memory_equal(back, x, (size_t)count * dc3_dtype_size(type));
        k->patch_merge(type, n, h, w, c, x, y);
        for (int64_t i = 0; i < merged; i++) {
            int64_t part = i / c % 4, column = i / (4 * c) % ow * 2 + (part >= 2),
                    row = i / (4 * c * ow) % oh * 2 + (part == 1 || part == 3), image = i / (4 * c * ow * oh);
            int inside = row < h && column < w;
            double expected = inside ? value_at(type, x, ((image * h + row) * w + column) * c + i % c) : 0;
            assert_true(value_at(type, y, i) == expected);
        }
        memset(back, 0xff, (size_t)count * dc3_dtype_size(type));
        k->patch_merge_gradient(type, n, h, w, c, y, back);
        assert_memory_equal(back, x, (size_t)count * dc3_dtype_size(type));
        free(x), free(y), free(back);
    }
}

/* Bytes around what is moved stay. */
static void bytes(void **state)
{
    (void)state;
    enum { MOST = 200000 };
    static const size_t sizes[] = {0, 1, 63, 8191, 8193, 65535, 65536, 65537, 131072, 199999};
    const dc3_kernels *k = dc3_kernels_best();
    unsigned char *a = malloc(MOST + 2), *b = malloc(MOST + 2), *old = malloc(MOST + 2);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        size_t size = sizes[i];
        for (size_t j = 0; j < MOST + 2; j++)
            a[j] = (unsigned char)(j * 7 % 251), b[j] = (unsigned char)(j % 83);
        memcpy(old, b, MOST + 2);
        k->copy(size, a + 1, b + 1);
        assert_memory_equal(b + 1, a + 1, size);
        assert_true(b[0] == old[0] && b[size + 1] == old[size + 1]);
        k->swap(size, old + 1, b + 1);
        assert_memory_equal(old + 1, a + 1, size);
        for (size_t j = 0; j < size + 2; j++) assert_int_equal(b[j], j % 83);
        k->fill(size, 0xa5, b + 1);
        for (size_t j = 1; j <= size; j++) assert_int_equal(b[j], 0xa5);
        assert_true(b[0] == 0 && b[size + 1] == (size + 1) % 83);
    }
    for (size_t rows = 1; rows < 400; rows = 3 * rows + 1) {
        memset(b, 1, MOST);
        k->copy_rows((int64_t)rows, 300, a, 310, b, 420);
        for (size_t j = 0; j < rows * 420; j++)
            assert_int_equal(b[j], j % 420 < 300 ? a[j / 420 * 310 + j % 420] : 1);
    }
    free(a), free(b), free(old);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pool),          cmocka_unit_test(pool_of_equals), cmocka_unit_test(whole_maps),
        cmocka_unit_test(adaptive_pool), cmocka_unit_test(dropout),        cmocka_unit_test(layouts),
        cmocka_unit_test(bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
