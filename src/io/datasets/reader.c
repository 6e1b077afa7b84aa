#include "io/datasets/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/text.h"

dc3_status dc3_dataset_text(dc3_dataset *d, const char *string, size_t *at)
{
    size_t length = strlen(string) + 1;
    if (d->text_size + length > d->text_capacity) {
        size_t capacity = 2 * (d->text_size + length) + 4096;
        char *text = realloc(d->text, capacity);
        if (!text) return dc3_fail(DC3_ERR_MEMORY, "%s: out of memory", d->path);
        d->text = text;
        d->text_capacity = capacity;
    }
    memcpy(d->text + d->text_size, string, length);
    *at = d->text_size;
    d->text_size += length;
    return DC3_OK;
}

enum { PROGRESS_STEP = 4096 }; /* images between two words on how many there are */

dc3_status dc3_dataset_add(dc3_dataset *d, dc3_item item)
{
    if (d->size == d->capacity) {
        int64_t capacity = 2 * d->capacity + 1024;
        dc3_item *items = realloc(d->items, (size_t)capacity * sizeof *items);
        if (!items) return dc3_fail(DC3_ERR_MEMORY, "%s: out of memory", d->path);
        d->items = items;
        d->capacity = capacity;
    }
    d->items[d->size++] = item;
    if (d->progress && d->size % PROGRESS_STEP == 0) d->progress(d->user, d->size);
    return d->size % PROGRESS_STEP == 0 ? dc3_check_cancel() : DC3_OK;
}

/* Room for one more of `count` elements of `size` bytes. */
static dc3_status grow(const dc3_dataset *d, void *list, size_t count, size_t size)
{
    void **at = list, *larger = realloc(*at, (count + 1) * size);
    if (!larger) return dc3_fail(DC3_ERR_MEMORY, "%s: out of memory", d->path);
    *at = larger;
    return DC3_OK;
}

dc3_status dc3_dataset_class(dc3_dataset *d, const char *name, int *label)
{
    gpointer known;
    if (g_hash_table_lookup_extended(d->labels, name, NULL, &known)) {
        *label = GPOINTER_TO_INT(known);
        return DC3_OK;
    }
    if (d->class_count >= DC3_CLASS_LIMIT)
        return dc3_fail(DC3_ERR_FORMAT, "%s: expected at most %d classes", d->path, DC3_CLASS_LIMIT);
    *label = (int)d->class_count;
    char *copy = strdup(name);
    if (!copy) return dc3_fail(DC3_ERR_MEMORY, "%s: out of memory", d->path);
    dc3_status status = grow(d, &d->classes, d->class_count, sizeof *d->classes);
    if (status != DC3_OK) {
        free(copy);
        return status;
    }
    d->classes[d->class_count++] = copy;
    g_hash_table_insert(d->labels, d->classes[*label], GINT_TO_POINTER(*label));
    return DC3_OK;
}

static dc3_status append_note(dc3_dataset *d, const char *text, int harmless)
{
    DC3_TRY(grow(d, &d->notes, d->note_count, sizeof *d->notes));
    char *copy = strdup(text);
    if (!copy) return dc3_fail(DC3_ERR_MEMORY, "%s: out of memory", d->path);
    d->notes[d->note_count++] = (dc3_note){copy, harmless};
    return DC3_OK;
}

static dc3_status note(dc3_dataset *d, int harmless, const char *format, va_list args)
{
    char text[1024];
    if (d->note_count >= DC3_NOTE_LIMIT) {
        d->more_notes++;
        return DC3_OK;
    }
    vsnprintf(text, sizeof text, format, args);
    return append_note(d, text, harmless);
}

dc3_status dc3_dataset_remark(dc3_dataset *d, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    dc3_status status = note(d, 0, format, args);
    va_end(args);
    return status;
}

dc3_status dc3_dataset_mention(dc3_dataset *d, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    dc3_status status = note(d, 1, format, args);
    va_end(args);
    return status;
}

