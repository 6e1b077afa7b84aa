/* Tars as POSIX.1-1988 has them (ustar): made so that the same members give the same bytes, and gone through
 * again. For tars of other programs see datasets/tar_shard.h. */
#ifndef DC3_IO_USTAR_H
#define DC3_IO_USTAR_H

#include <stdint.h>
#include <stdio.h>
#include "base/file.h"

/* Bytes: what everything is a multiple of, and what closes a tar; of a member's header alone one block. */
enum { DC3_USTAR_BLOCK = 512, DC3_USTAR_END = 2 * DC3_USTAR_BLOCK };

/* Bytes that a member of `size` bytes takes: its header and its contents, in whole blocks. */
static inline double dc3_ustar_takes(double size)
{
    int64_t blocks = ((int64_t)size + DC3_USTAR_BLOCK - 1) / DC3_USTAR_BLOCK;
    return (double)((blocks + 1) * DC3_USTAR_BLOCK);
}

/* A file's name in a tar is FOLDER/BASE, at most so many bytes each, or BASE alone. */
enum { DC3_USTAR_FOLDER = 155, DC3_USTAR_BASE = 100 };

/* Appends a member, owned by nobody in particular (0:0), rw-r--r--, of 1 January 1980. DC3_ERR_ARGUMENT for a
 * name that is too long, or 8 GiB and more. */
dc3_status dc3_ustar_add(dc3_growing *file, const char *name, const void *data, size_t size);
/* Closes the tar, not the file. */
dc3_status dc3_ustar_finish(dc3_growing *file);

/* A tar that is gone through. */
typedef struct dc3_ustar {
    FILE *file;
    const char *path;
    char name[DC3_USTAR_FOLDER + DC3_USTAR_BASE + 2]; /* of the member */
    uint64_t offset, size;                            /* where its contents are */
    uint64_t bytes;                                   /* of the file */
} dc3_ustar;

/* `path` must live as long. */
dc3_status dc3_ustar_open(const char *path, dc3_ustar *tar);
/* The next file in it; others are passed over. *found 0 at the end. DC3_ERR_FORMAT where the tar is damaged
 * or ends too early. */
dc3_status dc3_ustar_next(dc3_ustar *tar, int *found);
/* The member's contents with a zero byte behind them, which the caller frees. DC3_ERR_FORMAT beyond `limit`
 * bytes. */
dc3_status dc3_ustar_read(dc3_ustar *tar, uint64_t limit, char **data);
void dc3_ustar_close(dc3_ustar *tar);

#endif
