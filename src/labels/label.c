/* Soft labels that are stored: views drawn as the RDED protocol draws them, and the teacher's logits. */
#include "dc3/label.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/call.h"
#include "base/options.h"
#include "base/file.h"
#include "output/output_path.h"
#include "run_folder/fingerprint.h"
#include "run_folder/work.h"
#include "io/safetensors.h"
#include "learn/checkpoint.h"
#include "learn/protocol.h"
#include "learn/recipe.h"
#include "labels/soft_labels.h"
#include "base/listener.h"
#include "base/lock.h"
#include "options/option_names.h"
#include "run_folder/document.h"
#include "run_folder/images_place.h"
#include "run_folder/made_of.h"
#include "run_folder/stored_images.h"
#include "run_folder/state.h"
#include "labels/label_teachers.h"
#include "labels/label_views.h"
#include "labels/reserved.h"
#include "ranks/agree.h"
#include "ranks/ranks.h"
#include "ranks/share.h"
#include "teacher/classes.h"
#include "train/own_teacher.h"
#include "dc3/text.h"

typedef struct labelling {
    const dc3_label_options *options;
    dc3_label_report *report;
    char *folder, *out;   /* of the images; the file to write */
    char *checkpoint;     /* where the labels are while they are not all there */
    int held;             /* it, once it was written; -1: none */
    double saved, saving; /* when it was written last, s; seconds that took */
    double start, before; /* of this call; seconds of earlier ones, up to the checkpoint */
    int is_run;           /* dc3 made the folder */
    dc3_lock lock;        /* of the run's folder, where the labels go into it */
    dc3_dataset *dataset;
    json_t *document; /* the run's dc3.json; NULL: no run's */
    json_t *classes;  /* their names, in order */
    char *data;       /* what the run was made from; NULL: not known */
    dc3_images *images;
    char unreadable[512]; /* the first image that is, and why */
    dc3_label_teachers teachers;
    dc3_recipe recipe; /* of the views */
    int mixed;         /* images that are mixed with each other: of the options, or the recipe's */
    int factor;        /* of the views, 1 or 2 */
    dc3_soft_labels labels;
    dc3_label_views *drawn; /* NULL before they are asked for */
} labelling;

dc3_label_options dc3_label_defaults(void)
{
    return (dc3_label_options){.struct_size = sizeof(dc3_label_options),
                               .temperature = 20,
                               .threads = 1,
                               .recipe = DC3_RECIPE_DEFAULT,
                               .cutmix = -1,
                               .rand_ops = -1};
}

static dc3_status check_options(labelling *l)
{
    const dc3_label_options *o = l->options;
    const dc3_recipe_views views = {o->factor, o->crop, o->cutmix, o->rand_ops, o->rand_strength};
    if (o->views < 1 || o->views > 100000)
        return dc3_fail_setting("views", "expected 1 to 100000, found %d", o->views);
    if (o->batch < 0 || o->batch > 65536)
        return dc3_fail_setting("batch", "expected 1 to 65536, found %d", o->batch);
    if (!(o->temperature > 0 && o->temperature <= 1e6))
        return dc3_fail_setting("temperature", "expected more than 0 and at most 1e6, found %g",
                                o->temperature);
    DC3_TRY(dc3_option_check("recipe", (int)o->recipe, 1));
    l->recipe = dc3_recipe_of(o->recipe == DC3_RECIPE_DEFAULT ? DC3_RECIPE_CLASSIC : o->recipe, 0);
    return dc3_recipe_take_views(&views, &l->recipe);
}

/* How many images are mixed with each other, and the factor of their views. */
static void resolve(labelling *l)
{
    const dc3_label_options *o = l->options;
    int64_t n = dc3_dataset_size(l->dataset), classes = l->teachers.of[0].info->classes;
    l->mixed = o->batch                          ? o->batch
               : o->recipe == DC3_RECIPE_DEFAULT ? 100
                                                 : dc3_recipe_batch(o->recipe, n, classes);
    l->factor = l->recipe.factor ? l->recipe.factor : dc3_protocol_factor(l->teachers.size);
}

