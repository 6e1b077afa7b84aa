/* Which kernels this processor runs. */
#include "kernels/backend.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include "kernels/cpu.h"
#include "kernels/cpu_convolutions.h"

dc3_status dc3_kernels_check(void)
{
    static const char *const tiers[] = {"", "avx512", "avx2", "plain"};
    const char *most = getenv("DC3_KERNELS");
    for (int i = 0; most && i < 4; i++)
        if (strcmp(most, tiers[i]) == 0) return DC3_OK;
    return most ? dc3_fail(DC3_ERR_OPTION, "DC3_KERNELS: expected avx512, avx2 or plain, found '%s'", most)
                : DC3_OK;
}

#if defined(__x86_64__)
#include "kernels/x86/conv_gradient.h"
#include "kernels/x86/x86.h"

typedef enum tier { PLAIN, AVX2, AVX512 } tier;

static tier tier_of(void)
{
    const char *most = getenv("DC3_KERNELS");
    int plain = most && strcmp(most, "plain") == 0, avx2 = most && strcmp(most, "avx2") == 0;
    if (!plain && !avx2 && dc3_cpu_has_avx512()) return AVX512;
    return !plain && dc3_cpu_has_avx2() ? AVX2 : PLAIN;
}

/* A table for each tier, filled once: contexts on other threads keep reading what they were given. */
static dc3_kernels avx512, avx2;

static void fill(void)
{
    avx512 = avx2 = *dc3_kernels_ref();
    /* Their code is of their tiers, filling included. */
    if (dc3_cpu_has_avx512()) dc3_avx512_kernels(&avx512);
    if (dc3_cpu_has_avx2()) dc3_avx2_kernels(&avx2);
}

const dc3_kernels *dc3_kernels_best(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, fill);
    tier t = tier_of();
    return t == AVX512 ? &avx512 : t == AVX2 ? &avx2 : dc3_kernels_ref();
}

dc3_cpu_convolutions dc3_cpu_convolutions_best(void)
{
    static const dc3_conv_gradient_kernel gradient = {dc3_avx512_conv_weight_gradient_scratch,
                                                      dc3_avx512_conv_weight_gradient};
    tier t = tier_of();
    int bf16 = t == AVX512 && dc3_cpu_has_bf16();
    return (dc3_cpu_convolutions){.winograd = t == AVX512 ? &dc3_avx512_winograd
                                              : t == AVX2 ? &dc3_avx2_winograd
                                                          : NULL,
                                  .winograd_bf16 = bf16 ? &dc3_avx512_winograd_bf16 : NULL,
                                  .gradient_bf16 = bf16 ? &gradient : NULL};
}

#else

const dc3_kernels *dc3_kernels_best(void)
{
    return dc3_kernels_ref();
}

dc3_cpu_convolutions dc3_cpu_convolutions_best(void)
{
    return (dc3_cpu_convolutions){0};
}

#endif
