/* A comparison's folder, and its compare.json: what all scores depend on besides what their lines say. */
#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "output/output_path.h"
#include "dc3/edit_options.h"
#include "evaluate/recipe.h"
#include "compare/comparing.h"
#include "compare/now.h"
#include "compare/sets.h"
#include "condense/settings.h"
#include "hub/cache.h"
#include "io/choice.h"
#include "methods/selection.h"
#include "options/coding.h"
#include "options/option_names.h"
#include "run_folder/document.h"
#include "run_folder/fingerprint.h"

/* Which teacher the scores depend on. */
static json_t *teacher_setting(const dc3_comparing *c)
{
    const char *teacher = c->options->condense.teacher;
    if (c->both) return dc3_both_teachers_settings(&c->candidates);
    if (c->trains) return dc3_own_teacher_settings(&c->plan);
    return !teacher                    ? json_null()
           : dc3_goes_without(teacher) ? json_string(teacher)
                                       : dc3_teacher_list_fingerprint(&c->given);
}

/* A word, or null where the model decides. */
static json_t *word(const char *name)
{
    return name ? json_string(name) : json_null();
}

/* A setting of an edit; of a word null where the model decides. */
static json_t *edit_setting(const dc3_edit_option *o, const dc3_condense_options *d)
{
    const void *field = (const char *)d + o->in_condense;
    if (o->kind == DC3_EDIT_REAL) return json_real(*(const double *)field);
    int value = *(const int *)field;
    if (o->kind == DC3_EDIT_WHOLE) return json_integer(value);
    return value == o->unset ? json_null() : json_string(dc3_option_names(o->name)[value]);
}

