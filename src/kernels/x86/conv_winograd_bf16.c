/* 3x3 convolutions of stride 1 in bf16 by Winograd's F(2x2, 3x3): a tile of 2x2 outputs takes 16 products for
 * each pair of channels instead of 36. As conv_winograd.c, with m = 2 and the points 0, 1, -1 and infinity;
 * the larger tile of that file would lose two digits, of which bf16 has two. Transforms are computed in f32,
 * their results rounded to bf16 once (kernels from the f32 weights, so that these are not rounded
 * themselves), products summed in f32 by vdpbf16ps, which takes pairs: of channels in the convolutions, of
 * tiles in the weight gradient.
 *
 * In 4-byte words of a pair, channels WIDE at a time: inputs [16][c / WIDE][tiles][WIDE / 2], kernels [k /
 * WIDE] [16][c / 2][WIDE]; for the weight gradient inputs [16][c / WIDE][pairs of tiles][WIDE], output
 * gradients alike. A line more between two places keeps the 16 from one set of the cache. */
#include <omp.h>
#include <string.h>

enum { OUT = 2 };
#include "kernels/x86/winograd_tiles.h"

enum {
    ROWS = 12, /* tiles of the register tile, by WIDE channels */
    GRADIENT_ROWS = 8,
    WORDS = WIDE / 2,
    LINE = 16, /* words */
    MOST_KERNELS = 16 << 20,
    INNER = 64
};

/* The four values x[0], x[step], ... times B^T. */
DC3_INLINE void transform_inputs(vec *x, int step)
{
    vec d0 = x[0], d1 = x[step], d2 = x[2 * step], d3 = x[3 * step];
    x[0] = d0 - d2;
    x[step] = d1 + d2;
    x[2 * step] = d2 - d1;
    x[3 * step] = d1 - d3;
}

/* Four values times A^T: the first two are results. */
DC3_INLINE void transform_outputs(vec *x, int step)
{
    vec sum = x[step] + x[2 * step], difference = x[step] - x[2 * step];
    x[0] = x[0] + sum;
    x[step] = difference - x[3 * step];
}

/* Two values times A: four results. */
DC3_INLINE void transform_output_gradients(vec *x, int step)
{
    vec y0 = x[0], y1 = x[step];
    x[step] = y0 + y1;
    x[2 * step] = y0 - y1;
    x[3 * step] = -y1;
}

/* Three values times G: four results. */
DC3_INLINE void transform_kernels(vec *x, int step)
{
    vec even = 0.5f * (x[0] + x[2 * step]), odd = 0.5f * x[step];
    x[3 * step] = x[2 * step];
    x[step] = even + odd;
    x[2 * step] = even - odd;
}

/* Four values times G^T: the first three are results. */
DC3_INLINE void transform_kernel_gradients(vec *x, int step)
{
    vec even = 0.5f * (x[step] + x[2 * step]), odd = 0.5f * (x[step] - x[2 * step]);
    x[0] = x[0] + even;
    x[step] = odd;
    x[2 * step] = even + x[3 * step];
}

/* Pairs of the same lane, rounded to bf16. */
DC3_INLINE __m512i pairs_of(vec first, vec second)
{
    const __m512i order = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23,
                                           7, 22, 6, 21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
    return _mm512_permutexvar_epi16(order, (__m512i)_mm512_cvtne2ps_pbh(second, first));
}

/* The bf16 values of 16 channels. */
DC3_INLINE vec load(const void *x)
{
    __m512i bits = _mm512_cvtepu16_epi32(_mm256_loadu_si256(x));
    return _mm512_castsi512_ps(_mm512_slli_epi32(bits, 16));
}

DC3_INLINE void store(void *y, vec x)
{
    _mm256_storeu_si256(y, (__m256i)_mm512_cvtneps_pbh(x));
}

/* Words from one place to the next. */
static int64_t kernel_place(const job *j)
{
    return j->c / 2 * WIDE;
}

static int64_t input_place(const job *j)
{
    return j->c / 2 * j->block + LINE;
}

static int64_t product_place(const job *j)
{
    return j->block * WIDE + LINE;
}

