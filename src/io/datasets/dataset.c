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
#include "io/datasets/filter.h"
#include "io/datasets/reader.h"
#include "io/found.h"

/* A new kind of dataset: one file and one entry here. */
static const dc3_reader *const readers[] = {&dc3_cifar_reader, &dc3_cifar_python_reader,
                                            &dc3_webdataset_reader, &dc3_manifest_reader, &dc3_folder_reader};

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

/* text: where the keys are. */
static int compare_items(const void *a, const void *b, void *text)
{
    const dc3_item *x = a, *y = b;
    const char *keys = text;
    if (x->label != y->label) return x->label < y->label ? -1 : 1;
    int order = strcmp(keys + x->key, keys + y->key);
    return order ? order : (x->offset > y->offset) - (x->offset < y->offset);
}

/* Classes without images go, so that the others are numbered as the stored folders will be. */
static dc3_status drop_empty(dc3_dataset *d)
{
    int64_t *counts = calloc(d->class_count + 1, sizeof *counts);
    int *place = malloc((d->class_count + 1) * sizeof *place), remaining = 0;
    dc3_status status = counts && place ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "%s: out of memory", d->path);
    for (int64_t i = 0; status == DC3_OK && i < d->size; i++) counts[d->items[i].label]++;
    for (size_t i = 0; status == DC3_OK && d->size && i < d->class_count; i++) {
        char *name = d->classes[i];
        place[i] = remaining;
        d->classes[i] = NULL; /* so that it stands in one place only, whatever fails */
        if (counts[i])
            d->classes[remaining++] = name;
        else {
            status = (g_hash_table_contains(d->lists, name) ? dc3_dataset_mention : dc3_dataset_remark)(
                d, "class '%s' has no images and is left out", name);
            free(name);
        }
    }
    for (int64_t i = 0; status == DC3_OK && i < d->size; i++) d->items[i].label = place[d->items[i].label];
    if (status == DC3_OK && d->size) d->class_count = (size_t)remaining;
    free(counts);
    free(place);
    return status;
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
        if (d->size) qsort_r(d->items, (size_t)d->size, sizeof *d->items, compare_items, d->text);
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
    if (dc3_path_what(path) != DC3_PATH_FILE)
        return dc3_fail(DC3_ERR_FORMAT, "%s: expected a folder or a file, found a pipe or a device", path);
    DC3_TRY(dc3_check_found_in(path, "a dataset"));
    const char *other = dc3_other_dataset(path);
    static const char *const archives[] = {".zip", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar", ".zst"};
    for (size_t i = 0; i < sizeof archives / sizeof *archives; i++)
        if (dc3_ends_with(path, archives[i]))
            return dc3_fail(DC3_ERR_FORMAT,
                            "%s: expected a folder or a .tar file, found an archive; unpack it and give the "
                            "folder with a folder for each class",
                            path);
    if (other)
        return dc3_fail(DC3_ERR_FORMAT,
                        "%s: expected a folder with a folder for each class, found %s, which are "
                        "not read; save the images as DATA/<class>/<image>",
                        path, other);
    if (dc3_is_image_name(path))
        return dc3_fail(DC3_ERR_FORMAT,
                        "%s: expected a folder with a folder for each class, found one image; give the "
                        "folder above its class's",
                        path);
    char found[DC3_FOUND_TEXT];
    return dc3_fail(
        DC3_ERR_FORMAT,
        "%s: expected a folder with a folder for each class, a .tar file, a CIFAR .bin by its usual "
        "name or a manifest (.csv with the columns path and label, .jsonl with these members), found "
        "%s",
        path, dc3_found_in(path, found));
}

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* Puts "; did you mean DATA/NAME?" into `hint` where a folder of DATA is a dataset of another kind than
 * folders, or else what DATA holds in place of images. */
static void hint_below(const dc3_dataset *d, char *hint, size_t size)
{
    struct dirent **entries;
    int count;
    *hint = 0;
    if (d->foreign)
        snprintf(hint, size, "; it holds %s, which are not read: save the images as DATA/<class>/<image>",
                 d->foreign);
    if (d->reader != &dc3_folder_reader || dc3_list(d->path, is_visible, &entries, &count) != DC3_OK) return;
    int found = 0;
    for (int i = 0; i < count && !found; i++) {
        char *below = dc3_path_join(d->path, entries[i]->d_name);
        const dc3_reader *reader = below && dc3_path_what(below) == DC3_PATH_FOLDER ? reader_of(below) : NULL;
        found = reader && reader != &dc3_folder_reader;
        if (found) snprintf(hint, size, "; did you mean %s?", below);
        free(below);
    }
    dc3_list_free(entries, count);
}

