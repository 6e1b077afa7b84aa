/* CIFAR-10 and CIFAR-100 binaries: records of one or two label bytes and 3,072 bytes of red, green and blue
 * planes of 32 x 32 pixels (Krizhevsky 2009). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "base/file.h"
#include "io/reader.h"

enum { SIDE = 32, PLANE = SIDE * SIDE, PIXELS = 3 * PLANE };

static int is_batch(const char *name)
{
    return (strncmp(name, "data_batch_", 11) == 0 && dc3_ends_with(name, ".bin")) ||
           strcmp(name, "train.bin") == 0;
}

static int batch_entry(const struct dirent *entry)
{
    return is_batch(entry->d_name);
}

static int probe(const char *path)
{
    return dc3_list_has(path, batch_entry);
}

/* Class names from a file with a name a line, or the numbers. */
static dc3_status name_classes(const char *path, int hundred, dc3_dataset *d)
{
    char *file = dc3_path_join(path, hundred ? "fine_label_names.txt" : "batches.meta.txt"), *text = NULL;
    size_t size;
    int label, count = hundred ? 100 : 10;
    dc3_status status = DC3_OK;
    if (file && dc3_path_what(file) == DC3_PATH_FILE) {
        status = dc3_file_read(file, 1 << 16, &text, &size);
        char *rest = text, *line;
        while (status == DC3_OK && (line = strsep(&rest, "\r\n")))
            if (*line && (int)d->class_count < count) status = dc3_dataset_class(d, line, &label);
    }
    char number[16];
    for (int i = (int)d->class_count; status == DC3_OK && i < count; i++) {
        snprintf(number, sizeof number, hundred ? "%02d" : "%d", i);
        status = dc3_dataset_class(d, number, &label);
    }
    free(text);
    free(file);
    return status;
}

static dc3_status add_batch(const char *path, const char *name, int hundred, dc3_dataset *d)
{
    char *file = dc3_path_join(path, name), key[320];
    dc3_mapping map;
    if (!file) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    dc3_status status = dc3_map_open(file, &map);
    size_t record = PIXELS + (hundred ? 2 : 1), at;
    if (status == DC3_OK && map.size % record != 0)
        status = dc3_fail(DC3_ERR_FORMAT, "%s: expected a multiple of %zu bytes, found %zu", file, record,
                          map.size);
    if (status == DC3_OK) status = dc3_dataset_text(d, file, &at);
    for (size_t i = 0; status == DC3_OK && i < map.size / record; i++) {
        int label = map.data[i * record + (hundred ? 1 : 0)];
        dc3_item item = {.label = label, .file = at, .offset = (i + 1) * record - PIXELS, .size = PIXELS};
        if (label >= (int)d->class_count)
            status = dc3_fail(DC3_ERR_FORMAT, "%s: record %zu: expected a label below %zu, found %d", file, i,
                              d->class_count, label);
        snprintf(key, sizeof key, "%.250s/%05zu", name, i);
        if (status == DC3_OK) status = dc3_dataset_text(d, key, &item.key);
        if (status == DC3_OK) status = dc3_dataset_add(d, item);
    }
    dc3_map_close(&map);
    free(file);
    return status;
}

static dc3_status open_cifar(const char *path, dc3_dataset *d)
{
    struct dirent **entries;
    int count;
    DC3_TRY(dc3_list(path, batch_entry, &entries, &count));
    int hundred = strcmp(entries[count - 1]->d_name, "train.bin") == 0;
    dc3_status status = name_classes(path, hundred, d);
    for (int i = 0; i < count && status == DC3_OK; i++)
        status = add_batch(path, entries[i]->d_name, hundred, d);
    dc3_list_free(entries, count);
    return status;
}

static dc3_status read_item(const dc3_dataset *d, const dc3_item *item, int width, int height, dc3_fit fit,
                            dc3_image *image)
{
    void *planes;
    *image = (dc3_image){0};
    DC3_TRY(dc3_read_part(d->text + item->file, item->offset, item->size, &planes));
    uint8_t pixels[PIXELS];
    for (int i = 0; i < PLANE; i++)
        for (int c = 0; c < 3; c++) pixels[3 * i + c] = ((const uint8_t *)planes)[c * PLANE + i];
    free(planes);
    dc3_image own = {SIDE, SIDE, pixels};
    return dc3_image_resize(&own, width ? width : SIDE, height ? height : SIDE, fit, image);
}

const dc3_reader dc3_cifar_reader = {"CIFAR binaries", probe, open_cifar, read_item};
