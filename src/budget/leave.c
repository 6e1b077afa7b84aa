#include "budget/leave.h"

#include <stdlib.h>

/* A class among the images. */
typedef struct segment {
    int64_t first, count, left; /* of images; those that are there */
} segment;

/* The caller frees it; NULL without memory. */
static segment *find_classes(const dc3_stay *images, int64_t count, int64_t *classes)
{
    segment *all = calloc((size_t)count + 1, sizeof *all);
    *classes = 0;
    for (int64_t i = 0; all && i < count; i++) {
        if (!i || images[i].label != images[i - 1].label) all[(*classes)++].first = i;
        all[*classes - 1].count++;
        all[*classes - 1].left += images[i].there;
    }
    return all;
}

static int64_t leave(dc3_stay *images, segment *s)
{
    int64_t goes = -1;
    for (int64_t i = s->first; i < s->first + s->count; i++) {
        if (!images[i].there || (goes >= 0 && images[goes].repeat && !images[i].repeat)) continue;
        if (goes < 0 || images[i].repeat || images[i].rank >= images[goes].rank) goes = i;
    }
    images[goes].there = 0;
    s->left--;
    return goes;
}

dc3_status dc3_leave_beyond(dc3_stay *images, int64_t count, const int64_t *give)
{
    int64_t classes;
    segment *all = find_classes(images, count, &classes);
    if (!all) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    for (int64_t k = 0; k < classes; k++)
        while (all[k].left > give[images[all[k].first].label]) leave(images, &all[k]);
    free(all);
    return DC3_OK;
}

dc3_status dc3_leave_until(dc3_stay *images, int64_t count, double budget, double *bytes)
{
    int64_t classes;
    segment *all = find_classes(images, count, &classes);
    if (!all) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    *bytes = 0;
    for (int64_t i = 0; i < count; i++)
        if (images[i].there) *bytes += images[i].bytes;
    while (*bytes > budget && classes) {
        segment *most = all;
        for (int64_t k = 1; k < classes; k++)
            if (all[k].left >= most->left) most = &all[k];
        if (most->left < 2) break;
        *bytes -= images[leave(images, most)].bytes;
    }
    free(all);
    return DC3_OK;
}
