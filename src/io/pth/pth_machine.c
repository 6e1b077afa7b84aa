#include "io/pth/pth_machine.h"

#include <stdlib.h>

enum { BLOCK = 512 };

typedef struct dc3_pickle_block {
    struct dc3_pickle_block *next;
    size_t used;
    dc3_pickle_value values[BLOCK];
} block;

const char *dc3_pickle_what(const dc3_pickle_value *value)
{
    static const char *const names[] = {"None",      "a bool",   "an integer", "a string",
                                        "a tuple",   "a list",   "a dict",     "a global",
                                        "a storage", "a tensor", "a tensor",   "another value"};
    return names[value->kind];
}

dc3_status dc3_pickle_bad(const dc3_pickle *p, const char *expected, const char *found)
{
    return dc3_fail(DC3_ERR_FORMAT, "%s: pickle byte %zu: expected %s, found %s", p->origin, p->opcode_at,
                    expected, found);
}

dc3_status dc3_pickle_no_memory(const dc3_pickle *p)
{
    return dc3_fail(DC3_ERR_MEMORY, "%s: out of memory", p->origin);
}

dc3_status dc3_pickle_new(dc3_pickle *p, dc3_pickle_kind kind, dc3_pickle_value **value)
{
    if (!p->blocks || p->blocks->used == BLOCK) {
        block *added = malloc(sizeof *added);
        if (!added) return dc3_pickle_no_memory(p);
        added->next = p->blocks;
        added->used = 0;
        p->blocks = added;
    }
    *value = &p->blocks->values[p->blocks->used++];
    **value = (dc3_pickle_value){.kind = kind};
    return DC3_OK;
}

size_t dc3_pickle_room(size_t count)
{
    size_t room = count ? 4 : 0;
    while (room < count) room *= 2;
    return room;
}

static dc3_status charge(dc3_pickle *p, size_t count)
{
    if (count > DC3_PICKLE_MOST - p->charged)
        return dc3_pickle_bad(p, "a pickle of at most 4194304 items", "more");
    p->charged += count;
    return DC3_OK;
}

static int is_tensor_entry(const dc3_pickle_value *key, const dc3_pickle_value *value)
{
    return key->kind == DC3_PICKLE_TEXT && value->kind == DC3_PICKLE_TENSOR;
}

dc3_status dc3_pickle_extend(dc3_pickle *p, dc3_pickle_value *value, dc3_pickle_value *const *items,
                             size_t count)
{
    DC3_TRY(charge(p, count));
    size_t room = dc3_pickle_room(value->size + count);
    if (room > dc3_pickle_room(value->size)) {
        dc3_pickle_value **larger = realloc(value->items, room * sizeof(dc3_pickle_value *));
        if (!larger) return dc3_pickle_no_memory(p);
        value->items = larger;
    }
    for (size_t i = 0; i < count; i++) value->items[value->size++] = items[i];
    if (value->kind == DC3_PICKLE_DICT)
        for (size_t i = 0; i < count; i += 2)
            if (is_tensor_entry(items[i], items[i + 1])) value->number++;
    return DC3_OK;
}

dc3_status dc3_pickle_push(dc3_pickle *p, dc3_pickle_value *value)
{
    DC3_TRY(charge(p, 1));
    if (p->depth == p->room) {
        size_t room = p->room ? p->room * 2 : 64;
        dc3_pickle_value **larger = realloc(p->stack, room * sizeof(dc3_pickle_value *));
        if (!larger) return dc3_pickle_no_memory(p);
        p->stack = larger;
        p->room = room;
    }
    p->stack[p->depth++] = value;
    return DC3_OK;
}

dc3_status dc3_pickle_push_new(dc3_pickle *p, dc3_pickle_kind kind, dc3_pickle_value **value)
{
    DC3_TRY(dc3_pickle_new(p, kind, value));
    return dc3_pickle_push(p, *value);
}

dc3_status dc3_pickle_top(const dc3_pickle *p, dc3_pickle_value **value)
{
    if (!p->depth) return dc3_pickle_bad(p, "a value on the stack", "none");
    *value = p->stack[p->depth - 1];
    return *value ? DC3_OK : dc3_pickle_bad(p, "a value on the stack", "a mark");
}

dc3_status dc3_pickle_pop(dc3_pickle *p, dc3_pickle_value **value)
{
    DC3_TRY(dc3_pickle_top(p, value));
    p->depth--;
    return DC3_OK;
}

dc3_status dc3_pickle_pop_many(dc3_pickle *p, size_t *count, dc3_pickle_value ***items)
{
    size_t found = 0, marks = *count == 0;
    while (found < p->depth && p->stack[p->depth - 1 - found] && (marks || found < *count)) found++;
    if (marks && found == p->depth) return dc3_pickle_bad(p, "a mark on the stack", "none");
    if (!marks && found < *count) return dc3_pickle_bad(p, "more values on the stack", "fewer");
    *count = found;
    *items = p->stack + p->depth - found;
    p->depth -= found + marks;
    return DC3_OK;
}

dc3_status dc3_pickle_take(dc3_pickle *p, uint64_t count, const unsigned char **bytes)
{
    if (count > p->size - p->at)
        return dc3_fail(DC3_ERR_FORMAT,
                        "%s: pickle byte %zu: expected %llu more byte%s, found %zu (is the file truncated?)",
                        p->origin, p->opcode_at, (unsigned long long)count, count == 1 ? "" : "s",
                        p->size - p->at);
    *bytes = p->data + p->at;
    p->at += (size_t)count;
    return DC3_OK;
}

dc3_status dc3_pickle_take_number(dc3_pickle *p, int width, uint64_t *number)
{
    const unsigned char *bytes = NULL;
    DC3_TRY(dc3_pickle_take(p, (uint64_t)width, &bytes));
    *number = 0;
    for (int i = width - 1; i >= 0; i--) *number = *number << 8 | bytes[i];
    return DC3_OK;
}

static int owns_items(const dc3_pickle_value *value)
{
    return value->kind == DC3_PICKLE_TUPLE || value->kind == DC3_PICKLE_LIST ||
           value->kind == DC3_PICKLE_DICT;
}

void dc3_pickle_close(dc3_pickle **pickle)
{
    dc3_pickle *p = *pickle;
    if (!p) return;
    for (block *b = p->blocks, *next; b; b = next) {
        for (size_t i = 0; i < b->used; i++)
            if (owns_items(&b->values[i])) free(b->values[i].items);
        next = b->next;
        free(b);
    }
    free(p->stack);
    free(p->memo);
    free(p);
    *pickle = NULL;
}

const dc3_pickle_value *dc3_pickle_root(const dc3_pickle *pickle)
{
    return pickle->root;
}

const dc3_pickle_value *dc3_pickle_storages(const dc3_pickle *pickle)
{
    return pickle->storages;
}
