/* Tars in memory (POSIX ustar). */
#ifndef DC3_TEST_TAR_H
#define DC3_TEST_TAR_H

#include <stdio.h>
#include <string.h>

/* The header of a member of `size` bytes at tar + at; returns where its data begins. */
static inline size_t dc3_test_tar_header(char *tar, size_t at, const char *name, size_t size)
{
    char *h = tar + at;
    unsigned sum = 0;
    memset(h, 0, 512);
    snprintf(h, 100, "%s", name);
    strcpy(h + 100, "0000644");
    snprintf(h + 124, 12, "%011o", (unsigned)size);
    strcpy(h + 136, "00000000000");
    memcpy(h + 257, "ustar\00000", 8);
    h[156] = '0';
    memset(h + 148, ' ', 8);
    for (int i = 0; i < 512; i++) sum += (unsigned char)h[i];
    snprintf(h + 148, 8, "%06o", sum);
    return at + 512;
}

/* Appends one member; returns where the next begins. */
static inline size_t dc3_test_tar_member(char *tar, size_t at, const char *name, const void *data,
                                         size_t size)
{
    at = dc3_test_tar_header(tar, at, name, size);
    memcpy(tar + at, data, size);
    return at + (size + 511) / 512 * 512;
}

#endif
