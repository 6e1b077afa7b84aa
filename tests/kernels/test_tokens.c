/* Kernels over tokens, each against its definition written down anew: look-up, class token, position bias,
 * attention within windows. */
#include "support/random_tensors.h"
#include <omp.h>
#include "kernels/backend.h"

static const dc3_dtype types[] = {DC3_F32, DC3_BF16};

static void expect(const char *what, uint64_t seed, dc3_dtype type, const void *found, const double *values,
                   int64_t n, double limit)
{
    for (int64_t i = 0; i < n; i++) {
        double x = value_at(type, found, i);
        if (!(fabs(x - values[i]) <= limit * (1 + fabs(values[i]))))
            fail_msg("%s, case %d, %s, element %d: expected %g, found %g", what, (int)seed,
                     dc3_dtype_name(type), (int)i, values[i], x);
    }
}

/* Tables in every float type that files have. */
static void embedding(void **state)
{
    (void)state;
    static const dc3_dtype tables[] = {DC3_F32, DC3_BF16, DC3_F16, DC3_F64};
    for (uint64_t seed = 0; seed < 32; seed++) {
        dc3_rng rng = dc3_rng_make(seed, DC3_RNG_TEST, 50);
        dc3_embedding_shape s = {.n = between(&rng, 1, 3),
                                 .t = between(&rng, 1, 9),
                                 .c = between(&rng, 1, 70),
                                 .rows = between(&rng, 1, 12),
                                 .positions = seed % 3 ? between(&rng, 1, 9) : 0,
                                 .table_type = tables[seed % 4],
                                 .position_type = tables[seed / 4 % 4],
                                 .type = types[seed / 16]};
        int64_t ids[27], count = s.n * s.t * s.c, in = s.rows * s.c, places = s.positions * s.c;
        float *table = random_values(&rng, DC3_F32, in, 1),
              *position = random_values(&rng, DC3_F32, places, 1);
        double stored[12 * 70], stored_place[9 * 70], *expected = malloc((size_t)count * sizeof *expected);
        char *as_file = malloc((size_t)in * 8), *place_as_file = malloc((size_t)places * 8);
        void *y = malloc((size_t)count * 4);
        dc3_convert(table, DC3_F32, as_file, s.table_type, in);
        dc3_convert(as_file, s.table_type, stored, DC3_F64, in);
        dc3_convert(position, DC3_F32, place_as_file, s.position_type, places);
        dc3_convert(place_as_file, s.position_type, stored_place, DC3_F64, places);
        for (int64_t i = 0; i < s.n * s.t; i++) ids[i] = between(&rng, 0, s.rows - 1);
        for (int64_t i = 0; i < count; i++) {
            int64_t token = i / s.c, place = s.positions ? token % s.t % s.positions : 0;
            expected[i] = stored[ids[token] * s.c + i % s.c];
            if (s.positions) expected[i] += stored_place[place * s.c + i % s.c];
        }
        dc3_kernels_best()->embedding(&s, ids, as_file, s.positions ? place_as_file : NULL, y);
        expect("embedding", seed, s.type, y, expected, count, s.type == DC3_F32 ? 1e-7 : 8e-3);
        free(table), free(position), free(expected), free(as_file), free(place_as_file), free(y);
    }
}

static void class_token(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        dc3_rng rng = dc3_rng_make(seed, DC3_RNG_TEST, 51);
        dc3_dtype type = types[seed % 2];
        int64_t n = between(&rng, 1, 4), t = between(&rng, 1, 9), c = between(&rng, 1, 70), count = n * t * c;
        void *x = random_values(&rng, type, n * (t - 1) * c, 1), *y = malloc((size_t)count * 4);
        float *token = random_values(&rng, DC3_F32, c, 1), *position = random_values(&rng, DC3_F32, t * c, 1);
        double *expected = malloc((size_t)count * sizeof *expected);
        for (int64_t i = 0, next = 0; i < count; i++) {
            int64_t place = i / c % t;
            expected[i] =
                (place == 0 ? (double)token[i % c] : value_at(type, x, next)) + position[i % (t * c)];
            next += place != 0;
        }
        dc3_kernels_best()->class_token(type, n, t, c, x, token, position, y);
        expect("class token", seed, type, y, expected, count, type == DC3_F32 ? 1e-7 : 8e-3);
        free(x), free(y), free(token), free(position), free(expected);
    }
}

