/* Which dict of a checkpoint is the state dict, and its tensors, each checked against its storage. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "io/pth_private.h"

static const char *const usual[] = {"state_dict", "model_state_dict", "model",  "net",
                                    "network",    "teacher",          "weights"};
enum { USUAL = sizeof usual / sizeof *usual };

static int is_entry(const dc3_pickle_value *dict, size_t i)
{
    return dict->items[i]->kind == DC3_PICKLE_TEXT && dict->items[i + 1]->kind == DC3_PICKLE_TENSOR;
}

static int holds_tensors(const dc3_pickle_value *value)
{
    return value->kind == DC3_PICKLE_DICT && value->number;
}

/* The dicts of tensors that were met: how many (one under two keys in a row counts once), the last, and two
 * of their names. */
typedef struct candidates {
    int count;
    const dc3_pickle_value *last;
    char names[2][64];
} candidates;

static void meet(candidates *c, const dc3_pickle_value *dict, const char *name)
{
    if (dict == c->last) return;
    snprintf(c->names[c->count > 0], sizeof c->names[0], "%s", name);
    c->last = dict;
    c->count++;
}

static int is_usual(const dc3_pickle_value *key)
{
    char text[64];
    if (key->kind != DC3_PICKLE_TEXT || !dc3_pickle_string(key, text, sizeof text)) return 0;
    for (int i = 0; i < USUAL; i++)
        if (strcmp(text, usual[i]) == 0) return 1;
    return 0;
}

static dc3_status choose(const char *origin, const dc3_pickle_value *root, const dc3_pickle_value **dict)
{
    candidates all = {0}, usuals = {0};
    if (root->kind != DC3_PICKLE_DICT)
        return dc3_fail(DC3_ERR_FORMAT, "%s: expected a dict of tensors, found %s", origin,
                        dc3_pickle_what(root));
    if (holds_tensors(root)) meet(&all, root, "(the outer one)");
    for (size_t i = 0; i < root->size; i += 2) {
        char name[64] = "(no string)";
        if (!holds_tensors(root->items[i + 1])) continue;
        if (root->items[i]->kind == DC3_PICKLE_TEXT) dc3_pickle_string(root->items[i], name, sizeof name);
        meet(&all, root->items[i + 1], name);
        if (is_usual(root->items[i])) meet(&usuals, root->items[i + 1], name);
    }
    const candidates *c = usuals.count ? &usuals : &all;
    *dict = c->last;
    if (c->count == 1) return DC3_OK;
    if (!c->count)
        return dc3_fail(DC3_ERR_FORMAT,
                        "%s: expected a dict of tensors, or one under a key such as 'state_dict' or 'model', "
                        "found a dict without",
                        origin);
    return dc3_fail(DC3_ERR_FORMAT, "%s: expected one dict of tensors, found %d ('%s', '%s')", origin,
                    c->count, c->names[0], c->names[1]);
}

/* A tensor on its way into the table. */
typedef struct view {
    const char *name;
    dc3_tensor tensor;
    int64_t elements, offset, stride[DC3_MAX_DIMS]; /* of the storage; in elements */
} view;

static dc3_status bad(const dc3_pth_file *file, const view *v, const char *expected, const char *found)
{
    return dc3_fail(DC3_ERR_FORMAT, "%s: tensor '%s': expected %s, found %s", file->origin, v->name, expected,
                    found);
}

