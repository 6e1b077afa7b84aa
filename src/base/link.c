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
    int error = 0;
    unlink(aside); /* what a killed process of the same number left */
    if (symlink(target, aside) != 0 || rename(aside, path) != 0) error = errno;
    unlink(aside);
    free(aside);
    if (!error) return DC3_OK;
    dc3_fail(DC3_ERR_IO, "%s: cannot be made a link to %s: %s", path, target, strerror(error));
    errno = error;
    return DC3_ERR_IO;
}
