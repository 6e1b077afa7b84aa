#include "output/takes_entries.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>
#ifdef __linux__
#include <linux/magic.h>
#include <sys/vfs.h>
#endif

/* The rights of a superuser's say nothing in the file systems by which a kernel shows what it knows. */
static int is_of_the_kernel(const char *folder)
{
#ifdef __linux__
    struct statfs system;
    return statfs(folder, &system) == 0 &&
           (system.f_type == PROC_SUPER_MAGIC || system.f_type == SYSFS_MAGIC ||
            system.f_type == CGROUP2_SUPER_MAGIC || system.f_type == CGROUP_SUPER_MAGIC);
#else
    (void)folder;
    return 0;
#endif
}

const char *dc3_folder_refuses(const char *folder)
{
    if (access(folder, W_OK | X_OK) != 0) return strerror(errno);
    return is_of_the_kernel(folder) ? "it has the kernel's files alone" : NULL;
}
