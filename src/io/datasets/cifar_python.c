/* CIFAR-10 and CIFAR-100 as Python pickles (Krizhevsky 2009), which torchvision keeps too: each batch is a
 * dict with "data", a NumPy array of bytes [n, 3072], and "labels" or "fine_labels", a list of n numbers;
 * batches.meta or meta has the classes' names. The pickles are read without executing anything
 * (pth_pickle.h), of protocols 0 to 5. The bytes of the images stay in the file, and are read from there as
 * those of the binaries are, unless they stand there as a text (Python 3, protocols 0 to 2) or in Fortran's
 * order: they are spooled then. */
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "io/datasets/cifar.h"
#include "io/found.h"
#include "io/pth/pth_pickle.h"

static int is_hundred(const char *name)
{
    return strcmp(name, "train") == 0 || strcmp(name, "test") == 0;
}

static int is_train(const struct dirent *entry)
{
    const char *name = entry->d_name;
    if (strcmp(name, "train") == 0) return 1;
    return strncmp(name, "data_batch_", 11) == 0 && name[11] &&
           strspn(name + 11, "0123456789") == strlen(name + 11);
}

static int is_test(const struct dirent *entry)
{
    const char *name = entry->d_name;
    return strcmp(name, "test_batch") == 0 || strcmp(name, "test") == 0;
}

static int is_meta(const struct dirent *entry)
{
    return strcmp(entry->d_name, "meta") == 0 || strcmp(entry->d_name, "batches.meta") == 0;
}

static int is_ten(const struct dirent *entry)
{
    return !is_hundred(entry->d_name) && (is_train(entry) || is_test(entry));
}

static int is_batch(const struct dirent *entry)
{
    return is_train(entry) || is_test(entry);
}

/* The folder that a file stands in, new memory. */
static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
}

/* Files called train and test are CIFAR-100's only beside its meta. */
static int probe(const char *path)
{
    if (dc3_path_what(path) != DC3_PATH_FILE)
        return dc3_has_file(path, is_ten) || (dc3_has_file(path, is_meta) && dc3_has_file(path, is_batch));
    struct dirent entry = dc3_cifar_entry(path);
    char *folder = folder_of(path);
    int found = is_ten(&entry) || (is_batch(&entry) && folder && dc3_has_file(folder, is_meta));
    free(folder);
    return found;
}

/* The value under a key that is a text or, as a file written again may have it, bytes. */
static const dc3_pickle_value *find(const dc3_pickle_value *dict, const char *key)
{
    size_t length = strlen(key);
    for (size_t i = 0; dict->kind == DC3_PICKLE_DICT && i + 1 < dict->size; i += 2) {
        const dc3_pickle_value *name = dict->items[i];
        if ((name->kind == DC3_PICKLE_TEXT || name->kind == DC3_PICKLE_OTHER) && name->text &&
            name->size == length && memcmp(name->text, key, length) == 0)
            return dict->items[i + 1];
    }
    return NULL;
}

/* Text or bytes; NULL for others. */
static const dc3_pickle_value *bytes_of(const dc3_pickle_value *value)
{
    int is_bytes =
        value && (value->kind == DC3_PICKLE_TEXT || value->kind == DC3_PICKLE_OTHER) && value->text;
    return is_bytes ? value : NULL;
}

/* What a batch has of images: where they start in the file or the spool. */
typedef struct pixels {
    size_t size; /* bytes; 0: none were found */
    uint64_t offset;
    int spooled;
} pixels;

/* Spools an array, or bytes alone (`array` NULL), in the order of the images. */
static dc3_status spool(const dc3_pickle_value *array, const dc3_pickle_value *bytes, const char *file,
                        dc3_dataset *d, dc3_tensor *t)
{
    if (array)
        DC3_TRY(dc3_pickle_array_copy(array, t));
    else {
        size_t size = dc3_bytes(t);
        if (!(t->data = malloc(size))) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
        dc3_pickle_decode(bytes, t->data, &size);
    }
    dc3_status status = dc3_dataset_spool(d, file, t->data, dc3_bytes(t));
    free(t->data);
    return status;
}

/* `data`: an array of bytes, or bytes; of `size` in all, or nothing is taken. */
static dc3_status find_pixels(const dc3_pickle_value *data, const unsigned char *start, const char *file,
                              size_t size, dc3_dataset *d, pixels *found)
{
    dc3_tensor t = {0};
    int fortran = 0, is_array = dc3_pickle_array(data, &t) && dc3_dtype_size(t.dtype) == 1;
    const dc3_pickle_value *bytes = is_array ? dc3_pickle_array_bytes(data, &fortran) : bytes_of(data);
    *found = (pixels){0};
    if (!bytes || !dc3_pickle_decode(bytes, NULL, &found->size) || found->size != size || !size)
        return DC3_OK;
    if (!is_array) t = dc3_view(NULL, DC3_U8, 1, (int64_t[]){(int64_t)size});
    found->spooled = fortran || bytes->number != DC3_PICKLE_PLAIN;
    found->offset = found->spooled ? d->spool_size : (uint64_t)(bytes->text - start);
    return found->spooled ? spool(is_array ? data : NULL, bytes, file, d, &t) : DC3_OK;
}

