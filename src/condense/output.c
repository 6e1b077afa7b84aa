/* The run folder: OUT/dc3.json (settings), OUT/selection.json, OUT/train/<class>/ and
 * OUT/train/metadata.jsonl. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/file.h"
#include "base/rng.h"
#include "condense/combine.h"
#include "condense/run.h"
#include "diffusion/scheduler.h"

json_t *dc3_json_text(const char *bytes)
{
    json_t *text = json_string(bytes);
    if (text) return text;
    /* Not UTF-8: a dataset may hold any bytes as names. Each byte above 127 is written as \xNN. */
    char *safe = malloc(4 * strlen(bytes) + 1), *to = safe;
    if (!safe) return json_null();
    for (const unsigned char *p = (const unsigned char *)bytes; *p; p++)
        if (*p < 128)
            *to++ = (char)*p;
        else
            to += sprintf(to, "\\x%02x", *p);
    *to = 0;
    text = json_string(safe);
    free(safe);
    return text;
}

static dc3_status write_json(const char *folder, const char *name, json_t *object)
{
    char *path = dc3_path_join(folder, name),
         *text = json_dumps(object, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
    dc3_status status =
        path && text ? dc3_file_write(path, text, strlen(text)) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    free(path);
    free(text);
    return status;
}

/* What tells a file from another: its size and a hash of both ends, into parts[2]. A missing file leaves
 * zeros.
 */
static void look_at(const char *path, uint64_t *parts)
{
    enum { END = 1 << 20 };
    dc3_mapping map;
    if (!path || dc3_path_what(path) != DC3_PATH_FILE || dc3_map_open(path, &map) != DC3_OK) return;
    size_t end = map.size < END ? map.size : END;
    parts[0] = map.size ^ dc3_hash64(map.data, end);
    parts[1] = dc3_hash64(map.data + map.size - end, end);
    dc3_map_close(&map);
}

/* A short name for the bytes of the editor's weights. */
static uint64_t editor_print(const char *directory)
{
    static const char *const parts[] = {"unet/diffusion_pytorch_model.safetensors",
                                        "vae/diffusion_pytorch_model.safetensors",
                                        "text_encoder/model.safetensors", "model_index.json"};
    uint64_t all[8] = {0};
    for (int i = 0; i < 4; i++) {
        char *path = dc3_path_join(directory, parts[i]);
        look_at(path, all + 2 * i);
        free(path);
    }
    return dc3_hash64(all, sizeof all);
}

static json_t *hexadecimal(uint64_t value)
{
    char text[24];
    snprintf(text, sizeof text, "%016llx", (unsigned long long)value);
    return json_string(text);
}

json_t *dc3_fingerprint(const char *path)
{
    uint64_t all[2] = {0};
    look_at(path, all);
    return hexadecimal(dc3_hash64(all, sizeof all));
}

/* Everything that the result depends on. */
static json_t *settings_of(const dc3_run *run)
{
    const dc3_select_options *s = &run->options->select;
    dc3_editor_info info = dc3_editor_describe(run->editor);
    char seed[24];
    snprintf(seed, sizeof seed, "%llu", (unsigned long long)s->seed);
    json_t *o = json_object(), *warm = json_array(), *cold = json_array();
    for (int i = 0; i < run->prompts.warm_count; i++)
        json_array_append_new(warm, dc3_json_text(run->prompts.warm[i]));
    for (int i = 0; i < run->prompts.cold_count; i++)
        json_array_append_new(cold, dc3_json_text(run->prompts.cold[i]));
    json_object_set_new(o, "data", dc3_json_text(run->options->data));
    json_object_set_new(o, "images", json_integer(run->report->images));
    json_object_set_new(o, "ipc", json_integer(s->ipc));
    json_object_set_new(o, "bins", json_integer(s->bins));
    json_object_set_new(o, "components", json_integer(s->components));
    json_object_set_new(o, "objective", json_string(dc3_objective_name(s->objective)));
    json_object_set_new(o, "maximizer", json_string(dc3_maximizer_name(s->maximizer)));
    json_object_set_new(o, "similarity", json_string(run->teacher.net ? "gradients" : "vae-features"));
    if (run->teacher.net) {
        int plain = s->gradient == DC3_GRADIENT_PLAIN;
        json_object_set_new(o, "gradient", json_string(plain ? "plain" : "double-softmax"));
        json_object_set_new(o, "teacher", json_string(run->teacher.info->arch));
        json_object_set_new(o, "teacher_size", json_integer(run->teacher.size));
        json_object_set_new(o, "teacher_fingerprint", dc3_fingerprint(run->options->teacher));
    }
    json_object_set_new(o, "seed", json_string(seed));
    json_object_set_new(o, "threads", json_integer(info.threads));
    json_object_set_new(o, "dtype", json_string(dc3_dtype_name(info.dtype)));
    json_object_set_new(o, "editor", dc3_json_text(info.name));
    json_object_set_new(o, "editor_fingerprint", hexadecimal(editor_print(run->options->editor)));
    json_object_set_new(o, "size", json_integer(run->size));
    json_object_set_new(o, "feature_size", json_integer(run->feature_size));
    json_object_set_new(o, "edit_size", json_integer(run->edit.size));
    json_object_set_new(o, "steps", json_integer(run->edit.steps));
    json_object_set_new(o, "sampler", json_string(dc3_sampler_names[run->edit.sampler]));
    json_object_set_new(o, "guidance", json_real((double)run->edit.guidance));
    json_object_set_new(o, "image_guidance", json_real((double)run->edit.image_guidance));
    json_object_set_new(o, "combine", json_string(dc3_combine_names[run->combine]));
    json_object_set_new(o, "detail", json_string(dc3_detail_names[run->edit.detail]));
    json_object_set_new(o, "fit", json_string(dc3_fit_names[run->fit]));
    json_object_set_new(o, "format", json_string(dc3_image_extension(run->format) + 1));
    json_object_set_new(o, "warm_prompts", warm);
    json_object_set_new(o, "cold_prompts", cold);
    return o;
}

static json_t *document(const dc3_run *run, int complete)
{
    json_t *o = json_object(), *classes = json_array();
    for (int i = 0; i < dc3_dataset_classes(run->dataset); i++)
        json_array_append_new(classes, dc3_json_text(dc3_dataset_class_name(run->dataset, i)));
    json_object_set_new(o, "program", json_string("dc3"));
    json_object_set_new(o, "version", json_string(dc3_version()));
    json_object_set_new(o, "complete", json_boolean(complete));
    json_object_set_new(o, "settings", settings_of(run));
    json_object_set_new(o, "classes", classes);
    return o;
}

/* 1 if the folder holds anything. */
static int occupied(const char *path)
{
    DIR *folder = opendir(path);
    struct dirent *entry;
    int found = 0;
    while (folder && !found && (entry = readdir(folder)))
        found = strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    if (folder) closedir(folder);
    return found;
}

/* Names the settings that differ; DC3_OK if none does. */
static dc3_status compare(const char *folder, const json_t *was, const json_t *is)
{
    const char *key;
    json_t *value;
    char text[400] = "";
    json_object_foreach((json_t *)(uintptr_t)is, key, value)
    {
        json_t *old = json_object_get(was, key);
        if (old && json_equal(old, value)) continue;
        char *a = old ? json_dumps(old, JSON_ENCODE_ANY | JSON_COMPACT) : NULL,
             *b = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
        size_t used = strlen(text);
        snprintf(text + used, sizeof text - used, "%s%s was %.60s and is %.60s", used ? "; " : "", key,
                 a ? a : "absent", b ? b : "");
        free(a);
        free(b);
    }
    if (!*text) return DC3_OK;
    return dc3_fail(DC3_ERR_ARGUMENT,
                    "%s: holds a run with other settings (%s); use --fresh to start over or another folder",
                    folder, text);
}

/* Removes the pictures and files of an earlier run, which lie where this program puts them. */
static void clear(const char *train)
{
    DIR *classes = opendir(train);
    struct dirent *entry;
    while (classes && (entry = readdir(classes))) {
        char *folder = dc3_path_join(train, entry->d_name);
        DIR *pictures = entry->d_name[0] != '.' && folder ? opendir(folder) : NULL;
        struct dirent *picture;
        while (pictures && (picture = readdir(pictures))) {
            char *path = dc3_path_join(folder, picture->d_name);
            if (picture->d_name[0] != '.' && path) unlink(path);
            free(path);
        }
        if (pictures)
            closedir(pictures), rmdir(folder);
        else if (folder && entry->d_name[0] != '.')
            unlink(folder);
        free(folder);
    }
    if (classes) closedir(classes);
}

static dc3_status start_over(const dc3_output *o)
{
    static const char *const files[] = {"selection.json", "skipped.txt", "soft_labels.safetensors"};
    clear(o->train);
    for (int i = 0; i < 3; i++) {
        char *path = dc3_path_join(o->folder, files[i]);
        if (path) unlink(path);
        free(path);
    }
    return DC3_OK;
}

/* Whether the folder is new, ours to continue, ours to clear, or somebody else's. */
static dc3_status look(dc3_output *o, const char *path, json_t *now)
{
    json_t *old = NULL;
    if (dc3_path_what(path) != DC3_PATH_FILE) {
        if (!occupied(o->folder)) return DC3_OK;
        return dc3_fail(DC3_ERR_ARGUMENT, "%s: holds files that dc3 did not make; choose a new folder",
                        o->folder);
    }
    dc3_status status = dc3_json_read(path, 1 << 24, &old);
    const char *program = json_string_value(json_object_get(old, "program"));
    if (status == DC3_OK && (!program || strcmp(program, "dc3") != 0))
        status = dc3_fail(DC3_ERR_ARGUMENT, "%s: was not made by dc3; choose a new folder", path);
    if (status == DC3_OK && o->run->options->fresh)
        status = start_over(o);
    else if (status == DC3_OK) {
        status = compare(o->folder, json_object_get(old, "settings"), json_object_get(now, "settings"));
        o->continues = status == DC3_OK;
    }
    json_decref(old);
    return status;
}

dc3_status dc3_output_open(dc3_run *run, dc3_output *o)
{
    *o = (dc3_output){
        .run = run, .folder = strdup(run->options->out), .train = dc3_path_join(run->options->out, "train")};
    char *path = o->folder ? dc3_path_join(o->folder, "dc3.json") : NULL;
    json_t *now = document(run, 0);
    dc3_status status = path && o->train ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK && dc3_path_what(o->folder) != DC3_PATH_FOLDER &&
        dc3_path_what(o->folder) != DC3_PATH_MISSING)
        status = dc3_fail(DC3_ERR_ARGUMENT, "%s: expected a folder to make or to continue, found a file",
                          o->folder);
    if (status == DC3_OK) status = look(o, path, now);
    if (status == DC3_OK && !run->options->dry_run) {
        status = dc3_make_dirs(o->train);
        if (status == DC3_OK && !o->continues) status = write_json(o->folder, "dc3.json", now);
    }
    json_decref(now);
    free(path);
    if (status != DC3_OK) dc3_output_close(o);
    return status;
}

