/* What a training's result depends on, by which it is continued, found complete, or refused. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/file.h"
#include "base/listener.h"
#include "base/rng.h"
#include "finetune/part.h"
#include "io/json.h"
#include "run_folder/fingerprint.h"

static json_t *file_text(const char *path)
{
    return path ? dc3_fingerprint(path) : json_null();
}

/* What latents and states depend on. */
static json_t *describe_encoding(const dc3_finetuning *t)
{
    const dc3_finetune_options *o = &t->options;
    json_t *s =
        json_pack("{s:i, s:b, s:s, s:o}", "size", o->size, "flip", !o->no_flip, "dtype",
                  dc3_dtype_name(t->dtype), "images", dc3_fingerprint_text(dc3_fingerprint_images(t->data)));
    static const char *const parts[] = {"vae", "text_encoder", "tokenizer"};
    for (int i = 0; s && i < (t->model.is_dit ? 1 : 3); i++) {
        char *path = dc3_path_join(o->model, parts[i]);
        json_object_set_new(s, parts[i], file_text(path));
        free(path);
    }
    if (!s || t->model.is_dit) return s;
    if (o->train_text_encoder) json_object_set_new(s, "texts", json_string("ids"));
    json_object_set_new(s, "captions", file_text(o->captions));
    json_object_set_new(s, "names", file_text(o->names));
    json_object_set_new(s, "template", dc3_json_text(o->caption_template));
    return s;
}

/* Layers with adapters, as a list in one order. */
static json_t *layer_names(unsigned layers)
{
    json_t *list = json_array();
    const char *const *names = dc3_option_names("lora_layers");
    for (int i = 0; names[i]; i++)
        if (layers & 1u << i) json_array_append_new(list, json_string(names[i]));
    return list;
}

/* What the weights depend on. */
static json_t *describe(const dc3_finetuning *t, json_t *encoding)
{
    const dc3_finetune_options *o = &t->options;
    json_t *s = json_pack(
        "{s:s, s:i, s:i, s:i, s:f, s:s, s:i, s:f, s:f, s:f, s:f, s:f, s:i, s:I, s:o}", "train",
        dc3_finetune_part_name(o->train), "steps", o->steps, "batch", o->batch, "accumulate", o->accumulate,
        "lr", o->lr, "lr_schedule", dc3_finetune_schedule_name(o->lr_schedule), "warm_up", o->warm_up,
        "weight_decay", o->weight_decay, "clip", o->clip, "ema", o->ema, "min_snr", o->min_snr, "dropout",
        o->dropout, "threads", o->threads, "seed", (json_int_t)o->seed, "encoded", encoding);
    char *network = t->model.is_new ? NULL : dc3_path_join(o->model, t->model.part),
         *scheduler = t->model.is_new ? NULL : dc3_path_join(o->model, "scheduler");
    if (s && o->train == DC3_FINETUNE_LORA) {
        json_object_set_new(s, "rank", json_integer(o->rank));
        json_object_set_new(s, "alpha", json_real(o->alpha));
        json_object_set_new(s, "lora_layers", layer_names(t->layers));
        json_object_set_new(s, "train_text_encoder", json_boolean(o->train_text_encoder));
    }
    if (s && t->model.is_dit && o->train == DC3_FINETUNE_BIAS_NORM)
        json_object_set_new(s, "factors", json_true()); /* of layers; earlier versions had none */
    if (s) json_object_set_new(s, t->model.part, file_text(network ? network : o->config));
    if (s && scheduler) json_object_set_new(s, "scheduler", file_text(scheduler));
    if (s && t->class_map)
        json_object_set_new(s, "classes",
                            dc3_fingerprint_text(
                                dc3_hash64(t->class_map, (size_t)t->report->classes * sizeof *t->class_map)));
    free(network), free(scheduler);
    return s;
}

dc3_status dc3_finetune_describe(dc3_finetuning *t)
{
    json_t *encoding = describe_encoding(t);
    t->encoding = encoding ? json_dumps(encoding, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    json_t *all = describe(t, encoding);
    t->settings = all ? json_dumps(all, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    json_decref(all);
    return t->encoding && t->settings ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
}

/* The document of a complete training, at `path`, compared with this one. */
static dc3_status compare(dc3_finetuning *t, const char *path, const json_t *document, int *done)
{
    json_t *now = json_loads(t->settings, 0, NULL), *losses = json_object_get(document, "losses");
    char list[600];
    *done = json_equal(json_object_get(document, "settings"), now);
    dc3_json_all_differences(json_object_get(document, "settings"), now, ",", list, sizeof list);
    json_decref(now);
    if (!*done)
        return dc3_fail(
            DC3_ERR_ARGUMENT,
            "%s: a training of other settings is complete here (%s); choose another folder, or %s "
            "to replace it",
            path, list, dc3_setting("fresh"));
    t->report->loss = json_number_value(json_array_get(losses, json_array_size(losses) - 1));
    dc3_listener_say(&t->options.listener, "%s is complete: nothing is left to be trained", t->options.out);
    return DC3_OK;
}

dc3_status dc3_finetune_find(dc3_finetuning *t, int *done)
{
    char *path = dc3_path_join(t->options.out, "finetune.json");
    json_t *document = NULL;
    dc3_status status = path ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    *done = 0;
    if (status == DC3_OK && dc3_path_what(path) == DC3_PATH_FILE) {
        if (t->options.fresh)
            unlink(path);
        else if ((status = dc3_json_read(path, 1 << 24, &document)) == DC3_OK)
            status = compare(t, path, document, done);
    }
    json_decref(document);
    free(path);
    return status;
}
