#include "labels/some_labels.h"

#include <stdlib.h>
#include <string.h>

static int is_mixed(const dc3_view_params *p)
{
    return p->x1 > p->x0 && p->y1 > p->y0;
}

/* What is taken: numbers of views and images, and the new number of each image, -1: it is left out. */
typedef struct choice {
    const dc3_soft_labels *all;
    const int64_t *images;
    int64_t n, *views, count, *place;
    int mixes; /* whoever is mixed is in one batch, also of those that are taken */
} choice;

/* Students mix images of a batch, which are others where images are left out, unless all fit into one. */
static int may_mix(const dc3_soft_labels *all, int64_t n)
{
    return n == all->n || n <= json_integer_value(json_object_get(all->info, "batch"));
}

static int is_whole(const choice *c, int64_t view)
{
    for (int64_t i = 0; i < c->n; i++) {
        const dc3_view_params *p = &c->all->params[view * c->all->n + c->images[i]];
        if (is_mixed(p) && (!c->mixes || c->place[p->partner] < 0)) return 0;
    }
    return 1;
}

/* Numbers as they were drawn: those of `all`, which may itself be a part. */
static json_t *drawn(const json_t *before, const int64_t *numbers, int64_t count)
{
    json_t *list = json_array();
    for (int64_t i = 0; i < count; i++)
        json_array_append_new(list, before ? json_incref(json_array_get(before, (size_t)numbers[i]))
                                           : json_integer((json_int_t)numbers[i]));
    return list;
}

static void describe(const choice *c, dc3_soft_labels *some)
{
    json_t *info = json_deep_copy(c->all->info);
    json_object_del(info, "files");
    json_object_del(info, "stored");
    if (json_integer_value(json_object_get(info, "rand_ops"))) {
        json_object_set_new(info, "views_drawn",
                            drawn(json_object_get(c->all->info, "views_drawn"), c->views, c->count));
        json_object_set_new(info, "images_drawn",
                            drawn(json_object_get(c->all->info, "images_drawn"), c->images, c->n));
    }
    json_decref(some->info);
    some->info = info;
}

static void copy(void *to, int64_t row, const void *from, int64_t from_row, size_t bytes)
{
    if (to) memcpy((char *)to + (size_t)row * bytes, (const char *)from + (size_t)from_row * bytes, bytes);
}

static void copy_view(const choice *c, int64_t v, int64_t i, dc3_soft_labels *some)
{
    const dc3_soft_labels *all = c->all;
    size_t count = (size_t)(all->top_k ? all->top_k : all->classes);
    int64_t from = c->views[v] * all->n + c->images[i], to = v * c->n + i;
    dc3_view_params *p = &some->params[to];
    *p = all->params[from];
    p->partner = is_mixed(p) ? (int)c->place[p->partner] : (int)i;
    copy(some->logits, to, all->logits, from, count * sizeof *all->logits);
    copy(some->codes, to, all->codes, from, count * sizeof *all->codes);
    copy(some->indices, to, all->indices, from, count * sizeof *all->indices);
    copy(some->offset, to, all->offset, from, sizeof *all->offset);
    copy(some->scale, to, all->scale, from, sizeof *all->scale);
    copy(some->rest, to, all->rest, from, sizeof *all->rest);
}

static dc3_status make(const choice *c, dc3_soft_labels *some)
{
    const dc3_soft_labels *all = c->all;
    DC3_TRY(dc3_soft_labels_new(c->n, c->count, all->classes, all->top_k, all->bits, all->size, some));
    for (int64_t i = 0; i < c->n; i++) some->labels[i] = all->labels[c->images[i]];
    for (int64_t v = 0; v < c->count; v++)
        for (int64_t i = 0; i < c->n; i++) copy_view(c, v, i, some);
    describe(c, some);
    return some->info ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
}

dc3_status dc3_some_labels(const dc3_soft_labels *all, const int64_t *images, int64_t n, int64_t *views,
                           dc3_soft_labels *some)
{
    choice c = {all,
                images,
                n,
                malloc((size_t)all->views * sizeof *c.views),
                0,
                malloc((size_t)all->n * sizeof *c.place),
                may_mix(all, n)};
    dc3_status status = c.views && c.place ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    *some = (dc3_soft_labels){0};
    for (int64_t i = 0; status == DC3_OK && i < all->n; i++) c.place[i] = -1;
    for (int64_t i = 0; status == DC3_OK && i < n; i++) c.place[images[i]] = i;
    for (int64_t v = 0; status == DC3_OK && v < all->views; v++)
        if (is_whole(&c, v)) c.views[c.count++] = v;
    *views = c.count;
    if (status == DC3_OK && c.count) status = make(&c, some);
    if (status != DC3_OK) dc3_soft_labels_free(some);
    free(c.views), free(c.place);
    return status;
}
