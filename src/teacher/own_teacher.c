#include "teacher/own_teacher.h"

#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "teacher/classes.h"
#include "learn/trainer.h"
#include "base/listener.h"

enum { SMALL = 64, LARGE = 112, SEEN = 300000, LEAST = 8, MOST = 60 };

dc3_train_options dc3_own_teacher(const dc3_condense_options *options, const char *out, int usual,
                                  int64_t images)
{
    dc3_train_options o = dc3_train_defaults();
    int64_t n = images > 0 ? images : 1, epochs = (SEEN + n - 1) / n;
    int size = usual / 8 * 8;
    o.data = options->data;
    o.out = out;
    o.size = options->teacher_size ? options->teacher_size : size <= SMALL ? size : LARGE;
    o.arch = options->arch ? options->arch : o.size <= SMALL ? "convnet3" : "resnet18";
    o.progressive = !options->arch && o.size > SMALL;
    o.epochs = (int)(epochs < LEAST ? LEAST : epochs > MOST ? MOST : epochs);
    o.dtype = options->dtype;
    o.seed = options->select.seed;
    o.threads = options->select.threads;
    o.strict = options->strict;
    o.listener = options->listener;
    return o;
}

json_t *dc3_own_teacher_settings(const dc3_train_options *o)
{
    return json_pack("{s:s, s:i, s:i, s:b}", "arch", o->arch, "size", o->size, "epochs", o->epochs,
                     "progressive", o->progressive);
}

dc3_status dc3_own_teacher_train(const dc3_train_options *plan)
{
    dc3_train_report report;
    if (dc3_path_what(plan->out) == DC3_PATH_FILE) return DC3_OK;
    if (dc3_path_is_link(plan->out))
        return dc3_fail(DC3_ERR_ARGUMENT, "%s: expected a file, found a symbolic link to nothing", plan->out);
    dc3_listener_say(
        &plan->listener,
        "a teacher is trained first: %s at %d px, %d epochs (%s FILE uses yours, %s none compares VAE "
        "features)",
        plan->arch, plan->size, plan->epochs, dc3_setting("teacher"), dc3_setting("teacher"));
    DC3_TRY(dc3_train(plan, &report));
    dc3_listener_say(&plan->listener, "teacher trained in %.0f s, loss %.3f", report.seconds, report.loss);
    return DC3_OK;
}

/* Seconds of the second of two steps on a batch of nothing. */
static dc3_status measure_step(const dc3_train_options *o, dc3_trainer *trainer, dc3_dtype dtype,
                               double *seconds)
{
    size_t batch = (size_t)o->batch, pixels = (size_t)o->size * (size_t)o->size * 3;
    int64_t *labels = calloc(batch, sizeof *labels);
    void *views = calloc(batch * pixels, dc3_dtype_size(dtype));
    dc3_status status = labels && views ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    for (int i = 0; i < 2 && status == DC3_OK; i++) {
        dc3_target target = {.k = 1, .labels = labels};
        double loss, start = dc3_seconds_now();
        status = dc3_trainer_step(trainer, o->batch, o->size, views, &target, 0, &loss);
        *seconds = dc3_seconds_now() - start;
    }
    free(labels);
    free(views);
    return status;
}

dc3_status dc3_own_teacher_measure(const dc3_train_options *o, int64_t images, int classes, double *seconds)
{
    const double progressive = (0.25 + 0.5625 + 1) / 3; /* views of a half, 3/4 and all of the size */
    dc3_trainer trainer;
    dc3_dtype dtype;
    double step = 0;
    DC3_TRY(dc3_compute_type(o->dtype, &dtype));
    dc3_classifier_spec spec = {.arch = o->arch, .classes = classes, .size = o->size};
    dc3_optimizer_options optimizer = dc3_optimizer_defaults(DC3_SGD);
    dc3_status status = dc3_trainer_open(&spec, NULL, dtype, o->threads, &optimizer, &trainer);
    if (status == DC3_OK) status = measure_step(o, &trainer, dtype, &step);
    dc3_trainer_close(&trainer);
    *seconds = step / o->batch * (double)images * o->epochs * (o->progressive ? progressive : 1);
    return status;
}

char *dc3_own_teacher_find(const char *folder)
{
    char *path = dc3_path_join(folder, "teacher.safetensors");
    if (path && dc3_path_what(path) == DC3_PATH_FILE) return path;
    free(path);
    return NULL;
}
