/* dx = dy W from W as forward's product has it. The inner sum is over outputs, of which VDPBF16PS takes two
 * at a time, while the weight has two inputs side by side: so columns of WIDE inputs are turned into words of
 * two outputs, once for all rows, in memory of the second-level cache. dy is cut into tiles of up to ROWS
 * rows, in the order that the products read them. */
#include <omp.h>
#include "kernels/linear_data.h"
#include "kernels/vector/lanes.h"

enum { ROWS = 12, WIDE = 2 * LANES, OUTPUTS = 64, BLOCK = WIDE * OUTPUTS };
enum { TOGETHER = 2, MOST_TOGETHER = 96 << 10 }; /* panels that read a tile in turn; the most words of them */

/* Rows of dy and their tiles, as even as they can be. */
typedef struct job {
    int64_t rows, ci, co, words, tiles; /* words: pairs of outputs */
    const uint16_t *dy, *weight;
    uint16_t *dx;
    uint32_t *tiled; /* [tiles][words][ROWS] */
} job;

static int64_t first_row(const job *j, int64_t tile)
{
    return tile * j->rows / j->tiles;
}

static size_t tiled_words(int64_t rows, int64_t words)
{
    return (size_t)((rows + ROWS - 1) / ROWS * words * ROWS + LANES);
}

/* How many panels are there at once. */
static int64_t together(int64_t words)
{
    return TOGETHER * words * WIDE <= MOST_TOGETHER ? TOGETHER : 1;
}

/* Of a thread. */
static size_t panel_words(int64_t words)
{
    return (size_t)(together(words) * words * WIDE);
}

/* Rows of a tile, words along the rows. */
static void pack_tile(const job *j, int64_t tile)
{
    int64_t first = first_row(j, tile), count = first_row(j, tile + 1) - first;
    uint32_t *to = j->tiled + tile * j->words * ROWS;
    for (int64_t k = 0; k < j->words; k += LANES) {
        uint32_t rows[LANES][LANES] __attribute__((aligned(64))),
            turned[LANES][LANES] __attribute__((aligned(64)));
        for (int64_t i = 0; i < LANES; i++) {
            const uint16_t *from = j->dy + (first + (i < count ? i : 0)) * j->co + 2 * k;
            _mm512_store_si512(rows[i], _mm512_loadu_si512(from));
        }
        v_transpose(rows, sizeof *rows, turned, sizeof *turned);
        for (int64_t i = 0; i < LANES; i++)
            _mm512_mask_storeu_epi32(to + (k + i) * ROWS, (1u << ROWS) - 1, _mm512_load_si512(turned[i]));
    }
}

static const uint16_t *block_of(const job *j, int64_t outputs, int64_t panel)
{
    return j->weight + (outputs * (j->ci / WIDE) + panel) * BLOCK;
}

/* WIDE inputs of all outputs, [words][WIDE]: a word has two outputs of one input. */
static void pack_panel(const job *j, int64_t panel, uint32_t *to)
{
    const __m512i low = _mm512_set_epi16(47, 15, 46, 14, 45, 13, 44, 12, 43, 11, 42, 10, 41, 9, 40, 8, 39, 7,
                                         38, 6, 37, 5, 36, 4, 35, 3, 34, 2, 33, 1, 32, 0),
                  high = _mm512_add_epi16(low, _mm512_set1_epi16(LANES));
    uint32_t turned[LANES][LANES] __attribute__((aligned(64)));
    for (int64_t b = 0; b < j->co / OUTPUTS; b++) {
        const uint16_t *block = block_of(j, b, panel);
        for (int64_t part = 0; part < OUTPUTS; part += LANES) {
            v_transpose(block + 2 * part, OUTPUTS * sizeof *to, turned, sizeof *turned);
            for (int64_t o = 0; o < LANES; o += 2, to += WIDE) {
                __m512i even = _mm512_load_si512(turned[o]), odd = _mm512_load_si512(turned[o + 1]);
                _mm512_store_si512(to, _mm512_permutex2var_epi16(even, low, odd));
                _mm512_store_si512(to + LANES, _mm512_permutex2var_epi16(even, high, odd));
            }
        }
    }
}

/* `count` rows, a constant after inlining, of WIDE inputs. Meanwhile the cache lines of panel `ahead` come,
 * which lie too far apart for the processor to foresee, from number `line` on, one a word; ahead -1: none. */
