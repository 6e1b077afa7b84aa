#include "methods/selection.h"

#include <stdlib.h>
#include "options/option_names.h"
#include "select/check.h"

int dc3_method_takes_selection(const dc3_method *method)
{
    return (method->needs & DC3_NEEDS_BINS) != 0;
}

/* Settings of dc3_select_options that are not as usual and would change nothing. */
static dc3_status refuse_unused(const dc3_run *run)
{
    const dc3_select_options *o = &run->options->select;
    const dc3_select_options usual = dc3_select_defaults();
    int bins = run->selection->bins;
    const struct {
        const char *setting;
        int given;
    } all[] = {{"bins", !bins && o->bins != usual.bins},
               {"components", !bins && o->components != usual.components},
               {"objective", o->objective != usual.objective},
               {"maximizer", o->maximizer != usual.maximizer},
               {"gradient", o->gradient != usual.gradient}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i].given)
            return dc3_fail_about(all[i].setting, "%s says nothing about %s %s; leave it out",
                                  dc3_setting(all[i].setting), dc3_setting("selection"),
                                  dc3_selection_kind_name(run->options->selection));
    return DC3_OK;
}

dc3_selection_kind dc3_selection_named(const dc3_condense_options *o)
{
    if (o->selection != DC3_SELECTION_DEFAULT || o->select.nested < 0) return o->selection;
    return o->select.nested ? DC3_SELECTION_NESTED : DC3_SELECTION_PAPER;
}

dc3_selection_kind dc3_selection_of(const dc3_condense_options *o)
{
    dc3_selection_kind kind = dc3_selection_named(o);
    if (kind != DC3_SELECTION_DEFAULT) return kind;
    return dc3_select_nests(&o->select) ? DC3_SELECTION_NESTED : DC3_SELECTION_PAPER;
}

dc3_status dc3_selection_check_nested(const dc3_condense_options *o)
{
    dc3_selection_kind kind = dc3_selection_named(o);
    if (o->select.nested >= 0 && o->select.nested != (kind == DC3_SELECTION_NESTED))
        return dc3_fail_about(
            "selection", "%s %s: expected %s, as the options for choosing rows have it",
            dc3_setting("selection"), dc3_selection_kind_name(kind),
            dc3_selection_kind_name(o->select.nested ? DC3_SELECTION_NESTED : DC3_SELECTION_PAPER));
    if (kind == DC3_SELECTION_NESTED && o->select.maximizer == DC3_STOCHASTIC_GREEDY)
        return dc3_fail_about(
            "maximizer",
            "%s stochastic: how many rows it looks at depends on how many are chosen, so that "
            "%s nested cannot have it; leave one of them out",
            dc3_setting("maximizer"), dc3_setting("selection"));
    return DC3_OK;
}

dc3_status dc3_run_choose_selection(dc3_run *run)
{
    const dc3_selection_kind kind = dc3_selection_named(run->options);
    run->needs = run->method->needs;
    DC3_TRY(dc3_option_check("selection", (int)kind, 1));
    DC3_TRY(dc3_selection_check_nested(run->options));
    if (kind == DC3_SELECTION_DEFAULT) return DC3_OK;
    if (!dc3_method_takes_selection(run->method))
        return dc3_fail_about("selection",
                              "%s %s: %s %s chooses in its own way; leave it out, or take dc3 or "
                              "dc3-select",
                              dc3_setting("selection"), dc3_selection_kind_name(kind), dc3_setting("method"),
                              run->method->words->name);
    if (kind == DC3_SELECTION_PAPER || kind == DC3_SELECTION_NESTED) return DC3_OK;
    run->selection = &dc3_selection_ways[kind];
    run->needs = (run->needs & ~DC3_NEEDS_BINS) | DC3_NEEDS_FEATURES | DC3_NEEDS_TEACHER;
    return refuse_unused(run);
}

dc3_status dc3_run_check_selection(const dc3_run *run)
{
    if (!run->selection || run->teacher_path) return DC3_OK;
    return dc3_fail_about(
        "selection", "%s %s chooses by what a teacher makes of the images: expected %s FILE",
        dc3_setting("selection"), dc3_selection_kind_name(run->options->selection), dc3_setting("teacher"));
}

int dc3_run_nests(const dc3_run *run)
{
    int bins = run->needs & DC3_NEEDS_BINS;
    return bins && !run->selection && dc3_selection_of(run->options) == DC3_SELECTION_NESTED;
}

int dc3_selection_compares(const dc3_method *method, dc3_selection_kind kind, int given)
{
    int bins = method->needs & DC3_NEEDS_BINS, gradients = method->uses & DC3_USES_MAXIMIZER;
    int other = kind != DC3_SELECTION_DEFAULT && dc3_selection_ways[kind].chooser && bins;
    if (given && (other || (gradients && !bins))) return 0;
    return bins || method->needs & DC3_NEEDS_FEATURES;
}

dc3_features_use dc3_method_features(const dc3_method *method, int crops, int taught, int beside)
{
    int bins = method->needs & DC3_NEEDS_BINS;
    if (!bins && !(method->needs & DC3_NEEDS_FEATURES)) return DC3_FEATURES_UNUSED;
    if (crops) return DC3_FEATURES_OF_WHOLE_IMAGES;
    if (taught && !beside && method->uses & DC3_USES_MAXIMIZER && !bins) return DC3_FEATURES_BESIDE_GRADIENTS;
    return DC3_FEATURES_CHOOSE;
}

int dc3_run_uses(const dc3_run *run)
{
    return !run->selection ? run->method->uses : run->selection->bins ? DC3_USES_BINS : 0;
}
