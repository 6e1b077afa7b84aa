/* What a run's result depends on, as dc3.json has it: a run continues only where all of it is the same. */
#include <stdio.h>
#include <stdlib.h>
#include "base/file.h"
#include "run_folder/fingerprint.h"
#include "budget/given.h"
#include "budget/searched.h"
#include "run_folder/store.h"
#include "teacher/classes.h"
#include "select/objective.h"
#include "methods/chosen.h"
#include "features/run_teacher.h"
#include "lookalikes/lookalikes.h"
#include "methods/selection.h"
#include "condense/settings.h"
#include "options/coding.h"
#include "options/option_names.h"

/* The choice of rows: bins, objective and the features that tell images apart. */
static void selection_settings(const dc3_run *run, json_t *o)
{
    const dc3_select_options *s = &run->options->select;
    int taught = run->teacher.net || run->trains;
    int uses = dc3_run_uses(run), cuts = uses & DC3_USES_MAXIMIZER;
    if (dc3_method_takes_selection(run->method))
        json_object_set_new(o, "selection", json_string(dc3_selection_names[dc3_selection_of(run->options)]));
    const char *features = run->given ? "given-features" : run->backbone_path ? "backbone" : "vae-features";
    int embeds =
        taught && !run->backbone_path && !run->given; /* images are compared by the teacher's embeddings */
    if (uses & DC3_USES_BINS) json_object_set_new(o, "bins", json_integer(s->bins));
    if (uses & DC3_USES_OBJECTIVE || (run->selection && run->selection->bins))
        json_object_set_new(o, "components", json_integer(s->components));
    if (uses & DC3_USES_OBJECTIVE)
        json_object_set_new(o, "objective", json_string(dc3_objective_names[s->objective]));
    if (cuts) {
        json_object_set_new(o, "maximizer", json_string(dc3_maximizer_names[s->maximizer]));
        json_object_set_new(o, "similarity", json_string(taught ? "gradients" : features));
    } else
        json_object_set_new(o, "features", json_string(embeds ? "teacher" : features));
    if (cuts && taught) json_object_set_new(o, "gradient", json_string(dc3_gradient_names[s->gradient]));
}

static void teacher_settings(const dc3_run *run, json_t *o)
{
    json_object_set_new(o, "teacher", json_string(run->teacher.info->arch));
    json_object_set_new(o, "teacher_size", json_integer(run->teacher.size));
    json_object_set_new(o, "teacher_fingerprint", dc3_fingerprint(run->teacher_path));
    if (run->options->teacher_classes)
        json_object_set_new(o, "teacher_classes", dc3_fingerprint(run->options->teacher_classes));
}

static void backbone_settings(const dc3_run *run, json_t *o)
{
    const dc3_teacher *b = run->shares ? &run->teacher : &run->backbone;
    json_object_set_new(o, "backbone", json_string(b->info->arch));
    if (run->report->pretrained)
        json_object_set_new(o, "backbone_pretrained", json_string(run->report->pretrained));
    json_object_set_new(o, "backbone_fingerprint", dc3_fingerprint(run->backbone_path));
}

static void given_settings(const dc3_run *run, json_t *o)
{
    json_object_set_new(o, "given_features", json_integer(run->given->d));
    json_object_set_new(o, "features_fingerprint", dc3_fingerprint_text(run->given->fingerprint));
}

static void editor_settings(const dc3_run *run, json_t *o)
{
    dc3_editor_info info = dc3_editor_describe(run->editor);
    json_object_set_new(o, "editor", dc3_json_text(info.name));
    json_object_set_new(o, "editor_fingerprint", dc3_fingerprint(run->options->editor));
    if (!run->options->lora) return;
    json_object_set_new(o, "lora_fingerprint", dc3_fingerprint(run->options->lora));
    json_object_set_new(o, "lora_scale", json_real(run->options->lora_scale));
}

int dc3_hash_distance(const dc3_condense_options *o)
{
    return o->hash_distance < 0 ? DC3_LOOKALIKE_BITS : o->hash_distance;
}

json_t *dc3_run_settings(const dc3_run *run)
{
    char seed[24], format[DC3_CODING_TEXT], *data = dc3_path_real(run->options->data);
    json_t *o = json_object();
    snprintf(seed, sizeof seed, "%llu", (unsigned long long)run->options->select.seed);
    json_object_set_new(o, "method", json_string(run->method->words->name));
    json_object_set_new(o, "data", dc3_json_text(data ? data : run->options->data));
    free(data);
    json_object_set_new(o, "images", json_integer(run->report->images));
    dc3_choice_to_json(run->choice, o);
    if (run->options->list) json_object_set_new(o, "list", dc3_fingerprint(run->options->list));
    json_object_set_new(o, run->listed ? "listed" : "ipc",
                        json_integer(run->listed ? run->listed : run->options->select.ipc));
    if (run->give) json_object_set_new(o, "total", json_integer(run->total));
    dc3_budget_settings(run->options, o);
    dc3_searched_settings(run->options->search, o);
    if (!run->listed && run->needs & (DC3_NEEDS_FEATURES | DC3_NEEDS_BINS)) selection_settings(run, o);
    if (run->given) given_settings(run, o);
    if (run->backbone_path) backbone_settings(run, o);
    if (run->options->near_duplicates > 0)
        json_object_set_new(o, "near_duplicates", json_real(run->options->near_duplicates));
    if (run->options->without_duplicates)
        json_object_set_new(o, "without_duplicates", json_integer(dc3_hash_distance(run->options)));
    if (run->trains)
        json_object_set_new(o, "own_teacher", dc3_run_teacher_plan(run));
    else if (run->teacher.net)
        teacher_settings(run, o);
    json_object_set_new(o, "seed", json_string(seed));
    if (run->editor || run->teacher.net || run->trains || run->backbone.net)
        json_object_set_new(o, "threads", json_integer(run->options->select.threads));
    dc3_dtype dtype;
    if ((run->editor || run->teacher.net || run->trains) &&
        dc3_compute_type(run->options->dtype, &dtype) == DC3_OK)
        json_object_set_new(o, "dtype", json_string(dc3_dtype_name(dtype)));
    if (run->editor) editor_settings(run, o);
    json_object_set_new(o, "size", json_integer(run->size));
    if (run->size < run->full) json_object_set_new(o, "view_size", json_integer(dc3_run_view_size(run)));
    if (run->encodes && !run->listed) json_object_set_new(o, "feature_size", json_integer(run->feature_size));
    if (run->synthesis->combines)
        json_object_set_new(o, "combine", json_string(dc3_combine_names[run->combine]));
    json_object_set_new(o, "fit", json_string(dc3_fit_names[run->fit]));
    const char *stored = run->coding.quality ? dc3_coding_text(run->coding, format)
                                             : dc3_image_extension(run->coding.format) + 1;
    json_object_set_new(o, "format", json_string(dc3_store_keeps(run->options) ? "original" : stored));
    dc3_crop_settings(run, o);
    dc3_store_settings(run->options, o);
    if (run->synthesis->settings) run->synthesis->settings(run, o);
    return o;
}
