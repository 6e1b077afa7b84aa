/* CIFAR-10 and CIFAR-100 binaries: records of one or two label bytes and 3,072 bytes of red, green and blue
 * planes of 32 x 32 pixels (Krizhevsky 2009). A folder's training images are in data_batch_*.bin or
 * train.bin, its tests in test_batch.bin or test.bin; a path may also name one of the files. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "base/file.h"
#include "io/datasets/cifar.h"
#include "io/found.h"

enum { SIDE = 32, PLANE = SIDE * SIDE, PIXELS = DC3_CIFAR_PIXELS };

static int is_hundred(const char *name)
{
    return strcmp(name, "train.bin") == 0 || strcmp(name, "test.bin") == 0;
}

static int is_train(const struct dirent *entry)
{
    const char *name = entry->d_name;
    return (strncmp(name, "data_batch_", 11) == 0 && dc3_ends_with(name, ".bin")) ||
           strcmp(name, "train.bin") == 0;
}

static int is_test(const struct dirent *entry)
{
    return strcmp(entry->d_name, "test_batch.bin") == 0 || strcmp(entry->d_name, "test.bin") == 0;
}

static int is_batch(const struct dirent *entry)
{
    return is_train(entry) || is_test(entry);
}

struct dirent dc3_cifar_entry(const char *path)
{
    struct dirent entry = {0};
    const char *slash = strrchr(path, '/');
    snprintf(entry.d_name, sizeof entry.d_name, "%s", slash ? slash + 1 : path);
    return entry;
}

static int probe(const char *path)
{
    struct dirent entry = dc3_cifar_entry(path);
    return dc3_path_what(path) == DC3_PATH_FILE ? is_batch(&entry) : dc3_has_file(path, is_batch);
}

dc3_status dc3_cifar_name_class(const char *origin, const char *name, dc3_dataset *d)
{
    int label, next = (int)d->class_count;
    DC3_TRY(dc3_dataset_class(d, name, &label));
    if (label == next) return DC3_OK;
    return dc3_fail(DC3_ERR_FORMAT, "%s: classes %d and %d are both called '%.80s'", origin, label, next,
                    name);
}

dc3_status dc3_cifar_number_classes(const char *origin, int count, dc3_dataset *d)
{
    char number[16];
    for (int i = (int)d->class_count; i < count; i++) {
        snprintf(number, sizeof number, count > 10 ? "%02d" : "%d", i);
        DC3_TRY(dc3_cifar_name_class(origin, number, d));
    }
    return DC3_OK;
}

dc3_status dc3_cifar_add(dc3_dataset *d, const char *name, size_t place, dc3_item item)
{
    char key[320];
    if (item.label < 0 || item.label >= (int)d->class_count)
        return dc3_fail(DC3_ERR_FORMAT, "%s: record %zu: expected a label below %zu, found %d",
                        d->text + item.file, place, d->class_count, item.label);
    snprintf(key, sizeof key, "%.250s/%05zu", name, place);
    DC3_TRY(dc3_dataset_text(d, key, &item.key));
    return dc3_dataset_add(d, item);
}

/* Class names from a file with a name a line, or the numbers. */
static dc3_status name_classes(const char *path, int hundred, dc3_dataset *d)
{
    char *file = dc3_path_join(path, hundred ? "fine_label_names.txt" : "batches.meta.txt"), *text = NULL;
    size_t size;
    int count = hundred ? 100 : 10;
    dc3_status status = file ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (file && dc3_path_what(file) == DC3_PATH_FILE) {
        status = dc3_file_read(file, 1 << 16, &text, &size);
        if (status == DC3_OK) status = dc3_check_found(file, "names of classes", text, size);
        char *rest = text, *line;
        while (status == DC3_OK && (line = strsep(&rest, "\r\n")))
            if (*line && (int)d->class_count < count) status = dc3_cifar_name_class(file, line, d);
    }
    if (status == DC3_OK) status = dc3_cifar_number_classes(file, count, d);
    free(text);
    free(file);
    return status;
}

