/* One picture, one prompt. */
#include <stdlib.h>
#include <string.h>
#include "base/rng.h"
#include "condense/detail_keep.h"
#include "condense/run.h"

/* How a path ends decides how it is written. */
static dc3_status format_of(const char *path, dc3_image_format *format)
{
    static const char *const endings[] = {".png", ".webp", ".jpg", ".jpeg"};
    size_t n = strlen(path);
    for (int i = 0; i < 4; i++) {
        size_t m = strlen(endings[i]);
        if (n > m && strcmp(path + n - m, endings[i]) == 0) {
            *format = i == 3 ? DC3_JPEG : (dc3_image_format)i;
            return DC3_OK;
        }
    }
    return dc3_fail(DC3_ERR_OPTION, "-o: %s: expected a name that ends with .png, .webp or .jpg", path);
}

/* The picture at `path` as floats [size, size, 3]. */
static dc3_status load(const dc3_run *run, const char *path, int size, float *to)
{
    dc3_image image;
    DC3_TRY(dc3_image_read(path, size, size, run->fit, &image));
    dc3_image_to_floats(&image, to);
    dc3_image_free(&image);
    return DC3_OK;
}

static dc3_status edit(dc3_run *run, const char *path, const char *prompt, float *memory, int size,
                       dc3_image_format format)
{
    int small = run->edit.size, keep = run->edit.detail == DC3_DETAIL_KEEP;
    size_t a = (size_t)small * (size_t)small * 3, b = (size_t)size * (size_t)size * 3;
    float *input = memory, *changed = input + a, *reconstruction = changed + a,
          *original = reconstruction + a;
    float *out = original + b;
    char instruction[DC3_PROMPT_SIZE + 100];
    uint64_t parts[] = {run->options->select.seed, dc3_hash64(prompt, strlen(prompt))};
    uint64_t seed = dc3_hash64(parts, sizeof parts);
    const char *instructions[] = {instruction};
    dc3_instruction(prompt, instruction);
    DC3_TRY(load(run, path, small, input));
    DC3_TRY(load(run, path, size, original));
    DC3_TRY(dc3_editor_edit(run->editor, &run->edit, input, 1, instructions, &seed, changed,
                            keep ? reconstruction : NULL));
    if (keep) DC3_TRY(dc3_detail_keep(small, input, reconstruction, changed, size, original, out));
    int side = keep ? size : small;
    const float *result = keep ? out : changed;
    dc3_image own;
    DC3_TRY(dc3_image_of_floats(side, side, result, &own));
    dc3_status status = DC3_OK;
    if (side != size) {
        dc3_image scaled;
        status = dc3_image_resize(&own, size, size, DC3_FIT_SQUASH, &scaled);
        dc3_image_free(&own);
        own = scaled;
    }
    if (status == DC3_OK) status = dc3_image_write(run->options->out, &own, format);
    dc3_image_free(&own);
    return status;
}

dc3_status dc3_edit_command(const dc3_condense_options *options, const char *path, const char *prompt)
{
    dc3_run run;
    dc3_condense_report report;
    dc3_image_format format = DC3_PNG;
    dc3_image image;
    if (!prompt || !*prompt || strlen(prompt) >= DC3_PROMPT_SIZE)
        return dc3_fail(DC3_ERR_OPTION, "--prompt: expected a text of 1 to %d bytes", DC3_PROMPT_SIZE - 1);
    DC3_TRY(format_of(options->out, &format));
    DC3_TRY(dc3_image_read(path, 0, 0, DC3_FIT_CROP, &image));
    int side = image.width < image.height ? image.width : image.height;
    dc3_image_free(&image);
    dc3_status status = dc3_run_open(options, DC3_RUN_EDITOR, &report, &run);
    int size = options->size ? options->size : run.edit.detail == DC3_DETAIL_KEEP ? side : run.edit.size;
    if (status == DC3_OK) {
        size_t a = (size_t)run.edit.size * (size_t)run.edit.size * 3, b = (size_t)size * (size_t)size * 3;
        float *memory = malloc((3 * a + 2 * b) * sizeof *memory);
        status = memory ? edit(&run, path, prompt, memory, size, format)
                        : dc3_fail(DC3_ERR_MEMORY, "out of memory");
        free(memory);
    }
    dc3_run_close(&run);
    return status;
}
