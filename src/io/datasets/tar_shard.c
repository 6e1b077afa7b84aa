#include "io/datasets/tar_shard.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "io/found.h"

enum {
    SMALL_SPOOL = 64 << 20, /* bytes that any tars may take unpacked */
    EXPANSION = 200         /* times their own bytes that larger ones may take: images hardly shrink */
};

struct dc3_tar {
    const char *path;
    struct archive *archive;
    struct archive_entry *entry;
    uint64_t packed;                           /* bytes of the file */
    int spooled, damaged, cut, ended, counted; /* counted: in the bytes that were unpacked from */
};

int dc3_is_tar_name(const char *name)
{
    static const char *const endings[] = {".tar", ".tar.gz",  ".tgz",  ".tar.zst", ".tzst",   ".tar.xz",
                                          ".txz", ".tar.bz2", ".tbz2", ".tbz",     ".tar.lz4"};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (dc3_ends_with(name, endings[i])) return 1;
    return 0;
}

/* By its first byte, which in a tar is one of a name. Of a compressed tar what follows its end is not read:
 * that may be zeros without end. */
static int looks_compressed(const char *path)
{
    FILE *file = fopen(path, "rb");
    int first = file ? fgetc(file) : EOF, second = file ? fgetc(file) : EOF;
    if (file) fclose(file);
    return (first == 0x1f && second == 0x8b) || (first == 'B' && second == 'Z') || first == 0xfd ||
           (first == 0x28 && second == 0xb5) || (first == 0x04 && second == 0x22);
}

dc3_status dc3_tar_open(const char *path, dc3_tar **tar)
{
    struct stat info;
    dc3_tar *t = *tar = calloc(1, sizeof *t);
    if (!t || !(t->archive = archive_read_new())) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    t->path = path;
    t->packed = stat(path, &info) == 0 ? (uint64_t)info.st_size : 0;
    archive_read_support_format_tar(t->archive);
    archive_read_support_filter_gzip(t->archive);
    archive_read_support_filter_bzip2(t->archive);
    archive_read_support_filter_xz(t->archive);
    archive_read_support_filter_zstd(t->archive);
    archive_read_support_filter_lz4(t->archive);
    t->damaged = 1;
    DC3_TRY(dc3_check_found_in(path, "a tar file"));
    if (!looks_compressed(path))
        archive_read_set_format_option(t->archive, "tar", "read_concatenated_archives", "1");
    t->damaged = archive_read_open_filename(t->archive, path, 1 << 16) != ARCHIVE_OK;
    if (!t->damaged) return DC3_OK;
    if (access(path, R_OK) != 0)
        return dc3_fail(DC3_ERR_IO, "%s: cannot be opened: %s", path, strerror(errno));
    return dc3_fail(DC3_ERR_FORMAT, "%s: not a tar file, or damaged: %s", path,
                    archive_error_string(t->archive));
}

void dc3_tar_close(dc3_tar **tar)
{
    dc3_tar *t = *tar;
    if (t && t->archive) archive_read_free(t->archive);
    free(t);
    *tar = NULL;
}

static int is_compressed(const dc3_tar *t)
{
    return archive_filter_code(t->archive, 0) != ARCHIVE_FILTER_NONE;
}

static dc3_status check_expansion(dc3_tar *t, uint64_t unpacked, uint64_t packed)
{
    if (unpacked <= SMALL_SPOOL || unpacked / EXPANSION <= packed) return DC3_OK;
    t->damaged = 1;
    return dc3_fail(DC3_ERR_FORMAT, "%s: unpacks to more than %d times its size", t->path, EXPANSION);
}

/* What is passed over is unpacked too: it is looked at before that. */
static dc3_status check_passed(dc3_tar *t)
{
    if (!is_compressed(t)) return DC3_OK;
    uint64_t size = (uint64_t)archive_entry_size(t->entry);
    return check_expansion(t, (uint64_t)archive_read_header_position(t->archive) + size, t->packed);
}

