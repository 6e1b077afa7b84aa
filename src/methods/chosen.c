/* What was chosen to be stored. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/rng.h"
#include "base/text.h"
#include "colour/combine.h"
#include "methods/chosen.h"
#include "features/copies.h"
#include "features/crops.h"

dc3_status dc3_chosen_open(const dc3_run *run, int64_t most, dc3_chosen *chosen)
{
    *chosen = (dc3_chosen){.parts = calloc((size_t)most * (size_t)run->each + 1, sizeof *chosen->parts)};
    return chosen->parts ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
}

void dc3_chosen_free(dc3_chosen *chosen)
{
    free(chosen->parts);
    free(chosen->stored);
    *chosen = (dc3_chosen){0};
}

dc3_status dc3_chosen_number(const dc3_run *run, dc3_chosen *chosen)
{
    int *used = calloc((size_t)dc3_dataset_size(run->dataset), sizeof *used), last = -1, place = 0;
    chosen->stored = calloc((size_t)chosen->count + 1, sizeof *chosen->stored);
    if (!used || !chosen->stored) {
        free(used);
        return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    }
    for (int64_t i = 0; i < chosen->count; i++) {
        dc3_part *part = chosen->parts + i * run->each;
        int label = dc3_dataset_label(run->dataset, part->item);
        place = label == last ? place + 1 : 0;
        last = label;
        for (int k = 0; k < run->each; k++) part[k].place = place, part[k].repeat = used[part[k].item]++;
    }
    free(used);
    return DC3_OK;
}

void dc3_part_to_json(const dc3_part *part, json_t *object)
{
    if (part->rank < 1) return;
    if (part->bin >= 0) json_object_set_new(object, "bin", json_integer(part->bin));
    json_object_set_new(object, "rank", json_integer(part->rank));
    if (isfinite(part->gain)) json_object_set_new(object, "gain", json_real(part->gain));
}

void dc3_part_of_json(const json_t *object, dc3_part *part)
{
    const json_t *bin = json_object_get(object, "bin"), *gain = json_object_get(object, "gain");
    part->rank = (int)json_integer_value(json_object_get(object, "rank"));
    part->bin = json_is_integer(bin) ? json_integer_value(bin) : -1;
    part->gain = json_is_number(gain) ? json_number_value(gain) : NAN;
}

void dc3_made_free(dc3_made *made)
{
    dc3_image_free(&made->image);
    dc3_image_free(&made->edits);
}

dc3_status dc3_note_unreadable(dc3_made *made, const dc3_part *part, dc3_status status)
{
    if (status != DC3_OK && status != DC3_ERR_MEMORY) made->unreadable = part;
    return status;
}

const char *dc3_run_again(const dc3_run *run)
{
    return run->crops && !*run->synthesis->again ? " with other crops" : run->synthesis->again;
}

void dc3_describe_patches(const dc3_run *run, const dc3_part *parts, json_t *line)
{
    if (!parts->box.side) return;
    json_t *list = json_array();
    for (int k = 0; k < run->each; k++) {
        json_t *o = json_object();
        dc3_box box = parts[k].box;
        json_object_set_new(o, "source", dc3_json_text(dc3_dataset_key(run->dataset, parts[k].item)));
        json_object_set_new(o, "box", json_pack("[i, i, i, i]", box.left, box.top, box.side, box.side));
        json_object_set_new(o, "loss", json_real(parts[k].loss));
        dc3_part_to_json(parts + k, o);
        json_array_append_new(list, o);
    }
    json_object_set_new(line, "patches", list);
}

void dc3_crop_settings(const dc3_run *run, json_t *to)
{
    int64_t (*looks)(const dc3_run *, int64_t) = run->method->looks;
    if (!run->crops) return;
    json_object_set_new(to, "factor", json_integer(run->factor));
    json_object_set_new(to, "crops", json_integer(run->crops));
    json_object_set_new(to, "crop_area", json_pack("[f, f]", dc3_crop_area[0], dc3_crop_area[1]));
    if (looks) json_object_set_new(to, "looked_at", json_integer(looks(run, run->options->select.ipc)));
}

dc3_status dc3_run_check_class(dc3_run *run, int label, int64_t readable, int64_t wanted)
{
    const char *name = dc3_dataset_class_name(run->dataset, label);
    if (readable >= wanted) return DC3_OK;
    int near = run->report->near_duplicates > 0, different = near || (run->copies && run->copies->copies);
    if (run->options->strict)
        return dc3_fail(
            DC3_ERR_ARGUMENT, "class '%s' has %lld %s image%s%s%s, fewer than %lld (%s)", name,
            (long long)readable, different ? "different" : "readable", dc3_s(readable), near ? " by " : "",
            near ? dc3_setting(run->options->near_duplicates > 0 ? "near_duplicates" : "without_duplicates")
                 : "",
            (long long)wanted, dc3_setting("strict"));
    if (++run->poor_classes == DC3_NOTE_LIMIT + 1)
        dc3_run_say(run, "warning: more classes have too few images");
    if (run->poor_classes > DC3_NOTE_LIMIT) return DC3_OK;
    if (readable)
        dc3_run_say(run, "warning: class '%s' has %lld %s image%s, fewer than %lld; some are used again%s",
                    name, (long long)readable, different ? "different" : "readable", dc3_s(readable),
                    (long long)wanted, dc3_run_again(run));
    else
        dc3_run_say(run, "warning: class '%s' has no readable image and gets none", name);
    return DC3_OK;
}

int dc3_run_placed_size(const dc3_run *run)
{
    return run->combine == DC3_COMBINE_FOURFOLD ? run->size / 2 : run->size;
}

int dc3_run_edits(const dc3_run *run)
{
    if (run->synthesis->edits) return run->synthesis->edits(run);
    return run->synthesis->combines ? dc3_combine_edits(run->combine) : 0;
}

dc3_crew_edits dc3_run_crew_edits(const dc3_run *run)
{
    if (!(run->method->needs & DC3_NEEDS_EDITOR)) return (dc3_crew_edits){0, 0};
    return (dc3_crew_edits){dc3_combine_edits(run->combine), dc3_run_edits(run)};
}

void dc3_run_made(const dc3_run *run, int steps)
{
    char stage[80];
    int each = run->synthesis->steps ? run->synthesis->steps(run) : 1;
    snprintf(stage, sizeof stage, each > 1 ? "%s, steps" : "%s", run->synthesis->stage);
    if (run->to_make) dc3_run_progress(run, stage, run->making * each + steps, run->to_make * each);
}
