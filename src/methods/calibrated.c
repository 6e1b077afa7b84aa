/* Calibrated compensation (src/calibrate): each stored image is the original, an edit of it or two combined,
 * as brings its class nearest to the whole class. */
#include <stdlib.h>
#include "calibrate/calibrate.h"
#include "methods/chosen.h"
#include "methods/compensate.h"
#include "methods/syntheses.h"
#include "options/option_names.h"
#include "run_folder/saved_edits.h"

static dc3_slot slot_of(const dc3_run *run, const dc3_part *part)
{
    return (dc3_slot){.parts = part, .random = dc3_run_item(run, part), .candidate = part->candidate};
}

static dc3_status prepare(dc3_run *run, dc3_chosen *chosen, const dc3_crew *crew)
{
    dc3_slot *slots = calloc((size_t)chosen->count + 1, sizeof *slots);
    if (!slots) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    for (int64_t i = 0; i < chosen->count; i++) slots[i] = slot_of(run, chosen->parts + i * run->each);
    dc3_status status = dc3_calibrate_all(run, crew, chosen->count, slots);
    for (int64_t i = 0; status == DC3_OK && i < chosen->count; i++)
        chosen->parts[i * run->each].candidate = slots[i].candidate;
    free(slots);
    return status;
}

static void tidy(dc3_run *run, const dc3_chosen *chosen)
{
    for (int64_t i = 0; i < chosen->count; i++) {
        dc3_slot slot = slot_of(run, chosen->parts + i * run->each);
        dc3_calibrate_forget(run, &slot);
    }
}

/* An estimate asks before anything is chosen: it gets a candidate that has all that a candidate may have. */
static dc3_candidate candidate_of(const dc3_run *run, const dc3_part *part)
{
    dc3_candidate all[DC3_CANDIDATES];
    int count = dc3_candidates_of(dc3_calibrate_pairs(run), all);
    return all[part->candidate < 0 || part->candidate >= count ? count - 1 : part->candidate];
}

static int used(const dc3_candidate *c)
{
    return (c->edits[0] >= 0) + (c->edits[1] >= 0);
}

/* The edits that the image has. */
static dc3_status join_used(const dc3_candidate *c, const dc3_editing *e, dc3_image *joined)
{
    const float *edits[2] = {0};
    for (int i = 0; i < used(c); i++) edits[i] = e->placed[c->edits[i]];
    return dc3_edits_join(e->size, used(c), edits, joined);
}

static dc3_status make_from(dc3_run *run, const dc3_part *part, dc3_editing *e, float *out, dc3_made *made)
{
    dc3_candidate c = candidate_of(run, part);
    dc3_slot slot = slot_of(run, part);
    dc3_status status = dc3_editing_read(run, part, 1, e);
    made->unreadable = e->unreadable;
    DC3_TRY(status);
    if (used(&c)) DC3_TRY(dc3_calibrate_edits(run, &slot, part->candidate >= 0, e));
    dc3_candidate_image(&c, run->combine, run->size, e->original, (const float *const *)e->placed,
                        run->options->select.seed, slot.random, out);
    DC3_TRY(dc3_image_of_floats(run->size, run->size, out, &made->image));
    return used(&c) && dc3_saves_edits(run, part) ? join_used(&c, e, &made->edits) : DC3_OK;
}

static dc3_status make(dc3_run *run, const dc3_part *part, dc3_made *made)
{
    dc3_editing e;
    float *out = malloc((size_t)run->size * (size_t)run->size * 3 * sizeof *out);
    dc3_status status = dc3_calibrate_open(run, 1, &e);
    if (status == DC3_OK && !out) status = dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK) status = make_from(run, part, &e, out, made);
    dc3_editing_close(&e);
    free(out);
    return status;
}

static int edits(const dc3_run *run)
{
    return 2 * dc3_calibrate_pairs(run);
}

static void describe(const dc3_run *run, const dc3_part *part, json_t *line)
{
    dc3_candidate c = candidate_of(run, part);
    dc3_slot_edits all;
    const char *prompts[2] = {0};
    uint64_t seeds[2] = {0};
    dc3_calibrate_prompts(run, dc3_run_item(run, part), &all);
    for (int i = 0; i < used(&c); i++) prompts[i] = all.prompts[c.edits[i]], seeds[i] = all.seeds[c.edits[i]];
    dc3_describe_edits(used(&c), prompts, seeds, line);
    json_object_set_new(line, "kinds", json_array());
    for (int i = 0; i < used(&c); i++)
        json_array_append_new(json_object_get(line, "kinds"),
                              json_string(c.edits[i] < all.pairs ? "warm" : "cold"));
    json_object_set_new(line, "strength", json_real(c.strength));
}

static void settings(const dc3_run *run, json_t *to)
{
    dc3_compensation_settings(run, DC3_COMPENSATION_CALIBRATED, to);
}

const dc3_synthesis dc3_calibrated = {
    .stage = "compensation",
    .again = " with other prompts",
    .combines = 1,
    .edits = edits,
    .bytes = dc3_calibrate_bytes,
    .time = dc3_calibrate_time,
    .prepare = prepare,
    .tidy = tidy,
    .make = make,
    .describe = describe,
    .settings = settings,
};
