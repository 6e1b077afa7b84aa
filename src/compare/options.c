/* What a comparison takes. */
#include <stdio.h>
#include <string.h>
#include "base/text.h"
#include "methods/compensation.h"
#include "methods/cropping.h"
#include "methods/methods.h"
#include "methods/selection.h"
#include "compare/comparing.h"
#include "evaluate/recipe.h"
#include "options/coding.h"
#include "options/option_names.h"

int dc3_goes_without(const char *teacher)
{
    return teacher && strcmp(teacher, "none") == 0;
}

static dc3_status check_method(const char *name)
{
    enum { MOST = 32 };
    const char *names[MOST];
    char hint[DC3_HINT_SIZE], list[400];
    size_t n = 0;
    if (dc3_method_called(name)) return DC3_OK;
    while (n < MOST - 1 && (names[n] = dc3_method_name((int)n))) n++;
    names[n] = NULL;
    return dc3_fail_setting("methods", "there is no method '%.40s'%s (%s)", name,
                            dc3_hint(name, names, n, hint), dc3_text_list(names, list, sizeof list));
}

/* Methods, students and labels that are there, and whether they go without a teacher. */
static dc3_status check_names(const dc3_compare_options *o)
{
    int none = dc3_goes_without(o->condense.teacher);
    for (int i = 0; o->methods[i]; i++) {
        DC3_TRY(check_method(o->methods[i]));
        if (none && dc3_method_called(o->methods[i])->needs & DC3_NEEDS_TEACHER)
            return dc3_fail_about("teacher", "%s none: the method %s needs a teacher", dc3_setting("teacher"),
                                  o->methods[i]);
        if (none && o->condense.crops)
            return dc3_fail_about("teacher", "%s none: %s %d: a teacher scores crops", dc3_setting("teacher"),
                                  dc3_setting("crops"), o->condense.crops);
    }
    for (int i = 0; o->archs[i]; i++)
        if (!dc3_classifier_has_arch(o->archs[i]))
            return dc3_fail_setting("archs", "there is no student '%.40s'", o->archs[i]);
    for (int i = 0; none && o->labels[i] != DC3_LABELS_END; i++)
        if (o->labels[i] == DC3_LABELS_SOFT)
            return dc3_fail_about("teacher", "%s none: soft labels need a teacher", dc3_setting("teacher"));
    return DC3_OK;
}

/* What stands twice would be made and counted twice. */
static dc3_status check_once(const char *setting, const char *const *names)
{
    for (int i = 0; names[i]; i++)
        for (int k = 0; k < i; k++)
            if (strcmp(names[i], names[k]) == 0)
                return dc3_fail_setting(setting, "'%.40s' is given twice", names[i]);
    return DC3_OK;
}

static dc3_status check_labels(const dc3_label_kind *labels)
{
    for (int i = 0; labels[i] != DC3_LABELS_END; i++) {
        DC3_TRY(dc3_option_check("labels", (int)labels[i], 0));
        for (int k = 0; k < i; k++)
            if (labels[i] == labels[k])
                return dc3_fail_setting("labels", "'%s' is given twice", dc3_label_kind_name(labels[i]));
    }
    for (int i = 0; labels[i] != DC3_LABELS_END; i++)
        if (labels[i] == DC3_LABELS_STORED)
            return dc3_fail_setting("labels", "expected soft, hard; found 'stored'");
    return DC3_OK;
}

void dc3_comparing_loss(const dc3_compare_options *o, dc3_evaluate_options *student)
{
    const dc3_evaluate_options usual = dc3_evaluate_defaults();
    int other = 0;
    for (int i = 0; o->labels[i] != DC3_LABELS_END; i++) other |= o->labels[i] != student->labels;
    if (!other) return;
    if (student->labels == DC3_LABELS_HARD)
        student->loss = usual.loss, student->temperature = usual.temperature,
        student->hard_share = usual.hard_share;
    else if (student->loss == DC3_LOSS_DEFAULT || student->loss == DC3_LOSS_KL)
        student->smoothing = usual.smoothing;
}