static dc3_status find_storage(const dc3_pth_file *file, const dc3_pickle_value *storage, view *v)
{
    int known;
    char key[64], name[DC3_PTH_NAME + 64];
    const char *type = dc3_pickle_storage_type(storage, &known, &v->tensor.dtype);
    if (!known) return bad(file, v, "f32, f16, bf16, f64, i64, i32, u8 or bool", type);
    int exact = dc3_pickle_string(storage->items[2], key, sizeof key);
    snprintf(name, sizeof name, "%s%s", file->prefix, key);
    const dc3_tensor *part = exact ? dc3_table_find(file->parts, name) : NULL;
    if (!part)
        return dc3_fail(DC3_ERR_FORMAT, "%s: tensor '%s': expected its storage '%s' in the file, found none",
                        file->origin, v->name, key);
    v->elements = storage->items[4]->number;
    if (v->elements < 0) return bad(file, v, "a storage of 0 or more elements", "a negative number");
    if ((uint64_t)v->elements > dc3_bytes(part) / dc3_dtype_size(v->tensor.dtype))
        return dc3_fail(DC3_ERR_FORMAT,
                        "%s: tensor '%s': expected a storage of %lld elements, found only %zu bytes",
                        file->origin, v->name, (long long)v->elements, dc3_bytes(part));
    v->tensor.data = part->data;
    return DC3_OK;
}

/* Shape and strides: as many numbers in both, none negative. */
static dc3_status take_shape(const dc3_pth_file *file, const dc3_pickle_value *shape,
                             const dc3_pickle_value *strides, view *v)
{
    if (shape->size > DC3_MAX_DIMS || strides->size != shape->size)
        return bad(file, v, "at most 5 dimensions with as many strides",
                   shape->size > DC3_MAX_DIMS ? "more" : "another number of strides");
    v->tensor.ndim = (int)shape->size;
    for (int i = 0; i < v->tensor.ndim; i++) {
        const dc3_pickle_value *size = shape->items[i], *stride = strides->items[i];
        if (size->kind != DC3_PICKLE_INT || stride->kind != DC3_PICKLE_INT)
            return bad(file, v, "integers in shape and strides",
                       dc3_pickle_what(size->kind == DC3_PICKLE_INT ? stride : size));
        if (size->number < 0 || stride->number < 0)
            return bad(file, v, "a shape and strides of 0 or more", "a negative number");
        v->tensor.shape[i] = size->number;
        v->stride[i] = size->number == 1 ? 0 : stride->number; /* which is never followed */
    }
    return DC3_OK;
}

/* All elements lie in the storage, and there are no more than it has: an expanded tensor, whose elements
 * share places, could be of any size. Products and sums stay below the limit that they are checked against.
 */
static dc3_status check_extent(const dc3_pth_file *file, const view *v)
{
    const int64_t *shape = v->tensor.shape;
    int64_t count = 1, most = v->elements, last = v->offset;
    char expected[64], text[DC3_SHAPE_TEXT], found[DC3_SHAPE_TEXT + 8];
    for (int i = 0; i < v->tensor.ndim; i++)
        if (!shape[i]) most = INT32_MAX;
    snprintf(expected, sizeof expected, "no more than the storage's %lld elements", (long long)v->elements);
    snprintf(found, sizeof found, "shape %s", dc3_shape_text(v->tensor.ndim, shape, text, sizeof text));
    if (!v->tensor.ndim && most < 1) return bad(file, v, expected, found);
    for (int i = 0; i < v->tensor.ndim; i++) {
        if (shape[i] && shape[i] > most / count) return bad(file, v, expected, found);
        count *= shape[i] ? shape[i] : 1;
    }
    if (dc3_count(&v->tensor) == 0) return DC3_OK;
    int inside = v->offset >= 0 && v->offset < v->elements;
    for (int i = 0; inside && i < v->tensor.ndim; i++) {
        int64_t steps = shape[i] - 1;
        inside = !steps || v->stride[i] <= (v->elements - 1 - last) / steps;
        if (inside) last += steps * v->stride[i];
    }
    if (inside) return DC3_OK;
    return bad(file, v, "offset and strides inside its storage", "some that lead out of it");
}

static int is_contiguous(const view *v)
{
    int64_t expected = 1;
    for (int i = v->tensor.ndim - 1; i >= 0; i--) {
        if (v->tensor.shape[i] != 1 && v->stride[i] != expected) return 0;
        expected *= v->tensor.shape[i];
    }
    return 1;
}

