/* The public editor: the diffusion editor on images in memory, as `dc3 edit` uses it on a file. */
#include "dc3/editor.h"

#include <stdlib.h>
#include <string.h>
#include "api/images.h"
#include "base/call.h"
#include "base/listener.h"
#include "base/options.h"
#include "base/pieces.h"
#include "diffusion/prompts.h"
#include "edit/single_edit.h"
#include "diffusion/edit_options.h"
#include "io/image.h"
#include "options/option_names.h"
#include "teacher/classes.h"

struct dc3_image_editor {
    dc3_editor *editor;
    dc3_editor **beside; /* [count], kept from call to call; NULL: none was needed yet */
    int count;
};

dc3_image_editor_options dc3_image_editor_defaults(void)
{
    return (dc3_image_editor_options){
        .struct_size = sizeof(dc3_image_editor_options), .threads = 1, .lora_scale = 1};
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
    dc3_status status =
        dc3_editor_open_adapted(directory, o.lora, o.lora_scale, dtype, o.threads, &e->editor);
    if (status == DC3_OK)
        *out = e;
    else
        dc3_image_editor_close(&e);
    return status;
}

void dc3_image_editor_close(dc3_image_editor **editor)
{
    if (!editor || !*editor) return;
    dc3_editors_close((*editor)->editor, (*editor)->count, &(*editor)->beside);
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

/* The edits of a call. */
typedef struct edits {
    dc3_editor *const *editors; /* [count] */
    dc3_single_edit *memory;    /* [count] */
    int count;
    const dc3_edit_settings *settings;
    int64_t n;
    int height, width;
    const uint8_t *images;
    const char *const *prompts;
    const uint64_t *seeds;
    uint8_t *edits;
    const dc3_listener *listener;
} edits;

static dc3_status make_edit(void *user, int worker, int64_t i, void *result)
{
    const edits *e = user;
    dc3_image image = dc3_image_at(i, e->height, e->width, e->images);
    dc3_image to = dc3_image_at(i, e->height, e->width, e->edits);
    (void)result;
    return edit_one(e->editors[worker], e->settings, &e->memory[worker], e->prompts[i],
                    e->seeds ? e->seeds[i] : 0, &image, &to);
}

static dc3_status edit_made(void *user, int64_t i, void *result)
{
    const edits *e = user;
    (void)result;
    if (e->listener->progress) e->listener->progress(e->listener->user, "edits", i + 1, e->n);
    return DC3_OK;
}

/* How many edits are made side by side: none where that could change the last bits of one (dense.h), which
 * depend on the image alone. */
static int workers_of(const dc3_image_editor *editor, const edits *e)
{
    double small = e->settings->size, pixels = (double)e->width * e->height;
    if (!dc3_ctx_team_is_free(dc3_editor_ctx(editor->editor))) return 1;
    return dc3_editor_workers(editor->editor, e->settings, 1, e->n, 12 * (3 * small * small + 2 * pixels));
}

/* The editors of so many workers. */
static dc3_status open_beside(dc3_image_editor *editor, int workers, dc3_editor *const **editors)
{
    *editors = workers > 1 ? editor->beside : &editor->editor;
    if (workers <= (workers > 1 ? editor->count : 1)) return DC3_OK;
    dc3_editors_close(editor->editor, editor->count, &editor->beside);
    editor->count = workers;
    dc3_status status = dc3_editors_open(editor->editor, workers, &editor->beside);
    if (status != DC3_OK) {
        dc3_editors_close(editor->editor, workers, &editor->beside);
        editor->count = 0;
    }
    *editors = editor->beside;
    return status;
}

static dc3_status edit_all(dc3_image_editor *editor, dc3_detail detail, edits *e)
{
    e->count = workers_of(editor, e);
    e->memory = calloc((size_t)e->count, sizeof *e->memory);
    dc3_status status = e->memory ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK) status = open_beside(editor, e->count, &e->editors);
    for (int i = 0; status == DC3_OK && i < e->count; i++)
        status = dc3_single_edit_open(e->settings->size, e->width, e->height, detail, &e->memory[i]);
    dc3_pieces pieces = {.count = e->n, .workers = e->count, .user = e, .work = make_edit, .take = edit_made};
    if (status == DC3_OK) status = dc3_pieces_run(&pieces);
    for (int i = 0; e->memory && i < e->count; i++) dc3_single_edit_close(&e->memory[i]);
    free(e->memory);
    return status;
}

dc3_status dc3_image_editor_edit(dc3_image_editor *editor, const dc3_image_edit_options *options, int64_t n,
                                 int height, int width, const uint8_t *images, const char *const *prompts,
                                 const uint64_t *seeds, uint8_t *to)
{
    dc3_image_edit_options o = dc3_image_edit_defaults();
    dc3_edit_settings settings;
    char note[1000];
    if (!editor) return dc3_fail(DC3_ERR_ARGUMENT, "editor: expected one that is open, found NULL");
    DC3_TRY(DC3_TAKE_OPTIONS(dc3_image_edit_options, listener, options, &o));
    DC3_TRY(dc3_check_images(n, height, width, images));
    DC3_TRY(check_prompts(n, prompts));
    DC3_TRY(dc3_place_need("edits", to));
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
    edits e = {.settings = &settings,
               .n = n,
               .height = height,
               .width = width,
               .images = images,
               .prompts = prompts,
               .seeds = seeds,
               .edits = to,
               .listener = &o.listener};
    return edit_all(editor, detail, &e);
}
