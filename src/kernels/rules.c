#include "kernels/rules.h"

#define ONE(x) (1u << (x))
#define BELOW_AMX (ONE(DC3_TIER_AVX2) | ONE(DC3_TIER_AVX512))
#define OURS (BELOW_AMX | ONE(DC3_TIER_AMX)) /* the tiers that have kernels of our own */
#define ALL_PASSES (ONE(DC3_PASS_FORWARD) | ONE(DC3_PASS_DATA) | ONE(DC3_PASS_WEIGHT))

typedef struct rule {
    unsigned tiers; /* sets: ONE of each member */
    dc3_work work;
    dc3_dtype type;
    unsigned passes;
    dc3_way way;
} rule;

/* In order; what no rule takes is oneDNN's. */
static const rule rules[] = {
    /* A quarter of the products, and oneDNN 2.6 has none in this layout:
     * bench/results/2026-11-27-winograd.txt. With AMX too, which has no f32. */
    {OURS, DC3_WORK_CONV, DC3_F32, ALL_PASSES, DC3_WAY_WINOGRAD},
    /* bench/results/2026-11-27-zen4-winograd-bf16.txt. Not with AMX, where oneDNN 2.6 multiplies by tiles and
     * is 2 to 7 times faster (bench/results/2026-11-28-amx-onednn.txt). */
    {BELOW_AMX, DC3_WORK_CONV, DC3_BF16, ALL_PASSES, DC3_WAY_WINOGRAD},
    /* bench/results/2026-11-25-zen4-training.txt; with AMX as above. */
    {BELOW_AMX, DC3_WORK_CONV, DC3_BF16, ONE(DC3_PASS_WEIGHT), DC3_WAY_DIRECT},
    /* With AMX our own over tiles, of stride 1, are unmeasured, and oneDNN's are fast; likewise linear
     * layers, of which oneDNN's take 150 ms of the U-Net's 607. To take ours: {ONE(DC3_TIER_AMX),
     * DC3_WORK_CONV, DC3_BF16, ALL_PASSES, DC3_WAY_TILES}, {ONE(DC3_TIER_AMX), DC3_WORK_LINEAR, DC3_BF16,
     * ALL_PASSES, DC3_WAY_TILES}. */
    /* Attention with AMX and its gradient (data): unmeasured. oneDNN has none, and what is measured of the
     * tier below on such a processor (160 ms of the U-Net's 607, the same file) is a small part of what tiles
     * can do. */
    {ONE(DC3_TIER_AMX), DC3_WORK_ATTENTION, DC3_BF16, ALL_PASSES, DC3_WAY_TILES},
};

dc3_way dc3_rule(dc3_tier tier, dc3_work work, dc3_dtype type, dc3_conv_pass pass, const int takes[DC3_WAYS])
{
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        const rule *r = &rules[i];
        if ((r->tiers & ONE(tier)) && r->work == work && r->type == type && (r->passes & ONE(pass)) &&
            takes[r->way])
            return r->way;
    }
    return DC3_WAY_ONEDNN;
}