/* With what was noted on the way: it is why there are none. */
static dc3_status no_images(const dc3_dataset *d)
{
    enum { SHOWN = 4 };
    char *text[SHOWN + 1] = {0}, hint[600];
    hint_below(d, hint, sizeof hint);
    for (size_t i = 0; i < d->note_count && i < SHOWN; i++) text[i] = d->notes[i].text;
    char *notes = g_strjoinv("; ", text);
    dc3_status status = dc3_fail(
        DC3_ERR_FORMAT, "%s: found no images; expected %s%s%s%s%s%s", d->path,
        d->reader == &dc3_manifest_reader ? "rows of images" : "a folder for each class with images in it",
        hint, *notes ? " (" : "", notes, d->note_count > SHOWN ? "; .." : "", *notes ? ")" : "");
    g_free(notes);
    return status;
}

static dc3_status nothing_there(const char *path)
{
    const char *hint = "";
    if (strstr(path, "://") || strncmp(path, "pipe:", 5) == 0)
        hint = "; nothing is read from a network: download it first";
    else if (strpbrk(path, "*?") || (strchr(path, '{') && strstr(path, "..")))
        hint = "; patterns are not followed: give the folder of the tars";
    return dc3_fail(DC3_ERR_IO,
                    "%s: expected a dataset (a folder with a folder per class, CIFAR binaries, tars or a "
                    "manifest), found nothing there%s",
                    *path ? path : "''", hint);
}

/* What only some kinds of datasets have a meaning for. */
static dc3_status check_choice(const dc3_dataset *d)
{
    const dc3_choice *c = d->choice;
    if (c && c->split && d->reader != &dc3_manifest_reader)
        return dc3_fail_setting(d->test ? "val_split" : "split",
                                "chooses rows of a manifest, a .csv or .jsonl file; %s is none", d->path);
    if (c && c->unlabelled && d->reader != &dc3_folder_reader)
        return dc3_fail_setting("unlabelled", "expected a folder of images, %s is none", d->path);
    return DC3_OK;
}

dc3_status dc3_dataset_open_chosen(const char *path, const dc3_choice *choice, int test,
                                   void (*progress)(void *, int64_t), void *user, dc3_dataset **out)
{
    *out = NULL;
    if (dc3_path_what(path) == DC3_PATH_MISSING) return nothing_there(path);
    dc3_dataset *d = *out = calloc(1, sizeof *d);
    if (d) d->spool = -1;
    if (!d || !(d->path = strdup(path))) {
        dc3_dataset_close(out);
        return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    }
    d->test = test;
    d->choice = choice;
    d->progress = progress;
    d->user = user;
    d->reader = reader_of(path);
    d->skipped = g_ptr_array_new_with_free_func(g_free);
    d->labels = g_hash_table_new(g_str_hash, g_str_equal);
    d->lists = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    dc3_status status = d->reader ? check_choice(d) : other_file(path);
    if (status == DC3_OK) status = d->reader->open(path, d);
    g_hash_table_destroy(d->labels);
    d->labels = NULL;
    if (status == DC3_OK) status = dc3_dataset_note_passed(d);
    if (status == DC3_OK) status = dc3_dataset_filter(d);
    if (status == DC3_OK) status = drop_empty(d);
    if (status == DC3_OK && d->size) status = dc3_dataset_note_alike(d);
    if (status == DC3_OK) status = dc3_dataset_count_notes(d);
    if (status == DC3_OK) status = sort(d);
    if (status == DC3_OK && d->size == 0) status = no_images(d);
    if (status == DC3_OK && !(d->heard = calloc((size_t)d->size, sizeof *d->heard)))
        status = dc3_fail(DC3_ERR_MEMORY, "%s: out of memory", path);
    d->choice = NULL;
    if (status != DC3_OK) dc3_dataset_close(out);
    return status;
}

int dc3_dataset_filtered(const dc3_dataset *d)
{
    return d->filtered;
}

dc3_status dc3_dataset_open(const char *path, dc3_dataset **dataset)
{
    return dc3_dataset_open_chosen(path, NULL, 0, NULL, NULL, dataset);
}

dc3_status dc3_dataset_open_with_progress(const char *path, void (*progress)(void *user, int64_t found),
                                          void *user, dc3_dataset **dataset)
{
    return dc3_dataset_open_chosen(path, NULL, 0, progress, user, dataset);
}

dc3_status dc3_dataset_open_test(const char *path, dc3_dataset **dataset)
{
    return dc3_dataset_open_chosen(path, NULL, 1, NULL, NULL, dataset);
}

