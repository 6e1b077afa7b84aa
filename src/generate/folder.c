#include "generate/folder.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"
#include "base/rng.h"
#include "diffusion/edit_options.h"
#include "diffusion/guidance.h"
#include "kernels/backend.h"
#include "options/coding.h"
#include "output/output_path.h"
#include "run_folder/clear.h"
#include "run_folder/document.h"
#include "run_folder/fingerprint.h"

static const char document_name[] = "generate.json", metadata_name[] = "metadata.jsonl",
                  contact_name[] = "contact.png";

/* ---- what images are made with ---- */

/* A hash of what is generated. */
static json_t *subjects_fingerprint(const dc3_subjects *s, const char *negative)
{
    uint64_t hash = negative ? dc3_hash64(negative, strlen(negative)) : 0;
    for (int i = 0; i < s->count; i++) {
        const dc3_subject *one = &s->at[i];
        uint64_t parts[] = {hash, dc3_hash64(one->folder, strlen(one->folder)), (uint64_t)one->label};
        hash = dc3_hash64(parts, sizeof parts);
        for (int k = 0; k < one->count; k++) {
            uint64_t more[] = {hash, dc3_hash64(one->prompts[k], strlen(one->prompts[k]))};
            hash = dc3_hash64(more, sizeof more);
        }
    }
    return dc3_fingerprint_text(hash);
}

static json_t *settings_of(const dc3_generate_options *o, const dc3_generator *g, const dc3_edit_settings *s,
                           const dc3_subjects *subjects, dc3_coding coding)
{
    char seed[24], format[DC3_CODING_TEXT];
    dc3_generator_info info = dc3_generator_describe(g);
    json_t *j = json_object();
    snprintf(seed, sizeof seed, "%llu", (unsigned long long)o->seed);
    json_object_set_new(j, "model", dc3_json_text(info.name));
    json_object_set_new(j, "model_fingerprint", dc3_fingerprint(o->model));
    /* null without adapters, so that a later call that leaves them out differs */
    json_object_set_new(j, "lora_fingerprint", o->lora ? dc3_fingerprint(o->lora) : json_null());
    json_object_set_new(j, "lora_scale", o->lora ? json_real(o->lora_scale) : json_null());
    json_object_set_new(j, "subjects_fingerprint", subjects_fingerprint(subjects, o->negative));
    json_object_set_new(j, "images", json_integer(o->images));
    json_object_set_new(j, "size", json_integer(s->size));
    dc3_edit_settings_write(s, j);
    json_object_del(j, "image_guidance");
    json_object_set_new(j, "seed", json_string(seed));
    json_object_set_new(j, "threads", json_integer(info.threads));
    json_object_set_new(j, "dtype", json_string(dc3_dtype_name(info.dtype)));
    json_object_set_new(j, "format", json_string(dc3_coding_text(coding, format)));
    return j;
}

static dc3_status write_document(const dc3_generated *o, int complete)
{
    json_t *j = json_object(), *folders = json_array(), *settings = json_deep_copy(o->settings);
    for (int i = 0; i < o->subjects->count; i++)
        json_array_append_new(folders, dc3_json_text(o->subjects->at[i].folder));
    json_object_set_new(settings, "batch", json_integer(o->batch));
    json_object_set_new(j, "program", json_string("dc3"));
    json_object_set_new(j, "version", json_string(dc3_version()));
    json_object_set_new(j, "kernels", json_string(dc3_kernels_best()->name));
    json_object_set_new(j, "complete", json_boolean(complete));
    json_object_set_new(j, "settings", settings);
    json_object_set_new(j, "classes", folders);
    dc3_status status = dc3_json_write(o->folder, document_name, j, JSON_PRESERVE_ORDER);
    json_decref(j);
    return status;
}

/* ---- the place ---- */

dc3_status dc3_generated_check_place(const dc3_generate_options *o)
{
    const char *data = o->classes && dc3_path_what(o->classes) != DC3_PATH_MISSING ? o->classes : NULL;
    const dc3_input inputs[] = {{"the model", o->model},
                                {"the adapters", o->lora},
                                {"the prompts", o->prompts},
                                {"the dataset", data},
                                {"the names", o->names}};
    return dc3_output_folder_check("out", o->out, inputs, sizeof inputs / sizeof *inputs);
}