/* The names of a run's classes, from its dc3.json. */
static dc3_status read_run(labelling *l, const dc3_images_place *place)
{
    const char *program = json_string_value(json_object_get(place->document, "program")),
               *data =
                   json_string_value(json_object_get(json_object_get(place->document, "settings"), "data"));
    json_t *classes = json_object_get(place->document, "classes");
    if (!program || strcmp(program, "dc3") != 0 || !json_is_array(classes))
        return dc3_fail(DC3_ERR_FORMAT, "%s: expected a run of dc3 with its classes", place->path);
    l->classes = json_incref(classes);
    l->document = json_incref(place->document);
    if (data) l->data = strdup(data);
    return DC3_OK;
}

/* The file to write, and beside it the one that is kept until it is complete. Of a run's folder the names are
 * its own. */
static dc3_status find_output(labelling *l)
{
    const dc3_label_options *o = l->options;
    char *checkpoint = NULL;
    dc3_status status = DC3_OK;
    dc3_input inputs[2 + DC3_ENSEMBLE_MOST] = {{"the images", l->folder}, {"the dataset", l->data}};
    size_t count = 2;
    for (int k = 0; k < l->teachers.list.count; k++)
        inputs[count++] = (dc3_input){"the teacher", l->teachers.list.paths[k]};
    dc3_output_path output = {"out", o->out, &dc3_soft_labels_output, o->force, inputs, count, o->run};
    if (o->out)
        DC3_TRY(dc3_output_path_check(&output, &l->out));
    else
        l->out = dc3_path_join(o->run, "soft_labels.safetensors");
    l->checkpoint = l->out ? dc3_checkpoint_beside(l->out) : NULL;
    if (!l->checkpoint) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    output.path = l->checkpoint, output.kind = &dc3_soft_labels_part_output;
    if (o->out) status = dc3_output_path_check(&output, &checkpoint);
    free(checkpoint);
    return status;
}

/* Which folder holds the images, and which file is written. */
static dc3_status find_places(labelling *l)
{
    const dc3_label_options *o = l->options;
    dc3_images_place place;
    if (dc3_path_what(o->run) == DC3_PATH_MISSING)
        return dc3_fail(DC3_ERR_IO,
                        "%s: expected a folder that dc3 condense made, or a dataset, found nothing there",
                        o->run);
    dc3_status status = dc3_images_place_find(o->run, &place);
    l->is_run = place.is_run;
    l->folder = place.folder;
    place.folder = NULL;
    if (status == DC3_OK && l->is_run) status = dc3_choice_refuse(&o->choice, o->run);
    if (status == DC3_OK && l->is_run) status = read_run(l, &place);
    if (status == DC3_OK && !l->is_run && !o->out && !o->dry_run)
        status = dc3_fail(DC3_ERR_ARGUMENT,
                          "%s: was not made by dc3 condense, so nothing is written into it; use %s FILE",
                          o->run, dc3_setting("out"));
    if (status == DC3_OK) status = find_output(l);
    dc3_images_place_free(&place);
    return status;
}

static json_t *names_of(const dc3_dataset *d, int classes)
{
    json_t *names = json_array();
    for (int64_t i = 0; i < (classes ? dc3_dataset_classes(d) : dc3_dataset_size(d)); i++)
        json_array_append_new(
            names, dc3_json_text(classes ? dc3_dataset_class_name(d, (int)i) : dc3_dataset_key(d, i)));
    return names;
}

/* What metadata.jsonl says. */
typedef struct metadata {
    const labelling *l;
    int64_t lines;
    json_t *labels; /* by file name */
} metadata;

static dc3_status add_line(void *user, json_t *line)
{
    metadata *m = user;
    const char *name = json_string_value(json_object_get(line, "file_name"));
    json_t *label = json_object_get(line, "label");
    json_int_t value = json_integer_value(label);
    size_t classes = json_array_size(m->l->classes);
    m->lines++;
    if (!name || !json_is_integer(label) || value < 0 || value >= (json_int_t)classes)
        return dc3_fail(DC3_ERR_FORMAT,
                        "%s/metadata.jsonl: line %lld: expected a file_name and a label below %zu",
                        m->l->folder, (long long)m->lines, classes);
    json_object_set(m->labels, name, label);
    return DC3_OK;
}

