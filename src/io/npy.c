/* The format: "\x93NUMPY", major and minor version, the header's size in 2 bytes (4 since version 2), the
 * header, a Python dict {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }, then the values. */
#include "io/npy.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "io/fortran_order.h"
#include "io/found.h"

static const char magic[] = "\x93NUMPY";
enum { MAGIC = sizeof magic - 1, HEADER = 1 << 16, TYPE = 32, ODD = 160 };

int dc3_npy_probe(const unsigned char *data, size_t size)
{
    return size >= MAGIC + 4 && memcmp(data, magic, MAGIC) == 0;
}

static dc3_status bad(const char *origin, const char *name, const char *expected, const char *found)
{
    return dc3_fail(DC3_ERR_FORMAT, "%s: array '%.200s': expected %s, found %.60s", origin, name, expected,
                    found);
}

/* What stands behind 'key': in the header, or NULL. */
static const char *value_of(const char *header, const char *key)
{
    char quoted[32];
    snprintf(quoted, sizeof quoted, "'%s':", key);
    const char *found = strstr(header, quoted);
    if (!found) return NULL;
    found += strlen(quoted);
    return found + strspn(found, " ");
}

typedef struct array {
    dc3_tensor tensor;
    int fortran;
    char odd[ODD]; /* what it is, if it cannot be read */
} array;

/* The type by its letters, "<f4". */
static void take_type(const char *descr, array *a)
{
    static const struct {
        const char *letters;
        dc3_dtype type;
    } types[] = {{"f4", DC3_F32}, {"f2", DC3_F16}, {"f8", DC3_F64}, {"i8", DC3_I64},
                 {"i4", DC3_I32}, {"i2", DC3_I16}, {"i1", DC3_I8},  {"u1", DC3_U8},
                 {"u2", DC3_U16}, {"u4", DC3_U32}, {"u8", DC3_U64}, {"b1", DC3_BOOL}};
    char text[TYPE] = "";
    if (*descr != '\'') {
        snprintf(a->odd, ODD, "an array of records");
        return;
    }
    snprintf(text, sizeof text, "%.*s", (int)strcspn(descr + 1, "'"), descr + 1);
    const char *letters = strchr("<>|=", *text) && *text ? text + 1 : text;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(letters, types[i].letters) == 0) {
            a->tensor.dtype = types[i].type;
            if (*text == '>' && dc3_dtype_size(types[i].type) > 1)
                snprintf(a->odd, ODD,
                         "an array of big-endian values (%s); x.astype('<%s') makes one that is read", text,
                         letters);
            return;
        }
    const char *what = *letters == 'O'   ? "Python objects, of which nothing is read"
                       : *letters == 'U' ? "texts"
                       : *letters == 'S' ? "bytes"
                       : *letters == 'c' ? "complex numbers"
                                         : "values of another type";
    snprintf(a->odd, ODD, "an array of %s (%s)", what, text);
}

/* "(3, 4)", "(3,)", "()"; returns 0 where it is none. */
static int take_shape(const char *text, array *a)
{
    int more = 0;
    if (*text++ != '(') return 0;
    for (text += strspn(text, " "); *text != ')'; text += strspn(text, "L, ")) {
        char *end;
        unsigned long long size = strtoull(text, &end, 10);
        if (end == text || *text == '-' || size > INT64_MAX) return 0;
        text = end;
        if (a->tensor.ndim < DC3_MAX_DIMS)
            a->tensor.shape[a->tensor.ndim++] = (int64_t)size;
        else
            more++;
    }
    if (more && !*a->odd) snprintf(a->odd, ODD, "an array of %d dimensions", DC3_MAX_DIMS + more);
    return 1;
}

static dc3_status take_header(const char *origin, const char *name, const char *header, array *a)
{
    const char *descr = value_of(header, "descr"), *order = value_of(header, "fortran_order"),
               *shape = value_of(header, "shape");
    if (!descr || !order || !shape)
        return bad(origin, name, "a header with descr, fortran_order and shape", header);
    take_type(descr, a);
    a->fortran = strncmp(order, "True", 4) == 0;
    return take_shape(shape, a) ? DC3_OK : bad(origin, name, "a shape of sizes", shape);
}

