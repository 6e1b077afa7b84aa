/* What this machine cannot test says so, on a line of its own or as a skipped test. */
#ifndef DC3_TESTS_SKIPS_H
#define DC3_TESTS_SKIPS_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "kernels/backend.h"

/* Skips a test that compares fast kernels with the plain ones where there are none: not on this processor, or
 * by DC3_KERNELS. */
static inline void needs_fast_kernels(void)
{
    if (dc3_kernels_best() != dc3_kernels_ref()) return;
    print_message("skipped: there are no kernels but the plain ones to compare\n");
    skip();
}

/* Whether the part `what` of a test can run in bf16: on this processor. */
static inline int can_bf16(const char *what)
{
    if (dc3_cpu_has_bf16()) return 1;
    print_message("skipped: %s in bf16, which this processor does not multiply\n", what);
    return 0;
}

/* The same for a kernel of our own that AVX-512 and the tier amx have in bf16. */
static inline int has_own_bf16(const char *what)
{
    const char *tier = dc3_kernels_best()->name;
    if (dc3_cpu_has_bf16() && (strcmp(tier, "AVX-512") == 0 || strncmp(tier, "AMX", 3) == 0)) return 1;
    print_message("skipped: %s in bf16, which is plain in the tier %s of this processor\n", what, tier);
    return 0;
}

#endif