static int has_method(const dc3_compare_options *o, dc3_method_id id)
{
    for (int i = 0; o->methods[i]; i++)
        if (strcmp(o->methods[i], dc3_method_words_of[id].name) == 0) return 1;
    return 0;
}

/* The compensation is that of the method dc3; what others combine has an effect without it, too. */
static dc3_status check_compensation(const dc3_compare_options *o)
{
    const dc3_condense_options *d = &o->condense;
    DC3_TRY(dc3_option_check("compensation", (int)d->compensation, 1));
    if (d->compensation == DC3_COMPENSATION_DEFAULT) return DC3_OK;
    if (!has_method(o, DC3_METHOD_DC3))
        return dc3_fail_setting("compensation", "of the method dc3 only, which is not among %s",
                                dc3_setting("methods"));
    int combines = has_method(o, DC3_METHOD_JITTER) || has_method(o, DC3_METHOD_GRAYSCALE) ||
                   has_method(o, DC3_METHOD_BLUR);
    if (d->compensation == DC3_COMPENSATION_NONE) return dc3_compensation_check_none(d, !combines);
    dc3_condense_options one = *d;
    const dc3_method *method = &dc3_methods[DC3_METHOD_DC3];
    return dc3_compensation_choose(&one, 1, &method);
}

void dc3_comparing_choose_compensation(dc3_compare_options *o)
{
    const dc3_listener nobody = {0};
    o->condense.compensation = dc3_compensation_of(
        &o->condense, o->out, has_method(o, DC3_METHOD_DC3) ? &o->condense.listener : &nobody);
}

void dc3_comparing_compensation(dc3_condense_options *o)
{
    if (strcmp(o->method, dc3_method_words_of[DC3_METHOD_DC3].name) != 0)
        o->compensation = DC3_COMPENSATION_DEFAULT;
    else if (o->compensation == DC3_COMPENSATION_NONE)
        o->combine = DC3_COMBINE_GRADIENT; /* which the other methods have it for */
}

static dc3_status check_recipe(const dc3_compare_options *o)
{
    for (int i = 0; o->labels[i] != DC3_LABELS_END; i++) {
        dc3_evaluate_options student = o->evaluate;
        dc3_recipe recipe;
        student.labels = o->labels[i];
        dc3_comparing_loss(o, &student);
        DC3_TRY(dc3_recipe_resolve(&student, &recipe));
    }
    return DC3_OK;
}

/* A selection that a method has, and a teacher where it asks one; bins where something has them. */
static dc3_status check_selection(const dc3_compare_options *o)
{
    const dc3_selection_kind kind = dc3_selection_named(&o->condense);
    int takes = 0, bins = 0;
    DC3_TRY(dc3_option_check("selection", (int)kind, 1));
    DC3_TRY(dc3_selection_check_nested(&o->condense));
    if (kind == DC3_SELECTION_DEFAULT) return DC3_OK;
    for (int i = 0; o->methods[i]; i++) {
        const dc3_method *method = dc3_method_called(o->methods[i]);
        int has = dc3_method_takes_selection(method);
        takes |= has;
        bins |= has ? dc3_selection_ways[kind].bins : (method->uses & DC3_USES_BINS) != 0;
    }
    if (!takes)
        return dc3_fail_about(
            "selection", "%s %s: none of %s chooses as dc3 does; leave it out, or add dc3-select",
            dc3_setting("selection"), dc3_selection_kind_name(kind), dc3_setting("methods"));
    if (!bins && o->condense.select.bins != dc3_select_defaults().bins)
        return dc3_fail_about("bins", "%s says nothing about %s %s; leave it out", dc3_setting("bins"),
                              dc3_setting("selection"), dc3_selection_kind_name(kind));
    if (dc3_selection_ways[kind].chooser && dc3_goes_without(o->condense.teacher))
        return dc3_fail_about("teacher", "%s none: %s %s asks a teacher", dc3_setting("teacher"),
                              dc3_setting("selection"), dc3_selection_kind_name(kind));
    return DC3_OK;
}