/* One whose name or other mark cannot be taken as it is (a warning) is a member all the same. */
static int is_member(int result)
{
    return result == ARCHIVE_OK || result == ARCHIVE_WARN;
}

dc3_status dc3_tar_next(dc3_tar *t, const char **name)
{
    int r;
    *name = NULL;
    do {
        r = archive_read_next_header(t->archive, &t->entry);
        if (is_member(r)) DC3_TRY(check_passed(t));
    } while (is_member(r) && archive_entry_filetype(t->entry) != AE_IFREG && !dc3_tar_is_link(t));
    t->ended = r == ARCHIVE_EOF;
    if (t->ended) return DC3_OK;
    t->damaged = !is_member(r);
    t->cut = t->damaged && r != ARCHIVE_RETRY;
    if (t->damaged)
        return dc3_fail(DC3_ERR_FORMAT, "%s: not a tar file, or damaged: %s", t->path,
                        archive_error_string(t->archive));
    *name = archive_entry_pathname(t->entry);
    if (!*name) *name = "";
    return DC3_OK;
}

const char *dc3_tar_target(const dc3_tar *t)
{
    return archive_entry_hardlink(t->entry);
}

int dc3_tar_is_link(const dc3_tar *t)
{
    return archive_entry_hardlink(t->entry) || archive_entry_filetype(t->entry) == AE_IFLNK;
}

static dc3_status damaged(dc3_tar *t)
{
    t->damaged = t->cut = 1;
    const char *name = archive_entry_pathname(t->entry), *why = archive_error_string(t->archive);
    return dc3_fail(DC3_ERR_FORMAT, "%s: member '%.200s': %s", t->path, name ? name : "",
                    why ? why : "damaged");
}

dc3_status dc3_tar_read(dc3_tar *t, char *text, size_t size, size_t *got)
{
    ssize_t read = archive_read_data(t->archive, text, size - 1);
    *got = read < 0 ? 0 : (size_t)read;
    text[*got] = 0;
    return read < 0 ? damaged(t) : DC3_OK;
}

static dc3_status spool(dc3_tar *t, dc3_dataset *d, dc3_place *place)
{
    char block[1 << 14];
    ssize_t got;
    if (!t->counted) d->spool_packed += t->packed;
    place->spooled = t->counted = 1;
    t->spooled |= is_compressed(t);
    if (place->size > DC3_FILE_LIMIT) return DC3_OK; /* refused when it is read */
    place->offset = d->spool_size;
    DC3_TRY(dc3_dataset_spool(d, t->path, NULL, 0));
    while ((got = archive_read_data(t->archive, block, sizeof block)) > 0) {
        DC3_TRY(check_expansion(t, d->spool_size + (uint64_t)got, d->spool_packed));
        DC3_TRY(dc3_dataset_spool(d, t->path, block, (size_t)got));
    }
    place->size = d->spool_size - place->offset;
    return got == 0 ? dc3_check_cancel() : damaged(t);
}

/* Of a sparse member the zeros do not stand in the file. */
dc3_status dc3_tar_keep(dc3_tar *t, dc3_dataset *d, dc3_place *place)
{
    *place = (dc3_place){.size = (uint64_t)archive_entry_size(t->entry)};
    if (is_compressed(t) || archive_entry_sparse_count(t->entry)) return spool(t, d, place);
    place->offset = (uint64_t)archive_filter_bytes(t->archive, 0);
    return DC3_OK;
}

int dc3_tar_is_damaged(const dc3_tar *t)
{
    return t->damaged;
}

int dc3_tar_is_cut(const dc3_tar *t)
{
    return t->cut;
}

uint64_t dc3_tar_rest(const dc3_tar *t)
{
    uint64_t used = (uint64_t)archive_filter_bytes(t->archive, -1);
    return t->ended && is_compressed(t) && used < t->packed ? t->packed - used : 0;
}

int dc3_tar_is_spooled(const dc3_tar *t)
{
    return t->spooled;
}
