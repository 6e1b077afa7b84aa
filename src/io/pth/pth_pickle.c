#include "io/pth/pth_machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The instructions; `argument` is what the table of opcodes gives them. */
static dc3_status protocol(dc3_pickle *p, int argument)
{
    uint64_t version;
    char found[32];
    (void)argument;
    DC3_TRY(dc3_pickle_take_number(p, 1, &version));
    if (version >= 2 && version <= 5) return DC3_OK;
    snprintf(found, sizeof found, "%d", (int)version);
    return dc3_pickle_bad(p, "pickle protocol 2 to 5", found);
}

static dc3_status skip(dc3_pickle *p, int width)
{
    const unsigned char *bytes;
    return dc3_pickle_take(p, (uint64_t)width, &bytes);
}

static dc3_status real(dc3_pickle *p, int width)
{
    dc3_pickle_value *value;
    DC3_TRY(skip(p, width));
    return dc3_pickle_push_new(p, DC3_PICKLE_OTHER, &value);
}

static dc3_status integer(dc3_pickle *p, int width)
{
    uint64_t number;
    dc3_pickle_value *value;
    DC3_TRY(dc3_pickle_take_number(p, width, &number));
    DC3_TRY(dc3_pickle_push_new(p, DC3_PICKLE_INT, &value));
    value->number = width == 4 ? (int32_t)(uint32_t)number : (int64_t)number;
    return DC3_OK;
}

static dc3_status boolean(dc3_pickle *p, int truth)
{
    dc3_pickle_value *value;
    DC3_TRY(dc3_pickle_push_new(p, DC3_PICKLE_BOOL, &value));
    value->number = truth;
    return DC3_OK;
}

static dc3_status empty(dc3_pickle *p, int kind)
{
    dc3_pickle_value *value;
    return dc3_pickle_push_new(p, (dc3_pickle_kind)kind, &value);
}

static dc3_status counted(dc3_pickle *p, int width, dc3_pickle_kind kind, dc3_pickle_value **value)
{
    uint64_t count;
    const unsigned char *bytes;
    DC3_TRY(dc3_pickle_take_number(p, width, &count));
    DC3_TRY(dc3_pickle_take(p, count, &bytes));
    DC3_TRY(dc3_pickle_push_new(p, kind, value));
    (*value)->text = bytes;
    (*value)->size = (size_t)count;
    return DC3_OK;
}

static dc3_status text(dc3_pickle *p, int width)
{
    dc3_pickle_value *value;
    return counted(p, width, DC3_PICKLE_TEXT, &value);
}

static dc3_status binary(dc3_pickle *p, int width)
{
    dc3_pickle_value *value;
    return counted(p, width, DC3_PICKLE_OTHER, &value);
}

/* Two's complement of any length; what does not fit 64 bits stays bytes. */
static dc3_status long_integer(dc3_pickle *p, int width)
{
    dc3_pickle_value *value;
    DC3_TRY(counted(p, width, DC3_PICKLE_OTHER, &value));
    if (value->size > 8) return DC3_OK;
    uint64_t number = value->size && value->text[value->size - 1] & 0x80 ? UINT64_MAX : 0;
    for (size_t i = value->size; i > 0; i--) number = number << 8 | value->text[i - 1];
    *value = (dc3_pickle_value){.kind = DC3_PICKLE_INT, .number = (int64_t)number};
    return DC3_OK;
}

static dc3_status mark(dc3_pickle *p, int argument)
{
    (void)argument;
    return dc3_pickle_push(p, NULL);
}

static dc3_status discard(dc3_pickle *p, int to_mark)
{
    dc3_pickle_value **items;
    size_t count = 0;
    if (to_mark) return dc3_pickle_pop_many(p, &count, &items);
    if (!p->depth) return dc3_pickle_bad(p, "a value on the stack", "none");
    p->depth--;
    return DC3_OK;
}

