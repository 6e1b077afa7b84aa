/* Which of its kernels the CPU's backend runs: a pure function of the tier, the type, the pass and the shape,
 * whatever the number of threads. Kernels say what they can compute, this table what is worth it. Nothing is
 * measured at run time, so that results are the same from run to run. `make bench-dispatch` measures all
 * candidates and names the shapes whose rule is not the best. */
#ifndef DC3_KERNELS_RULES_H
#define DC3_KERNELS_RULES_H

#include "kernels/winograd.h"

typedef enum dc3_tier {
    DC3_TIER_PLAIN,
    DC3_TIER_NEON,
    DC3_TIER_AVX2,
    DC3_TIER_AVX512,
    DC3_TIER_AMX, /* emulated or not */
} dc3_tier;

typedef enum dc3_work { DC3_WORK_CONV, DC3_WORK_LINEAR, DC3_WORK_ATTENTION } dc3_work;

typedef enum dc3_way {
    DC3_WAY_ONEDNN, /* takes every convolution and linear layer */
    DC3_WAY_WINOGRAD,
    DC3_WAY_DIRECT,  /* the direct sum by AVX-512 of a weight's gradient */
    DC3_WAY_TILES,   /* our own products over the tiles of AMX */
    DC3_WAY_VECTORS, /* attention by the tier below AMX, which takes every shape */
    DC3_WAYS
} dc3_way;

/* What is to be computed. */
typedef struct dc3_case {
    dc3_tier tier;
    dc3_work work;
    dc3_dtype type;
    dc3_conv_pass pass; /* the gradient of attention, which is one function, is that of the data */
    union {             /* by work */
        const dc3_conv_shape *conv;
        const dc3_linear_shape *linear;
        const dc3_attention_shape *attention;
    } shape;
} dc3_case;

/* The way of the first rule that holds and whose kernel takes the shape: takes[way] is 1 where it is there
 * and does. */
dc3_way dc3_rule(const dc3_case *c, const int takes[DC3_WAYS]);

#endif