/* Takes what both have as a hash out of them, and lists what is another: "; the prompts are others". */
static void tell_hashes(json_t *was, json_t *is, char *text, size_t size)
{
    static const char *const hashes[][2] = {{"model_fingerprint", "the model's files are others"},
                                            {"lora_fingerprint", "the adapters are others"},
                                            {"subjects_fingerprint", "the prompts or classes are others"}};
    *text = 0;
    dc3_fingerprint_over_name(was, is, "model");
    for (size_t i = 0; i < sizeof hashes / sizeof *hashes; i++) {
        const char *key = hashes[i][0];
        size_t used = strlen(text);
        if (!json_equal(json_object_get(was, key), json_object_get(is, key)))
            snprintf(text + used, size - used, "%s%s", used ? "; " : "", hashes[i][1]);
        json_object_del(was, key);
        json_object_del(is, key);
    }
}

/* Names the settings that differ; DC3_OK if none does. */
static dc3_status compare(const dc3_generated *o, const json_t *earlier)
{
    char text[400], hashes[200];
    json_t *is = json_deep_copy(o->settings), *was = json_deep_copy(earlier);
    json_t *batch = json_object_get(was, "batch");
    if (batch && !o->options->batch) json_object_set(is, "batch", batch); /* it is kept */
    if (o->options->batch) json_object_set_new(is, "batch", json_integer(o->options->batch));
    tell_hashes(was, is, hashes, sizeof hashes);
    dc3_json_differences(was, is, " and", text, sizeof text);
    json_decref(is);
    json_decref(was);
    if (!*text && !*hashes) return DC3_OK;
    return dc3_fail(DC3_ERR_ARGUMENT,
                    "%s: holds images of other settings (%s%s%s); use %s to start over or another folder",
                    o->folder, hashes, *text && *hashes ? "; " : "", text, dc3_setting("fresh"));
}

/* Whether the folder is new, ours to continue, ours to clear, or somebody else's. */
static dc3_status look(dc3_generated *o)
{
    char *path = dc3_path_join(o->folder, document_name);
    json_t *old = NULL;
    o->clears = o->continues = o->batch = 0;
    if (!path) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    dc3_status status = DC3_OK;
    if (dc3_path_what(path) != DC3_PATH_FILE) {
        if (dc3_folder_occupied(o->folder))
            status = dc3_fail(DC3_ERR_ARGUMENT, "%s: holds files that dc3 did not make; choose a new folder",
                              o->folder);
        free(path);
        return status;
    }
    status = dc3_json_read(path, DC3_DOCUMENT_LIMIT, &old);
    const json_t *was = json_object_get(old, "settings");
    const char *program = json_string_value(json_object_get(old, "program"));
    if (status == DC3_OK && (!program || strcmp(program, "dc3") != 0))
        status = dc3_fail(DC3_ERR_ARGUMENT, "%s: was not made by dc3; choose a new folder", path);
    if (status == DC3_OK && o->options->fresh)
        o->clears = 1;
    else if (status == DC3_OK) {
        int64_t batch = 0;
        status = dc3_json_int(was, path, "batch", 0, 1, DC3_EDIT_PROMPTS, &batch);
        if (status == DC3_OK) status = compare(o, was);
        o->continues = status == DC3_OK;
        o->batch = (int)batch;
    }
    json_decref(old);
    free(path);
    return status;
}

dc3_status dc3_generated_open(const dc3_generate_options *options, const dc3_generator *generator,
                              const dc3_edit_settings *settings, const dc3_subjects *subjects,
                              dc3_generated *o)
{
    *o = (dc3_generated){.options = options, .subjects = subjects, .lock = {.fd = -1}};
    DC3_TRY(dc3_coding_of(options->format, options->quality, options->chroma, &o->coding));
    o->settings = settings_of(options, generator, settings, subjects, o->coding);
    if (!options->out) return DC3_OK; /* of a dry run */
    o->folder = strdup(options->out);
    o->train = dc3_path_join(options->out, "train");
    if (!o->folder || !o->train) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (dc3_path_is_link(o->train))
        return dc3_fail(DC3_ERR_ARGUMENT, "%s: expected a folder, found a symbolic link", o->train);
    return look(o);
}

void dc3_generated_close(dc3_generated *o)
{
    dc3_lock_release(&o->lock);
    json_decref(o->settings);
    free(o->folder);
    free(o->train);
    *o = (dc3_generated){.lock = {.fd = -1}};
}

/* ---- starting over ---- */

static dc3_status remove_file(const char *folder, const char *name)
{
    struct stat info;
    char *path = dc3_path_join(folder, name);
    dc3_status status = path ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (path && lstat(path, &info) == 0 && S_ISREG(info.st_mode) && unlink(path) != 0)
        status = dc3_fail(DC3_ERR_IO, "%s: cannot be removed: %s", path, strerror(errno));
    free(path);
    return status;
}

/* "00012.png" */
static void image_name(int64_t number, dc3_image_format format, char name[40])
{
    snprintf(name, 40, "%05lld%s", (long long)number, dc3_image_extension(format));
}

