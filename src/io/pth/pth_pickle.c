#include "io/pth/pth_opcodes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* All opcodes, as in Python's pickletools. */
static const struct {
    dc3_status (*run)(dc3_pickle *p, int argument);
    int argument;
} opcodes[256] = {
    [0x80] = {dc3_op_protocol, 0},
    [0x95] = {dc3_op_skip, 8}, /* the size of a frame */
    ['N'] = {dc3_op_empty, DC3_PICKLE_NONE},
    [0x88] = {dc3_op_boolean, 1},
    [0x89] = {dc3_op_boolean, 0},
    ['K'] = {dc3_op_integer, 1},
    ['M'] = {dc3_op_integer, 2},
    ['J'] = {dc3_op_integer, 4},
    ['I'] = {dc3_op_line_value, DC3_PICKLE_INT},
    ['L'] = {dc3_op_line_value, DC3_PICKLE_INT},
    ['F'] = {dc3_op_line_value, DC3_PICKLE_OTHER},
    [0x8a] = {dc3_op_long_integer, 1},
    [0x8b] = {dc3_op_long_integer, 4},
    ['G'] = {dc3_op_real, 8},
    ['X'] = {dc3_op_text, 4},
    [0x8c] = {dc3_op_text, 1},
    [0x8d] = {dc3_op_text, 8},
    ['T'] = {dc3_op_text, 4}, /* Python 2's str */
    ['U'] = {dc3_op_text, 1},
    ['S'] = {dc3_op_line_text, DC3_PICKLE_STRING},
    ['V'] = {dc3_op_line_text, DC3_PICKLE_RAW_UNICODE},
    ['B'] = {dc3_op_binary, 4},
    ['C'] = {dc3_op_binary, 1},
    [0x8e] = {dc3_op_binary, 8},
    [0x96] = {dc3_op_binary, 8},
    [0x97] = {dc3_op_empty, DC3_PICKLE_OTHER}, /* a buffer beside the pickle */
    [0x98] = {dc3_op_nothing, 0},              /* which is read-only */
    [']'] = {dc3_op_empty, DC3_PICKLE_LIST},
    ['}'] = {dc3_op_empty, DC3_PICKLE_DICT},
    [')'] = {dc3_op_empty, DC3_PICKLE_TUPLE},
    [0x8f] = {dc3_op_empty, DC3_PICKLE_OTHER}, /* a set */
    ['('] = {dc3_op_mark, 0},
    ['0'] = {dc3_op_discard, 0},
    ['1'] = {dc3_op_discard, 1},
    ['2'] = {dc3_op_duplicate, 0},
    ['t'] = {dc3_op_tuple, 0},
    [0x85] = {dc3_op_tuple, 1},
    [0x86] = {dc3_op_tuple, 2},
    [0x87] = {dc3_op_tuple, 3},
    ['l'] = {dc3_op_gather, DC3_PICKLE_LIST},
    ['d'] = {dc3_op_gather, DC3_PICKLE_DICT},
    [0x91] = {dc3_op_gather, DC3_PICKLE_OTHER}, /* a frozenset */
    ['a'] = {dc3_op_append, 1},
    ['e'] = {dc3_op_append, 0},
    ['s'] = {dc3_op_set_items, 2},
    ['u'] = {dc3_op_set_items, 0},
    [0x90] = {dc3_op_set_add, 0},
    ['q'] = {dc3_op_put, 1},
    ['r'] = {dc3_op_put, 4},
    ['p'] = {dc3_op_memo_line, 1},
    [0x94] = {dc3_op_put, 0},
    ['h'] = {dc3_op_get, 1},
    ['j'] = {dc3_op_get, 4},
    ['g'] = {dc3_op_memo_line, 0},
    ['c'] = {dc3_op_global_lines, 0},
    [0x93] = {dc3_op_global_stack, 0},
    [0x82] = {dc3_op_extension, 1},
    [0x83] = {dc3_op_extension, 2},
    [0x84] = {dc3_op_extension, 4},
    ['R'] = {dc3_op_call, 0},
    [0x81] = {dc3_op_call, 0},
    [0x92] = {dc3_op_call, 1},
    ['i'] = {dc3_op_instance, 1},
    ['o'] = {dc3_op_instance, 0},
    ['b'] = {dc3_op_build, 0},
    ['Q'] = {dc3_op_persistent, 0},
    ['P'] = {dc3_op_persistent, 1},
};

static dc3_status run(dc3_pickle *p)
{
    char found[48];
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
