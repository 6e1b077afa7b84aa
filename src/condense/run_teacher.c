#include "condense/run_teacher.h"

#include "teacher/own_teacher.h"
#include "base/listener.h"

dc3_status dc3_run_open_teacher(dc3_run *run)
{
    const dc3_condense_options *o = run->options;
    dc3_teacher *t = &run->teacher;
    DC3_TRY(dc3_teacher_open(run->teacher_path, o->arch, o->teacher_size, run->usual, o->select.threads, t));
    DC3_TRY(
        dc3_teacher_check_classes(t->info, run->teacher_path, dc3_dataset_classes(run->dataset), o->data));
    dc3_report_teacher(&o->listener, t);
    return DC3_OK;
}

static dc3_train_options plan_of(const dc3_run *run)
{
    return dc3_own_teacher(run->options, run->teacher_path, run->usual, run->report->images);
}

json_t *dc3_run_teacher_plan(const dc3_run *run)
{
    dc3_train_options plan = plan_of(run);
    return dc3_own_teacher_settings(&plan);
}

static void teacher_progress(void *user, const char *stage, int64_t done, int64_t total)
{
    dc3_run_progress(user, stage, done, total);
}

static void teacher_message(void *user, const char *text)
{
    dc3_run_say(user, "%s", text);
}

dc3_status dc3_run_train_teacher(dc3_run *run)
{
    dc3_train_options plan = plan_of(run);
    plan.listener = (dc3_listener){.user = run, .progress = teacher_progress, .message = teacher_message};
    dc3_run_begin_stage(run, 3, "teacher");
    dc3_status status = dc3_own_teacher_train(&plan);
    if (status == DC3_OK) status = dc3_run_open_teacher(run);
    dc3_run_end_stage(run);
    return status;
}

dc3_status dc3_run_measure_teacher(const dc3_run *run, double *seconds)
{
    dc3_train_options plan = plan_of(run);
    return dc3_own_teacher_measure(&plan, run->report->images, dc3_dataset_classes(run->dataset), seconds);
}
