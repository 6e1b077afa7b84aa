/* Which of its kernels the CPU's backend runs: a pure function of the tier, the type, the pass and the shape
 * (which a kernel takes or does not). Nothing is measured at run time, so that results are the same from run
 * to run. `make bench-dispatch` measures all candidates and names the shapes whose rule is not the best. */
#ifndef DC3_KERNELS_RULES_H
#define DC3_KERNELS_RULES_H

#include "kernels/winograd.h"

typedef enum dc3_tier {
    DC3_TIER_PLAIN,
    DC3_TIER_AVX2,
    DC3_TIER_AVX512,
    DC3_TIER_AMX, /* emulated or not */
} dc3_tier;

typedef enum dc3_work { DC3_WORK_CONV, DC3_WORK_LINEAR, DC3_WORK_ATTENTION } dc3_work;

typedef enum dc3_way {
    DC3_WAY_ONEDNN, /* takes every shape */
    DC3_WAY_WINOGRAD,
    DC3_WAY_DIRECT, /* the direct sum by AVX-512 of a weight's gradient */
    DC3_WAY_TILES,  /* our own products over the tiles of AMX */
    DC3_WAYS
} dc3_way;

/* The first way in the rules that takes the shape: takes[way] is 1 where its kernel is there and does. */
dc3_way dc3_rule(dc3_tier tier, dc3_work work, dc3_dtype type, dc3_conv_pass pass, const int takes[DC3_WAYS]);

#endif
