/* 3x3 convolutions of stride 1 in f32 by Winograd's minimal filtering F(4x4, 3x3) (Lavin and Gray 2016, "Fast
 * algorithms for convolutional neural networks"): a tile of 4x4 outputs takes 36 products for each pair of
 * channels instead of 144. With d a tile of 6x6 inputs, g a kernel and m = 4:
 *   y = A^T [(G g G^T) * (B^T d B)] A,   dg = G^T [(B^T d B) * (A dy A^T)] G,
 * and the gradient of the inputs is the convolution of dy with the kernels turned by 180 degrees. For each of
 * the 36 places the products over the channels are a matrix product. f32 rounding errors grow by about one
 * digit against the direct sum.
 */
enum { OUT = 4 };
#include "kernels/vector/winograd_tiles.h"

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

#if defined(__AVX512F__)
enum { ROWS = 12, GRADIENT_ROWS = 8 };
#else
enum { ROWS = 6, GRADIENT_ROWS = 4 };
#endif
enum { TYPE = DC3_F32, PER_WORD = 1, INNER = 128, LINE = 0, GRADIENT_WORDS = 2 << 20 };
typedef float value, word;
typedef vec wide;

/* Enough tiles that the transformed kernels, which each block reads, do not cost more than the products. */
static int64_t most_tiles(int64_t c)
{
    return c <= 64 ? 24 : c <= 256 ? 48 : 96;
}

DC3_INLINE vec load(const value *x)
{
    return v_load_any(x);
}

DC3_INLINE void store(void *y, vec x)
{
    v_store_any(y, x);
}

DC3_INLINE void store_words(word *to, vec x, vec same)
{
    (void)same;
    v_store_any(to, x);
}

DC3_INLINE wide load_wide(const word *u)
{
    return v_load_any(u);
}

DC3_INLINE vec accumulate(vec sum, word one, wide x)
{
    return sum + one * x;
}

#include "kernels/vector/winograd_body.h"

const dc3_winograd VECTOR(winograd) = {scratch_of, packed_size,   pack,
                                       forward,    data_gradient, weight_gradient};
