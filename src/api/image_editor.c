/* The public editor: the diffusion editor on images in memory, as `dc3 edit` uses it on a file. */
#include "dc3/editor.h"

#include <stdlib.h>
#include <string.h>
#include "api/images.h"
#include "base/call.h"
#include "base/listener.h"
#include "base/options.h"
#include "diffusion/prompts.h"
#include "edit/single_edit.h"
#include "diffusion/edit_options.h"
#include "io/image.h"
#include "options/option_names.h"
#include "teacher/classes.h"

struct dc3_image_editor {
    dc3_editor *editor;
};

dc3_image_editor_options dc3_image_editor_defaults(void)
{
    return (dc3_image_editor_options){.struct_size = sizeof(dc3_image_editor_options), .threads = 1};
}

dc3_image_edit_options dc3_image_edit_defaults(void)
{
    dc3_image_edit_options o = {.struct_size = sizeof o, .detail = DC3_DETAIL_DEFAULT};
    dc3_image_edit_options_unset(&o);
    return o;
}

dc3_status dc3_image_editor_open(const char *directory, const dc3_image_editor_options *options,
                                 dc3_image_editor **out)
{
    dc3_image_editor_options o = dc3_image_editor_defaults();
    dc3_dtype dtype;
    DC3_TRY(dc3_place_need("editor", out));
    *out = NULL;
    DC3_TRY(DC3_TAKE_OPTIONS(dc3_image_editor_options, threads, options, &o));
    DC3_CALL_SCOPE(NULL);
    if (!directory) return dc3_fail(DC3_ERR_ARGUMENT, "editor: expected a directory, found NULL");
    DC3_TRY(dc3_threads_check(o.threads));
    DC3_TRY(dc3_compute_type(o.dtype, &dtype));
    dc3_image_editor *e = calloc(1, sizeof *e);
    if (!e) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    dc3_status status = dc3_editor_open(directory, dtype, o.threads, &e->editor);
    if (status == DC3_OK)
        *out = e;
    else
        dc3_image_editor_close(&e);
    return status;
}

void dc3_image_editor_close(dc3_image_editor **editor)
{
    if (!editor || !*editor) return;
    dc3_editor_close(&(*editor)->editor);
    free(*editor);
    *editor = NULL;
}

dc3_image_editor_info dc3_image_editor_describe(const dc3_image_editor *editor)
{
    dc3_image_editor_info info = {0};
    if (!editor) return info;
    dc3_editor_info inner = dc3_editor_describe(editor->editor);
    dc3_edit_settings usual = dc3_editor_defaults(editor->editor);
    memcpy(info.name, inner.name, sizeof info.name);
    info.dtype = inner.dtype == DC3_BF16 ? DC3_COMPUTE_BF16 : DC3_COMPUTE_F32;
    info.parameters = inner.parameters;
    info.size = usual.size;
    info.steps = usual.steps;
    info.sampler = usual.sampler;
    info.detail = inner.detail;
    info.guidance = (double)usual.guidance;
    info.image_guidance = (double)usual.image_guidance;
    return info;
}

const char *const *dc3_image_editor_concepts(const dc3_image_editor *editor)
{
    const dc3_concepts *concepts = editor ? dc3_editor_concepts(editor->editor) : NULL;
    return concepts ? dc3_concepts_names(concepts) : NULL;
}

/* The model's settings where the options say nothing else. */
static dc3_status settings_of(const dc3_editor *editor, const dc3_image_edit_options *o, dc3_edit_settings *s)
{
    *s = dc3_editor_defaults(editor);
    DC3_TRY(dc3_option_check("detail", (int)o->detail, 1));
    if (o->size < 0 || o->size > 4096)
        return dc3_fail_setting("size", "expected at most 4096 pixels, found %d", o->size);
    if (o->size) s->size = o->size;
    return dc3_edit_settings_of_image(o, s);
}

static dc3_status check_prompts(int64_t n, const char *const *prompts)
{
    if (!prompts) return dc3_fail(DC3_ERR_ARGUMENT, "prompts: expected texts, found NULL");
    for (int64_t i = 0; i < n; i++) {
        size_t length = prompts[i] ? strlen(prompts[i]) : 0;
        if (length < 1 || length >= DC3_PROMPT_SIZE)
            return dc3_fail(DC3_ERR_ARGUMENT, "prompts: expected 1 to %d bytes, found %zu in prompt %lld",
                            DC3_PROMPT_SIZE - 1, length, (long long)i);
    }
    return DC3_OK;
}