/* The images in a folder below train/, in any format, and it if those were all. */
static dc3_status remove_images(const char *train, const char *folder, int64_t images)
{
    static const dc3_image_format formats[] = {DC3_PNG, DC3_WEBP, DC3_JPEG, DC3_AVIF};
    char name[40];
    if (!*folder || *folder == '.' || strchr(folder, '/')) return DC3_OK; /* none of ours */
    char *path = dc3_path_join(train, folder);
    dc3_status status = path ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    int ours = path && !dc3_path_is_link(path) && dc3_path_what(path) == DC3_PATH_FOLDER;
    for (int64_t i = 0; ours && status == DC3_OK && i < images; i++)
        for (int k = 0; k < 4 && status == DC3_OK; k++) {
            image_name(i, formats[k], name);
            status = remove_file(path, name);
        }
    if (ours) rmdir(path);
    free(path);
    return status;
}

/* generate.json goes last, so that an interrupted removal can be finished. */
static dc3_status clear(const dc3_generated *o)
{
    json_t *old = NULL, *folder;
    size_t i;
    char *path = dc3_path_join(o->folder, document_name);
    dc3_status status =
        path ? dc3_json_read(path, DC3_DOCUMENT_LIMIT, &old) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    int64_t images = json_integer_value(json_object_get(json_object_get(old, "settings"), "images"));
    json_array_foreach(json_object_get(old, "classes"), i, folder)
    {
        if (status == DC3_OK && json_is_string(folder))
            status = remove_images(o->train, json_string_value(folder), images);
    }
    if (status == DC3_OK) status = remove_file(o->train, metadata_name);
    if (status == DC3_OK) status = remove_file(o->folder, contact_name);
    if (status == DC3_OK) status = remove_file(o->folder, document_name);
    json_decref(old);
    free(path);
    return status;
}

dc3_status dc3_generated_begin(dc3_generated *o, int batch, int64_t missing, const dc3_listener *listener)
{
    DC3_TRY(dc3_make_dirs(o->folder));
    DC3_TRY(dc3_lock_take(o->folder, listener, &o->lock));
    DC3_TRY(look(o)); /* somebody may have been faster since the first look */
    if (o->clears) DC3_TRY(clear(o));
    o->clears = 0;
    DC3_TRY(dc3_clear_parts(o->folder)); /* also of one that was killed before its document was there */
    if (!o->batch) o->batch = batch;
    if (!o->continues || missing) DC3_TRY(write_document(o, 0));
    return dc3_make_dirs(o->train);
}

/* ---- what is there ---- */

char *dc3_generated_path(const dc3_generated *o, const dc3_subject *subject, int64_t number)
{
    char name[40], *folder = dc3_path_join(o->train, subject->folder), *path;
    image_name(number, o->coding.format, name);
    path = folder ? dc3_path_join(folder, name) : NULL;
    free(folder);
    return path;
}

static void write_line(FILE *to, const dc3_generated *o, int label, int64_t number)
{
    const dc3_subject *s = &o->subjects->at[label];
    const char *prompt = dc3_subject_prompt(s, number);
    char name[40], seed[24];
    image_name(number, o->coding.format, name);
    snprintf(seed, sizeof seed, "%llu", (unsigned long long)o->options->seed);
    json_t *j = json_object();
    char *file = dc3_path_join(s->folder, name);
    json_object_set_new(j, "file_name", dc3_json_text(file ? file : ""));
    json_object_set_new(j, "label", json_integer(label));
    json_object_set_new(j, "class", dc3_json_text(s->name));
    if (prompt) json_object_set_new(j, "prompt", dc3_json_text(prompt));
    if (s->label >= 0) json_object_set_new(j, "model_class", json_integer(s->label));
    json_object_set_new(j, "seed",
                        o->options->seed > INT64_MAX ? json_string(seed)
                                                     : json_integer((json_int_t)o->options->seed));
    json_object_set_new(j, "number", json_integer(number));
    char *line = json_dumps(j, JSON_PRESERVE_ORDER | JSON_COMPACT);
    if (line) fprintf(to, "%s\n", line);
    free(line);
    free(file);
    json_decref(j);
}

dc3_status dc3_generated_end(dc3_generated *o)
{
    dc3_draft draft = {0};
    char *path = dc3_path_join(o->train, metadata_name);
    dc3_status status = path ? dc3_draft_open(&draft) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    for (int i = 0; status == DC3_OK && i < o->subjects->count; i++)
        for (int64_t k = 0; k < o->options->images; k++) write_line(draft.file, o, i, k);
    status = dc3_draft_write(&draft, status, path ? path : "");
    free(path);
    return status == DC3_OK ? write_document(o, 1) : status;
}
