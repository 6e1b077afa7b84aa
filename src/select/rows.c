#include "select/rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "io/npy.h"
#include "io/weights.h"

enum { EMBEDDINGS, LABELS, LOGITS, BINS, ARRAYS };
enum { CONTENTS = 256 }; /* bytes of a text about a table */
static const struct {
    const char *name, *shape;
    int ndim, needed;
} arrays[ARRAYS] = {{"embeddings", "[n, d]", 2, 1},
                    {"labels", "[n]", 1, 1},
                    {"logits", "[n, c]", 2, 0},
                    {"bins", "[n]", 1, 0}};

static dc3_status add_npy(const char *origin, int which, const unsigned char *data, size_t size,
                          dc3_table *table)
{
    return dc3_npy_add(origin, arrays[which].name, data, size, table);
}

static dc3_status parse_embeddings(const char *origin, const unsigned char *data, size_t size,
                                   dc3_table *table)
{
    return add_npy(origin, EMBEDDINGS, data, size, table);
}

static dc3_status parse_labels(const char *origin, const unsigned char *data, size_t size, dc3_table *table)
{
    return add_npy(origin, LABELS, data, size, table);
}

static dc3_status parse_logits(const char *origin, const unsigned char *data, size_t size, dc3_table *table)
{
    return add_npy(origin, LOGITS, data, size, table);
}

static dc3_status parse_bins(const char *origin, const unsigned char *data, size_t size, dc3_table *table)
{
    return add_npy(origin, BINS, data, size, table);
}

/* The .npy of an array beside that of the embeddings, if it is there. */
static dc3_status add_beside(const char *path, int which, dc3_table *table)
{
    static dc3_table_parse *const parse[ARRAYS] = {parse_embeddings, parse_labels, parse_logits, parse_bins};
    const char *slash = strrchr(path, '/');
    char name[32];
    snprintf(name, sizeof name, "%s.npy", arrays[which].name);
    char *folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
    char *beside = folder ? dc3_path_join(folder, name) : NULL;
    dc3_status status = beside ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK && dc3_path_what(beside) == DC3_PATH_FILE) {
        status = dc3_table_map(table, beside, parse[which]);
        if (status == DC3_OK)
            status = dc3_table_note(table, "'%s' of %s beside it", arrays[which].name, name);
    }
    free(beside);
    free(folder);
    return status;
}

static dc3_status open_npy(const char *path, int labelled, dc3_table **table)
{
    DC3_TRY(dc3_table_open(path, parse_embeddings, table));
    dc3_status status = DC3_OK;
    for (int i = LABELS; status == DC3_OK && i < (labelled ? ARRAYS : LABELS + 1); i++)
        status = add_beside(path, i, *table);
    const char *odd;
    if (status == DC3_OK && labelled && !dc3_table_find(*table, arrays[LABELS].name) &&
        !dc3_table_odd_at(*table, 0, &odd))
        status = dc3_fail(
            DC3_ERR_FORMAT,
            "%s: one array, taken for the embeddings; expected labels.npy beside it, found none; or save "
            "both in one file: numpy.savez(FILE, embeddings=..., labels=...)",
            path);
    if (status != DC3_OK) dc3_table_close(table);
    return status;
}

static dc3_status open_any(const char *path, int labelled, int *npy, dc3_table **table)
{
    dc3_mapping map;
    *table = NULL;
    DC3_TRY(dc3_map_open(path, &map));
    *npy = dc3_npy_probe(map.data, map.size);
    dc3_map_close(&map);
    return *npy ? open_npy(path, labelled, table) : dc3_weights_open(path, table);
}

dc3_status dc3_rows_open(const char *path, dc3_table **table)
{
    int npy;
    return open_any(path, 1, &npy, table);
}

static const char *odd_called(const dc3_table *table, const char *name)
{
    const char *what, *odd;
    for (size_t i = 0; (odd = dc3_table_odd_at(table, i, &what)); i++)
        if (strcmp(odd, name) == 0) return what;
    return NULL;
}

int dc3_rows_are_meant(const dc3_table *table)
{
    return dc3_table_find(table, arrays[EMBEDDINGS].name) || odd_called(table, arrays[EMBEDDINGS].name);
}

/* What the table has: "'x' [20, 8], 'y' [20]"; returns text. */
static const char *contents(const dc3_table *table, char text[CONTENTS])
{
    enum { SHOWN = 4 };
    char shape[DC3_SHAPE_TEXT];
    size_t used = 0, size = dc3_table_size(table);
    snprintf(text, CONTENTS, "nothing");
    for (size_t i = 0; i < size && i < SHOWN; i++) {
        const dc3_tensor *t = dc3_table_at(table, i);
        used += (size_t)snprintf(text + used, CONTENTS - used, "%s'%.40s' %s", i ? ", " : "",
                                 dc3_table_name(table, i),
                                 dc3_shape_text(t->ndim, t->shape, shape, sizeof shape));
        if (used >= CONTENTS) return text;
    }
    if (size > SHOWN) snprintf(text + used, CONTENTS - used, ", ..");
    return text;
}

