#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"
#include "base/rng.h"
#include "io/reader.h"

static const dc3_reader *const readers[] = {&dc3_cifar_reader, &dc3_webdataset_reader, &dc3_folder_reader};

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

enum { TELL = 4096 }; /* pictures between two words on how many there are */

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
    if (d->told && d->size % TELL == 0) d->told(d->user, d->size);
    return d->size % TELL == 0 ? dc3_check_cancel() : DC3_OK;
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

int dc3_is_picture_name(const char *name)
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

/* A class before the classes are sorted. */
typedef struct named {
    char *name;
    int label;
} named;

/* Bytes, which for UTF-8 is the order of code points: as Python's sorted and so ImageFolder have it. */
static int compare_names(const void *a, const void *b)
{
    return strcmp(((const named *)a)->name, ((const named *)b)->name);
}

static const char *sort_text;

static int compare_items(const void *a, const void *b)
{
    const dc3_item *x = a, *y = b;
    if (x->label != y->label) return x->label < y->label ? -1 : 1;
    int order = strcmp(sort_text + x->key, sort_text + y->key);
    return order ? order : (x->offset > y->offset) - (x->offset < y->offset);
}

/* Classes without images go, so that the others are numbered as the stored folders will be. */
static dc3_status drop_empty(dc3_dataset *d)
{
    int64_t *counts = calloc(d->class_count + 1, sizeof *counts);
    int *place = malloc((d->class_count + 1) * sizeof *place), kept = 0;
    dc3_status status = counts && place ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "%s: out of memory", d->path);
    for (int64_t i = 0; status == DC3_OK && i < d->size; i++) counts[d->items[i].label]++;
    for (size_t i = 0; status == DC3_OK && d->size && i < d->class_count; i++) {
        char *name = d->classes[i];
        place[i] = kept;
        if (counts[i])
            d->classes[kept++] = name;
        else {
            status = dc3_dataset_remark(d, "class '%s' has no images and is left out", name);
            free(name);
            d->classes[i] = NULL;
        }
    }
    for (int64_t i = 0; status == DC3_OK && i < d->size; i++) d->items[i].label = place[d->items[i].label];
    if (status == DC3_OK && d->size) d->class_count = (size_t)kept;
    free(counts);
    free(place);
    return status;
}

/* How many notes there were beyond those that are kept. */
static dc3_status count_notes(dc3_dataset *d)
{
    char text[64];
    if (!d->more_notes) return DC3_OK;
    snprintf(text, sizeof text, "%zu more notes of this dataset are not shown", d->more_notes);
    return append(d, &d->notes, &d->note_count, text);
}

/* Classes by name and the items after them. */
static dc3_status sort(dc3_dataset *d)
{
    size_t n = d->class_count;
    named *sorted = malloc((n + 1) * sizeof *sorted);
    int *place = malloc((n + 1) * sizeof *place);
    if (sorted && place) {
        for (size_t i = 0; i < n; i++) sorted[i] = (named){d->classes[i], (int)i};
        if (n) qsort(sorted, n, sizeof *sorted, compare_names);
        for (size_t i = 0; i < n; i++) {
            place[sorted[i].label] = (int)i;
            d->classes[i] = sorted[i].name;
        }
        for (int64_t i = 0; i < d->size; i++) d->items[i].label = place[d->items[i].label];
        sort_text = d->text;
        if (d->size) qsort(d->items, (size_t)d->size, sizeof *d->items, compare_items);
    }
    int failed = !sorted || !place;
    free(sorted);
    free(place);
    return failed ? dc3_fail(DC3_ERR_MEMORY, "%s: out of memory", d->path) : DC3_OK;
}

static const dc3_reader *reader_of(const char *path)
{
    for (size_t i = 0; i < sizeof readers / sizeof *readers; i++)
        if (readers[i]->probe(path)) return readers[i];
    return NULL;
}

int dc3_dataset_is(const char *path)
{
    return reader_of(path) != NULL;
}