void dc3_output_close(dc3_output *o)
{
    free(o->folder);
    free(o->train);
    o->folder = o->train = NULL;
}

dc3_status dc3_output_read_selection(const dc3_output *o, int64_t **items, int64_t *count)
{
    char *path = dc3_path_join(o->folder, "selection.json");
    json_t *object = NULL;
    *items = NULL;
    *count = 0;
    dc3_status status = path ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK && o->continues && dc3_path_what(path) == DC3_PATH_FILE)
        status = dc3_json_read(path, 1 << 28, &object);
    json_t *list = json_object_get(object, "items");
    size_t n = json_array_size(list);
    if (status == DC3_OK && n) {
        *items = malloc(n * sizeof **items);
        for (size_t i = 0; *items && i < n; i++) {
            json_t *item = json_array_get(list, i);
            int64_t number = json_integer_value(json_array_get(item, 0));
            const char *key = json_string_value(json_array_get(item, 1));
            json_t *now = number >= 0 && number < dc3_dataset_size(o->run->dataset)
                              ? dc3_json_text(dc3_dataset_key(o->run->dataset, number))
                              : NULL;
            if (!key || !now || strcmp(key, json_string_value(now)) != 0)
                status = dc3_fail(DC3_ERR_FORMAT,
                                  "%s: '%.200s' was selected but is no longer in the dataset; use --fresh",
                                  path, key ? key : "(no name)");
            json_decref(now);
            (*items)[i] = number;
        }
        *count = (int64_t)n;
    }
    if (status != DC3_OK) {
        free(*items);
        *items = NULL;
    }
    json_decref(object);
    free(path);
    return status;
}

