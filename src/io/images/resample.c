#include "io/images/resample.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum {
    WEIGHT_BITS = 14, /* weights are at most 1.2, and fit into 16 bits */
    LOBES = 3,
    BLOCK = 512 /* values that are summed at once, in the first-level cache */
};

/* For each wanted sample the source's samples from `first` on, and their weights in units of 2^-14, which sum
 * to one. */
typedef struct taps {
    int points; /* even */
    int *first;
    int16_t *weights;     /* [count, points] */
    double *values;       /* scratch [points] */
    const uint8_t **rows; /* scratch [points] */
} taps;

/* sin(a), sin(a + d), sin(a + 2 d), ... by rotation. */
typedef struct sines {
    double sin, cos, sin_step, cos_step;
} sines;

static sines sines_from(double a, double d)
{
    return (sines){sin(a), cos(a), sin(d), cos(d)};
}

static double next_sine(sines *s)
{
    double value = s->sin;
    s->sin = value * s->cos_step + s->cos * s->sin_step;
    s->cos = s->cos * s->cos_step - value * s->sin_step;
    return value;
}

/* Lanczos's kernel around `centre`, `shrink` samples wide a lobe, at `points` samples from `first` on,
 * rounded; what rounding leaves goes to the largest. `values` is scratch [points]. */
static void weigh(double centre, double shrink, int first, int points, double *values, int16_t *weights)
{
    const double pi = 3.14159265358979323846;
    double start = pi * (first - centre) / shrink, step = pi / shrink, sum = 0;
    sines inner = sines_from(start, step), outer = sines_from(start / LOBES, step / LOBES);
    int left = 1 << WEIGHT_BITS, largest = 0;
    for (int i = 0; i < points; i++) {
        double x = start + i * step, product = next_sine(&inner) * next_sine(&outer) * LOBES;
        values[i] = fabs(x) < 1e-6 ? 1 : fabs(x) >= LOBES * pi ? 0 : product / (x * x);
        sum += values[i];
    }
    for (int i = 0; i < points; i++) {
        weights[i] = (int16_t)lrint(values[i] / sum * (1 << WEIGHT_BITS));
        left -= weights[i];
        if (weights[i] > weights[largest]) largest = i;
    }
    weights[largest] = (int16_t)(weights[largest] + left);
}

static void taps_free(taps *t)
{
    free(t->first);
    free(t->weights);
    free(t->values);
    free(t->rows);
}

/* Of an axis whose samples were averaged by `block`; the caller frees, after a failure too. */
static int taps_make(dc3_resample_axis axis, int block, taps *t)
{
    double shrink = axis.shrink / block, before = (axis.scaled * axis.shrink - axis.extent) / 2 / block;
    int points = 2 * (int)ceil(LOBES * shrink);
    *t = (taps){.points = points};
    t->first = malloc((size_t)axis.count * sizeof *t->first);
    t->weights = malloc((size_t)axis.count * (size_t)points * sizeof *t->weights);
    t->values = malloc((size_t)points * sizeof *t->values);
    t->rows = malloc((size_t)points * sizeof *t->rows);
    if (!t->first || !t->weights || !t->values || !t->rows) return 0;
    for (int i = 0; i < axis.count; i++) {
        double centre = (axis.first + i + 0.5) * shrink - 0.5 - before;
        t->first[i] = (int)floor(centre) + 1 - points / 2;
        weigh(centre, shrink, t->first[i], points, t->values, t->weights + (size_t)i * (size_t)points);
    }
    return 1;
}

static int clamp(int i, int size)
{
    return i < 0 ? 0 : i >= size ? size - 1 : i;
}

