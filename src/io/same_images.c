#include "io/same_images.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include "base/rng.h"

struct dc3_same_images {
    const dc3_dataset *dataset;
    dc3_alike *alike; /* images that are the first of their pixels, by what they look like */
    GHashTable *seen; /* hashes of views, and of all pixels where a view is of several images, to the number
                         of the first image that is the same, + 1 */
};

dc3_same_images *dc3_same_images_new(const dc3_dataset *dataset)
{
    dc3_same_images *s = calloc(1, sizeof *s);
    dc3_alike *alike = dc3_alike_new();
    if (!s || !alike) {
        dc3_alike_close(&alike);
        free(s);
        return NULL;
    }
    *s = (dc3_same_images){dataset, alike, g_hash_table_new(g_direct_hash, g_direct_equal)};
    return s;
}

void dc3_same_images_close(dc3_same_images **images)
{
    dc3_same_images *s = *images;
    if (!s) return;
    g_hash_table_destroy(s->seen);
    dc3_alike_close(&s->alike);
    free(s);
    *images = NULL;
}

/* Whether two images are the same, each read anew: by their bytes, or in their own size. */
static int is_same(const dc3_dataset *dataset, int64_t a, int64_t b)
{
    dc3_image_source *x = NULL, *y = NULL;
    dc3_image image[2] = {{0}, {0}};
    int same = dc3_dataset_source(dataset, a, &x) == DC3_OK && dc3_dataset_source(dataset, b, &y) == DC3_OK;
    if (same && dc3_image_source_hash(x) != dc3_image_source_hash(y))
        same = dc3_image_source_read(x, 0, 0, DC3_FIT_CROP, 0, &image[0]) == DC3_OK &&
               dc3_image_source_read(y, 0, 0, DC3_FIT_CROP, 0, &image[1]) == DC3_OK &&
               image[0].width == image[1].width && image[0].height == image[1].height &&
               memcmp(image[0].pixels, image[1].pixels,
                      (size_t)image[0].width * (size_t)image[0].height * 3) == 0;
    for (int i = 0; i < 2; i++) dc3_image_free(&image[i]);
    dc3_image_source_close(&x);
    dc3_image_source_close(&y);
    return same;
}

static void remember(dc3_same_images *s, uint64_t hash, int64_t item)
{
    g_hash_table_insert(s->seen, GSIZE_TO_POINTER(hash), GSIZE_TO_POINTER((gsize)item + 1));
}

/* The image that was met with this hash, or -1; remembers `item` where there was none. */
static int64_t look_up(dc3_same_images *s, uint64_t hash, int64_t item)
{
    gpointer first = g_hash_table_lookup(s->seen, GSIZE_TO_POINTER(hash));
    if (first) return (int64_t)GPOINTER_TO_SIZE(first) - 1;
    remember(s, hash, item);
    return -1;
}

/* Of all pixels of an image in its own size, read anew; 0 where that fails. */
static uint64_t hash_whole(const dc3_dataset *dataset, int64_t item)
{
    dc3_image image = {0};
    if (dc3_dataset_read(dataset, item, 0, 0, DC3_FIT_CROP, &image) != DC3_OK) return 0;
    size_t bytes = (size_t)image.width * (size_t)image.height * 3;
    uint64_t what[] = {(uint64_t)image.width, (uint64_t)image.height, dc3_hash64(image.pixels, bytes)};
    dc3_image_free(&image);
    return dc3_hash64(what, sizeof what);
}

typedef struct asked {
    const dc3_dataset *dataset;
    int64_t item;
} asked;

static int is_same_as(const void *user, int64_t item)
{
    const asked *a = user;
    return is_same(a->dataset, a->item, item);
}

/* The first image that is the same, or -1; remembers `item` where there is none. Images that differ in little
 * may have the same view: the second and later ones of it are told apart by all their pixels. */
static int64_t find_first(dc3_same_images *s, int64_t item, const dc3_appearance *view)
{
    uint64_t hash = view->hash;
    int64_t other = look_up(s, hash, item);
    if (other >= 0 && !is_same(s->dataset, item, other)) {
        if (!(hash = hash_whole(s->dataset, item))) return -1;
        other = look_up(s, hash, item);
        if (other >= 0 && !is_same(s->dataset, item, other)) return -1;
    }
    if (other >= 0) return other;
    other = dc3_alike_find(s->alike, view, is_same_as, &(asked){s->dataset, item});
    dc3_alike_add(s->alike, view, other >= 0 ? other : item);
    if (other >= 0) remember(s, hash, other);
    return other;
}

void dc3_same_images_meet(dc3_same_images *s, int64_t item, const dc3_appearance *view, int64_t *own,
                          int64_t *other)
{
    int label = dc3_dataset_label(s->dataset, item);
    int64_t first = find_first(s, item, view);
    *own = *other = -1;
    if (first < 0) return;
    if (dc3_dataset_label(s->dataset, first) == label) {
        *own = first;
        return;
    }
    /* It stands for its own class under a hash of both, unless there is one before it. */
    uint64_t of_class[] = {(uint64_t)first, (uint64_t)label};
    int64_t before = look_up(s, dc3_hash64(of_class, sizeof of_class), item);
    *other = first;
    if (before >= 0 && is_same(s->dataset, item, before)) *own = before;
}
