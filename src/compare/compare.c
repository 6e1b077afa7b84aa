/* dc3 compare: methods under one protocol and one budget. */
#include "dc3/compare.h"

#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/call.h"
#include "base/options.h"
#include "base/file.h"
#include "base/listener.h"
#include "output/output_path.h"
#include "compare/comparing.h"
#include "compare/sharing.h"
#include "io/weights.h"
#include "ranks/folder.h"
#include "ranks/ranks.h"
#include "select/image_rows.h"
#include "run_folder/clear.h"
#include "run_folder/fingerprint.h"
#include "train/backbone.h"
#include "teacher/check.h"
#include "teacher/classes.h"
#include "teacher/outputs.h"
#include "teacher/seen_images.h"
#include "teacher/teacher.h"

/* Of several teachers the students' lines say it. */
static void take_first(dc3_comparing *c)
{
    const json_t *line = dc3_results_teachers(&c->results),
                 *first = json_array_get(json_object_get(line, "teachers"), 0);
    const char *arch = json_string_value(json_object_get(first, "arch"));
    if (c->real_hard < 0 && arch && !c->options->archs[1] && strcmp(arch, c->options->archs[0]) == 0)
        c->real_hard = json_number_value(json_object_get(first, "top1"));
}

/* The accuracy of the teacher on the test images, where it is a student's kind of network. */
static dc3_status measure_teacher(dc3_comparing *c)
{
    const dc3_compare_options *o = c->options;
    double each[DC3_ENSEMBLE_MOST];
    dc3_table *table;
    dc3_ensemble one = {.count = 1};
    dc3_ctx *ctx = NULL;
    c->real_hard = o->real_hard;
    if (c->given.count > 1) {
        take_first(c);
        return DC3_OK;
    }
    if (o->real_hard >= 0 || !o->condense.teacher || dc3_goes_without(o->condense.teacher) || o->archs[1] ||
        !c->tests->images)
        return DC3_OK;
    DC3_TRY(dc3_weights_open(o->condense.teacher, &table));
    DC3_TRY(dc3_classifier_open(NULL, NULL, &table, &one.nets[0]));
    dc3_status status = DC3_OK;
    if (strcmp(dc3_classifier_describe(one.nets[0])->arch, o->archs[0]) == 0) {
        status = dc3_ctx_open(NULL, c->dtype, o->evaluate.threads, DC3_CTX_FAST, &ctx);
        if (status == DC3_OK)
            status = dc3_tests_score_teachers(c->tests, ctx, &one, o->condense.teacher, each, &c->real_hard);
    }
    dc3_classifier_close(&one.nets[0]);
    dc3_ctx_close(&ctx);
    return status;
}

/* For all condensations, which need not ask. */
static void keep_accuracy(dc3_comparing *c)
{
    dc3_condense_options *d = &c->own.condense;
    d->teacher_top1 = c->accuracy.top1;
    d->teacher_images = c->accuracy.images;
    d->teacher_on = c->accuracy.on;
}

static void name_teacher(dc3_comparing *c, const char *path, const char *arch)
{
    size_t used = strlen(c->given_names);
    char *name = g_path_get_basename(path);
    snprintf(c->given_names + used, sizeof c->given_names - used, "%s%s, %s", used ? "; " : "", name, arch);
    g_free(name);
}

/* Asks a teacher about training images; one that is given must be one of these classes. */
static dc3_status check_teacher(dc3_comparing *c, const char *path, int usual, const dc3_teacher_check *about,
                                const dc3_teacher_sample *sample)
{
    const dc3_condense_options *d = &c->options->condense;
    dc3_teacher teacher;
    dc3_teacher_check check = *about;
    check.path = path;
    dc3_status status = dc3_teacher_open(path, d->arch, path == d->teacher ? d->teacher_size : 0, usual,
                                         d->select.threads, &teacher);
    dc3_teacher_outputs outputs = {path, d->teacher_classes, d->data, check.names, &d->listener};
    if (status == DC3_OK) status = dc3_teacher_choose_outputs(&outputs, teacher.net, &teacher.classes);
    if (status == DC3_OK) dc3_report_teacher(&d->listener, &teacher);
    if (status == DC3_OK && !c->trains) dc3_teacher_note_size(&d->listener, &teacher, path, d->data, usual);
    if (status == DC3_OK) status = dc3_teacher_check_all(&teacher, &check, NULL, sample);
    if (path == d->teacher) c->accuracy = teacher.accuracy;
    if (status == DC3_OK && !c->trains) name_teacher(c, path, teacher.info->arch);
    c->doubted |= teacher.doubted;
    dc3_teacher_close(&teacher);
    return status;
}

