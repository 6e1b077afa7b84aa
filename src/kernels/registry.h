/* What a backend is, and which there are. A backend is one folder and one entry in registry.c: memory, a
 * table of kernels (backend.h) and a table of dense kernels (dense.h). docs/devices.md says what each must
 * do. */
#ifndef DC3_KERNELS_REGISTRY_H
#define DC3_KERNELS_REGISTRY_H

#include "kernels/dense.h"
#include "tensor/device.h"

typedef struct dc3_backend {
    dc3_device device; /* its name is the backend's */
    /* DC3_ERR_UNSUPPORTED where it does not compute in `type` (DC3_F32 or DC3_BF16), or cannot work at all;
     * DC3_ERR_OPTION for an environment variable of its own that it does not understand. `plain`: asked for
     * its simplest kernels, those that the others are tested against. */
    dc3_status (*check)(dc3_dtype type, int plain);
    /* The table, which stays as it is until the process ends. */
    const dc3_kernels *(*kernels)(int plain);
    /* A new state of the dense kernels, for one context. */
    dc3_status (*open_dense)(int plain, dc3_dense *dense);
} dc3_backend;

/* The backend called `name`; NULL: the default, which the environment's DC3_DEVICE names, else "cpu".
 * DC3_ERR_OPTION lists the known ones. */
dc3_status dc3_backend_find(const char *name, const dc3_backend **backend);
/* Makes a backend known that is no part of the library, or another of the same name: a test's. Not while
 * other threads look for one. DC3_ERR_ARGUMENT: there are too many. */
dc3_status dc3_backend_add(const dc3_backend *backend);
/* dc3_backend_find's device. */
dc3_status dc3_device_find(const char *name, const dc3_device **device);

/* Processors: x86-64 and arm64 by tiers, any other in plain C (cpu_backend.c). */
extern const dc3_backend dc3_cpu_backend;

#endif
