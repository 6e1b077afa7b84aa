/* The teacher that a run trains for itself where none is given. */
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "condense/run.h"
#include "dc3/train.h"

enum { SMALL = 64, LARGE = 112, SEEN = 300000, LEAST = 8, MOST = 60 };

/* A ConvNet-3 up to 64 pixels, else a ResNet-18 at 112, on smaller views first; as many epochs as show it
 * 300,000 pictures. */
static dc3_train_options plan(const dc3_run *run)
{
    dc3_train_options o = dc3_train_defaults();
    int64_t n = run->report->images > 0 ? run->report->images : 1, epochs = (SEEN + n - 1) / n;
    int usual = run->usual / 8 * 8;
    o.data = run->options->data;
    o.out = run->teacher_path;
    o.size = run->options->teacher_size ? run->options->teacher_size : usual <= SMALL ? usual : LARGE;
    o.arch = run->options->arch ? run->options->arch : o.size <= SMALL ? "convnet3" : "resnet18";
    o.progressive = !run->options->arch && o.size > SMALL;
    o.epochs = (int)(epochs < LEAST ? LEAST : epochs > MOST ? MOST : epochs);
    o.dtype = run->options->dtype;
    o.seed = run->options->select.seed;
    o.threads = run->options->select.threads;
    o.strict = run->options->strict;
    o.listener = run->options->listener;
    return o;
}

char *dc3_run_own_teacher(const char *folder)
{
    char *path = dc3_path_join(folder, "teacher.safetensors");
    if (path && dc3_path_what(path) == DC3_PATH_FILE) return path;
    free(path);
    return NULL;
}

json_t *dc3_run_teacher_plan(const dc3_run *run)
{
    dc3_train_options o = plan(run);
    return json_pack("{s:s, s:i, s:i, s:b}", "arch", o.arch, "size", o.size, "epochs", o.epochs,
                     "progressive", o.progressive);
}

dc3_status dc3_run_train_teacher(dc3_run *run)
{
    dc3_train_options o = plan(run);
    dc3_train_report report;
    double start = dc3_seconds_now();
    if (dc3_path_what(run->teacher_path) != DC3_PATH_FILE) {
        dc3_run_say(
            run,
            "a teacher is trained first: %s at %d px, %d epochs (--teacher FILE uses yours, --teacher none "
            "compares VAE features)",
            o.arch, o.size, o.epochs);
        DC3_TRY(dc3_train(&o, &report));
        dc3_run_say(run, "teacher trained in %.0f s, loss %.3f", report.seconds, report.loss);
    }
    DC3_TRY(dc3_run_open_teacher(run));
    dc3_run_stage(run, DC3_STAGES - 1, "teacher", start);
    return DC3_OK;
}
