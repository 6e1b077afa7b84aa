/* What a training leaves: adapters as a file, or a diffusers directory with the trained network and the
 * model's other parts; and a document about it. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "diffusion/part.h"
#include "finetune/part.h"
#include "io/json.h"
#include "io/safetensors.h"
#include "io/weights.h"
#include "nn/adapters/factors.h"
#include "nn/adapters/lora.h"
#include "teacher/classes.h"

static const char down_end[] = ".lora_A.weight", up_end[] = ".lora_B.weight";

/* All parameters, in memory of the host. */
static dc3_status table_of_params(const dc3_finetuning *t, const char *origin, dc3_table **table)
{
    *table = dc3_table_new(origin);
    dc3_status status = *table ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    for (size_t i = 0; status == DC3_OK && i < t->net.count; i++)
        status = dc3_table_add(*table, t->net.params[i].name, t->net.params[i].value);
    return status == DC3_OK ? dc3_table_to_host(*table) : status;
}

/* ---- adapters ---- */

/* The module of an adapter's name, whose first `length` bytes are the layer's: the text encoder's with the
 * model's own prefix, which transformers 5 leaves out. The caller frees. */
static char *module_of(const char *name, size_t length, dc3_lora_part *part)
{
    static const char of_text[] = "text_encoder.", root[] = "text_model.";
    size_t skip = sizeof of_text - 1;
    *part = strncmp(name, of_text, skip) == 0 ? DC3_LORA_TEXT_ENCODER : DC3_LORA_UNET;
    if (*part == DC3_LORA_UNET) return strndup(name, length);
    const char *layer = name + skip;
    char *module = calloc(length + sizeof root, 1);
    if (!module) return NULL;
    if (strncmp(layer, root, sizeof root - 1) != 0) strcpy(module, root);
    return strncat(module, layer, length - skip);
}

static dc3_status save_adapters(const dc3_finetuning *t, const char *path, const dc3_table *table)
{
    size_t count = 0, m = sizeof down_end - 1;
    dc3_lora_layer *layers = calloc(dc3_table_size(table) + 1, sizeof *layers);
    dc3_status status = layers ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    for (size_t i = 0; status == DC3_OK && i < dc3_table_size(table); i++) {
        const char *name = dc3_table_name(table, i);
        size_t n = strlen(name);
        if (n <= m || strcmp(name + n - m, down_end) != 0) continue;
        char up[DC3_NAME_SIZE];
        snprintf(up, sizeof up, "%.*s%s", (int)(n - m), name, up_end);
        const dc3_tensor *second = dc3_table_find(table, up);
        dc3_lora_layer *layer = &layers[count++];
        *layer = (dc3_lora_layer){.down = *dc3_table_at(table, i), .alpha = t->options.alpha};
        if (second) layer->up = *second;
        layer->module = module_of(name, n - m, &layer->part);
        if (!layer->module || !second) status = dc3_fail(DC3_ERR_MEMORY, "out of memory");
    }
    if (status == DC3_OK) status = dc3_lora_save(path, layers, count);
    for (size_t i = 0; i < count; i++) free((char *)(uintptr_t)layers[i].module);
    free(layers);
    return status;
}

/* ---- a diffusers directory ---- */

static dc3_status copy_file(const char *from, const char *to)
{
    dc3_mapping mapping;
    DC3_TRY(dc3_map_open(from, &mapping));
    dc3_status status = dc3_file_write(to, mapping.data, mapping.size);
    dc3_map_close(&mapping);
    return status;
}

/* The files of folder `from` into `to`, which is made. */
static dc3_status copy_folder(const char *from, const char *to)
{
    DIR *entries = opendir(from);
    struct dirent *entry;
    dc3_status status = entries ? dc3_make_dirs(to) : dc3_fail(DC3_ERR_IO, "%s: cannot be read", from);
    while (status == DC3_OK && (entry = readdir(entries))) {
        char *source = dc3_path_join(from, entry->d_name), *place = dc3_path_join(to, entry->d_name);
        if (!source || !place)
            status = dc3_fail(DC3_ERR_MEMORY, "out of memory");
        else if (dc3_path_what(source) == DC3_PATH_FILE)
            status = copy_file(source, place);
        free(source), free(place);
    }
    if (entries) closedir(entries);
    return status;
}

