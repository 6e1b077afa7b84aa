#include "condense/run_open.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/file.h"
#include "dc3/search.h"
#include "output/output_path.h"
#include "base/options.h"
#include "base/text.h"
#include "condense/amount.h"
#include "condense/originals.h"
#include "methods/chosen.h"
#include "methods/compensation.h"
#include "methods/cropping.h"
#include "methods/methods.h"
#include "features/duplicates.h"
#include "features/given.h"
#include "features/near_copies.h"
#include "features/run_teacher.h"
#include "features/run_backbone.h"
#include "methods/selection.h"
#include "diffusion/edit_options.h"
#include "options/coding.h"
#include "options/option_names.h"
#include "run_folder/store.h"
#include "teacher/classes.h"
#include "train/own_teacher.h"
#include "teacher/seen_images.h"
#include "teacher/teacher_list.h"

dc3_condense_options dc3_condense_defaults(void)
{
    dc3_condense_options o = {.struct_size = sizeof o,
                              .fit = DC3_FIT_DEFAULT,
                              .format = DC3_FORMAT_DEFAULT,
                              .detail = DC3_DETAIL_DEFAULT,
                              .compensation = DC3_COMPENSATION_DEFAULT,
                              .selection = DC3_SELECTION_DEFAULT,
                              .teacher_top1 = -1,
                              .lora_scale = 1,
                              .hash_distance = -1,
                              .select = dc3_select_defaults()};
    dc3_condense_options_unset(&o);
    return o;
}

dc3_status dc3_condense_take(const dc3_condense_options *given, dc3_condense_options *own)
{
    *own = dc3_condense_defaults();
    DC3_TRY(DC3_TAKE_OPTIONS(dc3_condense_options, listener, given, own));
    DC3_TRY(DC3_CHECK_PART(dc3_select_options, &own->select));
    return dc3_options_threads(&own->select.threads);
}

static dc3_status read_choices(dc3_run *run)
{
    const dc3_condense_options *o = run->options;
    DC3_TRY(dc3_option_check("fit", (int)o->fit, 1));
    DC3_TRY(dc3_coding_of(o->format, o->quality, o->chroma, &run->coding));
    DC3_TRY(dc3_option_check("combine", (int)o->combine, 0));
    DC3_TRY(dc3_store_check(o));
    run->fit = o->fit == DC3_FIT_DEFAULT ? DC3_FIT_CROP : o->fit;
    run->combine = o->combine;
    return DC3_OK;
}

/* The one that is given, none, or the run's own. */
static dc3_status choose_teacher(dc3_run *run, dc3_run_needs needs)
{
    const dc3_condense_options *o = run->options;
    int uses = run->needs & (DC3_NEEDS_FEATURES | DC3_NEEDS_BINS | DC3_NEEDS_TEACHER);
    run->trains = !o->teacher && needs == DC3_RUN_CONDENSE && uses && !o->choice.unlabelled;
    DC3_TRY(dc3_own_teacher_check(o, run->trains));
    if (o->teacher && strcmp(o->teacher, "none") == 0) return DC3_OK;
    if (!o->teacher && !run->trains) return DC3_OK;
    if (!run->trains)
        return dc3_teacher_list_first(o->teacher, uses ? &o->listener : NULL, &run->teacher_path);
    run->teacher_path = dc3_path_join(o->out, "teacher.safetensors");
    return run->teacher_path ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
}

