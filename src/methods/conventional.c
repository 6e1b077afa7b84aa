/* Conventional edits in the place of the diffusion model's: as many of each image as dc3 makes, combined in
 * the same way with the same random choices, so that only the editor differs. */
#include <stdlib.h>
#include <string.h>
#include "colour/combine.h"
#include "methods/chosen.h"
#include "features/images.h"
#include "methods/syntheses.h"

/* The values of edit i of an image. */
static void draw(const dc3_run *run, const dc3_part *part, int i, double *values)
{
    uint64_t parts[] = {dc3_run_item(run, part), (uint64_t)i};
    dc3_rng rng =
        dc3_rng_make(run->options->select.seed, DC3_RNG_IMAGE_EDIT, dc3_hash64(parts, sizeof parts));
    memset(values, 0, DC3_EDIT_VALUES * sizeof *values);
    run->method->edit->draw(&rng, dc3_run_placed_size(run), values);
}

static dc3_status edit(dc3_run *run, const dc3_part *part, const float *original, float *const *edits,
                       float *out, dc3_image *image)
{
    double values[DC3_EDIT_VALUES];
    for (int i = 0; i < dc3_combine_edits(run->combine); i++) {
        draw(run, part, i, values);
        DC3_TRY(run->method->edit->apply(dc3_run_placed_size(run), values, original, edits[i]));
    }
    dc3_combine_images(run->combine, run->size, (const float *const *)edits, run->options->select.seed,
                       dc3_run_item(run, part), out);
    return dc3_image_of_floats(run->size, run->size, out, image);
}

static dc3_status make(dc3_run *run, const dc3_part *parts, dc3_made *made)
{
    int size = dc3_run_placed_size(run), count = dc3_combine_edits(run->combine);
    size_t each = (size_t)size * (size_t)size * 3, whole = (size_t)run->size * (size_t)run->size * 3;
    float *memory = malloc((each * (size_t)(1 + count) + whole) * sizeof *memory), *edits[4] = {0};
    if (!memory) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    for (int i = 0; i < count; i++) edits[i] = memory + each * (size_t)(1 + i);
    dc3_status status =
        dc3_run_read_parts(run, parts, (int[]){size, 0}, (float *[]){memory, NULL}, &made->unreadable);
    if (status == DC3_OK)
        status = edit(run, parts, memory, edits, memory + each * (size_t)(1 + count), &made->image);
    free(memory);
    return status;
}

static void describe(const dc3_run *run, const dc3_part *parts, json_t *line)
{
    json_t *list = json_array();
    double values[DC3_EDIT_VALUES];
    for (int i = 0; i < dc3_combine_edits(run->combine); i++) {
        json_t *o = json_object();
        draw(run, parts, i, values);
        run->method->edit->describe(values, o);
        json_array_append_new(list, o);
    }
    json_object_set_new(line, "edits", list);
}

static void settings(const dc3_run *run, json_t *to)
{
    run->method->edit->settings(dc3_run_placed_size(run), to);
}

const dc3_synthesis dc3_conventional = {
    .stage = "storing",
    .again = " with other edits",
    .combines = 1,
    .make = make,
    .describe = describe,
    .settings = settings,
};
