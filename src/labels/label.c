/* Soft labels that are stored: views drawn as the RDED protocol draws them, and the teacher's logits. */
#include "dc3/label.h"

#include <sys/stat.h>
#include <unistd.h>
#include "base/call.h"
#include "base/file.h"
#include "base/listener.h"
#include "base/options.h"
#include "base/text.h"
#include "dc3/text.h"
#include "labels/labelling.h"
#include "labels/reserved.h"
#include "ranks/agree.h"
#include "ranks/ranks.h"
#include "ranks/share.h"
#include "run_folder/state.h"
#include "run_folder/work.h"

dc3_label_options dc3_label_defaults(void)
{
    return (dc3_label_options){.struct_size = sizeof(dc3_label_options),
                               .temperature = 20,
                               .threads = 1,
                               .recipe = DC3_RECIPE_DEFAULT,
                               .cutmix = -1,
                               .rand_ops = -1};
}

static dc3_status estimate(dc3_labelling *l)
{
    char text[DC3_NUMBER_TEXT];
    const dc3_label_options *o = l->options;
    double each, total = (double)l->labels.n * o->views;
    DC3_TRY(dc3_label_teachers_measure(&l->teachers, &o->listener, &each));
    l->report->estimate_seconds = each * total;
    l->report->bytes =
        dc3_soft_labels_bytes(l->labels.n, o->views, l->labels.classes, o->top_k, l->labels.bits);
    dc3_listener_say(&o->listener, "estimate: %d view%s of each of %lld image%s, %.1f MB, about %s", o->views,
                     dc3_s(o->views), (long long)l->labels.n, dc3_s(l->labels.n), l->report->bytes * 1e-6,
                     dc3_duration_text(each * total, text));
    return DC3_OK;
}

/* A view, and what was noted of its two images (dc3_dataset_heard). */
typedef struct shown {
    dc3_label_view made;
    int notes[2];
} shown;

static dc3_status show(void *user, int worker, int64_t i, float *view, void *note)
{
    const dc3_labelling *l = user;
    shown *to = note;
    DC3_TRY(dc3_label_views_make(l->drawn, worker, i, view, &to->made));
    to->notes[0] = dc3_dataset_heard(l->dataset, to->made.item);
    to->notes[1] = dc3_dataset_heard(l->dataset, to->made.params.partner);
    return DC3_OK;
}

static dc3_status take(void *user, int64_t i, const dc3_seen *seen)
{
    dc3_labelling *l = user;
    const shown *from = seen->note;
    const dc3_label_view *made = &from->made;
    int64_t view = i / l->labels.n;
    if (seen->status != DC3_OK) return dc3_fail(seen->status, "%s", seen->reason);
    dc3_dataset_hear(l->dataset, made->item, from->notes[0]);
    dc3_dataset_hear(l->dataset, made->params.partner, from->notes[1]);
    DC3_TRY(dc3_soft_labels_put(&l->labels, view, made->item, l->options->temperature, seen->values[0]));
    l->labels.params[view * l->labels.n + made->item] =
        made->params; /* last: it says that the view is there */
    return dc3_labelling_save_now_and_then(l);
}

static const char stage_name[] = "labels";

static dc3_look look_of(dc3_labelling *l)
{
    dc3_look look = dc3_label_teachers_look(&l->teachers);
    look.count = l->labels.n * l->labels.views;
    look.user = l, look.show = show, look.take = take, look.note = sizeof(shown);
    look.listener = &l->options->listener, look.stage = look.shared = stage_name;
    return look;
}

static dc3_status label_all(dc3_labelling *l)
{
    dc3_look look = look_of(l);
    look.first = dc3_labelling_first_missing(l);
    dc3_status status = dc3_look_run(&look);
    if (status == DC3_ERR_CANCELLED) {
        DC3_TRY(dc3_labelling_save(l));
        return dc3_fail(status, "interrupted");
    }
    if (status != DC3_OK && dc3_ranks_check() != DC3_OK) { /* a rank is lost */
        DC3_TRY(dc3_labelling_save(l));
        return dc3_ranks_check();
    }
    if (status == DC3_OK) status = dc3_soft_labels_save(l->out, &l->labels);
    if (status == DC3_OK) unlink(l->checkpoint);
    return status;
}

