#include "io/ustar.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* POSIX.1-2017, pax, "ustar Interchange Format": numbers are octal digits, texts end at a zero byte or with
 * their field. */
typedef struct header {
    char name[DC3_USTAR_BASE], mode[8], owner[8], group[8], size[12], time[12], sum[8], kind, link[100],
        magic[6], version[2], owner_name[32], group_name[32], major[8], minor[8], folder[DC3_USTAR_FOLDER],
        unused[12];
} header;

_Static_assert(sizeof(header) == DC3_USTAR_BLOCK, "a header is a block");

enum { TIME = 315532800 }; /* 1980-01-01: tar(1) warns of files of 1970 */
static const uint64_t too_large = (uint64_t)8 << 30;

static unsigned sum_of(header h)
{
    unsigned sum = 0;
    unsigned char bytes[sizeof h];
    memset(h.sum, ' ', sizeof h.sum);
    memcpy(bytes, &h, sizeof h);
    for (size_t i = 0; i < sizeof bytes; i++) sum += bytes[i];
    return sum;
}

/* Digits up to the field's end, where a zero byte stands. */
static void put_number(char *field, size_t size, uint64_t value)
{
    field[size - 1] = 0;
    for (size_t i = size - 1; i-- > 0; value >>= 3) field[i] = (char)('0' + (value & 7));
}

static dc3_status fill(header *h, const char *name, size_t size)
{
    const char *slash = strrchr(name, '/'), *base = slash ? slash + 1 : name;
    size_t folder = slash ? (size_t)(slash - name) : 0, length = strlen(base);
    if (folder > sizeof h->folder || length > sizeof h->name || !length)
        return dc3_fail(DC3_ERR_ARGUMENT, "%s: a tar takes at most %d bytes of folder and %d of name", name,
                        DC3_USTAR_FOLDER, DC3_USTAR_BASE);
    if (size >= too_large) return dc3_fail(DC3_ERR_ARGUMENT, "%s: too large for a tar", name);
    *h = (header){.kind = '0'};
    memcpy(h->name, base, length);
    memcpy(h->folder, name, folder);
    put_number(h->mode, sizeof h->mode, 0644);
    put_number(h->owner, sizeof h->owner, 0);
    put_number(h->group, sizeof h->group, 0);
    put_number(h->size, sizeof h->size, size);
    put_number(h->time, sizeof h->time, TIME);
    memcpy(h->magic, "ustar", sizeof h->magic);
    memcpy(h->version, "00", sizeof h->version);
    put_number(h->major, sizeof h->major, 0);
    put_number(h->minor, sizeof h->minor, 0);
    put_number(h->sum, sizeof h->sum - 1, sum_of(*h));
    h->sum[sizeof h->sum - 1] = ' ';
    return DC3_OK;
}

dc3_status dc3_ustar_add(dc3_growing *file, const char *name, const void *data, size_t size)
{
    static const char zeros[DC3_USTAR_BLOCK];
    header h;
    DC3_TRY(fill(&h, name, size));
    DC3_TRY(dc3_file_append(file, &h, sizeof h));
    DC3_TRY(dc3_file_append(file, data, size));
    return dc3_file_append(file, zeros, (DC3_USTAR_BLOCK - size % DC3_USTAR_BLOCK) % DC3_USTAR_BLOCK);
}

dc3_status dc3_ustar_finish(dc3_growing *file)
{
    static const char zeros[DC3_USTAR_END];
    return dc3_file_append(file, zeros, sizeof zeros);
}

/* ---- going through one ---- */

dc3_status dc3_ustar_open(const char *path, dc3_ustar *tar)
{
    *tar = (dc3_ustar){.path = path};
    struct stat info;
    if (dc3_path_what(path) != DC3_PATH_FILE) return dc3_fail(DC3_ERR_IO, "%s: there is no such file", path);
    tar->file = fopen(path, "rbe");
    if (tar->file && fstat(fileno(tar->file), &info) == 0) tar->bytes = (uint64_t)info.st_size;
    return tar->file ? DC3_OK : dc3_fail(DC3_ERR_IO, "%s: cannot be opened: %s", path, strerror(errno));
}

static dc3_status damaged(const dc3_ustar *tar)
{
    return dc3_fail(DC3_ERR_FORMAT, "%s: the tar is damaged or not whole, behind byte %llu", tar->path,
                    (unsigned long long)tar->offset);
}

/* 0 for what is no number. */
static int take_number(const char *field, size_t size, uint64_t *value)
{
    size_t i = 0;
    while (i < size && field[i] == ' ') i++;
    size_t first = i;
    for (*value = 0; i < size && field[i] >= '0' && field[i] <= '7'; i++)
        *value = *value << 3 | (uint64_t)(field[i] - '0');
    return i > first && (i == size || !field[i] || field[i] == ' ');
}

static int is_empty(const header *h)
{
    static const header zeros;
    return memcmp(h, &zeros, sizeof *h) == 0;
}

/* Fills the member's name, unless the header is not as it should be. */
static dc3_status take(dc3_ustar *tar, const header *h)
{
    uint64_t sum;
    if (memcmp(h->magic, "ustar", 5) != 0 || !take_number(h->sum, sizeof h->sum, &sum) || sum != sum_of(*h) ||
        !take_number(h->size, sizeof h->size, &tar->size) || tar->size >= too_large)
        return damaged(tar);
    int folder = (int)strnlen(h->folder, sizeof h->folder), base = (int)strnlen(h->name, sizeof h->name);
    if (memcmp(h->magic, "ustar ", 6) == 0) folder = 0; /* GNU's own format keeps times there */
    snprintf(tar->name, sizeof tar->name, "%.*s%s%.*s", folder, h->folder, folder ? "/" : "", base, h->name);
    return DC3_OK;
}

dc3_status dc3_ustar_next(dc3_ustar *tar, int *found)
{
    header h;
    for (*found = 0; !*found; *found = h.kind == '0' || !h.kind) {
        uint64_t end = tar->offset + (tar->size + DC3_USTAR_BLOCK - 1) / DC3_USTAR_BLOCK * DC3_USTAR_BLOCK;
        if (fseeko(tar->file, (off_t)end, SEEK_SET) != 0 || fread(&h, 1, sizeof h, tar->file) != sizeof h)
            return damaged(tar);
        tar->size = 0;
        if (is_empty(&h)) return DC3_OK;
        tar->offset = end;
        DC3_TRY(take(tar, &h));
        tar->offset = end + sizeof h;
        if (tar->bytes - tar->offset < tar->size) return damaged(tar);
    }
    return DC3_OK;
}

dc3_status dc3_ustar_read(dc3_ustar *tar, uint64_t limit, char **data)
{
    *data = NULL;
    if (tar->size > limit)
        return dc3_fail(DC3_ERR_FORMAT, "%s: '%s' has %llu bytes, more than %llu", tar->path, tar->name,
                        (unsigned long long)tar->size, (unsigned long long)limit);
    char *text = malloc((size_t)tar->size + 1);
    if (!text) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (fseeko(tar->file, (off_t)tar->offset, SEEK_SET) != 0 ||
        fread(text, 1, (size_t)tar->size, tar->file) != tar->size) {
        free(text);
        return damaged(tar);
    }
    text[tar->size] = 0;
    *data = text;
    return DC3_OK;
}

void dc3_ustar_close(dc3_ustar *tar)
{
    if (tar->file) fclose(tar->file);
    tar->file = NULL;
}