/* An object of the labels by file name, which the caller releases. */
static dc3_status read_metadata(const labelling *l, json_t **labels)
{
    metadata m = {.l = l, .labels = json_object()};
    dc3_stored_images found = {0};
    char text[DC3_STORED_TEXT];
    *labels = m.labels;
    DC3_TRY(dc3_metadata_each(l->folder, add_line, &m));
    dc3_stored_images_lost(l->folder, l->document, m.lines, &found);
    if (!found.lost) return DC3_OK;
    return dc3_fail(DC3_ERR_FORMAT, "%s: %s; give the run's command again", l->folder,
                    dc3_stored_missing(&found, text));
}

/* The classes of the images: of a run those of metadata.jsonl, since a class without images has no
 * folder. */
static dc3_status take_labels(labelling *l)
{
    int64_t n = l->labels.n;
    json_t *files = json_object_get(l->labels.info, "files"), *known = NULL;
    dc3_status status = l->is_run ? read_metadata(l, &known) : DC3_OK;
    for (int64_t i = 0; status == DC3_OK && i < n; i++) {
        const char *name = json_string_value(json_array_get(files, (size_t)i));
        json_t *label = json_object_get(known, name);
        l->labels.labels[i] = label ? (int32_t)json_integer_value(label) : dc3_dataset_label(l->dataset, i);
        if (l->is_run && !label)
            status = dc3_fail(DC3_ERR_FORMAT, "%s/%s: is not in metadata.jsonl", l->folder, name);
    }
    if (status == DC3_OK && l->is_run && (int64_t)json_object_size(known) != n)
        status = dc3_fail(
            DC3_ERR_FORMAT,
            "%s: expected the %zu images of metadata.jsonl, found %lld; give the run's command again",
            l->folder, json_object_size(known), (long long)n);
    json_decref(known);
    return status;
}

static void note_unreadable(void *user, const char *key, const char *reason)
{
    labelling *l = user;
    if (!*l->unreadable) snprintf(l->unreadable, sizeof l->unreadable, "%s: %s", key, reason);
}

static dc3_status open_images(labelling *l)
{
    const dc3_label_options *o = l->options;
    dc3_images_options options = {
        .how = DC3_IMAGES_OWN, .threads = o->threads, .user = l, .skipped = note_unreadable};
    DC3_TRY(dc3_dataset_open_given(l->folder, &o->choice, NULL, NULL, &l->dataset));
    dc3_report_notes(&o->listener, l->dataset);
    DC3_TRY(dc3_images_open(l->dataset, &options, &l->images));
    return *l->unreadable ? dc3_fail(DC3_ERR_FORMAT, "%s", l->unreadable) : DC3_OK;
}

/* The teachers, for views as large as the first image's shorter side where nothing else is said. */
static dc3_status open_teachers(labelling *l)
{
    dc3_loaded_image first = {0};
    int64_t count = 0;
    DC3_TRY(dc3_images_batch(l->images, 1, &(int64_t){0}, &first, &count));
    if (!count) return dc3_fail(DC3_ERR_FORMAT, "%s", l->unreadable);
    int side = first.width < first.height ? first.width : first.height;
    json_t *names = l->classes ? json_incref(l->classes) : dc3_class_names(l->dataset);
    dc3_status status = dc3_label_teachers_open(l->options, side, names, &l->teachers);
    json_decref(names);
    return status;
}

/* The dataset that a run was made from, where it is still there with the same classes; else NULL. */
static dc3_dataset *open_originals(const labelling *l)
{
    dc3_dataset *originals = NULL;
    const json_t *settings = json_object_get(l->document, "settings");
    if (!l->data || dc3_made_of_open(settings, l->data, &originals) != DC3_OK) return NULL;
    json_t *names = dc3_class_names(originals);
    if (!json_equal(names, l->classes)) dc3_dataset_close(&originals);
    json_decref(names);
    return originals;
}

/* Teachers must be of these classes: they are asked about the training images, else about those that are
 * stored. */