/* Images of each class, or bytes: each once. */
static dc3_status check_amounts(const dc3_compare_options *o)
{
    const char *name = o->budgets ? "budgets" : "ipcs";
    dc3_cell a, b;
    if (o->budgets && o->ipcs)
        return dc3_fail_about(name, "%s and %s: expected one of them", dc3_setting("ipcs"),
                              dc3_setting(name));
    if (!dc3_wanted_amount(o, 0, &a))
        return dc3_fail_setting(name, "expected %s, found none", o->budgets ? "bytes" : "images per class");
    for (int i = 0; dc3_wanted_amount(o, i, &a); i++) {
        int64_t amount = a.budget ? a.budget : a.ipc;
        if (amount < 1) return dc3_fail_setting(name, "expected 1 or more, found %lld", (long long)amount);
        for (int k = 0; k < i && dc3_wanted_amount(o, k, &b); k++)
            if (dc3_cell_amount(&a) == dc3_cell_amount(&b))
                return dc3_fail_setting(name, "%lld is given twice", (long long)amount);
    }
    if (o->condense.balance != DC3_BALANCE_EQUAL)
        return dc3_fail_setting("balance",
                                "sets of a comparison have as many images of each class; leave it out");
    if (o->condense.total || o->condense.fraction || o->condense.budget)
        return dc3_fail_setting(name, "say how large the sets of a comparison are; leave out total, "
                                      "fraction and budget");
    return DC3_OK;
}

int dc3_method_has_all_features(const char *method)
{
    return (dc3_method_called(method)->needs & (DC3_NEEDS_FEATURES | DC3_NEEDS_BINS)) != 0;
}

/* Some method finds near-duplicates; the others take images as they are. */
static dc3_status check_near(const dc3_compare_options *o)
{
    double least = o->condense.near_duplicates;
    int looks = 0;
    if (least == 0) return DC3_OK;
    if (!(least >= 0.5 && least <= 1))
        return dc3_fail_setting("near_duplicates", "expected a cosine from 0.5 to 1, found %g", least);
    for (int i = 0; o->methods[i]; i++) looks |= dc3_method_has_all_features(o->methods[i]);
    if (!looks)
        return dc3_fail_setting("near_duplicates",
                                "none of %s compares all images; leave it out, or add "
                                "dc3-select",
                                dc3_setting("methods"));
    return DC3_OK;
}

dc3_status dc3_comparing_check(const dc3_compare_options *o)
{
    if (!o->out) return dc3_fail_setting("out", "expected a folder to make, found none");
    if (!o->evaluate.val) return dc3_fail_setting("val", "expected a dataset to test on, found none");
    if (o->seeds < 1 || o->seeds > DC3_SEEDS_LIMIT)
        return dc3_fail_setting("seeds", "expected 1 to %d, found %d", DC3_SEEDS_LIMIT, o->seeds);
    DC3_TRY(check_amounts(o));
    if (o->condense.lora)
        return dc3_fail_setting("lora", "a comparison takes an editor as it is; leave it out");
    DC3_TRY(check_once("methods", o->methods));
    DC3_TRY(check_once("archs", o->archs));
    DC3_TRY(check_labels(o->labels));
    DC3_TRY(dc3_option_check("augment", (int)o->evaluate.augment, 0));
    DC3_TRY(dc3_option_check("combine", (int)o->condense.combine, 0));
    DC3_TRY(dc3_option_check("fit", (int)o->condense.fit, 1));
    DC3_TRY(dc3_coding_of(o->condense.format, o->condense.quality, o->condense.chroma, &(dc3_coding){0}));
    DC3_TRY(dc3_option_check("detail", (int)o->condense.detail, 1));
    DC3_TRY(check_compensation(o));
    DC3_TRY(dc3_option_check("sampler", (int)o->condense.sampler, 1));
    DC3_TRY(dc3_option_check("dtype", (int)o->condense.dtype, 0));
    DC3_TRY(dc3_option_check("objective", (int)o->condense.select.objective, 0));
    DC3_TRY(dc3_option_check("maximizer", (int)o->condense.select.maximizer, 0));
    DC3_TRY(dc3_option_check("gradient", (int)o->condense.select.gradient, 0));
    if (o->real_hard > 1)
        return dc3_fail_setting("real_hard", "expected a share from 0 to 1, found %g", o->real_hard);
    if (o->augment_robust && strcmp(dc3_usual_augment(o), "none") == 0)
        return dc3_fail_setting("augment_robust", "trains with augmentation and without; leave out %s none",
                                dc3_setting("augment"));
    DC3_TRY(check_recipe(o));
    DC3_TRY(check_names(o));
    DC3_TRY(check_near(o));
    return check_selection(o);
}