/* What all ranks must have alike. */
static dc3_status agree(const dc3_labelling *l)
{
    if (dc3_ranks_count() == 1) return DC3_OK;
    json_t *all = dc3_labelling_settings(l);
    json_object_set(all, "files", json_object_get(l->labels.info, "files"));
    dc3_status status = dc3_ranks_agree_on(all);
    json_decref(all);
    return status;
}

/* ---- another rank's part ---- */

static dc3_status serve(void *user, const void *known, size_t bytes)
{
    dc3_look look = look_of(user);
    return dc3_look_serve(&look, known, bytes);
}

static dc3_status help(dc3_labelling *l)
{
    const dc3_stage stages[] = {{stage_name, serve}, {NULL, NULL}};
    dc3_status status = dc3_labelling_open(l);
    if (status == DC3_OK) status = agree(l);
    if (status == DC3_OK) status = estimate(l);
    if (status == DC3_OK) status = dc3_share_follow(stages, l);
    dc3_labelling_close(l);
    return dc3_ranks_outcome(status);
}

static int into_run(const dc3_labelling *l)
{
    return l->is_run && !l->options->out;
}

/* Makes the file, unless it is there. */
static dc3_status make(dc3_labelling *l)
{
    struct stat info;
    if (!l->is_there) {
        DC3_TRY(dc3_labelling_resume(l));
        DC3_TRY(label_all(l));
    }
    if (into_run(l)) dc3_state_label(l->options->run, l->options->views);
    if (stat(l->out, &info) == 0) l->report->bytes = (double)info.st_size;
    if (into_run(l)) dc3_label_note_budget(l->options, l->report->bytes);
    return DC3_OK;
}

dc3_status dc3_label(const dc3_label_options *given, dc3_label_report *report)
{
    dc3_label_options own = dc3_label_defaults();
    const dc3_label_options *options = &own;
    DC3_TRY(dc3_place_need("report", report));
    *report = (dc3_label_report){0};
    DC3_TRY(DC3_TAKE_OPTIONS(dc3_label_options, listener, given, &own));
    DC3_TRY(dc3_options_threads(&own.threads));
    DC3_TRY(dc3_options_need("run", own.run));
    dc3_label_take_reserved(&own);
    dc3_ranks_mute(&own.listener);
    DC3_CALL_SCOPE(own.listener.cancel);
    dc3_labelling l = {.options = options, .report = report, .start = dc3_seconds_now(), .held = -1};
    dc3_work_note note;
    if (dc3_ranks_rank()) return help(&l);
    dc3_status status = dc3_labelling_open(&l);
    if (status == DC3_OK) status = agree(&l);
    if (status == DC3_OK) status = dc3_labelling_find(&l, &l.is_there);
    if (status == DC3_OK && l.is_there)
        dc3_listener_say(&own.listener,
                         "%s is complete: of these settings, teacher and images; %s makes it again", l.out,
                         dc3_setting("fresh"));
    else if (status == DC3_OK)
        status = estimate(&l);
    if (status == DC3_OK && !options->dry_run && into_run(&l))
        status = dc3_lock_take(options->run, &own.listener, &l.lock);
    int noted = status == DC3_OK && !options->dry_run && l.is_run;
    dc3_work_begin(&note, noted ? options->run : NULL, "label", &own.listener);
    if (status == DC3_OK && !options->dry_run) status = make(&l);
    report->seconds = l.before + dc3_seconds_now() - l.start;
    if (l.held >= 0) close(l.held);
    dc3_work_end(&note);
    dc3_lock_release(&l.lock);
    dc3_labelling_close(&l);
    return status;
}
