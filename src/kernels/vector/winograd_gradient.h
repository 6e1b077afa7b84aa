/* The weight gradient by Winograd's minimal filtering, whatever its tile and its type: part of
 * winograd_body.h, which says what a file gives. Sums over the tiles' products for each of the PLACES places,
 * then back to kernels of 3x3. */

/* Words from one place to the next of the block's inputs or output gradients. */
static int64_t gradient_place(const job *j, int64_t channels)
{
    return channels * j->block / PER_WORD + LINE;
}

/* A dy A^T of LANES channels. */
DC3_INLINE void output_gradients_of(const void **pixels, int64_t k, vec *v)
{
    for (int i = 0; i < OUT * OUT; i++) v[i / OUT * IN + i % OUT] = load((const value *)pixels[i] + k);
    for (int i = 0; i < OUT; i++) transform_output_gradients(v + i, IN);
    for (int i = 0; i < IN; i++) transform_output_gradients(v + i * IN, 1);
}

DC3_INLINE void find_output_gradients(const job *j, const void *dy, int64_t t, const void *zeros,
                                      const void **pixels)
{
    place p = place_of(j, t);
    if (PER_WORD > 1 && t >= j->tiles)
        for (int i = 0; i < OUT * OUT; i++) pixels[i] = zeros;
    else
        find_pixels(OUT, dy, j->oh, j->ow, j->k, sizeof(value), p.n, p.y, p.x, zeros, pixels);
}

/* Tiles of a block of the weight gradient, in whole words; not by the number of threads, since it orders the
 * sum. */
static void choose_gradient_block(job *j)
{
    enum { LEAST = 128 };
    j->block = GRADIENT_WORDS / (PLACES * (j->c + j->k)) * PER_WORD;
    j->block = up(smaller(larger(j->block, LEAST), j->tiles), PER_WORD);
}

/* The tiles of one word, from `t` on: the word's number is `at` of the block. */
static void pack_gradient_inputs(const job *j, const void *x, int64_t t, int64_t at, const void *zeros,
                                 word *to)
{
    const void *pixels[PER_WORD][PLACES];
    for (int i = 0; i < PER_WORD; i++) find_inputs(j, x, t + i, zeros, pixels[i]);
    for (int64_t c = 0; c < j->c; c += LANES) {
        vec v[PER_WORD][PLACES];
        for (int i = 0; i < PER_WORD; i++) inputs_of(pixels[i], c, v[i]);
        word *out = to + (c / WIDE * (j->block / PER_WORD) + at) * WIDE + c % WIDE;
        for (int i = 0; i < PLACES; i++)
            store_words(out + i * gradient_place(j, j->c), v[0][i], v[PER_WORD - 1][i]);
    }
}

static void pack_output_gradients(const job *j, const void *dy, int64_t t, int64_t at, const void *zeros,
                                  word *to)
{
    const void *pixels[PER_WORD][OUT * OUT];
    for (int i = 0; i < PER_WORD; i++) find_output_gradients(j, dy, t + i, zeros, pixels[i]);
    for (int64_t k = 0; k < j->k; k += LANES) {
        vec v[PER_WORD][PLACES];
        for (int i = 0; i < PER_WORD; i++) output_gradients_of(pixels[i], k, v[i]);
        word *out = to + (k / WIDE * (j->block / PER_WORD) + at) * WIDE + k % WIDE;
        for (int i = 0; i < PLACES; i++)
            store_words(out + i * gradient_place(j, j->k), v[0][i], v[PER_WORD - 1][i]);
    }
}

/* sums [GRADIENT_ROWS][WIDE] += over `count` words of x [count][WIDE] (GRADIENT_ROWS of it) and z [count]
 * [WIDE]. */
