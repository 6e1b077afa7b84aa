#include "nn/module.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "kernels/registry.h"
#include "nn/module_private.h"

struct dc3_module {
    const dc3_device *device;
    dc3_table *table;
    dc3_status status;
    double parameters;
    unsigned char *used; /* of the table's tensors, 1 for those taken */
    const char **begun;  /* of each first part of their names, one name */
    size_t begun_count;
    void **owned; /* memory of the host */
    size_t owned_count;
    dc3_tensor **tensors; /* memory of the device; each in memory of `owned` */
    size_t tensor_count;
    dc3_weight **weights;
    size_t weight_count;
    int trainable, create, some; /* some: only what `trained` says is trained */
    dc3_trained trained;
    uint64_t seed;
    dc3_init init;
    dc3_param **params; /* each of its own, so that pointers to them last while more are taken */
    size_t param_count;
    dc3_param *list; /* the same as one array, made when it is asked for */
};

static void prepare(dc3_module *module, const dc3_opening *how)
{
    module->trainable = how->train || how->trained;
    module->create = how->create;
    module->seed = how->trained ? how->trained->seed : how->seed;
    if (!how->trained) return;
    module->some = 1;
    module->trained = *how->trained;
}

dc3_status dc3_module_open(const dc3_device *device, dc3_table **table, dc3_opening how, dc3_module **out)
{
    dc3_table *empty = table && *table ? NULL : dc3_table_new("new network"), **from = empty ? &empty : table;
    dc3_module *module = *out = calloc(1, sizeof *module);
    dc3_status status = module && from && *from ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK && !device) status = dc3_device_find(NULL, &device);
    if (status != DC3_OK) {
        free(module);
        *out = NULL;
        dc3_table_close(from);
        return status;
    }
    prepare(module, &how);
    module->device = device;
    module->table = *from;
    *from = NULL;
    return DC3_OK;
}

void dc3_module_close(dc3_module **module)
{
    dc3_module *m = *module;
    if (!m) return;
    for (size_t i = 0; i < m->weight_count; i++) dc3_weight_release(m->weights[i]);
    for (size_t i = 0; i < m->tensor_count; i++) dc3_tensor_free(m->tensors[i]);
    for (size_t i = 0; i < m->owned_count; i++) free(m->owned[i]);
    free(m->begun);
    free(m->weights);
    free(m->params);
    free(m->tensors);
    free(m->owned);
    dc3_table_close(&m->table);
    free(m);
    *module = NULL;
}

dc3_status dc3_module_status(const dc3_module *module)
{
    return module->status;
}

dc3_status dc3_module_fail(dc3_module *module, dc3_status status)
{
    if (module->status == DC3_OK) module->status = status;
    return status;
}

const dc3_table *dc3_module_table(const dc3_module *module)
{
    return module->table;
}

/* Bytes of a name's first part; 0 for a name of one part. */
static size_t first_part(const char *name)
{
    size_t length = strcspn(name, ".");
    return name[length] ? length : 0;
}

static int is_begun(const dc3_module *m, const char *name)
{
    size_t length = first_part(name);
    for (size_t i = 0; i < m->begun_count; i++)
        if (first_part(m->begun[i]) == length && strncmp(m->begun[i], name, length) == 0) return 1;
    return 0;
}

/* Tables and masks that follow from the network, and parts of what was taken whole. */
static int is_derived(const char *name)
{
    static const char *const ends[] = {"relative_coords_table",
                                       "attn_mask",
                                       "num_batches_tracked",
                                       "k_bias",
                                       "#0",
                                       "#1",
                                       "#2",
                                       ".original0",
                                       ".original1",
                                       ".weight_g",
                                       ".weight_v",
                                       ".weight_orig",
                                       ".weight_mask"};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        size_t length = strlen(ends[i]), size = strlen(name);
        if (size >= length && strcmp(name + size - length, ends[i]) == 0) return 1;
    }
    return 0;
}

