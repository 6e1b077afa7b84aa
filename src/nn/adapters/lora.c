#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "io/safetensors.h"
#include "io/weights.h"
#include "nn/adapters/lora_private.h"

dc3_status dc3_lora_open(const char *path, dc3_lora **out)
{
    int folder = dc3_path_what(path) == DC3_PATH_FOLDER;
    char *file = folder ? dc3_path_join(path, "pytorch_lora_weights.safetensors") : strdup(path);
    dc3_lora *lora = *out = calloc(1, sizeof *lora);
    dc3_status status = file && lora ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK) status = dc3_weights_open(file, &lora->table);
    if (status == DC3_OK) status = dc3_lora_read(lora);
    free(file);
    if (status != DC3_OK) dc3_lora_close(out);
    return status;
}

void dc3_lora_close(dc3_lora **lora)
{
    if (!*lora) return;
    dc3_table_close(&(*lora)->table);
    free((*lora)->adapters);
    free(*lora);
    *lora = NULL;
}

size_t dc3_lora_count(const dc3_lora *lora, dc3_lora_part part)
{
    size_t count = 0;
    for (size_t i = 0; i < lora->count; i++) count += lora->adapters[i].part == part;
    return count;
}

/* The adapter of tensor "MODULE.weight", or NULL. */
static const dc3_adapter *adapter_for(const dc3_lora *lora, dc3_lora_part part, const char *tensor)
{
    static const char end[] = ".weight";
    char module[DC3_LORA_NAME], text[DC3_LORA_NAME];
    size_t n = strlen(tensor), m = sizeof end - 1;
    if (n <= m || n >= sizeof module || strcmp(tensor + n - m, end) != 0) return NULL;
    memcpy(module, tensor, n - m);
    module[n - m] = 0;
    dc3_lora_module(module, text);
    for (size_t i = 0; i < lora->count; i++)
        if (lora->adapters[i].part == part && strcmp(lora->adapters[i].module, text) == 0)
            return &lora->adapters[i];
    return NULL;
}

/* values [out, in] += rate up [out, r] down [r, in]. */
static void add_product(int64_t out, int64_t in, int64_t r, double rate, const float *up, const float *down,
                        float *values)
{
#pragma omp parallel for
    for (int64_t o = 0; o < out; o++)
        for (int64_t k = 0; k < r; k++) {
            float factor = (float)(rate * (double)up[o * r + k]);
            for (int64_t i = 0; i < in; i++) values[o * in + i] += factor * down[k * in + i];
        }
}

/* The tensor with the adapter's product added, in its own type; the caller frees its memory. */
static dc3_status merged(const dc3_adapter *a, double scale, const dc3_tensor *weight, dc3_tensor *result)
{
    int64_t out = weight->shape[0], r = a->down->shape[0], count = dc3_count(weight), in = count / out;
    float *values = malloc((size_t)count * sizeof *values), *up = malloc((size_t)(out * r) * sizeof *up),
          *down = malloc((size_t)(r * in) * sizeof *down);
    dc3_status status = values && up && down ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK) status = dc3_convert(weight->data, weight->dtype, values, DC3_F32, count);
    if (status == DC3_OK) status = dc3_convert(a->up->data, a->up->dtype, up, DC3_F32, out * r);
    if (status == DC3_OK) status = dc3_convert(a->down->data, a->down->dtype, down, DC3_F32, r * in);
    *result = *weight;
    result->data = NULL;
    if (status == DC3_OK && !(result->data = malloc(dc3_bytes(weight))))
        status = dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK) {
        double alpha = a->alpha > 0 ? a->alpha : (double)r;
        add_product(out, in, r, scale * alpha / (double)r, up, down, values);
        status = dc3_convert(values, DC3_F32, result->data, weight->dtype, count);
    }
    free(values), free(up), free(down);
    return status;
}

