/* Colour compensation of one picture (SPEC, stage 3). */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/rng.h"
#include "condense/combine.h"
#include "condense/detail_keep.h"
#include "condense/run.h"

void dc3_run_draw(const dc3_run *run, const char *key, int repeat, dc3_compensated *out)
{
    uint64_t seed = run->options->select.seed, item = dc3_hash64(key, strlen(key)) + (uint64_t)repeat;
    out->edits = dc3_combine_edits(run->combine);
    dc3_prompts_draw(&run->prompts, seed, item, out->edits / 2, out->prompts);
    for (int i = 0; i < out->edits; i++) {
        uint64_t parts[] = {seed, item, dc3_hash64(out->prompts[i], strlen(out->prompts[i]))};
        out->seeds[i] = dc3_hash64(parts, sizeof parts);
    }
}

/* Reads the dataset's item as floats in [0, 1], [size, size, 3]. */
static dc3_status load(const dc3_run *run, int64_t item, int size, float *to)
{
    dc3_image image;
    DC3_TRY(dc3_dataset_read(run->dataset, item, size, size, run->fit, &image));
    dc3_image_to_floats(&image, to);
    dc3_image_free(&image);
    return DC3_OK;
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

static dc3_status run_edits(dc3_run *run, const work *w, const dc3_compensated *c, int size,
                            float *const *placed)
{
    char text[4][DC3_PROMPT_SIZE + 100];
    const char *instructions[4] = {0};
    int small = run->edit.size, keep = run->edit.detail == DC3_DETAIL_KEEP;
    for (int i = 0; i < c->edits; i++) {
        dc3_instruction(c->prompts[i], text[i]);
        instructions[i] = text[i];
    }
    DC3_TRY(dc3_editor_edit(run->editor, &run->edit, w->input, c->edits, instructions, c->seeds, w->edits,
                            keep ? w->reconstruction : NULL));
    for (int i = 0; i < c->edits; i++) {
        const float *edit = w->edits + (int64_t)i * small * small * 3;
        DC3_TRY(keep ? dc3_detail_keep(small, w->input, w->reconstruction, edit, size, size, w->original,
                                       placed[i])
                     : rescale(small, edit, size, placed[i]));
    }
    return DC3_OK;
}

dc3_status dc3_run_compensate(dc3_run *run, int64_t item, int repeat, dc3_compensated *out)
{
    int small = run->edit.size, parts = dc3_combine_edits(run->combine);
    int size = run->combine == DC3_COMBINE_FOURFOLD ? run->size / 2 : run->size; /* of one placed edit */
    size_t a = (size_t)small * (size_t)small * 3, b = (size_t)size * (size_t)size * 3;
    size_t whole = (size_t)run->size * (size_t)run->size * 3;
    float *memory = malloc((a * (size_t)(2 + parts) + b * (size_t)(1 + parts) + whole) * sizeof *memory),
          *placed[4] = {0};
    if (!memory) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    work w = {.input = memory};
    w.reconstruction = w.input + a, w.edits = w.reconstruction + a, w.original = w.edits + a * (size_t)parts;
    w.large = w.original + b, w.out = w.large + b * (size_t)parts;
    for (int i = 0; i < parts; i++) placed[i] = w.large + b * (size_t)i;
    const char *key = dc3_dataset_key(run->dataset, item);
    dc3_run_draw(run, key, repeat, out);
    dc3_status status = load(run, item, small, w.input);
    if (status == DC3_OK) status = load(run, item, size, w.original);
    out->unreadable = status != DC3_OK && status != DC3_ERR_MEMORY;
    if (status == DC3_OK) status = run_edits(run, &w, out, size, placed);
    if (status == DC3_OK) {
        dc3_combine_pictures(run->combine, run->size, (const float *const *)placed, run->options->select.seed,
                             dc3_hash64(key, strlen(key)) + (uint64_t)repeat, w.out);
        status = dc3_image_of_floats(run->size, run->size, w.out, &out->image);
    }
    free(memory);
    return status;
}
