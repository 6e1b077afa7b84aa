/* Files of tensors: networks, interrupted trainings, labels, features. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/lock.h"
#include "base/text.h"
#include "info/kinds.h"
#include "io/weights.h"
#include "learn/checkpoint.h"
#include "nn/classifier.h"
#include "select/rows.h"

enum { LARGEST = 5, TEXTS = 6, NAME = 80 };

static int is_floating(dc3_dtype type)
{
    return type == DC3_F32 || type == DC3_BF16 || type == DC3_F16 || type == DC3_F64;
}

dc3_tensor_facts dc3_info_facts(const dc3_table *table)
{
    dc3_tensor_facts f = {.tensors = (int64_t)dc3_table_size(table)};
    int64_t counts[DC3_DTYPES] = {0};
    for (size_t i = 0; i < dc3_table_size(table); i++) {
        const dc3_tensor *t = dc3_table_at(table, i);
        counts[t->dtype]++;
        f.bytes += (double)dc3_bytes(t);
        if (is_floating(t->dtype)) f.parameters += (double)dc3_count(t);
    }
    for (int type = 0; type < DC3_DTYPES; type++) {
        size_t used = strlen(f.types);
        if (counts[type])
            snprintf(f.types + used, sizeof f.types - used, "%s%lld %s", used ? ", " : "",
                     (long long)counts[type], dc3_dtype_name((dc3_dtype)type));
    }
    return f;
}

/* What every file of tensors has. */
static void say_file(dc3_info_page *page, const char *kind, const dc3_tensor_facts *f, double bytes)
{
    dc3_info_line(page, "tensors", "%s", f->types);
    dc3_info_line(page, "format", "%s", kind);
    dc3_info_set(page, "tensors", json_integer(f->tensors));
    dc3_info_set(page, "tensor_types", json_string(f->types));
    dc3_info_set(page, "tensor_bytes", json_integer((json_int_t)f->bytes));
    dc3_info_set(page, "format", json_string(kind));
    dc3_info_bytes(page, "file", bytes < 0 ? f->bytes : bytes);
}

/* The file's own texts; all of them as JSON. */
static void say_texts(dc3_info_page *page, const dc3_table *table)
{
    json_t *all = json_object();
    const char *key, *text;
    size_t i;
    for (i = 0; (text = dc3_table_text_at(table, i, &key)); i++) {
        if (i < TEXTS)
            dc3_info_line(page, i ? "" : "metadata", "%.*s: %.*s%s", dc3_text_room(key, NAME), key,
                          dc3_text_room(text, NAME), text, strlen(text) > NAME ? ".." : "");
        char *name = dc3_text_utf8(key);
        if (name) json_object_set_new(all, name, dc3_json_text(text));
        free(name);
    }
    if (i > TEXTS) dc3_info_line(page, "", "and %zu more", i - TEXTS);
    dc3_info_set(page, "metadata", all);
}

static void say_parameters(dc3_info_page *page, double parameters)
{
    char text[DC3_NUMBER_TEXT];
    dc3_info_line(page, "parameters", "%s", dc3_count_text(parameters, text));
    dc3_info_set(page, "parameters", json_integer((json_int_t)parameters));
}

static void say_notes(dc3_info_page *page, const char *notes)
{
    if (!*notes) return;
    dc3_info_line(page, "read as", "%s", notes);
    dc3_info_set(page, "read_as", dc3_json_text(notes));
}

static void say_classifier(dc3_info_page *page, const dc3_classifier_info *c, const char *notes)
{
    dc3_info_title(page, "classifier", "a classifier, %s", c->arch);
    dc3_info_set(page, "arch", json_string(c->arch));
    dc3_info_line(page, "classes", "%lld", (long long)c->classes);
    dc3_info_set(page, "classes", json_integer(c->classes));
    if (c->trained)
        dc3_info_line(page, "trained at", "%lld px", (long long)c->trained);
    else
        dc3_info_line(page, "trained at", "a size that the file does not say (%s and %s give it)",
                      dc3_setting("teacher_size"), dc3_setting("size"));
    dc3_info_set(page, "trained_px", c->trained ? json_integer(c->trained) : json_null());
    if (c->size)
        dc3_info_line(page, "takes", "images of %lld px a side, no others", (long long)c->size);
    else if (c->least > 1)
        dc3_info_line(page, "takes", "images of %lld px a side or more", (long long)c->least);
    else
        dc3_info_line(page, "takes", "images of any size");
    dc3_info_set(page, "only_px", c->size ? json_integer(c->size) : json_null());
    dc3_info_set(page, "least_px", json_integer(c->size ? c->size : c->least));
    dc3_info_line(page, "embedding", "%lld values", (long long)c->embedding);
    dc3_info_set(page, "embedding", json_integer(c->embedding));
    say_parameters(page, c->parameters);
    say_notes(page, notes);
}

