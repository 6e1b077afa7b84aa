#include "calibrate/edits.h"

#include <stdlib.h>
#include <string.h>
#include "base/rng.h"
#include "colour/detail_keep.h"
#include "features/images.h"

uint64_t dc3_edit_seed(uint64_t seed, uint64_t item, const char *prompt)
{
    uint64_t parts[] = {seed, item, dc3_hash64(prompt, strlen(prompt))};
    return dc3_hash64(parts, sizeof parts);
}

int dc3_editing_steps(const dc3_run *run)
{
    enum { MANY = 10 };
    return run->edit.steps >= MANY ? run->edit.steps : 1;
}

dc3_status dc3_editing_open(const dc3_run *run, int size, int at_once, int count, dc3_editing *e)
{
    int small = run->edit.size;
    size_t a = (size_t)small * (size_t)small * 3, b = (size_t)size * (size_t)size * 3;
    *e = (dc3_editing){.size = size};
    e->input = malloc((a * (size_t)(2 + at_once) + b * (size_t)(1 + count)) * sizeof *e->input);
    if (!e->input) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    e->reconstruction = e->input + a, e->raw = e->reconstruction + a;
    e->original = e->raw + a * (size_t)at_once;
    for (int i = 0; i < count; i++) e->placed[i] = e->original + b * (size_t)(1 + i);
    return DC3_OK;
}

void dc3_editing_close(dc3_editing *e)
{
    free(e->input);
    *e = (dc3_editing){0};
}

dc3_status dc3_editing_read(const dc3_run *run, const dc3_part *parts, int original, dc3_editing *e)
{
    int wanted = original || run->detail == DC3_DETAIL_KEEP;
    return dc3_run_read_parts(run, parts, (int[]){run->edit.size, e->size},
                              (float *[]){e->input, wanted ? e->original : NULL}, &e->unreadable);
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

dc3_status dc3_editing_make(dc3_run *run, const dc3_edit_settings *settings, int count,
                            const char *const *prompts, const uint64_t *seeds, int at, dc3_editing *e)
{
    char text[DC3_EDITS_AT_ONCE][DC3_PROMPT_SIZE + 100];
    const char *instructions[DC3_EDITS_AT_ONCE] = {0};
    int small = run->edit.size, keep = run->detail == DC3_DETAIL_KEEP;
    for (int i = 0; i < count && i < DC3_EDITS_AT_ONCE; i++) { /* at most so many, which gcc 14 cannot see */
        dc3_instruction(prompts[i], text[i]);
        instructions[i] = text[i];
    }
    DC3_TRY(dc3_editor_edit(run->editor, settings, e->input, count, instructions, seeds, e->raw,
                            keep ? e->reconstruction : NULL));
    for (int i = 0; i < count; i++) {
        const float *edit = e->raw + (int64_t)i * small * small * 3;
        DC3_TRY(keep ? dc3_detail_keep(small, e->input, e->reconstruction, edit, e->size, e->size,
                                       e->original, e->placed[at + i])
                     : rescale(small, edit, e->size, e->placed[at + i]));
    }
    return DC3_OK;
}