/* All of them, once for all that is made with them, and what they say together. */
static dc3_status check_teachers(dc3_comparing *c, const dc3_dataset *data)
{
    const dc3_condense_options *d = &c->options->condense;
    char text[DC3_ACCURACY_TEXT];
    int usual = dc3_usual_size(data, 256), several = c->given.count > 1;
    if (!d->teacher || dc3_goes_without(d->teacher)) return DC3_OK;
    dc3_mean_answers mean = {0};
    json_t *names = dc3_class_names(data);
    const dc3_teacher_check check = {.data = d->data,
                                     .names = names,
                                     .own = c->trains,
                                     .any = d->any_teacher,
                                     .several = several,
                                     .listener = &d->listener};
    const dc3_teacher_sample sample = {.dataset = data,
                                       .on = "training images",
                                       .mean = several ? &mean : NULL,
                                       .fit = d->fit == DC3_FIT_DEFAULT ? DC3_FIT_CROP : d->fit};
    dc3_status status = check_teacher(c, d->teacher, usual, &check, &sample);
    for (int k = 1; status == DC3_OK && k < c->given.count; k++)
        status = check_teacher(c, c->given.paths[k], usual, &check, &sample);
    dc3_teacher_accuracy together = dc3_mean_answers_accuracy(&mean, sample.on);
    if (status == DC3_OK && several)
        dc3_listener_say(&d->listener, "the teachers' averaged logits: %s",
                         dc3_teacher_accuracy_text(&together, text));
    keep_accuracy(c);
    dc3_mean_answers_free(&mean);
    json_decref(names);
    return status;
}

/* The one that is made here, or the best of several. */
static dc3_status make_teacher(dc3_comparing *c)
{
    dc3_both_result result;
    c->probes = c->plan.backbone != NULL;
    if (!c->both) return dc3_own_teacher_train(&c->plan, NULL, &c->accuracy);
    DC3_TRY(dc3_both_teachers_train(&c->candidates, &result));
    c->accuracy = result.accuracy;
    c->probes = result.taken == DC3_BOTH_PROBE;
    return DC3_OK;
}

/* The teacher that is there now is everybody's. */
static void adopt_teacher(dc3_comparing *c)
{
    dc3_condense_options *d = &c->own.condense;
    d->teacher = c->teacher;
    c->students_teacher = c->teacher;
    if (c->probes) d->backbone = c->teacher;                /* whose embeddings are the same */
    d->teacher_epochs = d->both_teachers = d->replicas = 0; /* it is trained now */
    c->own.evaluate.any_teacher = 1;
}

/* One teacher for all methods, seeds and soft labels, which is asked where no images were held out. */
static dc3_status train_teacher(dc3_comparing *c)
{
    dc3_condense_options *d = &c->own.condense;
    dc3_dataset *data;
    if (c->trains) {
        DC3_TRY(make_teacher(c));
        adopt_teacher(c);
    }
    if (c->trains && c->accuracy.top1 < 0) {
        DC3_TRY(dc3_dataset_open_given(d->data, &d->choice, NULL, NULL, &data));
        dc3_status status = check_teachers(c, data);
        dc3_dataset_close(&data);
        DC3_TRY(status);
    }
    keep_accuracy(c);
    return DC3_OK;
}

/* By what the table's rows name the dataset: its classes, how many images, and of a manifest the split. */
static uint64_t fingerprint_of(const dc3_dataset *data, const dc3_data_choice *choice)
{
    json_t *names = dc3_class_names(data);
    if (choice->split) json_array_append_new(names, dc3_json_text(choice->split));
    uint64_t hash = dc3_fingerprint_classes(dc3_dataset_size(data), names);
    json_decref(names);
    return hash;
}

/* Pixels of the stored images' side, or of the images' own where they have fewer. */
static int stored_size(const dc3_condense_options *o, const dc3_dataset *data)
{
    int usual = dc3_usual_size(data, 256);
    return o->size && o->size < usual ? o->size : usual;
}