dc3_status dc3_output_write_selection(const dc3_output *o, const int64_t *items, int64_t count)
{
    json_t *list = json_array(), *object = json_object();
    for (int64_t i = 0; i < count; i++) {
        json_t *item = json_array();
        json_array_append_new(item, json_integer(items[i]));
        json_array_append_new(item, dc3_json_text(dc3_dataset_key(o->run->dataset, items[i])));
        json_array_append_new(list, item);
    }
    json_object_set_new(object, "items", list);
    dc3_status status = write_json(o->folder, "selection.json", object);
    json_decref(object);
    if (status == DC3_OK && o->run->skipped) {
        char *path = dc3_path_join(o->folder, "skipped.txt");
        status = path ? dc3_file_write(path, o->run->skipped, o->run->skipped_size)
                      : dc3_fail(DC3_ERR_MEMORY, "out of memory");
        free(path);
    }
    return status;
}

/* A file name that is safe anywhere: letters, digits, . _ - and bytes above 127; nothing else, and no leading
 * dot or dash. */
static void safe_name(const char *from, size_t length, char *to, size_t size)
{
    size_t used = 0;
    for (size_t i = 0; i < length && used + 1 < size; i++) {
        unsigned char c = (unsigned char)from[i];
        int plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c > 127 ||
                    strchr(" ._-", c);
        to[used] = plain && !(used == 0 && (c == '.' || c == '-')) ? (char)c : '_';
        used++;
    }
    if (!used) to[used++] = '_';
    to[used] = 0;
}