/* As many bytes as the shape says lie in `left`; products stay below it. */
static dc3_status check_size(const char *origin, const char *name, const array *a, size_t left)
{
    const dc3_tensor *t = &a->tensor;
    size_t most = left / dc3_dtype_size(t->dtype);
    int64_t count = 1;
    char shape[DC3_SHAPE_TEXT], found[32];
    int empty = 0, fits = 1;
    for (int i = 0; i < t->ndim; i++) empty |= !t->shape[i];
    if (empty) most = INT32_MAX; /* the others' product must fit too */
    for (int i = 0; fits && i < t->ndim; i++) {
        fits = (uint64_t)t->shape[i] <= most / (uint64_t)count;
        if (fits && t->shape[i]) count *= t->shape[i];
    }
    if (fits && (uint64_t)count <= most) return DC3_OK;
    snprintf(found, sizeof found, "%zu bytes", left);
    dc3_shape_text(t->ndim, t->shape, shape, sizeof shape);
    return dc3_fail(DC3_ERR_FORMAT,
                    "%s: array '%.200s': expected %s values of %s, found only %s (is the file truncated?)",
                    origin, name, shape, dc3_dtype_name(t->dtype), found);
}

static dc3_status copy(const char *origin, array *a, const unsigned char *values, dc3_table *table)
{
    size_t bytes = dc3_bytes(&a->tensor);
    unsigned char *made = malloc(bytes + 1);
    if (!made) return dc3_fail(DC3_ERR_MEMORY, "%s: out of memory", origin);
    if (a->fortran)
        dc3_from_fortran_order(&a->tensor, values, made);
    else
        memcpy(made, values, bytes);
    a->tensor.data = made;
    dc3_status status = dc3_table_own(table, made, free);
    if (status != DC3_OK) free(made);
    return status;
}

dc3_status dc3_npy_add(const char *origin, const char *name, const unsigned char *data, size_t size,
                       dc3_table *table)
{
    array a = {.tensor = {.ndim = 0}};
    if (!dc3_npy_probe(data, size)) return dc3_fail_found(origin, "a NumPy array", data, size);
    size_t wide = data[MAGIC] >= 2 ? 4 : 2, at = MAGIC + 2, length = 0;
    if (size < at + wide) return bad(origin, name, "a header", "the end of the file");
    for (size_t i = wide; i > 0; i--) length = length << 8 | data[at + i - 1];
    at += wide;
    if (data[MAGIC] < 1 || data[MAGIC] > 3 || length > HEADER || length > size - at)
        return bad(origin, name, "a header of version 1 to 3",
                   length > size - at ? "the end of the file" : "another");
    char *header = malloc(length + 1);
    if (!header) return dc3_fail(DC3_ERR_MEMORY, "%s: out of memory", origin);
    memcpy(header, data + at, length);
    header[length] = 0;
    dc3_status status = take_header(origin, name, header, &a);
    free(header);
    DC3_TRY(status);
    if (*a.odd) return dc3_table_add_odd(table, name, a.odd);
    at += length;
    DC3_TRY(check_size(origin, name, &a, size - at));
    a.tensor.data = (void *)(uintptr_t)(data + at);
    int aligned = (uintptr_t)a.tensor.data % dc3_dtype_size(a.tensor.dtype) == 0;
    if (dc3_count(&a.tensor) && ((a.fortran && a.tensor.ndim > 1) || !aligned))
        DC3_TRY(copy(origin, &a, data + at, table));
    return dc3_table_add(table, name, a.tensor);
}

dc3_status dc3_npy_parse(const char *origin, const unsigned char *data, size_t size, dc3_table *table)
{
    char name[256];
    const char *slash = strrchr(origin, '/'), *first = slash ? slash + 1 : origin, *dot = strrchr(first, '.');
    snprintf(name, sizeof name, "%.*s", dot && dot > first ? (int)(dot - first) : (int)strlen(first), first);
    return dc3_npy_add(origin, name, data, size, table);
}