const char *dc3_module_left_over(const dc3_module *m, size_t *count)
{
    const char *first = NULL;
    *count = 0;
    for (size_t i = 0; m->used && i < dc3_table_size(m->table); i++) {
        dc3_dtype type = dc3_table_at(m->table, i)->dtype;
        const char *name = dc3_table_name(m->table, i);
        int numbers = type == DC3_F32 || type == DC3_F16 || type == DC3_BF16 || type == DC3_F64;
        if (m->used[i] || !numbers || is_derived(name) || !is_begun(m, name)) continue;
        if (!first) first = name;
        ++*count;
    }
    return first;
}

double dc3_module_parameters(const dc3_module *module)
{
    return module->parameters;
}

static int out_of_memory(dc3_module *module)
{
    dc3_module_fail(module, dc3_fail(DC3_ERR_MEMORY, "%s: out of memory", dc3_table_origin(module->table)));
    return 0;
}

/* Makes room for one more pointer in a list that grows at powers of two. */
static int grow(dc3_module *module, void **list, size_t count)
{
    if (count & (count - 1) || (count && count < 16)) return 1;
    if (count == 0) count = 8;
    void *larger = realloc(*list, 2 * count * sizeof(void *));
    if (!larger) return out_of_memory(module);
    *list = larger;
    return 1;
}

void *dc3_module_alloc(dc3_module *m, size_t count, size_t size)
{
    if (m->status != DC3_OK || !grow(m, (void **)&m->owned, m->owned_count)) return NULL;
    void *memory = calloc(count ? count : 1, size);
    if (!memory) out_of_memory(m);
    if (memory) m->owned[m->owned_count++] = memory;
    return memory;
}

static dc3_tensor new_tensor(dc3_module *m, dc3_dtype dtype, int ndim, const int64_t *shape)
{
    dc3_tensor *t = dc3_module_alloc(m, 1, sizeof *t);
    if (!t || !grow(m, (void **)&m->tensors, m->tensor_count)) return (dc3_tensor){0};
    if (dc3_module_fail(m, dc3_tensor_alloc(m->device, dtype, ndim, shape, t)) != DC3_OK)
        return (dc3_tensor){0};
    m->tensors[m->tensor_count++] = t;
    return *t;
}

dc3_tensor dc3_module_tensor(dc3_module *m, int ndim, const int64_t *shape)
{
    return new_tensor(m, DC3_F32, ndim, shape);
}

dc3_tensor dc3_module_place(dc3_module *m, int ndim, const int64_t *shape, const float *values)
{
    dc3_tensor t = dc3_module_tensor(m, ndim, shape);
    if (m->status == DC3_OK) dc3_module_fail(m, dc3_tensor_write(&t, values));
    return m->status == DC3_OK ? t : (dc3_tensor){0};
}

const char *dc3_name(char *text, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(text, DC3_NAME_SIZE, format, args);
    va_end(args);
    return text;
}

int dc3_module_has(const dc3_module *module, const char *prefix, const char *name)
{
    char text[DC3_NAME_SIZE];
    return dc3_table_find(module->table, dc3_name(text, "%s.%s", prefix, name)) != NULL;
}

int dc3_module_is_trainable(const dc3_module *module)
{
    return module->trainable;
}

const dc3_trained *dc3_module_trained(const dc3_module *module)
{
    return module->some ? &module->trained : NULL;
}

/* Whether the tensor of this whole name is a parameter. */
static int is_trained(const dc3_module *m, const char *name)
{
    if (!m->trainable || !m->some) return m->trainable;
    return m->trained.chosen && m->trained.chosen(name);
}

int dc3_module_trains(const dc3_module *module, const char *prefix, const char *name)
{
    char text[DC3_NAME_SIZE];
    return is_trained(module, dc3_name(text, "%s%s%s", prefix, *prefix ? "." : "", name));
}

void dc3_module_init(dc3_module *module, dc3_init init)
{
    module->init = init;
}

dc3_param *dc3_module_params(dc3_module *m, size_t *count)
{
    if (!m->list) m->list = dc3_module_alloc(m, m->param_count, sizeof *m->list);
    *count = m->list ? m->param_count : 0;
    for (size_t i = 0; i < *count; i++) m->list[i] = *m->params[i];
    return m->list;
}