static void add_recipe(const dc3_evaluate_options *e, json_t *settings)
{
    const struct {
        const char *key;
        double value;
    } all[] = {{"hard_share", e->hard_share},
               {"smoothing", e->smoothing},
               {"crop", e->crop},
               {"cutmix", e->cutmix},
               {"rand_ops", e->rand_ops},
               {"rand_strength", e->rand_strength},
               {"ema", e->ema},
               {"images_seen", e->images_seen},
               {"minutes", e->minutes}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        json_object_set_new(settings, all[i].key, json_real(all[i].value));
    json_object_set_new(settings, "recipe", word(dc3_recipe_kind_name(dc3_recipe_named(e->recipe))));
    /* The values of "strong" were others in earlier versions, which do not say this. */
    json_object_set_new(settings, "recipe_version",
                        json_integer(dc3_recipe_named(e->recipe) == DC3_RECIPE_STRONG ? 3 : 1));
    json_object_set_new(settings, "loss", word(dc3_loss_kind_name(e->loss)));
    json_object_set_new(settings, "schedule", word(dc3_lr_schedule_name(e->schedule)));
}

/* Of which part of the dataset the sets are: null where nothing is said. */
static dc3_status add_choice(const dc3_condense_options *d, json_t *settings)
{
    static const char *const names[] = {"split", "classes", "without_classes"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        json_object_set_new(settings, names[i], json_null());
    return dc3_choice_add(&d->choice, settings);
}

/* The settings that compare.json has where they are not as usual only, which earlier versions had not. */
static json_t *further_settings(const dc3_condense_options *d, const dc3_evaluate_options *e)
{
    const dc3_select_options *s = &d->select;
    char format[DC3_CODING_TEXT];
    dc3_coding coding = {d->format == DC3_FORMAT_DEFAULT ? DC3_PNG : d->format, d->quality, d->chroma};
    json_t *settings = json_pack(
        "{s:o, s:o, s:s, s:s, s:s, s:s, s:s, s:i, s:i, s:i, s:i, s:i, s:f, s:f, s:f}", "detail",
        word(dc3_detail_name(d->detail)), "prompts", d->prompts ? dc3_fingerprint(d->prompts) : json_null(),
        "format", dc3_coding_text(coding, format), "condense_dtype", dc3_compute_name(d->dtype), "objective",
        dc3_objective_name(s->objective), "maximizer", dc3_maximizer_name(s->maximizer), "gradient",
        dc3_gradient_name(s->gradient), "feature_size", d->feature_size, "image_size", d->size,
        "teacher_size", d->teacher_size, "rded_factor", d->factor, "components", s->components, "lambda",
        s->lambda, "epsilon", s->epsilon, "beta", s->beta);
    const dc3_edit_option *o;
    if (settings)
        json_object_set_new(settings, "backbone", d->backbone ? dc3_fingerprint(d->backbone) : json_null());
    if (settings) add_recipe(e, settings);
    if (settings)
        json_object_set_new(settings, "teacher_classes",
                            d->teacher_classes ? dc3_fingerprint(d->teacher_classes) : json_null());
    if (settings)
        json_object_set_new(settings, "compensation", word(dc3_compensation_kind_name(d->compensation)));
    if (settings)
        json_object_set_new(settings, "selection", word(dc3_selection_kind_name(dc3_selection_of(d))));
    if (settings) json_object_set_new(settings, "crops", json_integer(d->crops));
    if (settings) json_object_set_new(settings, "features", json_null()); /* else their hash */
    if (settings) json_object_set_new(settings, "near_duplicates", json_real(d->near_duplicates));
    if (settings)
        json_object_set_new(settings, "val_split", e->val_split ? dc3_json_text(e->val_split) : json_null());
    if (settings)
        json_object_set_new(settings, "without_duplicates",
                            d->without_duplicates ? json_integer(dc3_hash_distance(d)) : json_null());
    if (settings && add_choice(d, settings) != DC3_OK) {
        json_decref(settings);
        return NULL;
    }
    for (int i = 0; settings && (o = dc3_edit_option_at(i)); i++)
        json_object_set_new(settings, o->name, edit_setting(o, d));
    return settings;
}

/* The same of a comparison where nothing is said about them, as of all earlier versions' command lines. */
static json_t *usual_settings(const dc3_comparing *c)
{
    dc3_condense_options d = dc3_condense_defaults();
    d.size = d.teacher_size = c->options->evaluate.size;
    d.dtype = c->options->evaluate.dtype;
    d.compensation = DC3_COMPENSATION_RANDOM; /* which earlier versions had, as the next two */
    d.selection = DC3_SELECTION_PAPER;
    dc3_evaluate_options e = dc3_evaluate_defaults();
    e.recipe = DC3_RECIPE_CLASSIC;
    return further_settings(&d, &e);
}

static dc3_status add_further(const dc3_comparing *c, const json_t *usual, json_t *settings)
{
    const char *key;
    json_t *value, *further = further_settings(&c->options->condense, &c->options->evaluate);
    dc3_status status = further ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    json_object_foreach(further, key, value)
    {
        if (!json_equal(value, json_object_get(usual, key)) && json_object_set(settings, key, value) != 0)
            status = dc3_fail(DC3_ERR_MEMORY, "out of memory");
    }
    json_decref(further);
    return status;
}

static json_t *first_settings(const dc3_comparing *c)
{
    const dc3_condense_options *d = &c->options->condense;
    const dc3_evaluate_options *e = &c->options->evaluate;
    int budget = e->epochs > 0 || e->images_seen > 0 || e->minutes > 0,
        epochs = budget ? e->epochs : dc3_recipe_of(dc3_recipe_named(e->recipe), 0).epochs;
    return json_pack(
        "{s:i, s:i, s:i, s:f, s:f, s:f, s:i, s:i, s:o, s:o, s:s, s:I, s:o, s:s, s:i, s:f, s:i, s:f, s:s, "
        "s:s, s:o}",
        "epochs", epochs, "batch", e->batch, "factor", e->factor, "lr", e->lr, "weight_decay",
        e->weight_decay, "temperature", e->temperature, "size", e->size, "threads", e->threads, "data",
        dc3_json_text(d->data), "val", dc3_json_text(e->val), "augment", dc3_usual_augment(c->options),
        "seed", (json_int_t)d->select.seed, "teacher", teacher_setting(c), "combine",
        dc3_combine_name(d->combine), "bins", d->select.bins, "guidance", d->guidance, "steps", d->steps,
        "image_guidance", d->image_guidance, "dtype", dc3_dtype_name(c->dtype), "fit",
        dc3_fit_name(d->fit == DC3_FIT_DEFAULT ? DC3_FIT_CROP : d->fit), "editor",
        d->editor ? dc3_fingerprint(d->editor) : json_null());
}

/* Of the folder, which has no recipe where it is "classic". */
static dc3_recipe_kind recipe_of(const json_t *was)
{
    const char *name = json_string_value(json_object_get(was, "recipe"));
    dc3_recipe_kind kind;
    if (!name || dc3_recipe_kind_parse(name, &kind) != DC3_OK) return DC3_RECIPE_CLASSIC;
    return kind;
}

/* Takes out of the settings that differ the recipe, and what differs since the recipe does. */
static void drop_recipe(dc3_recipe_kind was, dc3_recipe_kind is, const json_t *old, const json_t *now,
                        json_t *differ)
{
    json_object_del(differ, "recipe");
    json_object_del(differ, "recipe_version");
    if (json_integer_value(json_object_get(old, "epochs")) == dc3_recipe_of(was, 0).epochs &&
        json_integer_value(json_object_get(now, "epochs")) == dc3_recipe_of(is, 0).epochs)
        json_object_del(differ, "epochs");
}

/* "'bins', 'combine' and 'fit'" */
static const char *names_of(const json_t *differ, char *text, size_t size)
{
    const char *key;
    json_t *value;
    size_t i = 0, n = json_object_size(differ), used = 0;
    *text = 0;
    json_object_foreach((json_t *)(uintptr_t)differ, key, value)
    {
        const char *before = i == 0       ? ""
                             : i + 1 == n ? " and "
                                          : ", ",
                   *name = strcmp(key, "recipe_version") == 0 ? "version of the recipe strong" : key;
        if (used < size) used += (size_t)snprintf(text + used, size - used, "%s'%s'", before, name);
        i++;
    }
    return text;
}

/* `differ`: settings that are others than those of the folder's scores, at least one. */
static dc3_status refuse(const dc3_comparing *c, const json_t *was, const json_t *is, json_t *differ)
{
    dc3_recipe_kind old = recipe_of(was), now = dc3_recipe_named(c->options->evaluate.recipe);
    const char *out = c->options->out, *recipe = dc3_recipe_kind_name(old), *option = dc3_setting("recipe");
    char names[400];
    if (old != now) drop_recipe(old, now, was, is, differ);
    names_of(differ, names, sizeof names);
    if (old == now)
        return dc3_fail(DC3_ERR_ARGUMENT, "%s: holds scores of another %s; use another folder", out, names);
    if (!*names)
        return dc3_fail(DC3_ERR_ARGUMENT, "%s: holds scores of the recipe %s; give %s %s, or another folder",
                        out, recipe, option, recipe);
    return dc3_fail(
        DC3_ERR_ARGUMENT,
        "%s: holds scores of another %s and of the recipe %s; use another folder, or give what it "
        "was begun with and %s %s",
        out, names, recipe, option, recipe);
}

/* Names the settings that are others than those of the folder's scores. Earlier versions do not say all of
 * the first ones; a further one that is not there is as usual. */
static dc3_status check_settings(const dc3_comparing *c, const json_t *was, const json_t *is, json_t *usual)
{
    const char *key;
    json_t *value, *differ = json_object();
    json_object_foreach((json_t *)(uintptr_t)is, key, value)
    {
        const json_t *old = json_object_get(was, key);
        if (old && !json_equal(value, old) && !dc3_comparing_is_unused(was, is, key))
            json_object_set_new(differ, key, json_true());
    }
    json_object_foreach(usual, key, value)
    {
        const json_t *old = json_object_get(was, key), *now = json_object_get(is, key);
        if (!json_equal(old ? old : value, now ? now : value) && !dc3_comparing_is_unused(was, is, key))
            json_object_set_new(differ, key, json_true());
    }
    dc3_status status = json_object_size(differ) ? refuse(c, was, is, differ) : DC3_OK;
    json_decref(differ);
    return status;
}

static void add_name(json_t *names, const char *key, const char *path, const char *what)
{
    if (!path) return;
    char title[200];
    dc3_hub_cache_title(path, title, sizeof title);
    char *text = g_strdup_printf("%s%s%s", title, *what ? ", " : "", what);
    json_object_set_new(names, key, dc3_json_text(text));
    g_free(text);
}

/* What people call the files of which the settings have fingerprints: for pages, never compared. */
static json_t *names_of_files(const dc3_comparing *c)
{
    const dc3_condense_options *d = &c->options->condense;
    json_t *names = json_object();
    if (*c->given_names) json_object_set_new(names, "teacher", dc3_json_text(c->given_names));
    add_name(names, "editor", d->editor, "");
    add_name(names, "prompts", d->prompts, "");
    add_name(names, "teacher_classes", d->teacher_classes, "");
    add_name(names, "backbone", d->backbone, c->backbone);
    add_name(names, "features", d->features, "");
    return names;
}

/* Gives the folder's document what it lacks: settings that it had no use for, names of files, what is wanted.
 */
static dc3_status complete(const dc3_comparing *c, const json_t *settings, json_t *saved)
{
    json_t *names = json_object_get(saved, dc3_document_names), *given = names_of_files(c);
    dc3_comparing_adopt_unused(saved, settings);
    int failed =
        names ? json_object_update_missing(names, given) : json_object_set(saved, dc3_document_names, given);
    json_decref(given);
    if (failed || json_object_set(saved, "wanted", c->wanted) != 0)
        return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    return DC3_OK;
}

/* compare.json of a new folder, or of one of the same settings; it tells what the last call wants. */
static dc3_status write_document(const dc3_comparing *c, const char *document, json_t *settings,
                                 json_t *usual)
{
    json_t *was = NULL;
    dc3_status status = DC3_OK;
    if (dc3_path_what(document) == DC3_PATH_FILE) {
        status = dc3_json_read(document, 1 << 20, &was);
        if (status == DC3_OK) status = check_settings(c, was, settings, usual);
        if (status == DC3_OK) status = dc3_comparing_check_size(c);
    }
    json_t *now = json_deep_copy(was ? was : settings);
    if (status == DC3_OK) status = complete(c, settings, now);
    if (status == DC3_OK && !json_equal(was, now))
        status = dc3_json_write(c->options->out, "compare.json", now, JSON_SORT_KEYS);
    json_decref(now);
    json_decref(was);
    return status;
}

json_t *dc3_comparing_settings(const dc3_comparing *c)
{
    json_t *settings = first_settings(c), *usual = usual_settings(c);
    int complete = settings && usual && add_further(c, usual, settings) == DC3_OK;
    if (complete && c->features)
        json_object_set_new(settings, "features", dc3_fingerprint_text(c->features->fingerprint));
    if (complete) dc3_comparing_mark_unused(c, settings);
    json_decref(usual);
    if (complete) return settings;
    json_decref(settings);
    return NULL;
}

static dc3_status write_settings(const dc3_comparing *c, const char *document)
{
    json_t *settings = dc3_comparing_settings(c), *usual = usual_settings(c);
    dc3_status status = settings && usual ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK) status = write_document(c, document, settings, usual);
    json_decref(settings);
    json_decref(usual);
    return status;
}

/* A new folder, or one of the same settings; nobody else works in it then. */
dc3_status dc3_comparing_open(dc3_comparing *c)
{
    const char *out = c->options->out;
    char *document = dc3_path_join(out, "compare.json");
    dc3_status status = document ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK && dc3_path_what(document) != DC3_PATH_FILE && dc3_folder_occupied(out))
        status = dc3_fail(DC3_ERR_ARGUMENT,
                          "%s: holds files that dc3 compare did not make; choose a new folder", out);
    if (status == DC3_OK) status = dc3_make_dirs(out);
    if (status == DC3_OK)
        status = dc3_lock_take(out, &(dc3_listener){.user = c, .message = dc3_comparing_note}, &c->lock);
    if (status == DC3_OK) dc3_now_remove(out); /* of a process that was killed */
    if (status == DC3_OK) status = dc3_results_read(out, dc3_usual_augment(c->options), &c->results);
    if (status == DC3_OK) status = write_settings(c, document);
    free(document);
    return status;
}
