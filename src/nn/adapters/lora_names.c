/* The names of LoRA files: which module a tensor adapts, and what of it the tensor is. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "io/json.h"
#include "nn/adapters/lora_private.h"

typedef enum half { DOWN, UP, ALPHA, OTHER } half;

static const struct {
    const char *end;
    half half;
} ends[] = {{".lora_A.weight", DOWN},
            {".lora_B.weight", UP},
            {".lora_down.weight", DOWN},
            {".lora_up.weight", UP},
            {".lora.down.weight", DOWN},
            {".lora.up.weight", UP},
            {".lora_linear_layer.down.weight", DOWN},
            {".lora_linear_layer.up.weight", UP},
            {"_lora.down.weight", DOWN}, /* attn1.processor.to_q_lora.down.weight */
            {"_lora.up.weight", UP},
            {".alpha", ALPHA}};

static const struct {
    const char *begin;
    dc3_lora_part part;
} begins[] = {{"unet.", DC3_LORA_UNET},        {"text_encoder.", DC3_LORA_TEXT_ENCODER},
              {"lora_unet_", DC3_LORA_UNET},   {"lora_te_", DC3_LORA_TEXT_ENCODER},
              {"down_blocks.", DC3_LORA_UNET}, {"mid_block.", DC3_LORA_UNET},
              {"up_blocks.", DC3_LORA_UNET}}; /* files of one network's layers alone */

static void replace(char *text, const char *from, const char *to)
{
    char *at = strstr(text, from);
    if (!at) return;
    size_t length = strlen(from), other = strlen(to);
    memmove(at + other, at + length, strlen(at + length) + 1); /* never longer than it was */
    memcpy(at, to, other);
}

const char *dc3_lora_module(const char *name, char *text)
{
    int begins_so = strncmp(name, "text_model", 10) == 0 && (name[10] == '.' || name[10] == '_');
    snprintf(text, DC3_LORA_NAME, "%s", begins_so ? name + 11 : name);
    replace(text, ".processor.", ".");
    for (char *c = text; *c; c++)
        if (*c == '.') *c = '_';
    return text;
}

/* The older form has the projection's name where the newer has the layer's. */
static void name_layer(dc3_lora_part part, char *module)
{
    static const char *const projections[][2] = {
        {"_to_q", "_q_proj"}, {"_to_k", "_k_proj"}, {"_to_v", "_v_proj"}, {"_to_out", "_out_proj"}};
    size_t n = strlen(module);
    for (size_t i = 0; i < sizeof projections / sizeof *projections; i++) {
        size_t m = strlen(projections[i][0]);
        if (n <= m || strcmp(module + n - m, projections[i][0]) != 0) continue;
        if (part == DC3_LORA_TEXT_ENCODER)
            strcpy(module + n - m, projections[i][1]);
        else if (i == 3)
            strcat(module, "_0");
    }
}

/* What the tensor is; its part and its module [DC3_LORA_NAME + 4], if it is of an adapter. */
static half half_of(const char *name, dc3_lora_part *part, char *module)
{
    size_t n = strlen(name), skip = 0, e = 0;
    int known = 0;
    char middle[DC3_LORA_NAME + 16];
    while (e < sizeof ends / sizeof *ends &&
           (n < strlen(ends[e].end) || strcmp(name + n - strlen(ends[e].end), ends[e].end) != 0))
        e++;
    for (size_t i = 0; i < sizeof begins / sizeof *begins && !known; i++) {
        size_t length = strlen(begins[i].begin);
        if (strncmp(name, begins[i].begin, length) != 0) continue;
        known = 1, *part = begins[i].part;
        skip = i < 4 ? length : 0;
    }
    if (e == sizeof ends / sizeof *ends || !known || n >= DC3_LORA_NAME) return OTHER;
    if (n <= skip + strlen(ends[e].end)) return OTHER; /* no module between them */
    snprintf(middle, sizeof middle, "%.*s", (int)(n - skip - strlen(ends[e].end)), name + skip);
    dc3_lora_module(middle, module);
    if (ends[e].end[0] == '_') name_layer(*part, module);
    return ends[e].half;
}

static dc3_adapter *adapter_of(dc3_lora *lora, dc3_lora_part part, const char *module, const char *name)
{
    for (size_t i = lora->count; i-- > 0;)
        if (lora->adapters[i].part == part && strcmp(lora->adapters[i].module, module) == 0)
            return &lora->adapters[i];
    dc3_adapter *a = &lora->adapters[lora->count++];
    *a = (dc3_adapter){.part = part, .name = name};
    snprintf(a->module, sizeof a->module, "%s", module);
    return a;
}

/* The one number of a tensor of floats or integers, in which kohya's scripts write an alpha; NaN of others.
 */
static double number_of(const dc3_tensor *t)
{
    double value = NAN;
    switch (t->dtype) {
    case DC3_I64:
        return (double)*(const int64_t *)t->data;
    case DC3_I32:
        return *(const int32_t *)t->data;
    case DC3_I16:
        return *(const int16_t *)t->data;
    case DC3_I8:
        return *(const int8_t *)t->data;
    case DC3_U64:
        return (double)*(const uint64_t *)t->data;
    case DC3_U32:
        return *(const uint32_t *)t->data;
    case DC3_U16:
        return *(const uint16_t *)t->data;
    case DC3_U8:
        return *(const uint8_t *)t->data;
    default:
        return dc3_convert(t->data, t->dtype, &value, DC3_F64, 1) == DC3_OK ? value : NAN;
    }
}