/* The values of t: the file's as f32, or without a file's those that it begins with. */
static dc3_status set_values(const dc3_first_values *first, const char *name, const dc3_tensor *found,
                             const dc3_tensor *t)
{
    int64_t n = dc3_count(t);
    int host = dc3_tensor_is_host(t);
    dc3_status status = DC3_OK;
    float *values = host ? t->data : malloc((size_t)n * sizeof *values);
    if (!values) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (found)
        status = dc3_convert(found->data, found->dtype, values, DC3_F32, n);
    else {
        memset(values, 0, (size_t)n * sizeof *values);
        dc3_initial_values(first, name, t->ndim, t->shape, values);
    }
    if (host) return status;
    if (status == DC3_OK) status = dc3_tensor_write(t, values);
    free(values);
    return status;
}

/* A parameter of its own from the file's tensor, or a new one. */
static const dc3_tensor *take_param(dc3_module *m, const char *name, int ndim, const int64_t *shape,
                                    const dc3_tensor *found, double fan_in, const dc3_place *place)
{
    dc3_first_values first = {m->init, m->seed, fan_in};
    dc3_param *p = dc3_module_alloc(m, 1, sizeof *p);
    char *copy = dc3_module_alloc(m, strlen(name) + 1, 1);
    dc3_place own = {0};
    if (found) ndim = found->ndim, shape = found->shape;
    if (!place) {
        own.value = dc3_module_tensor(m, ndim, shape);
        if (!dc3_name_is_buffer(name)) own.gradient = dc3_module_tensor(m, ndim, shape);
    }
    if (m->status != DC3_OK || !grow(m, (void **)&m->params, m->param_count)) return NULL;
    strcpy(copy, name);
    *p = (dc3_param){copy, place ? place->value : own.value, place ? place->gradient : own.gradient, NULL};
    m->params[m->param_count++] = p;
    dc3_status status = set_values(&first, name, found, &p->value);
    if (status == DC3_OK && p->gradient.data) status = dc3_tensor_zero(&p->gradient);
    if (status == DC3_OK) status = dc3_check_cancel(); /* a large network takes seconds */
    if (dc3_module_fail(m, status) != DC3_OK) return NULL;
    if (!dc3_name_is_buffer(name)) m->parameters += (double)dc3_count(&p->value);
    return &p->value;
}

static int mark_used(dc3_module *m, size_t place)
{
    const char *name = dc3_table_name(m->table, place);
    if (!m->used && !(m->used = dc3_module_alloc(m, dc3_table_size(m->table), 1))) return 0;
    m->used[place] = 1;
    if (is_begun(m, name)) return 1;
    if (!grow(m, (void **)&m->begun, m->begun_count)) return 0;
    m->begun[m->begun_count++] = name;
    return 1;
}

static const dc3_tensor *take(dc3_module *m, const char *prefix, const char *name, int ndim,
                              const int64_t *shape, double fan_in, const dc3_place *place)
{
    char text[DC3_NAME_SIZE];
    const dc3_tensor *found = NULL;
    if (m->status != DC3_OK) return NULL;
    dc3_name(text, "%s%s%s", prefix, *prefix ? "." : "", name);
    if (m->create && !dc3_table_find(m->table, text))
        return take_param(m, text, ndim, shape, NULL, fan_in, place);
    dc3_status status = dc3_table_get(m->table, text, ndim, shape, &found);
    if (status == DC3_OK && found->dtype != DC3_F32 && found->dtype != DC3_F16 && found->dtype != DC3_BF16 &&
        found->dtype != DC3_F64)
        status = dc3_fail(DC3_ERR_FORMAT, "%s: tensor '%s' should hold f32, f16, bf16 or f64, holds %s",
                          dc3_table_origin(m->table), text, dc3_dtype_name(found->dtype));
    if (dc3_module_fail(m, status) != DC3_OK) return NULL;
    if (!mark_used(m, dc3_table_place(m->table, text))) return NULL;
    if (is_trained(m, text)) return take_param(m, text, ndim, shape, found, fan_in, place);
    m->parameters += (double)dc3_count(found);
    return found;
}

const dc3_tensor *dc3_take_tensor(dc3_module *m, const char *prefix, const char *name, int ndim,
                                  const int64_t *shape)
{
    return take(m, prefix, name, ndim, shape, 0, NULL);
}

