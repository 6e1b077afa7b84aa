/* WebDataset: tar shards with members KEY.jpg (or .png, .webp, ...) and KEY.cls, a class number or name, or
 * KEY.json with one (sample_label.h). As in the webdataset library, a key goes up to the first dot of the
 * base name, and what follows is the kind: KEY.seg.png is no image of the sample beside KEY.png, nor is a
 * second one of a key. But where KEY.001.cls stands beside KEY.001.jpg the two are a sample of their own.
 * Where all classes are numbers they are called as the .json says (tar_names.h), or written with as many
 * digits each, so that names and values have the same order. Where no shard has any label, folders in the
 * tars are the classes (tar_folders.h). The shards are listed once, with each image's place, and read by
 * that; members' names are never used as paths. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "base/file.h"
#include "base/text.h"
#include "io/datasets/class_numbers.h"
#include "io/datasets/leftovers.h"
#include "io/datasets/sample_label.h"
#include "io/datasets/shards.h"
#include "io/datasets/tar_folders.h"
#include "io/datasets/tar_labels.h"
#include "io/datasets/tar_names.h"
#include "io/datasets/tar_shard.h"

enum { LABEL_LIMIT = 256, PATH_LIMIT = 512, JSON_LIMIT = 1 << 20, SHOWN = 200 };

/* A sample that is being put together: its image and its class may come in either order. */
typedef struct sample {
    char key[PATH_LIMIT];
    char class_name[LABEL_LIMIT];                  /* of a .cls, or else of the .json */
    char number[LABEL_LIMIT], called[LABEL_LIMIT]; /* what the .json says of a .cls that is a number */
    char member[PATH_LIMIT];                       /* the image's; "": none yet */
    dc3_place place;
} sample;

typedef struct listing {
    dc3_dataset *dataset;
    const char *shard;     /* the tar's name */
    size_t file;           /* its path in the dataset's text */
    sample plain, dotted;  /* KEY.jpg, and KEY.001.jpg of the same key */
    char *json;            /* [JSON_LIMIT] */
    long labels;           /* members that are, of all shards */
    long spooled;          /* tars that are compressed */
    long repeated;         /* images that a later member of the same name replaces */
    dc3_tar_images images; /* without a label */
    GHashTable *apart;     /* labels without an image beside them */
    GHashTable *linked;    /* of the shard: members' names to arrays of the names of hard links to them */
    dc3_tar_survey survey;
    dc3_tar_names names;
} listing;

static dc3_status flush(listing *w, sample *s, int is_dotted)
{
    dc3_dataset *d = w->dataset;
    dc3_status status = DC3_OK;
    if (*s->member) {
        char key[1200];
        dc3_item item = {
            .file = w->file, .offset = s->place.offset, .size = s->place.size, .spooled = s->place.spooled};
        snprintf(key, sizeof key, "%s/%s", w->shard, s->member);
        status = dc3_dataset_text(d, key, &item.key);
        if (status == DC3_OK && *s->class_name) status = dc3_dataset_class(d, s->class_name, &item.label);
        if (*s->class_name) dc3_tar_names_add(&w->names, s->class_name, s->number, s->called);
        if (status == DC3_OK)
            status =
                *s->class_name ? dc3_dataset_add(d, item) : dc3_tar_images_add(&w->images, item, is_dotted);
    } else if (*s->class_name)
        dc3_tar_labels_keep(&w->apart, w->shard, s->key, s->class_name);
    *s = (sample){0};
    return status;
}

/* The sample that begins with the member's first `length` bytes: `s`, emptied if that is another's. */
static dc3_status turn_to(listing *w, sample *s, const char *name, size_t length, int is_dotted)
{
    if (strncmp(s->key, name, length) == 0 && !s->key[length]) return DC3_OK;
    DC3_TRY(flush(w, s, is_dotted));
    memcpy(s->key, name, length);
    s->key[length] = 0;
    return DC3_OK;
}

static dc3_status read_class(listing *w, dc3_tar *tar, sample *s)
{
    size_t got;
    w->labels++;
    DC3_TRY(dc3_tar_read(tar, s->class_name, LABEL_LIMIT, &got));
    dc3_label_of_text(s->class_name);
    return DC3_OK;
}

