/* Colour compensation of one image (docs/method.md, Colour compensation). */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/rng.h"
#include "colour/combine.h"
#include "colour/detail_keep.h"
#include "run_folder/saved_edits.h"
#include "diffusion/edit_options.h"
#include "condense/chosen.h"
#include "features/features.h"
#include "condense/syntheses.h"

/* What is asked of the editor. */
typedef struct drawn {
    const char *prompts[4]; /* of the run's lists */
    uint64_t seeds[4];
    int edits;
} drawn;

static void draw(const dc3_run *run, const dc3_part *part, drawn *out)
{
    uint64_t seed = run->options->select.seed, item = dc3_run_item(run, part);
    out->edits = dc3_combine_edits(run->combine);
    dc3_prompts_draw(&run->prompts, seed, item, out->edits / 2, out->prompts);
    for (int i = 0; i < out->edits; i++) {
        uint64_t parts[] = {seed, item, dc3_hash64(out->prompts[i], strlen(out->prompts[i]))};
        out->seeds[i] = dc3_hash64(parts, sizeof parts);
    }
}

/* The edit itself at another size. */
static dc3_status rescale(int small, const float *edit, int size, float *out)
{
    dc3_image image, scaled;
    DC3_TRY(dc3_image_of_floats(small, small, edit, &image));
    dc3_status status = dc3_image_resize(&image, size, size, DC3_FIT_SQUASH, &scaled);
    dc3_image_free(&image);
    if (status == DC3_OK) dc3_image_to_floats(&scaled, out);
    dc3_image_free(&scaled);
    return status;
}

/* All arrays of one compensation. */
typedef struct work {
    float *input, *original, *edits, *reconstruction, *large, *out;
} work;

/* A large editor's steps take seconds each. */
static int steps_of(const dc3_run *run)
{
    enum { MANY = 10 };
    return run->edit.steps >= MANY ? run->edit.steps : 1;
}

/* Some samplers evaluate the network more often than they have steps. */
static void stepped(void *user, int done, int evaluations)
{
    const dc3_run *run = user;
    int steps = steps_of(run);
    if (steps > 1 && evaluations >= steps) dc3_run_made(run, (int)((int64_t)done * steps / evaluations));
}

static dc3_status run_edits(dc3_run *run, const work *w, const drawn *d, int size, float *const *placed)
{
    char text[4][DC3_PROMPT_SIZE + 100];
    const char *instructions[4] = {0};
    int small = run->edit.size, keep = run->detail == DC3_DETAIL_KEEP;
    for (int i = 0; i < d->edits; i++) {
        dc3_instruction(d->prompts[i], text[i]);
        instructions[i] = text[i];
    }
    dc3_edit_settings with_progress = run->edit;
    with_progress.stepped = stepped, with_progress.user = run;
    DC3_TRY(dc3_editor_edit(run->editor, &with_progress, w->input, d->edits, instructions, d->seeds, w->edits,
                            keep ? w->reconstruction : NULL));
    for (int i = 0; i < d->edits; i++) {
        const float *edit = w->edits + (int64_t)i * small * small * 3;
        DC3_TRY(keep ? dc3_detail_keep(small, w->input, w->reconstruction, edit, size, size, w->original,
                                       placed[i])
                     : rescale(small, edit, size, placed[i]));
    }
    return DC3_OK;
}

/* Whether the report would show the edits of this image. */
static int saves_edits(const dc3_run *run, const dc3_part *part)
{
    return !run->options->no_report && part->place < dc3_report_each(dc3_dataset_classes(run->dataset));
}

static dc3_status make(dc3_run *run, const dc3_part *part, dc3_made *made)
{
    int small = run->edit.size, parts = dc3_combine_edits(run->combine), size = dc3_run_placed_size(run);
    int keep = run->detail == DC3_DETAIL_KEEP;
    size_t a = (size_t)small * (size_t)small * 3, b = (size_t)size * (size_t)size * 3;
    size_t whole = (size_t)run->size * (size_t)run->size * 3;
    float *memory = malloc((a * (size_t)(2 + parts) + b * (size_t)(1 + parts) + whole) * sizeof *memory),
          *placed[4] = {0};
    if (!memory) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    work w = {.input = memory};
    w.reconstruction = w.input + a, w.edits = w.reconstruction + a, w.original = w.edits + a * (size_t)parts;
    w.large = w.original + b, w.out = w.large + b * (size_t)parts;
    for (int i = 0; i < parts; i++) placed[i] = w.large + b * (size_t)i;
    drawn d;
    draw(run, part, &d);
    dc3_status status =
        dc3_note_unreadable(made, part,
                            dc3_run_read_sizes(run, part->item, (int[]){small, size},
                                               (float *[]){w.input, keep ? w.original : NULL}, NULL));
    if (status == DC3_OK) status = run_edits(run, &w, &d, size, placed);
    if (status == DC3_OK) {
        dc3_combine_images(run->combine, run->size, (const float *const *)placed, run->options->select.seed,
                           dc3_run_item(run, part), w.out);
        status = dc3_image_of_floats(run->size, run->size, w.out, &made->image);
    }
    if (status == DC3_OK && saves_edits(run, part))
        status = dc3_edits_join(size, parts, (const float *const *)placed, &made->edits);
    free(memory);
    return status;
}

static void describe(const dc3_run *run, const dc3_part *part, json_t *line)
{
    drawn d;
    char seed[24];
    json_t *prompts = json_array(), *seeds = json_array();
    draw(run, part, &d);
    for (int i = 0; i < d.edits; i++) {
        snprintf(seed, sizeof seed, "%llu", (unsigned long long)d.seeds[i]);
        json_array_append_new(prompts, dc3_json_text(d.prompts[i]));
        json_array_append_new(seeds, json_string(seed));
    }
    json_object_set_new(line, "prompts", prompts);
    json_object_set_new(line, "seeds", seeds);
}

static void settings(const dc3_run *run, json_t *to)
{
    json_t *warm = json_array(), *cold = json_array();
    for (int i = 0; i < run->prompts.warm_count; i++)
        json_array_append_new(warm, dc3_json_text(run->prompts.warm[i]));
    for (int i = 0; i < run->prompts.cold_count; i++)
        json_array_append_new(cold, dc3_json_text(run->prompts.cold[i]));
    json_object_set_new(to, "edit_size", json_integer(run->edit.size));
    dc3_edit_settings_write(&run->edit, to);
    json_object_set_new(to, "detail", json_string(dc3_detail_name(run->detail)));
    json_object_set_new(to, "warm_prompts", warm);
    json_object_set_new(to, "cold_prompts", cold);
}

const dc3_synthesis dc3_compensation = {
    .stage = "compensation",
    .again = " with other prompts",
    .combines = 1,
    .make = make,
    .steps = steps_of,
    .describe = describe,
    .settings = settings,
};