/* Kernels for 16 outputs from k on of channel c: w [co, ci, 3, 3], or turned and with ci and co exchanged. */
DC3_INLINE void kernels_of(const float *from, int64_t next_k, int turned, vec *v)
{
    float plain[9][LANES] __attribute__((aligned(64)));
    for (int i = 0; i < LANES; i++)
        for (int p = 0; p < 9; p++) plain[turned ? 8 - p : p][i] = from[i * next_k + p];
    for (int p = 0; p < 9; p++) v[p / 3 * IN + p % 3] = v_load(plain[p]);
    for (int i = 0; i < 3; i++) transform_kernels(v + i, IN);
    for (int i = 0; i < IN; i++) transform_kernels(v + i * IN, 1);
}

static void pack_kernels(const job *j, const float *w, int turned, uint32_t *to)
{
    int64_t next_c = turned ? j->k * 9 : 9, next_k = turned ? 9 : j->c * 9;
#pragma omp parallel for collapse(2)
    for (int64_t b = 0; b < j->k / LANES; b++)
        for (int64_t c = 0; c < j->c; c += 2) {
            const float *from = w + c * next_c + b * LANES * next_k;
            uint32_t *out = to + b / 2 * PLACES * kernel_place(j) + c / 2 * WIDE + b % 2 * LANES;
            vec even[PLACES], odd[PLACES];
            kernels_of(from, next_k, turned, even);
            kernels_of(from + next_c, next_k, turned, odd);
            for (int p = 0; p < PLACES; p++)
                _mm512_storeu_si512(out + p * kernel_place(j), pairs_of(even[p], odd[p]));
        }
}

/* B^T d B of 16 channels. */
DC3_INLINE void inputs_of(const void **pixels, int64_t c, vec *v)
{
    for (int i = 0; i < PLACES; i++) v[i] = load((const uint16_t *)pixels[i] + c);
    for (int i = 0; i < IN; i++) transform_inputs(v + i, IN);
    for (int i = 0; i < IN; i++) transform_inputs(v + i * IN, 1);
}

/* Pixels of the inputs of tile `t`. */
DC3_INLINE void find_inputs(const job *j, const void *x, int64_t t, const void *zeros, const void **pixels)
{
    place p = place_of(j, t);
    find_pixels(IN, x, j->h, j->w, j->c, 2, p.n, p.y - j->top, p.x - j->left, zeros, pixels);
}

/* Tile `t`, which is number `at` of the block. */
static void pack_inputs(const job *j, const void *x, int64_t t, int64_t at, const void *zeros, uint32_t *to)
{
    const void *pixels[PLACES];
    find_inputs(j, x, t, zeros, pixels);
    for (int64_t c = 0; c < j->c; c += LANES) {
        vec v[PLACES];
        inputs_of(pixels, c, v);
        uint32_t *out = to + (c / WIDE * j->block + at) * WORDS + c % WIDE / 2;
        for (int i = 0; i < PLACES; i++) store(out + i * input_place(j), v[i]);
    }
}

DC3_INLINE vec finish(const epilogue *e, vec x, int64_t k, int64_t at)
{
    if (e->bias) x += v_load_any(e->bias + k);
    if (e->relu && !e->relu_last) x = positive(x);
    if (e->residual) x += load((const uint16_t *)e->residual + at);
    if (e->relu && e->relu_last) x = positive(x);
    return x;
}

/* A^T m A of tile `t`, which is number `at` of the block, channels from k on, to y. */
static void unpack_outputs(const job *j, const float *m, int64_t t, int64_t at, int64_t k, const epilogue *e,
                           uint16_t *y)
{
    place p = place_of(j, t);
    for (int half = 0; half < 2; half++, k += LANES) {
        vec v[PLACES];
        for (int i = 0; i < PLACES; i++) v[i] = v_load(m + i * product_place(j) + at * WIDE + half * LANES);
        for (int i = 0; i < IN; i++) transform_outputs(v + i, IN);
        for (int i = 0; i < OUT; i++) transform_outputs(v + i * IN, 1);
        for (int64_t r = 0; r < OUT && p.y + r < j->oh; r++)
            for (int64_t q = 0; q < OUT && p.x + q < j->ow; q++) {
                int64_t to = ((p.n * j->oh + p.y + r) * j->ow + p.x + q) * j->k + k;
                store(y + to, finish(e, v[r * IN + q], k, to));
            }
    }
}