/* Of the last `count` values, or of those above the mark where that is 0. */
static dc3_status tuple(dc3_pickle *p, int count)
{
    dc3_pickle_value *made, **items;
    size_t size = (size_t)count;
    DC3_TRY(dc3_pickle_new(p, DC3_PICKLE_TUPLE, &made));
    DC3_TRY(dc3_pickle_pop_many(p, &size, &items));
    DC3_TRY(dc3_pickle_extend(p, made, items, size));
    return dc3_pickle_push(p, made);
}

/* As many values into the container below them. */
static dc3_status add(dc3_pickle *p, dc3_pickle_kind kind, int count)
{
    dc3_pickle_value *holder, **items;
    size_t size = (size_t)count;
    DC3_TRY(dc3_pickle_pop_many(p, &size, &items));
    DC3_TRY(dc3_pickle_top(p, &holder));
    /* An object that takes items by keys is a dict of some class. */
    if (kind == DC3_PICKLE_DICT && holder->kind == DC3_PICKLE_OTHER && holder->of) holder->kind = kind;
    if (holder->kind == DC3_PICKLE_OTHER) return DC3_OK;
    if (holder->kind != kind)
        return dc3_pickle_bad(p, kind == DC3_PICKLE_LIST ? "a list to append to" : "a dict to set items of",
                              dc3_pickle_what(holder));
    if (kind == DC3_PICKLE_DICT && size % 2) return dc3_pickle_bad(p, "keys with values", "one without");
    return dc3_pickle_extend(p, holder, items, size);
}

static dc3_status append(dc3_pickle *p, int count)
{
    return add(p, DC3_PICKLE_LIST, count);
}

static dc3_status set_items(dc3_pickle *p, int count)
{
    return add(p, DC3_PICKLE_DICT, count);
}

/* An index is not larger than the pickle that counted up to it. */
static dc3_status put_at(dc3_pickle *p, uint64_t index)
{
    dc3_pickle_value *value;
    DC3_TRY(dc3_pickle_top(p, &value));
    if (index >= p->size || index >= DC3_PICKLE_MOST) {
        char found[32];
        snprintf(found, sizeof found, "%llu", (unsigned long long)index);
        return dc3_pickle_bad(p, "a memo index below the pickle's size", found);
    }
    if (index >= p->memo_size) {
        size_t size = dc3_pickle_room((size_t)index + 1);
        dc3_pickle_value **larger = realloc(p->memo, size * sizeof(dc3_pickle_value *));
        if (!larger) return dc3_pickle_no_memory(p);
        memset(larger + p->memo_size, 0, (size - p->memo_size) * sizeof(dc3_pickle_value *));
        p->memo = larger;
        p->memo_size = size;
    }
    p->memo_count += !p->memo[index];
    p->memo[index] = value;
    return DC3_OK;
}

static dc3_status get_at(dc3_pickle *p, uint64_t index)
{
    char found[48];
    if (index < p->memo_size && p->memo[index]) return dc3_pickle_push(p, p->memo[index]);
    snprintf(found, sizeof found, "%llu, which is not", (unsigned long long)index);
    return dc3_pickle_bad(p, "a memo index that was put before", found);
}

/* width 0: the next free place. */
static dc3_status put(dc3_pickle *p, int width)
{
    uint64_t index = p->memo_count;
    if (width) DC3_TRY(dc3_pickle_take_number(p, width, &index));
    return put_at(p, index);
}

static dc3_status get(dc3_pickle *p, int width)
{
    uint64_t index;
    DC3_TRY(dc3_pickle_take_number(p, width, &index));
    return get_at(p, index);
}

static dc3_status push_global(dc3_pickle *p, dc3_pickle_value *module, const dc3_pickle_value *name)
{
    dc3_pickle_value *value;
    DC3_TRY(dc3_pickle_push_new(p, DC3_PICKLE_GLOBAL, &value));
    value->global = dc3_pickle_global(module, name);
    value->text = name->text;
    value->size = name->size;
    value->of = module;
    return DC3_OK;
}