static dc3_status check_teachers(labelling *l)
{
    const dc3_label_options *o = l->options;
    json_t *names = l->classes ? json_incref(l->classes) : dc3_class_names(l->dataset);
    dc3_dataset *originals = open_originals(l);
    dc3_teacher_check check = {.data = originals ? l->data : o->run,
                               .names = names,
                               .own = !o->teacher,
                               .any = o->any_teacher,
                               .listener = &o->listener};
    dc3_teacher_sample sample = {.dataset = originals ? originals : l->dataset,
                                 .labels = originals ? NULL : l->labels.labels,
                                 .on = originals   ? "training images"
                                       : l->is_run ? "stored images"
                                                   : "labelled images",
                                 .fit = DC3_FIT_CROP};
    dc3_status status = dc3_label_teachers_check(&l->teachers, &check, &sample);
    dc3_dataset_close(&originals);
    json_decref(names);
    return status;
}

/* What a reader of the file may want to know. */
static void fill_info(labelling *l)
{
    const dc3_label_options *o = l->options;
    json_t *info = l->labels.info;
    char seed[24];
    snprintf(seed, sizeof seed, "%llu", (unsigned long long)o->seed);
    json_object_set_new(info, "version", json_string(dc3_version()));
    dc3_label_teachers_describe(&l->teachers, info);
    if (o->teacher_classes) json_object_set_new(info, "teacher_classes", dc3_fingerprint(o->teacher_classes));
    json_object_set_new(info, "seed", json_string(seed));
    json_object_set_new(info, "factor", json_integer(l->factor));
    json_object_set_new(info, "batch", json_integer(l->mixed));
    if (l->recipe.crop > 0) json_object_set_new(info, "crop", json_real(l->recipe.crop));
    if (!l->recipe.cutmix) json_object_set_new(info, "cutmix", json_integer(0));
    if (l->recipe.rand_ops) {
        json_object_set_new(info, "rand_ops", json_integer(l->recipe.rand_ops));
        json_object_set_new(info, "rand_strength", json_integer(l->recipe.rand_strength));
    }
    json_object_set_new(info, "temperature", json_real(o->temperature));
    if (l->is_run) /* by which these images are known among others of their names */
        json_object_set_new(info, "stored", dc3_fingerprint_text(dc3_fingerprint_folder(l->folder)));
    json_object_set_new(info, "class_names", l->classes ? json_incref(l->classes) : names_of(l->dataset, 1));
    json_object_set_new(info, "files", names_of(l->dataset, 0));
}

static double image_bytes(const labelling *l)
{
    double sum = 0;
    for (int64_t i = 0; i < dc3_dataset_size(l->dataset); i++) sum += dc3_dataset_bytes(l->dataset, i);
    return sum;
}

static dc3_status open_all(labelling *l)
{
    const dc3_label_options *o = l->options;
    DC3_TRY(check_options(l));
    DC3_TRY(dc3_label_teachers_find(o, &l->teachers));
    DC3_TRY(find_places(l));
    dc3_run_teachers_warn(o->run, &l->teachers.list, &o->listener);
    DC3_TRY(open_images(l));
    DC3_TRY(open_teachers(l));
    resolve(l);
    int64_t n = dc3_dataset_size(l->dataset), classes = l->teachers.of[0].info->classes;
    if (o->top_k < 0 || (o->top_k && o->top_k >= classes))
        return dc3_fail_setting("top_k", "expected 1 to %lld of %lld classes, found %d",
                                (long long)classes - 1, (long long)classes, o->top_k);
    if (o->bits && o->bits != 8 && o->bits != 16)
        return dc3_fail_setting("bits", "expected 8 or 16, found %d", o->bits);
    DC3_TRY(dc3_soft_labels_new(n, o->views, classes, o->top_k, o->bits ? o->bits : 16, l->teachers.size,
                                &l->labels));
    fill_info(l);
    DC3_TRY(take_labels(l));
    if (!dc3_ranks_rank()) DC3_TRY(check_teachers(l));
    const dc3_label_views_options views = {.images = l->images,
                                           .recipe = l->recipe,
                                           .seed = o->seed,
                                           .mixed = l->mixed,
                                           .factor = l->factor,
                                           .size = l->teachers.size,
                                           .threads = o->threads};
    DC3_TRY(dc3_label_views_open(&views, &l->drawn));
    *l->report = (dc3_label_report){.images = n,
                                    .classes = classes,
                                    .views = o->views,
                                    .size = l->teachers.size,
                                    .image_bytes = image_bytes(l)};
    return DC3_OK;
}

