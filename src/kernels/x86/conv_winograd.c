/* 3x3 convolutions of stride 1 in f32 by Winograd's minimal filtering F(4x4, 3x3) (Lavin and Gray 2016, "Fast
 * algorithms for convolutional neural networks"): a tile of 4x4 outputs takes 36 products for each pair of
 * channels instead of 144. With d a tile of 6x6 inputs, g a kernel and m = 4:
 *   y = A^T [(G g G^T) * (B^T d B)] A,   dg = G^T [(B^T d B) * (A dy A^T)] G,
 * and the gradient of the inputs is the convolution of dy with the kernels turned by 180 degrees. For each of
 * the 36 places the products over the channels are a matrix product. f32 rounding errors grow by about one
 * digit against the direct sum.
 *
 * Channels are taken WIDE at a time, the register tile's width. Transformed data are [36][c / WIDE][tiles]
 * [WIDE], transformed kernels [co / WIDE][36][ci][WIDE]. */
#include <omp.h>
#include <string.h>

enum { OUT = 4 };
#include "kernels/x86/winograd_tiles.h"

#if defined(__AVX512F__)
enum { ROWS = 12, GRADIENT_ROWS = 8 }; /* of the register tile, by WIDE channels */
#else
enum { ROWS = 6, GRADIENT_ROWS = 4 };
#endif
enum { MOST_KERNELS = 16 << 20, INNER = 128 };

/* The polynomials' points are 0, +-2/3, +-3/2 and infinity: in f32 the transforms' errors are 2.5 times less
 * than with the usual 0, +-1, +-2 and infinity. */
#define A (2.0f / 3)
#define B (3.0f / 2)
#define A2 (A * A)
#define B2 (B * B)
#define OVER_A (1 / (2 * A2 * (A2 - B2))) /* one over the product of a point's distances to the others */
#define OVER_B (1 / (2 * B2 * (B2 - A2)))

/* The six values x[0], x[step], ... times B^T. */
DC3_INLINE void transform_inputs(vec *x, int step)
{
    vec d0 = x[0], d1 = x[step], d2 = x[2 * step], d3 = x[3 * step], d4 = x[4 * step], d5 = x[5 * step];
    vec even = d4 - B2 * d2, odd = A * (d3 - B2 * d1), even2 = d4 - A2 * d2, odd2 = B * (d3 - A2 * d1);
    x[0] = d0 - (A2 + B2) * d2 + d4;
    x[step] = even + odd;
    x[2 * step] = even - odd;
    x[3 * step] = even2 + odd2;
    x[4 * step] = even2 - odd2;
    x[5 * step] = d1 - (A2 + B2) * d3 + d5;
}

/* Six values times A^T: the first four are results. */
DC3_INLINE void transform_outputs(vec *x, int step)
{
    vec m0 = x[0], m5 = x[5 * step];
    vec s1 = x[step] + x[2 * step], d1 = x[step] - x[2 * step];
    vec s2 = x[3 * step] + x[4 * step], d2 = x[3 * step] - x[4 * step];
    x[0] = m0 + s1 + s2;
    x[step] = A * d1 + B * d2;
    x[2 * step] = A2 * s1 + B2 * s2;
    x[3 * step] = A * A2 * d1 + B * B2 * d2 + m5;
}

/* Four values times A: six results. */
DC3_INLINE void transform_output_gradients(vec *x, int step)
{
    vec y0 = x[0], y1 = x[step], y2 = x[2 * step], y3 = x[3 * step];
    vec even = y0 + A2 * y2, odd = A * (y1 + A2 * y3), even2 = y0 + B2 * y2, odd2 = B * (y1 + B2 * y3);
    x[step] = even + odd;
    x[2 * step] = even - odd;
    x[3 * step] = even2 + odd2;
    x[4 * step] = even2 - odd2;
    x[5 * step] = y3;
}

/* Three values times G: six results. */
DC3_INLINE void transform_kernels(vec *x, int step)
{
    vec g0 = x[0], g1 = x[step], g2 = x[2 * step];
    vec even = OVER_A * (g0 + A2 * g2), odd = OVER_A * A * g1;
    vec even2 = OVER_B * (g0 + B2 * g2), odd2 = OVER_B * B * g1;
    x[step] = even + odd;
    x[2 * step] = even - odd;
    x[3 * step] = even2 + odd2;
    x[4 * step] = even2 - odd2;
    x[5 * step] = g2;
}