static dc3_status missing(const dc3_table *table, const char *name)
{
    char found[CONTENTS];
    return dc3_fail(DC3_ERR_FORMAT,
                    "%s %s: expected tensors 'embeddings' [n, d] and 'labels' [n], found no '%s', but %s",
                    dc3_setting("from"), dc3_table_origin(table), name, contents(table, found));
}

static int is_float(dc3_dtype type)
{
    return type == DC3_F32 || type == DC3_F16 || type == DC3_BF16 || type == DC3_F64;
}

static int is_small_integer(dc3_dtype type)
{
    return type == DC3_U8 || type == DC3_I8 || type == DC3_U16 || type == DC3_I16;
}

static dc3_status check_type(const dc3_table *table, int which, const dc3_tensor *t)
{
    int numbers = arrays[which].ndim == 2;
    if (numbers ? is_float(t->dtype) || is_small_integer(t->dtype) : !is_float(t->dtype)) return DC3_OK;
    return dc3_fail(DC3_ERR_FORMAT, "%s: '%s': expected %s, found %s; in NumPy x.astype('%s') converts them",
                    dc3_table_origin(table), arrays[which].name,
                    numbers ? "numbers with a fraction" : "whole numbers", dc3_dtype_name(t->dtype),
                    numbers ? "float32" : "int64");
}

/* [n, k] of labels has a column for each class. */
static const char *how_to_flatten(const dc3_tensor *t, int ndim)
{
    if (ndim == 2) return t->ndim ? "x.reshape(len(x), -1)" : "x.reshape(1, 1)";
    return t->ndim == 2 && t->shape[0] > 1 && t->shape[1] > 1 ? "x.argmax(1)" : "x.reshape(-1)";
}

static dc3_status check_array(const dc3_table *table, int which)
{
    const char *name = arrays[which].name, *odd = odd_called(table, name);
    const dc3_tensor *t = dc3_table_find(table, name), *x = dc3_table_find(table, arrays[EMBEDDINGS].name);
    char shape[DC3_SHAPE_TEXT], wanted[64];
    if (odd)
        return dc3_fail(DC3_ERR_FORMAT, "%s: '%s': expected numbers, found %s", dc3_table_origin(table), name,
                        odd);
    if (!t) return arrays[which].needed ? missing(table, name) : DC3_OK;
    dc3_shape_text(t->ndim, t->shape, shape, sizeof shape);
    if (t->ndim != arrays[which].ndim)
        return dc3_fail(DC3_ERR_FORMAT,
                        "%s: '%s': expected %d dimension%s %s, found %s; in NumPy %s makes it one",
                        dc3_table_origin(table), name, arrays[which].ndim, arrays[which].ndim == 1 ? "" : "s",
                        arrays[which].shape, shape, how_to_flatten(t, arrays[which].ndim));
    snprintf(wanted, sizeof wanted, "%lld rows, as many as 'embeddings' has", (long long)x->shape[0]);
    if (t->shape[0] != x->shape[0])
        return dc3_fail(DC3_ERR_FORMAT, "%s: '%s': expected %s, found %s", dc3_table_origin(table), name,
                        wanted, shape);
    return check_type(table, which, t);
}

/* Those called embeddings, or the only array of two dimensions; NULL: there is none, or there are several. */
static const dc3_tensor *find_embeddings(const dc3_table *table)
{
    const dc3_tensor *found = dc3_table_find(table, arrays[EMBEDDINGS].name);
    int count = 0;
    for (size_t i = 0; !found && i < dc3_table_size(table); i++) count += dc3_table_at(table, i)->ndim == 2;
    for (size_t i = 0; !found && count == 1 && i < dc3_table_size(table); i++)
        if (dc3_table_at(table, i)->ndim == 2) found = dc3_table_at(table, i);
    return found;
}

/* 1 if labels of a file of their own can be those of the rows x, and not of another file beside it. */
static int are_of(const dc3_tensor *labels, const dc3_tensor *x)
{
    return labels && labels->ndim == 1 && labels->shape[0] == x->shape[0] && !is_float(labels->dtype);
}

static dc3_status take_embeddings(const dc3_table *table, int npy, const dc3_tensor **embeddings,
                                  const dc3_tensor **labels)
{
    char found[CONTENTS];
    const dc3_tensor *x = *embeddings = find_embeddings(table);
    if (dc3_rows_are_meant(table)) {
        DC3_TRY(check_array(table, EMBEDDINGS));
        *labels = dc3_table_find(table, arrays[LABELS].name);
        if (npy && !are_of(*labels, x)) *labels = NULL;
        return *labels ? check_array(table, LABELS) : DC3_OK;
    }
    if (x) return check_type(table, EMBEDDINGS, x);
    return dc3_fail(DC3_ERR_FORMAT,
                    "%s: expected an array 'embeddings' [n, d], or one of two dimensions alone; found %s",
                    dc3_table_origin(table), contents(table, found));
}

