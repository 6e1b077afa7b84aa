/* The tensors of a state dict, each checked against its storage. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "io/pth/pth_private.h"

/* A tensor on its way into the table. */
typedef struct view {
    const char *name;
    dc3_tensor tensor;
    int64_t elements, offset, stride[DC3_MAX_DIMS]; /* of the storage; in elements */
    char odd[64];                                   /* what it is, if it cannot be read here */
} view;

static dc3_status bad(const dc3_pth_file *file, const view *v, const char *expected, const char *found)
{
    return dc3_fail(DC3_ERR_FORMAT, "%s: tensor '%s': expected %s, found %s", file->origin, v->name, expected,
                    found);
}

dc3_status dc3_pth_packed(const dc3_pth_file *file)
{
    return dc3_fail(
        DC3_ERR_FORMAT,
        "%s: member '%.100s': expected stored data, as torch.save writes it, found compressed data",
        file->origin, file->packed);
}

static dc3_status find_storage(const dc3_pth_file *file, const dc3_pickle_value *storage, view *v)
{
    int known;
    char key[64], name[DC3_PTH_NAME + 64];
    const char *type = dc3_pickle_storage_type(storage, &known, &v->tensor.dtype);
    if (!known) {
        snprintf(v->odd, sizeof v->odd, "a tensor of a %s", type);
        return DC3_OK;
    }
    int exact = dc3_pickle_string(storage->items[2], key, sizeof key);
    snprintf(name, sizeof name, "%s%s", file->prefix, key);
    const dc3_tensor *part = exact ? dc3_table_find(file->parts, name) : NULL;
    if (!part && *file->packed) return dc3_pth_packed(file);
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
    if (strides->size != shape->size)
        return bad(file, v, "as many strides as dimensions", "another number of strides");
    if (shape->size > DC3_MAX_DIMS) {
        snprintf(v->odd, sizeof v->odd, "a tensor of %zu dimensions", shape->size);
        return DC3_OK;
    }
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

/* All elements lie in the storage. An expanded tensor, whose elements share places, could be of any size: it
 * is odd if it has more than `most` elements. Products and sums stay below the limit that they are checked
 * against.
 */
static dc3_status check_extent(const dc3_pth_file *file, view *v, int64_t most)
{
    const int64_t *shape = v->tensor.shape;
    int64_t count = 1, last = v->offset;
    if (v->elements > most) most = v->elements;
    for (int i = 0; i < v->tensor.ndim; i++)
        if (!shape[i]) most = INT32_MAX;
    for (int i = 0; i < v->tensor.ndim; i++) {
        if (shape[i] && shape[i] > most / count) {
            snprintf(v->odd, sizeof v->odd, "a tensor of more elements than the file has bytes");
            return DC3_OK;
        }
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

/* The part of what copies may take that one expanded tensor may. */
enum { EXPANDED = 4 };

static dc3_status take_view(const dc3_pth_file *file, const dc3_pickle_value *tensor, view *v, size_t *left)
{
    DC3_TRY(find_storage(file, tensor->items[0], v));
    v->offset = tensor->items[1]->number;
    if (*v->odd) return DC3_OK;
    DC3_TRY(take_shape(file, tensor->items[2], tensor->items[3], v));
    size_t each = dc3_dtype_size(v->tensor.dtype);
    if (!*v->odd) DC3_TRY(check_extent(file, v, (int64_t)(*left / EXPANDED / each)));
    if (*v->odd || !dc3_count(&v->tensor)) return DC3_OK;
    unsigned char *first = (unsigned char *)v->tensor.data + (size_t)v->offset * each;
    if (!is_contiguous(v) || (uintptr_t)first % each != 0) return copy(file, v, left);
    v->tensor.data = first;
    return DC3_OK;
}

typedef struct taking {
    const dc3_pth_file *file;
    int rows;    /* whether NumPy arrays and lists are tensors */
    size_t left; /* bytes that copies may still take */
    char odd[256];
} taking;

/* Integers; 0 for other lists. Each takes a byte of the file or more. */
static int list_shape(const dc3_pickle_value *list, dc3_tensor *tensor)
{
    for (size_t i = 0; i < list->size; i++)
        if (list->items[i]->kind != DC3_PICKLE_INT) return 0;
    *tensor = dc3_view(NULL, DC3_I64, 1, (int64_t[]){(int64_t)list->size});
    return list->size > 0;
}

static dc3_status copy_list(const dc3_pickle_value *list, dc3_tensor *tensor)
{
    int64_t *numbers = tensor->data = malloc(list->size * sizeof *numbers);
    if (!numbers) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    for (size_t i = 0; i < list->size; i++) numbers[i] = list->items[i]->number;
    return DC3_OK;
}

/* A NumPy array or a list of rows as a tensor; others are odd. */
static dc3_status take_array(taking *t, const dc3_pickle_value *value, view *v)
{
    char what[64];
    int list = value->kind == DC3_PICKLE_LIST;
    if (!t->rows || !(list ? list_shape(value, &v->tensor) : dc3_pickle_array(value, &v->tensor))) {
        snprintf(v->odd, sizeof v->odd, "%s", dc3_pickle_describe(value, what, sizeof what));
        return DC3_OK;
    }
    size_t bytes = dc3_bytes(&v->tensor), share = list ? value->size : bytes;
    if (share > t->left)
        return bad(t->file, v, "copies of arrays that take no more than the file itself", "more of them");
    t->left -= share;
    DC3_TRY(list ? copy_list(value, &v->tensor) : dc3_pickle_array_copy(value, &v->tensor));
    dc3_status status = dc3_table_own(t->file->table, v->tensor.data, free);
    if (status != DC3_OK) free(v->tensor.data);
    return status;
}

static dc3_status add(void *user, const char *name, int exact, const dc3_pickle_value *value)
{
    taking *t = user;
    view v = {.name = name};
    if (!exact) { /* no network has such a name */
        if (!*t->odd)
            snprintf(t->odd, sizeof t->odd,
                     "the name '%.80s' is not one of printable ASCII characters, at most %d", name,
                     DC3_PTH_NAME - 1);
        return DC3_OK;
    }
    if (value->kind == DC3_PICKLE_TENSOR)
        DC3_TRY(take_view(t->file, value, &v, &t->left));
    else
        DC3_TRY(take_array(t, value, &v));
    if (!*v.odd) return dc3_table_add(t->file->table, name, v.tensor);
    if (!*t->odd) snprintf(t->odd, sizeof t->odd, "'%.100s' is %s", name, v.odd);
    return dc3_table_add_odd(t->file->table, name, v.odd);
}

dc3_status dc3_pth_take(const dc3_pth_file *file, const dc3_pickle_value *root)
{
    const dc3_pickle_value *dict = NULL;
    DC3_TRY(dc3_pth_choose(file, root, &dict));
    taking t = {.file = file, .left = file->size, .rows = dc3_pth_is_rows(dict)};
    DC3_TRY(dc3_pth_visit(dict, add, &t));
    if (dc3_table_size(file->table)) return DC3_OK;
    return dc3_fail(DC3_ERR_FORMAT, "%s: expected plain tensors, found none: %s", file->origin, t.odd);
}

dc3_status dc3_pth_part(const dc3_pth_file *file, const char *name, size_t at, size_t size)
{
    void *data = (void *)(uintptr_t)(file->data + at);
    return dc3_table_add(file->parts, name, dc3_view(data, DC3_U8, 1, (int64_t[]){(int64_t)size}));
}
