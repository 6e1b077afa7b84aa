/* Instructions that fill containers, move the stack and keep values in the memo. */
#include "io/pth/pth_opcodes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

dc3_status dc3_op_mark(dc3_pickle *p, int argument)
{
    (void)argument;
    return dc3_pickle_push(p, NULL);
}

dc3_status dc3_op_discard(dc3_pickle *p, int to_mark)
{
    dc3_pickle_value **items;
    size_t count = 0;
    if (to_mark) return dc3_pickle_pop_many(p, &count, &items);
    if (!p->depth) return dc3_pickle_bad(p, "a value on the stack", "none");
    p->depth--;
    return DC3_OK;
}

/* Of the last `count` values, or of those above the mark where that is 0. */
dc3_status dc3_op_tuple(dc3_pickle *p, int count)
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
    /* An object that takes items by keys is a dict of some class, if it is no NumPy type. */
    if (kind == DC3_PICKLE_DICT && holder->kind == DC3_PICKLE_OTHER && holder->of && !holder->text)
        holder->kind = kind;
    if (holder->kind == DC3_PICKLE_OTHER) return DC3_OK;
    if (holder->kind != kind)
        return dc3_pickle_bad(p, kind == DC3_PICKLE_LIST ? "a list to append to" : "a dict to set items of",
                              dc3_pickle_what(holder));
    if (kind == DC3_PICKLE_DICT && size % 2) return dc3_pickle_bad(p, "keys with values", "one without");
    return dc3_pickle_extend(p, holder, items, size);
}

dc3_status dc3_op_append(dc3_pickle *p, int count)
{
    return add(p, DC3_PICKLE_LIST, count);
}

dc3_status dc3_op_set_items(dc3_pickle *p, int count)
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
dc3_status dc3_op_put(dc3_pickle *p, int width)
{
    uint64_t index = p->memo_count;
    if (width) DC3_TRY(dc3_pickle_take_number(p, width, &index));
    return put_at(p, index);
}

dc3_status dc3_op_get(dc3_pickle *p, int width)
{
    uint64_t index;
    DC3_TRY(dc3_pickle_take_number(p, width, &index));
    return get_at(p, index);
}

dc3_status dc3_op_memo_line(dc3_pickle *p, int puts)
{
    dc3_pickle_value *line;
    char digits[24];
    DC3_TRY(dc3_op_take_line(p, &line));
    int whole =
        dc3_pickle_string(line, digits, sizeof digits) && *digits && !digits[strspn(digits, "0123456789")];
    uint64_t index = whole ? strtoull(digits, NULL, 10) : UINT64_MAX;
    return puts ? put_at(p, index) : get_at(p, index);
}

/* A container of what stands above the mark. */
dc3_status dc3_op_gather(dc3_pickle *p, int kind)
{
    dc3_pickle_value *made, **items;
    size_t count = 0;
    DC3_TRY(dc3_pickle_new(p, (dc3_pickle_kind)kind, &made));
    DC3_TRY(dc3_pickle_pop_many(p, &count, &items));
    if (kind == DC3_PICKLE_DICT && count % 2) return dc3_pickle_bad(p, "keys with values", "one without");
    if (kind != DC3_PICKLE_OTHER) DC3_TRY(dc3_pickle_extend(p, made, items, count));
    return dc3_pickle_push(p, made);
}

dc3_status dc3_op_duplicate(dc3_pickle *p, int argument)
{
    dc3_pickle_value *value;
    (void)argument;
    DC3_TRY(dc3_pickle_top(p, &value));
    return dc3_pickle_push(p, value);
}

dc3_status dc3_op_nothing(dc3_pickle *p, int argument)
{
    dc3_pickle_value *value;
    (void)argument;
    return dc3_pickle_top(p, &value);
}

dc3_status dc3_op_set_add(dc3_pickle *p, int argument)
{
    dc3_pickle_value *holder, **items;
    size_t count = 0;
    (void)argument;
    DC3_TRY(dc3_pickle_pop_many(p, &count, &items));
    return dc3_pickle_top(p, &holder);
}
