#include "evaluate/check_stored.h"

#include "base/listener.h"
#include "base/options.h"
#include "run_folder/fingerprint.h"
#include "teacher/teacher_list.h"
#include "train/own_teacher.h"

/* Warns once where stored labels are of other images of the same names. */
static void check_labelled(const dc3_evaluation *e)
{
    dc3_condensed *set = e->set;
    if (!e->source->images || !set->stored || set->warned) return;
    json_t *here = dc3_fingerprint_text(set->stored);
    set->warned = !json_equal(here, e->source->images);
    json_decref(here);
    if (set->warned)
        dc3_listener_say(
            &e->options->listener,
            "warning: the labels in %s were made of other images than those in %s, whose names are "
            "the same; dc3 label makes new ones",
            e->source->path, e->options->data);
}

/* One of several teachers may be the run's: a labelling with them warns where none is. */
static int taught_by(const dc3_label_source *source, const json_t *fingerprint)
{
    size_t k;
    json_t *one;
    json_array_foreach(source->teachers, k, one)
    {
        if (json_equal(json_object_get(one, "fingerprint"), fingerprint)) return 1;
    }
    return json_equal(source->taught, fingerprint);
}

/* Warns once where stored labels are of another teacher than the one that is given, else the run's. */
static void check_taught(const dc3_evaluation *e)
{
    const dc3_evaluate_options *o = e->options;
    dc3_condensed *set = e->set;
    if (!json_is_string(e->source->taught) || set->told_teacher) return;
    json_t *expected =
        o->teacher ? dc3_teachers_fingerprint(o->teacher) : dc3_run_teacher_fingerprint(o->data);
    int same = o->teacher ? json_equal(expected, e->source->taught) : taught_by(e->source, expected);
    set->told_teacher = json_is_string(expected) && !same;
    json_decref(expected);
    if (set->told_teacher && o->teacher)
        dc3_listener_say(
            &o->listener,
            "warning: the labels in %s were made by another teacher than %s, which is not asked; "
            "dc3 label %s FILE makes new ones",
            e->source->path, o->teacher, dc3_setting("teacher"));
    else if (set->told_teacher)
        dc3_listener_say(&o->listener,
                         "warning: the labels in %s were made by another teacher than the one with which the "
                         "images of %s were chosen",
                         e->source->path, o->data);
}

/* Stored labels have views of their own: what is asked for must be what they have. */
static dc3_status check_views(const dc3_evaluation *e)
{
    const dc3_evaluate_options *o = e->options;
    const dc3_label_source *source = e->source;
    const struct {
        const char *name;
        int given;
        int64_t theirs;
    } all[] = {{"factor", o->factor, source->factor},
               {"batch", o->batch, source->batch},
               {"size", o->size, source->size}};
    if (source->views && (o->crop > 0 || o->cutmix >= 0 || o->rand_ops >= 0 || o->rand_strength))
        return dc3_fail_about("labels",
                              "the stored labels have views of their own: leave out %s, %s, %s and %s",
                              dc3_setting("crop"), dc3_setting("cutmix"), dc3_setting("rand_ops"),
                              dc3_setting("rand_strength"));
    for (int i = 0; source->views && i < 3; i++)
        if (all[i].given && all[i].given != all[i].theirs)
            return dc3_fail_setting(all[i].name,
                                    "the stored labels were made with a %s of %lld, found %d; leave it out",
                                    all[i].name, (long long)all[i].theirs, all[i].given);
    return DC3_OK;
}

dc3_status dc3_stored_check(const dc3_evaluation *e)
{
    check_labelled(e);
    check_taught(e);
    return check_views(e);
}
