#include "methods/compensation.h"

#include "methods/choose.h"
#include "methods/methods.h"
#include "methods/syntheses.h"
#include "dc3/edit_options.h"
#include "options/option_names.h"

#define COMPENSATED                                                                                          \
    .words = &dc3_method_words_of[DC3_METHOD_DC3], .uses = DC3_USES_ALL, .select = dc3_run_select

static const dc3_method calibrated = {COMPENSATED, .needs = DC3_NEEDS_BINS | DC3_NEEDS_EDITOR,
                                      .synthesis = &dc3_calibrated};
static const dc3_method uncompensated = {COMPENSATED, .needs = DC3_NEEDS_BINS,
                                         .synthesis = &dc3_uncompensated};

static dc3_status useless(const char *setting)
{
    return dc3_fail_setting(setting, "has no effect with %s none, which makes no edits; leave it out",
                            dc3_setting("compensation"));
}

static int is_set(const dc3_condense_options *o, const dc3_edit_option *e)
{
    const void *field = (const char *)o + e->in_condense;
    double value = e->kind == DC3_EDIT_REAL ? *(const double *)field : *(const int *)field;
    return value != e->unset;
}

dc3_status dc3_compensation_check_none(const dc3_condense_options *o, int combines)
{
    const dc3_edit_option *e;
    if (combines && o->combine != DC3_COMBINE_GRADIENT) return useless("combine");
    if (o->detail != DC3_DETAIL_DEFAULT) return useless("detail");
    if (o->prompts) return useless("prompts");
    for (int i = 0; (e = dc3_edit_option_at(i)); i++)
        if (is_set(o, e)) return useless(e->name);
    return DC3_OK;
}

dc3_status dc3_compensation_choose(const dc3_condense_options *o, int condenses, const dc3_method **method)
{
    int kind = (int)o->compensation;
    DC3_TRY(dc3_option_check("compensation", kind, 1));
    if (o->compensation == DC3_COMPENSATION_DEFAULT) return DC3_OK;
    if (!condenses)
        return dc3_fail_setting("compensation", "expected none for this command, found %s",
                                dc3_compensation_names[kind]);
    if (*method != &dc3_methods[DC3_METHOD_DC3])
        return dc3_fail_setting("compensation",
                                "of the method dc3 only; %s %s stores no edits by a diffusion model",
                                dc3_setting("method"), (*method)->words->name);
    if (o->compensation == DC3_COMPENSATION_NONE) DC3_TRY(dc3_compensation_check_none(o, 1));
    if (o->compensation == DC3_COMPENSATION_CALIBRATED && o->combine == DC3_COMBINE_FOURFOLD)
        return dc3_fail_setting("compensation",
                                "calibrated chooses among single edits and pairs; %s fourfold takes four",
                                dc3_setting("combine"));
    if (o->compensation == DC3_COMPENSATION_CALIBRATED) *method = &calibrated;
    if (o->compensation == DC3_COMPENSATION_NONE) *method = &uncompensated;
    return DC3_OK;
}
