/* An editor or a generator: a diffusion model in the diffusers layout. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/text.h"
#include "info/kinds.h"
#include "diffusion/editor.h"
#include "generate/generator.h"
#include "io/weights.h"

/* The name of a part's class in its configuration, for the caller to free; NULL: it does not say. */
static char *class_of(const char *folder, const char *config)
{
    char *path = dc3_path_join(folder, config), *name = NULL;
    json_t *object = NULL;
    if (path && dc3_path_what(path) == DC3_PATH_FILE && dc3_json_read(path, 1 << 20, &object) == DC3_OK) {
        const char *text = json_string_value(json_object_get(object, "_class_name"));
        if (!text) text = json_string_value(json_array_get(json_object_get(object, "architectures"), 0));
        name = text ? strdup(text) : NULL;
    }
    json_decref(object);
    free(path);
    return name;
}

static void say_part(dc3_info_page *page, json_t *parts, const char *part, const char *class_name,
                     const dc3_tensor_facts *f)
{
    char count[DC3_NUMBER_TEXT], bytes[DC3_NUMBER_TEXT];
    dc3_info_line(page, part, "%s parameters, %s tensors, %s%s%.60s", dc3_count_text(f->parameters, count),
                  f->types, dc3_size_text(f->bytes, bytes), class_name ? ", " : "",
                  class_name ? class_name : "");
    json_t *o = json_object();
    json_object_set_new(o, "class", class_name ? dc3_json_text(class_name) : json_null());
    json_object_set_new(o, "parameters", json_integer((json_int_t)f->parameters));
    json_object_set_new(o, "tensor_types", json_string(f->types));
    json_object_set_new(o, "tensor_bytes", json_integer((json_int_t)f->bytes));
    json_object_set_new(parts, part, o);
}

/* One part's weights, if they can be opened; adds to the sums. */
static dc3_status look_at_part(dc3_info_page *page, json_t *parts, const char *part, const char *stem,
                               dc3_tensor_facts *sum)
{
    dc3_table *table;
    char *folder = dc3_path_join(page->options->path, part);
    if (!folder) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    dc3_status status = dc3_weights_open_model(folder, stem, &table);
    if (status == DC3_OK) {
        dc3_tensor_facts f = dc3_info_facts(table);
        char *name = class_of(folder, "config.json");
        say_part(page, parts, part, name, &f);
        if (*dc3_table_notes(table)) dc3_info_line(page, "", "%s", dc3_table_notes(table));
        sum->parameters += f.parameters, sum->bytes += f.bytes;
        free(name);
        dc3_table_close(&table);
    } else {
        dc3_info_line(page, part, "cannot be opened: %s", dc3_error_text());
        json_object_set_new(parts, part, json_null());
    }
    free(folder);
    return status == DC3_ERR_MEMORY ? status : DC3_OK;
}

/* The words that the model knows. */
static void say_concepts(dc3_info_page *page, const dc3_concepts *concepts)
{
    char names[400];
    int count = 0;
    if (!concepts) {
        dc3_info_line(page, "knows", "any text");
        dc3_info_set(page, "concepts", json_null());
        return;
    }
    const char *const *words = dc3_concepts_words(concepts), *const *all = dc3_concepts_names(concepts);
    while (words[count]) count++;
    for (; *all; all++) count--;
    dc3_info_line(page, "knows", "%s; %d other words for them",
                  dc3_text_list(dc3_concepts_names(concepts), names, sizeof names), count);
    dc3_info_set(page, "concepts", json_deep_copy(dc3_concepts_json(concepts)));
}

/* What an edit is made with. */
static void say_settings(dc3_info_page *page, const dc3_editor *editor)
{
    dc3_edit_settings d = dc3_editor_defaults(editor);
    const char *detail = dc3_detail_name(dc3_editor_describe(editor).detail);
    const char *sampler = dc3_sampler_kind_name(d.sampler);
    char note[1000];
    dc3_info_line(page, "image size", "%d px", d.size);
    dc3_info_line(page, "edits by", "%s, %d step%s, guidance %g, image guidance %g, detail: %s",
                  sampler ? sampler : "no sampler of dc3", d.steps, d.steps == 1 ? "" : "s",
                  (double)d.guidance, (double)d.image_guidance, detail);
    if (*dc3_editor_note(editor, &d, note, sizeof note)) {
        dc3_info_line(page, "note", "%s", note);
        dc3_info_set(page, "note", dc3_json_text(note));
    }
    say_concepts(page, dc3_editor_concepts(editor));
    dc3_info_set(page, "image_px", json_integer(d.size));
    dc3_info_set(page, "sampler", sampler ? json_string(sampler) : json_null());
    dc3_info_set(page, "steps", json_integer(d.steps));
    dc3_info_set(page, "guidance", json_real(d.guidance));
    dc3_info_set(page, "image_guidance", json_real(d.image_guidance));
    dc3_info_set(page, "detail", json_string(detail));
}