/* ROWS tiles by WIDE channels: m [ROWS][WIDE] = x [c / WIDE][block][WORDS] u [c / 2][WIDE]. */
static void multiply(int64_t c, int64_t block, const uint32_t *x, const uint32_t *u, float *m)
{
    vec sum[ROWS][2] = {{{0}}};
    for (int64_t b = 0; b < c; b += WIDE, x += block * WORDS)
        for (int p = 0; p < WORDS; p++, u += WIDE) {
            __m512bh low = (__m512bh)_mm512_loadu_si512(u), high = (__m512bh)_mm512_loadu_si512(u + LANES);
#pragma GCC unroll 12
            for (int i = 0; i < ROWS; i++) {
                __m512bh one = (__m512bh)_mm512_set1_epi32((int)x[i * WORDS + p]);
                sum[i][0] = _mm512_dpbf16_ps(sum[i][0], one, low);
                sum[i][1] = _mm512_dpbf16_ps(sum[i][1], one, high);
            }
        }
#pragma GCC unroll 12
    for (int i = 0; i < ROWS; i++) v_store(m + i * WIDE, sum[i][0]), v_store(m + i * WIDE + LANES, sum[i][1]);
}

/* Tiles first..last-1 of the convolution; x and m: of this thread. */
static void convolve_block(const job *j, const void *data, const uint32_t *u, int64_t first, int64_t last,
                           const void *zeros, uint32_t *x, float *m, const epilogue *e, uint16_t *y)
{
    int64_t count = last - first, used = up(count, ROWS);
    for (int64_t t = 0; t < count; t++) pack_inputs(j, data, first + t, t, zeros, x);
    for (int64_t p = 0; p < PLACES && used > count; p++)
        for (int64_t b = 0; b < j->c / WIDE; b++)
            memset(x + p * input_place(j) + (b * j->block + count) * WORDS, 0,
                   (size_t)((used - count) * WORDS) * sizeof *x);
    for (int64_t k = 0; k < j->k; k += WIDE) {
        for (int64_t p = 0; p < PLACES; p++, u += kernel_place(j))
            for (int64_t t = 0; t < used; t += ROWS)
                multiply(j->c, j->block, x + p * input_place(j) + t * WORDS, u,
                         m + p * product_place(j) + t * WIDE);
        for (int64_t t = 0; t < count; t++) unpack_outputs(j, m, first + t, t, k, e, y);
    }
}

static int64_t thread_words(const job *j)
{
    return PLACES * (input_place(j) + product_place(j));
}

static int64_t kernel_words(const job *j)
{
    return j->k / WIDE * PLACES * kernel_place(j);
}

/* The second-level cache holds a block's inputs and products. */
static void choose_convolution(job *j)
{
    choose_block(j, j->c <= 128 ? 96 : j->c <= 256 ? 72 : 48, ROWS, omp_get_max_threads());
}

static void convolve(job *j, const void *x, const float *w, int turned, const epilogue *e, void *y,
                     uint32_t *scratch)
{
    uint32_t *u = scratch, *zeros = u + kernel_words(j), *buffers = zeros + up(j->c / 2, LINE);
    choose_convolution(j);
    pack_kernels(j, w, turned, u);
    memset(zeros, 0, (size_t)(j->c / 2) * sizeof *zeros);
#pragma omp parallel for schedule(dynamic)
    for (int64_t first = 0; first < j->tiles; first += j->block) {
        uint32_t *own = buffers + omp_get_thread_num() * thread_words(j);
        convolve_block(j, x, u, first, smaller(first + j->block, j->tiles), zeros, own,
                       (float *)(own + PLACES * input_place(j)), e, y);
    }
}

static size_t convolve_scratch(const dc3_conv_shape *s, int data_gradient)
{
    job j = job_of(s, data_gradient);
    choose_convolution(&j);
    return (size_t)(kernel_words(&j) + up(j.c / 2, LINE) + omp_get_max_threads() * thread_words(&j)) *
           sizeof(uint32_t);
}

static void forward(const dc3_conv_shape *s, const void *x, const float *w, const float *bias,
                    const void *residual, void *y, void *scratch)
{
    job j = job_of(s, 0);
    epilogue e = {bias, residual, s->act == DC3_ACT_RELU, s->act_last};
    convolve(&j, x, w, 0, &e, y, scratch);
}

static void data_gradient(const dc3_conv_shape *s, const void *dy, const float *w, void *dx, void *scratch)
{
    job j = job_of(s, 1);
    epilogue none = {0};
    convolve(&j, dy, w, 1, &none, dx, scratch);
}

