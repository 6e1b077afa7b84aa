#include "learn/checkpoint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/rng.h"
#include "io/json.h"
#include "io/safetensors.h"
#include "learn/params.h"
#include "nn/classifier.h"
#include "tensor/device.h"

const char dc3_checkpoint_key[] = "dc3.training";
static const char hash_key[] = "dc3.hash";

/* The names of dc3_classifier_size_key and dc3_checkpoint_key in a header. */
const dc3_output_kind dc3_weights_output = {
    "weights",
    "safetensors",
    (const char *const[]){".safetensors", NULL},
    (const char *const[]){"{\"__metadata__\":{", "\"dc3.size\":\"", NULL},
    (const char *const[]){"teacher.safetensors", "fine-tuned.safetensors", NULL},
    0};
const dc3_output_kind dc3_checkpoint_output = {
    "checkpoints of a training",
    "safetensors",
    (const char *const[]){".checkpoint", NULL},
    (const char *const[]){"{\"__metadata__\":{", "\"dc3.training\":\"", NULL},
    (const char *const[]){"teacher.safetensors.checkpoint", "fine-tuned.safetensors.checkpoint", NULL},
    0};
enum { HASH_TEXT = 17 };

char *dc3_checkpoint_beside(const char *path)
{
    char *beside = malloc(strlen(path) + sizeof ".checkpoint");
    if (beside) strcpy(stpcpy(beside, path), ".checkpoint");
    return beside;
}

/* Views of all that the checkpoint holds; the caller closes the table. */
static dc3_status collect(const char *path, const dc3_training *t, dc3_table **table)
{
    *table = dc3_table_new(path);
    if (!*table) return dc3_fail(DC3_ERR_MEMORY, "%s: out of memory", path);
    dc3_status status = DC3_OK;
    for (size_t i = 0; i < t->count && status == DC3_OK; i++)
        status = dc3_params_add(*table, "model", &t->params[i], t->params[i].value);
    if (status == DC3_OK && t->optimizer) status = dc3_optimizer_state(t->optimizer, *table);
    if (status == DC3_OK && t->ema) status = dc3_ema_state(t->ema, *table);
    if (status != DC3_OK) dc3_table_close(table);
    return status;
}

/* The sum over blocks, so that threads may take them in any order. */
static uint64_t hash_tensor(const dc3_tensor *t)
{
    enum { BLOCK = 1 << 18 };
    int64_t size = (int64_t)dc3_bytes(t);
    uint64_t sum = 0;
#pragma omp parallel for reduction(+ : sum) if (size > BLOCK)
    for (int64_t from = 0; from < size; from += BLOCK) {
        int64_t bytes = size - from < BLOCK ? size - from : BLOCK;
        sum += dc3_hash_block((const char *)t->data + from, (size_t)bytes) * (2 * (uint64_t)from + 1);
    }
    return sum;
}

/* Of the tensors called in `order`, as `table` has them, and of the counters. */
static void hash_all(const dc3_table *order, const dc3_table *table, const char *counters,
                     char text[HASH_TEXT])
{
    uint64_t hash = dc3_hash64(counters, strlen(counters));
    for (size_t i = 0; i < dc3_table_size(order); i++) {
        uint64_t parts[2] = {hash, hash_tensor(dc3_table_find(table, dc3_table_name(order, i)))};
        hash = dc3_hash64(parts, sizeof parts);
    }
    snprintf(text, HASH_TEXT, "%016llx", (unsigned long long)hash);
}

static dc3_status check_counters(const char *path, const char *counters)
{
    json_t *object;
    DC3_TRY(dc3_json_parse(path, counters, strlen(counters), &object));
    json_decref(object);
    return DC3_OK;
}

dc3_status dc3_checkpoint_save(const char *path, const dc3_training *training, const char *counters)
{
    dc3_table *table;
    char hash[HASH_TEXT];
    if (!counters) counters = "{}";
    if (check_counters(path, counters) != DC3_OK)
        return dc3_fail_in(DC3_ERR_ARGUMENT, "counters of a checkpoint");
    DC3_TRY(collect(path, training, &table));
    dc3_status status = dc3_table_to_host(table);
    if (status == DC3_OK) hash_all(table, table, counters, hash);
    if (status == DC3_OK) status = dc3_table_set_text(table, dc3_checkpoint_key, counters);
    if (status == DC3_OK) status = dc3_table_set_text(table, hash_key, hash);
    if (status == DC3_OK) status = dc3_safetensors_save(path, table);
    dc3_table_close(&table);
    return status;
}

