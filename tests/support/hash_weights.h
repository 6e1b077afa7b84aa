/* Weights by a formula, the same as tools/golden/classifiers.py makes: for networks too large to store. */
#ifndef DC3_TESTS_HASH_WEIGHTS_H
#define DC3_TESTS_HASH_WEIGHTS_H

#include <jansson.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "tensor/table.h"

/* Uniform in [-0.5, 0.5), 24 bits, of element `index` of the tensor whose name has this FNV-1a hash. */
static inline double hash_uniform(uint32_t name_hash, int64_t index)
{
    uint32_t x = name_hash + 0x9E3779B9u * (uint32_t)index;
    x = (x ^ (x >> 16)) * 0x7FEB352Du;
    x = (x ^ (x >> 15)) * 0x846CA68Bu;
    x ^= x >> 16;
    return (x >> 8) / 16777216.0 - 0.5;
}

static inline uint32_t hash_name(const char *name)
{
    uint32_t h = 0x811C9DC5u;
    for (; *name; name++) h = (h ^ (unsigned char)*name) * 0x01000193u;
    return h;
}

static inline int hash_ends_with(const char *name, const char *end)
{
    size_t n = strlen(name), m = strlen(end);
    return n >= m && !strcmp(name + n - m, end);
}

/* Fills x with the weights of a tensor; gain: the offset of a norm's weight. */
static inline void hash_weights(const char *name, int ndim, const int64_t *shape, double gain, float *x)
{
    int64_t fan_in = 1, n = shape[0];
    for (int d = 1; d < ndim; d++) fan_in *= shape[d];
    double offset = 0, width = 0.2;
    if (ndim >= 2) n *= fan_in;
    if (hash_ends_with(name, ".logit_scale")) {
        offset = 1, width = 3;
    } else if (ndim >= 2) {
        width = sqrt(24.0 / (double)fan_in);
    } else if (hash_ends_with(name, ".running_var")) {
        offset = width = 1;
    } else if (hash_ends_with(name, ".weight")) {
        offset = gain;
    }
    uint32_t h = hash_name(name);
    for (int64_t i = 0; i < n; i++) x[i] = (float)(offset + width * hash_uniform(h, i));
}

/* Two images [2, size, size, 3]; the formula counts [2, 3, size, size]. The caller frees. */
static inline float *hash_images(int64_t size)
{
    char name[32] = "input";
    int64_t plane = size * size;
    for (int64_t digit = 100; digit; digit /= 10)
        if (size >= digit) name[strlen(name)] = (char)('0' + size / digit % 10);
    float *x = malloc((size_t)(6 * plane) * sizeof *x);
    for (int64_t i = 0; x && i < 6 * plane; i++)
        x[(i / (3 * plane) * plane + i % plane) * 3 + i / plane % 3] =
            (float)(4 * hash_uniform(hash_name(name), i));
    return x;
}

/* Input `name` [n, c, pixels] by the formula as [n, pixels, c]; the caller frees. */
static inline float *hash_inputs(const char *name, int64_t n, int64_t c, int64_t pixels)
{
    float *x = malloc((size_t)(n * c * pixels) * sizeof *x);
    for (int64_t i = 0; x && i < n * c * pixels; i++)
        x[(i / (c * pixels) * pixels + i % pixels) * c + i / pixels % c] =
            (float)(4 * hash_uniform(hash_name(name), i));
    return x;
}

/* All tensors of the network `net` in nets.json (parsed), as a table that the caller closes; NULL without
 * memory or where `net` is unknown. */
static inline dc3_table *hash_weights_table(const json_t *nets, const char *net)
{
    const char *name;
    const json_t *entry = json_object_get(nets, net), *gain = json_object_get(entry, "gain");
    json_t *sizes, *tensors = json_object_get(entry, "tensors");
    dc3_table *table = tensors ? dc3_table_new(net) : NULL;
    if (!table) return NULL;
    json_object_foreach(tensors, name, sizes)
    {
        int64_t shape[DC3_MAX_DIMS];
        int ndim = (int)json_array_size(sizes);
        for (int d = 0; d < ndim; d++) shape[d] = json_integer_value(json_array_get(sizes, (size_t)d));
        dc3_tensor t = dc3_view(NULL, DC3_F32, ndim, shape);
        t.data = malloc(dc3_bytes(&t));
        if (!t.data || dc3_table_own(table, t.data, free) != DC3_OK ||
            dc3_table_add(table, name, t) != DC3_OK) {
            dc3_table_close(&table);
            return NULL;
        }
        hash_weights(name, ndim, shape, gain ? json_number_value(gain) : 0.6, t.data);
    }
    return table;
}

#endif
