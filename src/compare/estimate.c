/* How long a comparison will take: a teacher's training, the methods' condensing and the students' steps are
 * measured and multiplied. Features, which all methods share, are counted once with each method's largest
 * set. */
#include <stdlib.h>
#include "base/cancel.h"
#include "base/file.h"
#include "base/listener.h"
#include "base/text.h"
#include "condense/condense_by.h"
#include "methods/methods.h"
#include "dc3/text.h"
#include "evaluate/evaluation.h"
#include "compare/comparing.h"
#include "evaluate/recipe.h"
#include "learn/trainer.h"
#include "ranks/ranks.h"
#include "teacher/teacher.h"

/* What is added up. */
typedef struct costs {
    double teacher, condensing, students; /* seconds */
    double alone;                         /* of the teacher by one rank */
    double forward;                       /* of the teacher on one view */
    double regression;                    /* of `teacher`, where that is a linear probe */
    double reading;                       /* of one image, by all threads together */
    double images;                        /* of a set of the largest budget, mean of the methods */
} costs;

/* The largest set of all, and how often as much all of them are together. */
static int largest_amount(const dc3_compare_options *o, dc3_cell *largest, double *together)
{
    dc3_cell one;
    int sizes = 0;
    double sum = 0, most = 0;
    for (; dc3_wanted_amount(o, sizes, &one); sizes++) {
        double amount = one.budget ? (double)one.budget : one.ipc;
        sum += amount;
        if (amount > most) most = amount, largest->ipc = one.ipc, largest->budget = one.budget;
    }
    *together = sum / most;
    return sizes;
}

/* Seconds to read an image for a student, by all threads together: those that are tested on are as good as
 * any. */
static double measure_reading(const dc3_comparing *c, int size)
{
    enum { LOOK = 16 };
    const dc3_dataset *d = c->tests->dataset;
    double start = dc3_seconds_now();
    for (int i = 0; i < LOOK; i++) {
        dc3_image image;
        if (dc3_dataset_read(d, dc3_dataset_size(d) * i / LOOK, size, size, DC3_FIT_CROP, &image) == DC3_OK)
            dc3_image_free(&image);
    }
    return (dc3_seconds_now() - start) / LOOK / c->options->evaluate.threads;
}

static dc3_status measure_teacher_training(dc3_comparing *c, costs *all)
{
    dc3_teacher_cost cost;
    if (!c->trains || dc3_path_what(c->teacher) == DC3_PATH_FILE) return DC3_OK;
    DC3_TRY(c->both ? dc3_both_teachers_measure(&c->candidates, c->images, c->classes, &cost)
                    : dc3_own_teacher_measure(&c->plan, c->images, c->classes, &cost));
    all->teacher = cost.training + (double)c->images * all->reading;
    all->alone = cost.alone + (double)c->images * all->reading;
    all->forward = cost.forward;
    all->regression = cost.regression;
    return DC3_OK;
}

/* A file's teacher on one view of the students' size, of several each at its own. */
static dc3_status measure_file(dc3_comparing *c, const char *path, int size, double *seconds)
{
    dc3_teacher teacher = {0};
    int fixed = c->given.count > 1 ? 0 : size;
    dc3_status status = dc3_teacher_open(path, NULL, fixed, size, c->options->evaluate.threads, &teacher);
    if (status == DC3_OK && !fixed) teacher.size = dc3_teacher_sees(teacher.info, size);
    if (status == DC3_OK) status = dc3_teacher_measure(&teacher, seconds);
    dc3_teacher_close(&teacher);
    return status;
}

static dc3_status measure_forward(dc3_comparing *c, int size, costs *all)
{
    for (int k = 0; k < c->given.count; k++) {
        double seconds = 0;
        DC3_TRY(measure_file(c, c->given.paths[k], size, &seconds));
        all->forward += seconds;
    }
    return DC3_OK;
}

/* Says which budgets a method does not keep, for which an image of each class takes so many bytes. */
static void note_unmet(const dc3_comparing *c, const char *method, double least)
{
    dc3_cell one;
    for (int i = 0; dc3_wanted_amount(c->options, i, &one); i++)
        if ((double)one.budget < least)
            dc3_listener_say(&c->options->condense.listener,
                             "note: %s will be left out with a budget of %lld bytes: an image of each class "
                             "takes at least about %.0f",
                             method, (long long)one.budget, least);
}

