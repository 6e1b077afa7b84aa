/* A device for tests, "guarded": the CPU's kernels on memory that the host cannot touch. Programs that are
 * linked with guarded.c know it by that name, and take it by default where the environment has
 * DC3_DEVICE=guarded. */
#ifndef DC3_TESTS_GUARDED_H
#define DC3_TESTS_GUARDED_H

#include "kernels/registry.h"

extern const dc3_backend guarded_backend;

/* From now on allocations of more than `bytes` fail; 0: none does. */
void guarded_limit(size_t bytes);
/* The next kernel of this thread computes nothing and fails, as one of a device may. */
void guarded_break_next(void);

#endif
