/* Weights that a file stores as factors. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "nn/classifiers/classifier_names.h"

/* What the names of the two factors end in, and how they are multiplied. */
static const struct {
    const char *first, *second, *what;
    int norms; /* the first is the norm of each row of the second; else they are multiplied by elements */
} forms[] = {{".weight_g", ".weight_v", "weight norm", 1},
             {".parametrizations.weight.original0", ".parametrizations.weight.original1", "weight norm", 1},
             {".weight_orig", ".weight_mask", "pruning", 0}};
enum { FORMS = sizeof forms / sizeof *forms };

/* Bytes before `end` in a name that ends in it, else 0. */
static size_t stem_of(const char *name, const char *end)
{
    size_t size = strlen(name), length = strlen(end);
    return size > length && size < DC3_NAME_SIZE / 2 && strcmp(name + size - length, end) == 0 ? size - length
                                                                                               : 0;
}

int dc3_has_factors(const dc3_table *table)
{
    for (size_t i = 0; i < dc3_table_size(table); i++)
        for (int k = 0; k < FORMS; k++)
            if (stem_of(dc3_table_name(table, i), forms[k].first)) return 1;
    return 0;
}

/* v [rows, columns] becomes g v / |v|, and of pruning a b. */
static void multiply(const float *first, float *second, int64_t rows, int64_t columns, int norms)
{
    for (int64_t r = 0; r < rows; r++) {
        float *row = second + r * columns;
        double sum = 0;
        for (int64_t i = 0; norms && i < columns; i++) sum += (double)row[i] * row[i];
        double rate = norms && sum > 0 ? first[r] / sqrt(sum) : 0;
        for (int64_t i = 0; i < columns; i++)
            row[i] = (float)(row[i] * (norms ? rate : (double)first[r * columns + i]));
    }
}

static int fit(const dc3_tensor *first, const dc3_tensor *second, int norms)
{
    int64_t count = dc3_count(first);
    return second->ndim >= 2 && second->shape[0] > 0 &&
           count == (norms ? second->shape[0] : dc3_count(second));
}

static dc3_status add_product(dc3_table *table, const char *name, const dc3_tensor *first,
                              const dc3_tensor *second, int norms)
{
    int64_t n = dc3_count(second), m = dc3_count(first);
    float *values = calloc((size_t)n + 1, sizeof *values), *rates = calloc((size_t)m + 1, sizeof *rates);
    dc3_status status =
        values && rates ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "%s: out of memory", dc3_table_origin(table));
    if (status == DC3_OK) status = dc3_convert(second->data, second->dtype, values, DC3_F32, n);
    if (status == DC3_OK) status = dc3_convert(first->data, first->dtype, rates, DC3_F32, m);
    if (status == DC3_OK) {
        multiply(rates, values, second->shape[0], n / second->shape[0], norms);
        status = dc3_table_own(table, values, free);
        if (status == DC3_OK) {
            dc3_tensor whole = dc3_view(values, DC3_F32, second->ndim, second->shape);
            values = NULL;
            status = dc3_table_add(table, name, whole);
        }
    }
    free(values);
    free(rates);
    return status;
}

dc3_status dc3_multiply_factors(dc3_table *table)
{
    char name[DC3_NAME_SIZE];
    size_t size = dc3_table_size(table), counts[FORMS] = {0};
    for (size_t i = 0; i < size; i++)
        for (int k = 0; k < FORMS; k++) {
            const char *file_name = dc3_table_name(table, i);
            size_t stem = stem_of(file_name, forms[k].first);
            if (!stem) continue;
            const dc3_tensor *second =
                dc3_table_find(table, dc3_name(name, "%.*s%s", (int)stem, file_name, forms[k].second));
            dc3_tensor first = *dc3_table_at(table, i);
            if (!second || !fit(&first, second, forms[k].norms)) continue;
            if (dc3_table_find(table, dc3_name(name, "%.*s.weight", (int)stem, file_name))) continue;
            dc3_tensor other = *second;
            DC3_TRY(add_product(table, name, &first, &other, forms[k].norms));
            counts[k]++;
        }
    for (int k = 0; k < FORMS; k++)
        if (counts[k])
            DC3_TRY(dc3_table_note(table, "%zu weight%s made from the factors of %s", counts[k],
                                   counts[k] == 1 ? " was" : "s were", forms[k].what));
    return DC3_OK;
}
