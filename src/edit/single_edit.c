#include "edit/single_edit.h"

#include <stdlib.h>
#include <string.h>
#include "base/rng.h"
#include "colour/detail_keep.h"
#include "diffusion/prompts.h"

dc3_status dc3_single_edit_open(int small, int width, int height, dc3_detail detail, dc3_single_edit *e)
{
    size_t a = (size_t)small * (size_t)small * 3, b = (size_t)width * (size_t)height * 3;
    *e = (dc3_single_edit){.small = small, .detail = detail, .width = width, .height = height};
    e->input = malloc((3 * a + 2 * b) * sizeof *e->input);
    if (!e->input) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    e->reconstruction = e->input + a, e->edit = e->reconstruction + a;
    e->original = e->edit + a, e->out = e->original + b;
    return DC3_OK;
}

void dc3_single_edit_close(dc3_single_edit *e)
{
    free(e->input);
    *e = (dc3_single_edit){0};
}

dc3_status dc3_single_edit_run(dc3_editor *editor, const dc3_edit_settings *settings, const char *prompt,
                               uint64_t seed, const dc3_single_edit *e)
{
    int keep = e->detail == DC3_DETAIL_KEEP;
    char instruction[DC3_PROMPT_SIZE + 100];
    const char *instructions[] = {instruction};
    uint64_t parts[] = {seed, dc3_hash64(prompt, strlen(prompt))}, noise = dc3_hash64(parts, sizeof parts);
    dc3_instruction(prompt, instruction);
    DC3_TRY(dc3_editor_edit(editor, settings, e->input, 1, instructions, &noise, e->edit,
                            keep ? e->reconstruction : NULL));
    return keep ? dc3_detail_keep(e->small, e->input, e->reconstruction, e->edit, e->width, e->height,
                                  e->original, e->out)
                : DC3_OK;
}
