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

/* Of the classes with more than one image that which has most for its weight; NULL: none has more. */
static segment *find_fullest(const dc3_stay *images, segment *all, int64_t classes, const double *weight)
{
    segment *fullest = NULL;
    double most = 0;
    for (int64_t k = 0; k < classes; k++) {
        double full = ((double)all[k].left - 0.5) / weight[images[all[k].first].label];
        if (all[k].left > 1 && full >= most) fullest = &all[k], most = full;
    }
    return fullest;
}

dc3_status dc3_leave_until(dc3_stay *images, int64_t count, const double *weight, double budget,
                           double *bytes)
{
    int64_t classes;
    segment *all = find_classes(images, count, &classes);
    if (!all) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    *bytes = 0;
    for (int64_t i = 0; i < count; i++)
        if (images[i].there) *bytes += images[i].bytes;
    while (*bytes > budget) {
        segment *fullest = find_fullest(images, all, classes, weight);
        if (!fullest) break;
        *bytes -= images[leave(images, fullest)].bytes;
    }
    free(all);
    return DC3_OK;
}