/* What was taken is a parameter, not the file's tensor. */
static int is_param(const dc3_tensor *found)
{
    return found->id != 0;
}

dc3_tensor dc3_take_stored(dc3_module *m, const char *prefix, const char *name, int ndim,
                           const int64_t *shape)
{
    const dc3_tensor *found = take(m, prefix, name, ndim, shape, 0, NULL);
    if (!found || is_param(found)) return found ? *found : (dc3_tensor){0};
    dc3_tensor t = *found;
    if (m->device->host_visible) {
        t.device = m->device;
        t.id = dc3_tensor_new_id();
        return t;
    }
    t = new_tensor(m, found->dtype, found->ndim, found->shape);
    if (m->status == DC3_OK) dc3_module_fail(m, dc3_tensor_write(&t, found->data));
    return m->status == DC3_OK ? t : (dc3_tensor){0};
}

void dc3_take_own(dc3_module *m, dc3_weight *weight, dc3_tensor tensor)
{
    if (m->status != DC3_OK) return;
    if (weight->parts == 0) {
        if (!grow(m, (void **)&m->weights, m->weight_count)) return;
        m->weights[m->weight_count++] = weight;
    }
    weight->part[weight->parts++] = tensor;
    for (size_t i = 0; i < m->param_count; i++)
        if (m->params[i]->value.id == tensor.id) {
            m->params[i]->weight = weight;
            weight->version = 1; /* its values may change: not a file's pages that can be let go */
        }
}

void dc3_take_weight_at(dc3_module *m, dc3_weight *weight, const char *prefix, const char *name, int ndim,
                        const int64_t *shape, const dc3_place *place)
{
    const dc3_tensor *found = take(m, prefix, name, ndim, shape, 0, place);
    if (found) dc3_take_own(m, weight, *found);
}

void dc3_take_weight(dc3_module *m, dc3_weight *weight, const char *prefix, const char *name, int ndim,
                     const int64_t *shape)
{
    dc3_take_weight_at(m, weight, prefix, name, ndim, shape, NULL);
}

void dc3_take_new_weight(dc3_module *m, dc3_weight *weight, const char *prefix, const char *name,
                         dc3_init init, int ndim, const int64_t *shape)
{
    char text[DC3_NAME_SIZE];
    dc3_init before = m->init;
    if (m->status != DC3_OK) return;
    m->init = init;
    const dc3_tensor *made = take_param(m, dc3_name(text, "%s.%s", prefix, name), ndim, shape, NULL, 0, NULL);
    m->init = before;
    if (made) dc3_take_own(m, weight, *made);
}

/* A parameter, or the file's tensor as f32 on the device. */
static dc3_tensor on_device(dc3_module *m, const dc3_tensor *found)
{
    if (!found || is_param(found)) return found ? *found : (dc3_tensor){0};
    dc3_tensor t = dc3_module_tensor(m, found->ndim, found->shape);
    if (m->status == DC3_OK) dc3_module_fail(m, set_values(NULL, NULL, found, &t));
    return m->status == DC3_OK ? t : (dc3_tensor){0};
}

dc3_tensor dc3_take_values(dc3_module *m, const char *prefix, const char *name, int ndim,
                           const int64_t *shape)
{
    return on_device(m, take(m, prefix, name, ndim, shape, 0, NULL));
}

dc3_tensor dc3_take_vector(dc3_module *m, const char *prefix, const char *name, int64_t n)
{
    return dc3_take_values(m, prefix, name, 1, &n);
}

dc3_tensor dc3_take_bias(dc3_module *m, const char *prefix, const char *name, int64_t n, int64_t fan_in,
                         const dc3_place *place)
{
    return on_device(m, take(m, prefix, name, 1, &n, (double)fan_in, place));
}

void dc3_read_vector(dc3_module *m, const char *prefix, const char *name, int64_t n, float *values)
{
    const dc3_tensor *found = take(m, prefix, name, 1, &n, 0, NULL);
    if (found) dc3_module_fail(m, dc3_convert(found->data, found->dtype, values, DC3_F32, n));
}