static dc3_status add_batch(const char *path, const char *name, int hundred, dc3_dataset *d)
{
    char *file = dc3_path_join(path, name);
    dc3_mapping map;
    if (!file) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    dc3_status status = dc3_map_open(file, &map);
    size_t record = PIXELS + (hundred ? 2 : 1), at;
    if (status == DC3_OK) status = dc3_check_found(file, "a CIFAR binary", map.data, map.size);
    if (status == DC3_OK && !map.size)
        status = dc3_fail(DC3_ERR_FORMAT, "%s: expected a CIFAR binary, found an empty file", file);
    if (status == DC3_OK && map.size % record != 0)
        status = dc3_fail(DC3_ERR_FORMAT, "%s: expected a multiple of %zu bytes, found %zu", file, record,
                          map.size);
    if (status == DC3_OK) status = dc3_dataset_text(d, file, &at);
    for (size_t i = 0; status == DC3_OK && i < map.size / record; i++) {
        int label = map.data[i * record + (hundred ? 1 : 0)];
        dc3_item item = {.label = label, .file = at, .offset = (i + 1) * record - PIXELS, .size = PIXELS};
        status = dc3_cifar_add(d, name, i, item);
    }
    dc3_map_close(&map);
    free(file);
    return status;
}

static dc3_status open_file(const char *path, dc3_dataset *d)
{
    struct dirent entry = dc3_cifar_entry(path);
    size_t length = strlen(path) - strlen(entry.d_name);
    char *folder = length ? strndup(path, length) : strdup(".");
    if (!folder) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    dc3_status status = name_classes(folder, is_hundred(entry.d_name), d);
    if (status == DC3_OK) status = add_batch(folder, entry.d_name, is_hundred(entry.d_name), d);
    free(folder);
    return status;
}

static dc3_status add_batches(const char *path, struct dirent **entries, int count, dc3_dataset *d)
{
    const char *last = entries[count - 1]->d_name;
    int hundred = is_hundred(last);
    DC3_TRY(name_classes(path, hundred, d));
    for (int i = 0; i < count; i++) DC3_TRY(add_batch(path, entries[i]->d_name, hundred, d));
    return d->test
               ? dc3_dataset_remark(d, "%s: tests are the %lld images of %s", path, (long long)d->size, last)
               : DC3_OK;
}

/* The training images of a folder, or the tests. */
static dc3_status open_cifar(const char *path, dc3_dataset *d)
{
    struct dirent **entries;
    int count;
    if (dc3_path_what(path) == DC3_PATH_FILE) return open_file(path, d);
    DC3_TRY(dc3_list_files(path, d->test ? is_test : is_train, &entries, &count));
    dc3_status status;
    if (count > 0 && !(d->test && count > 1))
        status = add_batches(path, entries, count, d);
    else
        status = dc3_fail(DC3_ERR_FORMAT,
                          "%s: expected %s, found %s; a file's own name is taken too, as %s/%s", path,
                          d->test ? "test_batch.bin or test.bin to test on" : "data_batch_*.bin or train.bin",
                          count     ? "both"
                          : d->test ? "training images only"
                                    : "tests only",
                          path, d->test ? "data_batch_5.bin" : "test_batch.bin");
    dc3_list_free(entries, count);
    return status;
}

dc3_status dc3_cifar_source(const dc3_dataset *d, const dc3_item *item, dc3_image_source **source)
{
    void *planes;
    dc3_image own;
    const char *file = d->text + item->file;
    DC3_TRY(item->spooled ? dc3_read_part_of(d->spool, file, item->offset, item->size, &planes)
                          : dc3_read_part(file, item->offset, item->size, &planes));
    if (!dc3_image_allocate(SIDE, SIDE, &own)) {
        free(planes);
        return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    }
    for (int i = 0; i < PLANE; i++)
        for (int c = 0; c < 3; c++) own.pixels[3 * i + c] = ((const uint8_t *)planes)[c * PLANE + i];
    return dc3_image_source_of_pixels(d->text + item->key, planes, item->size, &own, source);
}

const dc3_reader dc3_cifar_reader = {"CIFAR binaries", probe, open_cifar, dc3_cifar_source};
