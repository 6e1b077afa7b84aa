/* The temporary file of a dataset for what cannot be read from where it lies. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "io/datasets/reader.h"

/* A temporary file that is gone once it is closed. */
static dc3_status open_spool(dc3_dataset *d)
{
    if (d->spool >= 0) return DC3_OK;
    char *path = g_build_filename(g_get_tmp_dir(), "dc3-XXXXXX", NULL);
    d->spool = mkostemp(path, O_CLOEXEC);
    dc3_status status = DC3_OK;
    if (d->spool < 0)
        status = dc3_fail(DC3_ERR_IO, "%s: cannot be unpacked into the temporary file %s: %s", d->path, path,
                          strerror(errno));
    else
        unlink(path);
    g_free(path);
    return status;
}

dc3_status dc3_dataset_spool(dc3_dataset *d, const char *origin, const void *data, size_t size)
{
    const char *block = data;
    DC3_TRY(open_spool(d));
    while (size) {
        ssize_t wrote = pwrite(d->spool, block, size, (off_t)d->spool_size);
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote <= 0)
            return dc3_fail(
                DC3_ERR_IO,
                "%s: cannot be unpacked into a temporary file in %s: %s; unpack it yourself, or let "
                "TMPDIR name a folder with more room",
                origin, g_get_tmp_dir(), strerror(errno));
        d->spool_size += (uint64_t)wrote;
        block += wrote;
        size -= (size_t)wrote;
    }
    return DC3_OK;
}