static dc3_status check_weight(const dc3_lora *lora, const dc3_adapter *a, const char *name,
                               const dc3_tensor *w)
{
    int64_t r = a->down->shape[0], rows = w->ndim ? w->shape[0] : 0;
    if (!dc3_lora_float(w))
        return dc3_fail(DC3_ERR_UNSUPPORTED,
                        "%s: '%.150s' adapts '%.150s', which is of type %s; expected f32, f16, bf16 or f64",
                        dc3_table_origin(lora->table), a->name, name, dc3_dtype_name(w->dtype));
    if (w->ndim >= 2 && a->up->shape[0] == w->shape[0] &&
        dc3_count(a->down) * w->shape[0] == dc3_count(w) * r)
        return DC3_OK;
    return dc3_fail(
        DC3_ERR_FORMAT,
        "%s: '%.150s' adapts %lld rows of %lld columns, but '%.150s' has %lld of %lld: is the LoRA for "
        "another model?",
        dc3_table_origin(lora->table), a->name, (long long)a->up->shape[0],
        (long long)(dc3_count(a->down) / r), name, (long long)rows,
        (long long)(rows ? dc3_count(w) / rows : 0));
}

/* Tensor i of `from` into `to`, merged if an adapter is for it, which is noted in `used`. */
static dc3_status add_tensor(const dc3_lora *lora, dc3_lora_part part, double scale, const dc3_table *from,
                             size_t i, dc3_table *to, unsigned char *used)
{
    const char *name = dc3_table_name(from, i);
    dc3_tensor t = *dc3_table_at(from, i);
    const dc3_adapter *a = adapter_for(lora, part, name);
    if (a) {
        dc3_tensor result;
        used[a - lora->adapters] = 1;
        DC3_TRY(check_weight(lora, a, name, &t));
        dc3_status status = merged(a, scale, &t, &result);
        if (status == DC3_OK) status = dc3_table_own(to, result.data, free);
        if (status != DC3_OK) {
            free(result.data);
            return status;
        }
        t = result;
    }
    return dc3_table_add(to, name, t);
}

static dc3_status check_used(const dc3_lora *lora, dc3_lora_part part, const dc3_table *weights,
                             const unsigned char *used)
{
    size_t lacking = 0, first = 0;
    for (size_t i = lora->count; i-- > 0;)
        if (lora->adapters[i].part == part && !used[i]) lacking++, first = i;
    if (!lacking) return DC3_OK;
    return dc3_fail(
        DC3_ERR_FORMAT,
        "%s: %zu of %zu adapters, such as '%.150s', are for layers that %s lacks: is the LoRA for another "
        "model?",
        dc3_table_origin(lora->table), lacking, dc3_lora_count(lora, part), lora->adapters[first].name,
        dc3_table_origin(weights));
}

static void close_table(void *thing)
{
    dc3_table *table = thing;
    dc3_table_close(&table);
}

dc3_status dc3_lora_merge(const dc3_lora *lora, dc3_lora_part part, double scale, dc3_table **weights)
{
    dc3_table *from = *weights, *to = dc3_table_new(dc3_table_origin(from));
    unsigned char *used = calloc(lora->count + 1, 1);
    const char *key, *text;
    dc3_status status = to && used ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    for (size_t i = 0; status == DC3_OK && i < dc3_table_size(from); i++)
        status = add_tensor(lora, part, scale, from, i, to, used);
    if (status == DC3_OK) status = check_used(lora, part, from, used);
    for (size_t i = 0; status == DC3_OK && (text = dc3_table_text_at(from, i, &key)); i++)
        status = dc3_table_set_text(to, key, text);
    for (size_t i = 0; status == DC3_OK && (key = dc3_table_odd_at(from, i, &text)); i++)
        status = dc3_table_add_odd(to, key, text);
    if (status == DC3_OK && *dc3_table_notes(from)) status = dc3_table_note(to, "%s", dc3_table_notes(from));
    if (status == DC3_OK) status = dc3_table_own(to, from, close_table);
    free(used);
    if (status != DC3_OK)
        dc3_table_close(&to);
    else
        *weights = to;
    return status;
}
