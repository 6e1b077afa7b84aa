#include "output/mark.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/output_kind.h"

int dc3_is_marked(const char *path, const char *const *marks)
{
    enum { BOTH = 2 * DC3_MARK_BYTES };
    char *bytes = malloc(BOTH);
    int fd = bytes ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    struct stat info;
    size_t have = 0;
    if (fd >= 0 && fstat(fd, &info) == 0) {
        off_t last = info.st_size > DC3_MARK_BYTES ? info.st_size - DC3_MARK_BYTES : 0;
        ssize_t n = pread(fd, bytes, DC3_MARK_BYTES, 0);
        have = n > 0 ? (size_t)n : 0;
        n = have == DC3_MARK_BYTES ? pread(fd, bytes + have, DC3_MARK_BYTES, last) : 0;
        have += n > 0 ? (size_t)n : 0;
    }
    if (fd >= 0) close(fd);
    int all = have > 0;
    for (; all && *marks; marks++) all = memmem(bytes, have, *marks, strlen(*marks)) != NULL;
    free(bytes);
    return all;
}