/* The model's other parts, as its index lists them. */
static dc3_status copy_parts(const dc3_finetuning *t, const json_t *index, const char *out)
{
    const char *key;
    const json_t *value;
    dc3_status status = DC3_OK;
    json_object_foreach((json_t *)(uintptr_t)index, key, value)
    {
        char *from = dc3_path_join(t->model.directory, key), *to = dc3_path_join(out, key);
        int wanted = json_is_array(value) && strcmp(key, t->model.part) != 0 && dc3_path_stays(key) &&
                     (!t->model.is_new || strcmp(key, "vae") == 0);
        if (!from || !to)
            status = dc3_fail(DC3_ERR_MEMORY, "out of memory");
        else if (wanted && dc3_path_what(from) == DC3_PATH_FOLDER)
            status = copy_folder(from, to);
        free(from), free(to);
        if (status != DC3_OK) return status;
    }
    return DC3_OK;
}

/* A new transformer's index and scheduler. */
static dc3_status write_new(const dc3_finetuning *t, const char *out, json_t **index)
{
    char *folder = dc3_path_join(out, "scheduler");
    const dc3_scheduler_config *c = &t->model.scheduler;
    json_t *scheduler = json_pack("{s:s, s:i, s:f, s:f, s:s, s:s, s:b, s:b}", "_class_name", c->class_name,
                                  "num_train_timesteps", c->train_steps, "beta_start", c->beta_start,
                                  "beta_end", c->beta_end, "beta_schedule", "linear", "prediction_type",
                                  "epsilon", "clip_sample", 0, "set_alpha_to_one", 1);
    *index = json_pack("{s:s, s:[s, s], s:[s, s], s:[s, s]}", "_class_name", "DiTPipeline", "scheduler",
                       "diffusers", c->class_name, "transformer", "diffusers", "DiTTransformer2DModel", "vae",
                       "diffusers", "AutoencoderKL");
    json_t *labels = json_object(), *names = dc3_class_names(t->data);
    for (size_t i = 0; i < json_array_size(names); i++) {
        char key[24];
        snprintf(key, sizeof key, "%zu", i);
        json_object_set(labels, key, json_array_get(names, i));
    }
    json_decref(names);
    json_object_set_new(*index, "id2label", labels);
    dc3_status status =
        folder && scheduler && *index ? dc3_make_dirs(folder) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK)
        status = dc3_json_write(folder, "scheduler_config.json", scheduler, JSON_PRESERVE_ORDER);
    json_decref(scheduler);
    free(folder);
    return status;
}

static dc3_status read_index(const dc3_finetuning *t, json_t **index)
{
    char *path = dc3_path_join(t->model.directory, "model_index.json");
    dc3_status status =
        path ? dc3_json_read(path, 1 << 24, index) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    free(path);
    return status;
}

dc3_status dc3_finetune_export_check(const dc3_finetuning *t)
{
    json_t *index = NULL;
    if (t->model.is_new || t->options.train == DC3_FINETUNE_LORA) return DC3_OK;
    dc3_status status = read_index(t, &index);
    json_decref(index);
    return status;
}

/* As the file of the untrained network has it, with what was trained in its place. */
static dc3_status merge(const dc3_finetuning *t, const dc3_table *trained, dc3_table *to)
{
    dc3_table *from = NULL;
    dc3_status status = DC3_OK;
    char *folder = dc3_path_join(t->model.directory, t->model.part);
    if (!folder) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (!t->model.is_new) status = dc3_weights_open_model(folder, "diffusion_pytorch_model", &from);
    const dc3_table *order = from ? from : trained;
    for (size_t i = 0; status == DC3_OK && i < dc3_table_size(order); i++) {
        const char *name = dc3_table_name(order, i);
        const dc3_tensor *other = dc3_table_find(trained, name);
        dc3_tensor tensor = other ? *other : *dc3_table_at(order, i);
        status = dc3_factors_merge(trained, name, to, &tensor);
        if (status == DC3_OK) status = dc3_table_add(to, name, tensor);
    }
    if (status == DC3_OK) status = dc3_table_set_text(to, "format", "pt");
    if (status == DC3_OK) status = dc3_safetensors_save(dc3_table_origin(to), to);
    dc3_table_close(&from);
    free(folder);
    return status;
}

