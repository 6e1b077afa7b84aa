/* The views that soft labels are stored of, as a recipe draws them: image and partner of a view anywhere in
 * the order of all, so that threads make them side by side. */
#ifndef DC3_LABELS_LABEL_VIEWS_H
#define DC3_LABELS_LABEL_VIEWS_H

#include "views/images.h"
#include "learn/recipe.h"

typedef struct dc3_label_views_options {
    dc3_images *images; /* at their own sizes; they stay */
    dc3_recipe recipe;
    uint64_t seed;
    int mixed;  /* images that are mixed with each other, 1 or more */
    int factor; /* of the views, 1 or 2 */
    int size;   /* of the views, pixels of a side */
    int threads;
} dc3_label_views_options;

typedef struct dc3_label_views dc3_label_views;
/* Takes a copy of the options. */
dc3_status dc3_label_views_open(const dc3_label_views_options *options, dc3_label_views **views);
/* Accepts NULL; nulls. */
void dc3_label_views_close(dc3_label_views **views);

/* What a view is of. */
typedef struct dc3_label_view {
    int64_t item;           /* the image's number */
    dc3_view_params params; /* the partner is an image's number */
} dc3_label_view;

/* The i-th of all, where every image has its first view, in a random order, before any has its second: the
 * view [size, size, 3] in [0, 1]. Each thread has a number `worker` of its own, below those of the options.
 * Fails with "KEY: reason" where an image cannot be read. */
dc3_status dc3_label_views_make(const dc3_label_views *views, int worker, int64_t i, float *view,
                                dc3_label_view *made);
/* The image that it is of; not beside threads that make views. */
int64_t dc3_label_views_item(const dc3_label_views *views, int64_t i);

#endif
