/* One image, one prompt. */
#include <stdlib.h>
#include <string.h>
#include "base/call.h"
#include "base/file.h"
#include "base/options.h"
#include "output/output_path.h"
#include "options/coding.h"
#include "features/run.h"
#include "condense/run_open.h"
#include "edit/single_edit.h"

/* As the path ends; of a path without an ending as `format` says. Both must agree where both are there. */
static dc3_status coding_of(const dc3_condense_options *o, dc3_coding *coding)
{
    dc3_image_format named = dc3_image_format_of(o->out);
    if (o->format == DC3_AVIF) /* also where it could be written */
        return dc3_fail_setting("format", "edited images are PNG, WebP, JPEG or TIFF; found avif");
    DC3_TRY(dc3_coding_of(o->format, o->quality, o->chroma, coding));
    if (named == DC3_FORMAT_DEFAULT && o->format == DC3_FORMAT_DEFAULT)
        return dc3_fail_setting("out",
                                "expected a name that ends with .png, .webp, .jpg or .tif, or %s; found %s",
                                dc3_setting("format"), o->out);
    if (o->format == DC3_FORMAT_DEFAULT) coding->format = named;
    if (named == DC3_FORMAT_DEFAULT || named == coding->format) return DC3_OK;
    return dc3_fail_setting("format", "expected that of the file's name, %s; found %s", o->out,
                            dc3_image_format_name(o->format));
}

/* What is edited: all of the image, squashed to the model's square, where only the change of colour is
 * taken over; else as --fit says. */
typedef struct job {
    dc3_image_source *image;
    int width, height; /* of the result */
    dc3_fit fit;
    dc3_coding coding;
    char *place; /* of the file to write */
} job;

/* The image as floats [height, width, 3]; `more`: at another size later. */
static dc3_status load(const job *j, int width, int height, int more, float *to)
{
    dc3_image image;
    DC3_TRY(dc3_image_source_read(j->image, width, height, j->fit, more, &image));
    dc3_image_to_floats(&image, to);
    dc3_image_free(&image);
    return DC3_OK;
}

/* An edit [small, small, 3] or [height, width, 3] to the file. */
static dc3_status write(const job *j, int width, int height, const float *result)
{
    dc3_image own, scaled = {0};
    DC3_TRY(dc3_image_of_floats(width, height, result, &own));
    int same = width == j->width && height == j->height;
    dc3_status status = same ? DC3_OK : dc3_image_resize(&own, j->width, j->height, DC3_FIT_SQUASH, &scaled);
    if (status == DC3_OK) status = dc3_image_save(j->place, same ? &own : &scaled, j->coding);
    dc3_image_free(&own);
    dc3_image_free(&scaled);
    return status;
}

static dc3_status edit(dc3_run *run, const job *j, const char *prompt)
{
    int small = run->edit.size, keep = run->detail == DC3_DETAIL_KEEP;
    dc3_single_edit e;
    DC3_TRY(dc3_single_edit_open(small, j->width, j->height, run->detail, &e));
    dc3_status status = load(j, small, small, keep, e.input);
    if (status == DC3_OK && keep) status = load(j, j->width, j->height, 0, e.original);
    if (status == DC3_OK)
        status = dc3_single_edit_run(run->editor, &run->edit, prompt, run->options->select.seed, &e);
    if (status == DC3_OK)
        status = keep ? write(j, j->width, j->height, e.out) : write(j, small, small, e.edit);
    dc3_single_edit_close(&e);
    return status;
}

/* The result's size and what is edited. */
static void shape(const dc3_run *run, int width, int height, job *j)
{
    const dc3_condense_options *o = run->options;
    int keep = run->detail == DC3_DETAIL_KEEP, longer = width > height ? width : height;
    int shorter = width < height ? width : height;
    j->fit = run->fit;
    if (keep && o->fit == DC3_FIT_DEFAULT) { /* the image's shape; --size is its longer side */
        double scale = o->size ? (double)o->size / longer : 1;
        j->width = (int)(width * scale + 0.5), j->height = (int)(height * scale + 0.5);
        if (j->width < 1) j->width = 1;
        if (j->height < 1) j->height = 1;
        j->fit = DC3_FIT_SQUASH;
    } else
        j->width = j->height = o->size ? o->size : keep ? shorter : run->edit.size;
}

static dc3_status edit_image(const dc3_condense_options *options, const char *prompt, job *j)
{
    dc3_run run;
    dc3_condense_report report;
    dc3_image image;
    DC3_TRY(dc3_image_source_read(j->image, 0, 0, DC3_FIT_CROP, 1, &image));
    int width = image.width, height = image.height;
    dc3_image_free(&image);
    dc3_status status = dc3_run_open(options, DC3_RUN_EDITOR, &report, &run);
    if (status == DC3_OK) status = dc3_run_check_edits(&run);
    if (status == DC3_OK) {
        dc3_prompt_tell(prompt, dc3_editor_concepts(run.editor), dc3_editor_describe(run.editor).name,
                        &options->listener);
        shape(&run, width, height, j);
        status = edit(&run, j, prompt);
    }
    dc3_run_close(&run);
    return status;
}

dc3_status dc3_edit_command(const dc3_condense_options *given, const char *path, const char *prompt)
{
    dc3_condense_options own;
    const dc3_condense_options *options = &own;
    DC3_TRY(dc3_condense_take(given, &own));
    DC3_TRY(dc3_options_need("out", own.out));
    DC3_TRY(dc3_options_need("image", path));
    DC3_CALL_SCOPE(own.listener.cancel);
    job j = {.fit = DC3_FIT_CROP};
    if (!prompt || !*prompt || strlen(prompt) >= DC3_PROMPT_SIZE)
        return dc3_fail_setting("prompt", "expected a text of 1 to %d bytes", DC3_PROMPT_SIZE - 1);
    if (dc3_path_what(path) == DC3_PATH_FOLDER)
        return dc3_fail(DC3_ERR_IO, "%s: expected an image, found a folder; dc3 compensate takes folders",
                        path);
    dc3_input inputs[] = {{"the image", path},
                          {"the editor", options->editor},
                          {"the prompts", options->prompts},
                          {"the adapters", options->lora}};
    dc3_output_path output = {"out", options->out, &dc3_image_output, options->force, inputs, 4, NULL};
    DC3_TRY(dc3_output_path_check(&output, &j.place));
    dc3_status status = coding_of(options, &j.coding);
    if (status == DC3_OK) status = dc3_image_source_open_file(path, &j.image);
    if (status == DC3_OK) status = edit_image(options, prompt, &j);
    dc3_image_source_say(j.image, &options->listener);
    dc3_image_source_close(&j.image);
    free(j.place);
    return status;
}