int dc3_method_needs_teacher(const dc3_condense_options *condense, const char *method)
{
    const dc3_method *m = dc3_method_called(method);
    return m->needs & (DC3_NEEDS_FEATURES | DC3_NEEDS_BINS | DC3_NEEDS_TEACHER) ||
           dc3_method_crops(m, condense);
}

void dc3_comparing_selection(const char *method, dc3_condense_options *condense)
{
    if (!dc3_method_crops(dc3_method_called(method), condense)) condense->factor = 0;
    if (!dc3_method_has_all_features(method)) condense->near_duplicates = 0;
    const dc3_selection_kind kind = dc3_selection_named(condense);
    if (kind == DC3_SELECTION_DEFAULT) return;
    if (!dc3_method_takes_selection(dc3_method_called(method)))
        condense->selection = DC3_SELECTION_DEFAULT, condense->select.nested = -1;
    else if (!dc3_selection_ways[kind].bins)
        condense->select.bins = dc3_select_defaults().bins;
}

int dc3_comparing_selects(const dc3_compare_options *o)
{
    int selects = 0;
    for (int i = 0; o->methods[i]; i++) selects |= dc3_method_needs_teacher(&o->condense, o->methods[i]);
    return selects;
}

int dc3_comparing_needs_teacher(const dc3_compare_options *o)
{
    int wants = dc3_comparing_selects(o);
    for (int i = 0; o->labels[i] != DC3_LABELS_END; i++) wants |= o->labels[i] == DC3_LABELS_SOFT;
    return wants;
}

int dc3_method_has_features(const dc3_condense_options *d, const char *method)
{
    int given = d->teacher && !dc3_goes_without(d->teacher);
    return dc3_selection_compares(dc3_method_called(method), d->selection, given);
}

int dc3_method_takes_features(const dc3_condense_options *d, const char *method)
{
    const dc3_method *m = dc3_method_called(method);
    int taught = !dc3_goes_without(d->teacher);
    return d->features && dc3_method_features(m, dc3_method_crops(m, d), taught, d->near_duplicates != 0) ==
                              DC3_FEATURES_CHOOSE;
}

int dc3_comparing_has_features(const dc3_compare_options *o)
{
    int has = 0;
    for (int i = 0; o->methods[i]; i++)
        has |= dc3_method_has_features(&o->condense, o->methods[i]) &&
               !dc3_method_takes_features(&o->condense, o->methods[i]);
    return has;
}

dc3_status dc3_comparing_check_features(const dc3_compare_options *o)
{
    int taken = 0;
    for (int i = 0; o->methods[i]; i++) taken |= dc3_method_takes_features(&o->condense, o->methods[i]);
    if (!o->condense.features || taken) return DC3_OK;
    return dc3_fail_setting("features", "none of the methods has use for it; leave it out");
}