/* Words from one place to the next of the transformed inputs (or output gradients) of a block. */
static int64_t gradient_place(const job *j, int64_t channels)
{
    return channels * j->block / 2 + LINE;
}

/* Tiles of a block of the weight gradient, an even number; not by the number of threads, since it orders the
 * sum. */
static void choose_gradient_block(job *j)
{
    enum { PAIRS = 1 << 20, LEAST = 128 };
    j->block = PAIRS / (PLACES * (j->c + j->k)) * 2;
    j->block = up(smaller(larger(j->block, LEAST), j->tiles), 2);
}

/* Tiles t and t + 1, pair number `at` of the block. A pair's second may not be there. */
static void pack_input_pair(const job *j, const void *x, int64_t t, int64_t at, const void *zeros,
                            uint32_t *to)
{
    const void *first[PLACES], *second[PLACES];
    find_inputs(j, x, t, zeros, first);
    if (t + 1 < j->tiles) find_inputs(j, x, t + 1, zeros, second);
    for (int i = 0; i < PLACES && t + 1 == j->tiles; i++) second[i] = zeros;
    for (int64_t c = 0; c < j->c; c += LANES) {
        vec v[PLACES], w[PLACES];
        inputs_of(first, c, v);
        inputs_of(second, c, w);
        uint32_t *out = to + (c / WIDE * (j->block / 2) + at) * WIDE + c % WIDE;
        for (int i = 0; i < PLACES; i++)
            _mm512_storeu_si512(out + i * gradient_place(j, j->c), pairs_of(v[i], w[i]));
    }
}

/* A dy A^T of 16 channels. */
DC3_INLINE void output_gradients_of(const void **pixels, int64_t k, vec *v)
{
    for (int i = 0; i < OUT * OUT; i++) v[i / OUT * IN + i % OUT] = load((const uint16_t *)pixels[i] + k);
    for (int i = 0; i < OUT; i++) transform_output_gradients(v + i, IN);
    for (int i = 0; i < IN; i++) transform_output_gradients(v + i * IN, 1);
}

DC3_INLINE void find_output_gradients(const job *j, const void *dy, int64_t t, const void *zeros,
                                      const void **pixels)
{
    place p = place_of(j, t);
    find_pixels(OUT, dy, j->oh, j->ow, j->k, 2, p.n, p.y, p.x, zeros, pixels);
}

static void pack_output_gradient_pair(const job *j, const void *dy, int64_t t, int64_t at, const void *zeros,
                                      uint32_t *to)
{
    const void *first[OUT * OUT], *second[OUT * OUT];
    find_output_gradients(j, dy, t, zeros, first);
    if (t + 1 < j->tiles) find_output_gradients(j, dy, t + 1, zeros, second);
    for (int i = 0; i < OUT * OUT && t + 1 == j->tiles; i++) second[i] = zeros;
    for (int64_t k = 0; k < j->k; k += LANES) {
        vec v[PLACES], w[PLACES];
        output_gradients_of(first, k, v);
        output_gradients_of(second, k, w);
        uint32_t *out = to + (k / WIDE * (j->block / 2) + at) * WIDE + k % WIDE;
        for (int i = 0; i < PLACES; i++)
            _mm512_storeu_si512(out + i * gradient_place(j, j->k), pairs_of(v[i], w[i]));
    }
}

/* sums [GRADIENT_ROWS][WIDE] += over `pairs` pairs of tiles of x [pairs][WIDE] (GRADIENT_ROWS of it) and z
 * [pairs][WIDE]. */
static void add_products(int64_t pairs, const uint32_t *x, const uint32_t *z, float *sums)
{
    vec sum[GRADIENT_ROWS][2];
    for (int i = 0; i < GRADIENT_ROWS; i++)
        sum[i][0] = v_load(sums + i * WIDE), sum[i][1] = v_load(sums + i * WIDE + LANES);
    for (int64_t t = 0; t < pairs; t++, x += WIDE, z += WIDE) {
        __m512bh low = (__m512bh)_mm512_loadu_si512(z), high = (__m512bh)_mm512_loadu_si512(z + LANES);
#pragma GCC unroll 8
        for (int i = 0; i < GRADIENT_ROWS; i++) {
            __m512bh one = (__m512bh)_mm512_set1_epi32((int)x[i]);
            sum[i][0] = _mm512_dpbf16_ps(sum[i][0], one, low);
            sum[i][1] = _mm512_dpbf16_ps(sum[i][1], one, high);
        }
    }
#pragma GCC unroll 8
    for (int i = 0; i < GRADIENT_ROWS; i++)
        v_store(sums + i * WIDE, sum[i][0]), v_store(sums + i * WIDE + LANES, sum[i][1]);
}

