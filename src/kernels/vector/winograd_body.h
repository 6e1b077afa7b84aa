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
    enum { ROOM = 16 };
    float rows[LANES][ROOM] __attribute__((aligned(64))), plain[9][LANES] __attribute__((aligned(64)));
    float columns[LANES][LANES] __attribute__((aligned(64)));
    for (int i = 0; i < LANES; i++) memcpy(rows[i], from + i * next_k, 9 * sizeof **rows);
    v_transpose(rows, sizeof *rows, columns, sizeof *columns);
    for (int p = 0; p < 9; p++)
        if (p < LANES)
            v_store(plain[turned ? 8 - p : p], v_load(columns[p]));
        else
            for (int i = 0; i < LANES; i++) plain[turned ? 8 - p : p][i] = rows[i][p];
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

/* A tile on its way through the images, in the order of a block. */
typedef struct walk {
    int64_t n, y, x; /* image, first row and column of its outputs */
} walk;

DC3_INLINE void advance(const job *j, walk *w)
{
    w->x += OUT;
    if (w->x < j->across * OUT) return;
    w->x = 0, w->y += OUT;
    if (w->y >= j->down * OUT) w->y = 0, w->n++;
}

/* Channels of the rows that a row of tiles sees, outside of the image zeros. */
typedef struct strip {
    const value *at[IN];
    int64_t next[IN]; /* values from one column to the next */
} strip;

DC3_INLINE strip strip_of(const job *j, const value *x, const walk *w, int64_t c, const value *zeros)
{
    strip found;
    for (int r = 0; r < IN; r++) {
        int64_t row = w->y - j->top + r;
        int inside = row >= 0 && row < j->h;
        found.at[r] = inside ? x + (w->n * j->h + row) * j->w * j->c + c : zeros;
        found.next[r] = inside ? j->c : 0;
    }
    return found;
}

/* Columns first..IN-1 of the tile whose inputs begin at column `x`, times B^T. */
DC3_INLINE void load_columns(const job *j, const strip *from, int64_t x, int first, vec *v)
{
    for (int q = first; q < IN; q++) {
        int inside = x + q >= 0 && x + q < j->w;
        for (int r = 0; r < IN; r++)
            v[r * IN + q] = inside ? load(from->at[r] + (x + q) * from->next[r]) : v_zero();
        if (inside) transform_inputs(v + q, IN);
    }
}

/* Tiles first..first+count-1, which are the block's. Of a tile's columns the first IN - OUT were the last
 * ones of the tile before. */
static void pack_inputs(const job *j, const void *x, int64_t first, int64_t count, const void *zeros,
                        word *to)
{
    place p = place_of(j, first);
    for (int64_t c = 0; c < j->c; c += LANES) {
        word *out = to + c / WIDE * j->block * WORDS + c % WIDE / PER_WORD;
        walk w = {p.n, p.y, p.x};
        strip from = strip_of(j, x, &w, c, zeros);
        vec v[PLACES], u[PLACES];
        load_columns(j, &from, w.x - j->left, 0, v);
        for (int64_t t = 0; t < count; t++, out += WORDS) {
            for (int i = 0; i < IN; i++) {
                for (int q = 0; q < IN; q++) u[i * IN + q] = v[i * IN + q];
                for (int q = OUT; q < IN; q++) v[i * IN + q - OUT] = v[i * IN + q];
                transform_inputs(u + i * IN, 1);
            }
            for (int i = 0; i < PLACES; i++) store(out + i * input_place(j), u[i]);
            if (t + 1 == count) break;
            advance(j, &w);
            if (w.x > 0) {
                load_columns(j, &from, w.x - j->left, IN - OUT, v);
            } else {
                from = strip_of(j, x, &w, c, zeros);
                load_columns(j, &from, w.x - j->left, 0, v);
            }
        }
    }
}

DC3_INLINE vec finish(const epilogue *e, vec x, vec bias, int64_t at)
{
    x += bias;
    if (e->relu && !e->relu_last) x = positive(x);
    if (e->residual) x += load((const value *)e->residual + at);
    if (e->relu && e->relu_last) x = positive(x);
    return x;
}

