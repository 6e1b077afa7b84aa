#include "methods/compensation.h"

#include <stdlib.h>
#include <string.h>
#include "base/listener.h"
#include "methods/choose.h"
#include "methods/methods.h"
#include "methods/syntheses.h"
#include "dc3/edit_options.h"
#include "options/option_names.h"
#include "run_folder/document.h"

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

/* 1 if there is a run of the method dc3 or a comparison in the folder that was begun with random edits, which
 * those of earlier versions do not say. */
static int begun_with_random(const char *folder)
{
    char *path = NULL;
    json_t *document = folder ? dc3_document_of(folder, &path) : NULL;
    const json_t *run = json_object_get(document, "settings"); /* a comparison's settings are all of it */
    const json_t *setting = json_object_get(run ? run : document, "compensation");
    const char *method = json_string_value(json_object_get(run, "method")),
               *kind = json_string_value(setting);
    int edits = !run || (method && strcmp(method, dc3_method_words_of[DC3_METHOD_DC3].name) == 0);
    /* null: a comparison that had no use for it yet */
    int random = document && edits && !json_is_null(setting) && (!kind || strcmp(kind, "random") == 0);
    json_decref(document);
    free(path);
    return random;
}

dc3_compensation_kind dc3_compensation_of(const dc3_condense_options *o, const char *folder,
                                          const dc3_listener *listener)
{
    if (o->compensation != DC3_COMPENSATION_DEFAULT) return o->compensation;
    if (o->combine == DC3_COMBINE_FOURFOLD) {
        dc3_listener_say(listener,
                         "note: %s fourfold takes random compensation: two warm and two cold edits by "
                         "chance; calibrated chooses among single edits and pairs",
                         dc3_setting("combine"));
        return DC3_COMPENSATION_RANDOM;
    }
    if (o->fresh || !begun_with_random(folder)) return DC3_COMPENSATION_CALIBRATED;
    dc3_listener_say(listener,
                     "note: %s: begun with random compensation, so it goes on with it; in another folder it "
                     "would be calibrated",
                     folder);
    return DC3_COMPENSATION_RANDOM;
}

dc3_status dc3_compensation_choose(const dc3_condense_options *o, int condenses, const dc3_method **method)
{
    dc3_compensation_kind kind = o->compensation;
    int edits = *method == &dc3_methods[DC3_METHOD_DC3];
    DC3_TRY(dc3_option_check("compensation", (int)kind, 1));
    if (kind == DC3_COMPENSATION_DEFAULT && !(condenses && edits)) return DC3_OK;
    if (!condenses)
        return dc3_fail_setting("compensation", "expected none for this command, found %s",
                                dc3_compensation_names[kind]);
    if (!edits)
        return dc3_fail_setting("compensation",
                                "of the method dc3 only; %s %s stores no edits by a diffusion model",
                                dc3_setting("method"), (*method)->words->name);
    kind = dc3_compensation_of(o, o->out, &o->listener);
    if (kind == DC3_COMPENSATION_NONE) DC3_TRY(dc3_compensation_check_none(o, 1));
    if (kind == DC3_COMPENSATION_CALIBRATED && o->combine == DC3_COMBINE_FOURFOLD)
        return dc3_fail_setting("compensation",
                                "calibrated chooses among single edits and pairs; %s fourfold takes four",
                                dc3_setting("combine"));
    if (kind == DC3_COMPENSATION_CALIBRATED) *method = &calibrated;
    if (kind == DC3_COMPENSATION_NONE) *method = &uncompensated;
    return DC3_OK;
}