/* Condensing by a method into the largest set, by this process alone, without the training of a teacher: of
 * that one epoch is measured with it, which is taken off. *before: what each run takes to open its files and
 * to measure itself.
 */
static dc3_status measure_method(dc3_comparing *c, const dc3_cell *cell, const costs *all, double *seconds,
                                 double *before, double *images)
{
    const char *method = cell->method;
    dc3_condense_options o = c->options->condense;
    dc3_condense_report report = {0};
    char *folder = dc3_cell_folder(c->options->out, cell);
    double start = dc3_seconds_now(), teacher = all->alone;
    int probes = c->trains && c->plan.backbone, features;
    int asks = dc3_method_needs_teacher(&c->options->condense, method);
    if (!folder) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    o.out = folder;
    o.method = method;
    dc3_comparing_compensation(&o);
    dc3_comparing_selection(method, &o);
    if (!dc3_method_takes_features(&o, method)) o.features = NULL;
    features = !o.features && dc3_method_has_features(&c->options->condense, method);
    o.no_report = o.dry_run = 1;
    if (!asks) o.replicas = 0;
    if (cell->budget)
        o.budget = (double)cell->budget;
    else
        o.select.ipc = cell->ipc;
    if (!features && !(probes && asks)) o.backbone = NULL, o.both_teachers = 0;
    if (c->trains && dc3_path_what(c->teacher) == DC3_PATH_FILE) { /* its sets were made with that one */
        o.teacher = c->teacher, o.teacher_epochs = o.replicas = 0, o.any_teacher = 1, teacher = 0;
        if (o.backbone && (o.features || !dc3_method_has_features(&o, method))) o.backbone = NULL;
        if (o.backbone && !c->both) o.backbone = c->teacher;
        o.both_teachers = 0;
    } else if (probes) /* whose embeddings are the features */
        teacher = features ? all->regression : asks ? teacher : 0;
    else if (c->trains && !(o.backbone && c->both)) /* of several all are measured with it */
        o.teacher_epochs = asks ? 1 : 0, teacher = asks ? teacher / c->plan.epochs : 0;
    o.listener = (dc3_listener){.cancel = o.listener.cancel};
    dc3_ranks_stand_alone(1);
    dc3_status status = dc3_condense_by(&o, c->features, &report);
    dc3_ranks_stand_alone(0);
    free(folder);
    if (dc3_comparing_unmet(status, cell, &report) > 0) status = DC3_OK, report.planned = 0;
    if (status == DC3_OK && cell->budget) note_unmet(c, method, report.least_bytes);
    *seconds = report.estimate_seconds > teacher ? report.estimate_seconds - teacher : 0;
    *before = dc3_seconds_now() - start;
    *images = (double)report.planned;
    return status;
}

static dc3_status measure_condensing(dc3_comparing *c, costs *all)
{
    const dc3_compare_options *o = c->options;
    dc3_cell largest = {0};
    double together, images = 0;
    int sizes = largest_amount(o, &largest, &together), m = 0;
    for (; o->methods[m]; m++) {
        double seconds = 0, before = 0, planned = 0;
        largest.method = o->methods[m];
        DC3_TRY(measure_method(c, &largest, all, &seconds, &before, &planned));
        all->condensing += (seconds * together + before * (sizes - 1)) * o->seeds;
        images += planned;
    }
    all->images = images / (m ? m : 1);
    if (largest.budget && images < 1)
        return dc3_fail_setting("budgets",
                                "expected more bytes than %lld, which no method keeps with an image of each "
                                "class; a smaller %s takes fewer",
                                (long long)largest.budget, dc3_setting("size"));
    return DC3_OK;
}

