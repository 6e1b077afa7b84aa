#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

enum { LINE = 64, HUGE_PAGE = 1 << 21 };

void *dc3_alloc(size_t size)
{
    void *data = NULL;
    int large = size >= 2 * HUGE_PAGE;
    if (posix_memalign(&data, large ? HUGE_PAGE : LINE, size ? size : 1) != 0) return NULL;
#ifdef MADV_HUGEPAGE
    /* A hint whose result does not matter; not for the last part of a page, which would become a whole one.
     */
    if (large) madvise(data, size / HUGE_PAGE * HUGE_PAGE, MADV_HUGEPAGE);
#endif
    return data;
}

/* The number in a file of one line; `otherwise` where there is none ("max"). */
static size_t number_in(const char *path, size_t otherwise)
{
    unsigned long long value;
    FILE *file = fopen(path, "r");
    if (!file) return otherwise;
    size_t number = fscanf(file, "%llu", &value) == 1 ? (size_t)value : otherwise;
    fclose(file);
    return number;
}

/* The least limit of the process's control group and of those above it. */
static size_t group_limit(size_t most)
{
    enum { PATH = 4096 };
    static const char root[] = "/sys/fs/cgroup";
    char group[PATH], file[PATH + 64];
    FILE *own = fopen("/proc/self/cgroup", "r");
    if (!own) return most;
    int found = 0;
    while (!found && fgets(group, sizeof group, own)) found = strncmp(group, "0::/", 4) == 0;
    fclose(own);
    if (!found) return most;
    group[strcspn(group, "\n")] = 0;
    for (char *name = group + 3, *slash; (slash = strrchr(name, '/')); *slash = 0) {
        snprintf(file, sizeof file, "%s%s/memory.max", root, name);
        size_t limit = number_in(file, most);
        if (limit < most) most = limit;
    }
    return most;
}

size_t dc3_memory_limit(void)
{
    long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    size_t most = group_limit(pages > 0 && page > 0 ? (size_t)pages * (size_t)page : (size_t)1 << 32);
    struct rlimit space;
    if (getrlimit(RLIMIT_AS, &space) == 0 && space.rlim_cur != RLIM_INFINITY && space.rlim_cur < most)
        most = (size_t)space.rlim_cur;
    return most;
}

/* Bytes that the process has: of address space, resident. */
static void held(double *space, double *resident)
{
    unsigned long long pages[2] = {0};
    double page = (double)sysconf(_SC_PAGESIZE);
    FILE *file = fopen("/proc/self/statm", "r");
    if (file && fscanf(file, "%llu %llu", &pages[0], &pages[1]) != 2) pages[0] = pages[1] = 0;
    if (file) fclose(file);
    *space = (double)pages[0] * page;
    *resident = (double)pages[1] * page;
}

dc3_status dc3_check_memory(double bytes)
{
    struct rlimit most;
    double space, resident, limit = (double)dc3_memory_limit();
    held(&space, &resident);
    if (getrlimit(RLIMIT_AS, &most) == 0 && most.rlim_cur != RLIM_INFINITY &&
        space + bytes > (double)most.rlim_cur)
        return dc3_fail(DC3_ERR_MEMORY,
                        "this needs about %.1f GB of address space, and the limit (ulimit -v) is %.1f GB",
                        (space + bytes) * 1e-9, (double)most.rlim_cur * 1e-9);
    if (resident + bytes > limit)
        return dc3_fail(
            DC3_ERR_MEMORY,
            "this needs about %.1f GB of memory, and the machine or its control group has %.1f GB",
            (resident + bytes) * 1e-9, limit * 1e-9);
    return DC3_OK;
}