void dc3_dataset_close(dc3_dataset **dataset)
{
    dc3_dataset *d = *dataset;
    if (!d) return;
    for (size_t i = 0; i < d->class_count; i++) free(d->classes[i]);
    for (size_t i = 0; i < d->note_count; i++) free(d->notes[i].text);
    if (d->skipped) g_ptr_array_free(d->skipped, TRUE);
    if (d->lists) g_hash_table_destroy(d->lists);
    if (d->spool >= 0) close(d->spool);
    free(d->classes);
    free(d->notes);
    free(d->items);
    free(d->heard);
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

int dc3_dataset_groups(const dc3_dataset *d)
{
    return d->groups;
}

int dc3_dataset_group(const dc3_dataset *d, int64_t item)
{
    return d->items[item].group;
}

uint64_t dc3_dataset_listing(const dc3_dataset *d)
{
    uint64_t hash = 0;
    for (int64_t i = 0; i < d->size; i++) {
        const char *key = dc3_dataset_key(d, i);
        uint64_t all[] = {hash, dc3_hash64(key, strlen(key)), (uint64_t)dc3_dataset_label(d, i)};
        hash = dc3_hash64(all, sizeof all);
    }
    return hash;
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
    return d->notes[i].text;
}

const char *dc3_dataset_fault(const dc3_dataset *d)
{
    for (size_t i = 0; i < d->note_count; i++)
        if (!d->notes[i].harmless) return d->notes[i].text;
    return NULL;
}

size_t dc3_dataset_skipped(const dc3_dataset *d)
{
    return d->skipped->len / 2;
}

const char *dc3_dataset_skipped_key(const dc3_dataset *d, size_t i)
{
    return g_ptr_array_index(d->skipped, 2 * i);
}

const char *dc3_dataset_skipped_reason(const dc3_dataset *d, size_t i)
{
    return g_ptr_array_index(d->skipped, 2 * i + 1);
}

dc3_status dc3_dataset_check_skipped(const dc3_dataset *d)
{
    if (!dc3_dataset_skipped(d)) return DC3_OK;
    return dc3_fail(DC3_ERR_FORMAT, "%s (%s)", dc3_dataset_skipped_reason(d, 0), dc3_setting("strict"));
}

/* The file that holds an item, all of it or a part of `size` bytes; caller frees. */
static char *file_of(const dc3_dataset *d, const dc3_item *item)
{
    return item->size || item->listed ? strdup(d->text + item->file)
                                      : dc3_path_join(d->path, d->text + item->key);
}

char *dc3_dataset_file(const dc3_dataset *d, int64_t item)
{
    return d->items[item].size ? NULL : file_of(d, &d->items[item]);
}

int dc3_dataset_has_files(const dc3_dataset *d)
{
    return d->reader != &dc3_cifar_reader && d->reader != &dc3_cifar_python_reader;
}

dc3_status dc3_dataset_ending(const dc3_dataset *d, int64_t item, char text[DC3_ENDING_TEXT])
{
    const char *key = dc3_dataset_key(d, item), *ending = strrchr(key, '.');
    dc3_image_source *source = NULL;
    if (!dc3_is_image_name(key)) {
        if (dc3_dataset_source(d, item, &source) == DC3_ERR_MEMORY) return DC3_ERR_MEMORY;
        ending = source ? dc3_image_source_ending(source) : "";
    }
    snprintf(text, DC3_ENDING_TEXT, "%s", *ending ? ending : ".img");
    dc3_image_source_close(&source);
    return DC3_OK;
}

dc3_status dc3_dataset_stamp(const dc3_dataset *d, int64_t i, dc3_stamp *stamp)
{
    const dc3_item *item = &d->items[i];
    struct stat info;
    char *path = file_of(d, item);
    if (!path) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    dc3_status status = stat(path, &info) == 0
                            ? DC3_OK
                            : dc3_fail(DC3_ERR_IO, "%s: cannot be examined: %s", path, strerror(errno));
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

dc3_status dc3_dataset_hash(const dc3_dataset *d, int64_t item, uint64_t *hash)
{
    dc3_image_source *source;
    DC3_TRY(dc3_dataset_source(d, item, &source));
    *hash = dc3_image_source_hash(source);
    dc3_image_source_close(&source);
    return DC3_OK;
}

dc3_status dc3_dataset_source(const dc3_dataset *d, int64_t item, dc3_image_source **source)
{
    *source = NULL;
    DC3_TRY(d->reader->source(d, &d->items[item], source));
    dc3_image_source_hear(*source, &d->heard[item]);
    return DC3_OK;
}

dc3_status dc3_dataset_read(const dc3_dataset *d, int64_t item, int width, int height, dc3_fit fit,
                            dc3_image *image)
{
    dc3_image_source *source;
    *image = (dc3_image){0};
    DC3_TRY(dc3_dataset_source(d, item, &source));
    dc3_status status = dc3_image_source_read(source, width, height, fit, 0, image);
    dc3_image_source_close(&source);
    return status;
}
