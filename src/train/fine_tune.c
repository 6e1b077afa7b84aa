#include "train/fine_tune.h"

#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/file.h"
#include "output/output_path.h"
#include "teacher/teacher.h"
#include "train/probe.h"

/* A probe is known by what all weights are known by. */
static const dc3_output_kind probe_output = {
    "weights of a probe",
    "safetensors",
    (const char *const[]){".probe", NULL},
    (const char *const[]){"{\"__metadata__\":{", "\"dc3.size\":\"", NULL},
    (const char *const[]){"fine-tuned.safetensors.probe", NULL},
    0};

dc3_status dc3_fine_tune_check(const dc3_train_options *o)
{
    const char *other = o->init ? "init" : o->progressive ? "progressive" : NULL;
    if (!o->fine_tune) return DC3_OK;
    if (!o->backbone)
        return dc3_fail_setting("fine_tune", "expected a network to start from (%s FILE), found none",
                                dc3_setting("backbone"));
    return other ? dc3_fail_about(other, "%s: not with %s, which starts from the backbone, at one size",
                                  dc3_setting(other), dc3_setting("fine_tune"))
                 : DC3_OK;
}

double dc3_fine_tune_share(const dc3_train_options *o)
{
    return o->hold_out > 0 ? o->hold_out : DC3_TUNED_SHARE;
}

/* What the probe's file says. */
static dc3_status look_at(dc3_probe_start *s)
{
    dc3_classifier *net;
    json_t *classes;
    dc3_status status = dc3_teacher_read(s->path, NULL, &net, &classes, &s->accuracy);
    if (status == DC3_OK) {
        const dc3_classifier_info *info = dc3_classifier_describe(net);
        snprintf(s->arch, sizeof s->arch, "%s", info->arch);
        s->size = (int)info->trained;
    }
    json_decref(classes);
    dc3_classifier_close(&net);
    return status;
}

/* Makes the probe; hold_out: what it never sees. */
static dc3_status train_probe(const dc3_train_options *o, const char *path, double hold_out,
                              dc3_train_report *report)
{
    dc3_train_options probe = *o;
    char *folder = path ? g_path_get_dirname(path) : NULL; /* the path is checked */
    probe.fine_tune = 0;
    probe.hold_out = hold_out;
    probe.val = NULL;
    probe.out = path;
    dc3_status status = dc3_probe_train(&probe, folder, report);
    g_free(folder);
    return status;
}

static dc3_status find_place(const dc3_train_options *o, const char *run, const char *place,
                             dc3_probe_start *s)
{
    dc3_input inputs[] = {
        {"the dataset", o->data}, {"the images to test on", o->val}, {"the backbone", o->backbone}};
    char *beside = g_strdup_printf("%s.probe", place);
    dc3_output_path output = {"out", beside, &probe_output, o->force, inputs, 3, run};
    dc3_status status = dc3_output_path_check(&output, &s->path);
    g_free(beside);
    return status;
}

dc3_status dc3_fine_tune_begin(const dc3_train_options *o, const char *run, const char *place, int goes_on,
                               dc3_probe_start *s)
{
    dc3_train_report report = {0};
    if (!o->dry_run) DC3_TRY(find_place(o, run, place, s));
    if (goes_on && dc3_path_what(s->path) == DC3_PATH_FILE) return look_at(s);
    DC3_TRY(train_probe(o, s->path, dc3_fine_tune_share(o), &report));
    if (!o->dry_run) return look_at(s);
    snprintf(s->arch, sizeof s->arch, "%s", report.arch);
    s->size = report.size;
    s->seconds = report.estimate_seconds;
    return DC3_OK;
}

/* Its file's accuracy stays the same, so that an interrupted call makes the same choice again. */
dc3_status dc3_fine_tune_complete(const dc3_train_options *o, const dc3_probe_start *s)
{
    dc3_train_report report;
    if (o->hold_out > 0) return DC3_OK;
    dc3_listener_say(&o->listener, "the probe is made again, on all images");
    return train_probe(o, s->path, 0, &report);
}

dc3_status dc3_fine_tune_test(const dc3_probe_start *s, dc3_classifier *net, dc3_images *images, int threads,
                              dc3_accuracy *accuracy)
{
    dc3_ctx *ctx;
    DC3_TRY(dc3_ctx_open(NULL, DC3_F32, threads, DC3_CTX_FAST, &ctx));
    dc3_status status = dc3_test_classifier(ctx, net, images, s->size, NULL, NULL, accuracy);
    dc3_ctx_close(&ctx);
    return status;
}

void dc3_fine_tune_clear(const dc3_probe_start *s)
{
    if (s->path) unlink(s->path);
}

void dc3_fine_tune_end(dc3_probe_start *s)
{
    free(s->path);
    s->path = NULL;
}
