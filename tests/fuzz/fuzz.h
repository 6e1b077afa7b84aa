/* What libFuzzer calls, and files for readers that take a path. */
#ifndef DC3_TESTS_FUZZ_H
#define DC3_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FUZZ_PATH = 64 };

/* A file in memory with these bytes; its path into text [FUZZ_PATH]. Close the descriptor that is returned.
 */
static inline int fuzz_file(const uint8_t *data, size_t size, char *text)
{
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    if (fd < 0 || (size && write(fd, data, size) != (ssize_t)size)) abort();
    snprintf(text, FUZZ_PATH, "/proc/self/fd/%d", fd);
    return fd;
}

#endif
