/* The zip form: NAME/data.pkl, NAME/data/KEY for each storage, NAME/byteorder since PyTorch 2.1. The members
 * are stored, not compressed, so that their bytes can be used where they lie. */
#include <archive.h>
#include <archive_entry.h>
#include <stdio.h>
#include <string.h>
#include "io/datasets/image_names.h"
#include "io/pth/pth_private.h"

enum { MOST_MEMBERS = 1 << 16 };

static dc3_status bad(const dc3_pth_file *file, const char *name, const char *expected, const char *found)
{
    return dc3_fail(DC3_ERR_FORMAT, "%s: member '%.100s': expected %s, found %s", file->origin, name,
                    expected, found ? found : "damage");
}

/* Reading to the end also checks the member's CRC. From memory libarchive hands out stored data where it
 * lies; anything else was compressed, as the programs in TorchScript's files are: *packed. */
static dc3_status find_data(const dc3_pth_file *file, struct archive *a, const char *name, size_t size,
                            size_t *at, int *packed)
{
    const void *block;
    size_t count, total = 0;
    int64_t offset;
    int r;
    *at = 0;
    *packed = 0;
    while ((r = archive_read_data_block(a, &block, &count, &offset)) == ARCHIVE_OK) {
        size_t from = (size_t)((uintptr_t)block - (uintptr_t)file->data);
        if (!count) continue;
        if (!total) *at = from;
        *packed = (uintptr_t)block < (uintptr_t)file->data || from > file->size ||
                  count > file->size - from || from != *at + total;
        if (*packed) return DC3_OK;
        total += count;
    }
    if (r != ARCHIVE_EOF) return bad(file, name, "whole data", archive_error_string(a));
    return total == size ? DC3_OK
                         : bad(file, name, "as much data as its header says", "another number of bytes");
}

static const char *name_of(struct archive_entry *entry)
{
    /* The locale cannot always hold a name that is UTF-8. */
    const char *name = archive_entry_pathname_utf8(entry);
    return name ? name : archive_entry_pathname(entry);
}

static int is_printable(const char *name)
{
    for (; *name; name++)
        if ((unsigned char)*name < ' ' || *name == 0x7f) return 0;
    return 1;
}

/* `left`: what the members before it leave of the file's size; those of an honest file do not overlap. */
static dc3_status add_member(dc3_pth_file *file, struct archive *a, struct archive_entry *entry, size_t *left)
{
    const char *name = name_of(entry);
    size_t at;
    int packed;
    int64_t size = archive_entry_size(entry);
    if (!name || archive_entry_filetype(entry) != AE_IFREG) return DC3_OK;
    if (dc3_is_image_name(name))
        return dc3_fail(
            DC3_ERR_FORMAT,
            "%s: a zip archive of images such as '%.100s'; a .zip of images must be unpacked first: "
            "give the folder with a folder for each class",
            file->origin, name);
    if (strlen(name) >= DC3_PTH_NAME || !is_printable(name))
        return dc3_fail(DC3_ERR_FORMAT, "%s: expected members with short printable names, found another",
                        file->origin);
    if (size > 0 && (uint64_t)size > *left && *file->packed) return DC3_OK; /* likely compressed too */
    if (size < 0 || (uint64_t)size > *left)
        return bad(file, name, "members no larger in all than the file", "larger ones");
    if (dc3_table_size(file->parts) == MOST_MEMBERS) return bad(file, name, "at most 65536 members", "more");
    DC3_TRY(find_data(file, a, name, (size_t)size, &at, &packed));
    if (packed && !*file->packed) snprintf(file->packed, sizeof file->packed, "%s", name);
    if (packed) return DC3_OK;
    *left -= (size_t)size;
    return dc3_pth_part(file, name, at, (size_t)size);
}

static dc3_status list_members(dc3_pth_file *file)
{
    struct archive_entry *entry;
    struct archive *a = archive_read_new();
    if (!a) return dc3_fail(DC3_ERR_MEMORY, "%s: out of memory", file->origin);
    archive_read_support_format_zip_seekable(a);
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
    archive_read_set_format_option(a, "zip", "ignorecrc32", "1");
#endif
    int r = archive_read_open_memory(a, (void *)(uintptr_t)file->data, file->size);
    dc3_status status = DC3_OK;
    size_t left = file->size;
    while (status == DC3_OK && (r == ARCHIVE_OK || r == ARCHIVE_WARN)) {
        r = archive_read_next_header(a, &entry);
        if (r == ARCHIVE_OK || r == ARCHIVE_WARN) status = add_member(file, a, entry, &left);
    }
    if (status == DC3_OK && r != ARCHIVE_EOF) {
        const char *why = archive_error_string(a);
        status =
            dc3_fail(DC3_ERR_FORMAT, "%s: expected a whole zip file, found a truncated or damaged one (%s)",
                     file->origin, why ? why : "no reason given");
    }
    archive_read_free(a);
    return status;
}

/* Finds NAME/data.pkl and makes NAME/data/ the prefix of the storages. */
static const dc3_tensor *find_pickle(dc3_pth_file *file)
{
    for (size_t i = 0; i < dc3_table_size(file->parts); i++) {
        const char *name = dc3_table_name(file->parts, i), *slash = strchr(name, '/');
        if (!slash || strcmp(slash, "/data.pkl") != 0) continue;
        snprintf(file->prefix, sizeof file->prefix, "%.*s/data/", (int)(slash - name), name);
        return dc3_table_at(file->parts, i);
    }
    return NULL;
}

static dc3_status check_order(const dc3_pth_file *file)
{
    char name[DC3_PTH_NAME + 16];
    static const char little[] = "little";
    /* The prefix ends in "data/". */
    snprintf(name, sizeof name, "%.*sbyteorder", (int)strlen(file->prefix) - 5, file->prefix);
    const dc3_tensor *order = dc3_table_find(file->parts, name);
    if (!order ||
        (dc3_bytes(order) == sizeof little - 1 && memcmp(order->data, little, sizeof little - 1) == 0))
        return DC3_OK;
    return bad(file, name, "little", "another byte order");
}

dc3_status dc3_pth_zip(dc3_pth_file *file)
{
    dc3_pickle *pickle;
    size_t used;
    DC3_TRY(list_members(file));
    const dc3_tensor *part = find_pickle(file);
    if (!part && *file->packed) return dc3_pth_packed(file);
    if (!part)
        return dc3_fail(
            DC3_ERR_FORMAT,
            "%s: expected a member data.pkl, as torch.save writes it, found none beside '%.100s'; a "
            ".zip of images must be unpacked first",
            file->origin, dc3_table_size(file->parts) ? dc3_table_name(file->parts, 0) : "");
    DC3_TRY(check_order(file));
    dc3_status status = dc3_pickle_load(file->origin, part->data, dc3_bytes(part), &pickle, &used);
    if (status == DC3_OK) status = dc3_pth_take(file, dc3_pickle_root(pickle));
    dc3_pickle_close(&pickle);
    return status;
}