dc3_status dc3_rows_open_embeddings(const char *path, dc3_table **table, const dc3_tensor **embeddings,
                                    const dc3_tensor **labels)
{
    int npy;
    *labels = NULL;
    DC3_TRY(open_any(path, 0, &npy, table));
    const char *texts = odd_called(*table, "paths");
    dc3_status status = take_embeddings(*table, npy, embeddings, labels);
    if (status == DC3_OK && texts)
        status = dc3_fail(DC3_ERR_FORMAT,
                          "%s: 'paths': found %s; expected them in a file beside it, a line each "
                          "(docs/formats.md)",
                          path, texts);
    if (status != DC3_OK) dc3_table_close(table);
    return status;
}

dc3_status dc3_rows_check(const dc3_table *table)
{
    for (int i = 0; i < ARRAYS; i++) DC3_TRY(check_array(table, i));
    return DC3_OK;
}

static void *make(dc3_rows *rows, int64_t count, size_t each)
{
    void *made = malloc((size_t)count * each + 1);
    if (made) rows->made[rows->made_count++] = made;
    return made;
}

int64_t dc3_rows_integer(const dc3_tensor *t, int64_t i)
{
    switch (t->dtype) {
    case DC3_I8:
        return ((const int8_t *)t->data)[i];
    case DC3_U16:
        return ((const uint16_t *)t->data)[i];
    case DC3_I16:
        return ((const int16_t *)t->data)[i];
    case DC3_I32:
        return ((const int32_t *)t->data)[i];
    case DC3_U32:
        return ((const uint32_t *)t->data)[i];
    case DC3_U64: /* what does not fit is negative, and refused as such */
    case DC3_I64:
        return ((const int64_t *)t->data)[i];
    default:
        return ((const uint8_t *)t->data)[i];
    }
}

dc3_status dc3_rows_floats(const dc3_tensor *t, int64_t first, int64_t count, float *to)
{
    const char *from = (const char *)t->data + (size_t)first * dc3_dtype_size(t->dtype);
    if (is_float(t->dtype)) return dc3_convert(from, t->dtype, to, DC3_F32, count);
    for (int64_t i = 0; i < count; i++) to[i] = (float)dc3_rows_integer(t, first + i);
    return DC3_OK;
}

static dc3_status take_floats(const dc3_table *table, int which, dc3_rows *rows, const float **values)
{
    const dc3_tensor *t = dc3_table_find(table, arrays[which].name);
    *values = t ? t->data : NULL;
    if (!t || t->dtype == DC3_F32) return DC3_OK;
    int64_t n = dc3_count(t);
    float *made = make(rows, n, sizeof *made);
    if (!made) return dc3_fail(DC3_ERR_MEMORY, "%s: out of memory", dc3_table_origin(table));
    *values = made;
    return dc3_rows_floats(t, 0, n, made);
}

static dc3_status take_integers(const dc3_table *table, int which, dc3_rows *rows, const int64_t **values)
{
    const dc3_tensor *t = dc3_table_find(table, arrays[which].name);
    *values = t ? t->data : NULL;
    if (!t || t->dtype == DC3_I64) return DC3_OK;
    int64_t n = dc3_count(t);
    int64_t *made = make(rows, n, sizeof *made);
    if (!made) return dc3_fail(DC3_ERR_MEMORY, "%s: out of memory", dc3_table_origin(table));
    for (int64_t i = 0; i < n; i++) made[i] = dc3_rows_integer(t, i);
    *values = made;
    return DC3_OK;
}

dc3_status dc3_rows_take(const dc3_table *table, dc3_rows *rows)
{
    *rows = (dc3_rows){0};
    DC3_TRY(dc3_rows_check(table));
    const dc3_tensor *x = dc3_table_find(table, arrays[EMBEDDINGS].name),
                     *z = dc3_table_find(table, arrays[LOGITS].name);
    rows->n = x->shape[0];
    rows->d = x->shape[1];
    rows->c = z ? z->shape[1] : 0;
    DC3_TRY(take_floats(table, EMBEDDINGS, rows, &rows->embeddings));
    DC3_TRY(take_floats(table, LOGITS, rows, &rows->logits));
    DC3_TRY(take_integers(table, LABELS, rows, &rows->labels));
    return take_integers(table, BINS, rows, &rows->bins);
}

void dc3_rows_free(dc3_rows *rows)
{
    while (rows->made_count) free(rows->made[--rows->made_count]);
}
