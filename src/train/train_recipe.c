#include "train/train_recipe.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* The fast recipe is airbench94's (Jordan 2024, arXiv 2404.00498), whose rates are per 1,024 images of a sum
 * of losses and count what momentum adds: its 11.5 is 11.5 / (1 + 1 / (1 - 0.85)) = 1.5 of a mean over 1,024,
 * and goes with the batch. Decays there do not go with a group's rate. Its last layer is over 9; here the
 * layer's rate is 1 / 81, which is the same. */
static const double fast_rate = 1.5, fast_batch = 1024;
static const double fast_decay = 0.0153 / 11.5;
static const dc3_param_group fast_groups[] = {
    {"whiten.weight", 0, 0}, {"whiten.bias", 1, 1},  {"fc.weight", 1.0 / 81, 81}, {"fc.bias", 0, 0},
    {"norm1.weight", 0, 0},  {"norm2.weight", 0, 0}, {".bias", 64, 1.0 / 64}};

const char dc3_train_fast_arch[] = "speednet";

dc3_train_options dc3_train_defaults(void)
{
    return (dc3_train_options){.struct_size = sizeof(dc3_train_options),
                               .epochs = 15,
                               .batch = 128,
                               .weight_decay = -1,
                               .test_every = 1,
                               .replicas = 1,
                               .threads = 1};
}

dc3_train_options dc3_train_fast_defaults(void)
{
    dc3_train_options o = dc3_train_defaults();
    o.fast = 1, o.epochs = 10, o.batch = 0;
    return o;
}

dc3_train_options dc3_train_fine_tune_defaults(void)
{
    dc3_train_options o = dc3_train_defaults();
    o.fine_tune = 1, o.epochs = 10, o.batch = 0, o.optimizer = DC3_ADAMW, o.smoothing = 0.1;
    return o;
}

dc3_status dc3_train_check_fast(const dc3_train_options *o)
{
    const char *own = !o->fast                                               ? NULL
                      : o->arch && strcmp(o->arch, dc3_train_fast_arch) != 0 ? "arch"
                      : o->lr > 0                                            ? "lr"
                      : o->weight_decay >= 0                                 ? "weight_decay"
                      : o->optimizer != DC3_SGD                              ? "optimizer"
                      : o->smoothing > 0                                     ? "smoothing"
                      : o->progressive                                       ? "progressive"
                      : o->init                                              ? "init"
                      : o->backbone                                          ? "backbone"
                      : o->fine_tune                                         ? "fine_tune"
                      : o->cache                                             ? "cache"
                                                                             : NULL;
    return own ? dc3_fail_about(own, "%s: not with %s, which has its own", dc3_setting(own),
                                dc3_setting("fast"))
               : DC3_OK;
}

int dc3_train_batch(const dc3_train_options *o, int64_t images)
{
    enum { MOST = 512, FINE_MOST = 128, LEAST = 32, STEPS = 64 };
    int batch = o->fine_tune ? FINE_MOST : MOST;
    if (o->batch) return o->batch;
    while (batch > LEAST && (int64_t)batch * STEPS > images) batch /= 2;
    return batch;
}

/* The decay of averages over about the last tenth of so many steps. */
static double average_over(double total)
{
    const double least = 0.5, most = 0.999;
    return fmin(fmax(1 - 10 / total, least), most);
}

void dc3_train_fit(dc3_train_recipe *r, int64_t batch, int64_t total)
{
    enum { LOOKS = 20 };
    if (r->average > 0) r->average = average_over((double)total);
    if (!r->fast) return;
    r->lr = fast_rate * (double)batch / fast_batch;
    r->lookahead = llround(5 * fast_batch / (double)batch);
    if (r->lookahead > total / LOOKS) r->lookahead = total / LOOKS;
    if (r->lookahead < 1) r->lookahead = 1;
}

