#include "kernels/cpu.h"

#if defined(__x86_64__)
#include <cpuid.h>

int dc3_cpu_has_avx512(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
}

int dc3_cpu_has_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

int dc3_cpu_has_bf16(void)
{
    unsigned a, b, c, d;
    return dc3_cpu_has_avx512() && __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a >> 5 & 1);
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

#endif