static void gather(const view *v, unsigned char *to)
{
    const dc3_tensor *t = &v->tensor;
    const unsigned char *from = t->data;
    size_t each = dc3_dtype_size(t->dtype);
    int64_t index[DC3_MAX_DIMS] = {0}, place = v->offset, count = dc3_count(t);
    for (int64_t i = 0; i < count; i++) {
        memcpy(to + (size_t)i * each, from + (size_t)place * each, each);
        for (int d = t->ndim - 1; d >= 0; d--) {
            place += v->stride[d];
            if (++index[d] < t->shape[d]) break;
            place -= v->stride[d] * t->shape[d];
            index[d] = 0;
        }
    }
}

/* Many views of one storage could take any memory; a real checkpoint's copies are no more than its file. */
static dc3_status copy(const dc3_pth_file *file, view *v, size_t *left)
{
    size_t bytes = dc3_bytes(&v->tensor);
    if (bytes > *left)
        return bad(file, v, "copies of views that take no more than the file itself", "more of them");
    *left -= bytes;
    void *made = malloc(bytes);
    if (!made) return dc3_fail(DC3_ERR_MEMORY, "%s: out of memory", file->origin);
    gather(v, made);
    dc3_map_forget(v->tensor.data, (size_t)v->elements * dc3_dtype_size(v->tensor.dtype));
    v->tensor.data = made;
    dc3_status status = dc3_table_own(file->table, made, free);
    if (status != DC3_OK) free(made);
    return status;
}

static dc3_status add(const dc3_pth_file *file, const char *name, const dc3_pickle_value *tensor,
                      size_t *left)
{
    view v = {.name = name};
    DC3_TRY(find_storage(file, tensor->items[0], &v));
    v.offset = tensor->items[1]->number;
    DC3_TRY(take_shape(file, tensor->items[2], tensor->items[3], &v));
    DC3_TRY(check_extent(file, &v));
    if (dc3_count(&v.tensor)) {
        size_t each = dc3_dtype_size(v.tensor.dtype);
        unsigned char *first = (unsigned char *)v.tensor.data + (size_t)v.offset * each;
        if (is_contiguous(&v) && (uintptr_t)first % each == 0)
            v.tensor.data = first;
        else
            DC3_TRY(copy(file, &v, left));
    }
    return dc3_table_add(file->table, name, v.tensor);
}

/* The length of "module." where all names begin with it (DataParallel), else 0. */
static size_t common_prefix(const dc3_pickle_value *dict)
{
    static const char prefix[] = "module.";
    const size_t length = sizeof prefix - 1;
    for (size_t i = 0; i < dict->size; i += 2) {
        const dc3_pickle_value *key = dict->items[i];
        if (is_entry(dict, i) && (key->size <= length || memcmp(key->text, prefix, length) != 0)) return 0;
    }
    return length;
}

dc3_status dc3_pth_take(const dc3_pth_file *file, const dc3_pickle_value *root)
{
    const dc3_pickle_value *dict = NULL;
    DC3_TRY(choose(file->origin, root, &dict));
    size_t skip = common_prefix(dict), left = file->size;
    for (size_t i = 0; i < dict->size; i += 2) {
        char name[DC3_PTH_NAME];
        if (!is_entry(dict, i)) continue;
        if (!dc3_pickle_string(dict->items[i], name, sizeof name))
            return dc3_fail(DC3_ERR_FORMAT,
                            "%s: expected names of at most %d printable ASCII characters, found '%.80s'",
                            file->origin, DC3_PTH_NAME - 1, name);
        DC3_TRY(add(file, name + skip, dict->items[i + 1], &left));
    }
    return DC3_OK;
}

dc3_status dc3_pth_part(const dc3_pth_file *file, const char *name, size_t at, size_t size)
{
    void *data = (void *)(uintptr_t)(file->data + at);
    return dc3_table_add(file->parts, name, dc3_view(data, DC3_U8, 1, (int64_t[]){(int64_t)size}));
}
