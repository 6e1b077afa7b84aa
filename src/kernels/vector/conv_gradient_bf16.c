/* dw[co][ci][ky][kx] = sum over images and pixels of dy[pixel][co] * x[pixel moved by (ky, kx)][ci], by
 * vdpbf16ps, which multiplies and adds pairs. The pairs are the same pixel of two images, so that one
 * interleaved copy serves every kernel position, stride and padding. Each thread has a rectangle of dw, so
 * many channels of x by so many of dy: it interleaves those of a chunk of image pairs into its own buffer,
 * which the second-level cache holds, and adds the chunk's products to its tiles. (A buffer that all threads
 * share is interleaved only once, but its lines travel between the cores: twice as slow.) A sum goes over
 * images, then pixels, for any number of threads. */
#include <immintrin.h>
#include <omp.h>
#include <string.h>
#include "kernels/vector/conv_gradient.h"

enum {
    CI = 32,        /* a tile's channels of x: two vectors */
    CO = 8,         /* and of dy: broadcast one by one */
    TILE = CI * CO, /* floats */
    PIXELS = 128,   /* that a tile stays in registers for: x and dy of them fit the first-level cache */
    CHUNK_BYTES = 3 * 1 << 17, /* of a thread's buffer, about */
    MOST_TAPS = 49,            /* kh * kw */
};

/* Where a pixel of a chunk stands in x and in dy, 4-byte pairs from the channel block's start. */
typedef struct place {
    int32_t x, dy;
} place;

typedef struct layout {
    int64_t pixels, out; /* of an image: x, dy */
    int64_t taps;
    int64_t x_blocks, dy_blocks; /* of all channels */
    int across, down;            /* threads that share the blocks of x, those of dy */
    int64_t x_share, dy_share;   /* blocks of a thread, at most */
    int64_t pairs, chunk;        /* of images; of a chunk */
    int64_t x_apart, dy_apart;   /* pairs from one block of a buffer to the next */
    int64_t buffer;              /* pairs of a thread's buffer */
} layout;

/* As many threads as find blocks, so that each interleaves as little as possible. */
static void share(const dc3_conv_shape *s, layout *l, int threads)
{
    int64_t least = INT64_MAX;
    for (; least == INT64_MAX; threads--)
        for (int across = 1; across <= threads; across++) {
            int down = threads / across;
            if (threads % across || across > l->x_blocks || down > l->dy_blocks) continue;
            int64_t each = l->pixels * s->ci / across + l->out * s->co / down;
            if (each < least) least = each, l->across = across, l->down = down;
        }
    l->x_share = (l->x_blocks + l->across - 1) / l->across;
    l->dy_share = (l->dy_blocks + l->down - 1) / l->down;
}

static layout layout_of(const dc3_conv_shape *s)
{
    layout l = {.pixels = s->h * s->w,
                .out = dc3_conv_out_height(s) * dc3_conv_out_width(s),
                .taps = s->kh * s->kw,
                .x_blocks = s->ci / CI,
                .dy_blocks = s->co / CO,
                .pairs = (s->n + 1) / 2};
    share(s, &l, omp_get_max_threads());
    l.chunk = CHUNK_BYTES / (4 * (l.pixels * l.x_share * CI + l.out * l.dy_share * CO));
    if (l.chunk < 1) l.chunk = 1;
    if (l.chunk > l.pairs) l.chunk = l.pairs;
    l.x_apart = l.chunk * l.pixels * CI;
    l.dy_apart = l.chunk * l.out * CO;
    l.buffer = (l.x_share * l.x_apart + l.dy_share * l.dy_apart + 15) / 16 * 16;
    return l;
}

static int64_t tiles(const layout *l)
{
    return l->x_blocks * l->taps * l->dy_blocks;
}

size_t dc3_avx512_conv_weight_gradient_scratch(const dc3_conv_shape *s)
{
    if (s->type != DC3_BF16 || s->groups > 1 || s->ci % CI || s->co % CO || s->kh * s->kw > MOST_TAPS)
        return 0;
    layout l = layout_of(s);
    if (l.buffer > INT32_MAX) return 0;
    return (size_t)tiles(&l) * TILE * sizeof(float) +
           (size_t)(l.across * l.down * l.buffer) * sizeof(uint32_t) +
           (size_t)(l.taps * l.chunk * l.out) * sizeof(place);
}