/* The images of one pickle, which is mapped. */
static dc3_status add_images(const dc3_pickle_value *root, const unsigned char *start, const char *file,
                             const char *name, dc3_dataset *d)
{
    int hundred = is_hundred(name);
    const dc3_pickle_value *labels = find(root, hundred ? "fine_labels" : "labels");
    size_t n = labels && labels->kind == DC3_PICKLE_LIST ? labels->size : 0, at;
    pixels found;
    DC3_TRY(find_pixels(find(root, "data"), start, file, n * DC3_CIFAR_PIXELS, d, &found));
    if (!n || found.size != n * DC3_CIFAR_PIXELS)
        return dc3_fail(
            DC3_ERR_FORMAT,
            "%s: expected a batch of CIFAR (\"data\" of %d bytes for each of its labels), found %zu labels "
            "and %zu bytes; the binary version (cifar-%s-binary.tar.gz) is read, too, once it is unpacked",
            file, DC3_CIFAR_PIXELS, n, found.size, hundred ? "100" : "10");
    DC3_TRY(dc3_dataset_text(d, file, &at));
    for (size_t i = 0; i < n; i++) {
        const dc3_pickle_value *label = labels->items[i];
        int is_label = label->kind == DC3_PICKLE_INT && label->number >= 0 && label->number < DC3_CLASS_LIMIT;
        dc3_item item = {.label = is_label ? (int)label->number : -1,
                         .file = at,
                         .offset = found.offset + i * DC3_CIFAR_PIXELS,
                         .size = DC3_CIFAR_PIXELS,
                         .spooled = found.spooled};
        DC3_TRY(dc3_cifar_add(d, name, i, item));
    }
    return DC3_OK;
}

/* A list of names, each a class. */
static dc3_status add_names(const dc3_pickle_value *root, const char *file, int hundred, dc3_dataset *d)
{
    const dc3_pickle_value *names = find(root, hundred ? "fine_label_names" : "label_names");
    for (size_t i = 0; names && names->kind == DC3_PICKLE_LIST && i < names->size && i < (hundred ? 100 : 10);
         i++) {
        const dc3_pickle_value *name = bytes_of(names->items[i]);
        char *text = name && name->size ? strndup((const char *)name->text, name->size) : NULL;
        dc3_status status = text ? dc3_cifar_name_class(file, text, d) : DC3_OK;
        free(text);
        DC3_TRY(status);
        if (!name || !name->size) return DC3_OK; /* the others get numbers */
    }
    return DC3_OK;
}

/* Reads the pickle `name` of a folder: a batch, or with `meta` the names of classes. */
static dc3_status read_pickle(const char *folder, const char *name, int meta, int hundred, dc3_dataset *d)
{
    char *file = dc3_path_join(folder, name);
    dc3_mapping map = {0};
    dc3_pickle *pickle = NULL;
    size_t used;
    dc3_status status = file ? dc3_map_open(file, &map) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK) status = dc3_check_found(file, "a pickle of CIFAR", map.data, map.size);
    if (status == DC3_OK) status = dc3_pickle_load(file, map.data, map.size, &pickle, &used);
    if (status == DC3_OK)
        status = meta ? add_names(dc3_pickle_root(pickle), file, hundred, d)
                      : add_images(dc3_pickle_root(pickle), map.data, file, name, d);
    dc3_pickle_close(&pickle);
    dc3_map_close(&map);
    free(file);
    return status;
}

/* Names from meta, if it is there, and numbers behind them. */
static dc3_status name_classes(const char *folder, int hundred, dc3_dataset *d)
{
    const char *meta = hundred ? "meta" : "batches.meta";
    char *file = dc3_path_join(folder, meta);
    if (!file) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    int is_there = dc3_path_what(file) == DC3_PATH_FILE;
    free(file);
    if (is_there) DC3_TRY(read_pickle(folder, meta, 1, hundred, d));
    return dc3_cifar_number_classes(folder, hundred ? 100 : 10, d);
}

static dc3_status open_file(const char *path, dc3_dataset *d)
{
    struct dirent entry = dc3_cifar_entry(path);
    int hundred = is_hundred(entry.d_name);
    char *folder = folder_of(path);
    if (!folder) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    dc3_status status = name_classes(folder, hundred, d);
    if (status == DC3_OK) status = read_pickle(folder, entry.d_name, 0, hundred, d);
    free(folder);
    return status;
}

static dc3_status add_batches(const char *path, struct dirent **entries, int count, dc3_dataset *d)
{
    int hundred = is_hundred(entries[count - 1]->d_name);
    DC3_TRY(name_classes(path, hundred, d));
    for (int i = 0; i < count; i++) DC3_TRY(read_pickle(path, entries[i]->d_name, 0, hundred, d));
    if (!d->test) return DC3_OK;
    return dc3_dataset_mention(d, "%s: tests are the %lld images of %s", path, (long long)d->size,
                               entries[0]->d_name);
}

/* The training images of a folder, or the tests. */
static dc3_status open_batches(const char *path, dc3_dataset *d)
{
    struct dirent **entries;
    int count;
    if (dc3_path_what(path) == DC3_PATH_FILE) return open_file(path, d);
    DC3_TRY(dc3_list_files(path, d->test ? is_test : is_train, &entries, &count));
    dc3_status status =
        count ? add_batches(path, entries, count, d)
              : dc3_fail(DC3_ERR_FORMAT, "%s: expected %s, found %s", path,
                         d->test ? "test_batch or test to test on" : "data_batch_1 and the like, or train",
                         d->test ? "training images only" : "tests only");
    dc3_list_free(entries, count);
    return status;
}

const dc3_reader dc3_cifar_python_reader = {"CIFAR Python batches", probe, open_batches, dc3_cifar_source};
