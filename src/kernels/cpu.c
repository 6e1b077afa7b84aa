#include "kernels/cpu.h"

int dc3_cpu_has_neon(void)
{
#if defined(__aarch64__)
    return 1;
#else
    return 0;
#endif
}

#if defined(__x86_64__)
#include <cpuid.h>
#include <pthread.h>
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

int dc3_cpu_has_avx512(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
}

int dc3_cpu_has_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

static int multiplies_bf16;

static void ask_for_bf16(void)
{
    unsigned a, b, c, d;
    multiplies_bf16 = dc3_cpu_has_avx512() && __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a >> 5 & 1);
}

/* Asked once: kernels ask at each call, and a virtual machine leaves its guest for each CPUID. */
int dc3_cpu_has_bf16(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, ask_for_bf16);
    return multiplies_bf16;
}

/* Of Linux's arch_prctl (asm/prctl.h), and the number of the tiles' state (Intel's manual, volume 1, 13.1).
 */
enum { REQUEST_STATE = 0x1023, TILE_CONFIG = 17, TILE_DATA = 18 };

static int tiles_granted;

static void ask_for_tiles(void)
{
    unsigned a, b, c, d, enabled, high;
    if (!dc3_cpu_has_bf16() || !__get_cpuid_count(7, 0, &a, &b, &c, &d)) return;
    if (!(d >> 22 & 1) || !(d >> 24 & 1)) return; /* AMX-BF16, AMX-TILE */
    __asm__ volatile("xgetbv" : "=a"(enabled), "=d"(high) : "c"(0));
    if (!(enabled >> TILE_CONFIG & 1) || !(enabled >> TILE_DATA & 1)) return;
#if defined(__linux__)
    tiles_granted = syscall(SYS_arch_prctl, REQUEST_STATE, TILE_DATA) == 0;
#endif
}

int dc3_cpu_has_amx(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, ask_for_tiles);
    return tiles_granted;
}

#else

int dc3_cpu_has_avx512(void)
{
    return 0;
}

int dc3_cpu_has_avx2(void)
{
    return 0;
}

int dc3_cpu_has_bf16(void)
{
    return 0;
}

int dc3_cpu_has_amx(void)
{
    return 0;
}

#endif
