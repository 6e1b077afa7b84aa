#include "io/safetensors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "io/found.h"
#include "io/json.h"

enum { HEADER_LIMIT = 100 << 20, ODD = 80 };

static const struct {
    const char *name;
    dc3_dtype type;
} types[] = {{"F32", DC3_F32}, {"F16", DC3_F16}, {"BF16", DC3_BF16}, {"F64", DC3_F64}, {"I64", DC3_I64},
             {"I32", DC3_I32}, {"U8", DC3_U8},   {"BOOL", DC3_BOOL}, {"I16", DC3_I16}, {"I8", DC3_I8},
             {"U16", DC3_U16}, {"U32", DC3_U32}, {"U64", DC3_U64}};

static dc3_status bad(const char *origin, const char *name, const char *what)
{
    return dc3_fail(DC3_ERR_FORMAT, "%s: tensor '%.200s': %s", origin, name, what);
}

/* Of a type that dc3 does not have: what it is into odd [ODD]. */
static void dtype_of(const json_t *entry, dc3_dtype *type, char *odd)
{
    const char *text = json_string_value(json_object_get(entry, "dtype"));
    for (size_t i = 0; text && i < sizeof types / sizeof *types; i++)
        if (strcmp(types[i].name, text) == 0) {
            *type = types[i].type;
            return;
        }
    snprintf(odd, ODD, "a tensor of type %.40s", text ? text : "unknown");
}

static dc3_status shape_of(const char *origin, const char *name, const json_t *entry, size_t limit,
                           dc3_tensor *t, char *odd)
{
    const json_t *shape = json_object_get(entry, "shape");
    if (!json_is_array(shape)) return bad(origin, name, "expected a shape, a list of sizes");
    if (json_array_size(shape) > DC3_MAX_DIMS) {
        snprintf(odd, ODD, "a tensor of %zu dimensions", json_array_size(shape));
        return DC3_OK;
    }
    size_t bytes = dc3_dtype_size(t->dtype);
    t->ndim = (int)json_array_size(shape);
    for (int i = 0; i < t->ndim; i++) {
        const json_t *size = json_array_get(shape, (size_t)i);
        json_int_t value = json_integer_value(size);
        if (!json_is_integer(size) || value < 0) return bad(origin, name, "a dimension is not a size");
        if (value && bytes > limit / (size_t)value + 1)
            return bad(origin, name, "the shape is larger than the file");
        bytes *= (size_t)value;
        t->shape[i] = value;
    }
    return DC3_OK;
}

/* The tensor's bytes as a copy that the table owns. */
static dc3_status align(const char *origin, const char *name, size_t *left, dc3_table *table, dc3_tensor *t)
{
    size_t size = dc3_bytes(t);
    if (size > *left)
        return bad(origin, name, "expected tensors that do not overlap, found copies larger than the file");
    void *copy = malloc(size);
    if (!copy) return dc3_fail(DC3_ERR_MEMORY, "%s: out of memory", origin);
    *left -= size;
    memcpy(copy, t->data, size);
    t->data = copy;
    dc3_status status = dc3_table_own(table, copy, free);
    if (status != DC3_OK) free(copy);
    return status;
}

/* *left: bytes that may be copied, of tensors that are not aligned. */
static dc3_status add_tensor(const char *origin, const char *name, const json_t *entry,
                             const unsigned char *data, size_t size, size_t *left, dc3_table *table)
{
    dc3_tensor t = {0};
    char odd[ODD] = "";
    if (!json_is_object(entry)) return bad(origin, name, "expected an object in the header");
    dtype_of(entry, &t.dtype, odd);
    if (!*odd) DC3_TRY(shape_of(origin, name, entry, size, &t, odd));
    const json_t *offsets = json_object_get(entry, "data_offsets");
    const json_t *first = json_array_get(offsets, 0), *second = json_array_get(offsets, 1);
    if (json_array_size(offsets) != 2 || !json_is_integer(first) || !json_is_integer(second))
        return bad(origin, name, "expected data_offsets of two integers");
    json_int_t from = json_integer_value(first), to = json_integer_value(second);
    if (from < 0 || to < from || (uint64_t)to > size)
        return dc3_fail(DC3_ERR_FORMAT,
                        "%s: tensor '%.200s': data_offsets %lld to %lld lie outside the file's %zu data "
                        "bytes (is the file truncated?)",
                        origin, name, (long long)from, (long long)to, size);
    if (*odd) return dc3_table_add_odd(table, name, odd);
    if ((size_t)(to - from) != dc3_bytes(&t))
        return dc3_fail(DC3_ERR_FORMAT,
                        "%s: tensor '%.200s': the shape takes %zu bytes, data_offsets give %lld", origin,
                        name, dc3_bytes(&t), (long long)(to - from));
    t.data = (void *)(uintptr_t)(data + from);
    if ((uintptr_t)t.data % dc3_dtype_size(t.dtype) != 0 && to > from)
        DC3_TRY(align(origin, name, left, table, &t));
    return dc3_table_add(table, name, t);
}