dc3_status dc3_output_name(const dc3_output *o, int64_t item, int64_t place, char **relative, char **path)
{
    char class_name[200], stem[120], name[512];
    const char *full = dc3_dataset_class_name(o->run->dataset, dc3_dataset_label(o->run->dataset, item));
    const char *key = dc3_dataset_key(o->run->dataset, item), *slash = strrchr(key, '/'),
               *base = slash ? slash + 1 : key;
    const char *dot = strrchr(base, '.');
    safe_name(full, strlen(full), class_name, sizeof class_name);
    safe_name(base, dot && dot > base ? (size_t)(dot - base) : strlen(base), stem, sizeof stem);
    snprintf(name, sizeof name, "%s/%03lld-%s%s", class_name, (long long)place, stem,
             dc3_image_extension(o->run->format));
    *relative = strdup(name);
    *path = dc3_path_join(o->train, name);
    if (*relative && *path) return DC3_OK;
    free(*relative);
    free(*path);
    return dc3_fail(DC3_ERR_MEMORY, "out of memory");
}

/* One line of metadata.jsonl. */
static char *metadata_line(const dc3_run *run, const char *relative, int64_t item, int repeat)
{
    dc3_compensated c = {0};
    char seed[24];
    int label = dc3_dataset_label(run->dataset, item);
    json_t *o = json_object(), *prompts = json_array(), *seeds = json_array();
    dc3_run_draw(run, dc3_dataset_key(run->dataset, item), repeat, &c);
    for (int i = 0; i < c.edits; i++) {
        snprintf(seed, sizeof seed, "%llu", (unsigned long long)c.seeds[i]);
        json_array_append_new(prompts, dc3_json_text(c.prompts[i]));
        json_array_append_new(seeds, json_string(seed));
    }
    json_object_set_new(o, "file_name", dc3_json_text(relative));
    json_object_set_new(o, "label", json_integer(label));
    json_object_set_new(o, "class", dc3_json_text(dc3_dataset_class_name(run->dataset, label)));
    json_object_set_new(o, "source", dc3_json_text(dc3_dataset_key(run->dataset, item)));
    json_object_set_new(o, "repeat", json_integer(repeat));
    json_object_set_new(o, "prompts", prompts);
    json_object_set_new(o, "seeds", seeds);
    char *line = json_dumps(o, JSON_COMPACT | JSON_PRESERVE_ORDER);
    json_decref(o);
    return line;
}

dc3_status dc3_output_write_metadata(const dc3_output *o, const int64_t *items, int64_t count)
{
    char *text = NULL, *path = dc3_path_join(o->train, "metadata.jsonl");
    size_t size = 0;
    dc3_status status = path ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    FILE *memory = open_memstream(&text, &size);
    if (!memory) status = dc3_fail(DC3_ERR_MEMORY, "out of memory");
    int64_t place = 0;
    for (int64_t i = 0; status == DC3_OK && i < count; i++) {
        int fresh = !i || dc3_dataset_label(o->run->dataset, items[i]) !=
                              dc3_dataset_label(o->run->dataset, items[i - 1]);
        place = fresh ? 0 : place + 1;
        int repeat = 0;
        for (int64_t k = i - place; k < i; k++) repeat += items[k] == items[i];
        char *relative, *file;
        status = dc3_output_name(o, items[i], place, &relative, &file);
        if (status != DC3_OK) break;
        char *line = metadata_line(o->run, relative, items[i], repeat);
        if (line) fprintf(memory, "%s\n", line);
        free(line);
        free(relative);
        free(file);
    }
    if (memory && fclose(memory) != 0) status = dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK) status = dc3_file_write(path, text, size);
    free(text);
    free(path);
    return status;
}

dc3_status dc3_metadata_read(const char *train, json_t **lines)
{
    char *path = dc3_path_join(train, "metadata.jsonl"), *text = NULL, *rest, *line;
    size_t size;
    *lines = json_array();
    dc3_status status =
        path ? dc3_file_read(path, 1 << 28, &text, &size) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    rest = text;
    while (status == DC3_OK && (line = strsep(&rest, "\n"))) {
        json_t *object = NULL;
        if (*line) status = dc3_json_parse(path, line, strlen(line), &object);
        if (object) json_array_append_new(*lines, object);
    }
    free(text);
    free(path);
    return status;
}

dc3_status dc3_output_finish(const dc3_output *o)
{
    json_t *now = document(o->run, 1);
    dc3_status status = write_json(o->folder, "dc3.json", now);
    json_decref(now);
    return status;
}