static void close_all(labelling *l)
{
    dc3_soft_labels_free(&l->labels);
    dc3_label_views_close(&l->drawn);
    dc3_label_teachers_close(&l->teachers);
    dc3_images_close(&l->images);
    dc3_dataset_say_reading(l->dataset, &l->options->listener);
    dc3_dataset_close(&l->dataset);
    json_decref(l->document);
    json_decref(l->classes);
    free(l->data);
    free(l->folder);
    free(l->out);
    free(l->checkpoint);
}

static dc3_status estimate(labelling *l)
{
    char text[DC3_NUMBER_TEXT];
    const dc3_label_options *o = l->options;
    double each, total = (double)l->labels.n * o->views;
    DC3_TRY(dc3_label_teachers_measure(&l->teachers, &o->listener, &each));
    l->report->estimate_seconds = each * total;
    l->report->bytes =
        dc3_soft_labels_bytes(l->labels.n, o->views, l->labels.classes, o->top_k, l->labels.bits);
    dc3_listener_say(&o->listener, "estimate: %d views of each of %lld images, %.1f MB, about %s", o->views,
                     (long long)l->labels.n, l->report->bytes * 1e-6, dc3_duration_text(each * total, text));
    return DC3_OK;
}

/* What the labels depend on besides their sizes: what the file says, and which images these are. */
static json_t *settings_of(const labelling *l)
{
    json_t *settings = json_copy(l->labels.info);
    char text[24];
    snprintf(text, sizeof text, "%016llx", (unsigned long long)dc3_fingerprint_images(l->dataset));
    json_object_del(settings, "files");
    json_object_del(settings, "class_names");
    json_object_del(settings, "stored");
    json_object_set_new(settings, "pictures", json_string(text));
    json_object_set_new(settings, "views", json_integer(l->labels.views));
    return settings;
}

/* What is labelled, into the checkpoint. */
static dc3_status save(labelling *l)
{
    double start = dc3_seconds_now();
    int64_t done = 0;
    for (int64_t i = 0; i < l->labels.n * l->labels.views; i++) done += dc3_soft_labels_has(&l->labels, 0, i);
    json_t *saved = json_pack("{s:I, s:o, s:f}", "done", (json_int_t)done, "settings", settings_of(l),
                              "seconds", l->before + start - l->start);
    if (!saved || json_object_set_new(l->labels.info, "checkpoint", saved) != 0)
        return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    dc3_status status = dc3_soft_labels_save(l->checkpoint, &l->labels);
    json_object_del(l->labels.info, "checkpoint");
    if (status == DC3_OK) dc3_file_hold(l->checkpoint, &l->held);
    l->saved = dc3_seconds_now();
    l->saving = l->saved - start;
    return status;
}

/* Every minute, or where that would take more than a twentieth of the time, more seldom. */
static dc3_status save_now_and_then(labelling *l)
{
    double passed = dc3_seconds_now() - l->saved;
    return passed < 60 || passed < 20 * l->saving ? DC3_OK : save(l);
}

/* Takes over what an interrupted labelling had, if it was the same. */
static dc3_status resume(labelling *l)
{
    char list[600];
    dc3_table *table;
    dc3_soft_labels was;
    l->saved = dc3_seconds_now();
    if (l->options->fresh || dc3_path_what(l->checkpoint) != DC3_PATH_FILE) return DC3_OK;
    DC3_TRY(dc3_safetensors_open(l->checkpoint, &table));
    dc3_status status = dc3_soft_labels_look(table, &was);
    dc3_table_close(&table);
    DC3_TRY(status);
    json_t *saved = json_object_get(was.info, "checkpoint"), *settings = settings_of(l);
    dc3_json_differences(json_object_get(saved, "settings"), settings, ",", list, sizeof list);
    if (*list)
        status = dc3_fail(DC3_ERR_ARGUMENT,
                          "%s: a labelling with other settings was interrupted here (%s); give the same, or "
                          "%s to start over",
                          l->checkpoint, list, dc3_setting("fresh"));
    l->before = json_number_value(json_object_get(saved, "seconds"));
    json_decref(settings);
    dc3_soft_labels_free(&was);
    DC3_TRY(status);
    dc3_file_hold(l->checkpoint, &l->held);
    return dc3_soft_labels_resume(l->checkpoint, &l->labels);
}

