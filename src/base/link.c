#include "base/link.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

dc3_status dc3_link_write(const char *target, const char *path)
{
    char *aside;
    if (asprintf(&aside, "%s.%ld.part", path, (long)getpid()) < 0)
        return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    dc3_status status = DC3_OK;
    unlink(aside); /* what a killed process of the same number left */
    if (symlink(target, aside) != 0 || rename(aside, path) != 0)
        status = dc3_fail(DC3_ERR_IO, "%s: cannot be made a link to %s: %s", path, target, strerror(errno));
    unlink(aside);
    free(aside);
    return status;
}
