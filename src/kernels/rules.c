#include "kernels/rules.h"

#define ONE(x) (1u << (x))
#define BELOW_AMX (ONE(DC3_TIER_NEON) | ONE(DC3_TIER_AVX2) | ONE(DC3_TIER_AVX512))
#define ALL_PASSES (ONE(DC3_PASS_FORWARD) | ONE(DC3_PASS_DATA) | ONE(DC3_PASS_WEIGHT))

typedef struct rule {
    unsigned tiers; /* sets: ONE of each member */
    dc3_work work;
    dc3_dtype type;
    unsigned passes;
    dc3_way way;
    int (*worth)(const dc3_case *c); /* NULL: every shape that the kernel takes */
} rule;

/* Winograd's convolution in tiles of `side` outputs: kernels, which are transformed, must not weigh several
 * times more than images nor be huge, nor the rims of tiles more than their insides. */
typedef struct worth {
    int64_t side, least_tiles, heaviest; /* the most that kernels may weigh, images being 1 */
    int64_t kernel_bytes;                /* the most of transformed kernels */
} worth;

static int worth_tiles(const dc3_conv_shape *s, dc3_dtype type, const worth *w)
{
    int64_t oh = dc3_conv_out_height(s), ow = dc3_conv_out_width(s), pairs = s->ci * s->co, side = w->side;
    int64_t tiles = s->n * ((oh + side - 1) / side) * ((ow + side - 1) / side);
    int64_t kernel_bytes = (side + 2) * (side + 2) * pairs * (int64_t)dc3_dtype_size(type);
    return tiles >= w->least_tiles && tiles * side * side <= 2 * s->n * oh * ow &&
           pairs <= w->heaviest * tiles * (s->ci + s->co) && kernel_bytes <= w->kernel_bytes;
}

/* Heavy kernels pay when many tiles share them, and in gradients of weights, which are transformed back once
 * and not read from memory again for each block of tiles. */
static int worth_winograd(const dc3_case *c)
{
    static const worth few[] = {{4, 16, 5, 64 << 20}, {2, 16, 6, 4 << 20}},
                       many[] = {{4, 48, 14, 256 << 20}, {2, 192, 6, 64 << 20}},
                       weight[] = {{4, 16, 8, 64 << 20}, {2, 16, 6, 64 << 20}};
    const dc3_conv_shape *s = c->shape.conv;
    int t = c->type != DC3_F32;
    return worth_tiles(s, c->type, c->pass == DC3_PASS_WEIGHT ? &weight[t] : &few[t]) ||
           worth_tiles(s, c->type, &many[t]);
}

/* Where heavy kernels cost more: of 512 channels from some 130 tiles on. */
static int worth_light_winograd(const dc3_case *c)
{
    static const worth light = {4, 16, 2, 256 << 20};
    return worth_tiles(c->shape.conv, c->type, &light);
}

/* Pairs are of images: of an odd few, much of the work would be on the last one's missing partner. A kernel
 * of one place by a stride uses a quarter of the pixels that are paired, or less. */
static int worth_pairs(const dc3_case *c)
{
    const dc3_conv_shape *s = c->shape.conv;
    return (s->n % 2 == 0 || s->n >= 8) && (s->kh * s->kw > 1 || s->stride == 1);
}

/* Fewer channels are mostly padding; but for kernels that do not overlap, of which oneDNN's gradient of the
 * data takes 2 s where ours takes 4 ms. Of one place by a stride, and of few channels over many places, most
 * of the work is reading and writing, which oneDNN does without a copy. */
static int enough_channels(const dc3_case *c)
{
    enum { FEW = 64, MANY = 1 << 14 };
    const dc3_conv_shape *s = c->shape.conv;
    int is_apart = s->stride >= s->kh && s->stride >= s->kw;
    if (s->kh * s->kw == 1 && s->stride > 1) return 0;
    if (c->pass == DC3_PASS_DATA) return s->co >= 16 && (s->ci >= 16 || is_apart);
    int64_t places = s->n * dc3_conv_out_height(s) * dc3_conv_out_width(s);
    return s->ci >= 16 && s->co >= 16 && (s->ci > FEW || places < MANY);
}