/* The method that the options name, of a command that asks for it. */
static dc3_status choose_method(dc3_run *run, dc3_run_needs needs)
{
    const char *names[DC3_METHODS + 1] = {0};
    int method = needs == DC3_RUN_BINS ? DC3_METHOD_DC3_SELECT : 0;
    for (int i = 0; i < DC3_METHODS; i++) names[i] = dc3_methods[i].words->name;
    if (needs >= DC3_RUN_METHOD && run->options->method)
        DC3_TRY(dc3_choose_name("method", run->options->method, names, &method));
    run->method = &dc3_methods[method];
    DC3_TRY(dc3_compensation_choose(run->options, needs == DC3_RUN_CONDENSE, &run->method));
    run->synthesis = run->method->synthesis;
    run->each = 1;
    run->needs = run->method->needs;
    if (needs >= DC3_RUN_METHOD) DC3_TRY(dc3_run_choose_selection(run));
    DC3_TRY(dc3_run_choose_crops(run, needs >= DC3_RUN_METHOD));
    DC3_TRY(choose_teacher(run, needs));
    if (needs >= DC3_RUN_METHOD && run->options->choice.unlabelled && run->needs & DC3_NEEDS_TEACHER &&
        !run->teacher_path)
        return dc3_fail_setting(
            "unlabelled", "images without classes have no teacher, which %s %s%s%s needs; leave that out",
            dc3_setting(run->selection ? "selection" : "method"),
            run->selection ? dc3_selection_kind_name(run->options->selection) : run->method->words->name,
            run->options->crops ? " or " : "", run->options->crops ? dc3_setting("crops") : "");
    DC3_TRY(dc3_run_check_selection(run));
    return dc3_run_check_crops(run);
}

/* The features that are given. A choice by them alone asks no teacher. */
static dc3_status open_given(dc3_run *run, dc3_run_needs needs)
{
    const char *setting = dc3_setting("features");
    if (!run->options->features) return DC3_OK;
    dc3_features_use use = dc3_method_features(run->method, run->crops, run->teacher_path != NULL,
                                               run->options->near_duplicates != 0);
    if (needs < DC3_RUN_BINS || use == DC3_FEATURES_UNUSED)
        return dc3_fail_about("features", "%s: %s %s has no use for it; leave it out", setting,
                              dc3_setting("method"), run->method->words->name);
    if (use == DC3_FEATURES_OF_WHOLE_IMAGES)
        return dc3_fail_about("features",
                              "%s: its rows are of whole images, and %s chooses parts of them; expected "
                              "one of both",
                              setting, dc3_setting("crops"));
    if (use == DC3_FEATURES_BESIDE_GRADIENTS)
        return dc3_fail_about("features",
                              "%s: %s %s compares a teacher's gradients alone; leave it out, or the teacher "
                              "(%s none)",
                              setting, dc3_setting("method"), run->method->words->name,
                              dc3_setting("teacher"));
    run->idle =
        !(run->needs & (DC3_NEEDS_BINS | DC3_NEEDS_TEACHER)) && !(run->method->uses & DC3_USES_MAXIMIZER);
    return dc3_given_open(run);
}

/* Whose features are wanted. */
static dc3_status choose_features(dc3_run *run, dc3_run_needs needs)
{
    int bins = run->needs & DC3_NEEDS_BINS, features = run->needs & DC3_NEEDS_FEATURES;
    int given = run->teacher_path && !run->trains;
    char what[64];
    snprintf(what, sizeof what, "%s %s", dc3_setting("method"), run->method->words->name);
    if (run->dataset) DC3_TRY(open_given(run, needs));
    if (run->given) snprintf(what, sizeof what, "a choice by %s", dc3_setting("features"));
    if (run->dataset)
        DC3_TRY(dc3_run_open_backbone(
            run, !run->given && dc3_selection_compares(run->method, run->options->selection, given), what));
    run->encodes = needs != DC3_RUN_EDITOR && !run->shares && !run->given &&
                   (bins || (features && (!run->teacher_path || run->backbone_path)));
    return DC3_OK;
}