/* Images per class of the largest sets; with budgets 0. */
static int largest_ipc(const dc3_compare_options *o)
{
    int largest = 0;
    for (int i = 0; !o->budgets && o->ipcs[i]; i++) largest = o->ipcs[i] > largest ? o->ipcs[i] : largest;
    return largest;
}

/* What the runs will say, of which a dry run makes none. */
static dc3_status tell(const dc3_comparing *c, const dc3_dataset *data)
{
    const dc3_compare_options *o = c->options;
    dc3_report_notes(&o->condense.listener, data);
    if (o->budgets) return DC3_OK; /* which takes no more images than there are */
    return dc3_check_enough(&o->condense.listener, data, largest_ipc(o), 0, "");
}

/* The teacher is a probe on the backbone, or that or others. */
static void plan_probe(dc3_comparing *c, int size, const dc3_dataset *data)
{
    const dc3_condense_options *d = &c->own.condense;
    dc3_train_options probe = c->plan;
    dc3_backbone_plan(&probe, d->backbone, size, d->cache);
    c->both = dc3_both_teachers_due(d, c->options->out, data);
    if (c->both)
        c->candidates = dc3_both_teachers_plan(&probe, &c->plan, c->both, d->both_teachers, c->images);
    else
        c->plan = probe;
}

/* The backbone: one for all methods that compare images, and for the teacher that is trained here. */
static dc3_status plan_backbone(dc3_comparing *c, const dc3_dataset *data)
{
    dc3_condense_options *d = &c->own.condense;
    const dc3_backbone_use use = {dc3_comparing_has_features(c->options), c->trains,
                                  dc3_usual_size(data, 256), "such a comparison", c->options->out};
    dc3_teacher backbone;
    DC3_TRY(dc3_backbone_choose(d, &use, &d->backbone));
    d->usual_backbone = 0;
    if (d->both_teachers && !(d->backbone && c->trains))
        return dc3_fail_about("both_teachers", "%s needs a backbone (%s FILE) and no teacher's file",
                              dc3_setting("both_teachers"), dc3_setting("backbone"));
    if (d->near_duplicates > 0 && !d->backbone && dc3_goes_without(d->teacher))
        return dc3_fail_setting("near_duplicates",
                                "there are no embeddings to compare images by; expected %s or %s with a file",
                                dc3_setting("backbone"), dc3_setting("teacher"));
    if (!d->backbone) return DC3_OK;
    int size = d->feature_size ? d->feature_size : c->trains ? d->teacher_size : 0;
    dc3_status status = dc3_backbone_open(d->backbone, size, use.side, d->select.threads, &backbone);
    if (status == DC3_OK) {
        dc3_backbone_say(&d->listener, d->backbone, &backbone, data);
        snprintf(c->backbone, sizeof c->backbone, "%s", backbone.info->arch);
        c->pretrained = dc3_backbone_origin(&backbone);
        if (c->trains) plan_probe(c, backbone.size, data);
    }
    dc3_teacher_close(&backbone);
    return status;
}

/* A file of features is read once, before any work. */
static dc3_status open_features(dc3_comparing *c, const dc3_dataset *data)
{
    const char *path = c->options->condense.features;
    return path ? dc3_image_rows_open(path, data, &c->features) : DC3_OK;
}