static void take_fast(dc3_train_recipe *r)
{
    dc3_optimizer_options *p = &r->optimizer;
    *p = dc3_optimizer_defaults(DC3_SGD);
    p->decay_rule = DC3_DECAY_ALL;
    p->weight_decay = fast_decay;
    p->momentum = 0.85, p->nesterov = 1;
    p->groups = fast_groups;
    p->group_count = sizeof fast_groups / sizeof *fast_groups;
    r->arch = dc3_train_fast_arch;
    r->schedule.kind = DC3_SCHEDULE_TRIANGLE;
    r->schedule.rise = 0.23, r->schedule.first_divisor = 5, r->schedule.last_divisor = 0.2 / 0.07;
    r->smoothing = 0.2;
    r->clip = 0;
}

/* Fine-tuning: small rates, of the last layer larger ones, and of most of an image. */
static void take_fine(const dc3_train_options *o, dc3_train_recipe *r)
{
    int sgd = o->optimizer == DC3_SGD;
    r->lr = o->lr > 0 ? o->lr : sgd ? 5e-3 : 5e-4;
    r->schedule.rise = 0.15;
    r->clip = 1;
    r->average = 1;
    r->least = 0.35;
}

void dc3_train_set_last(dc3_train_recipe *r, const char *head)
{
    static const char *const parts[DC3_LAST_GROUPS] = {"weight", "bias"};
    const double rate = 10;
    for (int i = 0; i < DC3_LAST_GROUPS; i++) {
        snprintf(r->names[i], sizeof r->names[i], "%s.%s", head, parts[i]);
        r->last[i] = (dc3_param_group){r->names[i], rate, 1};
    }
    r->optimizer.groups = r->last;
    r->optimizer.group_count = DC3_LAST_GROUPS;
}

void dc3_train_recipe_of(const dc3_train_options *o, int size, dc3_train_recipe *r)
{
    int sgd = o->optimizer == DC3_SGD;
    *r = (dc3_train_recipe){.arch = o->arch                   ? o->arch
                                    : size <= DC3_TRAIN_SMALL ? "convnet3"
                                                              : "resnet18",
                            .optimizer = dc3_optimizer_defaults(sgd ? DC3_SGD : DC3_ADAMW),
                            .schedule = dc3_schedule_defaults(),
                            .lr = o->lr > 0 ? o->lr
                                  : sgd     ? 0.1
                                            : 1e-3,
                            .smoothing = o->smoothing,
                            .clip = sgd ? 1 : 0, /* at a high rate it diverges in the first epochs where a
                                                    batch's gradients are many times as long as usual; AdamW
                                                    divides by their length anyway */
                            .fast = o->fast};
    r->optimizer.decay_rule = DC3_DECAY_WEIGHTS;
    r->optimizer.weight_decay = o->weight_decay >= 0 ? o->weight_decay : sgd ? 5e-4 : 0.01;
    if (sgd) r->optimizer.momentum = 0.9, r->optimizer.nesterov = 1;
    r->schedule.kind = DC3_SCHEDULE_ONE_CYCLE;
    if (o->fast) take_fast(r);
    if (o->fine_tune) take_fine(o, r);
}

double dc3_train_lookahead(const dc3_train_recipe *r, int64_t done, int64_t total)
{
    if (!r->lookahead) return -1;
    return done % r->lookahead && done != total ? -1 : pow(0.95, 5) * pow((double)done / (double)total, 3);
}

void dc3_train_draw(const dc3_train_recipe *r, uint64_t seed, int64_t epoch, const dc3_loaded_image *image,
                    int size, dc3_view_params *params)
{
    if (r->fast)
        dc3_draw_alternating(seed, epoch, image->item, image->width, image->height, size, DC3_TRAIN_SMALL,
                             params);
    else if (size <= DC3_TRAIN_SMALL)
        dc3_draw_crop(seed, epoch, image->item, image->width, image->height, size, params);
    else if (r->least > 0)
        dc3_draw_rded(seed, epoch, image->item, image->width, image->height, 1, r->least, params);
    else
        dc3_draw_resized_crop(seed, epoch, image->item, image->width, image->height, params);
}