/* All of the image in the model's square. */
static dc3_status squash(const dc3_image *image, const dc3_single_edit *w)
{
    dc3_image small;
    if (image->width == w->small && image->height == w->small) {
        dc3_image_to_floats(image, w->input);
        return DC3_OK;
    }
    DC3_TRY(dc3_image_resize(image, w->small, w->small, DC3_FIT_SQUASH, &small));
    dc3_image_to_floats(&small, w->input);
    dc3_image_free(&small);
    return DC3_OK;
}

/* The edit itself, brought to the image's size. */
static dc3_status unsquash(const dc3_single_edit *w, dc3_image *to)
{
    dc3_image small, large = {0};
    DC3_TRY(dc3_image_of_floats(w->small, w->small, w->edit, &small));
    int same = to->width == w->small && to->height == w->small;
    dc3_status status =
        same ? DC3_OK : dc3_image_resize(&small, to->width, to->height, DC3_FIT_SQUASH, &large);
    if (status == DC3_OK)
        memcpy(to->pixels, (same ? &small : &large)->pixels, (size_t)to->width * (size_t)to->height * 3);
    dc3_image_free(&small);
    dc3_image_free(&large);
    return status;
}

static dc3_status edit_one(dc3_editor *editor, const dc3_edit_settings *s, const dc3_single_edit *w,
                           const char *prompt, uint64_t seed, const dc3_image *image, dc3_image *to)
{
    dc3_image result;
    DC3_TRY(squash(image, w));
    dc3_image_to_floats(image, w->original);
    DC3_TRY(dc3_single_edit_run(editor, s, prompt, seed, w));
    if (w->detail == DC3_DETAIL_EDIT) return unsquash(w, to);
    DC3_TRY(dc3_image_of_floats(image->width, image->height, w->out, &result));
    memcpy(to->pixels, result.pixels, (size_t)to->width * (size_t)to->height * 3);
    dc3_image_free(&result);
    return DC3_OK;
}

dc3_status dc3_image_editor_edit(dc3_image_editor *editor, const dc3_image_edit_options *options, int64_t n,
                                 int height, int width, const uint8_t *images, const char *const *prompts,
                                 const uint64_t *seeds, uint8_t *edits)
{
    dc3_image_edit_options o = dc3_image_edit_defaults();
    dc3_edit_settings settings;
    dc3_single_edit w;
    char note[1000];
    if (!editor) return dc3_fail(DC3_ERR_ARGUMENT, "editor: expected one that is open, found NULL");
    DC3_TRY(DC3_TAKE_OPTIONS(dc3_image_edit_options, listener, options, &o));
    DC3_TRY(dc3_check_images(n, height, width, images));
    DC3_TRY(check_prompts(n, prompts));
    DC3_TRY(dc3_place_need("edits", edits));
    DC3_TRY(settings_of(editor->editor, &o, &settings));
    dc3_detail detail =
        o.detail != DC3_DETAIL_DEFAULT ? o.detail : dc3_editor_describe(editor->editor).detail;
    DC3_CALL_SCOPE(o.listener.cancel);
    DC3_TRY(dc3_editor_check(editor->editor, &settings));
    if (*dc3_editor_note(editor->editor, &settings, note, sizeof note))
        dc3_listener_say(&o.listener, "note: %s", note);
    for (int64_t i = 0; i < n; i++) /* once where all have the same */
        if (i == 0 || strcmp(prompts[i], prompts[i - 1]) != 0)
            dc3_prompt_tell(prompts[i], dc3_editor_concepts(editor->editor),
                            dc3_editor_describe(editor->editor).name, &o.listener);
    DC3_TRY(dc3_single_edit_open(settings.size, width, height, detail, &w));
    dc3_status status = DC3_OK;
    for (int64_t i = 0; status == DC3_OK && i < n; i++) {
        dc3_image image = dc3_image_at(i, height, width, images), to = dc3_image_at(i, height, width, edits);
        status = dc3_check_cancel();
        if (status == DC3_OK)
            status = edit_one(editor->editor, &settings, &w, prompts[i], seeds ? seeds[i] : 0, &image, &to);
        if (status == DC3_OK && o.listener.progress) o.listener.progress(o.listener.user, "edits", i + 1, n);
    }
    dc3_single_edit_close(&w);
    return status;
}
