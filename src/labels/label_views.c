#include "labels/label_views.h"

#include <stdlib.h>

/* What a thread has drawn: the order of a view's images, and how its batch is mixed. */
typedef struct drawing {
    int64_t view, batch;     /* -1: nothing yet */
    int64_t *order;          /* [n] */
    dc3_view_params *params; /* [mixed] of the batch's images, in that order: boxes and partners alone */
    dc3_augmenter *augmenter;
} drawing;

struct dc3_label_views {
    dc3_label_views_options options;
    int64_t n;
    drawing *drawings; /* [threads] */
};

static dc3_status open(dc3_label_views *v)
{
    const dc3_label_views_options *o = &v->options;
    const dc3_augment_options augment = {.size = o->size, .dtype = DC3_F32, .threads = 1};
    v->n = dc3_images_count(o->images);
    v->drawings = calloc((size_t)o->threads, sizeof *v->drawings);
    for (int i = 0; v->drawings && i < o->threads; i++) {
        drawing *d = &v->drawings[i];
        d->view = d->batch = -1;
        d->order = malloc((size_t)v->n * sizeof *d->order);
        d->params = calloc((size_t)(o->mixed < v->n ? o->mixed : v->n), sizeof *d->params);
        if (!d->order || !d->params) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
        DC3_TRY(dc3_augmenter_open(&augment, &d->augmenter));
    }
    return v->drawings ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
}

dc3_status dc3_label_views_open(const dc3_label_views_options *options, dc3_label_views **views)
{
    dc3_label_views *v = *views = calloc(1, sizeof *v);
    if (!v) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    v->options = *options;
    dc3_status status = open(v);
    if (status != DC3_OK) dc3_label_views_close(views);
    return status;
}

void dc3_label_views_close(dc3_label_views **views)
{
    dc3_label_views *v = *views;
    for (int i = 0; v && v->drawings && i < v->options.threads; i++) {
        free(v->drawings[i].order);
        free(v->drawings[i].params);
        dc3_augmenter_close(&v->drawings[i].augmenter);
    }
    if (v) free(v->drawings);
    free(v);
    *views = NULL;
}

/* Draws what concerns the i-th view. *at: its place in its batch. Returns the batch's images. */
static const int64_t *draw(const dc3_label_views *v, drawing *d, int64_t i, int *at)
{
    const dc3_label_views_options *o = &v->options;
    int64_t view = i / v->n, place = i % v->n, batch = place / o->mixed, first = batch * o->mixed;
    int count = (int)(v->n - first < o->mixed ? v->n - first : o->mixed);
    if (d->view != view) dc3_draw_order(o->seed, view, v->n, d->order);
    if (d->view != view || d->batch != batch)
        dc3_mix_recipe(&o->recipe, o->seed, view, batch, count, o->size, d->params);
    d->view = view, d->batch = batch;
    *at = (int)(place - first);
    return d->order + first;
}

/* How an image is cropped; box and partner are those of its place in the batch. */
static dc3_view_params crop(const dc3_label_views *v, const drawing *d, int at, const dc3_loaded_image *image)
{
    const dc3_label_views_options *o = &v->options;
    dc3_view_params drawn = {0}, mixed = d->params[at];
    dc3_draw_recipe(&o->recipe, o->seed, d->view, image, o->factor, &drawn);
    drawn.partner = mixed.partner;
    drawn.x0 = mixed.x0, drawn.y0 = mixed.y0, drawn.x1 = mixed.x1, drawn.y1 = mixed.y1;
    return drawn;
}

dc3_status dc3_label_views_make(const dc3_label_views *v, int worker, int64_t i, float *view,
                                dc3_label_view *made)
{
    drawing *d = &v->drawings[worker];
    int at;
    const int64_t *items = draw(v, d, i, &at);
    int places[] = {at, d->params[at].partner};
    dc3_image own[2] = {{0}, {0}};
    dc3_loaded_image images[2];
    dc3_view_params params[2] = {{0}, {0}};
    dc3_status status = DC3_OK;
    for (int k = 0; status == DC3_OK && k < 2; k++) {
        status = dc3_images_one(v->options.images, items[places[k]], &own[k], &images[k]);
        if (status == DC3_OK) params[k] = crop(v, d, places[k], &images[k]);
    }
    params[0].partner = params[1].partner = 1;
    if (status == DC3_OK) status = dc3_augment_first(d->augmenter, 2, 1, images, params, view);
    for (int k = 0; k < 2; k++) dc3_image_free(&own[k]);
    if (status != DC3_OK) return status;
    *made = (dc3_label_view){items[at], params[0]};
    made->params.partner = (int)items[places[1]];
    return DC3_OK;
}

int64_t dc3_label_views_item(const dc3_label_views *v, int64_t i)
{
    int at;
    const int64_t *items = draw(v, &v->drawings[0], i, &at);
    return items[at];
}