/* Rows of x are ordered by the distance down, then right, each from 1 - side to side - 1, of query less key.
 */
static void position_bias(void **state)
{
    (void)state;
    for (int64_t side = 1; side <= 5; side++) {
        dc3_rng rng = dc3_rng_make((uint64_t)side, DC3_RNG_TEST, 52);
        int64_t heads = between(&rng, 1, 4), wide = 2 * side - 1, tokens = side * side,
                count = heads * tokens * tokens;
        float *x = random_values(&rng, DC3_F32, wide * wide * heads, 2),
              *y = malloc((size_t)count * sizeof *y), *dy = random_values(&rng, DC3_F32, count, 1),
              *dx = malloc((size_t)(wide * wide * heads) * sizeof *dx);
        double *expected = malloc((size_t)count * sizeof *expected),
               *slope = calloc((size_t)(wide * wide * heads), sizeof *slope);
        int64_t at = 0;
        for (int64_t head = 0; head < heads; head++)
            for (int64_t qy = 0; qy < side; qy++)
                for (int64_t qx = 0; qx < side; qx++)
                    for (int64_t ky = 0; ky < side; ky++)
                        for (int64_t kx = 0; kx < side; kx++, at++) {
                            int64_t row = (qy - ky - (1 - side)) * wide + qx - kx - (1 - side);
                            double s = 1 / (1 + exp(-(double)x[row * heads + head]));
                            expected[at] = 16 * s;
                            slope[row * heads + head] += dy[at] * 16 * s * (1 - s);
                        }
        dc3_kernels_best()->position_bias(heads, side, x, y);
        expect("position bias", (uint64_t)side, DC3_F32, y, expected, count, 1e-6);
        dc3_kernels_best()->position_bias_gradient(heads, side, y, dy, dx);
        expect("position bias's gradient", (uint64_t)side, DC3_F32, dx, slope, wide * wide * heads, 1e-4);
        free(x), free(y), free(dy), free(dx), free(expected), free(slope);
    }
}

/* What the kernel takes, in double precision. */
typedef struct windows {
    dc3_window_shape s;
    double *qkv, *position, *bias, *scale;
} windows;

/* Part 0, 1, 2 of the query, key or value of padded pixel (y, x), dimension d of a head, with its bias. */
static double part_of(const windows *w, int64_t image, int64_t y, int64_t x, int part, int64_t head,
                      int64_t d)
{
    const dc3_window_shape *s = &w->s;
    int64_t column = part * s->c + head * s->dim + d;
    double value = y < s->h && x < s->w ? w->qkv[((image * s->h + y) * s->w + x) * 3 * s->c + column] : 0;
    return value + (part == 1 ? 0 : w->bias[column]);
}

static double cosine(const windows *w, int64_t image, const int64_t *q, const int64_t *k, int64_t head)
{
    double dot = 0, qq = 0, kk = 0;
    for (int64_t d = 0; d < w->s.dim; d++) {
        double a = part_of(w, image, q[0], q[1], 0, head, d), b = part_of(w, image, k[0], k[1], 1, head, d);
        dot += a * b, qq += a * a, kk += b * b;
    }
    return dot / fmax(sqrt(qq), 1e-12) / fmax(sqrt(kk), 1e-12);
}

/* Where a padded pixel stands after the shift has moved it up by `shift`. */
static int64_t moved(int64_t at, int64_t padded, int64_t shift)
{
    return (at - shift + padded) % padded;
}

/* The softmax's weights of all pixels of the padded map for the query at (y, x): zero out of its window; keys
 * that the shift has brought there from the other edge count 100 less. */
