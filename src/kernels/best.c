/* Which kernels this processor runs. */
#include "kernels/backend.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include "kernels/cpu.h"
#include "kernels/cpu_convolutions.h"
#include "kernels/amx/amx.h"

dc3_status dc3_kernels_check(void)
{
    static const char *const tiers[] = {"", "amx", "amx-emulated", "avx512", "avx2", "neon", "plain", NULL};
    const char *most = getenv("DC3_KERNELS");
    for (int i = 0; most && tiers[i]; i++)
        if (strcmp(most, tiers[i]) == 0) return DC3_OK;
    return most ? dc3_fail(DC3_ERR_OPTION,
                           "DC3_KERNELS: expected amx, amx-emulated, avx512, avx2, neon or plain, found '%s'",
                           most)
                : DC3_OK;
}

/* What DC3_KERNELS limits the program to; nothing or what dc3_kernels_check refuses: AMX. */
static dc3_tier most_of(void)
{
    const char *most = getenv("DC3_KERNELS");
    return !most                         ? DC3_TIER_AMX
           : strcmp(most, "plain") == 0  ? DC3_TIER_PLAIN
           : strcmp(most, "neon") == 0   ? DC3_TIER_NEON
           : strcmp(most, "avx2") == 0   ? DC3_TIER_AVX2
           : strcmp(most, "avx512") == 0 ? DC3_TIER_AVX512
                                         : DC3_TIER_AMX;
}

/* The tier amx with its tiles in plain C, on any processor; never chosen by itself. */
static int is_emulated(void)
{
    const char *most = getenv("DC3_KERNELS");
    return most && strcmp(most, "amx-emulated") == 0;
}

/* The best tier up to `most` that the processor has. */
static dc3_tier tier_up_to(dc3_tier most)
{
    if (most >= DC3_TIER_AMX && dc3_cpu_has_amx()) return DC3_TIER_AMX;
    if (most >= DC3_TIER_AVX512 && dc3_cpu_has_avx512()) return DC3_TIER_AVX512;
    if (most >= DC3_TIER_AVX2 && dc3_cpu_has_avx2()) return DC3_TIER_AVX2;
    return most >= DC3_TIER_NEON && dc3_cpu_has_neon() ? DC3_TIER_NEON : DC3_TIER_PLAIN;
}

/* A table for each tier, filled once: contexts on other threads keep reading what they were given. */
static dc3_kernels tables[DC3_TIER_AMX + 1], emulated;

#include "kernels/vector/conv_gradient.h"
#include "kernels/vector/vector.h"

#if defined(__x86_64__)

static void fill(void)
{
    for (int t = 0; t <= DC3_TIER_AMX; t++) tables[t] = *dc3_kernels_ref();
    /* Their code is of their tiers, filling included. */
    if (dc3_cpu_has_avx2()) dc3_avx2_kernels(&tables[DC3_TIER_AVX2]);
    if (dc3_cpu_has_avx512()) dc3_avx512_kernels(&tables[DC3_TIER_AVX512]);
    if (dc3_cpu_has_amx()) dc3_amx_kernels(&tables[DC3_TIER_AVX512], &tables[DC3_TIER_AMX]);
    tables[DC3_TIER_AMX].name = "AMX";
    dc3_amx_plain_kernels(&tables[tier_up_to(DC3_TIER_AVX512)], &emulated);
    emulated.name = "AMX emulated";
}

/* Those of vectors. */
static dc3_cpu_convolutions below_amx(void)
{
    static const dc3_conv_gradient_kernel gradient = {dc3_avx512_conv_weight_gradient_scratch,
                                                      dc3_avx512_conv_weight_gradient};
    dc3_tier has = tier_up_to(most_of());
    int avx512 = has >= DC3_TIER_AVX512, bf16 = avx512 && dc3_cpu_has_bf16();
    return (dc3_cpu_convolutions){.tier = has,
                                  .winograd = avx512                 ? &dc3_avx512_winograd
                                              : has == DC3_TIER_AVX2 ? &dc3_avx2_winograd
                                                                     : NULL,
                                  .winograd_bf16 = bf16 ? &dc3_avx512_winograd_bf16 : NULL,
                                  .gradient_bf16 = bf16 ? &gradient : NULL,
                                  .linear_data = bf16 ? &dc3_avx512_linear_data_bf16 : NULL};
}

void dc3_cpu_tiles(dc3_cpu_convolutions *own)
{
    int native = dc3_cpu_has_amx() && !is_emulated();
    own->tiles = native ? &dc3_amx_linear : &dc3_amx_plain_linear;
    own->conv_tiles = native ? &dc3_amx_conv : &dc3_amx_plain_conv;
    own->attention_tiles = native ? &dc3_amx_attention_tiles : &dc3_amx_plain_attention_tiles;
}

#else

void dc3_cpu_tiles(dc3_cpu_convolutions *own)
{
    own->tiles = &dc3_amx_plain_linear;
    own->conv_tiles = &dc3_amx_plain_conv;
    own->attention_tiles = &dc3_amx_plain_attention_tiles;
}

static void fill(void)
{
    for (int t = 0; t <= DC3_TIER_AMX; t++) tables[t] = *dc3_kernels_ref();
#if defined(__aarch64__)
    dc3_neon_kernels(&tables[DC3_TIER_NEON]);
#endif
    dc3_amx_plain_kernels(&tables[tier_up_to(DC3_TIER_AVX512)], &emulated);
    emulated.name = "AMX emulated";
}

static dc3_cpu_convolutions below_amx(void)
{
    dc3_cpu_convolutions own = {.tier = tier_up_to(most_of())};
#if defined(__aarch64__)
    if (own.tier == DC3_TIER_NEON) own.winograd = &dc3_neon_winograd;
#endif
    return own;
}

#endif

const dc3_kernels *dc3_kernels_best(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, fill);
    if (is_emulated()) return &emulated;
    dc3_tier tier = tier_up_to(most_of());
    return tier == DC3_TIER_PLAIN ? dc3_kernels_ref() : &tables[tier];
}

dc3_cpu_convolutions dc3_cpu_convolutions_best(void)
{
    dc3_cpu_convolutions own = below_amx();
    if (is_emulated() || own.tier == DC3_TIER_AMX) {
        own.tier = DC3_TIER_AMX;
        own.linear_data = NULL; /* tiles multiply several times as fast */
        dc3_cpu_tiles(&own);
    }
    return own;
}
