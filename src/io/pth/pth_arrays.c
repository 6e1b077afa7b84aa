/* Bytes and NumPy arrays in pickles: how protocols write them. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include "io/fortran_order.h"
#include "io/pth/pth_pickle.h"

static int hex(const unsigned char *digits, int count)
{
    int number = 0;
    for (int i = 0; i < count; i++) {
        int c = digits[i], low = c | 0x20;
        int digit = c >= '0' && c <= '9' ? c - '0' : low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
        if (digit < 0) return -1;
        number = number * 16 + digit;
    }
    return number;
}

/* The next byte's value, -1 where there is none; *at goes past it. */
static int of_utf8(const unsigned char *t, size_t size, size_t *at)
{
    int first = t[(*at)++];
    if (first < 0x80) return first;
    if ((first != 0xc2 && first != 0xc3) || *at == size || (t[*at] & 0xc0) != 0x80) return -1;
    return (first & 3) << 6 | (t[(*at)++] & 0x3f);
}

static int of_raw_unicode(const unsigned char *t, size_t size, size_t *at)
{
    size_t i = *at;
    if (t[i] != '\\' || size - i < 2 || (t[i + 1] != 'u' && t[i + 1] != 'U')) return t[(*at)++];
    int digits = t[i + 1] == 'u' ? 4 : 8, value;
    if (size - i < (size_t)digits + 2 || hex(t + i + 2, digits - 4 + 2) != 0) return -1;
    value = hex(t + i + digits, 2);
    *at += (size_t)digits + 2;
    return value;
}

static int of_string(const unsigned char *t, size_t size, size_t *at)
{
    static const char names[] = "abfnrtv\\'\"", values[] = "\a\b\f\n\r\t\v\\'\"";
    int c = t[(*at)++];
    if (c != '\\') return c;
    if (*at == size) return -1;
    c = t[(*at)++];
    const char *name = c ? strchr(names, c) : NULL;
    if (name) return (unsigned char)values[name - names];
    if (c != 'x' || size - *at < 2) return -1;
    *at += 2;
    return hex(t + *at - 2, 2);
}

int dc3_pickle_decode(const dc3_pickle_value *v, unsigned char *to, size_t *size)
{
    int (*const next[])(const unsigned char *, size_t, size_t *) = {[DC3_PICKLE_UTF8] = of_utf8,
                                                                    [DC3_PICKLE_RAW_UNICODE] = of_raw_unicode,
                                                                    [DC3_PICKLE_STRING] = of_string};
    if (!v || (v->kind != DC3_PICKLE_TEXT && v->kind != DC3_PICKLE_OTHER) || !v->text) return 0;
    *size = v->size;
    if (v->number == DC3_PICKLE_PLAIN) {
        if (to) memcpy(to, v->text, v->size);
        return 1;
    }
    size_t count = 0;
    for (size_t at = 0; at < v->size; count++) {
        int byte = next[v->number](v->text, v->size, &at);
        if (byte < 0) return 0;
        if (to) to[count] = (unsigned char)byte;
    }
    *size = count;
    return 1;
}

static int take_type(const dc3_pickle_value *dtype, dc3_dtype *type)
{
    static const struct {
        const char *name;
        dc3_dtype type;
    } types[] = {{"u1", DC3_U8},  {"i1", DC3_I8},  {"b1", DC3_BOOL}, {"i2", DC3_I16}, {"i4", DC3_I32},
                 {"i8", DC3_I64}, {"f2", DC3_F16}, {"f4", DC3_F32},  {"f8", DC3_F64}};
    const dc3_pickle_value *state = dtype->state;
    if (dtype->kind != DC3_PICKLE_OTHER || !dtype->text || dtype->size != 2) return 0;
    int has_order = state && state->kind == DC3_PICKLE_TUPLE && state->size > 1 &&
                    state->items[1]->kind == DC3_PICKLE_TEXT && state->items[1]->size == 1;
    if (has_order && state->items[1]->text[0] == '>') return 0;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (memcmp(dtype->text, types[i].name, 2) == 0) return *type = types[i].type, 1;
    return 0;
}

/* Sizes of the shape, whose product is `count`. */
static int take_shape(const dc3_pickle_value *shape, size_t count, dc3_tensor *t)
{
    size_t product = 1;
    if (shape->kind != DC3_PICKLE_TUPLE || shape->size > DC3_MAX_DIMS) return 0;
    t->ndim = (int)shape->size;
    for (int i = 0; i < t->ndim; i++) {
        const dc3_pickle_value *size = shape->items[i];
        if (size->kind != DC3_PICKLE_INT || size->number < 1 || (uint64_t)size->number > count / product)
            return 0;
        t->shape[i] = size->number;
        product *= (size_t)size->number;
    }
    return product == count;
}

int dc3_pickle_array(const dc3_pickle_value *value, dc3_tensor *tensor)
{
    enum { VERSION, SHAPE, TYPE, FORTRAN, BYTES, PARTS };
    const dc3_pickle_value *state = value ? value->state : NULL;
    dc3_dtype type;
    size_t size;
    if (!state || value->kind != DC3_PICKLE_ODD || value->number != 1) return 0;
    if (state->kind != DC3_PICKLE_TUPLE || state->size != PARTS) return 0;
    if (!take_type(state->items[TYPE], &type) || !dc3_pickle_decode(state->items[BYTES], NULL, &size))
        return 0;
    const dc3_pickle_value *fortran = state->items[FORTRAN];
    if (fortran->kind != DC3_PICKLE_BOOL && fortran->kind != DC3_PICKLE_INT) return 0;
    *tensor = dc3_view(NULL, type, 0, NULL);
    return size && size % dc3_dtype_size(type) == 0 &&
           take_shape(state->items[SHAPE], size / dc3_dtype_size(type), tensor);
}

const dc3_pickle_value *dc3_pickle_array_bytes(const dc3_pickle_value *array, int *fortran)
{
    *fortran = array->state->items[3]->number != 0;
    return array->state->items[4];
}

dc3_status dc3_pickle_array_copy(const dc3_pickle_value *array, dc3_tensor *tensor)
{
    int fortran;
    const dc3_pickle_value *bytes = dc3_pickle_array_bytes(array, &fortran);
    size_t size = dc3_bytes(tensor), got;
    unsigned char *made = malloc(size), *ordered = made && fortran ? malloc(size) : NULL;
    if (!made || (fortran && !ordered)) {
        free(made);
        return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    }
    dc3_pickle_decode(bytes, made, &got);
    if (fortran) {
        dc3_from_fortran_order(tensor, made, ordered);
        free(made);
    }
    tensor->data = fortran ? ordered : made;
    return DC3_OK;
}
