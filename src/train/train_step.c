#include "train/train_step.h"

#include "ranks/ranks.h"
#include "train/train_open.h"

/* The views of images first .. first + n - 1 of an epoch's order; *count: of those that can be read, 0 where
 * there are fewer than the two that a batch norm needs. */
static dc3_status make_views(dc3_train_state *t, int64_t epoch, int64_t first, int64_t n, int64_t *count)
{
    DC3_TRY(dc3_images_batch(t->images, n, t->order + first, t->batch, count));
    if (*count < 2) *count = 0;
    for (int64_t i = 0; i < *count; i++) {
        const dc3_loaded_image *p = &t->batch[i];
        dc3_train_draw(&t->recipe, t->options->seed, epoch, p, t->report->size, &t->params[i]);
        t->labels[i] = dc3_images_label(t->images, p->item);
    }
    return *count ? dc3_augment(t->augmenter, (int)*count, t->batch, t->params, t->views) : DC3_OK;
}

/* Of those that another rank could not read rank 0 must tell, which cannot read them either: otherwise the
 * result would be another one. */
static dc3_status check_lost(dc3_train_state *t, int64_t first, int64_t batch, int64_t trained)
{
    int parts = t->trainer.parts;
    int64_t readable = 0, count;
    for (int p = 0; p < parts; p++) {
        int64_t begin = batch * p / parts, end = batch * (p + 1) / parts;
        DC3_TRY(dc3_images_batch(t->images, end - begin, t->order + first + begin, t->batch, &count));
        if (count > 1) readable += count;
    }
    if (readable == trained) return DC3_OK;
    return dc3_fail(
        DC3_ERR_IO,
        "%s: of %lld images of a step that rank 0 can read others have read %lld; expected the same "
        "files on all ranks",
        t->options->data, (long long)readable, (long long)trained);
}

/* A step by replicas, whose parts of the batch ranks share. */
static dc3_status train_parts(dc3_train_state *t, int64_t epoch, int64_t first, int64_t batch,
                              const dc3_target *target, double lr, double *loss)
{
    int parts = t->trainer.parts;
    int64_t count;
    DC3_TRY(dc3_replicas_begin(t->trainer.replicas));
    for (int p = 0; p < parts; p++) {
        int64_t begin = batch * p / parts, end = batch * (p + 1) / parts;
        if (!dc3_replicas_have(t->trainer.replicas, p)) continue;
        DC3_TRY(make_views(t, epoch, first + begin, end - begin, &count));
        DC3_TRY(dc3_trainer_part(&t->trainer, p, count, t->view, t->views, target, lr));
    }
    DC3_TRY(dc3_trainer_join(&t->trainer, lr, loss, &count));
    return count < batch && !t->helps && dc3_ranks_count() > 1 ? check_lost(t, first, batch, count) : DC3_OK;
}

dc3_status dc3_train_step(dc3_train_state *t, int64_t epoch, int64_t step, double lr)
{
    int64_t batch = t->n / t->steps < t->size_of_batch ? t->n / t->steps : t->size_of_batch, count;
    dc3_target target = {.k = 1, .labels = t->labels, .smoothing = (float)t->recipe.smoothing};
    double loss = 0;
    DC3_TRY(dc3_train_open_views(t, dc3_train_view(t->options, t->report->size, epoch)));
    if (t->trainer.parts)
        DC3_TRY(train_parts(t, epoch, step * batch, batch, &target, lr, &loss));
    else {
        DC3_TRY(make_views(t, epoch, step * batch, batch, &count));
        if (count) DC3_TRY(dc3_trainer_step(&t->trainer, count, t->view, t->views, &target, lr, &loss));
    }
    t->loss += loss;
    return DC3_OK;
}