/* Seconds that a student's step adds to the time of all, some of which are trained side by side. */
static dc3_status measure_step(dc3_comparing *c, const char *arch, int size, int64_t batch, double *seconds)
{
    int threads = c->options->evaluate.threads;
    dc3_trainer trainer;
    dc3_classifier_spec spec = {.arch = arch, .classes = c->classes, .size = size};
    dc3_optimizer_options adamw = dc3_optimizer_defaults(DC3_ADAMW);
    dc3_status status = dc3_trainer_open(&spec, NULL, c->dtype, threads, &adamw, &trainer);
    if (status == DC3_OK) status = dc3_trainer_measure(&trainer, batch, size, seconds);
    int side = status == DC3_OK && dc3_same_for_threads(c->dtype)
                   ? dc3_students_at_once(threads, c->report->total, (double)dc3_ctx_bytes(trainer.ctx))
                   : 1;
    if (side > 1) {
        dc3_ctx_set_threads(trainer.ctx, threads / side);
        status = dc3_trainer_measure(&trainer, batch, size, seconds);
        *seconds /= side;
    }
    dc3_trainer_close(&trainer);
    return status;
}

/* Images of a set: of a budget as many as its part of the largest one, which is measured. */
static int64_t images_of(const dc3_comparing *c, const dc3_cell *cell, const costs *all)
{
    dc3_cell largest = {0};
    double together;
    if (!cell->budget) return (int64_t)cell->ipc * c->classes;
    largest_amount(c->options, &largest, &together);
    int64_t images = (int64_t)(all->images * (double)cell->budget / (double)largest.budget);
    return images < c->classes ? c->classes : images < c->images ? images : c->images;
}

/* All students of one size and network. */
static dc3_status measure_students(dc3_comparing *c, const dc3_cell *cell, const char *arch, int size,
                                   costs *all)
{
    const dc3_compare_options *o = c->options;
    int64_t images = images_of(c, cell, all), methods = 0;
    dc3_recipe_kind recipe = dc3_recipe_named(o->evaluate.recipe);
    int64_t batch = o->evaluate.batch ? o->evaluate.batch : dc3_recipe_batch(recipe, images, c->classes);
    if (batch > images) batch = images;
    double step = 0, tests = (double)DC3_EVALUATE_TESTS * (double)dc3_dataset_size(c->tests->dataset);
    DC3_TRY(measure_step(c, arch, size, batch, &step));
    while (o->methods[methods]) methods++;
    for (int l = 0; o->labels[l] != DC3_LABELS_END; l++) {
        dc3_recipe values = dc3_recipe_of(recipe, o->labels[l] == DC3_LABELS_HARD);
        int epochs;
        DC3_TRY(dc3_recipe_given_epochs(&o->evaluate, &values, images, &epochs));
        double steps = o->evaluate.minutes > 0 ? 60 * o->evaluate.minutes / step
                                               : (double)((images + batch - 1) / batch) * epochs,
               each = step * steps + tests * step / (double)batch / 3;
        if (o->labels[l] == DC3_LABELS_SOFT) each += all->forward * (double)batch * steps;
        all->students += each * (double)methods * o->seeds * (o->augment_robust ? 2 : 1);
    }
    return DC3_OK;
}

dc3_status dc3_comparing_estimate(dc3_comparing *c)
{
    const dc3_compare_options *o = c->options;
    costs all = {0};
    dc3_cell cell = {0};
    char text[DC3_NUMBER_TEXT], teacher[DC3_NUMBER_TEXT], sets[DC3_NUMBER_TEXT];
    int size = o->evaluate.size ? o->evaluate.size
               : c->size        ? c->size
               : c->trains      ? c->plan.size
                                : c->usual / 8 * 8;
    all.reading = measure_reading(c, size);
    DC3_TRY(measure_teacher_training(c, &all));
    if (all.forward <= 0) DC3_TRY(measure_forward(c, size, &all));
    DC3_TRY(measure_condensing(c, &all));
    for (int i = 0; dc3_wanted_amount(o, i, &cell); i++)
        for (int a = 0; o->archs[a]; a++) {
            DC3_TRY(dc3_check_cancel());
            DC3_TRY(measure_students(c, &cell, o->archs[a], size, &all));
        }
    all.students += (double)dc3_dataset_size(c->tests->dataset) * all.reading; /* once for all of them */
    all.condensing /= dc3_ranks_count(), all.students /= dc3_ranks_count();
    c->report->estimate_seconds = all.teacher + all.condensing + all.students;
    dc3_listener_say(&o->condense.listener, "estimate: teacher %s, condensing %s, %d student%s %s",
                     dc3_duration_text(all.teacher, teacher), dc3_duration_text(all.condensing, sets),
                     c->report->total, dc3_s(c->report->total), dc3_duration_text(all.students, text));
    return DC3_OK;
}
