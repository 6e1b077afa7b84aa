#include "kernels/tile_attention.h"
#include "kernels/amx/amx.h"

const dc3_tile_attention AMX(attention_tiles) = {AMX(attention_scratch), AMX(attention),
                                                 AMX(attention_gradient_scratch), AMX(attention_gradient)};

/* The tier below, which does what the rules do not leave to tiles; set before any of these is called. */
static const dc3_kernels *other;

static int by_tiles(dc3_dtype type, dc3_conv_pass pass, const dc3_attention_shape *shape)
{
    static const int takes[DC3_WAYS] = {[DC3_WAY_TILES] = 1};
    dc3_case c = {DC3_TIER_AMX, DC3_WORK_ATTENTION, type, pass, .shape.attention = shape};
    return type == DC3_BF16 && dc3_rule(&c, takes) == DC3_WAY_TILES;
}

static size_t attention_scratch(dc3_dtype type, const dc3_attention_shape *shape, int threads)
{
    return by_tiles(type, DC3_PASS_FORWARD, shape) ? AMX(attention_scratch)(shape, threads)
                                                   : other->attention_scratch(type, shape, threads);
}

static void attention(dc3_dtype type, const dc3_attention_shape *shape, const void *q, const void *k,
                      const void *v, void *y, float *lse, void *scratch)
{
    if (by_tiles(type, DC3_PASS_FORWARD, shape))
        AMX(attention)(shape, q, k, v, y, lse, scratch);
    else
        other->attention(type, shape, q, k, v, y, lse, scratch);
}

/* The gradient is one function; the rules name it by the pass of the data. */
static size_t attention_gradient_scratch(dc3_dtype type, const dc3_attention_shape *shape, int threads)
{
    return by_tiles(type, DC3_PASS_DATA, shape) ? AMX(attention_gradient_scratch)(shape, threads)
                                                : other->attention_gradient_scratch(type, shape, threads);
}

static void attention_gradient(dc3_dtype type, const dc3_attention_shape *shape,
                               const dc3_attention_gradient *gradient, void *scratch)
{
    if (by_tiles(type, DC3_PASS_DATA, shape))
        AMX(attention_gradient)(shape, gradient, scratch);
    else
        other->attention_gradient(type, shape, gradient, scratch);
}

void AMX(kernels)(const dc3_kernels *below, dc3_kernels *table)
{
    other = below;
    *table = *below;
    table->attention_scratch = attention_scratch;
    table->attention = attention;
    table->attention_gradient_scratch = attention_gradient_scratch;
    table->attention_gradient = attention_gradient;
}