dc3_status dc3_dataset_skip(dc3_dataset *d, const char *key, const char *format, ...)
{
    char reason[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(reason, sizeof reason, format, args);
    va_end(args);
    g_ptr_array_add(d->skipped, g_strdup(key));
    g_ptr_array_add(d->skipped, g_strdup(reason));
    return dc3_dataset_remark(d, "%s, skipped", reason);
}

void dc3_dataset_list_skipped(dc3_dataset *d, const char *key, const char *path, const char *reason)
{
    g_ptr_array_add(d->skipped, g_strdup(key));
    g_ptr_array_add(d->skipped, g_strdup_printf("%s: %s", path, reason));
}

dc3_status dc3_dataset_note_outside(dc3_dataset *d, long images, const char *first)
{
    enum { MOST = 190 };
    if (!images) return DC3_OK;
    return dc3_dataset_remark(d, "%ld image%s outside the class folders, skipped: %.*s%s", images,
                              images == 1 ? " lies" : "s lie", dc3_text_room(first, MOST), first,
                              images == 1 ? "" : " and others");
}

dc3_status dc3_dataset_count_notes(dc3_dataset *d)
{
    char text[64];
    if (!d->more_notes) return DC3_OK;
    snprintf(text, sizeof text, "%zu more notes of this dataset are not shown", d->more_notes);
    return append_note(d, text, 1); /* there are twenty others */
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

dc3_status dc3_list(const char *path, int (*wanted)(const struct dirent *), struct dirent ***entries,
                    int *count)
{
    *count = scandir(path, entries, wanted, by_bytes);
    if (*count >= 0) return DC3_OK;
    *entries = NULL;
    *count = 0;
    return dc3_fail(DC3_ERR_IO, "%s: cannot list: %s", path, strerror(errno));
}

void dc3_list_free(struct dirent **entries, int count)
{
    for (int i = 0; i < count; i++) free(entries[i]);
    free(entries);
}

dc3_path_kind dc3_kind_below(const char *path, const char *name)
{
    char *below = dc3_path_join(path, name);
    dc3_path_kind kind = below ? dc3_path_what(below) : DC3_PATH_MISSING;
    free(below);
    return kind;
}

dc3_status dc3_list_files(const char *path, int (*wanted)(const struct dirent *), struct dirent ***entries,
                          int *count)
{
    int all, kept = 0;
    DC3_TRY(dc3_list(path, wanted, entries, &all));
    for (int i = 0; i < all; i++) {
        struct dirent *entry = (*entries)[i];
        dc3_path_kind kind = dc3_kind_below(path, entry->d_name);
        if (kind == DC3_PATH_FILE ||
            kind == DC3_PATH_MISSING) /* why it is missing is said when it is opened */
            (*entries)[kept++] = entry;
        else
            free(entry);
    }
    *count = kept;
    return DC3_OK;
}

static int has(const char *path, int (*wanted)(const struct dirent *), dc3_path_kind kind)
{
    struct dirent **entries;
    int found = 0, count = scandir(path, &entries, wanted, NULL);
    for (int i = 0; i < count && !found; i++) found = dc3_kind_below(path, entries[i]->d_name) == kind;
    if (count >= 0) dc3_list_free(entries, count);
    return found;
}

int dc3_has_file(const char *path, int (*wanted)(const struct dirent *))
{
    return has(path, wanted, DC3_PATH_FILE);
}

int dc3_has_folder(const char *path, int (*wanted)(const struct dirent *))
{
    return has(path, wanted, DC3_PATH_FOLDER);
}

dc3_status dc3_read_part_of(int fd, const char *path, uint64_t offset, uint64_t size, void **data)
{
    struct stat info;
    uint64_t there = fstat(fd, &info) == 0 ? (uint64_t)info.st_size : 0;
    *data = NULL;
    if (offset > there || size > there - offset)
        return dc3_fail(DC3_ERR_IO, "%s: expected %llu bytes at %llu, the file has %llu", path,
                        (unsigned long long)size, (unsigned long long)offset, (unsigned long long)there);
    char *buffer = malloc(size + 1);
    uint64_t used = 0;
    while (buffer && used < size) {
        ssize_t got = pread(fd, buffer + used, size - used, (off_t)(offset + used));
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        used += (uint64_t)got;
    }
    if (buffer && used == size) {
        *data = buffer;
        return DC3_OK;
    }
    free(buffer);
    if (!buffer) return dc3_fail(DC3_ERR_MEMORY, "%s: out of memory", path);
    return dc3_fail(DC3_ERR_IO, "%s: expected %llu bytes at %llu, found %llu", path, (unsigned long long)size,
                    (unsigned long long)offset, (unsigned long long)used);
}

dc3_status dc3_read_part(const char *path, uint64_t offset, uint64_t size, void **data)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    *data = NULL;
    if (fd < 0) return dc3_fail(DC3_ERR_IO, "%s: cannot open: %s", path, strerror(errno));
    dc3_status status = dc3_read_part_of(fd, path, offset, size, data);
    close(fd);
    return status;
}
