#include "io/datasets/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

dc3_status dc3_dataset_note_outside(dc3_dataset *d, long images)
{
    if (!images) return DC3_OK;
    return dc3_dataset_remark(d, "%ld image%s outside the class folders, skipped", images,
                              images == 1 ? " lies" : "s lie");
}

dc3_status dc3_dataset_count_notes(dc3_dataset *d)
{
    char text[64];
    if (!d->more_notes) return DC3_OK;
    snprintf(text, sizeof text, "%zu more notes of this dataset are not shown", d->more_notes);
    return append_note(d, text, 1); /* there are twenty others */
}

/* 1 if "a, b" has `name` between its commas. */
static int lists(const char *names, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = names; (at = strstr(at, name)); at += length)
        if ((at == names || at[-1] == ' ') && (!at[length] || at[length] == ',')) return 1;
    return 0;
}

void dc3_passed_add(dc3_passed *passed, const char *name, int is_folder)
{
    enum { SHOWN = 4 };
    size_t used = strlen(passed->names);
    *(is_folder ? &passed->folders : &passed->files) += 1;
    if (passed->shown > SHOWN || lists(passed->names, name)) return;
    if (passed->shown == SHOWN || used + strlen(name) + 8 > sizeof passed->names) {
        passed->shown = SHOWN + 1;
        strcpy(passed->names + used, ", ..");
        return;
    }
    passed->shown++;
    snprintf(passed->names + used, sizeof passed->names - used, "%s%s", used ? ", " : "", name);
}

/* "3 folders and 1 file". */
static const char *count_text(const dc3_passed *passed, char text[64])
{
    char *at = text;
    *text = 0;
    if (passed->folders) at += sprintf(at, "%ld folder%s", passed->folders, passed->folders == 1 ? "" : "s");
    if (passed->folders && passed->files) at += sprintf(at, " and ");
    if (passed->files) sprintf(at, "%ld file%s", passed->files, passed->files == 1 ? "" : "s");
    return text;
}

dc3_status dc3_dataset_note_passed(dc3_dataset *d)
{
    char text[64];
    if (d->leftovers.files + d->leftovers.folders)
        DC3_TRY(dc3_dataset_mention(d, "passed over %s, hidden or left behind by systems and programs (%s)",
                                    count_text(&d->leftovers, text), d->leftovers.names));
    if (d->unread.files)
        DC3_TRY(dc3_dataset_remark(
            d, "%ld image%s in formats that are not read (%s), skipped; convert them to PNG", d->unread.files,
            d->unread.files == 1 ? " is" : "s are", d->unread.names));
    if (d->other.files)
        DC3_TRY(dc3_dataset_remark(d, "%ld file%s by %s name%s (%s), skipped", d->other.files,
                                   d->other.files == 1 ? " is not an image" : "s are not images",
                                   d->other.files == 1 ? "its" : "their", d->other.files == 1 ? "" : "s",
                                   d->other.names));
    return DC3_OK;
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

int dc3_is_other_part(const char *name)
{
    static const char *const parts[] = {"val", "valid", "validation", "test"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (strcmp(name, parts[i]) == 0) return 1;
    return 0;
}

int dc3_list_has(const char *path, int (*wanted)(const struct dirent *))
{
    struct dirent **entries;
    int count = scandir(path, &entries, wanted, NULL);
    if (count >= 0) dc3_list_free(entries, count);
    return count > 0;
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