/* The text up to the next line's end. */
static dc3_status take_line(dc3_pickle *p, dc3_pickle_value **line)
{
    const unsigned char *first = p->data + p->at, *end = memchr(first, '\n', p->size - p->at);
    if (!end) return dc3_pickle_bad(p, "a line", "no end of one (is the file truncated?)");
    DC3_TRY(dc3_pickle_new(p, DC3_PICKLE_TEXT, line));
    (*line)->text = first;
    (*line)->size = (size_t)(end - first);
    p->at += (*line)->size + 1;
    return DC3_OK;
}

/* Two lines: the module and the name in it. */
static dc3_status global_lines(dc3_pickle *p, int argument)
{
    dc3_pickle_value *module, *name;
    (void)argument;
    DC3_TRY(take_line(p, &module));
    DC3_TRY(take_line(p, &name));
    return push_global(p, module, name);
}

static dc3_status global_stack(dc3_pickle *p, int argument)
{
    dc3_pickle_value *module, *name;
    (void)argument;
    DC3_TRY(dc3_pickle_pop(p, &name));
    DC3_TRY(dc3_pickle_pop(p, &module));
    if (module->kind != DC3_PICKLE_TEXT || name->kind != DC3_PICKLE_TEXT)
        return dc3_pickle_bad(p, "the name of a global in two strings",
                              dc3_pickle_what(name->kind == DC3_PICKLE_TEXT ? module : name));
    return push_global(p, module, name);
}

/* Of a registry of numbers for globals, which files of tensors do not use. */
static dc3_status extension(dc3_pickle *p, int width)
{
    DC3_TRY(skip(p, width));
    return empty(p, DC3_PICKLE_OTHER);
}

/* With arguments by name too, which matter for nothing that is known. */
static dc3_status call(dc3_pickle *p, int named)
{
    dc3_pickle_value *callee, *args, *result;
    if (named) DC3_TRY(dc3_pickle_pop(p, &args));
    DC3_TRY(dc3_pickle_pop(p, &args));
    DC3_TRY(dc3_pickle_pop(p, &callee));
    if (callee->kind != DC3_PICKLE_GLOBAL && callee->kind != DC3_PICKLE_OTHER)
        return dc3_pickle_bad(p, "a global to be made", dc3_pickle_what(callee));
    if (args->kind != DC3_PICKLE_TUPLE)
        return dc3_pickle_bad(p, "a tuple of arguments", dc3_pickle_what(args));
    DC3_TRY(dc3_pickle_call(p, callee, args, &result));
    return dc3_pickle_push(p, result);
}

/* As classes of Python 2 were made: the class on two lines or the first above the mark, and its arguments. */
static dc3_status instance(dc3_pickle *p, int on_lines)
{
    dc3_pickle_value *made, *class, **items;
    size_t count = 0;
    if (on_lines) {
        DC3_TRY(global_lines(p, 0));
        DC3_TRY(dc3_pickle_pop(p, &class));
    }
    DC3_TRY(dc3_pickle_pop_many(p, &count, &items));
    if (!on_lines && !count) return dc3_pickle_bad(p, "a class to be made", "none");
    if (!on_lines) class = items[0];
    DC3_TRY(dc3_pickle_push_new(p, DC3_PICKLE_OTHER, &made));
    made->of = class->kind == DC3_PICKLE_GLOBAL ? class : class->of;
    return DC3_OK;
}

/* Attributes of an object: the versions of modules with an OrderedDict, whether a parameter had gradients,
 * the parts of a module. */
static dc3_status build(dc3_pickle *p, int argument)
{
    dc3_pickle_value *state, *object;
    (void)argument;
    DC3_TRY(dc3_pickle_pop(p, &state));
    DC3_TRY(dc3_pickle_top(p, &object));
    if (object->kind != DC3_PICKLE_DICT && object->kind != DC3_PICKLE_TENSOR &&
        object->kind != DC3_PICKLE_ODD && object->kind != DC3_PICKLE_OTHER)
        return dc3_pickle_bad(p, "a dict or a tensor to give attributes to", dc3_pickle_what(object));
    object->state = state;
    return DC3_OK;
}

