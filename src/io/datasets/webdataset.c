/* WebDataset: tar shards with members KEY.jpg (or .png, .webp, ...) and KEY.cls, a class number or name. As
 * in the webdataset library, a key goes up to the first dot of the base name, and what follows is the kind:
 * KEY.seg.png is no image of the sample. Where all classes are numbers they are written with as many digits
 * each, so that names and values have the same order. The shards are listed once, with each image's place,
 * and read by that; members' names are never used as paths. */
#include <archive.h>
#include <archive_entry.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "base/file.h"
#include "base/text.h"
#include "io/datasets/reader.h"

enum { BLOCK = 512, LABEL_LIMIT = 256, PATH_LIMIT = 512, SHOWN = 200 };

static int tar_entry(const struct dirent *entry)
{
    return entry->d_name[0] != '.' && dc3_ends_with(entry->d_name, ".tar");
}

static int probe(const char *path)
{
    if (dc3_path_what(path) == DC3_PATH_FILE) return dc3_ends_with(path, ".tar");
    return dc3_list_has(path, tar_entry);
}

/* A sample that is being put together: its image and its class may come in either order. */
typedef struct sample {
    char key[PATH_LIMIT];
    char class_name[LABEL_LIMIT];
    char member[PATH_LIMIT];
    uint64_t offset, size;
} sample;

/* The member's data begins after its header and the extension headers before that. */
static dc3_status data_offset(const char *path, uint64_t header, uint64_t *offset)
{
    for (int i = 0; i < 8; i++) {
        void *block;
        DC3_TRY(dc3_read_part(path, header, BLOCK, &block));
        char type = ((char *)block)[156], digits[13] = {0};
        memcpy(digits, (char *)block + 124, 12);
        free(block);
        header += BLOCK;
        if (!strchr("xgLK", type) || !type) {
            *offset = header;
            return DC3_OK;
        }
        uint64_t size = strtoull(digits, NULL, 8);
        if (size > 1 << 24) break;
        header += (size + BLOCK - 1) / BLOCK * BLOCK;
    }
    return dc3_fail(DC3_ERR_FORMAT, "%s: a member's header cannot be followed", path);
}

static dc3_status flush(dc3_dataset *d, const char *shard, size_t file, sample *s)
{
    dc3_status status = DC3_OK;
    if (s->size && *s->class_name) {
        char key[1200];
        dc3_item item = {.file = file, .offset = s->offset, .size = s->size};
        snprintf(key, sizeof key, "%s/%s", shard, s->member);
        status = dc3_dataset_class(d, s->class_name, &item.label);
        if (status == DC3_OK) status = dc3_dataset_text(d, key, &item.key);
        if (status == DC3_OK) status = dc3_dataset_add(d, item);
    } else if (s->size)
        status = dc3_dataset_remark(d, "%s: '%.200s' has no .cls beside it, skipped", shard, s->member);
    *s = (sample){0};
    return status;
}

static int is_number(const char *text)
{
    return *text && strspn(text, "0123456789") == strlen(text);
}

static dc3_status read_label(struct archive *a, const char *path, const char *name, sample *s)
{
    ssize_t got = archive_read_data(a, s->class_name, LABEL_LIMIT - 1);
    if (got < 0)
        return dc3_fail(DC3_ERR_FORMAT, "%s: member '%.200s': %s", path, name, archive_error_string(a));
    s->class_name[got] = 0;
    s->class_name[strcspn(s->class_name, "\r\n")] = 0;
    char *digits = s->class_name;
    if (is_number(digits)) digits += strspn(digits, "0");
    if (digits > s->class_name)
        memmove(s->class_name, *digits ? digits : "0", strlen(digits) + (*digits ? 1 : 2));
    return DC3_OK;
}

/* Numbers with leading zeros, if all classes are numbers. */
static dc3_status pad_numbers(dc3_dataset *d)
{
    size_t width = 0;
    for (size_t i = 0; i < d->class_count; i++) {
        size_t length = strlen(d->classes[i]);
        if (!is_number(d->classes[i])) return DC3_OK;
        width = length > width ? length : width;
    }
    for (size_t i = 0; i < d->class_count; i++) {
        char *padded = malloc(width + 1);
        if (!padded) return dc3_fail(DC3_ERR_MEMORY, "%s: out of memory", d->path);
        size_t length = strlen(d->classes[i]);
        memset(padded, '0', width - length);
        memcpy(padded + width - length, d->classes[i], length + 1);
        free(d->classes[i]);
        d->classes[i] = padded;
    }
    return DC3_OK;
}