/* A^T m A of those tiles, LANES channels from k on, to y. */
static void unpack_outputs(const job *j, const float *m, int64_t first, int64_t count, int64_t k,
                           const epilogue *e, value *y)
{
    place p = place_of(j, first);
    walk w = {p.n, p.y, p.x};
    vec bias = e->bias ? v_load_any(e->bias + k) : v_zero();
    for (int64_t t = 0; t < count; t++, m += WIDE, advance(j, &w)) {
        vec v[PLACES];
        for (int i = 0; i < PLACES; i++) v[i] = v_load_any(m + i * product_place(j));
        for (int i = 0; i < IN; i++) transform_outputs(v + i, IN);
        for (int i = 0; i < OUT; i++) transform_outputs(v + i * IN, 1);
        int64_t to = ((w.n * j->oh + w.y) * j->ow + w.x) * j->k + k;
        int64_t down = smaller(OUT, j->oh - w.y), across = smaller(OUT, j->ow - w.x);
        if (down == OUT && across == OUT)
            for (int i = 0; i < OUT * OUT; i++) {
                int64_t at = to + (i / OUT * j->ow + i % OUT) * j->k;
                store(y + at, finish(e, v[i / OUT * IN + i % OUT], bias, at));
            }
        else
            for (int64_t r = 0; r < down; r++)
                for (int64_t q = 0; q < across; q++) {
                    int64_t at = to + (r * j->ow + q) * j->k;
                    store(y + at, finish(e, v[r * IN + q], bias, at));
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
    pack_inputs(j, data, first, count, zeros, x);
    for (int64_t p = 0; p < PLACES && used > count; p++)
        for (int64_t b = 0; b < j->c / WIDE; b++)
            memset(x + p * input_place(j) + (b * j->block + count) * WORDS, 0,
                   (size_t)((used - count) * WORDS) * sizeof *x);
    for (int64_t k = 0; k < j->k; k += WIDE) {
        for (int64_t p = 0; p < PLACES; p++, u += kernel_place(j))
            for (int64_t t = 0; t < used; t += ROWS)
                multiply(j->c, j->block, x + p * input_place(j) + t * WORDS, u,
                         m + p * product_place(j) + t * WIDE);
        for (int64_t half = 0; half < WIDE; half += LANES)
            unpack_outputs(j, m + half, first, count, k + half, e, y);
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

static void convolve(job *j, const void *x, const word *u, const epilogue *e, value *y, word *scratch)
{
    word *zeros = scratch, *buffers = zeros + zero_words(j->c);
    choose_convolution(j);
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
    return (size_t)(zero_words(j.c) + omp_get_max_threads() * thread_words(&j)) * sizeof(word);
}

static size_t packed_size(const dc3_conv_shape *s, dc3_conv_pass pass)
{
    job j = job_of(s, pass == DC3_PASS_DATA);
    return (size_t)kernel_words(&j) * sizeof(word);
}

static void pack(const dc3_conv_shape *s, dc3_conv_pass pass, const float *w, void *packed)
{
    job j = job_of(s, pass == DC3_PASS_DATA);
    pack_kernels(&j, w, pass == DC3_PASS_DATA, packed);
}

static void forward(const dc3_conv_shape *s, const void *x, const void *packed, const float *bias,
                    const void *residual, void *y, void *scratch)
{
    job j = job_of(s, 0);
    epilogue e = {bias, residual, s->act == DC3_ACT_RELU, s->act_last};
    convolve(&j, x, packed, &e, y, scratch);
}

static void data_gradient(const dc3_conv_shape *s, const void *dy, const void *packed, void *dx,
                          void *scratch)
{
    job j = job_of(s, 1);
    epilogue none = {0};
    convolve(&j, dy, packed, &none, dx, scratch);
}

#include "kernels/vector/winograd_gradient.h"

static size_t scratch_of(const dc3_conv_shape *s, dc3_conv_pass pass)
{
    if (s->type != (dc3_dtype)TYPE || !takes_shape(s)) return 0;
    return pass == DC3_PASS_WEIGHT ? weight_scratch(s) : convolve_scratch(s, pass == DC3_PASS_DATA);
}