/* Six values times G^T: the first three are results. */
DC3_INLINE void transform_kernel_gradients(vec *x, int step)
{
    vec u0 = x[0], u5 = x[5 * step];
    vec s1 = OVER_A * (x[step] + x[2 * step]), d1 = OVER_A * (x[step] - x[2 * step]);
    vec s2 = OVER_B * (x[3 * step] + x[4 * step]), d2 = OVER_B * (x[3 * step] - x[4 * step]);
    x[0] = u0 + s1 + s2;
    x[step] = A * d1 + B * d2;
    x[2 * step] = A2 * s1 + B2 * s2 + u5;
}

/* Enough tiles that the transformed kernels, which each block reads, do not cost more than the products. */
static void choose_convolution(job *j)
{
    choose_block(j, j->c <= 64 ? 24 : j->c <= 256 ? 48 : 96, ROWS, omp_get_max_threads());
}

/* Kernels w [co, ci, 3, 3], or turned and with ci and co exchanged, to [k / WIDE][36][c][WIDE]. */
static void pack_kernels(const job *j, const float *w, int turned, float *to)
{
    int64_t next_c = turned ? j->k * 9 : 9, next_k = turned ? 9 : j->c * 9;
#pragma omp parallel for
    for (int64_t b = 0; b < j->k / WIDE; b++)
        for (int64_t c = 0; c < j->c; c++)
            for (int half = 0; half < 2; half++) {
                vec v[PLACES];
                float plain[9][LANES] __attribute__((aligned(64)));
                const float *from = w + c * next_c + (b * WIDE + half * LANES) * next_k;
                for (int i = 0; i < LANES; i++)
                    for (int p = 0; p < 9; p++) plain[turned ? 8 - p : p][i] = from[i * next_k + p];
                for (int p = 0; p < 9; p++) v[p / 3 * IN + p % 3] = *(vec *)plain[p];
                for (int i = 0; i < 3; i++) transform_kernels(v + i, IN);
                for (int i = 0; i < IN; i++) transform_kernels(v + i * IN, 1);
                for (int p = 0; p < PLACES; p++)
                    v_store_any(to + ((b * PLACES + p) * j->c + c) * WIDE + half * LANES, v[p]);
            }
}

/* B^T d B of tile `t`, which is number `at` of `room`. */
static void pack_inputs(const job *j, const float *x, int64_t t, int64_t at, int64_t room, const float *zeros,
                        float *to)
{
    const void *pixels[PLACES];
    place p = place_of(j, t);
    find_pixels(IN, x, j->h, j->w, j->c, 4, p.n, p.y - j->top, p.x - j->left, zeros, pixels);
    for (int64_t c = 0; c < j->c; c += LANES) {
        vec v[PLACES];
        for (int i = 0; i < PLACES; i++) v[i] = v_load_any((const float *)pixels[i] + c);
        for (int i = 0; i < IN; i++) transform_inputs(v + i, IN);
        for (int i = 0; i < IN; i++) transform_inputs(v + i * IN, 1);
        float *out = to + (c / WIDE * room + at) * WIDE + c % WIDE;
        for (int i = 0; i < PLACES; i++) v_store_any(out + i * j->c * room, v[i]);
    }
}

/* A dy A^T of tile `t`, as pack_inputs. */
static void pack_output_gradients(const job *j, const float *dy, int64_t t, int64_t at, int64_t room,
                                  const float *zeros, float *to)
{
    const void *pixels[OUT * OUT];
    place p = place_of(j, t);
    find_pixels(OUT, dy, j->oh, j->ow, j->k, 4, p.n, p.y, p.x, zeros, pixels);
    for (int64_t k = 0; k < j->k; k += LANES) {
        vec v[PLACES];
        for (int i = 0; i < OUT * OUT; i++)
            v[i / OUT * IN + i % OUT] = v_load_any((const float *)pixels[i] + k);
        for (int i = 0; i < OUT; i++) transform_output_gradients(v + i, IN);
        for (int i = 0; i < IN; i++) transform_output_gradients(v + i * IN, 1);
        float *out = to + (k / WIDE * room + at) * WIDE + k % WIDE;
        for (int i = 0; i < PLACES; i++) v_store_any(out + i * j->k * room, v[i]);
    }
}

DC3_INLINE vec finish(const epilogue *e, vec x, int64_t k, int64_t at)
{
    if (e->bias) x += v_load_any(e->bias + k);
    if (e->relu && !e->relu_last) x = positive(x);
    if (e->residual) x += v_load_any((const float *)e->residual + at);
    if (e->relu && e->relu_last) x = positive(x);
    return x;
}