static dc3_status save_network(const dc3_finetuning *t, const dc3_table *trained, const char *out)
{
    char *folder = dc3_path_join(out, t->model.part), *config = NULL, *given = NULL, *path = NULL;
    dc3_table *to = NULL;
    dc3_status status;
    if (folder) config = dc3_path_join(folder, "config.json");
    if (folder) path = dc3_path_join(folder, "diffusion_pytorch_model.safetensors");
    DC3_GOTO(config && path ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory"));
    DC3_GOTO(dc3_make_dirs(folder));
    if (t->model.is_new)
        given = strdup(t->options.config);
    else
        DC3_GOTO(dc3_part_path(t->model.directory, t->model.part, "config.json", &given));
    to = dc3_table_new(path);
    DC3_GOTO(given && to ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory"));
    DC3_GOTO(copy_file(given, config));
    DC3_GOTO(merge(t, trained, to));
done:
    dc3_table_close(&to);
    free(folder), free(config), free(given), free(path);
    return status;
}

static dc3_status save_directory(const dc3_finetuning *t, const dc3_table *trained, const char *out)
{
    json_t *index = NULL;
    DC3_TRY(save_network(t, trained, out));
    dc3_status status = t->model.is_new ? write_new(t, out, &index) : read_index(t, &index);
    if (status == DC3_OK) status = copy_parts(t, index, out);
    if (status == DC3_OK) status = dc3_json_write(out, "model_index.json", index, JSON_PRESERVE_ORDER);
    json_decref(index);
    return status;
}

/* ---- the document ---- */

static dc3_status save_document(const dc3_finetuning *t)
{
    const dc3_finetune_report *r = t->report;
    json_t *means = json_array(), *settings = json_loads(t->settings, 0, NULL);
    int64_t parts = t->options.steps < DC3_FINETUNE_PARTS ? t->options.steps : DC3_FINETUNE_PARTS;
    for (int64_t i = 0; i < parts; i++)
        json_array_append_new(means, json_real(t->means[(i + 1) * DC3_FINETUNE_PARTS / parts - 1]));
    json_t *o = json_pack("{s:o, s:o, s:o, s:I, s:I, s:f, s:f, s:o}", "data", dc3_json_text(t->options.data),
                          "model", dc3_json_text(t->options.model), "settings", settings, "images",
                          (json_int_t)r->images, "skipped", (json_int_t)r->skipped, "parameters",
                          r->parameters, "trained", r->trained, "losses", means);
    dc3_status status = o ? dc3_json_write(t->options.out, "finetune.json", o, JSON_PRESERVE_ORDER)
                          : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    json_decref(o);
    return status;
}

/* What is trained so far, into the folder `out`. */
static dc3_status export_to(dc3_finetuning *t, const char *out)
{
    char *path = dc3_path_join(out, "pytorch_lora_weights.safetensors");
    dc3_table *table = NULL;
    if (!path) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (t->tuner.ema) dc3_ema_swap(t->tuner.ema);
    dc3_status status = table_of_params(t, path, &table);
    if (status == DC3_OK)
        status = t->options.train == DC3_FINETUNE_LORA ? save_adapters(t, path, table)
                                                       : save_directory(t, table, out);
    if (t->tuner.ema) dc3_ema_swap(t->tuner.ema);
    dc3_table_close(&table);
    free(path);
    return status;
}

dc3_status dc3_finetune_export(dc3_finetuning *t)
{
    DC3_TRY(export_to(t, t->options.out));
    return save_document(t);
}

dc3_status dc3_finetune_keep(dc3_finetuning *t)
{
    char name[40], *folder;
    snprintf(name, sizeof name, "steps/%06lld", (long long)t->done);
    folder = dc3_path_join(t->options.out, name);
    dc3_status status = folder ? dc3_make_dirs(folder) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK) status = export_to(t, folder);
    free(folder);
    return status;
}
