/* Tensors that a file stores in parts, and parts that it leaves out. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "nn/classifiers/classifier_names.h"

enum { PARTS = 3 }; /* of queries, keys and values */

/* An array of the table's own as a tensor in it. */
static dc3_status add_own(dc3_table *table, const char *name, void *values, dc3_tensor t)
{
    if (!values) return dc3_fail(DC3_ERR_MEMORY, "%s: out of memory", dc3_table_origin(table));
    dc3_status status = dc3_table_own(table, values, free);
    if (status == DC3_OK) return dc3_table_add(table, name, dc3_view(values, t.dtype, t.ndim, t.shape));
    free(values);
    return status;
}

dc3_status dc3_add_zero_bias(dc3_table *table, const char *head)
{
    char weight[DC3_NAME_SIZE], bias[DC3_NAME_SIZE];
    const dc3_tensor *w = dc3_table_find(table, dc3_name(weight, "%s.weight", head));
    if (!w || w->ndim < 1 || dc3_table_find(table, dc3_name(bias, "%s.bias", head))) return DC3_OK;
    DC3_TRY(dc3_table_note(table, "the last layer has no bias"));
    return add_own(table, bias, calloc((size_t)w->shape[0] + 1, sizeof(float)),
                   dc3_view(NULL, DC3_F32, 1, w->shape));
}

dc3_status dc3_add_turned(dc3_table *table, const char *name, dc3_tensor t)
{
    size_t rows = (size_t)t.shape[0], columns = (size_t)t.shape[1], bytes = dc3_bytes(&t),
           each = bytes / (rows * columns);
    char *values = malloc(bytes);
    for (size_t r = 0; values && r < rows; r++)
        for (size_t i = 0; i < columns; i++)
            memcpy(values + (i * rows + r) * each, (const char *)t.data + (r * columns + i) * each, each);
    DC3_TRY(add_own(table, name, values,
                    dc3_view(values, t.dtype, 2, (int64_t[]){(int64_t)columns, (int64_t)rows})));
    return dc3_table_note(table, "the last layer's weight is transposed");
}

static int same_form(const dc3_tensor *a, const dc3_tensor *b)
{
    return a->dtype == b->dtype && a->ndim == b->ndim && a->ndim > 0 &&
           memcmp(a->shape, b->shape, (size_t)a->ndim * sizeof *a->shape) == 0;
}

/* The whole of "name#0", "name#1" and "name#2" along the first axis; biases of keys that are not there are
 * zeros. Parts that do not go together, or lack a weight, stay apart, and the network misses the whole. */
static dc3_status join(dc3_table *table, const char *name)
{
    char text[DC3_NAME_SIZE];
    dc3_tensor part[PARTS] = {{0}};
    for (int i = 0; i < PARTS; i++) {
        const dc3_tensor *found = dc3_table_find(table, dc3_name(text, "%s#%d", name, i));
        if (found) part[i] = *found;
        if (found ? !same_form(&part[0], found) : i != 1 || part[0].ndim != 1) return DC3_OK;
    }
    dc3_tensor whole = part[0];
    size_t bytes = dc3_bytes(&whole);
    char *values = calloc(PARTS, bytes + 1);
    whole.shape[0] *= PARTS;
    for (size_t i = 0; values && i < PARTS; i++)
        if (part[i].data) memcpy(values + i * bytes, part[i].data, bytes);
    return add_own(table, name, values, whole);
}

dc3_status dc3_join_parts(dc3_table *table)
{
    char whole[DC3_NAME_SIZE];
    size_t count = dc3_table_size(table);
    for (size_t i = 0; i < count; i++) {
        const char *name = dc3_table_name(table, i), *mark = strstr(name, "#0");
        if (!mark || mark[2]) continue;
        snprintf(whole, sizeof whole, "%.*s", (int)(mark - name), name);
        if (!dc3_table_find(table, whole)) DC3_TRY(join(table, whole));
    }
    return DC3_OK;
}
