#include <archive.h>
#include <archive_entry.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "io/npy.h"

enum { NAME = 512, MOST = 1 << 16, EXPANSION = 64 };
static const size_t small = (size_t)1 << 30;

static const char ending[] = ".npy";

/* Length of an array's name in a member's, 0 for another member. */
static size_t array_name(const char *member, size_t length)
{
    size_t end = sizeof ending - 1;
    return length > end && memcmp(member + length - end, ending, end) == 0 ? length - end : 0;
}

int dc3_npz_probe(const unsigned char *data, size_t size)
{
    enum { LENGTH = 26, NAME_AT = 30 }; /* in the header of the first member */
    if (size < NAME_AT || memcmp(data, "PK\3\4", 4) != 0) return 0;
    size_t length = data[LENGTH] | (size_t)data[LENGTH + 1] << 8;
    return length <= size - NAME_AT && array_name((const char *)data + NAME_AT, length) > 0;
}

typedef struct reading {
    const char *origin;
    struct archive *archive;
    dc3_table *table;
    size_t left; /* bytes that may still be unpacked */
} reading;

static dc3_status damaged(const reading *r, const char *name)
{
    const char *why = archive_error_string(r->archive);
    if (!*name)
        return dc3_fail(DC3_ERR_FORMAT,
                        "%s: expected a whole .npz, found damage (%s); is the file truncated?", r->origin,
                        why ? why : "no reason given");
    return dc3_fail(DC3_ERR_FORMAT, "%s: member '%.100s': expected whole data, found damage (%s)", r->origin,
                    name, why ? why : "no reason given");
}

/* The member's bytes, which the caller frees. */
static dc3_status unpack(reading *r, const char *name, unsigned char **bytes, size_t *size)
{
    const void *block;
    size_t count, room = 0;
    int64_t offset;
    int got;
    *bytes = NULL;
    *size = 0;
    while ((got = archive_read_data_block(r->archive, &block, &count, &offset)) == ARCHIVE_OK) {
        if (offset != (int64_t)*size) return damaged(r, name);
        if (count > r->left)
            return dc3_fail(
                DC3_ERR_FORMAT,
                "%s: member '%.100s': the arrays take more than %d times the file's bytes once unpacked",
                r->origin, name, EXPANSION);
        if (*size + count > room) {
            room = 2 * (*size + count) + 4096;
            unsigned char *larger = realloc(*bytes, room);
            if (!larger) return dc3_fail(DC3_ERR_MEMORY, "%s: out of memory", r->origin);
            *bytes = larger;
        }
        if (count) memcpy(*bytes + *size, block, count);
        *size += count;
        r->left -= count;
    }
    return got == ARCHIVE_EOF ? DC3_OK : damaged(r, name);
}

static dc3_status add_member(reading *r, struct archive_entry *entry)
{
    char name[NAME];
    const char *member = archive_entry_pathname_utf8(entry);
    size_t length = member ? array_name(member, strlen(member)) : 0, size;
    unsigned char *bytes;
    if (!length || length >= NAME || archive_entry_filetype(entry) != AE_IFREG) return DC3_OK;
    snprintf(name, sizeof name, "%.*s", (int)length, member);
    dc3_status status = unpack(r, name, &bytes, &size);
    if (status == DC3_OK && bytes) {
        status = dc3_table_own(r->table, bytes, free);
        if (status == DC3_OK) return dc3_npy_add(r->origin, name, bytes, size, r->table);
    }
    free(bytes);
    return status;
}

dc3_status dc3_npz_parse(const char *origin, const unsigned char *data, size_t size, dc3_table *table)
{
    struct archive_entry *entry;
    reading r = {.origin = origin, .archive = archive_read_new(), .table = table};
    r.left = size > small / EXPANSION ? size * EXPANSION : small;
    if (!r.archive) return dc3_fail(DC3_ERR_MEMORY, "%s: out of memory", origin);
    archive_read_support_format_zip_seekable(r.archive);
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
    archive_read_set_format_option(r.archive, "zip", "ignorecrc32", "1");
#endif
    dc3_status status = DC3_OK;
    int members = 0, got = archive_read_open_memory(r.archive, (void *)(uintptr_t)data, size);
    while (status == DC3_OK && members++ < MOST && (got == ARCHIVE_OK || got == ARCHIVE_WARN)) {
        got = archive_read_next_header(r.archive, &entry);
        if (got == ARCHIVE_OK || got == ARCHIVE_WARN) status = add_member(&r, entry);
    }
    if (status == DC3_OK && got != ARCHIVE_EOF) status = damaged(&r, "");
    archive_read_free(r.archive);
    return status;
}