/* What tells the networks of a diffusion model. */
static const char *part_called(const dc3_table *table)
{
    static const struct {
        const char *tensor, *name;
    } parts[] = {
        {"down_blocks.0.resnets.0.conv1.weight", "a U-Net of a diffusion model"},
        {"encoder.down_blocks.0.resnets.0.conv1.weight", "an autoencoder (VAE) of a diffusion model"},
        {"text_model.embeddings.token_embedding.weight", "a CLIP text encoder"}};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (dc3_table_find(table, parts[i].tensor)) return parts[i].name;
    return NULL;
}

typedef struct place {
    size_t i, bytes;
} place;

static int by_size(const void *a, const void *b)
{
    const place *x = a, *y = b;
    if (x->bytes != y->bytes) return x->bytes > y->bytes ? -1 : 1;
    return (x->i > y->i) - (x->i < y->i);
}

/* The largest tensors. */
static dc3_status say_largest(dc3_info_page *page, const dc3_table *table)
{
    size_t n = dc3_table_size(table);
    place *order = malloc((n + 1) * sizeof *order);
    json_t *list = json_array();
    if (!order || !list) {
        free(order), json_decref(list);
        return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    }
    for (size_t i = 0; i < n; i++) order[i] = (place){i, dc3_bytes(dc3_table_at(table, i))};
    if (n) qsort(order, n, sizeof *order, by_size);
    for (size_t k = 0; k < n && k < LARGEST; k++) {
        const dc3_tensor *t = dc3_table_at(table, order[k].i);
        const char *name = dc3_table_name(table, order[k].i);
        char shape[DC3_SHAPE_TEXT];
        dc3_shape_text(t->ndim, t->shape, shape, sizeof shape);
        dc3_info_line(page, k ? "" : "largest", "%.*s%s %s %s", dc3_text_room(name, NAME), name,
                      strlen(name) > NAME ? ".." : "", shape, dc3_dtype_name(t->dtype));
        json_t *entry = json_object();
        json_object_set_new(entry, "name", dc3_json_text(name));
        json_object_set_new(entry, "shape", json_string(shape));
        json_object_set_new(entry, "type", json_string(dc3_dtype_name(t->dtype)));
        json_array_append_new(list, entry);
    }
    dc3_info_set(page, "largest", list);
    free(order);
    return DC3_OK;
}

static void say_rows(dc3_info_page *page, const dc3_tensor *x)
{
    dc3_info_line(page, "rows", "%lld of %lld values", (long long)x->shape[0], (long long)x->shape[1]);
    dc3_info_set(page, "rows", json_integer(x->shape[0]));
    dc3_info_set(page, "values", json_integer(x->shape[1]));
}

/* Features that --cache keeps. */
static int say_cache(dc3_info_page *page, const dc3_table *table)
{
    const dc3_tensor *x = dc3_table_find(table, "features");
    if (!x || x->ndim != 2 || !dc3_table_find(table, "items")) return 0;
    dc3_info_title(page, "features", "features of a dataset's images, kept by %s", dc3_setting("cache"));
    say_rows(page, x);
    return 1;
}

/* Features of images alone; 0: there are none. */
static int say_unlabelled(dc3_info_page *page)
{
    dc3_table *table = NULL;
    const dc3_tensor *x, *labels;
    if (dc3_rows_open_embeddings(page->options->path, &table, &x, &labels) != DC3_OK) return 0;
    dc3_info_title(page, "embeddings", "features without labels, as %s takes them", dc3_setting("features"));
    say_rows(page, x);
    say_notes(page, dc3_table_notes(table));
    dc3_table_close(&table);
    return 1;
}

/* Rows to select from; the labels of a .npy stand beside it. What is meant as rows but cannot be taken says
 * why. */
static dc3_status say_embeddings(dc3_info_page *page)
{
    dc3_table *own = NULL;
    char why[1024];
    dc3_status status = dc3_rows_open(page->options->path, &own);
    if (status == DC3_OK) status = dc3_rows_check(own);
    snprintf(why, sizeof why, "%s", status == DC3_OK ? "" : dc3_error_text());
    if (status == DC3_OK) {
        dc3_info_title(page, "embeddings", "embeddings with labels, as dc3 select %s takes them",
                       dc3_setting("from"));
        say_rows(page, dc3_table_find(own, "embeddings"));
        say_notes(page, dc3_table_notes(own));
    } else if (status == DC3_ERR_MEMORY || !say_unlabelled(page)) {
        dc3_info_title(page, "tensors", "arrays, which dc3 select %s does not take", dc3_setting("from"));
        dc3_info_line(page, "why not", "%s", why);
        dc3_info_set(page, "why_not", dc3_json_text(why));
    }
    dc3_table_close(&own);
    return status == DC3_ERR_MEMORY ? status : DC3_OK;
}