/* The diffusion model, where its edits or its VAE's features are needed. */
static dc3_status open_editor(dc3_run *run, dc3_run_needs needs)
{
    const dc3_condense_options *o = run->options;
    dc3_dtype dtype;
    DC3_TRY(dc3_compute_type(o->dtype, &dtype));
    DC3_TRY(dc3_option_check("detail", (int)o->detail, 1));
    DC3_TRY(dc3_edit_settings_of_condense(o, &run->edit));
    int encodes = run->encodes && !run->backbone_path, edits = run->method->needs & DC3_NEEDS_EDITOR;
    if (o->lora && !edits)
        return dc3_fail_setting("lora", "the method %s makes no edits", run->method->words->name);
    if (run->given && needs == DC3_RUN_METHOD) edits = 0; /* none is made of what is chosen */
    if (!encodes && !edits) return dc3_editor_check_unused(o->editor);
    DC3_TRY(dc3_options_need("editor", o->editor));
    DC3_TRY(
        dc3_editor_open_adapted(o->editor, o->lora, o->lora_scale, dtype, o->select.threads, &run->editor));
    run->edit = dc3_editor_defaults(run->editor);
    run->detail = o->detail != DC3_DETAIL_DEFAULT ? o->detail : dc3_editor_describe(run->editor).detail;
    return dc3_edit_settings_of_condense(o, &run->edit);
}

dc3_status dc3_run_check_edits(const dc3_run *run)
{
    char note[1000];
    if (!(run->method->needs & DC3_NEEDS_EDITOR)) return DC3_OK;
    DC3_TRY(dc3_editor_check(run->editor, &run->edit));
    if (*dc3_editor_note(run->editor, &run->edit, note, sizeof note)) dc3_run_say(run, "note: %s", note);
    if (!run->dataset) return DC3_OK; /* an edit of one image has a prompt of its own */
    return dc3_prompts_check(&run->prompts, run->options->prompts, dc3_editor_concepts(run->editor),
                             dc3_editor_describe(run->editor).name, &run->options->listener);
}

/* Of the stored images, and how many parts they have. */
static dc3_status choose_size(dc3_run *run)
{
    const dc3_condense_options *o = run->options;
    int edited = run->editor && run->method->needs & DC3_NEEDS_EDITOR && run->detail == DC3_DETAIL_EDIT;
    if (o->size < 0 || o->size > 4096 || (o->size && o->size < 8))
        return dc3_fail_setting("size", "expected 8 to 4096 pixels, found %d", o->size);
    run->size = o->size ? o->size : edited ? run->edit.size : run->usual;
    DC3_TRY(dc3_run_choose_factor(run));
    if (run->each > 1 || (run->synthesis->combines && run->combine == DC3_COMBINE_FOURFOLD))
        run->size -= run->size % 2;
    run->full = o->search ? o->search->tried[0].size : run->size; /* its first is the usual size */
    return DC3_OK;
}

/* Of the images whose features are taken. */
static dc3_status choose_feature_size(dc3_run *run)
{
    const dc3_condense_options *o = run->options;
    int usual = run->usual;
    if (run->encodes && run->backbone.net) {
        run->feature_size = run->backbone.size, run->feature_length = run->backbone.info->embedding;
        return DC3_OK;
    }
    if (!run->encodes) return DC3_OK;
    dc3_editor_info info = dc3_editor_describe(run->editor);
    int feature = o->feature_size ? o->feature_size : usual < run->edit.size ? usual : run->edit.size;
    int unit = info.factor * 2;
    run->feature_size = o->feature_size ? feature : feature < unit ? unit : feature / unit * unit;
    if (run->feature_size % info.factor != 0 || run->feature_size < info.factor || run->feature_size > 4096)
        return dc3_fail_setting("feature_size", "expected a multiple of %d up to 4096, found %d", info.factor,
                                run->feature_size);
    int64_t side = run->feature_size / info.factor;
    run->feature_length = side * side * info.latent_channels;
    return DC3_OK;
}

/* Classes that have too few images are told by a dry run, which does not come to where the images are read.
 */
static dc3_status check_classes(const dc3_run *run)
{
    const dc3_condense_options *o = run->options;
    if ((!o->strict && !o->dry_run) || dc3_amount_given(o)) return DC3_OK;
    return dc3_check_enough(&o->listener, run->dataset, (int64_t)o->select.ipc * run->each, o->strict,
                            dc3_run_again(run));
}

