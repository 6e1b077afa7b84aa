#include "kernels/registry.h"

#include <stdlib.h>
#include <string.h>
#include "base/text.h"

enum { MOST = 8 };
static const dc3_backend *backends[MOST + 1] = {&dc3_cpu_backend}; /* NULL behind the last */

dc3_status dc3_backend_find(const char *name, const dc3_backend **backend)
{
    const char *names[MOST + 1] = {NULL}, *chosen = getenv("DC3_DEVICE");
    int place;
    *backend = NULL;
    if (name)
        chosen = name;
    else if (!chosen || !*chosen)
        chosen = dc3_cpu_backend.device.name;
    for (int i = 0; backends[i]; i++) names[i] = backends[i]->device.name;
    DC3_TRY(dc3_choose_name("device", chosen, names, &place));
    *backend = backends[place];
    return DC3_OK;
}

dc3_status dc3_backend_add(const dc3_backend *backend)
{
    int i = 0;
    while (backends[i] && strcmp(backends[i]->device.name, backend->device.name) != 0) i++;
    if (i == MOST) return dc3_fail(DC3_ERR_ARGUMENT, "more than %d devices", MOST);
    backends[i] = backend;
    return DC3_OK;
}

dc3_status dc3_device_find(const char *name, const dc3_device **device)
{
    const dc3_backend *backend;
    *device = NULL;
    DC3_TRY(dc3_backend_find(name, &backend));
    *device = &backend->device;
    return DC3_OK;
}
