/* dw[co][ci][ky][kx] = sum over pictures and pixels of dy[pixel][co] * x[pixel moved by (ky, kx)][ci], by
 * vdpbf16ps, which multiplies and adds pairs. The pairs are the same pixel of two pictures, so that one
 * interleaved copy serves every kernel position, stride and padding. A chunk of picture pairs is interleaved
 * into a buffer that the second-level cache holds; then each thread adds the chunk's products to its share of
 * the tiles of dw. Nothing depends on the number of threads: a sum goes over chunks, then over pixels. */
#include <immintrin.h>
#include <omp.h>
#include <string.h>
#include "kernels/x86/conv_gradient.h"

enum {
    CI = 32,        /* a tile's channels of x: two vectors */
    CO = 8,         /* and of dy: broadcast one by one */
    TILE = CI * CO, /* floats */
    PIXELS = 128,   /* that a tile stays in registers for: x and dy of them fit the first-level cache */
    CHUNK_BYTES = 1 << 19, /* of a buffer, about */
    MOST_TAPS = 49,        /* kh * kw */
};

/* Where a pixel of a chunk stands in x and in dy, 4-byte pairs from the channel block's start. */
typedef struct place {
    int32_t x, dy;
} place;

typedef struct layout {
    int64_t pairs, chunk, chunks; /* of pictures; pairs in a chunk; chunks */
    int64_t pixels, out;          /* of a picture: x, dy */
    int64_t x_blocks, dy_blocks, taps;
    int64_t x_size, dy_size; /* pairs of a buffer */
    int64_t tiles;
} layout;

static layout layout_of(const dc3_conv_shape *s)
{
    layout l = {.pairs = (s->n + 1) / 2,
                .pixels = s->h * s->w,
                .out = dc3_conv_out_height(s) * dc3_conv_out_width(s),
                .x_blocks = s->ci / CI,
                .dy_blocks = s->co / CO,
                .taps = s->kh * s->kw};
    int64_t bytes = 4 * (l.pixels * s->ci + l.out * s->co);
    l.chunk = CHUNK_BYTES / bytes;
    if (l.chunk < 1) l.chunk = 1;
    if (l.chunk > l.pairs) l.chunk = l.pairs;
    l.chunks = (l.pairs + l.chunk - 1) / l.chunk;
    l.x_size = l.chunk * l.pixels * s->ci;
    l.dy_size = (l.chunk * l.out * s->co + 15) / 16 * 16;
    l.tiles = l.x_blocks * l.taps * l.dy_blocks;
    return l;
}

static size_t places_size(const layout *l)
{
    return ((size_t)(l->taps * l->chunk * l->out) * sizeof(place) + 63) / 64 * 64;
}

size_t dc3_avx512_conv_weight_gradient_scratch(const dc3_conv_shape *s)
{
    if (s->type != DC3_BF16 || s->groups > 1 || s->ci % CI || s->co % CO || s->kh * s->kw > MOST_TAPS)
        return 0;
    if (s->n % 2 && s->n < 8) return 0; /* much of the work would be on the last picture's missing partner */
    layout l = layout_of(s);
    if (l.x_size > INT32_MAX || l.dy_size > INT32_MAX) return 0;
    return (size_t)l.tiles * TILE * sizeof(float) + 2 * (size_t)(l.x_size + l.dy_size) * sizeof(uint32_t) +
           places_size(&l);
}

/* The places of one picture pair that see x at tap (ky, kx); returns how many. */
static int64_t find_places(const dc3_conv_shape *s, int64_t ky, int64_t kx, place *places)
{
    int64_t count = 0, width = dc3_conv_out_width(s);
    for (int64_t oy = 0; oy < dc3_conv_out_height(s); oy++)
        for (int64_t ox = 0; ox < width; ox++) {
            int64_t y = oy * s->stride + ky - s->pad_top, x = ox * s->stride + kx - s->pad_left;
            if (y < 0 || y >= s->h || x < 0 || x >= s->w) continue;
            places[count++] = (place){(int32_t)((y * s->w + x) * CI), (int32_t)((oy * width + ox) * CO)};
        }
    return count;
}