/* Of fewer outputs too; their gradient is as fast. */
static int enough_outputs(const dc3_case *c)
{
    return c->pass == DC3_PASS_DATA || c->shape.linear->co >= 16;
}

/* Queries are taken 32 at a time. */
static int enough_queries(const dc3_case *c)
{
    return c->shape.attention->tokens_q >= 32;
}

/* In order; what no rule takes is oneDNN's, and attention that of vectors. All candidates by processor:
 * bench/results/dispatch. */
static const rule rules[] = {
    /* A quarter of the products, and oneDNN 2.6 has none in this layout:
     * bench/results/2026-11-27-winograd.txt. With AMX too, which has no f32. */
    {BELOW_AMX, DC3_WORK_CONV, DC3_F32, ALL_PASSES, DC3_WAY_WINOGRAD, worth_winograd},
    {ONE(DC3_TIER_AMX), DC3_WORK_CONV, DC3_F32, ONE(DC3_PASS_DATA) | ONE(DC3_PASS_WEIGHT), DC3_WAY_WINOGRAD,
     worth_winograd},
    /* bench/results/dispatch/amx-f32.txt: of heavy kernels oneDNN's is 1.3 to 1.9 times as fast. */
    {ONE(DC3_TIER_AMX), DC3_WORK_CONV, DC3_F32, ONE(DC3_PASS_FORWARD), DC3_WAY_WINOGRAD,
     worth_light_winograd},
    /* bench/results/2026-11-27-zen4-winograd-bf16.txt. Not with AMX, where tiles are 5 to 7 times as fast. */
    {BELOW_AMX, DC3_WORK_CONV, DC3_BF16, ALL_PASSES, DC3_WAY_WINOGRAD, worth_winograd},
    /* bench/results/2026-11-25-zen4-training.txt; with AMX as above. Of one place by a stride oneDNN's is 1.4
     * to 1.6 times faster. */
    {BELOW_AMX, DC3_WORK_CONV, DC3_BF16, ONE(DC3_PASS_WEIGHT), DC3_WAY_DIRECT, worth_pairs},
    /* bench/results/dispatch/amx-bf16.txt. Our own gradients of weights over tiles are 1.3 to 9 times as fast
     * as oneDNN 2.6's, which are slower than in f32 for heavy kernels and strides; forward and the gradient
     * of the data up to 3 times where the weight is heavy. */
    {ONE(DC3_TIER_AMX), DC3_WORK_CONV, DC3_BF16, ONE(DC3_PASS_WEIGHT), DC3_WAY_TILES, NULL},
    {ONE(DC3_TIER_AMX), DC3_WORK_CONV, DC3_BF16, ONE(DC3_PASS_FORWARD) | ONE(DC3_PASS_DATA), DC3_WAY_TILES,
     enough_channels},
    {ONE(DC3_TIER_AMX), DC3_WORK_LINEAR, DC3_BF16, ALL_PASSES, DC3_WAY_TILES, enough_outputs},
    {ONE(DC3_TIER_AMX), DC3_WORK_ATTENTION, DC3_BF16, ALL_PASSES, DC3_WAY_TILES, enough_queries},
};

dc3_way dc3_rule(const dc3_case *c, const int takes[DC3_WAYS])
{
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        const rule *r = &rules[i];
        if ((r->tiers & ONE(c->tier)) && r->work == c->work && r->type == c->type &&
            (r->passes & ONE(c->pass)) && takes[r->way] && (!r->worth || r->worth(c)))
            return r->way;
    }
    return c->work == DC3_WORK_ATTENTION ? DC3_WAY_VECTORS : DC3_WAY_ONEDNN;
}