static void weights_of(const windows *w, int64_t image, int64_t y, int64_t x, int64_t head, double *p)
{
    const dc3_window_shape *s = &w->s;
    int64_t height = s->rows * s->side, width = s->columns * s->side, q[] = {y, x};
    int64_t qy = moved(y, height, s->shift_h), qx = moved(x, width, s->shift_w);
    double sum = 0, rate = exp(fmin(w->scale[head], log(100)));
    for (int64_t i = 0; i < height * width; i++) {
        int64_t k[] = {i / width, i % width}, ky = moved(k[0], height, s->shift_h),
                kx = moved(k[1], width, s->shift_w);
        p[i] = 0;
        if (qy / s->side != ky / s->side || qx / s->side != kx / s->side) continue;
        int64_t from = qy % s->side * s->side + qx % s->side, to = ky % s->side * s->side + kx % s->side;
        /* From opposite edges: one of them was moved around the edge, the other was not. */
        int apart = (y < s->shift_h) != (k[0] < s->shift_h) || (x < s->shift_w) != (k[1] < s->shift_w);
        double score = rate * cosine(w, image, q, k, head) +
                       w->position[(head * s->tokens + from) * s->tokens + to] - (apart ? 100 : 0);
        sum += p[i] = exp(score - 100);
    }
    for (int64_t i = 0; i < height * width; i++) p[i] /= sum;
}

static void attend(const windows *w, double *y)
{
    const dc3_window_shape *s = &w->s;
    int64_t width = s->columns * s->side, all = s->rows * s->side * width;
    double *p = malloc((size_t)all * sizeof *p);
    for (int64_t i = 0; i < s->n * s->h * s->w * s->heads; i++) {
        int64_t head = i % s->heads, pixel = i / s->heads, image = pixel / (s->h * s->w);
        weights_of(w, image, pixel / s->w % s->h, pixel % s->w, head, p);
        for (int64_t d = 0; d < s->dim; d++) {
            double sum = 0;
            for (int64_t j = 0; j < all; j++)
                if (p[j] > 0) sum += p[j] * part_of(w, image, j / width, j % width, 2, head, d);
            y[pixel * s->c + head * s->dim + d] = sum;
        }
    }
    free(p);
}

static double *in_double(dc3_dtype type, const void *x, int64_t n)
{
    double *y = malloc((size_t)n * sizeof *y);
    for (int64_t i = 0; i < n; i++) y[i] = value_at(type, x, i);
    return y;
}

/* The gradients of a random direction by differences of the definition, of everything that is read. */
static void expect_slope(const char *what, uint64_t seed, const windows *w, const double *dy, double *values,
                         const double *slope, int64_t n, double limit)
{
    const double e = 1e-4;
    int64_t count = w->s.n * w->s.h * w->s.w * w->s.c;
    double *y = malloc((size_t)count * sizeof *y), l[2] = {0}, expected = 0,
           *old = malloc((size_t)n * sizeof *old);
    memcpy(old, values, (size_t)n * sizeof *old);
    for (int side = 0; side < 2; side++) {
        for (int64_t i = 0; i < n; i++) values[i] = old[i] + (side ? -e : e) * sin((double)(i + 1));
        attend(w, y);
        for (int64_t i = 0; i < count; i++) l[side] += dy[i] * y[i];
    }
    memcpy(values, old, (size_t)n * sizeof *old);
    double most = 0;
    for (int64_t i = 0; i < n; i++) expected += slope[i] * sin((double)(i + 1)), most += fabs(slope[i]);
    double found = (l[0] - l[1]) / (2 * e);
    if (!(fabs(found - expected) <= limit * (1 + most)))
        fail_msg("window attention's gradient of %s, case %d: by differences %g, by the kernel %g", what,
                 (int)seed, found, expected);
    free(y), free(old);
}