DC3_INLINE void multiply(int count, const job *j, const uint32_t *a, const uint32_t *b, int64_t ahead,
                         int64_t line, uint16_t *y)
{
    enum { STEP = 32, LINE = 32 }; /* words at a time; values of a cache line */
    vec sum[ROWS][2];
    for (int i = 0; i < count; i++) sum[i][0] = sum[i][1] = v_zero();
    for (int64_t k = 0; k < j->words; k += STEP) {
        const uint16_t *wanted = y;
        if (ahead >= 0) wanted = block_of(j, (line + k) / OUTPUTS, ahead) + (line + k) % OUTPUTS * LINE;
        for (int64_t step = 0; step < STEP; step++, a += ROWS, b += WIDE, wanted += ahead >= 0 ? LINE : 0) {
            __m512bh low = (__m512bh)_mm512_load_si512(b), high = (__m512bh)_mm512_load_si512(b + LANES);
            _mm_prefetch(wanted, _MM_HINT_T1);
#pragma GCC unroll 12
            for (int i = 0; i < count; i++) {
                __m512bh one = (__m512bh)_mm512_set1_epi32((int)a[i]);
                sum[i][0] = _mm512_dpbf16_ps(sum[i][0], one, low);
                sum[i][1] = _mm512_dpbf16_ps(sum[i][1], one, high);
            }
        }
    }
#pragma GCC unroll 12
    for (int i = 0; i < count; i++)
        _mm512_storeu_si512(y + i * j->ci, (__m512i)_mm512_cvtne2ps_pbh(sum[i][1], sum[i][0]));
}

#define CASE(N)                                                                                              \
    case N:                                                                                                  \
        multiply(N, j, a, b, ahead, line, y);                                                                \
        break

/* The panel's part of the tile's rows; ahead: the one that is wanted next, or -1. */
static void multiply_tile(const job *j, int64_t tile, const uint32_t *b, int64_t panel, int64_t ahead)
{
    int64_t first = first_row(j, tile), line = tile * j->words;
    const uint32_t *a = j->tiled + line * ROWS;
    uint16_t *y = j->dx + first * j->ci + panel * WIDE;
    if (line >= 2 * j->words) ahead = -1; /* all lines have come */
    switch (first_row(j, tile + 1) - first) {
        CASE(1);
        CASE(2);
        CASE(3);
        CASE(4);
        CASE(5);
        CASE(6);
        CASE(7);
        CASE(8);
        CASE(9);
        CASE(10);
        CASE(11);
    default:
        multiply(ROWS, j, a, b, ahead, line, y);
    }
}

static size_t scratch_of(int64_t rows, int64_t ci, int64_t co)
{
    size_t tiled = (tiled_words(rows, co / 2) + LANES - 1) / LANES * LANES;
    (void)ci;
    return (tiled + (size_t)omp_get_max_threads() * panel_words(co / 2)) * sizeof(uint32_t);
}

/* Panels first..last - 1, in memory of this thread. */
static void multiply_panels(const job *j, int64_t first, int64_t last, uint32_t *own)
{
    int64_t step = together(j->words), size = j->words * WIDE;
    for (int64_t p = first; p < last; p += step) {
        int64_t count = last - p < step ? last - p : step;
        for (int64_t i = 0; i < count; i++) pack_panel(j, p + i, own + i * size);
        for (int64_t t = 0; t < j->tiles; t++)
            for (int64_t i = 0; i < count; i++)
                multiply_tile(j, t, own + i * size, p + i, p + i + step < last ? p + i + step : -1);
    }
}

static void data(int64_t rows, int64_t ci, int64_t co, const uint16_t *dy, const uint16_t *weight,
                 uint16_t *dx, void *scratch)
{
    job j = {rows, ci, co, co / 2, (rows + ROWS - 1) / ROWS, dy, weight, dx, scratch};
    uint32_t *panels = j.tiled + (tiled_words(rows, j.words) + LANES - 1) / LANES * LANES;
#pragma omp parallel
    {
        int64_t i = omp_get_thread_num(), threads = omp_get_num_threads(), all = ci / WIDE;
#pragma omp for
        for (int64_t t = 0; t < j.tiles; t++) pack_tile(&j, t);
        multiply_panels(&j, i * all / threads, (i + 1) * all / threads,
                        panels + (size_t)i * panel_words(j.words));
    }
}

const dc3_linear_data dc3_avx512_linear_data_bf16 = {scratch_of, data};