/* u [k / WIDE][16][c][WIDE] += x^T z of a block of `pairs` pairs of tiles. */
static void add_block(const job *j, int64_t pairs, const uint32_t *x, const uint32_t *z, float *u)
{
    int64_t across = j->c / WIDE, room = j->block / 2;
#pragma omp parallel for schedule(static)
    for (int64_t unit = 0; unit < PLACES * across; unit++) {
        int64_t p = unit / across, c = unit % across * WIDE;
        const uint32_t *rows = x + p * gradient_place(j, j->c) + c * room;
        for (int64_t k = 0; k < j->k; k += WIDE) {
            const uint32_t *columns = z + p * gradient_place(j, j->k) + k * room;
            float *sums = u + ((k / WIDE * PLACES + p) * j->c + c) * WIDE;
            for (int64_t t = 0; t < pairs; t += INNER)
                for (int64_t i = 0; i < WIDE; i += GRADIENT_ROWS)
                    add_products(smaller(pairs - t, INNER), rows + t * WIDE + i, columns + t * WIDE,
                                 sums + i * WIDE);
        }
    }
}

/* dw [co, ci, 3, 3] += G^T u G. */
static void unpack_kernels(const job *j, const float *u, float *dw)
{
#pragma omp parallel for collapse(2)
    for (int64_t b = 0; b < j->k / LANES; b++)
        for (int64_t c = 0; c < j->c; c++) {
            vec v[PLACES];
            for (int p = 0; p < PLACES; p++)
                v[p] = v_load(u + ((b / 2 * PLACES + p) * j->c + c) * WIDE + b % 2 * LANES);
            for (int i = 0; i < IN; i++) transform_kernel_gradients(v + i, IN);
            for (int i = 0; i < 3; i++) transform_kernel_gradients(v + i * IN, 1);
            for (int i = 0; i < LANES; i++) {
                float *to = dw + ((b * LANES + i) * j->c + c) * 9;
                for (int p = 0; p < 9; p++) to[p] += v[p / 3 * IN + p % 3][i];
            }
        }
}

static int64_t sum_words(const job *j)
{
    return PLACES * j->c * j->k;
}

static size_t weight_scratch(const dc3_conv_shape *s)
{
    job j = job_of(s, 0);
    choose_gradient_block(&j);
    return (size_t)(sum_words(&j) + up(larger(j.c, j.k) / 2, LINE) +
                    PLACES * (gradient_place(&j, j.c) + gradient_place(&j, j.k))) *
           sizeof(uint32_t);
}

static void weight_gradient(const dc3_conv_shape *s, const void *x, const void *dy, float *dw, void *scratch)
{
    job j = job_of(s, 0);
    choose_gradient_block(&j);
    float *u = scratch;
    int64_t most = up(larger(j.c, j.k) / 2, LINE);
    uint32_t *zeros = (uint32_t *)scratch + sum_words(&j), *rows = zeros + most,
             *columns = rows + PLACES * gradient_place(&j, j.c);
    memset(zeros, 0, (size_t)most * sizeof *zeros);
    memset(u, 0, (size_t)sum_words(&j) * sizeof *u);
    for (int64_t first = 0; first < j.tiles; first += j.block) {
        int64_t pairs = (smaller(j.block, j.tiles - first) + 1) / 2;
#pragma omp parallel for schedule(static)
        for (int64_t t = 0; t < pairs; t++) {
            pack_input_pair(&j, x, first + 2 * t, t, zeros, rows);
            pack_output_gradient_pair(&j, dy, first + 2 * t, t, zeros, columns);
        }
        add_block(&j, pairs, rows, columns, u);
    }
    unpack_kernels(&j, u, dw);
}

static size_t scratch_of(const dc3_conv_shape *s, dc3_conv_pass pass)
{
    if (s->type != DC3_BF16 || !takes_shape(s, MOST_KERNELS)) return 0;
    return pass == DC3_PASS_WEIGHT ? weight_scratch(s) : convolve_scratch(s, pass == DC3_PASS_DATA);
}

const dc3_winograd dc3_avx512_winograd_bf16 = {scratch_of, forward, data_gradient, weight_gradient};
