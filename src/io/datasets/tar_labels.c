#include "io/datasets/tar_labels.h"

#include <string.h>
#include <strings.h>

typedef struct label {
    char *class_name;
    int taken;   /* by KEY.jpg */
    long dotted; /* images KEY.input.jpg */
} label;

static void free_label(gpointer data)
{
    label *one = data;
    g_free(one->class_name);
    g_free(one);
}

void dc3_tar_labels_keep(GHashTable **labels, const char *shard, const char *key, const char *class_name)
{
    if (!*labels) *labels = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_label);
    label *one = g_new0(label, 1);
    one->class_name = g_strdup(class_name);
    g_hash_table_replace(*labels, g_strconcat(shard, "/", key, NULL), one);
}

/* The label of the path `name` up to the last dot of its base name, or the first. */
static label *find(GHashTable *labels, const char *name, int first)
{
    const char *base = strrchr(name, '/') + 1, *dot = first ? strchr(base, '.') : strrchr(base, '.');
    char *key = g_strndup(name, dot ? (size_t)(dot - name) : strlen(name));
    label *one = g_hash_table_lookup(labels, key);
    g_free(key);
    return one;
}

/* 1 if the word between the dots of KEY.input.jpg means the image, not a map that belongs to it. */
static int is_image_word(const char *name)
{
    static const char *const words[] = {"input", "image", "img", "rgb", "photo", "picture", "x"};
    const char *base = strrchr(name, '/') + 1, *last = strrchr(base, '.'), *dot = last;
    while (dot > base && *--dot != '.') continue;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strlen(words[i]) == (size_t)(last - dot - 1) &&
            strncasecmp(dot + 1, words[i], strlen(words[i])) == 0)
            return 1;
    return 0;
}

/* Marks what the images are of: [count], NULL for none. */
static void look(GHashTable *labels, const dc3_dataset *d, const dc3_tar_images *images, label **of)
{
    for (int64_t i = 0; i < images->count; i++) {
        const char *name = d->text + images->items[i].key;
        label *one = find(labels, name, 0);
        of[i] = one && !one->taken ? one : NULL;
        if (one) one->taken = 1;
    }
    for (int64_t i = 0; i < images->count; i++) {
        const char *name = d->text + images->items[i].key;
        label *one = of[i] || !is_image_word(name) ? NULL : find(labels, name, 1);
        if (!one || one->taken) continue;
        of[i] = one;
        one->dotted++;
    }
}

static dc3_status note_several(dc3_dataset *d, long several, size_t first)
{
    if (!several) return DC3_OK;
    return dc3_dataset_remark(
        d,
        "%ld images share a label with others (%.200s), skipped; expected one image for "
        "each label",
        several, d->text + first);
}

dc3_status dc3_tar_labels_match(GHashTable *labels, dc3_dataset *d, dc3_tar_images *images)
{
    if (!labels || !images->count) return DC3_OK;
    label **of = g_new0(label *, images->count);
    dc3_status status = DC3_OK;
    int64_t count = images->count;
    long several = 0;
    size_t first = 0;
    look(labels, d, images, of);
    images->count = images->plain = images->first = 0;
    for (int64_t i = 0; i < count && status == DC3_OK; i++) {
        dc3_item item = images->items[i];
        if (!of[i])
            status = dc3_tar_images_add(images, item, item.label);
        else if (of[i]->dotted < 2) {
            status = dc3_dataset_class(d, of[i]->class_name, &item.label);
            if (status == DC3_OK) status = dc3_dataset_add(d, item);
        } else if (!several++)
            first = item.key;
    }
    g_free(of);
    return status == DC3_OK ? note_several(d, several, first) : status;
}
