#include "tensor/table.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/rng.h"
#include "tensor/device.h"

typedef struct entry {
    char *name;
    dc3_tensor tensor;
} entry;

typedef struct owned {
    void *thing;
    void (*release)(void *);
} owned;

/* A text of the file, or an odd tensor and what it is. */
typedef struct text {
    char *key, *text;
} text;

typedef struct texts {
    text *list;
    size_t count;
} texts;

struct dc3_table {
    char *origin;
    entry *entries;
    size_t size, capacity;
    size_t *slots; /* open addressing, entry index + 1; slot_count is a power of two */
    size_t slot_count;
    owned *owns;
    size_t own_count;
    texts texts, odds;
    char *notes;
};

dc3_table *dc3_table_new(const char *origin)
{
    dc3_table *table = calloc(1, sizeof *table);
    if (table && !(table->origin = strdup(origin))) {
        free(table);
        table = NULL;
    }
    return table;
}

static void free_texts(texts *t)
{
    for (size_t i = 0; i < t->count; i++) free(t->list[i].key), free(t->list[i].text);
    free(t->list);
}

void dc3_table_close(dc3_table **table)
{
    dc3_table *t = table ? *table : NULL;
    if (!t) return;
    for (size_t i = 0; i < t->own_count; i++) t->owns[i].release(t->owns[i].thing);
    for (size_t i = 0; i < t->size; i++) free(t->entries[i].name);
    free_texts(&t->texts);
    free_texts(&t->odds);
    free(t->notes);
    free(t->owns);
    free(t->entries);
    free(t->slots);
    free(t->origin);
    free(t);
    *table = NULL;
}

dc3_status dc3_table_own(dc3_table *table, void *thing, void (*release)(void *))
{
    owned *owns = realloc(table->owns, (table->own_count + 1) * sizeof *owns);
    if (!owns) return dc3_fail(DC3_ERR_MEMORY, "%s: out of memory", table->origin);
    table->owns = owns;
    owns[table->own_count++] = (owned){thing, release};
    return DC3_OK;
}

static void unmap(void *thing)
{
    dc3_map_close(thing);
    free(thing);
}

dc3_status dc3_table_map(dc3_table *table, const char *path, dc3_table_parse *parse)
{
    dc3_mapping *mapping = malloc(sizeof *mapping);
    if (!mapping) return dc3_fail(DC3_ERR_MEMORY, "%s: out of memory", path);
    dc3_status status = dc3_map_open(path, mapping);
    if (status == DC3_OK) status = dc3_table_own(table, mapping, unmap);
    if (status != DC3_OK) {
        unmap(mapping);
        return status;
    }
    return parse(path, mapping->data, mapping->size, table);
}

dc3_status dc3_table_open(const char *path, dc3_table_parse *parse, dc3_table **table)
{
    *table = dc3_table_new(path);
    if (!*table) return dc3_fail(DC3_ERR_MEMORY, "%s: out of memory", path);
    dc3_status status = dc3_table_map(*table, path, parse);
    if (status != DC3_OK) dc3_table_close(table);
    return status;
}

/* The slot of `name`, or the free slot where it would stand. */
static size_t *slot_of(const dc3_table *table, const char *name)
{
    size_t mask = table->slot_count - 1, i = dc3_hash64(name, strlen(name)) & mask;
    while (table->slots[i] && strcmp(table->entries[table->slots[i] - 1].name, name) != 0) i = (i + 1) & mask;
    return &table->slots[i];
}

static dc3_status grow(dc3_table *table)
{
    size_t capacity = table->capacity ? table->capacity * 2 : 64;
    entry *entries = realloc(table->entries, capacity * sizeof *entries);
    if (entries) table->entries = entries;
    size_t *slots = calloc(capacity * 2, sizeof *slots);
    if (!entries || !slots) {
        free(slots);
        return dc3_fail(DC3_ERR_MEMORY, "%s: out of memory", table->origin);
    }
    free(table->slots);
    table->slots = slots;
    table->capacity = capacity;
    table->slot_count = capacity * 2;
    for (size_t i = 0; i < table->size; i++) *slot_of(table, table->entries[i].name) = i + 1;
    return DC3_OK;
}

dc3_status dc3_table_add(dc3_table *table, const char *name, dc3_tensor tensor)
{
    if (table->size == table->capacity) DC3_TRY(grow(table));
    size_t *slot = slot_of(table, name);
    if (*slot) return dc3_fail(DC3_ERR_FORMAT, "%s: tensor '%.200s' is there twice", table->origin, name);
    entry *added = &table->entries[table->size];
    *added = (entry){strdup(name), tensor};
    if (!added->name) return dc3_fail(DC3_ERR_MEMORY, "%s: out of memory", table->origin);
    *slot = ++table->size;
    return DC3_OK;
}