/* The places of one image pair that see x at tap (ky, kx); returns how many. */
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

typedef struct job {
    const dc3_conv_shape *s;
    layout l;
    const uint16_t *x, *dy;
    float *sums;               /* [x block][tap][dy block][CO][CI] */
    uint32_t *buffers;         /* [thread]: x [block][chunk * pixels][CI], then dy [block][chunk * out][CO] */
    place *places;             /* [tap][chunk * out], those of one pair behind those of another */
    int64_t counts[MOST_TAPS]; /* places of a pair */
} job;

static void list_places(job *j)
{
    const layout *l = &j->l;
    for (int64_t tap = 0; tap < l->taps; tap++) {
        place *at = j->places + tap * l->chunk * l->out;
        int64_t n = j->counts[tap] = find_places(j->s, tap / j->s->kw, tap % j->s->kw, at);
        for (int64_t i = n; i < n * l->chunk; i++)
            at[i] = (place){at[i - n].x + (int32_t)(l->pixels * CI), at[i - n].dy + (int32_t)(l->out * CO)};
    }
}

/* What a thread works on: blocks first..last-1 of x and of dy. */
typedef struct part {
    int64_t x_first, x_last, dy_first, dy_last;
    uint32_t *x, *dy;
} part;

static part part_of(const job *j, int thread)
{
    const layout *l = &j->l;
    int64_t column = thread % l->across, row = thread / l->across;
    uint32_t *buffer = j->buffers + thread * l->buffer;
    return (part){.x_first = l->x_blocks * column / l->across,
                  .x_last = l->x_blocks * (column + 1) / l->across,
                  .dy_first = l->dy_blocks * row / l->down,
                  .dy_last = l->dy_blocks * (row + 1) / l->down,
                  .x = buffer,
                  .dy = buffer + l->x_share * l->x_apart};
}

/* One block of CI channels of two images to pairs; second NULL: zeros. */
static void interleave_x(int64_t pixels, int64_t c, const uint16_t *first, const uint16_t *second,
                         uint32_t *to)
{
    for (int64_t p = 0; p < pixels; p++)
        for (int i = 0; i < CI; i += 16) {
            __m256i a = _mm256_loadu_si256((const void *)(first + p * c + i)),
                    b = second ? _mm256_loadu_si256((const void *)(second + p * c + i))
                               : _mm256_setzero_si256();
            _mm512_store_si512(
                to + p * CI + i,
                _mm512_or_si512(_mm512_cvtepu16_epi32(a), _mm512_slli_epi32(_mm512_cvtepu16_epi32(b), 16)));
        }
}

/* The same for CO channels. */
static void interleave_dy(int64_t pixels, int64_t c, const uint16_t *first, const uint16_t *second,
                          uint32_t *to)
{
    for (int64_t p = 0; p < pixels; p++) {
        __m128i a = _mm_loadu_si128((const void *)(first + p * c)),
                b = second ? _mm_loadu_si128((const void *)(second + p * c)) : _mm_setzero_si128();
        _mm_store_si128((void *)(to + p * CO), _mm_unpacklo_epi16(a, b));
        _mm_store_si128((void *)(to + p * CO + 4), _mm_unpackhi_epi16(a, b));
    }
}

/* Blocks first..last-1, of `width` channels (CI: x, CO: dy), of two images of `pixels` pixels of c
 * channels, `apart` pairs from one block to the next; whole 0: there is no second image. Some pixels at a
 * time, whose lines stay in the first-level cache for all blocks. */
static inline void interleave_blocks(int width, int64_t pixels, int64_t c, const uint16_t *image, int whole,
                                     int64_t first, int64_t last, int64_t apart, uint32_t *to)
{
    enum { SOME = 32 };
    for (int64_t pixel = 0; pixel < pixels; pixel += SOME) {
        int64_t n = pixels - pixel < SOME ? pixels - pixel : SOME;
        for (int64_t b = first; b < last; b++) {
            const uint16_t *one = image + pixel * c + b * width, *other = whole ? one + pixels * c : NULL;
            uint32_t *at = to + (b - first) * apart + pixel * width;
            if (width == CI)
                interleave_x(n, c, one, other, at);
            else
                interleave_dy(n, c, one, other, at);
        }
    }
}