/* A^T m A of tile `t`, which is number `at` of the block, channels from k on, to y. */
static void unpack_outputs(const job *j, const float *m, int64_t t, int64_t at, int64_t k, const epilogue *e,
                           float *y)
{
    place p = place_of(j, t);
    for (int half = 0; half < 2; half++, k += LANES) {
        vec v[PLACES];
        for (int i = 0; i < PLACES; i++) v[i] = v_load_any(m + (i * j->block + at) * WIDE + half * LANES);
        for (int i = 0; i < IN; i++) transform_outputs(v + i, IN);
        for (int i = 0; i < OUT; i++) transform_outputs(v + i * IN, 1);
        for (int64_t r = 0; r < OUT && p.y + r < j->oh; r++)
            for (int64_t q = 0; q < OUT && p.x + q < j->ow; q++) {
                int64_t to = ((p.n * j->oh + p.y + r) * j->ow + p.x + q) * j->k + k;
                v_store_any(y + to, finish(e, v[r * IN + q], k, to));
            }
    }
}

/* ROWS tiles by WIDE channels: m [ROWS][WIDE] = x [c / WIDE][block][WIDE] u [c][WIDE]. */
static void multiply(int64_t c, int64_t block, const float *x, const float *u, float *m)
{
    vec sum[ROWS][2] = {{{0}}};
    for (int64_t b = 0; b < c; b += WIDE, x += block * WIDE)
        for (int p = 0; p < WIDE; p++, u += WIDE) {
            vec low = v_load_any(u), high = v_load_any(u + LANES);
#pragma GCC unroll 12
            for (int i = 0; i < ROWS; i++) {
                float one = x[i * WIDE + p];
                sum[i][0] += one * low, sum[i][1] += one * high;
            }
        }
#pragma GCC unroll 12
    for (int i = 0; i < ROWS; i++)
        v_store_any(m + i * WIDE, sum[i][0]), v_store_any(m + i * WIDE + LANES, sum[i][1]);
}

/* Tiles first..last-1 of the convolution; x and m: of this thread. */
static void convolve_block(const job *j, const float *data, const float *u, int64_t first, int64_t last,
                           const float *zeros, float *x, float *m, const epilogue *e, float *y)
{
    int64_t used = up(last - first, ROWS);
    for (int64_t t = first; t < last; t++) pack_inputs(j, data, t, t - first, j->block, zeros, x);
    for (int64_t row = 0; row < PLACES * j->c / WIDE; row++)
        memset(x + (row * j->block + last - first) * WIDE, 0,
               (size_t)((used - (last - first)) * WIDE) * sizeof *x);
    for (int64_t k = 0; k < j->k; k += WIDE, u += PLACES * j->c * WIDE) {
        for (int64_t p = 0; p < PLACES; p++)
            for (int64_t t = 0; t < used; t += ROWS)
                multiply(j->c, j->block, x + (p * j->c * j->block) + t * WIDE, u + p * j->c * WIDE,
                         m + (p * j->block + t) * WIDE);
        for (int64_t t = first; t < last; t++) unpack_outputs(j, m, t, t - first, k, e, y);
    }
}

static size_t thread_floats(const job *j)
{
    return (size_t)(PLACES * j->block * (j->c + WIDE));
}

static size_t kernel_floats(const job *j)
{
    return (size_t)(PLACES * j->c * j->k);
}

static void convolve(job *j, const float *x, const float *w, int turned, const epilogue *e, float *y,
                     float *scratch)
{
    float *u = scratch, *zeros = u + kernel_floats(j), *buffers = zeros + j->c;
    choose_convolution(j);
    pack_kernels(j, w, turned, u);
    memset(zeros, 0, (size_t)j->c * sizeof *zeros);
#pragma omp parallel for schedule(dynamic)
    for (int64_t first = 0; first < j->tiles; first += j->block) {
        float *own = buffers + (size_t)omp_get_thread_num() * thread_floats(j);
        convolve_block(j, x, u, first, smaller(first + j->block, j->tiles), zeros, own,
                       own + PLACES * j->block * j->c, e, y);
    }
}

