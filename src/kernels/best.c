/* Which kernels this processor runs. */
#include "kernels/backend.h"

#include <stdlib.h>
#include <string.h>
#include "kernels/cpu.h"

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
#include "kernels/x86/x86.h"

const dc3_kernels *dc3_kernels_best(void)
{
    static dc3_kernels table;
    const char *most = getenv("DC3_KERNELS");
    int plain = most && strcmp(most, "plain") == 0, avx2 = most && strcmp(most, "avx2") == 0;
    dc3_kernels best = *dc3_kernels_ref();
    if (!plain && !avx2 && dc3_cpu_has_avx512())
        dc3_avx512_kernels(&best);
    else if (!plain && dc3_cpu_has_avx2())
        dc3_avx2_kernels(&best);
    table = best;
    return &table;
}

#else

const dc3_kernels *dc3_kernels_best(void)
{
    return dc3_kernels_ref();
}

#endif