static uint8_t to_byte(int32_t sum)
{
    int32_t value = (sum + (1 << (WEIGHT_BITS - 1))) >> WEIGHT_BITS;
    return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

/* out[i] = sum over k of weights[k] * rows[k][i], for `n` values; `points` is even. */
static void weigh_values(int n, const uint8_t *const *rows, const int16_t *weights, int points, uint8_t *out)
{
    for (int i = 0; i < n; i++) {
        int32_t sum = 0;
        for (int k = 0; k < points; k++) sum += (int32_t)weights[k] * rows[k][i];
        out[i] = to_byte(sum);
    }
}

#ifdef __SSE2__
/* Adds both rows, at their weights, to the 16 sums. */
static void add_pair(__m128i a, __m128i b, __m128i weights, __m128i sums[4])
{
    const __m128i zero = _mm_setzero_si128();
    __m128i low = _mm_unpacklo_epi8(a, b), high = _mm_unpackhi_epi8(a, b);
    sums[0] = _mm_add_epi32(sums[0], _mm_madd_epi16(_mm_unpacklo_epi8(low, zero), weights));
    sums[1] = _mm_add_epi32(sums[1], _mm_madd_epi16(_mm_unpackhi_epi8(low, zero), weights));
    sums[2] = _mm_add_epi32(sums[2], _mm_madd_epi16(_mm_unpacklo_epi8(high, zero), weights));
    sums[3] = _mm_add_epi32(sums[3], _mm_madd_epi16(_mm_unpackhi_epi8(high, zero), weights));
}

/* The same for a multiple of 16 values, of which the number is returned. */
static int weigh_sixteens(int n, const uint8_t *const *rows, const int16_t *weights, int points, uint8_t *out)
{
    int at = 0;
    for (; at + 16 <= n; at += 16) {
        __m128i half = _mm_set1_epi32(1 << (WEIGHT_BITS - 1)), sums[4] = {half, half, half, half};
        for (int k = 0; k < points; k += 2) {
            int32_t both;
            memcpy(&both, weights + k, sizeof both);
            add_pair(_mm_loadu_si128((const __m128i *)(rows[k] + at)),
                     _mm_loadu_si128((const __m128i *)(rows[k + 1] + at)), _mm_set1_epi32(both), sums);
        }
        for (int i = 0; i < 4; i++) sums[i] = _mm_srai_epi32(sums[i], WEIGHT_BITS);
        _mm_storeu_si128((__m128i *)(out + at), _mm_packus_epi16(_mm_packs_epi32(sums[0], sums[1]),
                                                                 _mm_packs_epi32(sums[2], sums[3])));
    }
    return at;
}
#else
static int weigh_sixteens(int n, const uint8_t *const *rows, const int16_t *weights, int points, uint8_t *out)
{
    (void)n, (void)rows, (void)weights, (void)points, (void)out;
    return 0;
}
#endif

/* out[k] is the weighted sum of rows of `in` [size, length] that t has for k. */
static void weigh_rows(const uint8_t *in, int size, int length, const taps *t, int count, uint8_t *out)
{
    const uint8_t **rows = t->rows;
    for (int k = 0; k < count; k++, out += length) {
        const int16_t *weights = t->weights + (size_t)k * (size_t)t->points;
        for (int i = 0; i < t->points; i++)
            rows[i] = in + (size_t)clamp(t->first[k] + i, size) * (size_t)length;
        int done = weigh_sixteens(length, rows, weights, t->points, out);
        for (int i = 0; i < t->points; i++) rows[i] += done;
        weigh_values(length - done, rows, weights, t->points, out + done);
    }
}

/* [rows, columns, 3] to [columns, 3, rows]. */
static void transpose(const uint8_t *in, int rows, int columns, uint8_t *out)
{
    for (int y = 0; y < rows; y++)
        for (int x = 0; x < 3 * columns; x++)
            out[(size_t)x * (size_t)rows + (size_t)y] = in[(size_t)y * 3 * (size_t)columns + (size_t)x];
}

/* [columns, 3, rows] to [rows, columns, 3]. */
static void transpose_back(const uint8_t *in, int rows, int columns, uint8_t *out)
{
    for (int y = 0; y < rows; y++)
        for (int x = 0; x < 3 * columns; x++)
            out[(size_t)y * 3 * (size_t)columns + (size_t)x] = in[(size_t)x * (size_t)rows + (size_t)y];
}

/* Means of `block` rows of `in` [rows, length] each; the last row stands for those beyond. */
static void average_rows(const uint8_t *in, int rows, int length, int block, uint8_t *out)
{
    int32_t sums[BLOCK];
    for (int k = 0; k * block < rows; k++)
        for (int at = 0; at < length; at += BLOCK) {
            int n = length - at < BLOCK ? length - at : BLOCK;
            for (int i = 0; i < n; i++) sums[i] = block / 2;
            for (int j = 0; j < block; j++) {
                const uint8_t *row = in + (size_t)clamp(k * block + j, rows) * (size_t)length + at;
                for (int i = 0; i < n; i++) sums[i] += row[i];
            }
            for (int i = 0; i < n; i++)
                out[(size_t)k * (size_t)length + (size_t)(at + i)] = (uint8_t)(sums[i] / block);
        }
}

/* Rows of `in` [axis.size, length] to `*out` [axis.count, length], which the caller frees. */
static int resample_rows(const uint8_t *in, dc3_resample_axis axis, int length, uint8_t **out)
{
    int block = axis.size / axis.scaled / 2, rows = axis.size, done = 0;
    if (block < 1) block = 1;
    uint8_t *averaged = NULL;
    taps t = {0};
    *out = malloc((size_t)axis.count * (size_t)length);
    if (block > 1) {
        rows = (axis.size + block - 1) / block;
        averaged = malloc((size_t)rows * (size_t)length);
        if (averaged) average_rows(in, axis.size, length, block, averaged);
    }
    if (*out && (block == 1 || averaged) && taps_make(axis, block, &t)) {
        weigh_rows(averaged ? averaged : in, rows, length, &t, axis.count, *out);
        done = 1;
    }
    taps_free(&t);
    free(averaged);
    return done;
}

int dc3_resample(const dc3_image *from, dc3_resample_axis across, dc3_resample_axis down, dc3_image *image)
{
    int length = 3 * from->width, done = 0;
    uint8_t *narrow = NULL, *turned = NULL, *rows = NULL;
    *image = (dc3_image){0};
    if (resample_rows(from->pixels, down, length, &rows) &&
        (turned = malloc((size_t)length * (size_t)down.count))) {
        transpose(rows, down.count, from->width, turned);
        done = resample_rows(turned, across, 3 * down.count, &narrow) &&
               dc3_image_allocate((uint32_t)across.count, (uint32_t)down.count, image);
        if (done) transpose_back(narrow, down.count, across.count, image->pixels);
    }
    free(narrow);
    free(turned);
    free(rows);
    return done;
}