/* Strings only, as the format has it; what else stands there is skipped. */
static dc3_status add_texts(const json_t *metadata, dc3_table *table)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)metadata, key, value)
    {
        if (json_is_string(value)) DC3_TRY(dc3_table_set_text(table, key, json_string_value(value)));
    }
    return DC3_OK;
}

dc3_status dc3_safetensors_parse(const char *origin, const unsigned char *data, size_t file_size,
                                 dc3_table *table)
{
    uint64_t header = 0;
    if (file_size <= 8 || data[8] != '{')
        return dc3_fail_found(origin, "a safetensors file", data, file_size);
    for (int i = 7; i >= 0; i--) header = header << 8 | data[i];
    if (header > HEADER_LIMIT || header > file_size - 8)
        return dc3_fail(DC3_ERR_FORMAT,
                        "%s: the safetensors header claims %llu bytes, the file has %zu (is it truncated?)",
                        origin, (unsigned long long)header, file_size);
    json_t *object;
    DC3_TRY(dc3_json_parse(origin, (const char *)data + 8, (size_t)header, &object));
    const char *name;
    json_t *entry;
    size_t left = file_size;
    dc3_status status = DC3_OK;
    json_object_foreach(object, name, entry)
    {
        if (status != DC3_OK) break;
        status = strcmp(name, "__metadata__") == 0 ? add_texts(entry, table)
                                                   : add_tensor(origin, name, entry, data + 8 + header,
                                                                file_size - 8 - (size_t)header, &left, table);
    }
    json_decref(object);
    return status;
}

dc3_status dc3_safetensors_open(const char *path, dc3_table **table)
{
    return dc3_table_open(path, dc3_safetensors_parse, table);
}

static const char *type_name(dc3_dtype type)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (types[i].type == type) return types[i].name;
    return "U8";
}

static json_t *metadata_of(const dc3_table *table)
{
    const char *key, *text;
    json_t *object = json_object();
    for (size_t i = 0; (text = dc3_table_text_at(table, i, &key)); i++)
        if (json_object_set_new(object, key, json_string(text)) != 0) {
            json_decref(object);
            return NULL;
        }
    return object;
}

static json_t *entry_of(const dc3_tensor *t, size_t from)
{
    json_t *shape = json_array();
    for (int d = 0; d < t->ndim; d++) json_array_append_new(shape, json_integer(t->shape[d]));
    return json_pack("{s:s, s:o, s:[I, I]}", "dtype", type_name(t->dtype), "shape", shape, "data_offsets",
                     (json_int_t)from, (json_int_t)from + (json_int_t)dc3_bytes(t));
}

/* The header's JSON, which the caller frees; NULL without memory or for a name or text that is not UTF-8. */
static char *header_of(const dc3_table *table)
{
    json_t *header = json_object();
    const char *key;
    int bad = dc3_table_text_at(table, 0, &key) &&
              json_object_set_new(header, "__metadata__", metadata_of(table)) != 0;
    size_t total = 0;
    for (size_t i = 0; i < dc3_table_size(table) && !bad; i++) {
        const dc3_tensor *t = dc3_table_at(table, i);
        bad = json_object_set_new(header, dc3_table_name(table, i), entry_of(t, total)) != 0;
        total += dc3_bytes(t);
    }
    char *text = bad ? NULL : json_dumps(header, JSON_COMPACT | JSON_PRESERVE_ORDER);
    json_decref(header);
    return text;
}

dc3_status dc3_safetensors_save(const char *path, const dc3_table *table)
{
    size_t count = dc3_table_size(table);
    char *text = header_of(table);
    if (!text)
        return dc3_fail(DC3_ERR_ARGUMENT, "%s: no header can be made: is a name or a text not UTF-8?", path);
    dc3_piece *pieces = malloc((count + 3) * sizeof *pieces);
    if (!pieces) {
        free(text);
        return dc3_fail(DC3_ERR_MEMORY, "%s: out of memory", path);
    }
    size_t length = strlen(text), padding = (8 - length % 8) % 8;
    unsigned char size[8];
    for (int i = 0; i < 8; i++) size[i] = (unsigned char)((length + padding) >> 8 * i);
    pieces[0] = (dc3_piece){size, sizeof size};
    pieces[1] = (dc3_piece){text, length};
    pieces[2] = (dc3_piece){"        ", padding};
    for (size_t i = 0; i < count; i++) {
        const dc3_tensor *t = dc3_table_at(table, i);
        pieces[3 + i] = (dc3_piece){t->data, dc3_bytes(t)};
    }
    dc3_status status = dc3_file_write_pieces(path, pieces, count + 3);
    free(pieces);
    free(text);
    return status;
}
