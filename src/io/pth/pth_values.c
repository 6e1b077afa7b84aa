/* Instructions that push a number, a text or an empty container. */
#include "io/pth/pth_opcodes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

dc3_status dc3_op_protocol(dc3_pickle *p, int argument)
{
    uint64_t version;
    char found[32];
    (void)argument;
    DC3_TRY(dc3_pickle_take_number(p, 1, &version));
    if (version >= 2 && version <= 5) return DC3_OK;
    snprintf(found, sizeof found, "%d", (int)version);
    return dc3_pickle_bad(p, "pickle protocol 2 to 5", found);
}

dc3_status dc3_op_skip(dc3_pickle *p, int width)
{
    const unsigned char *bytes;
    return dc3_pickle_take(p, (uint64_t)width, &bytes);
}

dc3_status dc3_op_real(dc3_pickle *p, int width)
{
    dc3_pickle_value *value;
    DC3_TRY(dc3_op_skip(p, width));
    return dc3_pickle_push_new(p, DC3_PICKLE_OTHER, &value);
}

dc3_status dc3_op_integer(dc3_pickle *p, int width)
{
    uint64_t number;
    dc3_pickle_value *value;
    DC3_TRY(dc3_pickle_take_number(p, width, &number));
    DC3_TRY(dc3_pickle_push_new(p, DC3_PICKLE_INT, &value));
    value->number = width == 4 ? (int32_t)(uint32_t)number : (int64_t)number;
    return DC3_OK;
}

dc3_status dc3_op_boolean(dc3_pickle *p, int truth)
{
    dc3_pickle_value *value;
    DC3_TRY(dc3_pickle_push_new(p, DC3_PICKLE_BOOL, &value));
    value->number = truth;
    return DC3_OK;
}

dc3_status dc3_op_empty(dc3_pickle *p, int kind)
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

dc3_status dc3_op_text(dc3_pickle *p, int width)
{
    dc3_pickle_value *value;
    return counted(p, width, DC3_PICKLE_TEXT, &value);
}

dc3_status dc3_op_binary(dc3_pickle *p, int width)
{
    dc3_pickle_value *value;
    return counted(p, width, DC3_PICKLE_OTHER, &value);
}

/* Two's complement of any length; what does not fit 64 bits stays bytes. */
dc3_status dc3_op_long_integer(dc3_pickle *p, int width)
{
    dc3_pickle_value *value;
    DC3_TRY(counted(p, width, DC3_PICKLE_OTHER, &value));
    if (value->size > 8) return DC3_OK;
    uint64_t number = value->size && value->text[value->size - 1] & 0x80 ? UINT64_MAX : 0;
    for (size_t i = value->size; i > 0; i--) number = number << 8 | value->text[i - 1];
    *value = (dc3_pickle_value){.kind = DC3_PICKLE_INT, .number = (int64_t)number};
    return DC3_OK;
}

/* The text up to the next line's end. */
dc3_status dc3_op_take_line(dc3_pickle *p, dc3_pickle_value **line)
{
    const unsigned char *first = p->data + p->at, *end = memchr(first, '\n', p->size - p->at);
    if (!end) return dc3_pickle_bad(p, "a line", "no end of one (is the file truncated?)");
    DC3_TRY(dc3_pickle_new(p, DC3_PICKLE_TEXT, line));
    (*line)->text = first;
    (*line)->size = (size_t)(end - first);
    p->at += (*line)->size + 1;
    return DC3_OK;
}

/* What protocols 0 and 1 wrote on a line: I01, 12, 12L, 1.5. */
dc3_status dc3_op_line_value(dc3_pickle *p, int kind)
{
    dc3_pickle_value *line;
    char digits[24];
    DC3_TRY(dc3_op_take_line(p, &line));
    line->kind = (dc3_pickle_kind)kind;
    if (kind == DC3_PICKLE_INT) {
        int fits = line->size < sizeof digits && dc3_pickle_string(line, digits, sizeof digits);
        *line = (dc3_pickle_value){.kind = fits ? DC3_PICKLE_INT : DC3_PICKLE_OTHER};
        if (fits) line->number = strtoll(digits, NULL, 10);
    } else if (kind == DC3_PICKLE_OTHER)
        *line = (dc3_pickle_value){.kind = DC3_PICKLE_OTHER};
    return dc3_pickle_push(p, line);
}

/* The same of texts: without quotes and with what else Python's raw-unicode-escape has, or in quotes. */
dc3_status dc3_op_line_text(dc3_pickle *p, int form)
{
    dc3_pickle_value *line;
    DC3_TRY(dc3_op_take_line(p, &line));
    line->number = form;
    int quoted = form == DC3_PICKLE_STRING && line->size >= 2 && (*line->text == '\'' || *line->text == '"');
    if (quoted) line->text++, line->size -= 2;
    return dc3_pickle_push(p, line);
}
