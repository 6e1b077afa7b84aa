/* What a convolution by Winograd's minimal filtering does, whatever its tile and its type: transformed
 * operands are packed, multiplied for each of the PLACES places as matrices over the channels, and unpacked.
 * A file includes this one behind
 *   winograd_tiles.h and the five transforms, each of one row or column of a tile in place:
 *     transform_inputs B^T, transform_outputs A^T, transform_output_gradients A, transform_kernels G,
 *     transform_kernel_gradients G^T;
 *   value, a value of inputs and outputs, with load and store of LANES of them; word, 4 bytes of PER_WORD
 *     packed values, with store_words of LANES words from PER_WORD vectors; wide, LANES words, with load_wide
 *     and accumulate: sum + word * wide;
 *   ROWS, GRADIENT_ROWS of the register tiles; INNER words that one of the gradient's runs over; LINE words
 *     between two places; GRADIENT_WORDS of a gradient's block; most_tiles of a convolution's block for the
 *     number of channels.
 *
 * In words, channels WIDE at a time and PLACES of each: inputs [c / WIDE][tiles][WIDE / PER_WORD], so that a
 * word holds neighbouring channels; kernels [k / WIDE][PLACES][c / PER_WORD][WIDE]; for the weight gradient
 * inputs [c / WIDE][tiles / PER_WORD][WIDE], so that a word holds neighbouring tiles, output gradients alike.
 * Products are f32 [k / WIDE][tiles][WIDE]. */
#include <omp.h>
#include <string.h>

enum { WORDS = WIDE / PER_WORD, SPACE = 16 /* words: to whole cache lines */ };

/* Words from one place to the next. */
static int64_t kernel_place(const job *j)
{
    return j->c / PER_WORD * WIDE;
}

static int64_t input_place(const job *j)
{
    return j->c / PER_WORD * j->block + LINE;
}

static int64_t product_place(const job *j)
{
    return j->block * WIDE + LINE;
}

/* Kernels for LANES outputs of one input channel, times G on both sides: from w [co, ci, 3, 3]. */
DC3_INLINE void kernels_of(const float *from, int64_t next_k, int turned, vec *v)
{
    float plain[9][LANES] __attribute__((aligned(64)));
    for (int i = 0; i < LANES; i++)
        for (int p = 0; p < 9; p++) plain[turned ? 8 - p : p][i] = from[i * next_k + p];
    for (int p = 0; p < 9; p++) v[p / 3 * IN + p % 3] = v_load(plain[p]);
    for (int i = 0; i < 3; i++) transform_kernels(v + i, IN);
    for (int i = 0; i < IN; i++) transform_kernels(v + i * IN, 1);
}

/* All kernels w [co, ci, 3, 3], or turned and with ci and co exchanged. */
static void pack_kernels(const job *j, const float *w, int turned, word *to)
{
    int64_t next_c = turned ? j->k * 9 : 9, next_k = turned ? 9 : j->c * 9;
#pragma omp parallel for collapse(2)
    for (int64_t b = 0; b < j->k / WIDE; b++)
        for (int64_t c = 0; c < j->c; c += PER_WORD)
            for (int64_t half = 0; half < WIDE; half += LANES) {
                const float *from = w + c * next_c + (b * WIDE + half) * next_k;
                word *out = to + b * PLACES * kernel_place(j) + c / PER_WORD * WIDE + half;
                vec v[PER_WORD][PLACES];
                for (int i = 0; i < PER_WORD; i++) kernels_of(from + i * next_c, next_k, turned, v[i]);
                for (int p = 0; p < PLACES; p++)
                    store_words(out + p * kernel_place(j), v[0][p], v[PER_WORD - 1][p]);
            }
}

/* B^T d B of LANES channels. */
DC3_INLINE void inputs_of(const void **pixels, int64_t c, vec *v)
{
    for (int i = 0; i < PLACES; i++) v[i] = load((const value *)pixels[i] + c);
    for (int i = 0; i < IN; i++) transform_inputs(v + i, IN);
    for (int i = 0; i < IN; i++) transform_inputs(v + i * IN, 1);
}

/* Pixels of the inputs of tile `t`; of a tile behind the last: zeros. */
DC3_INLINE void find_inputs(const job *j, const void *x, int64_t t, const void *zeros, const void **pixels)
{
    place p = place_of(j, t);
    if (PER_WORD > 1 && t >= j->tiles)
        for (int i = 0; i < PLACES; i++) pixels[i] = zeros;
    else
        find_pixels(IN, x, j->h, j->w, j->c, sizeof(value), p.n, p.y - j->top, p.x - j->left, zeros, pixels);
}

