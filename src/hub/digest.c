#include "hub/digest.h"

#include <errno.h>
#include <glib.h>
#include <string.h>
#include <unistd.h>
#include "base/cancel.h"

struct dc3_digest {
    GChecksum *sum;
};

dc3_digest *dc3_digest_open(const char *expected, int64_t size)
{
    enum { SHA256_DIGITS = 64 };
    dc3_digest *digest = g_new0(dc3_digest, 1);
    int is_blob = strlen(expected) != SHA256_DIGITS;
    digest->sum = g_checksum_new(is_blob ? G_CHECKSUM_SHA1 : G_CHECKSUM_SHA256);
    if (is_blob) {
        char *head = g_strdup_printf("blob %lld", (long long)size);
        g_checksum_update(digest->sum, (const guchar *)head, (gssize)strlen(head) + 1);
        g_free(head);
    }
    return digest;
}

void dc3_digest_add(dc3_digest *digest, const void *data, size_t size)
{
    g_checksum_update(digest->sum, data, (gssize)size);
}

dc3_status dc3_digest_add_file(dc3_digest *digest, int fd, int64_t size, const char *path)
{
    enum { PIECE = 1 << 20 };
    char *piece = g_malloc(PIECE);
    dc3_status status = DC3_OK;
    for (int64_t at = 0; status == DC3_OK && at < size;) {
        int64_t left = size - at;
        ssize_t got = pread(fd, piece, (size_t)(left < PIECE ? left : PIECE), at);
        if (got <= 0)
            status =
                dc3_fail(DC3_ERR_IO, "%s: cannot be read: %s", path, got ? strerror(errno) : "it ends early");
        else {
            dc3_digest_add(digest, piece, (size_t)got);
            at += got;
            status = dc3_check_cancel();
        }
    }
    g_free(piece);
    return status;
}

const char *dc3_digest_text(dc3_digest *digest)
{
    return g_checksum_get_string(digest->sum);
}

void dc3_digest_close(dc3_digest **digest)
{
    if (!*digest) return;
    g_checksum_free((*digest)->sum);
    g_free(*digest);
    *digest = NULL;
}
