/* 3x3 convolutions of stride 1 in bf16 by Winograd's F(2x2, 3x3): a tile of 2x2 outputs takes 16 products for
 * each pair of channels instead of 36. As conv_winograd.c, with m = 2 and the points 0, 1, -1 and infinity;
 * the larger tile of that file would lose two digits, of which bf16 has two. Transforms are computed in f32,
 * their results rounded to bf16 once (kernels from the f32 weights, so that these are not rounded
 * themselves), products summed in f32 by vdpbf16ps, which takes pairs: of channels in the convolutions, of
 * tiles in the weight gradient. */
enum { OUT = 2 };
#include "kernels/vector/winograd_tiles.h"

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

enum {
    TYPE = DC3_BF16,
    PER_WORD = 2,
    ROWS = 12,
    GRADIENT_ROWS = 8,
    INNER = 64,
    LINE = 16, /* keeps the places from one set of the cache */
    GRADIENT_WORDS = 1 << 20
};
typedef uint16_t value;
typedef uint32_t word;
typedef __m512bh wide;

/* The second-level cache holds a block's inputs and products. */
static int64_t most_tiles(int64_t c)
{
    return c <= 128 ? 96 : c <= 256 ? 72 : 48;
}

/* LANES bf16 values. */
DC3_INLINE vec load(const value *x)
{
    __m512i bits = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const void *)x));
    return _mm512_castsi512_ps(_mm512_slli_epi32(bits, 16));
}

DC3_INLINE void store(void *y, vec x)
{
    _mm256_storeu_si256(y, (__m256i)_mm512_cvtneps_pbh(x));
}

/* Pairs of the same lane, rounded to bf16. */
DC3_INLINE void store_words(word *to, vec first, vec second)
{
    const __m512i order = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23,
                                           7, 22, 6, 21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
    _mm512_storeu_si512(to, _mm512_permutexvar_epi16(order, (__m512i)_mm512_cvtne2ps_pbh(second, first)));
}

DC3_INLINE wide load_wide(const word *u)
{
    return (wide)_mm512_loadu_si512(u);
}

DC3_INLINE vec accumulate(vec sum, word one, wide x)
{
    return _mm512_dpbf16_ps(sum, (wide)_mm512_set1_epi32((int)one), x);
}

#include "kernels/vector/winograd_body.h"

const dc3_winograd dc3_avx512_winograd_bf16 = {scratch_of, packed_size,   pack,
                                               forward,    data_gradient, weight_gradient};