static dc3_status persistent(dc3_pickle *p, int on_line)
{
    dc3_pickle_value *id, *result;
    DC3_TRY(on_line ? take_line(p, &id) : dc3_pickle_pop(p, &id));
    DC3_TRY(dc3_pickle_persistent(p, id, &result));
    if (result->kind == DC3_PICKLE_STORAGE) DC3_TRY(dc3_pickle_extend(p, p->storages, &result, 1));
    return dc3_pickle_push(p, result);
}

/* What protocols 0 and 1 wrote on a line: I01, 12, 12L, 1.5, 'text' with its quotes. */
static dc3_status line_value(dc3_pickle *p, int kind)
{
    dc3_pickle_value *line;
    char digits[24];
    DC3_TRY(take_line(p, &line));
    line->kind = (dc3_pickle_kind)kind;
    int quoted = kind == DC3_PICKLE_TEXT && line->size >= 2 && strchr("'\"", line->text[0]);
    if (quoted) line->text++, line->size -= 2;
    if (kind == DC3_PICKLE_INT) {
        int fits = line->size < sizeof digits && dc3_pickle_string(line, digits, sizeof digits);
        *line = (dc3_pickle_value){.kind = fits ? DC3_PICKLE_INT : DC3_PICKLE_OTHER};
        if (fits) line->number = strtoll(digits, NULL, 10);
    } else if (kind == DC3_PICKLE_OTHER)
        *line = (dc3_pickle_value){.kind = DC3_PICKLE_OTHER};
    return dc3_pickle_push(p, line);
}

static dc3_status memo_line(dc3_pickle *p, int puts)
{
    dc3_pickle_value *line;
    char digits[24];
    DC3_TRY(take_line(p, &line));
    int whole =
        dc3_pickle_string(line, digits, sizeof digits) && *digits && !digits[strspn(digits, "0123456789")];
    uint64_t index = whole ? strtoull(digits, NULL, 10) : UINT64_MAX;
    return puts ? put_at(p, index) : get_at(p, index);
}

/* A container of what stands above the mark. */
static dc3_status gather(dc3_pickle *p, int kind)
{
    dc3_pickle_value *made, **items;
    size_t count = 0;
    DC3_TRY(dc3_pickle_new(p, (dc3_pickle_kind)kind, &made));
    DC3_TRY(dc3_pickle_pop_many(p, &count, &items));
    if (kind == DC3_PICKLE_DICT && count % 2) return dc3_pickle_bad(p, "keys with values", "one without");
    if (kind != DC3_PICKLE_OTHER) DC3_TRY(dc3_pickle_extend(p, made, items, count));
    return dc3_pickle_push(p, made);
}

static dc3_status duplicate(dc3_pickle *p, int argument)
{
    dc3_pickle_value *value;
    (void)argument;
    DC3_TRY(dc3_pickle_top(p, &value));
    return dc3_pickle_push(p, value);
}

static dc3_status nothing(dc3_pickle *p, int argument)
{
    dc3_pickle_value *value;
    (void)argument;
    return dc3_pickle_top(p, &value);
}

static dc3_status set_add(dc3_pickle *p, int argument)
{
    dc3_pickle_value *holder, **items;
    size_t count = 0;
    (void)argument;
    DC3_TRY(dc3_pickle_pop_many(p, &count, &items));
    return dc3_pickle_top(p, &holder);
}