/* A .cls says more than a .json. */
static dc3_status read_json(listing *w, dc3_tar *tar, sample *s)
{
    size_t got;
    char label[LABEL_LIMIT], keys[DC3_TAR_KEYS];
    if (!w->json && !(w->json = malloc(JSON_LIMIT))) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (*s->class_name && w->names.off) return DC3_OK;
    DC3_TRY(dc3_tar_read(tar, w->json, JSON_LIMIT, &got));
    dc3_tar_names_of_json(&w->names, w->json, got, s->number, s->called, LABEL_LIMIT);
    if (*s->class_name) return DC3_OK;
    dc3_label_of_json(w->json, got, label, sizeof label, keys, sizeof keys);
    if (*label) {
        w->labels++;
        strcpy(s->class_name, label);
    } else if (!*w->survey.keys)
        strcpy(w->survey.keys, keys);
    return DC3_OK;
}

static dc3_status keep_image(listing *w, dc3_tar *tar, const char *name, sample *s)
{
    char key[1200];
    DC3_TRY(dc3_tar_keep(tar, w->dataset, &s->place));
    strcpy(s->member, s->place.size ? name : "");
    if (s->place.size) return DC3_OK;
    snprintf(key, sizeof key, "%s/%s", w->shard, name);
    return dc3_dataset_skip(w->dataset, key, "%s: an empty file", key);
}

/* The first image of a key is the sample's, and of one name the last, as tar unpacks it. Others of the key
 * (1.jpg beside 1.png) count only where folders are the classes. */
static dc3_status read_image(listing *w, dc3_tar *tar, const char *name, sample *s)
{
    sample other = {0};
    int is_same = strcmp(s->member, name) == 0;
    w->repeated += is_same;
    if (!*s->member || is_same) return keep_image(w, tar, name, s);
    if (w->labels) return DC3_OK;
    DC3_TRY(keep_image(w, tar, name, &other));
    return flush(w, &other, 1);
}

/* An image under a name that cannot be kept. */
static dc3_status pass_over(listing *w, const char *name)
{
    if (!*name)
        return dc3_dataset_remark(w->dataset, "%s: a member whose name cannot be read, skipped", w->shard);
    if (!dc3_is_image_name(name)) return DC3_OK;
    return dc3_dataset_remark(w->dataset,
                              "%s: the path '%.*s..' of an image has %zu bytes, more than %d, skipped",
                              w->shard, dc3_text_room(name, SHOWN), name, strlen(name), PATH_LIMIT - 1);
}

typedef enum kind { NEITHER, LABEL, JSON, IMAGE } kind;

static kind kind_of(const char *base, const char *ending)
{
    static const char *const labels[] = {".cls", ".class", ".label"};
    for (size_t i = 0; i < sizeof labels / sizeof *labels; i++)
        if (strcasecmp(ending, labels[i]) == 0) return LABEL;
    if (strcasecmp(ending, ".json") == 0) return JSON;
    /* Endings that say no format: the content does, when the image is read. */
    int is_some = strcasecmp(ending, ".image") == 0 || strcasecmp(ending, ".img") == 0;
    return is_some || dc3_is_image_name(base) ? IMAGE : NEITHER;
}

/* Hard links are followed once the shard is read; of symbolic ones only their number is kept. */
static void keep_link(listing *w, const dc3_tar *tar, const char *name)
{
    const char *target = dc3_tar_target(tar);
    if (!target) {
        dc3_passed_add(&w->dataset->links, name, 0);
        return;
    }
    if (!w->linked)
        w->linked = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_ptr_array_unref);
    GPtrArray *names = g_hash_table_lookup(w->linked, target);
    if (!names)
        g_hash_table_insert(w->linked, g_strdup(target), names = g_ptr_array_new_with_free_func(g_free));
    g_ptr_array_add(names, g_strdup(name));
}

static dc3_status member(listing *w, dc3_tar *tar, const char *name)
{
    if (!*name || strlen(name) >= PATH_LIMIT) return pass_over(w, name);
    const char *leftover = dc3_tar_leftover(name), *slash = strrchr(name, '/');
    if (leftover) {
        dc3_passed_add(&w->dataset->leftovers, leftover, 0);
        return DC3_OK;
    }
    dc3_tar_survey_add(&w->survey, name);
    const char *base = slash ? slash + 1 : name, *first = strchr(base, '.'), *last = strrchr(base, '.');
    if (!first) return DC3_OK;
    kind what = kind_of(base, last);
    if (dc3_tar_is_link(tar)) {
        if (what) keep_link(w, tar, name);
        return DC3_OK;
    }
    DC3_TRY(turn_to(w, &w->plain, name, (size_t)(first - name), 0));
    sample *s = first == last ? &w->plain : &w->dotted;
    if (dc3_unread_image_name(base)) dc3_passed_add(&w->dataset->unread, dc3_unread_image_name(base), 0);
    if (what == NEITHER) return DC3_OK;
    if (s == &w->dotted) DC3_TRY(turn_to(w, s, name, (size_t)(last - name), 1));
    return what == LABEL  ? read_class(w, tar, s)
           : what == JSON ? read_json(w, tar, s)
                          : read_image(w, tar, name, s);
}

