/* The instructions of pickles; `argument` and its like are what the table of opcodes gives them. */
#ifndef DC3_IO_PTH_OPCODES_H
#define DC3_IO_PTH_OPCODES_H

#include "io/pth/pth_machine.h"

dc3_status dc3_op_protocol(dc3_pickle *pickle, int argument);
dc3_status dc3_op_skip(dc3_pickle *pickle, int width);
dc3_status dc3_op_real(dc3_pickle *pickle, int width);
dc3_status dc3_op_integer(dc3_pickle *pickle, int width);
dc3_status dc3_op_boolean(dc3_pickle *pickle, int truth);
dc3_status dc3_op_empty(dc3_pickle *pickle, int kind);
dc3_status dc3_op_text(dc3_pickle *pickle, int width);
dc3_status dc3_op_binary(dc3_pickle *pickle, int width);
dc3_status dc3_op_long_integer(dc3_pickle *pickle, int width);
dc3_status dc3_op_take_line(dc3_pickle *pickle, dc3_pickle_value **line);
dc3_status dc3_op_line_value(dc3_pickle *pickle, int kind);
dc3_status dc3_op_line_text(dc3_pickle *pickle, int form);
dc3_status dc3_op_mark(dc3_pickle *pickle, int argument);
dc3_status dc3_op_discard(dc3_pickle *pickle, int to_mark);
dc3_status dc3_op_tuple(dc3_pickle *pickle, int count);
dc3_status dc3_op_append(dc3_pickle *pickle, int count);
dc3_status dc3_op_set_items(dc3_pickle *pickle, int count);
dc3_status dc3_op_put(dc3_pickle *pickle, int width);
dc3_status dc3_op_get(dc3_pickle *pickle, int width);
dc3_status dc3_op_memo_line(dc3_pickle *pickle, int puts);
dc3_status dc3_op_gather(dc3_pickle *pickle, int kind);
dc3_status dc3_op_duplicate(dc3_pickle *pickle, int argument);
dc3_status dc3_op_nothing(dc3_pickle *pickle, int argument);
dc3_status dc3_op_set_add(dc3_pickle *pickle, int argument);
dc3_status dc3_op_global_lines(dc3_pickle *pickle, int argument);
dc3_status dc3_op_global_stack(dc3_pickle *pickle, int argument);
dc3_status dc3_op_extension(dc3_pickle *pickle, int width);
dc3_status dc3_op_call(dc3_pickle *pickle, int named);
dc3_status dc3_op_instance(dc3_pickle *pickle, int on_lines);
dc3_status dc3_op_build(dc3_pickle *pickle, int argument);
dc3_status dc3_op_persistent(dc3_pickle *pickle, int on_line);

#endif