/* Looks at the two datasets, before hours of work with them, and plans the teacher. */
static dc3_status look_ahead(dc3_comparing *c)
{
    const dc3_condense_options *d = &c->options->condense;
    const dc3_evaluate_options *e = &c->options->evaluate;
    dc3_dataset *data;
    int largest = largest_ipc(c->options), usual = d->select.ipc; /* one teacher for all cells */
    c->trains = !d->teacher && dc3_comparing_needs_teacher(c->options);
    if (d->choice.unlabelled) return dc3_fail_setting("unlabelled", "students need classes; leave it out");
    DC3_TRY(dc3_comparing_check_features(c->options));
    DC3_TRY(dc3_own_teacher_check(d, c->trains));
    if (c->trains) DC3_TRY(dc3_own_teacher_check_file(c->teacher));
    DC3_TRY(dc3_dataset_open_given(d->data, &d->choice, NULL, NULL, &data));
    if (c->trains) {
        c->plan = dc3_own_teacher(d, c->teacher, stored_size(d, data), largest ? largest : usual, data);
        dc3_own_teacher_go_on(d, c->options->out, &c->plan);
    }
    c->dataset = fingerprint_of(data, &d->choice);
    c->images = dc3_dataset_size(data);
    c->classes = dc3_dataset_classes(data);
    c->usual = dc3_usual_size(data, 224);
    dc3_note_one_class(&d->listener, data);
    dc3_status status = dc3_comparing_check_least(c, data, stored_size(d, data));
    if (status == DC3_OK) status = open_features(c, data);
    if (status == DC3_OK) status = plan_backbone(c, data);
    if (status == DC3_OK && c->trains && !c->both) dc3_own_teacher_note(&c->plan, data);
    if (status == DC3_OK && d->dry_run) status = tell(c, data);
    if (status == DC3_OK && !dc3_ranks_rank()) status = check_teachers(c, data); /* the others are told */
    if (status == DC3_OK)
        status = dc3_open_val(&(dc3_test_place){e->val, e->val_split}, data, NULL, dc3_dataset_filtered(data),
                              &c->tests->listener, &c->tests->dataset);
    if (status == DC3_OK) dc3_warn_swapped(&c->tests->listener, data, c->tests->dataset);
    dc3_dataset_close(&data);
    return status;
}

/* All teachers give the students' labels, the first alone the gradients for selection. */
static dc3_status take_teachers(dc3_comparing *c)
{
    dc3_condense_options *d = &c->own.condense;
    c->students_teacher = d->teacher;
    if (!d->teacher || dc3_goes_without(d->teacher)) return DC3_OK;
    DC3_TRY(dc3_teacher_list_read(d->teacher, &c->given));
    d->teacher = c->given.paths[0];
    int soft = 0;
    for (int i = 0; c->options->labels[i] != DC3_LABELS_END; i++)
        soft |= c->options->labels[i] == DC3_LABELS_SOFT;
    if (c->given.count > 1 && !soft)
        return dc3_fail_about("teacher",
                              "%s: several teachers are for soft labels; with hard ones give the first",
                              dc3_setting("teacher"));
    if (c->given.count > 1 && dc3_comparing_selects(c->options))
        dc3_listener_say(
            &d->listener,
            "note: %s, the first of %d teachers, gives the gradients for selection; soft labels are "
            "the averaged logits of all",
            d->teacher, c->given.count);
    return DC3_OK;
}

/* What is known before anything is written. */
static dc3_status plan(dc3_comparing *c)
{
    const dc3_compare_options *o = c->options;
    DC3_TRY(dc3_comparing_check(o));
    dc3_comparing_choose_compensation(&c->own);
    DC3_TRY(take_teachers(c));
    const dc3_input inputs[] = {{"the dataset", o->condense.data},
                                {"the images to test on", o->evaluate.val},
                                {"the editor", o->condense.editor}};
    DC3_TRY(dc3_output_folder_check("out", o->out, inputs, 3));
    DC3_TRY(dc3_compute_type(o->evaluate.dtype, &c->dtype));
    c->wanted = dc3_wanted(o);
    c->report->total = (int)dc3_wanted_count(c->wanted);
    if (c->report->total < 0)
        return dc3_fail_about("", "expected at most %d scores to make, found more", DC3_CELLS_LIMIT);
    DC3_TRY(dc3_tests_new(&o->condense.listener, &c->tests));
    c->teacher = dc3_path_join(o->out, "teacher.safetensors");
    if (!c->teacher) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    return look_ahead(c);
}

/* Another rank's part; it has the teacher as soon as rank 0 says that it is there. */
static dc3_status take_teacher(void *user)
{
    dc3_comparing *c = user;
    if (c->trains) adopt_teacher(c);
    keep_accuracy(c);
    return dc3_comparing_find_size(c);
}

static dc3_status help(dc3_comparing *c)
{
    DC3_TRY(plan(c));
    DC3_TRY(dc3_comparing_agree(c));
    return dc3_comparing_follow(c, take_teacher);
}