/* Tile `t`, which is number `at` of the block. */
static void pack_inputs(const job *j, const void *x, int64_t t, int64_t at, const void *zeros, word *to)
{
    const void *pixels[PLACES];
    find_inputs(j, x, t, zeros, pixels);
    for (int64_t c = 0; c < j->c; c += LANES) {
        vec v[PLACES];
        inputs_of(pixels, c, v);
        word *out = to + (c / WIDE * j->block + at) * WORDS + c % WIDE / PER_WORD;
        for (int i = 0; i < PLACES; i++) store(out + i * input_place(j), v[i]);
    }
}

DC3_INLINE vec finish(const epilogue *e, vec x, int64_t k, int64_t at)
{
    if (e->bias) x += v_load_any(e->bias + k);
    if (e->relu && !e->relu_last) x = positive(x);
    if (e->residual) x += load((const value *)e->residual + at);
    if (e->relu && e->relu_last) x = positive(x);
    return x;
}

/* A^T m A of tile `t`, which is number `at` of the block, channels from k on, to y. */
static void unpack_outputs(const job *j, const float *m, int64_t t, int64_t at, int64_t k, const epilogue *e,
                           value *y)
{
    place p = place_of(j, t);
    for (int half = 0; half < 2; half++, k += LANES) {
        vec v[PLACES];
        for (int i = 0; i < PLACES; i++)
            v[i] = v_load_any(m + i * product_place(j) + at * WIDE + half * LANES);
        for (int i = 0; i < IN; i++) transform_outputs(v + i, IN);
        for (int i = 0; i < OUT; i++) transform_outputs(v + i * IN, 1);
        for (int64_t r = 0; r < OUT && p.y + r < j->oh; r++)
            for (int64_t q = 0; q < OUT && p.x + q < j->ow; q++) {
                int64_t to = ((p.n * j->oh + p.y + r) * j->ow + p.x + q) * j->k + k;
                store(y + to, finish(e, v[r * IN + q], k, to));
            }
    }
}

/* ROWS tiles by WIDE channels: m [ROWS][WIDE] = x [c / WIDE][block][WORDS] u [c / PER_WORD][WIDE]. */
static void multiply(int64_t c, int64_t block, const word *x, const word *u, float *m)
{
    vec sum[ROWS][2] = {{{0}}};
    for (int64_t b = 0; b < c; b += WIDE, x += block * WORDS)
        for (int p = 0; p < WORDS; p++, u += WIDE) {
            wide low = load_wide(u), high = load_wide(u + LANES);
#pragma GCC unroll 12
            for (int i = 0; i < ROWS; i++) {
                word one = x[i * WORDS + p];
                sum[i][0] = accumulate(sum[i][0], one, low), sum[i][1] = accumulate(sum[i][1], one, high);
            }
        }
#pragma GCC unroll 12
    for (int i = 0; i < ROWS; i++)
        v_store_any(m + i * WIDE, sum[i][0]), v_store_any(m + i * WIDE + LANES, sum[i][1]);
}

/* Tiles first..last-1 of the convolution; x and m: of this thread. */
static void convolve_block(const job *j, const void *data, const word *u, int64_t first, int64_t last,
                           const void *zeros, word *x, float *m, const epilogue *e, value *y)
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

static int64_t zero_words(int64_t channels)
{
    return up(channels / PER_WORD, SPACE);
}

static void choose_convolution(job *j)
{
    choose_block(j, most_tiles(j->c), ROWS, omp_get_max_threads());
}

static void convolve(job *j, const void *x, const float *w, int turned, const epilogue *e, value *y,
                     word *scratch)
{
    word *u = scratch, *zeros = u + kernel_words(j), *buffers = zeros + zero_words(j->c);
    choose_convolution(j);
    pack_kernels(j, w, turned, u);
    memset(zeros, 0, (size_t)zero_words(j->c) * sizeof *zeros);
#pragma omp parallel for schedule(dynamic)
    for (int64_t first = 0; first < j->tiles; first += j->block) {
        word *own = buffers + omp_get_thread_num() * thread_words(j);
        convolve_block(j, x, u, first, smaller(first + j->block, j->tiles), zeros, own,
                       (float *)(own + PLACES * input_place(j)), e, y);
    }
}

static size_t convolve_scratch(const dc3_conv_shape *s, int data_gradient)
{
    job j = job_of(s, data_gradient);
    choose_convolution(&j);
    return (size_t)(kernel_words(&j) + zero_words(j.c) + omp_get_max_threads() * thread_words(&j)) *
           sizeof(word);
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

#include "kernels/x86/winograd_gradient.h"

static size_t scratch_of(const dc3_conv_shape *s, dc3_conv_pass pass)
{
    if (s->type != (dc3_dtype)TYPE || !takes_shape(s)) return 0;
    return pass == DC3_PASS_WEIGHT ? weight_scratch(s) : convolve_scratch(s, pass == DC3_PASS_DATA);
}