/* A part's blocks of pair `pair`, which is number `at` of its chunk. */
static void interleave(const job *j, const part *p, int64_t pair, int64_t at)
{
    const dc3_conv_shape *s = j->s;
    const layout *l = &j->l;
    int whole = 2 * pair + 1 < s->n;
    interleave_blocks(CI, l->pixels, s->ci, j->x + 2 * pair * l->pixels * s->ci, whole, p->x_first, p->x_last,
                      l->x_apart, p->x + at * l->pixels * CI);
    interleave_blocks(CO, l->out, s->co, j->dy + 2 * pair * l->out * s->co, whole, p->dy_first, p->dy_last,
                      l->dy_apart, p->dy + at * l->out * CO);
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

static float *tile_of(const job *j, int64_t x_block, int64_t tap, int64_t dy_block)
{
    return j->sums + ((x_block * j->l.taps + tap) * j->l.dy_blocks + dy_block) * TILE;
}

/* Adds `pairs` interleaved image pairs to the part's tiles. */
static void add_chunk(const job *j, const part *p, int64_t pairs)
{
    const layout *l = &j->l;
    for (int64_t b = p->x_first; b < p->x_last; b++)
        for (int64_t tap = 0; tap < l->taps; tap++) {
            int64_t count = j->counts[tap] * pairs;
            const place *places = j->places + tap * l->chunk * l->out;
            for (int64_t at = 0; at < count; at += PIXELS)
                for (int64_t d = p->dy_first; d < p->dy_last; d++)
                    add_tile(count - at < PIXELS ? count - at : PIXELS, places + at,
                             p->x + (b - p->x_first) * l->x_apart, p->dy + (d - p->dy_first) * l->dy_apart,
                             tile_of(j, b, tap, d));
        }
}

/* dw += the part's tiles. */
static void finish(const job *j, const part *p, float *dw)
{
    const layout *l = &j->l;
    for (int64_t co = p->dy_first * CO; co < p->dy_last * CO; co++)
        for (int64_t b = p->x_first; b < p->x_last; b++)
            for (int64_t i = 0; i < CI; i++) {
                float *to = dw + (co * j->s->ci + b * CI + i) * l->taps;
                for (int64_t tap = 0; tap < l->taps; tap++)
                    to[tap] += tile_of(j, b, tap, co / CO)[co % CO * CI + i];
            }
}

static void run_part(const job *j, int thread, float *dw)
{
    const layout *l = &j->l;
    part p = part_of(j, thread);
    size_t row = (size_t)((p.dy_last - p.dy_first) * TILE) * sizeof(float);
    for (int64_t b = p.x_first; b < p.x_last; b++)
        for (int64_t tap = 0; tap < l->taps; tap++) memset(tile_of(j, b, tap, p.dy_first), 0, row);
    for (int64_t first = 0; first < l->pairs; first += l->chunk) {
        int64_t pairs = l->pairs - first < l->chunk ? l->pairs - first : l->chunk;
        for (int64_t i = 0; i < pairs; i++) interleave(j, &p, first + i, i);
        add_chunk(j, &p, pairs);
    }
    finish(j, &p, dw);
}

void dc3_avx512_conv_weight_gradient(const dc3_conv_shape *s, const void *x, const void *dy, float *dw,
                                     void *scratch)
{
    job j = {.s = s, .l = layout_of(s), .x = x, .dy = dy, .sums = scratch};
    int parts = j.l.across * j.l.down;
    j.buffers = (uint32_t *)(j.sums + tiles(&j.l) * TILE);
    j.places = (place *)(j.buffers + parts * j.l.buffer);
    list_places(&j);
#pragma omp parallel for schedule(static)
    for (int thread = 0; thread < parts; thread++) run_part(&j, thread, dw);
}
