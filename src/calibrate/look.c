#include "calibrate/look.h"

#include <stdlib.h>
#include <string.h>

enum { BATCH = DC3_TEACHER_BATCH };

dc3_status dc3_look_open(const dc3_run *run, int64_t most, dc3_looked *l)
{
    const dc3_teacher *t = &run->teacher;
    size_t rows = (size_t)(most + BATCH - 1) / BATCH * BATCH, side = (size_t)t->size;
    *l = (dc3_looked){.most = most, .colours = malloc((size_t)most * sizeof *l->colours)};
    int ready = l->colours != NULL;
    if (ready && t->net) {
        l->losses = malloc((size_t)most * sizeof *l->losses);
        l->embeddings = malloc(rows * (size_t)t->info->embedding * sizeof *l->embeddings);
        l->logits = malloc(rows * (size_t)t->info->classes * sizeof *l->logits);
        l->seen = calloc(BATCH * side * side * 3, sizeof *l->seen);
        ready = l->losses && l->embeddings && l->logits && l->seen;
    }
    return ready ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory for %lld images", (long long)most);
}

void dc3_look_close(dc3_looked *l)
{
    free(l->colours);
    free(l->losses);
    free(l->embeddings);
    free(l->logits);
    free(l->seen);
    if (l->gradients.meter) dc3_similarity_close(&l->gradients);
    *l = (dc3_looked){0};
}

/* Always a whole batch, the last filled up, so that what is said of an image depends on it alone. */
static dc3_status ask(dc3_run *run, int64_t first, dc3_looked *l)
{
    const dc3_classifier_info *t = run->teacher.info;
    return dc3_teacher_run(&run->teacher, BATCH, l->seen, l->embeddings + first * t->embedding,
                           l->logits + first * t->classes);
}

dc3_status dc3_look_add(dc3_run *run, const dc3_image *image, dc3_looked *l)
{
    int size = run->teacher.size;
    dc3_image seen = {0};
    dc3_lab_colours_of(image->pixels, image->width, image->height, &l->colours[l->count]);
    if (run->teacher.net) {
        float *to = l->seen + (l->count % BATCH) * size * size * 3;
        if (image->width == size && image->height == size)
            dc3_image_to_floats(image, to);
        else {
            DC3_TRY(dc3_image_resize(image, size, size, DC3_FIT_SQUASH, &seen));
            dc3_image_to_floats(&seen, to);
            dc3_image_free(&seen);
        }
    }
    l->count++;
    return run->teacher.net && l->count % BATCH == 0 ? ask(run, l->count - BATCH, l) : DC3_OK;
}

dc3_status dc3_look_finish(dc3_run *run, int label, dc3_looked *l)
{
    const dc3_classifier_info *t = run->teacher.info;
    int64_t rest = l->count % BATCH, *rows;
    if (!run->teacher.net || !l->count) return DC3_OK;
    size_t each = (size_t)run->teacher.size * (size_t)run->teacher.size * 3;
    if (rest) memset(l->seen + (size_t)rest * each, 0, (size_t)(BATCH - rest) * each * sizeof *l->seen);
    if (rest) DC3_TRY(ask(run, l->count - rest, l));
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

/* The class's items [*first, *end), which stand together. */
static void range_of(const dc3_dataset *d, int label, int64_t *first, int64_t *end)
{
    int64_t n = dc3_dataset_size(d), at = 0;
    while (at < n && dc3_dataset_label(d, at) != label) at++;
    *first = at;
    while (at < n && dc3_dataset_label(d, at) == label) at++;
    *end = at;
}

static dc3_status read_sample(dc3_run *run, int label, dc3_looked *l)
{
    int64_t first, end;
    range_of(run->dataset, label, &first, &end);
    for (int64_t i = 0; i < l->most; i++) {
        dc3_image image;
        DC3_TRY(dc3_check_cancel());
        dc3_status status = dc3_dataset_read(run->dataset, first + (end - first) * i / l->most, run->size,
                                             run->size, run->fit, &image);
        if (status == DC3_ERR_MEMORY || status == DC3_ERR_CANCELLED) return status;
        if (status != DC3_OK) continue; /* it was told, and skipped, when features were made */
        status = dc3_look_add(run, &image, l);
        dc3_image_free(&image);
        DC3_TRY(status);
    }
    return dc3_look_finish(run, label, l);
}

dc3_status dc3_look_at_class(dc3_run *run, int label, dc3_class_look *look)
{
    int64_t first, end;
    dc3_looked l;
    *look = (dc3_class_look){0};
    range_of(run->dataset, label, &first, &end);
    dc3_status status =
        dc3_look_open(run, end - first < DC3_CLASS_SAMPLE ? end - first : DC3_CLASS_SAMPLE, &l);
    if (status == DC3_OK) status = read_sample(run, label, &l);
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
    return status;
}