static void window_attention(void **state)
{
    (void)state;
    const dc3_kernels *k = dc3_kernels_best();
    for (uint64_t seed = 0; seed < 24; seed++) {
        dc3_rng rng = dc3_rng_make(seed, DC3_RNG_TEST, 53);
        windows w = {.s = {.type = types[seed % 2],
                           .n = between(&rng, 1, 3),
                           .h = between(&rng, 1, 7),
                           .w = between(&rng, 1, 7),
                           .heads = between(&rng, 1, 3),
                           .dim = between(&rng, 1, 9),
                           .side = between(&rng, 1, 4)}};
        dc3_window_shape *s = &w.s;
        s->c = s->heads * s->dim, s->tokens = s->side * s->side;
        s->rows = (s->h + s->side - 1) / s->side, s->columns = (s->w + s->side - 1) / s->side;
        s->shift_h = s->rows > 1 ? between(&rng, 0, s->side - 1) : 0;
        s->shift_w = s->columns > 1 ? between(&rng, 0, s->side - 1) : 0;
        int64_t pixels = s->n * s->h * s->w, square = s->heads * s->tokens * s->tokens;
        void *qkv = random_values(&rng, s->type, pixels * 3 * s->c, 1),
             *dy = random_values(&rng, s->type, pixels * s->c, 1), *y = malloc((size_t)(pixels * s->c) * 4),
             *dqkv = malloc((size_t)(pixels * 3 * s->c) * 4),
             *again = malloc((size_t)(pixels * 3 * s->c) * 4);
        float *position = random_values(&rng, DC3_F32, square, 1),
              *bias = random_values(&rng, DC3_F32, 3 * s->c, 0.5f),
              *scale = random_values(&rng, DC3_F32, s->heads, 0.5f),
              *sums = calloc((size_t)(square + 3 * s->c + s->heads), sizeof *sums),
              *same = calloc((size_t)(square + 3 * s->c + s->heads), sizeof *same);
        w.qkv = in_double(s->type, qkv, pixels * 3 * s->c), w.position = in_double(DC3_F32, position, square);
        w.bias = in_double(DC3_F32, bias, 3 * s->c), w.scale = in_double(DC3_F32, scale, s->heads);
        double *expected = malloc((size_t)(pixels * s->c) * sizeof *expected),
               *d = in_double(s->type, dy, pixels * s->c);
        attend(&w, expected);
        omp_set_num_threads(3);
        size_t forward = k->window_attention_scratch(s, 3),
               backward = k->window_attention_gradient_scratch(s, 3);
        void *scratch = malloc(forward > backward ? forward : backward);
        k->window_attention(s, qkv, position, bias, scale, y, scratch);
        expect("window attention", seed, s->type, y, expected, pixels * s->c, tolerance(s->type));
        for (int run = 0; run < 2; run++) {
            float *out = run ? same : sums;
            omp_set_num_threads(run ? 1 : 3);
            dc3_window_gradient g = {qkv,  dy,           position,
                                     bias, scale,        run ? again : dqkv,
                                     out,  out + square, out + square + 3 * s->c};
            k->window_attention_gradient(s, &g, scratch);
        }
        assert_memory_equal(sums, same, (size_t)(square + 3 * s->c + s->heads) * sizeof *sums);
        assert_memory_equal(dqkv, again, (size_t)(pixels * 3 * s->c) * dc3_dtype_size(s->type));
        double *slope = in_double(s->type, dqkv, pixels * 3 * s->c),
               *others = in_double(DC3_F32, sums, square + 3 * s->c + s->heads), limit = 2e-4;
        expect_slope("qkv", seed, &w, d, w.qkv, slope, pixels * 3 * s->c, s->type == DC3_F32 ? limit : 4e-3);
        expect_slope("the positions", seed, &w, d, w.position, others, square, limit);
        expect_slope("the biases", seed, &w, d, w.bias, others + square, 3 * s->c, limit);
        expect_slope("the scale", seed, &w, d, w.scale, others + square + 3 * s->c, s->heads, limit);
        free(qkv), free(dy), free(y), free(dqkv), free(again), free(position), free(bias), free(scale),
            free(sums);
        free(same), free(w.qkv), free(w.position), free(w.bias), free(w.scale), free(expected), free(d);
        free(scratch), free(slope), free(others);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(embedding), cmocka_unit_test(class_token),
                                       cmocka_unit_test(position_bias), cmocka_unit_test(window_attention)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