/* Whether dc3 can edit with it: by the checks that an edit makes. */
static void say_editor(dc3_info_page *page)
{
    dc3_editor *editor;
    char label[32];
    snprintf(label, sizeof label, "for %s", dc3_setting("editor"));
    dc3_status status = dc3_editor_open(page->options->path, DC3_F32, 1, &editor);
    if (status == DC3_OK) {
        dc3_edit_settings d = dc3_editor_defaults(editor);
        say_settings(page, editor);
        status = dc3_editor_check(editor, &d);
        dc3_editor_close(&editor);
    }
    dc3_info_set(page, "opens", json_boolean(status == DC3_OK));
    if (status == DC3_OK) {
        dc3_info_line(page, label, "yes");
        return;
    }
    dc3_info_line(page, label, "no: %s", dc3_error_text());
    dc3_info_set(page, "why_not", dc3_json_text(dc3_error_text()));
}

/* Whether dc3 can generate with it, and what it does by itself. */
static void say_generator(dc3_info_page *page)
{
    dc3_generator *generator;
    dc3_generator_options options = {.lora_scale = 1, .dtype = DC3_F32, .threads = 1};
    char label[32];
    snprintf(label, sizeof label, "for %s", dc3_setting("model"));
    dc3_status status = dc3_generator_open(page->options->path, &options, &generator);
    if (status == DC3_OK) {
        dc3_edit_settings d = dc3_generator_defaults(generator);
        int64_t classes = dc3_generator_describe(generator).classes;
        const char *sampler = dc3_sampler_kind_name(d.sampler);
        char of[40] = "texts";
        if (classes) snprintf(of, sizeof of, "%lld classes", (long long)classes);
        dc3_info_line(page, "generates", "%s at %d px by %s, %d step%s, guidance %g", of, d.size,
                      sampler ? sampler : "no sampler of dc3", d.steps, d.steps == 1 ? "" : "s",
                      (double)d.guidance);
        dc3_info_set(page, "generates_px", json_integer(d.size));
        dc3_info_set(page, "generates_classes", json_integer(classes));
        status = dc3_generator_check(generator, &d);
        dc3_generator_close(&generator);
    }
    dc3_info_set(page, "generates", json_boolean(status == DC3_OK));
    dc3_info_line(page, label, "%s%s",
                  status == DC3_OK ? "yes" : "no: ", status == DC3_OK ? "" : dc3_error_text());
}

static void say_scheduler(dc3_info_page *page)
{
    char *folder = dc3_path_join(page->options->path, "scheduler");
    char *name = folder ? class_of(folder, "scheduler_config.json") : NULL;
    if (name) dc3_info_line(page, "scheduler", "%.*s", dc3_text_room(name, 60), name);
    dc3_info_set(page, "scheduler", name ? dc3_json_text(name) : json_null());
    free(name);
    free(folder);
}

dc3_status dc3_info_model(dc3_info_page *page)
{
    char *name = class_of(page->options->path, "model_index.json"), count[DC3_NUMBER_TEXT];
    json_t *parts = json_object();
    dc3_tensor_facts sum = {0};
    dc3_info_title(page, "editor", "a diffusion model in the diffusers layout%s%.60s", name ? ", " : "",
                   name ? name : "");
    dc3_info_set(page, "class", name ? dc3_json_text(name) : json_null());
    free(name);
    int of_classes = dc3_folder_holds(page->options->path, "transformer/config.json");
    dc3_status status =
        look_at_part(page, parts, of_classes ? "transformer" : "unet", "diffusion_pytorch_model", &sum);
    if (status == DC3_OK) status = look_at_part(page, parts, "vae", "diffusion_pytorch_model", &sum);
    if (status == DC3_OK && !of_classes) status = look_at_part(page, parts, "text_encoder", "model", &sum);
    dc3_info_set(page, "parts", parts);
    if (status != DC3_OK) return status;
    dc3_info_line(page, "parameters", "%s in all", dc3_count_text(sum.parameters, count));
    dc3_info_set(page, "parameters", json_integer((json_int_t)sum.parameters));
    dc3_info_bytes(page, "weights", sum.bytes);
    say_scheduler(page);
    say_editor(page);
    say_generator(page);
    return DC3_OK;
}