/* The places of a whole chunk, pair by pair, tap by tap; counts [taps] of one pair. */
static void list_places(const dc3_conv_shape *s, const layout *l, place *places, int64_t *counts)
{
    for (int64_t tap = 0; tap < l->taps; tap++) {
        place *at = places + tap * l->chunk * l->out;
        int64_t n = counts[tap] = find_places(s, tap / s->kw, tap % s->kw, at);
        for (int64_t i = n; i < n * l->chunk; i++)
            at[i] = (place){at[i - n].x + (int32_t)(l->pixels * CI), at[i - n].dy + (int32_t)(l->out * CO)};
    }
}

static inline __m512i pair_up(__m256i first, __m256i second)
{
    return _mm512_or_si512(_mm512_cvtepu16_epi32(first),
                           _mm512_slli_epi32(_mm512_cvtepu16_epi32(second), 16));
}

/* A row of `pixels` pixels of c channels of two pictures to pairs, block by block of channels, `apart` pairs
 * from block to block. second NULL: zeros. */
static void interleave_x(int64_t pixels, int64_t c, const uint16_t *first, const uint16_t *second,
                         int64_t apart, uint32_t *to)
{
    for (int64_t p = 0; p < pixels; p++)
        for (int64_t i = 0; i < c; i += 16) {
            const void *a = first + p * c + i, *b = second ? second + p * c + i : NULL;
            __m512i v = pair_up(_mm256_loadu_si256(a), b ? _mm256_loadu_si256(b) : _mm256_setzero_si256());
            _mm512_store_si512(to + i / CI * apart + p * CI + i % CI, v);
        }
}

static void interleave_dy(int64_t pixels, int64_t c, const uint16_t *first, const uint16_t *second,
                          int64_t apart, uint32_t *to)
{
    for (int64_t p = 0; p < pixels; p++)
        for (int64_t i = 0; i < c; i += CO) {
            const void *a = first + p * c + i, *b = second ? second + p * c + i : NULL;
            __m128i u = _mm_loadu_si128(a), v = b ? _mm_loadu_si128(b) : _mm_setzero_si128();
            uint32_t *at = to + i / CO * apart + p * CO;
            _mm_store_si128((void *)at, _mm_unpacklo_epi16(u, v));
            _mm_store_si128((void *)(at + 4), _mm_unpackhi_epi16(u, v));
        }
}

typedef struct job {
    const dc3_conv_shape *s;
    layout l;
    const uint16_t *x, *dy;
    float *sums;        /* [x block][tap][dy block][CO][CI] */
    uint32_t *pairs[2]; /* x [block][chunk * pixels][CI], then dy [block][chunk * out][CO] */
    place *places;
    int64_t counts[MOST_TAPS];
} job;

static int64_t pairs_in(const job *j, int64_t chunk)
{
    int64_t left = j->l.pairs - chunk * j->l.chunk;
    return left < j->l.chunk ? left : j->l.chunk;
}

/* This thread's rows of the chunk. */
static void interleave(const job *j, int64_t chunk, int thread, int threads)
{
    const dc3_conv_shape *s = j->s;
    const layout *l = &j->l;
    int64_t oh = dc3_conv_out_height(s), ow = dc3_conv_out_width(s), rows = s->h + oh;
    int64_t n = pairs_in(j, chunk) * rows;
    uint32_t *x = j->pairs[chunk % 2], *dy = x + l->x_size;
    for (int64_t i = n * thread / threads; i < n * (thread + 1) / threads; i++) {
        int64_t pair = i / rows, row = i % rows, picture = 2 * (chunk * l->chunk + pair);
        int whole = picture + 1 < s->n;
        if (row < s->h) {
            const uint16_t *a = j->x + (picture * s->h + row) * s->w * s->ci;
            interleave_x(s->w, s->ci, a, whole ? a + l->pixels * s->ci : NULL, l->chunk * l->pixels * CI,
                         x + (pair * l->pixels + row * s->w) * CI);
        } else {
            const uint16_t *a = j->dy + (picture * oh + row - s->h) * ow * s->co;
            interleave_dy(ow, s->co, a, whole ? a + l->out * s->co : NULL, l->chunk * l->out * CO,
                          dy + (pair * l->out + (row - s->h) * ow) * CO);
        }
    }
}

