/* Counter-based random numbers: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3",
 * SC 2011). A stream is named by (seed, purpose, item) and depends on nothing else, so results do not depend
 * on the order of work or the number of threads. */
#ifndef DC3_BASE_RNG_H
#define DC3_BASE_RNG_H

#include <stddef.h>
#include <stdint.h>

/* Purposes: one per use, so that streams never overlap. Numbers are part of the determinism promise. */
typedef enum dc3_rng_purpose {
    DC3_RNG_TEST = 0,
    DC3_RNG_KMEANS = 1,
    DC3_RNG_STOCHASTIC_GREEDY = 2,
    DC3_RNG_PROMPT = 3,
    DC3_RNG_NOISE = 4,
    DC3_RNG_COMBINE = 5,
    DC3_RNG_PCA = 6,
    DC3_RNG_SAMPLER = 7,
    DC3_RNG_INIT = 8,
    DC3_RNG_BENCH = 9,
    DC3_RNG_ORDER = 20,        /* of an epoch */
    DC3_RNG_AUGMENT = 21,      /* a view of an image */
    DC3_RNG_CUTMIX = 22,       /* a batch */
    DC3_RNG_DROPOUT = 23,      /* and stochastic depth */
    DC3_RNG_HOLD_OUT = 24,     /* of a class, from training */
    DC3_RNG_ASK = 25,          /* a sample of a class that a teacher is asked about */
    DC3_RNG_RAND_AUGMENT = 26, /* the operations on a view */
    DC3_RNG_FIRST_FLIP = 27,   /* of an image, where flips alternate */
    DC3_RNG_FINETUNE = 28,     /* a row of a generator's training */
    DC3_RNG_RANDOM_ROWS = 30,  /* baselines: from 30 on */
    DC3_RNG_QUANTIZATION = 31,
    DC3_RNG_CROP = 32,
    DC3_RNG_IMAGE_EDIT = 33,
    DC3_RNG_MEASURE = 40,
    DC3_RNG_REPORT = 41, /* which images stand for a dataset */
    DC3_RNG_QUALITY = 45 /* random choices beside a run's */
} dc3_rng_purpose;

typedef struct dc3_rng {
    uint32_t key[2];
    uint32_t counter[4];
    uint32_t block[4];
    int used; /* values of block already given out, 0..4 */
} dc3_rng;

/* A stream at its start. */
dc3_rng dc3_rng_make(uint64_t seed, dc3_rng_purpose purpose, uint64_t item);
/* Uniform over all 32-bit values. */
uint32_t dc3_rng_u32(dc3_rng *rng);
/* Uniform in [0, 1), 53 bits. */
double dc3_rng_uniform(dc3_rng *rng);
/* Uniform in 0..n-1 without bias; n >= 1. */
uint64_t dc3_rng_below(dc3_rng *rng, uint64_t n);
/* Fills x[0..n) with standard normal values (Box-Muller on pairs of 24-bit uniforms). */
void dc3_rng_normal(dc3_rng *rng, float *x, size_t n);
/* A 64-bit hash of bytes (FNV-1a with a final mix), for item keys made from names. */
uint64_t dc3_hash64(const void *data, size_t size);
/* Another one, of eight bytes at a time, which changes with every bit of them: both the exclusive or and the
 * product with an odd number can be undone. */
uint64_t dc3_hash_block(const void *data, size_t size);

#endif
