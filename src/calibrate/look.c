#include "calibrate/look.h"

#include <stdlib.h>
#include <string.h>
#include "features/passed_over.h"
#include "ranks/ranks.h"

/* A list that is looked at. */
typedef struct looking {
    const dc3_run *run;
    const dc3_view_list *list;
    dc3_looked *looked;
} looking;

dc3_status dc3_look_open(const dc3_run *run, int64_t most, dc3_looked *l)
{
    const dc3_teacher *t = &run->teacher;
    size_t rows = (size_t)most;
    *l = (dc3_looked){.most = most, .colours = malloc((size_t)most * sizeof *l->colours)};
    int ready = l->colours != NULL;
    if (ready && t->net) {
        l->losses = malloc(rows * sizeof *l->losses);
        l->embeddings = malloc(rows * (size_t)t->info->embedding * sizeof *l->embeddings);
        l->logits = malloc(rows * (size_t)t->info->classes * sizeof *l->logits);
        ready = l->losses && l->embeddings && l->logits;
    }
    return ready ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory for %lld images", (long long)most);
}

void dc3_look_close(dc3_looked *l)
{
    free(l->colours);
    free(l->losses);
    free(l->embeddings);
    free(l->logits);
    if (l->gradients.meter) dc3_similarity_close(&l->gradients);
    *l = (dc3_looked){0};
}

/* The image as the teacher sees it. */
static dc3_status view_of(const dc3_image *image, int size, float *view)
{
    dc3_image seen;
    if (image->width == size && image->height == size) {
        dc3_image_to_floats(image, view);
        return DC3_OK;
    }
    DC3_TRY(dc3_image_resize(image, size, size, DC3_FIT_SQUASH, &seen));
    dc3_image_to_floats(&seen, view);
    dc3_image_free(&seen);
    return DC3_OK;
}

static dc3_status show(void *user, int worker, int64_t i, float *view, void *colours)
{
    const looking *l = user;
    const dc3_teacher *t = &l->run->teacher;
    dc3_image image = {0};
    dc3_status status = l->list->make(l->list->user, worker, i, &image);
    if (status == DC3_OK) dc3_lab_colours_of(image.pixels, image.width, image.height, colours);
    if (status == DC3_OK && t->net) status = view_of(&image, t->size, view);
    dc3_image_free(&image);
    return status;
}

static dc3_status take(void *user, int64_t i, const dc3_seen *seen)
{
    const looking *l = user;
    const dc3_teacher *t = &l->run->teacher;
    dc3_looked *to = l->looked;
    int counts = 0;
    DC3_TRY(l->list->take(l->list->user, i, seen->status, seen->reason, &counts));
    if (!counts) return DC3_OK;
    memcpy(&to->colours[to->count], seen->note, sizeof *to->colours);
    if (t->net) {
        size_t h = (size_t)t->info->embedding, z = (size_t)t->info->classes, row = (size_t)to->count;
        memcpy(to->embeddings + row * h, seen->values[0], h * sizeof(float));
        memcpy(to->logits + row * z, seen->values[1], z * sizeof(float));
    }
    to->count++;
    return DC3_OK;
}

/* Without a teacher. */
static dc3_status say_nothing(const void *network, dc3_ctx *ctx, int rows, float *views,
                              float *const values[2])
{
    (void)network, (void)ctx, (void)rows, (void)views, (void)values;
    return DC3_OK;
}

dc3_status dc3_look_add(dc3_run *run, const dc3_view_list *list, dc3_looked *looked)
{
    looking l = {run, list, looked};
    dc3_look look = {
        .ctx = dc3_editor_ctx(run->editor), .rows = DC3_TEACHER_BATCH, .pixels = 1, .run = say_nothing};
    if (run->teacher.net) look = dc3_teacher_look(&run->teacher);
    look.count = list->count, look.show_bytes = list->bytes, look.note = sizeof(dc3_lab_colours);
    look.user = &l, look.show = show, look.take = take;
    return dc3_look_run(&look);
}