/* sums [CO][CI] += the products of `count` pixels. */
static void add_tile(int64_t count, const place *places, const uint32_t *x, const uint32_t *dy, float *sums)
{
    __m512 acc[CO][2];
    for (int r = 0; r < CO; r++)
        acc[r][0] = _mm512_load_ps(sums + r * CI), acc[r][1] = _mm512_load_ps(sums + r * CI + 16);
    for (int64_t i = 0; i < count; i++) {
        const uint32_t *row = x + places[i].x, *column = dy + places[i].dy;
        __m512bh low = (__m512bh)_mm512_load_si512(row), high = (__m512bh)_mm512_load_si512(row + 16);
#pragma GCC unroll 8
        for (int r = 0; r < CO; r++) {
            __m512bh one = (__m512bh)_mm512_set1_epi32((int)column[r]);
            acc[r][0] = _mm512_dpbf16_ps(acc[r][0], low, one);
            acc[r][1] = _mm512_dpbf16_ps(acc[r][1], high, one);
        }
    }
    for (int r = 0; r < CO; r++)
        _mm512_store_ps(sums + r * CI, acc[r][0]), _mm512_store_ps(sums + r * CI + 16, acc[r][1]);
}

/* Adds a chunk to the tiles first..last-1. */
static void add_chunk(const job *j, int64_t chunk, int64_t first, int64_t last)
{
    const layout *l = &j->l;
    const uint32_t *x = j->pairs[chunk % 2], *dy = x + l->x_size;
    for (int64_t tile = first; tile < last;) {
        int64_t group = tile / l->dy_blocks, tap = group % l->taps, end = (group + 1) * l->dy_blocks;
        if (end > last) end = last;
        int64_t count = j->counts[tap] * pairs_in(j, chunk);
        const place *places = j->places + tap * l->chunk * l->out;
        const uint32_t *block = x + group / l->taps * l->chunk * l->pixels * CI;
        for (int64_t at = 0; at < count; at += PIXELS)
            for (int64_t t = tile; t < end; t++)
                add_tile(count - at < PIXELS ? count - at : PIXELS, places + at, block,
                         dy + t % l->dy_blocks * l->chunk * l->out * CO, j->sums + t * TILE);
        tile = end;
    }
}

/* dw += sums, of one channel of dy. */
static void finish(const job *j, int64_t co, float *dw)
{
    const layout *l = &j->l;
    for (int64_t block = 0; block < l->x_blocks; block++)
        for (int64_t tap = 0; tap < l->taps; tap++) {
            const float *from =
                j->sums + ((block * l->taps + tap) * l->dy_blocks + co / CO) * TILE + co % CO * CI;
            for (int64_t i = 0; i < CI; i++) dw[(co * j->s->ci + block * CI + i) * l->taps + tap] += from[i];
        }
}

void dc3_avx512_conv_weight_gradient(const dc3_conv_shape *s, const void *x, const void *dy, float *dw,
                                     void *scratch)
{
    job j = {.s = s, .l = layout_of(s), .x = x, .dy = dy, .sums = scratch};
    const layout *l = &j.l;
    j.pairs[0] = (uint32_t *)(j.sums + l->tiles * TILE);
    j.pairs[1] = j.pairs[0] + l->x_size + l->dy_size;
    j.places = (place *)(j.pairs[1] + l->x_size + l->dy_size);
    list_places(s, l, j.places, j.counts);
#pragma omp parallel
    {
        int thread = omp_get_thread_num(), threads = omp_get_num_threads();
        int64_t first = l->tiles * thread / threads, last = l->tiles * (thread + 1) / threads;
        memset(j.sums + first * TILE, 0, (size_t)((last - first) * TILE) * sizeof(float));
        for (int64_t chunk = 0; chunk < l->chunks; chunk++) {
            interleave(&j, chunk, thread, threads); /* while others may still add the last chunk */
#pragma omp barrier
            add_chunk(&j, chunk, first, last);
        }
#pragma omp barrier
#pragma omp for
        for (int64_t co = 0; co < s->co; co++) finish(&j, co, dw);
    }
}
