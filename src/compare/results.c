#include "compare/results.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"

enum { LIMIT = 1 << 28 }; /* bytes of results.jsonl */

/* ---- the hash table: open addressing, at most half full ---- */

static uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ ((const unsigned char *)bytes)[i]) * 0x100000001b3; /* FNV-1a */
    return hash;
}

static uint64_t hash_cell(int64_t amount, int64_t seed, const char *const names[4])
{
    uint64_t hash = hash_bytes(0xcbf29ce484222325, &amount, sizeof amount);
    hash = hash_bytes(hash, &seed, sizeof seed);
    for (int i = 0; i < 4; i++) hash = hash_bytes(hash, names[i], strlen(names[i]) + 1);
    return hash;
}

static const char *text_of(const json_t *line, const char *key)
{
    return json_string_value(json_object_get(line, key));
}

static int64_t number_of(const json_t *line, const char *key)
{
    return json_integer_value(json_object_get(line, key));
}

/* 1 if a line is of a cell; `any`: of any seed. */
static int is_of(const json_t *line, int any, int64_t amount, int64_t seed, const char *const names[4])
{
    static const char *const keys[] = {"method", "arch", "labels", "augment"};
    for (int i = 0; i < 4; i++) {
        const char *text = text_of(line, keys[i]);
        if (!text || strcmp(text, names[i]) != 0) return 0;
    }
    return dc3_line_amount(line) == amount && (any || number_of(line, "seed") == seed);
}

/* The slot of a cell, or the empty one where it belongs; `seed` below 0: of any. */
static size_t *slot_of(const dc3_results *r, int64_t amount, int64_t seed, const char *const names[4])
{
    size_t any = seed < 0, mask = r->size - 1, at = hash_cell(amount, seed, names) & mask;
    for (; r->slots[at]; at = (at + 1) & mask) {
        size_t entry = r->slots[at] - 1;
        if ((entry & 1) == any && is_of(json_array_get(r->lines, entry >> 1), (int)any, amount, seed, names))
            break;
    }
    return r->slots + at;
}

/* Enters a line that has a cell, unless an earlier one has the same. */
static void enter(dc3_results *r, size_t place)
{
    const json_t *line = json_array_get(r->lines, place);
    const char *names[] = {text_of(line, "method"), text_of(line, "arch"), text_of(line, "labels"),
                           text_of(line, "augment")};
    int64_t seed = number_of(line, "seed"), seeds[] = {seed, -1};
    if (!names[0] || !names[1] || !names[2] || !names[3]) return;
    for (int i = seed < 0; i < 2; i++) {
        size_t *slot = slot_of(r, dc3_line_amount(line), seeds[i], names);
        if (!*slot) *slot = 2 * place + 1 + (size_t)i;
    }
}

/* Room for two entries of each line, twice. */
static dc3_status grow(dc3_results *r)
{
    size_t lines = json_array_size(r->lines), size = r->size ? r->size : 64;
    if (4 * lines <= r->size) return DC3_OK;
    while (size < 4 * lines) size *= 2;
    size_t *slots = calloc(size, sizeof *slots);
    if (!slots) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    free(r->slots);
    r->slots = slots;
    r->size = size;
    for (size_t i = 0; i < lines; i++) enter(r, i);
    return DC3_OK;
}

json_t *dc3_results_find(const dc3_results *r, const dc3_cell *w)
{
    const char *const names[] = {w->method, w->arch, w->labels, w->augment};
    if (!r->size) return NULL;
    size_t entry = *slot_of(r, dc3_cell_amount(w), w->seed, names);
    return entry ? json_array_get(r->lines, (entry - 1) >> 1) : NULL;
}

const json_t *dc3_results_teachers(const dc3_results *r)
{
    size_t i;
    json_t *line;
    json_array_foreach(r->lines, i, line)
    {
        if (json_array_size(json_object_get(line, "teachers")) > 1) return line;
    }
    return NULL;
}

/* ---- the file ---- */

static dc3_status add_augment(json_t *lines, const char *augment)
{
    size_t i;
    json_t *line;
    json_array_foreach(lines, i, line)
    {
        if (!json_object_get(line, "augment") &&
            json_object_set_new(line, "augment", json_string(augment)) != 0)
            return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    }
    return DC3_OK;
}

static dc3_status read_unmet(const char *out, dc3_results *r)
{
    char *path = dc3_path_join(out, "unmet.json");
    dc3_status status = path ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (path && dc3_path_what(path) == DC3_PATH_FILE)
        status = dc3_json_read(path, LIMIT, &r->unmet);
    else if (path && !(r->unmet = json_object()))
        status = dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK && !json_is_object(r->unmet))
        status = dc3_fail(DC3_ERR_FORMAT, "%s: expected an object, as dc3 compare writes it", path);
    free(path);
    return status;
}

double dc3_results_needed(const dc3_results *r, const dc3_cell *cell)
{
    char *place = cell->budget && json_object_size(r->unmet) ? dc3_cell_folder(".", cell) : NULL;
    double needed = place ? json_number_value(json_object_get(r->unmet, place + 2)) : 0;
    free(place);
    return needed > 0 ? needed : 0;
}

dc3_status dc3_results_add_unmet(const char *out, dc3_results *r, const dc3_cell *cell, double needed)
{
    char *place = dc3_cell_folder(".", cell);
    int failed = !place || json_object_set_new(r->unmet, place + 2, json_real(needed)) != 0;
    free(place);
    if (failed) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    return dc3_json_write(out, "unmet.json", r->unmet, JSON_SORT_KEYS);
}

dc3_status dc3_results_read(const char *out, const char *augment, dc3_results *r)
{
    char *path = dc3_path_join(out, "results.jsonl");
    dc3_status status = path ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    *r = (dc3_results){0};
    if (path && dc3_path_what(path) == DC3_PATH_FILE)
        status = dc3_json_read_lines(path, LIMIT, &r->lines);
    else if (path && !(r->lines = json_array()))
        status = dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK) status = add_augment(r->lines, augment);
    if (status == DC3_OK) status = grow(r);
    if (status == DC3_OK) status = read_unmet(out, r);
    free(path);
    return status;
}

void dc3_results_free(dc3_results *r)
{
    json_decref(r->lines);
    json_decref(r->unmet);
    free(r->slots);
    *r = (dc3_results){0};
}

dc3_status dc3_results_add(dc3_results *r, json_t *line)
{
    if (!line || json_array_append_new(r->lines, line) != 0) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    size_t size = r->size;
    DC3_TRY(grow(r));
    if (r->size == size) enter(r, json_array_size(r->lines) - 1);
    return DC3_OK;
}

dc3_status dc3_results_write(const char *out, const dc3_results *r)
{
    dc3_draft draft = {0};
    size_t i;
    json_t *line;
    char *path = dc3_path_join(out, "results.jsonl");
    dc3_status status = path ? dc3_draft_open(&draft) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    json_array_foreach(r->lines, i, line)
    {
        char *one = status == DC3_OK ? json_dumps(line, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
        if (one)
            fprintf(draft.file, "%s\n", one);
        else if (status == DC3_OK)
            status = dc3_fail(DC3_ERR_MEMORY, "out of memory");
        free(one);
    }
    status = dc3_draft_write(&draft, status, path);
    free(path);
    return status;
}
