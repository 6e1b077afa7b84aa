#include "base/row_store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/file.h"

struct dc3_row_store {
    int64_t row_bytes, used, all; /* bytes of a row, of the rows so far, of all that there is room for */
    char *memory;                 /* NULL: in the file */
    int fd;
    char *buffer; /* what is not in the file yet */
    int64_t buffered;
    char *folder;
    dc3_mapping map;
};

enum { BUFFER = 1 << 20 };

static dc3_status cannot_write(const dc3_row_store *s)
{
    return dc3_fail(DC3_ERR_IO, "%s: cannot write a temporary file of up to %.2f GB there: %s", s->folder,
                    (double)s->all * 1e-9, strerror(errno));
}

/* A file without a name in the folder; -1: none. */
static int open_unnamed(const char *folder)
{
    int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0) return fd;
    /* Of file systems that know no files without names. */
    char *path = dc3_path_join(folder, ".dc3-XXXXXX");
    fd = path ? mkostemp(path, O_CLOEXEC) : -1;
    if (fd >= 0) unlink(path);
    free(path);
    return fd;
}

static dc3_status open_file(dc3_row_store *s)
{
    s->buffer = malloc(BUFFER + (size_t)s->row_bytes);
    if (!s->buffer) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    s->fd = open_unnamed(s->folder);
    return s->fd < 0 ? cannot_write(s) : DC3_OK;
}

dc3_status dc3_row_store_open(const char *folder, int64_t rows, int64_t row_bytes, int64_t most,
                              dc3_row_store **store)
{
    dc3_row_store *s = *store = calloc(1, sizeof *s);
    if (!s) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    s->fd = -1;
    s->row_bytes = row_bytes, s->all = rows * row_bytes;
    s->folder = strdup(folder);
    int fits = s->all <= most;
    if (fits) s->memory = malloc((size_t)s->all);
    dc3_status status = DC3_OK;
    if (!s->folder || (fits && !s->memory))
        status = dc3_fail(DC3_ERR_MEMORY, "out of memory for %.2f GB", (double)s->all * 1e-9);
    if (status == DC3_OK && !fits) status = open_file(s);
    if (status != DC3_OK) dc3_row_store_close(store);
    return status;
}

static dc3_status flush(dc3_row_store *s)
{
    const char *data = s->buffer;
    while (s->buffered) {
        ssize_t wrote = write(s->fd, data, (size_t)s->buffered);
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote <= 0) return cannot_write(s);
        data += wrote, s->buffered -= wrote;
    }
    return DC3_OK;
}

dc3_status dc3_row_store_append(dc3_row_store *s, const void *row)
{
    char *to = s->memory ? s->memory + s->used : s->buffer + s->buffered;
    memcpy(to, row, (size_t)s->row_bytes);
    s->used += s->row_bytes;
    if (s->memory) return DC3_OK;
    s->buffered += s->row_bytes;
    return s->buffered >= BUFFER ? flush(s) : DC3_OK;
}

dc3_status dc3_row_store_read(dc3_row_store *s, const void **rows)
{
    *rows = NULL;
    if (!s->used) return DC3_OK;
    *rows = s->memory;
    if (s->memory) return DC3_OK;
    DC3_TRY(flush(s));
    if (!s->map.data) DC3_TRY(dc3_map_file(s->fd, s->folder, &s->map));
    *rows = s->map.data;
    return DC3_OK;
}

void dc3_row_store_close(dc3_row_store **store)
{
    dc3_row_store *s = *store;
    if (!s) return;
    dc3_map_close(&s->map);
    if (s->fd >= 0) close(s->fd);
    free(s->memory);
    free(s->buffer);
    free(s->folder);
    free(s);
    *store = NULL;
}