static void add_products(int64_t count, const word *x, const word *z, float *sums)
{
    vec sum[GRADIENT_ROWS][2];
    for (int i = 0; i < GRADIENT_ROWS; i++)
        sum[i][0] = v_load_any(sums + i * WIDE), sum[i][1] = v_load_any(sums + i * WIDE + LANES);
    for (int64_t t = 0; t < count; t++, x += WIDE, z += WIDE) {
        wide low = load_wide(z), high = load_wide(z + LANES);
#pragma GCC unroll 8
        for (int i = 0; i < GRADIENT_ROWS; i++)
            sum[i][0] = accumulate(sum[i][0], x[i], low), sum[i][1] = accumulate(sum[i][1], x[i], high);
    }
#pragma GCC unroll 8
    for (int i = 0; i < GRADIENT_ROWS; i++)
        v_store_any(sums + i * WIDE, sum[i][0]), v_store_any(sums + i * WIDE + LANES, sum[i][1]);
}

/* u [k / WIDE][PLACES][c][WIDE] += x^T z of a block of `count` words of tiles. */
static void add_block(const job *j, int64_t count, const word *x, const word *z, float *u)
{
    int64_t across = j->c / WIDE, room = j->block / PER_WORD;
#pragma omp parallel for schedule(static)
    for (int64_t unit = 0; unit < PLACES * across; unit++) {
        int64_t p = unit / across, c = unit % across * WIDE;
        const word *rows = x + p * gradient_place(j, j->c) + c * room;
        for (int64_t k = 0; k < j->k; k += WIDE) {
            const word *columns = z + p * gradient_place(j, j->k) + k * room;
            float *sums = u + ((k / WIDE * PLACES + p) * j->c + c) * WIDE;
            for (int64_t t = 0; t < count; t += INNER)
                for (int64_t i = 0; i < WIDE; i += GRADIENT_ROWS)
                    add_products(smaller(count - t, INNER), rows + t * WIDE + i, columns + t * WIDE,
                                 sums + i * WIDE);
        }
    }
}

/* dw [co, ci, 3, 3] += G^T u G. */
static void unpack_kernels(const job *j, const float *u, float *dw)
{
#pragma omp parallel for collapse(2)
    for (int64_t b = 0; b < j->k / WIDE; b++)
        for (int64_t c = 0; c < j->c; c++)
            for (int64_t half = 0; half < WIDE; half += LANES) {
                vec v[PLACES];
                for (int p = 0; p < PLACES; p++)
                    v[p] = v_load_any(u + ((b * PLACES + p) * j->c + c) * WIDE + half);
                for (int i = 0; i < IN; i++) transform_kernel_gradients(v + i, IN);
                for (int i = 0; i < 3; i++) transform_kernel_gradients(v + i * IN, 1);
                for (int i = 0; i < LANES; i++) {
                    float *to = dw + ((b * WIDE + half + i) * j->c + c) * 9;
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
    return (size_t)(sum_words(&j) + zero_words(larger(j.c, j.k)) +
                    PLACES * (gradient_place(&j, j.c) + gradient_place(&j, j.k))) *
           sizeof(word);
}

static void weight_gradient(const dc3_conv_shape *s, const void *x, const void *dy, float *dw, void *scratch)
{
    job j = job_of(s, 0);
    choose_gradient_block(&j);
    float *u = scratch;
    int64_t most = zero_words(larger(j.c, j.k));
    word *zeros = (word *)scratch + sum_words(&j), *rows = zeros + most,
         *columns = rows + PLACES * gradient_place(&j, j.c);
    memset(zeros, 0, (size_t)most * sizeof *zeros);
    memset(u, 0, (size_t)sum_words(&j) * sizeof *u);
    for (int64_t first = 0; first < j.tiles; first += j.block) {
        int64_t count = up(smaller(j.block, j.tiles - first), PER_WORD) / PER_WORD;
#pragma omp parallel for schedule(static)
        for (int64_t t = 0; t < count; t++) {
            pack_gradient_inputs(&j, x, first + t * PER_WORD, t, zeros, rows);
            pack_output_gradients(&j, dy, first + t * PER_WORD, t, zeros, columns);
        }
        add_block(&j, count, rows, columns, u);
    }
    unpack_kernels(&j, u, dw);
}
