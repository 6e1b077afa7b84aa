/* What a labelling needs before its first view. */
#include <stdio.h>
#include <stdlib.h>
#include "base/file.h"
#include "base/listener.h"
#include "base/options.h"
#include "labels/labelling.h"
#include "learn/protocol.h"
#include "options/option_names.h"
#include "ranks/ranks.h"
#include "run_folder/fingerprint.h"
#include "run_folder/made_of.h"
#include "teacher/classes.h"
#include "train/own_teacher.h"

static dc3_status check_options(dc3_labelling *l)
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
static void resolve(dc3_labelling *l)
{
    const dc3_label_options *o = l->options;
    int64_t n = dc3_dataset_size(l->dataset), classes = l->teachers.of[0].info->classes;
    l->mixed = o->batch                          ? o->batch
               : o->recipe == DC3_RECIPE_DEFAULT ? 100
                                                 : dc3_recipe_batch(o->recipe, n, classes);
    l->factor = l->recipe.factor ? l->recipe.factor : dc3_protocol_factor(l->teachers.size);
    dc3_recipe_take_factor(l->factor, &l->recipe);
}

static json_t *names_of(const dc3_dataset *d, int classes)
{
    json_t *names = json_array();
    for (int64_t i = 0; i < (classes ? dc3_dataset_classes(d) : dc3_dataset_size(d)); i++)
        json_array_append_new(
            names, dc3_json_text(classes ? dc3_dataset_class_name(d, (int)i) : dc3_dataset_key(d, i)));
    return names;
}

static void note_unreadable(void *user, const char *key, const char *reason)
{
    dc3_labelling *l = user;
    if (!*l->unreadable) snprintf(l->unreadable, sizeof l->unreadable, "%s: %s", key, reason);
}

static dc3_status open_images(dc3_labelling *l)
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
static dc3_status open_teachers(dc3_labelling *l)
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
static dc3_dataset *open_originals(const dc3_labelling *l)
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
static dc3_status check_teachers(dc3_labelling *l)
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
static void fill_info(dc3_labelling *l)
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

static double image_bytes(const dc3_labelling *l)
{
    double sum = 0;
    for (int64_t i = 0; i < dc3_dataset_size(l->dataset); i++) sum += dc3_dataset_bytes(l->dataset, i);
    return sum;
}

dc3_status dc3_labelling_open(dc3_labelling *l)
{
    const dc3_label_options *o = l->options;
    DC3_TRY(check_options(l));
    if (dc3_path_what(o->run) == DC3_PATH_MISSING)
        return dc3_fail(DC3_ERR_IO,
                        "%s: expected a folder that dc3 condense made, or a dataset, found nothing there",
                        o->run);
    DC3_TRY(dc3_label_teachers_find(o, &l->teachers));
    DC3_TRY(dc3_labelling_find_places(l));
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
    DC3_TRY(dc3_labelling_take_classes(l));
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

void dc3_labelling_close(dc3_labelling *l)
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