/* Whether `file` has exactly the tensors of `wanted`. */
static dc3_status check_tensors(const dc3_table *wanted, const dc3_table *file)
{
    const char *path = dc3_table_origin(file);
    for (size_t i = 0; i < dc3_table_size(wanted); i++) {
        const dc3_tensor *want = dc3_table_at(wanted, i), *have;
        const char *name = dc3_table_name(wanted, i);
        DC3_TRY(dc3_table_get(file, name, want->ndim, want->shape, &have));
        if (have->dtype != want->dtype)
            return dc3_fail(DC3_ERR_FORMAT, "%s: tensor '%s' should hold %s, holds %s", path, name,
                            dc3_dtype_name(want->dtype), dc3_dtype_name(have->dtype));
    }
    for (size_t i = 0; i < dc3_table_size(file); i++)
        if (!dc3_table_find(wanted, dc3_table_name(file, i)))
            return dc3_fail(
                DC3_ERR_FORMAT,
                "%s: tensor '%.200s' has no place in this training (another network, optimizer or "
                "averaging?)",
                path, dc3_table_name(file, i));
    return DC3_OK;
}

static dc3_status check_hash(const dc3_table *wanted, const dc3_table *file)
{
    const char *counters = dc3_table_text(file, dc3_checkpoint_key), *stored = dc3_table_text(file, hash_key);
    char hash[HASH_TEXT];
    hash_all(wanted, file, counters, hash);
    if (stored && strcmp(hash, stored) == 0) return DC3_OK;
    return dc3_fail(DC3_ERR_FORMAT, "%s: damaged: its contents hash to %s, it says %.40s",
                    dc3_table_origin(file), hash, stored ? stored : "nothing");
}

static dc3_status check_is_checkpoint(const char *path, const char *counters)
{
    if (counters) return DC3_OK;
    return dc3_fail(DC3_ERR_FORMAT, "%s: expected a training checkpoint, found no '%s' in its metadata", path,
                    dc3_checkpoint_key);
}

static dc3_status check_all(const dc3_table *wanted, const dc3_table *file)
{
    const char *path = dc3_table_origin(file), *counters = dc3_table_text(file, dc3_checkpoint_key);
    DC3_TRY(check_is_checkpoint(path, counters));
    DC3_TRY(check_tensors(wanted, file));
    DC3_TRY(check_hash(wanted, file));
    return check_counters(path, counters);
}

static dc3_status copy_all(const dc3_table *to, const dc3_table *file)
{
    for (size_t i = 0; i < dc3_table_size(to); i++) {
        const dc3_tensor *t = dc3_table_at(to, i);
        if (dc3_bytes(t) > 0) DC3_TRY(dc3_tensor_write(t, dc3_table_find(file, dc3_table_name(to, i))->data));
    }
    return DC3_OK;
}

dc3_status dc3_checkpoint_load(const char *path, const dc3_training *training, char **counters)
{
    dc3_table *to = NULL, *file = NULL;
    dc3_status status;
    if (counters) *counters = NULL;
    DC3_GOTO(collect(path, training, &to));
    DC3_GOTO(dc3_safetensors_open(path, &file));
    DC3_GOTO(check_all(to, file));
    if (counters && !(*counters = strdup(dc3_table_text(file, dc3_checkpoint_key))))
        DC3_GOTO(dc3_fail(DC3_ERR_MEMORY, "%s: out of memory", path));
    DC3_GOTO(copy_all(to, file));
    for (size_t i = 0; i < training->count; i++) dc3_param_changed(&training->params[i]);
done:
    if (status != DC3_OK && counters) {
        free(*counters);
        *counters = NULL;
    }
    dc3_table_close(&file);
    dc3_table_close(&to);
    return status;
}

dc3_status dc3_checkpoint_counters(const char *path, char **counters)
{
    dc3_table *file;
    *counters = NULL;
    DC3_TRY(dc3_safetensors_open(path, &file));
    const char *text = dc3_table_text(file, dc3_checkpoint_key);
    dc3_status status = check_is_checkpoint(path, text);
    if (status == DC3_OK && !(*counters = strdup(text)))
        status = dc3_fail(DC3_ERR_MEMORY, "%s: out of memory", path);
    dc3_table_close(&file);
    return status;
}

dc3_status dc3_export(const char *path, const dc3_param *params, size_t count, int size,
                      const char *const (*texts)[2])
{
    char pixels[16];
    dc3_table *table = dc3_table_new(path);
    if (!table) return dc3_fail(DC3_ERR_MEMORY, "%s: out of memory", path);
    snprintf(pixels, sizeof pixels, "%d", size);
    dc3_status status = dc3_table_set_text(table, "format", "pt");
    if (status == DC3_OK) status = dc3_table_set_text(table, dc3_classifier_size_key, pixels);
    for (size_t i = 0; texts && texts[i][0] && status == DC3_OK; i++)
        status = dc3_table_set_text(table, texts[i][0], texts[i][1]);
    for (size_t i = 0; i < count && status == DC3_OK; i++)
        status = dc3_table_add(table, params[i].name, params[i].value);
    if (status == DC3_OK) status = dc3_table_to_host(table);
    if (status == DC3_OK) status = dc3_safetensors_save(path, table);
    dc3_table_close(&table);
    return status;
}