/* All opcodes, as in Python's pickletools. */
static const struct {
    dc3_status (*run)(dc3_pickle *p, int argument);
    int argument;
} opcodes[256] = {
    [0x80] = {protocol, 0},
    [0x95] = {skip, 8}, /* the size of a frame */
    ['N'] = {empty, DC3_PICKLE_NONE},
    [0x88] = {boolean, 1},
    [0x89] = {boolean, 0},
    ['K'] = {integer, 1},
    ['M'] = {integer, 2},
    ['J'] = {integer, 4},
    ['I'] = {line_value, DC3_PICKLE_INT},
    ['L'] = {line_value, DC3_PICKLE_INT},
    ['F'] = {line_value, DC3_PICKLE_OTHER},
    [0x8a] = {long_integer, 1},
    [0x8b] = {long_integer, 4},
    ['G'] = {real, 8},
    ['X'] = {text, 4},
    [0x8c] = {text, 1},
    [0x8d] = {text, 8},
    ['T'] = {text, 4}, /* Python 2's str */
    ['U'] = {text, 1},
    ['S'] = {line_value, DC3_PICKLE_TEXT},
    ['V'] = {line_value, DC3_PICKLE_TEXT},
    ['B'] = {binary, 4},
    ['C'] = {binary, 1},
    [0x8e] = {binary, 8},
    [0x96] = {binary, 8},
    [0x97] = {empty, DC3_PICKLE_OTHER}, /* a buffer beside the pickle */
    [0x98] = {nothing, 0},              /* which is read-only */
    [']'] = {empty, DC3_PICKLE_LIST},
    ['}'] = {empty, DC3_PICKLE_DICT},
    [')'] = {empty, DC3_PICKLE_TUPLE},
    [0x8f] = {empty, DC3_PICKLE_OTHER}, /* a set */
    ['('] = {mark, 0},
    ['0'] = {discard, 0},
    ['1'] = {discard, 1},
    ['2'] = {duplicate, 0},
    ['t'] = {tuple, 0},
    [0x85] = {tuple, 1},
    [0x86] = {tuple, 2},
    [0x87] = {tuple, 3},
    ['l'] = {gather, DC3_PICKLE_LIST},
    ['d'] = {gather, DC3_PICKLE_DICT},
    [0x91] = {gather, DC3_PICKLE_OTHER}, /* a frozenset */
    ['a'] = {append, 1},
    ['e'] = {append, 0},
    ['s'] = {set_items, 2},
    ['u'] = {set_items, 0},
    [0x90] = {set_add, 0},
    ['q'] = {put, 1},
    ['r'] = {put, 4},
    ['p'] = {memo_line, 1},
    [0x94] = {put, 0},
    ['h'] = {get, 1},
    ['j'] = {get, 4},
    ['g'] = {memo_line, 0},
    ['c'] = {global_lines, 0},
    [0x93] = {global_stack, 0},
    [0x82] = {extension, 1},
    [0x83] = {extension, 2},
    [0x84] = {extension, 4},
    ['R'] = {call, 0},
    [0x81] = {call, 0},
    [0x92] = {call, 1},
    ['i'] = {instance, 1},
    ['o'] = {instance, 0},
    ['b'] = {build, 0},
    ['Q'] = {persistent, 0},
    ['P'] = {persistent, 1},
};

static dc3_status run(dc3_pickle *p)
{
    char found[48];
    if (p->size && p->data[0] != 0x80) {
        snprintf(found, sizeof found, "byte 0x%02x", p->data[0]);
        return dc3_pickle_bad(p, "a pickle of protocol 2 to 5", found);
    }
    for (;;) {
        const unsigned char *opcode;
        p->opcode_at = p->at;
        DC3_TRY(dc3_pickle_take(p, 1, &opcode));
        if (*opcode == '.') break;
        if (!opcodes[*opcode].run) {
            snprintf(found, sizeof found, "opcode 0x%02x", *opcode);
            return dc3_pickle_bad(p, "an opcode of a pickle", found);
        }
        DC3_TRY(opcodes[*opcode].run(p, opcodes[*opcode].argument));
    }
    dc3_pickle_value *root;
    DC3_TRY(dc3_pickle_pop(p, &root));
    p->root = root;
    return p->depth ? dc3_pickle_bad(p, "one value at the end", "more") : DC3_OK;
}

dc3_status dc3_pickle_load(const char *origin, const unsigned char *data, size_t size, dc3_pickle **pickle,
                           size_t *used)
{
    dc3_pickle *p = *pickle = calloc(1, sizeof *p);
    if (!p) return dc3_fail(DC3_ERR_MEMORY, "%s: out of memory", origin);
    *p = (dc3_pickle){.origin = origin, .data = data, .size = size};
    DC3_TRY(dc3_pickle_new(p, DC3_PICKLE_LIST, &p->storages));
    DC3_TRY(run(p));
    *used = p->at;
    return DC3_OK;
}