static dc3_status add_members(listing *w, dc3_tar *tar)
{
    const char *name = NULL;
    DC3_TRY(dc3_tar_next(tar, &name));
    while (name) {
        DC3_TRY(member(w, tar, name));
        DC3_TRY(dc3_tar_next(tar, &name));
    }
    return DC3_OK;
}

/* One that hard links lead to, for each of them. */
static dc3_status take_links(listing *w, dc3_tar *tar, const char *target, const GPtrArray *names)
{
    sample found = {0};
    const char *slash = strrchr(target, '/'), *base = slash ? slash + 1 : target,
               *ending = strrchr(base, '.');
    kind what = ending ? kind_of(base, ending) : NEITHER;
    if (what == LABEL) DC3_TRY(read_class(w, tar, &found));
    if (what == JSON) DC3_TRY(read_json(w, tar, &found));
    if (what == IMAGE) DC3_TRY(keep_image(w, tar, target, &found));
    for (guint i = 0; i < names->len; i++) {
        sample one = found;
        const char *name = g_ptr_array_index(names, i), *last = strrchr(name, '.');
        slash = strrchr(name, '/');
        if (*one.member) strcpy(one.member, name);
        snprintf(one.key, sizeof one.key, "%.*s", (int)(last - name), name);
        DC3_TRY(flush(w, &one, strchr(slash ? slash + 1 : name, '.') != last));
    }
    return DC3_OK;
}

/* Reads the tar again for what hard links lead to. */
static dc3_status follow_links(listing *w, const char *path)
{
    dc3_tar *tar;
    const char *name = NULL;
    dc3_status status = dc3_tar_open(path, &tar);
    if (status == DC3_OK) status = dc3_tar_next(tar, &name);
    while (status == DC3_OK && name) {
        char *target = g_strdup(name);
        const GPtrArray *names = dc3_tar_is_link(tar) ? NULL : g_hash_table_lookup(w->linked, target);
        if (names) status = take_links(w, tar, target, names);
        if (names) g_hash_table_remove(w->linked, target); /* of several of one name the first */
        g_free(target);
        if (status == DC3_OK) status = dc3_tar_next(tar, &name);
    }
    dc3_tar_close(&tar);
    return status;
}

/* What a damaged tar lacks, and links to nothing in it, have no bytes anywhere. */
static void count_links(listing *w)
{
    GHashTableIter at;
    gpointer names;
    if (!w->linked) return;
    g_hash_table_iter_init(&at, w->linked);
    while (g_hash_table_iter_next(&at, NULL, &names))
        for (guint i = 0; i < ((GPtrArray *)names)->len; i++)
            dc3_passed_add(&w->dataset->links, g_ptr_array_index((GPtrArray *)names, i), 0);
    g_hash_table_destroy(w->linked);
    w->linked = NULL;
}

/* Of a damaged tar what comes before is taken. Where nothing does, a tar that stands alone is an error. */
static dc3_status pass_over_rest(listing *w, int64_t before, int is_alone)
{
    char reason[600];
    dc3_dataset *d = w->dataset;
    int64_t found = d->size + w->images.count - before;
    snprintf(reason, sizeof reason, "%s", dc3_error_text());
    if (is_alone && !found) return dc3_fail(DC3_ERR_FORMAT, "%s", reason);
    return dc3_dataset_skip(d, w->shard, "%s, after %lld image%s", reason, (long long)found,
                            found == 1 ? "" : "s");
}

static dc3_status add_shard(listing *w, const char *path, const char *shard, int is_alone)
{
    dc3_tar *tar;
    int64_t before = w->dataset->size + w->images.count;
    w->shard = shard;
    DC3_TRY(dc3_dataset_text(w->dataset, path, &w->file));
    dc3_status status = dc3_tar_open(path, &tar);
    if (status == DC3_OK) status = add_members(w, tar);
    int is_damaged = tar && dc3_tar_is_damaged(tar);
    int is_cut = is_damaged && dc3_tar_is_cut(tar);
    uint64_t rest = tar && status == DC3_OK ? dc3_tar_rest(tar) : 0;
    w->spooled += tar && dc3_tar_is_spooled(tar);
    dc3_tar_close(&tar);
    if (!is_damaged) DC3_TRY(status);
    if (is_cut) w->plain.member[0] = w->dotted.member[0] = 0;
    if (rest)
        DC3_TRY(dc3_dataset_skip(
            w->dataset, shard, "%s: %llu bytes behind the end of the tar are not read (were several joined?)",
            path, (unsigned long long)rest));
    DC3_TRY(flush(w, &w->dotted, 1));
    DC3_TRY(flush(w, &w->plain, 0));
    if (w->linked && !is_damaged) DC3_TRY(follow_links(w, path));
    count_links(w);
    return is_damaged ? pass_over_rest(w, before, is_alone) : DC3_OK;
}

