/* What libFuzzer calls, and files for readers that take a path. */
#ifndef DC3_TESTS_FUZZ_H
#define DC3_TESTS_FUZZ_H

#include <ftw.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

static inline int fuzz_remove(const char *path, const struct stat *info, int what, struct FTW *at)
{
    (void)info, (void)what, (void)at;
    return remove(path);
}

static char fuzz_place[FUZZ_PATH];

static inline void fuzz_clean(void)
{
    nftw(fuzz_place, fuzz_remove, 16, FTW_DEPTH | FTW_PHYS);
}

/* A folder of this process, in memory where there is such a place; removed at its end. */
static inline const char *fuzz_folder(void)
{
    if (*fuzz_place) return fuzz_place;
    snprintf(fuzz_place, sizeof fuzz_place, "%s/dc3-fuzz-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    if (!mkdtemp(fuzz_place) || atexit(fuzz_clean) != 0) abort();
    return fuzz_place;
}

/* Writes a file of that folder. */
static inline void fuzz_write(const char *name, const uint8_t *data, size_t size)
{
    char path[FUZZ_PATH + 256];
    snprintf(path, sizeof path, "%s/%s", fuzz_folder(), name);
    FILE *file = fopen(path, "wb");
    if (!file || (size && fwrite(data, 1, size, file) != size) || fclose(file) != 0) abort();
}

/* The bytes before the first zero byte are removed from *data: a part of an input that is several files. */
static inline size_t fuzz_part(const uint8_t **data, size_t *size, const uint8_t **part)
{
    const uint8_t *zero = *size ? memchr(*data, 0, *size) : NULL;
    size_t length = zero ? (size_t)(zero - *data) : *size;
    *part = *data;
    *data += length + (zero != NULL);
    *size -= length + (zero != NULL);
    return length;
}

#endif