dc3_status dc3_look_finish(dc3_run *run, int label, dc3_looked *l)
{
    const dc3_classifier_info *t = run->teacher.info;
    int64_t *rows;
    if (!run->teacher.net || !l->count) return DC3_OK;
    for (int64_t i = 0; i < l->count; i++)
        l->losses[i] = dc3_teacher_loss(t->classes, l->logits + i * t->classes, label);
    rows = malloc((size_t)l->count * sizeof *rows);
    if (!rows) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    for (int64_t i = 0; i < l->count; i++) rows[i] = i;
    dc3_status status =
        dc3_similarity_open(&l->meter, l->count, rows, t->embedding, t->classes, l->embeddings, l->logits,
                            label, run->options->select.gradient, &l->gradients);
    free(rows);
    return status;
}

void dc3_class_range(const dc3_dataset *d, int label, int64_t *first, int64_t *end)
{
    int64_t n = dc3_dataset_size(d), at = 0;
    while (at < n && dc3_dataset_label(d, at) != label) at++;
    *first = at;
    while (at < n && dc3_dataset_label(d, at) == label) at++;
    *end = at;
}

/* Images of a class, evenly spread over those that count. */
typedef struct sample {
    const dc3_run *run;
    int64_t *items; /* [of] */
    int64_t of, count;
} sample;

static dc3_status open_sample(const dc3_run *run, int label, const json_t *passed_over, sample *s)
{
    int64_t first, end;
    dc3_class_range(run->dataset, label, &first, &end);
    *s = (sample){.run = run, .items = malloc((size_t)(end - first + 1) * sizeof *s->items)};
    if (!s->items) return dc3_fail(DC3_ERR_MEMORY, "out of memory for %lld images", (long long)(end - first));
    for (int64_t item = first; item < end; item++)
        if (!dc3_passed_over_has(passed_over, run, item)) s->items[s->of++] = item;
    s->count = s->of < DC3_CLASS_SAMPLE ? s->of : DC3_CLASS_SAMPLE;
    return DC3_OK;
}

static dc3_status read_image(void *user, int worker, int64_t i, dc3_image *image)
{
    const sample *s = user;
    (void)worker;
    return dc3_dataset_read(s->run->dataset, s->items[s->of * i / s->count], s->run->size, s->run->size,
                            s->run->fit, image);
}

/* One that cannot be read any more is told by who stores it, if it is to be stored; rank 0 says whether it
 * can. */
static dc3_status take_image(void *user, int64_t i, dc3_status status, const char *reason, int *counts)
{
    (void)user, (void)i;
    int matters = status == DC3_ERR_MEMORY || status == DC3_ERR_CANCELLED || dc3_ranks_rank();
    if (status != DC3_OK && matters) return dc3_fail(status, "%s", reason);
    *counts = status == DC3_OK;
    return DC3_OK;
}

static dc3_status look_at_sample(dc3_run *run, int label, const sample *s, dc3_looked *l)
{
    dc3_view_list list = {
        .count = s->count, .user = (void *)(uintptr_t)s, .make = read_image, .take = take_image};
    DC3_TRY(dc3_look_add(run, &list, l));
    return dc3_look_finish(run, label, l);
}

dc3_status dc3_look_at_class(dc3_run *run, int label, const json_t *passed_over, dc3_class_look *look)
{
    sample s;
    dc3_looked l = {0};
    *look = (dc3_class_look){0};
    dc3_status status = open_sample(run, label, passed_over, &s);
    if (status == DC3_OK) status = dc3_look_open(run, s.count, &l);
    if (status == DC3_OK) status = look_at_sample(run, label, &s, &l);
    if (status == DC3_OK && !l.count)
        status = dc3_fail(DC3_ERR_FORMAT, "%s: no image of class '%s' can be read", run->options->data,
                          dc3_dataset_class_name(run->dataset, label));
    if (status == DC3_OK)
        status = dc3_target_open(l.count, l.colours, l.gradients.ca, l.gradients.a, l.gradients.cb,
                                 l.gradients.b, &look->target);
    for (int64_t i = 0; status == DC3_OK && i < l.count; i++)
        for (int k = 0; k < DC3_LAB_CURVES; k++) look->curves[k] += l.colours[i].curves[k] / (double)l.count;
    look->images = l.count;
    if (status == DC3_OK && l.losses) look->losses = dc3_loss_range_of(l.count, l.losses);
    dc3_look_close(&l);
    free(s.items);
    return status;
}