/* The table is of what the last call asks for, and takes the place of one that had more. */
static void note_others(const dc3_comparing *c)
{
    int64_t others = (int64_t)json_array_size(c->results.lines) - c->report->done - c->report->reused;
    if (others > 0)
        dc3_listener_say(
            &c->options->condense.listener,
            "note: %lld score%s of other calls stay%s in %s/results.jsonl, and out of the table, "
            "which has what this call asks for",
            (long long)others, others == 1 ? "" : "s", others == 1 ? "s" : "", c->options->out);
}

static dc3_status compare(dc3_comparing *c)
{
    const dc3_compare_options *o = c->options;
    DC3_TRY(plan(c));
    DC3_TRY(dc3_comparing_agree(c));
    DC3_TRY(dc3_comparing_find_size(c));
    if (o->condense.dry_run) return dc3_comparing_estimate(c);
    DC3_TRY(dc3_comparing_open(c));
    DC3_TRY(dc3_ranks_check_folder(o->out));
    DC3_TRY(train_teacher(c));
    DC3_TRY(dc3_comparing_find_size(c));
    DC3_TRY(dc3_comparing_check_size(c));
    DC3_TRY(dc3_comparing_tell(c));
    DC3_TRY(dc3_comparing_run(c));
    DC3_TRY(dc3_clear_students(o->out)); /* also those of an earlier call that wanted others */
    if (!c->tests->size) { /* all was there already: the size that the students saw is in the lines */
        const json_t *first = json_array_get(c->results.lines, 0);
        int size = (int)json_integer_value(json_object_get(first, "size"));
        if (size) DC3_TRY(dc3_tests_open(c->tests, size, o->evaluate.threads));
    }
    DC3_TRY(measure_teacher(c));
    note_others(c);
    return dc3_comparing_table(c);
}

dc3_compare_options dc3_compare_defaults(void)
{
    return (dc3_compare_options){.struct_size = sizeof(dc3_compare_options),
                                 .condense = dc3_condense_defaults(),
                                 .evaluate = dc3_evaluate_defaults(),
                                 .seeds = 3,
                                 .real_hard = -1};
}

/* Copies the options of the call, whose parts must be of this version. */
static dc3_status take_options(const dc3_compare_options *given, dc3_compare_options *own)
{
    *own = dc3_compare_defaults();
    DC3_TRY(DC3_TAKE_OPTIONS(dc3_compare_options, augment_robust, given, own));
    DC3_TRY(DC3_CHECK_PART(dc3_condense_options, &own->condense));
    DC3_TRY(DC3_CHECK_PART(dc3_select_options, &own->condense.select));
    DC3_TRY(DC3_CHECK_PART(dc3_evaluate_options, &own->evaluate));
    DC3_TRY(dc3_options_threads(&own->condense.select.threads));
    DC3_TRY(dc3_options_threads(&own->evaluate.threads));
    DC3_TRY(dc3_options_need("data", own->condense.data));
    if (!own->budgets) DC3_TRY(dc3_options_need("ipcs", own->ipcs));
    DC3_TRY(dc3_options_need("methods", own->methods));
    DC3_TRY(dc3_options_need("archs", own->archs));
    return dc3_options_need("labels", own->labels);
}

dc3_status dc3_compare(const dc3_compare_options *given, dc3_compare_report *report)
{
    dc3_comparing c = {.options = &c.own, .report = report, .accuracy = {.top1 = -1}, .lock = {.fd = -1}};
    DC3_TRY(dc3_place_need("report", report));
    *report = (dc3_compare_report){0};
    DC3_TRY(take_options(given, &c.own));
    dc3_ranks_mute(&c.own.condense.listener);
    dc3_ranks_mute(&c.own.evaluate.listener);
    DC3_CALL_SCOPE(c.own.condense.listener.cancel);
    dc3_status status = dc3_ranks_rank() ? help(&c) : compare(&c);
    if (status != DC3_OK) {
        free(report->table), free(report->json);
        report->table = report->json = NULL;
    }
    dc3_tests_free(&c.tests);
    dc3_lock_release(&c.lock);
    json_decref(c.wanted);
    json_decref(c.told);
    dc3_results_free(&c.results);
    dc3_teacher_list_free(&c.given);
    dc3_image_rows_close(&c.features);
    free(c.teacher);
    return dc3_ranks_outcome(status);
}