static dc3_status show(void *user, int worker, int64_t i, float *view, void *note)
{
    return dc3_label_views_make(((const labelling *)user)->drawn, worker, i, view, note);
}

static dc3_status take(void *user, int64_t i, const dc3_seen *seen)
{
    labelling *l = user;
    const dc3_label_view *made = seen->note;
    int64_t view = i / l->labels.n;
    if (seen->status != DC3_OK) return dc3_fail(seen->status, "%s", seen->reason);
    DC3_TRY(dc3_soft_labels_put(&l->labels, view, made->item, l->options->temperature, seen->values[0]));
    l->labels.params[view * l->labels.n + made->item] =
        made->params; /* last: it says that the view is there */
    return save_now_and_then(l);
}

/* The first view that did not come from the checkpoint: they were put in this order. */
static int64_t first_missing(const labelling *l)
{
    int64_t i = 0, all = l->labels.n * l->labels.views;
    while (i < all && dc3_soft_labels_has(&l->labels, i / l->labels.n, dc3_label_views_item(l->drawn, i)))
        i++;
    return i;
}

static const char stage_name[] = "labels";

static dc3_look look_of(labelling *l)
{
    dc3_look look = dc3_label_teachers_look(&l->teachers);
    look.count = l->labels.n * l->labels.views;
    look.user = l, look.show = show, look.take = take, look.note = sizeof(dc3_label_view);
    look.listener = &l->options->listener, look.stage = look.shared = stage_name;
    return look;
}

static dc3_status label_all(labelling *l)
{
    dc3_look look = look_of(l);
    look.first = first_missing(l);
    dc3_status status = dc3_look_run(&look);
    if (status == DC3_ERR_CANCELLED) {
        DC3_TRY(save(l));
        return dc3_fail(status, "interrupted");
    }
    if (status == DC3_OK) status = dc3_soft_labels_save(l->out, &l->labels);
    if (status == DC3_OK) unlink(l->checkpoint);
    return status;
}

/* What all ranks must have alike. */
static dc3_status agree(const labelling *l)
{
    if (dc3_ranks_count() == 1) return DC3_OK;
    json_t *all = settings_of(l);
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

static dc3_status help(labelling *l)
{
    const dc3_stage stages[] = {{stage_name, serve}, {NULL, NULL}};
    dc3_status status = open_all(l);
    if (status == DC3_OK) status = agree(l);
    if (status == DC3_OK) status = estimate(l);
    if (status == DC3_OK) status = dc3_share_follow(stages, l);
    close_all(l);
    return dc3_ranks_outcome(status);
}

static int into_run(const labelling *l)
{
    return l->is_run && !l->options->out;
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
    labelling l = {.options = options, .report = report, .start = dc3_seconds_now(), .held = -1};
    dc3_work_note note;
    struct stat info;
    if (dc3_ranks_rank()) return help(&l);
    dc3_status status = open_all(&l);
    if (status == DC3_OK) status = agree(&l);
    if (status == DC3_OK) status = estimate(&l);
    if (status == DC3_OK && !options->dry_run && into_run(&l)) status = dc3_lock_take(options->run, &l.lock);
    int noted = status == DC3_OK && !options->dry_run && l.is_run;
    dc3_work_begin(&note, noted ? options->run : NULL, "label", &own.listener);
    if (status == DC3_OK && !options->dry_run) {
        status = resume(&l);
        if (status == DC3_OK) status = label_all(&l);
        if (status == DC3_OK && into_run(&l)) dc3_state_label(options->run, options->views);
        if (status == DC3_OK && stat(l.out, &info) == 0) report->bytes = (double)info.st_size;
        if (status == DC3_OK && into_run(&l)) dc3_label_note_budget(options, report->bytes);
    }
    report->seconds = l.before + dc3_seconds_now() - l.start;
    if (l.held >= 0) close(l.held);
    dc3_work_end(&note);
    dc3_lock_release(&l.lock);
    close_all(&l);
    return status;
}
