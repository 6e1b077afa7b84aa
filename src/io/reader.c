#include "io/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

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

/* Appends a copy of `string` to a list of strings. */
static dc3_status append(dc3_dataset *d, char ***list, size_t *count, const char *string)
{
    char **larger = realloc(*list, (*count + 1) * sizeof *larger);
    if (larger) *list = larger;
    char *copy = larger ? strdup(string) : NULL;
    if (!copy) return dc3_fail(DC3_ERR_MEMORY, "%s: out of memory", d->path);
    larger[(*count)++] = copy;
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
    DC3_TRY(append(d, &d->classes, &d->class_count, name));
    g_hash_table_insert(d->labels, d->classes[*label], GINT_TO_POINTER(*label));
    return DC3_OK;
}

dc3_status dc3_dataset_remark(dc3_dataset *d, const char *format, ...)
{
    char text[1024];
    va_list args;
    if (d->note_count >= DC3_NOTE_LIMIT) {
        d->more_notes++;
        return DC3_OK;
    }
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return append(d, &d->notes, &d->note_count, text);
}

dc3_status dc3_dataset_count_notes(dc3_dataset *d)
{
    char text[64];
    if (!d->more_notes) return DC3_OK;
    snprintf(text, sizeof text, "%zu more notes of this dataset are not shown", d->more_notes);
    return append(d, &d->notes, &d->note_count, text);
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

int dc3_list_has(const char *path, int (*wanted)(const struct dirent *))
{
    struct dirent **entries;
    int count = scandir(path, &entries, wanted, NULL);
    if (count >= 0) dc3_list_free(entries, count);
    return count > 0;
}

int dc3_ends_with(const char *name, const char *ending)
{
    size_t n = strlen(name), m = strlen(ending);
    return n > m && strcasecmp(name + n - m, ending) == 0;
}

int dc3_is_image_name(const char *name)
{
    static const char *const endings[] = {".jpg", ".jpeg", ".png", ".webp", ".tif",  ".tiff", ".gif",
                                          ".ppm", ".pgm",  ".bmp", ".avif", ".heic", ".jp2"};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (dc3_ends_with(name, endings[i])) return 1;
    return 0;
}

dc3_status dc3_read_part(const char *path, uint64_t offset, uint64_t size, void **data)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    *data = NULL;
    if (fd < 0) return dc3_fail(DC3_ERR_IO, "%s: cannot open: %s", path, strerror(errno));
    struct stat info;
    uint64_t there = fstat(fd, &info) == 0 ? (uint64_t)info.st_size : 0;
    if (offset > there || size > there - offset) {
        close(fd);
        return dc3_fail(DC3_ERR_IO, "%s: expected %llu bytes at %llu, the file has %llu", path,
                        (unsigned long long)size, (unsigned long long)offset, (unsigned long long)there);
    }
    char *buffer = malloc(size + 1);
    uint64_t used = 0;
    while (buffer && used < size) {
        ssize_t got = pread(fd, buffer + used, size - used, (off_t)(offset + used));
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        used += (uint64_t)got;
    }
    close(fd);
    if (buffer && used == size) {
        *data = buffer;
        return DC3_OK;
    }
    free(buffer);
    if (!buffer) return dc3_fail(DC3_ERR_MEMORY, "%s: out of memory", path);
    return dc3_fail(DC3_ERR_IO, "%s: expected %llu bytes at %llu, found %llu", path, (unsigned long long)size,
                    (unsigned long long)offset, (unsigned long long)used);
}