/* An image under a name that cannot be kept. */
static dc3_status pass_over(dc3_dataset *d, const char *shard, const char *name)
{
    if (!name) return dc3_dataset_remark(d, "%s: a member whose name cannot be read, skipped", shard);
    if (!dc3_is_image_name(name)) return DC3_OK;
    return dc3_dataset_remark(d, "%s: the path '%.*s..' of an image has %zu bytes, more than %d, skipped",
                              shard, dc3_text_room(name, SHOWN), name, strlen(name), PATH_LIMIT - 1);
}

static dc3_status member(struct archive *a, struct archive_entry *entry, const char *path, const char *shard,
                         size_t file, dc3_dataset *d, sample *s)
{
    const char *name = archive_entry_pathname(entry), *base = name ? strrchr(name, '/') : NULL;
    if (archive_entry_filetype(entry) != AE_IFREG) return DC3_OK;
    if (!name || strlen(name) >= PATH_LIMIT) return pass_over(d, shard, name);
    base = base ? base + 1 : name;
    const char *dot = strchr(base, '.');
    size_t length = dot ? (size_t)(dot - name) : strlen(name);
    if (!dot || base[0] == '.') return DC3_OK;
    if (strncmp(s->key, name, length) != 0 || s->key[length]) {
        DC3_TRY(flush(d, shard, file, s));
        memcpy(s->key, name, length);
        s->key[length] = 0;
    }
    if (strcasecmp(dot, ".cls") == 0) return read_label(a, path, name, s);
    if (strchr(dot + 1, '.') || !dc3_is_image_name(base) || s->size) return DC3_OK;
    strcpy(s->member, name);
    s->size = (uint64_t)archive_entry_size(entry);
    return data_offset(path, (uint64_t)archive_read_header_position(a), &s->offset);
}

static dc3_status add_shard(const char *path, const char *shard, dc3_dataset *d)
{
    size_t file;
    sample s = {0};
    struct archive_entry *entry;
    DC3_TRY(dc3_dataset_text(d, path, &file));
    struct archive *a = archive_read_new();
    if (!a) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    archive_read_support_format_tar(a);
    int r = archive_read_open_filename(a, path, 1 << 16);
    dc3_status status = DC3_OK;
    while (r == ARCHIVE_OK && status == DC3_OK && (r = archive_read_next_header(a, &entry)) == ARCHIVE_OK)
        status = member(a, entry, path, shard, file, d, &s);
    if (status == DC3_OK && r != ARCHIVE_EOF && r != ARCHIVE_OK)
        status = dc3_fail(DC3_ERR_FORMAT, "%s: not a plain tar file, or damaged: %s", path,
                          archive_error_string(a));
    archive_read_free(a);
    return status == DC3_OK ? flush(d, shard, file, &s) : status;
}

static dc3_status add_shards(const char *path, dc3_dataset *d)
{
    const char *slash = strrchr(path, '/');
    if (dc3_path_what(path) == DC3_PATH_FILE) return add_shard(path, slash ? slash + 1 : path, d);
    struct dirent **entries;
    int count;
    DC3_TRY(dc3_list(path, tar_entry, &entries, &count));
    dc3_status status = DC3_OK;
    for (int i = 0; i < count; i++) {
        char *file = dc3_path_join(path, entries[i]->d_name);
        if (status == DC3_OK)
            status =
                file ? add_shard(file, entries[i]->d_name, d) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
        free(file);
    }
    dc3_list_free(entries, count);
    return status;
}

static dc3_status open_tars(const char *path, dc3_dataset *d)
{
    DC3_TRY(add_shards(path, d));
    return pad_numbers(d);
}

static dc3_status open_item(const dc3_dataset *d, const dc3_item *item, dc3_image_source **source)
{
    void *data;
    if (item->size > DC3_FILE_LIMIT)
        return dc3_fail(DC3_ERR_FORMAT, "%s: %llu bytes are too many for an image", d->text + item->key,
                        (unsigned long long)item->size);
    DC3_TRY(dc3_read_part(d->text + item->file, item->offset, item->size, &data));
    return dc3_image_source_open(d->text + item->key, data, item->size, source);
}

const dc3_reader dc3_webdataset_reader = {"WebDataset", probe, open_tars, open_item};