static dc3_status add_shards(listing *w, const char *path)
{
    const char *slash = strrchr(path, '/');
    if (dc3_path_what(path) == DC3_PATH_FILE) return add_shard(w, path, slash ? slash + 1 : path, 1);
    struct dirent **entries;
    int count;
    DC3_TRY(dc3_shards_list(w->dataset, &entries, &count));
    dc3_status status = DC3_OK;
    for (int i = 0; i < count; i++) {
        char *file = dc3_path_join(path, entries[i]->d_name);
        if (status == DC3_OK)
            status =
                file ? add_shard(w, file, entries[i]->d_name, 0) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
        free(file);
    }
    dc3_list_free(entries, count);
    return status;
}

static dc3_status note_links(dc3_dataset *d)
{
    if (!d->links.files) return DC3_OK;
    return dc3_dataset_remark(d,
                              "%ld member%s of tars %s (%s), skipped; tar makes whole files of them with its "
                              "option dereference",
                              d->links.files, d->links.files == 1 ? "" : "s",
                              d->links.files == 1 ? "is a link" : "are links", d->links.names);
}

/* What the labels, or the folders, make of the images. */
static dc3_status name_classes(listing *w)
{
    dc3_dataset *d = w->dataset;
    int named;
    if (!w->labels && w->images.count) return dc3_tar_folders(d, &w->images, &w->survey);
    if (!d->size && w->survey.kinds == 0 && d->skipped->len) return DC3_OK;
    if (!d->size) return dc3_tar_survey_explain(&w->survey, d->path, w->images.count, w->labels);
    if (w->images.plain)
        DC3_TRY(dc3_dataset_remark(d, "%ld image%s no .cls or .json with a label beside %s (%.200s), skipped",
                                   w->images.plain, w->images.plain == 1 ? " has" : "s have",
                                   w->images.plain == 1 ? "it" : "them",
                                   d->text + w->images.items[w->images.first].key));
    DC3_TRY(dc3_tar_names_take(&w->names, d, &named));
    return named ? DC3_OK : dc3_class_numbers_pad(d);
}

static dc3_status open_tars(const char *path, dc3_dataset *d)
{
    listing *w = calloc(1, sizeof *w);
    if (!w) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    w->dataset = d;
    dc3_status status = add_shards(w, path);
    if (status == DC3_OK) status = note_links(d);
    if (status == DC3_OK) status = dc3_tar_labels_match(w->apart, d, &w->images);
    if (status == DC3_OK) status = name_classes(w);
    if (status == DC3_OK) status = dc3_shards_drop_repeated(d, w->repeated);
    if (status == DC3_OK && w->spooled)
        status =
            dc3_dataset_mention(d, "%ld compressed tar%s unpacked into a temporary file (%.1f MB) each time",
                                w->spooled, w->spooled == 1 ? " is" : "s are", (double)d->spool_size * 1e-6);
    dc3_tar_names_free(&w->names);
    if (w->apart) g_hash_table_destroy(w->apart);
    if (w->linked) g_hash_table_destroy(w->linked);
    free(w->images.items);
    free(w->json);
    free(w);
    return status;
}

static dc3_status open_item(const dc3_dataset *d, const dc3_item *item, dc3_image_source **source)
{
    void *data;
    const char *key = d->text + item->key;
    if (item->size > DC3_FILE_LIMIT)
        return dc3_fail(DC3_ERR_FORMAT, "%s: %llu bytes are too many for an image", key,
                        (unsigned long long)item->size);
    if (item->spooled)
        DC3_TRY(dc3_read_part_of(d->spool, key, item->offset, item->size, &data));
    else
        DC3_TRY(dc3_read_part(d->text + item->file, item->offset, item->size, &data));
    return dc3_image_source_open(key, data, item->size, source);
}

const dc3_reader dc3_webdataset_reader = {"WebDataset", dc3_shards_probe, open_tars, open_item};