/* What dc3 finetune makes once of a dataset; 0: it is none of it. */
static int say_latents(dc3_info_page *page, const dc3_table *table)
{
    const dc3_tensor *latents = dc3_table_find(table, "latents");
    if (!latents || !dc3_table_text(table, "dc3.encoded")) return 0;
    dc3_info_title(page, "latents", "latents of images, and states of texts, kept by dc3 finetune");
    dc3_info_line(page, "images", "%lld", (long long)latents->shape[0]);
    dc3_info_set(page, "images", json_integer(latents->shape[0]));
    return 1;
}

/* Tensors that are no classifier: why not, where they nearly are one. */
static dc3_status say_others(dc3_info_page *page, const dc3_table *table, int numpy)
{
    char reason[512];
    snprintf(reason, sizeof reason, "%s", dc3_error_text());
    const char *part = part_called(table);
    if (say_cache(page, table)) return DC3_OK;
    if (say_latents(page, table)) return DC3_OK;
    if (dc3_info_adapters(page, table)) {
        say_parameters(page, dc3_info_facts(table).parameters);
        return DC3_OK;
    }
    if (numpy || dc3_rows_are_meant(table)) {
        DC3_TRY(say_embeddings(page));
        return say_largest(page, table);
    }
    if (part)
        dc3_info_title(page, "network", "%s", part);
    else
        dc3_info_title(page, "tensors", "tensors of no network that dc3 knows");
    say_parameters(page, dc3_info_facts(table).parameters);
    if (!part) {
        dc3_info_line(page, "no classifier", "%s", reason);
        dc3_info_set(page, "no_classifier", dc3_json_text(reason));
    }
    return say_largest(page, table);
}

/* Steps of an epoch, as dc3_train takes them; 0: the settings do not say. */
static int64_t steps_of(const json_t *settings)
{
    int64_t n = json_integer_value(json_object_get(settings, "images"));
    int64_t batch = json_integer_value(json_object_get(settings, "batch"));
    if (n < 1 || n > (int64_t)1 << 40) return 0;
    if (n < batch) batch = n > 2 ? n : 2;
    return batch > 0 ? n / batch : 0;
}

static void copy(dc3_info_page *page, const json_t *from, const char *key, const char *as)
{
    const json_t *value = json_object_get(from, key);
    if (value) dc3_info_set(page, as, json_deep_copy(value));
}

static void say_settings(dc3_info_page *page, const json_t *s)
{
    const char *data = json_string_value(json_object_get(s, "data"));
    const char *optimizer = json_string_value(json_object_get(s, "optimizer"));
    dc3_info_line(page, "trains at", "%lld px", (long long)json_integer_value(json_object_get(s, "size")));
    if (data)
        dc3_info_line(page, "dataset", "%s: %lld image%s", data,
                      (long long)json_integer_value(json_object_get(s, "images")),
                      dc3_s(json_integer_value(json_object_get(s, "images"))));
    dc3_info_line(page, "settings", "batch %lld, %.20s, learning rate %g",
                  (long long)json_integer_value(json_object_get(s, "batch")), optimizer ? optimizer : "?",
                  json_number_value(json_object_get(s, "lr")));
    copy(page, s, "arch", "arch");
    copy(page, s, "size", "trained_px");
    dc3_info_set(page, "settings", json_deep_copy(s));
}

/* How far a training came. */
static void say_progress(dc3_info_page *page, const json_t *counters, const json_t *s)
{
    int64_t step = json_integer_value(json_object_get(counters, "step")), steps = steps_of(s);
    int64_t epochs = json_integer_value(json_object_get(s, "epochs"));
    double best = json_number_value(json_object_get(counters, "best"));
    int64_t all = epochs > 0 && epochs <= 100000 ? steps * epochs : 0;
    int64_t asked = json_integer_value(json_object_get(s, "steps")); /* of dc3 finetune */
    int64_t epoch = steps > 0 ? step / steps + (step < all) : 0;
    dc3_info_set(page, "step", json_integer(step));
    if (all > 0) {
        dc3_info_line(page, "how far", "step %lld of %lld, %.1f %%: epoch %lld of %lld", (long long)step,
                      (long long)all, 100 * (double)step / (double)all, (long long)epoch, (long long)epochs);
        dc3_info_set(page, "steps", json_integer(all));
        dc3_info_set(page, "epochs", json_integer(epochs));
        dc3_info_set(page, "epoch", json_integer(step / steps));
    } else if (asked > 0) {
        dc3_info_line(page, "how far", "step %lld of %lld", (long long)step, (long long)asked);
        dc3_info_set(page, "steps", json_integer(asked));
    } else
        dc3_info_line(page, "how far", "step %lld", (long long)step);
    if (best >= 0 && json_object_get(counters, "best"))
        dc3_info_line(page, "best test", "%.2f %% top-1, after epoch %lld", 100 * best,
                      (long long)json_integer_value(json_object_get(counters, "best_epoch")));
    copy(page, counters, "best", "best_top1");
}