dc3_status dc3_table_to_host(dc3_table *table)
{
    for (size_t i = 0; i < table->size; i++) {
        dc3_tensor *t = &table->entries[i].tensor;
        if (dc3_tensor_is_host(t)) continue;
        void *values = malloc(dc3_bytes(t) + 1);
        if (!values) return dc3_fail(DC3_ERR_MEMORY, "%s: out of memory", table->origin);
        dc3_status status = dc3_table_own(table, values, free);
        if (status != DC3_OK) {
            free(values);
            return status;
        }
        DC3_TRY(dc3_tensor_read(t, values));
        *t = dc3_view(values, t->dtype, t->ndim, t->shape);
    }
    return DC3_OK;
}

size_t dc3_table_size(const dc3_table *table)
{
    return table->size;
}

const char *dc3_table_name(const dc3_table *table, size_t i)
{
    return table->entries[i].name;
}

const dc3_tensor *dc3_table_at(const dc3_table *table, size_t i)
{
    return &table->entries[i].tensor;
}

const char *dc3_table_origin(const dc3_table *table)
{
    return table->origin;
}

static text *text_of(const texts *t, const char *key)
{
    for (size_t i = 0; i < t->count; i++)
        if (strcmp(t->list[i].key, key) == 0) return &t->list[i];
    return NULL;
}

static dc3_status set_text(const dc3_table *table, texts *t, const char *key, const char *words)
{
    text *found = text_of(t, key);
    char *copy = strdup(words), *name = found ? NULL : strdup(key);
    text *list = found ? t->list : realloc(t->list, (t->count + 1) * sizeof *list);
    if (list) t->list = list;
    if (!list || !copy || (!found && !name)) {
        free(copy);
        free(name);
        return dc3_fail(DC3_ERR_MEMORY, "%s: out of memory", table->origin);
    }
    if (found)
        free(found->text);
    else
        list[t->count++] = (text){name, NULL};
    (found ? found : &list[t->count - 1])->text = copy;
    return DC3_OK;
}

static const char *text_at(const texts *t, size_t i, const char **key)
{
    if (i >= t->count) return NULL;
    *key = t->list[i].key;
    return t->list[i].text;
}

dc3_status dc3_table_set_text(dc3_table *table, const char *key, const char *words)
{
    return set_text(table, &table->texts, key, words);
}

const char *dc3_table_text(const dc3_table *table, const char *key)
{
    const text *found = text_of(&table->texts, key);
    return found ? found->text : NULL;
}

const char *dc3_table_text_at(const dc3_table *table, size_t i, const char **key)
{
    return text_at(&table->texts, i, key);
}

dc3_status dc3_table_add_odd(dc3_table *table, const char *name, const char *what)
{
    enum { MOST = 1024 }; /* of the others it is only known that they are not there */
    return table->odds.count < MOST ? set_text(table, &table->odds, name, what) : DC3_OK;
}

const char *dc3_table_odd_at(const dc3_table *table, size_t i, const char **what)
{
    const char *name = NULL;
    *what = text_at(&table->odds, i, &name);
    return name;
}

dc3_status dc3_table_note(dc3_table *table, const char *format, ...)
{
    char *said, *joined = NULL;
    va_list args;
    va_start(args, format);
    int length = vasprintf(&said, format, args);
    va_end(args);
    if (length >= 0) {
        length = asprintf(&joined, "%s%s%s", dc3_table_notes(table), table->notes ? "; " : "", said);
        free(said);
    }
    if (length < 0) return dc3_fail(DC3_ERR_MEMORY, "%s: out of memory", table->origin);
    free(table->notes);
    table->notes = joined;
    return DC3_OK;
}

const char *dc3_table_notes(const dc3_table *table)
{
    return table->notes ? table->notes : "";
}

size_t dc3_table_place(const dc3_table *table, const char *name)
{
    size_t found = table->size ? *slot_of(table, name) : 0;
    return found ? found - 1 : table->size;
}

const dc3_tensor *dc3_table_find(const dc3_table *table, const char *name)
{
    size_t place = dc3_table_place(table, name);
    return place < table->size ? &table->entries[place].tensor : NULL;
}

dc3_status dc3_table_get(const dc3_table *table, const char *name, int ndim, const int64_t *shape,
                         const dc3_tensor **tensor)
{
    const dc3_tensor *found = dc3_table_find(table, name);
    const text *odd = found ? NULL : text_of(&table->odds, name);
    char want[DC3_SHAPE_TEXT], have[DC3_SHAPE_TEXT];
    if (odd)
        return dc3_fail(DC3_ERR_FORMAT, "%s: tensor '%s': expected a plain tensor of shape %s, found %s",
                        table->origin, name, dc3_shape_text(ndim, shape, want, sizeof want), odd->text);
    if (!found)
        return dc3_fail(DC3_ERR_FORMAT, "%s: tensor '%s' of shape %s is missing", table->origin, name,
                        dc3_shape_text(ndim, shape, want, sizeof want));
    int same = found->ndim == ndim;
    for (int i = 0; same && i < ndim; i++) same = shape[i] < 0 || shape[i] == found->shape[i];
    if (!same)
        return dc3_fail(DC3_ERR_FORMAT, "%s: tensor '%s' should have shape %s, has %s", table->origin, name,
                        dc3_shape_text(ndim, shape, want, sizeof want),
                        dc3_shape_text(found->ndim, found->shape, have, sizeof have));
    *tensor = found;
    return DC3_OK;
}