static dc3_status take_alpha(dc3_adapter *a, const char *origin, const char *name, const dc3_tensor *t)
{
    if (dc3_count(t) != 1 || t->dtype == DC3_BOOL)
        return dc3_fail(DC3_ERR_FORMAT, "%s: '%.150s' should be one number", origin, name);
    a->alpha = number_of(t);
    if (a->alpha >= 0 && a->alpha < 1e6) return DC3_OK;
    return dc3_fail(DC3_ERR_FORMAT, "%s: '%.150s' is %g; expected 0 to 1e6", origin, name, a->alpha);
}

static dc3_status add(dc3_lora *lora, size_t place)
{
    const char *name = dc3_table_name(lora->table, place), *origin = dc3_table_origin(lora->table);
    const dc3_tensor *t = dc3_table_at(lora->table, place);
    char module[DC3_LORA_NAME + 4];
    dc3_lora_part part = DC3_LORA_UNET;
    half kind = half_of(name, &part, module);
    if (kind == OTHER)
        return dc3_fail(
            DC3_ERR_UNSUPPORTED,
            "%s: '%.150s' is no part of a LoRA for a U-Net or a text encoder as diffusers or kohya write it; "
            "other adapters (DoRA, LoHa, LoKr, or with a lora_mid) and parts are not supported",
            origin, name);
    dc3_adapter *a = adapter_of(lora, part, module, name);
    if (kind == ALPHA) return take_alpha(a, origin, name, t);
    const dc3_tensor **matrix = kind == DOWN ? &a->down : &a->up;
    if (*matrix || (t->ndim != 2 && t->ndim != 4) || dc3_count(t) < 1)
        return dc3_fail(DC3_ERR_FORMAT, "%s: '%.150s' should be the one matrix of its kind for its module",
                        origin, name);
    if (!dc3_lora_float(t))
        return dc3_fail(DC3_ERR_UNSUPPORTED, "%s: '%.150s' is of type %s; expected f32, f16, bf16 or f64",
                        origin, name, dc3_dtype_name(t->dtype));
    *matrix = t;
    return DC3_OK;
}

/* alpha of diffusers' metadata, which holds for all adapters of a part. Ranks are seen in the matrices. */
static dc3_status read_part(dc3_lora *lora, const json_t *object, dc3_lora_part part)
{
    static const char *const parts[] = {"unet", "text_encoder"}, *const unset[] = {"use_dora", "use_rslora"};
    const char *file = dc3_table_origin(lora->table);
    char key[80];
    double alpha;
    for (int i = 0; i < 2; i++) {
        snprintf(key, sizeof key, "%s.%s", parts[part], unset[i]);
        DC3_TRY(dc3_json_unset(object, file, key));
    }
    snprintf(key, sizeof key, "%s.alpha_pattern", parts[part]);
    if (json_object_size(json_object_get(object, key)) > 0)
        return dc3_fail(DC3_ERR_UNSUPPORTED, "%s: '%s' is set, which is not supported", file, key);
    snprintf(key, sizeof key, "%s.lora_alpha", parts[part]);
    DC3_TRY(dc3_json_real(object, file, key, 0, 0, 1e6, &alpha));
    for (size_t i = 0; i < lora->count; i++)
        if (lora->adapters[i].part == part && lora->adapters[i].alpha == 0) lora->adapters[i].alpha = alpha;
    return DC3_OK;
}

static dc3_status read_metadata(dc3_lora *lora)
{
    const char *text = dc3_table_text(lora->table, "lora_adapter_metadata");
    json_t *object;
    if (!text) return DC3_OK;
    DC3_TRY(dc3_json_parse(dc3_table_origin(lora->table), text, strlen(text), &object));
    dc3_status status = read_part(lora, object, DC3_LORA_UNET);
    if (status == DC3_OK) status = read_part(lora, object, DC3_LORA_TEXT_ENCODER);
    json_decref(object);
    return status;
}

static dc3_status check_halves(const dc3_lora *lora)
{
    for (size_t i = 0; i < lora->count; i++) {
        const dc3_adapter *a = &lora->adapters[i];
        if (!a->down || !a->up)
            return dc3_fail(DC3_ERR_FORMAT, "%s: '%.150s' stands without the other half of its product",
                            dc3_table_origin(lora->table), a->name);
        if (a->up->shape[1] != a->down->shape[0] || dc3_count(a->up) != a->up->shape[0] * a->down->shape[0])
            return dc3_fail(DC3_ERR_FORMAT,
                            "%s: '%.150s': the halves of the product have ranks %lld and %lld",
                            dc3_table_origin(lora->table), a->name, (long long)a->down->shape[0],
                            (long long)(dc3_count(a->up) / a->up->shape[0]));
    }
    return DC3_OK;
}

dc3_status dc3_lora_read(dc3_lora *lora)
{
    size_t count = dc3_table_size(lora->table);
    const char *what, *odd = dc3_table_odd_at(lora->table, 0, &what);
    if (odd)
        return dc3_fail(DC3_ERR_UNSUPPORTED,
                        "%s: '%.150s' is %.100s, which is not read; expected f32, f16, bf16 or f64",
                        dc3_table_origin(lora->table), odd, what);
    if (!count) return dc3_fail(DC3_ERR_FORMAT, "%s: no tensors", dc3_table_origin(lora->table));
    lora->adapters = calloc(count, sizeof *lora->adapters);
    if (!lora->adapters) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    for (size_t i = 0; i < count; i++) DC3_TRY(add(lora, i));
    DC3_TRY(check_halves(lora));
    return read_metadata(lora);
}