/* Saved features must not lie among what is read. One that cannot be written may hold what is wanted. */
static dc3_status check_cache(const dc3_condense_options *o)
{
    const dc3_input inputs[] = {{"the dataset", o->data}, {"the editor", o->editor}};
    if (!o->cache || (dc3_path_what(o->cache) == DC3_PATH_FOLDER && access(o->cache, W_OK) != 0))
        return DC3_OK;
    return dc3_output_folder_check("cache", o->cache, inputs, 2);
}

/* While the dataset is listed nobody knows how many there will be. */
static void found(void *run, int64_t images)
{
    dc3_run_progress(run, "listing", images, -1);
}

dc3_status dc3_run_open(const dc3_condense_options *options, dc3_run_needs needs, dc3_condense_report *report,
                        dc3_run *run)
{
    return dc3_run_open_by(options, needs, NULL, report, run);
}

dc3_status dc3_run_open_by(const dc3_condense_options *options, dc3_run_needs needs,
                           const dc3_image_rows *opened, dc3_condense_report *report, dc3_run *run)
{
    enum { MOST = 256 }; /* pixels of stored images, where nothing else is said */
    memset(run, 0, sizeof *run);
    memset(report, 0, sizeof *report);
    report->probe_top1 = report->tuned_top1 = report->trained_top1 = -1;
    run->options = options;
    run->report = report;
    run->opened = opened;
    DC3_TRY(read_choices(run));
    DC3_TRY(dc3_amount_check(options, needs == DC3_RUN_CONDENSE, needs >= DC3_RUN_METHOD));
    if (options->select.ipc < 1 || options->select.ipc > 1000000)
        return dc3_fail_setting("ipc", "expected 1 to 1000000 images per class, found %d",
                                options->select.ipc);
    DC3_TRY(check_cache(options));
    DC3_TRY(choose_method(run, needs));
    DC3_TRY(dc3_prompts_read(options->prompts, &run->prompts));
    DC3_TRY(dc3_choice_read(&options->choice, &run->choice));
    if (needs != DC3_RUN_EDITOR)
        DC3_TRY(dc3_dataset_open_chosen(options->data, run->choice, 0, found, run, &run->dataset));
    run->usual = run->dataset ? dc3_usual_size(run->dataset, MOST) : MOST;
    DC3_TRY(choose_features(run, needs));
    DC3_TRY(open_editor(run, needs));
    DC3_TRY(choose_size(run));
    DC3_TRY(dc3_originals_check(run));
    if (needs >= DC3_RUN_METHOD) DC3_TRY(check_classes(run));
    DC3_TRY(choose_feature_size(run));
    if (!run->dataset) return DC3_OK;
    if (needs >= DC3_RUN_METHOD && run->teacher_path && !run->trains) {
        if (run->needs & (DC3_NEEDS_FEATURES | DC3_NEEDS_BINS | DC3_NEEDS_TEACHER))
            DC3_TRY(dc3_run_open_teacher(run));
        else {
            dc3_table *unused;
            DC3_TRY(dc3_teacher_weights(run->teacher_path, &unused));
            dc3_table_close(&unused);
            dc3_run_say(run, "note: %s %s does not use a teacher", dc3_setting("method"),
                        run->method->words->name);
        }
    }
    if (run->shares) run->feature_length = run->teacher.info->embedding;
    DC3_TRY(dc3_duplicates_check(options));
    DC3_TRY(dc3_near_copies_check(run, run->needs & (DC3_NEEDS_FEATURES | DC3_NEEDS_BINS)));
    report->images = dc3_dataset_size(run->dataset);
    report->classes = dc3_dataset_classes(run->dataset);
    dc3_report_notes(&options->listener, run->dataset);
    if (needs >= DC3_RUN_METHOD && !options->choice.unlabelled)
        dc3_note_one_class(&options->listener, run->dataset);
    const char *fault = dc3_dataset_fault(run->dataset);
    if (options->strict && fault) return dc3_fail(DC3_ERR_FORMAT, "%s (%s)", fault, dc3_setting("strict"));
    return DC3_OK;
}