/* A file that no reader takes. */
static dc3_status other_file(const char *path)
{
    static const char *const archives[] = {".zip", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar", ".zst"};
    for (size_t i = 0; i < sizeof archives / sizeof *archives; i++)
        if (dc3_ends_with(path, archives[i]))
            return dc3_fail(DC3_ERR_FORMAT,
                            "%s: expected a folder or a .tar file, found an archive; unpack it and give the "
                            "folder with a folder for each class",
                            path);
    if (dc3_is_picture_name(path))
        return dc3_fail(
            DC3_ERR_FORMAT,
            "%s: expected a folder with a folder for each class, found one picture; give the folder "
            "above its class's",
            path);
    return dc3_fail(DC3_ERR_FORMAT,
                    "%s: expected a folder with a folder for each class, a .tar file or a CIFAR .bin by its "
                    "usual name, found another file",
                    path);
}

static dc3_status open_part(const char *path, int test, void (*told)(void *, int64_t), void *user,
                            dc3_dataset **out)
{
    *out = NULL;
    if (dc3_path_what(path) == DC3_PATH_MISSING)
        return dc3_fail(DC3_ERR_IO,
                        "%s: expected a dataset (a folder with a folder a class, CIFAR binaries or tars), "
                        "found nothing there",
                        path);
    dc3_dataset *d = *out = calloc(1, sizeof *d);
    if (!d || !(d->path = strdup(path))) {
        dc3_dataset_close(out);
        return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    }
    d->test = test;
    d->told = told;
    d->user = user;
    d->reader = reader_of(path);
    d->labels = g_hash_table_new(g_str_hash, g_str_equal);
    dc3_status status = d->reader ? d->reader->open(path, d) : other_file(path);
    g_hash_table_destroy(d->labels);
    d->labels = NULL;
    if (status == DC3_OK) status = drop_empty(d);
    if (status == DC3_OK) status = count_notes(d);
    if (status == DC3_OK) status = sort(d);
    if (status == DC3_OK && d->size == 0)
        status = dc3_fail(DC3_ERR_FORMAT,
                          "%s: found no images; expected a folder for each class with images in it", path);
    if (status != DC3_OK) dc3_dataset_close(out);
    return status;
}

dc3_status dc3_dataset_open(const char *path, dc3_dataset **dataset)
{
    return open_part(path, 0, NULL, NULL, dataset);
}

dc3_status dc3_dataset_open_told(const char *path, void (*told)(void *user, int64_t found), void *user,
                                 dc3_dataset **dataset)
{
    return open_part(path, 0, told, user, dataset);
}

dc3_status dc3_dataset_open_test(const char *path, dc3_dataset **dataset)
{
    return open_part(path, 1, NULL, NULL, dataset);
}

void dc3_dataset_close(dc3_dataset **dataset)
{
    dc3_dataset *d = *dataset;
    if (!d) return;
    for (size_t i = 0; i < d->class_count; i++) free(d->classes[i]);
    for (size_t i = 0; i < d->note_count; i++) free(d->notes[i]);
    free(d->classes);
    free(d->notes);
    free(d->items);
    free(d->text);
    free(d->path);
    free(d);
    *dataset = NULL;
}

const char *dc3_dataset_path(const dc3_dataset *d)
{
    return d->path;
}

const char *dc3_dataset_kind(const dc3_dataset *d)
{
    return d->reader->kind;
}

int dc3_dataset_classes(const dc3_dataset *d)
{
    return (int)d->class_count;
}

const char *dc3_dataset_class_name(const dc3_dataset *d, int label)
{
    return d->classes[label];
}

int64_t dc3_dataset_size(const dc3_dataset *d)
{
    return d->size;
}

int dc3_dataset_label(const dc3_dataset *d, int64_t item)
{
    return d->items[item].label;
}

const char *dc3_dataset_key(const dc3_dataset *d, int64_t item)
{
    return d->text + d->items[item].key;
}

size_t dc3_dataset_notes(const dc3_dataset *d)
{
    return d->note_count;
}

const char *dc3_dataset_note(const dc3_dataset *d, size_t i)
{
    return d->notes[i];
}

/* The file that holds an item, all of it or a part of `size` bytes; caller frees. */
static char *file_of(const dc3_dataset *d, const dc3_item *item)
{
    return item->size ? strdup(d->text + item->file) : dc3_path_join(d->path, d->text + item->key);
}

dc3_status dc3_dataset_stamp(const dc3_dataset *d, int64_t i, dc3_stamp *stamp)
{
    const dc3_item *item = &d->items[i];
    struct stat info;
    char *path = file_of(d, item);
    if (!path) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    dc3_status status = stat(path, &info) == 0
                            ? DC3_OK
                            : dc3_fail(DC3_ERR_IO, "%s: cannot be looked at: %s", path, strerror(errno));
    free(path);
    if (status != DC3_OK) return status;
    stamp->size = item->size ? (int64_t)item->size : (int64_t)info.st_size;
    stamp->modified = (int64_t)info.st_mtim.tv_sec * 1000000000 + info.st_mtim.tv_nsec;
    return DC3_OK;
}

double dc3_dataset_bytes(const dc3_dataset *d, int64_t item)
{
    dc3_stamp stamp = {0};
    if (d->items[item].size) return (double)d->items[item].size;
    return dc3_dataset_stamp(d, item, &stamp) == DC3_OK ? (double)stamp.size : 0;
}

dc3_status dc3_dataset_hash(const dc3_dataset *d, int64_t i, uint64_t *hash)
{
    enum { MOST = 1 << 30 };
    const dc3_item *item = &d->items[i];
    char *path = file_of(d, item), *data = NULL;
    size_t size = item->size;
    void *part = NULL;
    if (!path) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    dc3_status status = item->size ? dc3_read_part(path, item->offset, item->size, &part)
                                   : dc3_file_read(path, MOST, &data, &size);
    if (status == DC3_OK) *hash = dc3_hash64(item->size ? part : data, size);
    free(part);
    free(data);
    free(path);
    return status;
}

dc3_status dc3_dataset_read(const dc3_dataset *d, int64_t item, int width, int height, dc3_fit fit,
                            dc3_image *image)
{
    return d->reader->read(d, &d->items[item], width, height, fit, image);
}