static size_t convolve_scratch(const dc3_conv_shape *s, int data_gradient)
{
    int threads = omp_get_max_threads();
    job j = job_of(s, data_gradient);
    choose_convolution(&j);
    return (kernel_floats(&j) + (size_t)j.c + (size_t)threads * thread_floats(&j)) * sizeof(float);
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

/* Tiles of a block of the weight gradient; not by the number of threads, since it orders the sum. */
static void choose_gradient_block(job *j)
{
    enum { FLOATS = 2 << 20, LEAST = 128 };
    j->block = FLOATS / (PLACES * (j->c + j->k));
    j->block = smaller(larger(j->block, LEAST), j->tiles);
}

/* sums [GRADIENT_ROWS][WIDE] += over `tiles` tiles of x [tiles][WIDE] (GRADIENT_ROWS of it) and z [tiles]
 * [WIDE]. */
static void add_products(int64_t tiles, const float *x, const float *z, float *sums)
{
    vec sum[GRADIENT_ROWS][2];
    for (int i = 0; i < GRADIENT_ROWS; i++)
        sum[i][0] = v_load_any(sums + i * WIDE), sum[i][1] = v_load_any(sums + i * WIDE + LANES);
    for (int64_t t = 0; t < tiles; t++, x += WIDE, z += WIDE) {
        vec low = v_load_any(z), high = v_load_any(z + LANES);
#pragma GCC unroll 8
        for (int i = 0; i < GRADIENT_ROWS; i++) sum[i][0] += x[i] * low, sum[i][1] += x[i] * high;
    }
#pragma GCC unroll 8
    for (int i = 0; i < GRADIENT_ROWS; i++)
        v_store_any(sums + i * WIDE, sum[i][0]), v_store_any(sums + i * WIDE + LANES, sum[i][1]);
}

/* u [k / WIDE][36][c][WIDE] += x^T z of a block of `tiles` tiles. */
static void add_block(const job *j, int64_t tiles, const float *x, const float *z, float *u)
{
    int64_t across = j->c / WIDE;
#pragma omp parallel for schedule(static)
    for (int64_t unit = 0; unit < PLACES * across; unit++) {
        int64_t p = unit / across, c = unit % across * WIDE;
        const float *rows = x + (p * j->c + c) * j->block;
        for (int64_t k = 0; k < j->k; k += WIDE) {
            const float *columns = z + (p * j->k + k) * j->block;
            float *sums = u + ((k / WIDE * PLACES + p) * j->c + c) * WIDE;
            for (int64_t t = 0; t < tiles; t += INNER)
                for (int64_t i = 0; i < WIDE; i += GRADIENT_ROWS)
                    add_products(smaller(tiles - t, INNER), rows + t * WIDE + i, columns + t * WIDE,
                                 sums + i * WIDE);
        }
    }
}

/* dw [co, ci, 3, 3] += G^T u G. */
static void unpack_kernels(const job *j, const float *u, float *dw)
{
#pragma omp parallel for
    for (int64_t b = 0; b < j->k / WIDE; b++)
        for (int64_t c = 0; c < j->c; c++)
            for (int half = 0; half < 2; half++) {
                vec v[PLACES];
                for (int p = 0; p < PLACES; p++)
                    v[p] = v_load_any(u + ((b * PLACES + p) * j->c + c) * WIDE + half * LANES);
                for (int i = 0; i < IN; i++) transform_kernel_gradients(v + i, IN);
                for (int i = 0; i < 3; i++) transform_kernel_gradients(v + i * IN, 1);
                for (int i = 0; i < LANES; i++) {
                    float *to = dw + ((b * WIDE + half * LANES + i) * j->c + c) * 9;
                    for (int p = 0; p < 9; p++) to[p] += v[p / 3 * IN + p % 3][i];
                }
            }
}

static size_t weight_scratch(const dc3_conv_shape *s)
{
    job j = job_of(s, 0);
    choose_gradient_block(&j);
    return (kernel_floats(&j) + (size_t)(larger(j.c, j.k) + PLACES * j.block * (j.c + j.k))) * sizeof(float);
}

static void weight_gradient(const dc3_conv_shape *s, const void *x, const void *dy, float *dw, void *scratch)
{
    job j = job_of(s, 0);
    choose_gradient_block(&j);
    int64_t most = larger(j.c, j.k);
    float *u = scratch, *zeros = u + kernel_floats(&j), *rows = zeros + most,
          *columns = rows + PLACES * j.block * j.c;
    memset(zeros, 0, (size_t)most * sizeof *zeros);
    memset(u, 0, kernel_floats(&j) * sizeof *u);
    for (int64_t first = 0; first < j.tiles; first += j.block) {
        int64_t count = smaller(j.block, j.tiles - first);
#pragma omp parallel for schedule(static)
        for (int64_t t = 0; t < count; t++) {
            pack_inputs(&j, x, first + t, t, j.block, zeros, rows);
            pack_output_gradients(&j, dy, first + t, t, j.block, zeros, columns);
        }
        add_block(&j, count, rows, columns, u);
    }
    unpack_kernels(&j, u, dw);
}

static size_t scratch_of(const dc3_conv_shape *s, dc3_conv_pass pass)
{
    if (s->type != DC3_F32 || !takes_shape(s, MOST_KERNELS)) return 0;
    return pass == DC3_PASS_WEIGHT ? weight_scratch(s) : convolve_scratch(s, pass == DC3_PASS_DATA);
}

const dc3_winograd X86(winograd) = {scratch_of, forward, data_gradient, weight_gradient};
