#include "io/datasets/shards.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "io/datasets/leftovers.h"
#include "io/datasets/parts.h"
#include "io/datasets/tar_shard.h"

static int is_tar(const struct dirent *entry)
{
    return entry->d_name[0] != '.' && dc3_is_tar_name(entry->d_name);
}

static int is_folder(const struct dirent *entry)
{
    return !dc3_is_leftover(entry->d_name);
}

/* PyTorch's checkpoints are called .pth.tar too: a zip file or a pickle. */
static int is_checkpoint(const char *path)
{
    char data[4] = "";
    FILE *file = fopen(path, "rb");
    size_t size = file ? fread(data, 1, sizeof data, file) : 0;
    if (file) fclose(file);
    return size == sizeof data && (memcmp(data, "PK\3\4", 4) == 0 || (data[0] == (char)0x80 && data[1] == 2));
}

/* A folder of shards has no folders beside them: where it has, the tar is what a folder of classes came in.
 */
int dc3_shards_probe(const char *path)
{
    if (dc3_path_what(path) == DC3_PATH_FILE) return dc3_is_tar_name(path) && !is_checkpoint(path);
    return dc3_has_file(path, is_tar) && !dc3_has_folder(path, is_folder);
}

/* Of tars of several parts (train-000.tar, val-000.tar) those that are not wanted go: tests in place of
 * training images, or the reverse. */
static dc3_status choose_part(dc3_dataset *d, struct dirent **entries, int *count)
{
    int parts[4] = {0}, kept = 0, all = *count;
    for (int i = 0; i < all; i++) parts[dc3_part_in(entries[i]->d_name)]++;
    if (!parts[DC3_PART_TRAIN] || !(parts[DC3_PART_VAL] + parts[DC3_PART_TEST])) return DC3_OK;
    dc3_part wanted = !d->test ? DC3_PART_TRAIN : parts[DC3_PART_VAL] ? DC3_PART_VAL : DC3_PART_TEST;
    for (int i = 0; i < all; i++) {
        dc3_part part = dc3_part_in(entries[i]->d_name);
        if (part == wanted || (!d->test && part == DC3_PART_NONE))
            entries[kept++] = entries[i];
        else
            free(entries[i]);
    }
    *count = kept;
    return dc3_dataset_mention(d, "%d of %d tars are read, which are the %s by their names (%s and the like)",
                               kept, all, d->test ? "tests" : "training images", entries[0]->d_name);
}

static int is_image(const struct dirent *entry)
{
    return !dc3_is_leftover(entry->d_name) && dc3_is_image_name(entry->d_name);
}

static dc3_status note_images(dc3_dataset *d)
{
    struct dirent **entries;
    int count;
    DC3_TRY(dc3_list_files(d->path, is_image, &entries, &count));
    dc3_list_free(entries, count);
    if (!count) return DC3_OK;
    return dc3_dataset_remark(d, "%d image%s beside the tars, skipped", count,
                              count == 1 ? " lies" : "s lie");
}

dc3_status dc3_shards_list(dc3_dataset *d, struct dirent ***entries, int *count)
{
    DC3_TRY(note_images(d));
    DC3_TRY(dc3_list_files(d->path, is_tar, entries, count));
    dc3_status status = choose_part(d, *entries, count);
    if (status != DC3_OK) dc3_list_free(*entries, *count);
    return status;
}

/* text: where the keys are. */
static int by_key(const void *a, const void *b, void *text)
{
    const dc3_item *x = a, *y = b;
    int order = strcmp((const char *)text + x->key, (const char *)text + y->key);
    return order ? order : (x->offset > y->offset) - (x->offset < y->offset);
}

/* Of images of one name in one tar the last stays. */
dc3_status dc3_shards_drop_repeated(dc3_dataset *d, long repeated)
{
    int64_t kept = 0;
    if (d->size) qsort_r(d->items, (size_t)d->size, sizeof *d->items, by_key, d->text);
    for (int64_t i = 0; i < d->size; i++) {
        int again = i + 1 < d->size && strcmp(d->text + d->items[i].key, d->text + d->items[i + 1].key) == 0;
        repeated += again;
        if (!again) d->items[kept++] = d->items[i];
    }
    d->size = kept;
    if (!repeated) return DC3_OK;
    return dc3_dataset_mention(d, "%ld image%s replaced by a later one of the same name in the same tar",
                               repeated, repeated == 1 ? " is" : "s are");
}