/* A student of dc3 evaluate or compare (saved_students.h). */
static void say_student(dc3_info_page *page, const json_t *counters, const json_t *s)
{
    const char *arch = json_string_value(json_object_get(s, "arch"));
    const char *labels = json_string_value(json_object_get(s, "labels"));
    long long epoch = json_integer_value(json_object_get(counters, "epoch"));
    long long epochs = json_integer_value(json_object_get(s, "epochs"));
    int runs = dc3_file_held(page->options->path);
    dc3_info_title(page, "student checkpoint", "%s training of a student, %.40s",
                   runs ? "a running" : "an interrupted", arch ? arch : "?");
    dc3_info_set(page, "running", json_boolean(runs));
    dc3_info_line(page, "how far", "epoch %lld of %lld", epoch, epochs);
    dc3_info_line(page, "trains at", "%lld px, %.20s labels, seed %lld",
                  (long long)json_integer_value(json_object_get(s, "size")), labels ? labels : "?",
                  (long long)json_integer_value(json_object_get(s, "seed")));
    if (!runs) dc3_info_line(page, "to resume", "give the same dc3 evaluate or dc3 compare command again");
    dc3_info_set(page, "epoch", json_integer(epoch));
    dc3_info_set(page, "epochs", json_integer(epochs));
    dc3_info_set(page, "settings", json_deep_copy(s));
}

static dc3_status say_training(dc3_info_page *page, const char *text)
{
    json_t *counters = json_loads(text, 0, NULL);
    if (!json_is_object(counters)) {
        json_decref(counters);
        return dc3_fail(DC3_ERR_FORMAT, "%s: a training checkpoint whose counters are not a JSON object",
                        page->options->path);
    }
    if (json_is_object(json_object_get(counters, "settings"))) {
        say_student(page, counters, json_object_get(counters, "settings"));
        json_decref(counters);
        return DC3_OK;
    }
    const char *words = json_string_value(json_object_get(counters, "settings"));
    json_t *s = words ? json_loads(words, 0, NULL) : NULL;
    const char *arch = json_string_value(json_object_get(s, "arch"));
    int runs = dc3_file_held(page->options->path);
    dc3_info_title(page, "training checkpoint", "%s training%s%.40s", runs ? "a running" : "an interrupted",
                   arch ? ", " : "", arch ? arch : "");
    dc3_info_set(page, "running", json_boolean(runs));
    say_progress(page, counters, s);
    if (json_is_object(s)) say_settings(page, s);
    json_decref(s);
    json_decref(counters);
    if (runs)
        dc3_info_line(page, "state", "running: a process works on it; what stands here was saved last");
    else
        dc3_info_line(page, "to resume", "give the same dc3 train command again");
    return DC3_OK;
}

/* 1 where the table says that it is soft labels. */
static int is_labels(const dc3_table *table)
{
    return dc3_table_find(table, "info") && dc3_table_find(table, "logits") &&
           dc3_table_find(table, "partner");
}

/* A network, or something else. */
static dc3_status say_network(dc3_info_page *page, const dc3_table *table, int numpy)
{
    dc3_table *own; /* that the network takes */
    dc3_classifier *c;
    DC3_TRY(dc3_weights_open(page->options->path, &own));
    dc3_status status = dc3_classifier_open(NULL, NULL, &own, &c);
    if (status != DC3_OK) return status == DC3_ERR_MEMORY ? status : say_others(page, table, numpy);
    say_classifier(page, dc3_classifier_describe(c), dc3_classifier_notes(c));
    dc3_classifier_close(&c);
    return DC3_OK;
}

dc3_status dc3_info_weights(dc3_info_page *page, const char *kind, double bytes)
{
    dc3_table *table;
    DC3_TRY(dc3_weights_open(page->options->path, &table));
    const char *training = dc3_table_text(table, dc3_checkpoint_key);
    dc3_tensor_facts f = dc3_info_facts(table);
    dc3_status status;
    if (training)
        status = say_training(page, training);
    else if (is_labels(table))
        status = dc3_info_labels(page, table);
    else
        status = say_network(page, table, strncmp(kind, "NumPy", 5) == 0);
    if (status == DC3_OK) {
        say_file(page, kind, &f, bytes);
        if (!training) say_texts(page, table);
    }
    dc3_table_close(&table);
    return status;
}
