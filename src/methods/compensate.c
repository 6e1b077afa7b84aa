/* Colour compensation of one image (docs/method.md, Colour compensation). */
#include <stdlib.h>
#include <string.h>
#include "calibrate/edits.h"
#include "colour/combine.h"
#include "methods/chosen.h"
#include "methods/compensate.h"
#include "methods/syntheses.h"
#include "diffusion/edit_options.h"
#include "run_folder/saved_edits.h"

/* What is asked of the editor. */
typedef struct drawn {
    const char *prompts[DC3_EDITS_AT_ONCE]; /* of the run's lists */
    uint64_t seeds[DC3_EDITS_AT_ONCE];
    int edits;
} drawn;

static void draw(const dc3_run *run, const dc3_part *part, drawn *out)
{
    uint64_t seed = run->options->select.seed, item = dc3_run_item(run, part);
    out->edits = dc3_combine_edits(run->combine);
    dc3_prompts_draw(&run->prompts, seed, item, out->edits / 2, out->prompts);
    for (int i = 0; i < out->edits; i++) out->seeds[i] = dc3_edit_seed(seed, item, out->prompts[i]);
}

/* Some samplers evaluate the network more often than they have steps. */
static void stepped(void *user, int done, int evaluations)
{
    const dc3_run *run = user;
    int steps = dc3_editing_steps(run);
    if (steps > 1 && evaluations >= steps) dc3_run_made(run, (int)((int64_t)done * steps / evaluations));
}

int dc3_saves_edits(const dc3_run *run, const dc3_part *part)
{
    return !run->options->no_report && part->place < dc3_report_each(dc3_dataset_classes(run->dataset));
}

static dc3_status make(dc3_run *run, const dc3_part *part, dc3_made *made)
{
    int parts = dc3_combine_edits(run->combine), size = dc3_run_placed_size(run);
    dc3_edit_settings with_progress = run->edit;
    with_progress.stepped = stepped, with_progress.user = run;
    drawn d;
    dc3_editing e;
    draw(run, part, &d);
    float *out = malloc((size_t)run->size * (size_t)run->size * 3 * sizeof *out);
    dc3_status status = dc3_editing_open(run, size, parts, parts, &e);
    if (status == DC3_OK && !out) status = dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK) status = dc3_editing_read(run, part, 0, &e);
    made->unreadable = e.unreadable;
    if (status == DC3_OK) status = dc3_editing_make(run, &with_progress, parts, d.prompts, d.seeds, 0, &e);
    const float *const *placed = (const float *const *)e.placed;
    if (status == DC3_OK) {
        dc3_combine_images(run->combine, run->size, placed, run->options->select.seed,
                           dc3_run_item(run, part), out);
        status = dc3_image_of_floats(run->size, run->size, out, &made->image);
    }
    if (status == DC3_OK && dc3_saves_edits(run, part))
        status = dc3_edits_join(size, parts, placed, &made->edits);
    dc3_editing_close(&e);
    free(out);
    return status;
}

void dc3_describe_edits(int count, const char *const *prompts, const uint64_t *seeds, json_t *line)
{
    char seed[24];
    json_t *texts = json_array(), *numbers = json_array();
    for (int i = 0; i < count; i++) {
        snprintf(seed, sizeof seed, "%llu", (unsigned long long)seeds[i]);
        json_array_append_new(texts, dc3_json_text(prompts[i]));
        json_array_append_new(numbers, json_string(seed));
    }
    json_object_set_new(line, "prompts", texts);
    json_object_set_new(line, "seeds", numbers);
}

static void describe(const dc3_run *run, const dc3_part *part, json_t *line)
{
    drawn d;
    draw(run, part, &d);
    dc3_describe_edits(d.edits, d.prompts, d.seeds, line);
}

void dc3_compensation_settings(const dc3_run *run, dc3_compensation_kind kind, json_t *to)
{
    json_t *warm = json_array(), *cold = json_array();
    for (int i = 0; i < run->prompts.warm_count; i++)
        json_array_append_new(warm, dc3_json_text(run->prompts.warm[i]));
    for (int i = 0; i < run->prompts.cold_count; i++)
        json_array_append_new(cold, dc3_json_text(run->prompts.cold[i]));
    json_object_set_new(to, "compensation", json_string(dc3_compensation_kind_name(kind)));
    json_object_set_new(to, "edit_size", json_integer(run->edit.size));
    dc3_edit_settings_write(&run->edit, to);
    json_object_set_new(to, "detail", json_string(dc3_detail_name(run->detail)));
    json_object_set_new(to, "warm_prompts", warm);
    json_object_set_new(to, "cold_prompts", cold);
}

static void settings(const dc3_run *run, json_t *to)
{
    dc3_compensation_settings(run, DC3_COMPENSATION_RANDOM, to);
}

const dc3_synthesis dc3_compensation = {
    .stage = "compensation",
    .again = " with other prompts",
    .combines = 1,
    .make = make,
    .steps = dc3_editing_steps,
    .describe = describe,
    .settings = settings,
};
