/* Instructions that name globals, and make objects of them. */
#include "io/pth/pth_opcodes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* Two lines: the module and the name in it. */
dc3_status dc3_op_global_lines(dc3_pickle *p, int argument)
{
    dc3_pickle_value *module, *name;
    (void)argument;
    DC3_TRY(dc3_op_take_line(p, &module));
    DC3_TRY(dc3_op_take_line(p, &name));
    return push_global(p, module, name);
}

dc3_status dc3_op_global_stack(dc3_pickle *p, int argument)
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
dc3_status dc3_op_extension(dc3_pickle *p, int width)
{
    DC3_TRY(dc3_op_skip(p, width));
    return dc3_op_empty(p, DC3_PICKLE_OTHER);
}

/* With arguments by name too, which matter for nothing that is known. */
dc3_status dc3_op_call(dc3_pickle *p, int named)
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

/* As classes of Python 2 were made: the class on two lines or the first above the dc3_op_mark, and its
 * arguments. */
dc3_status dc3_op_instance(dc3_pickle *p, int on_lines)
{
    dc3_pickle_value *made, *class, **items;
    size_t count = 0;
    if (on_lines) {
        DC3_TRY(dc3_op_global_lines(p, 0));
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
dc3_status dc3_op_build(dc3_pickle *p, int argument)
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

dc3_status dc3_op_persistent(dc3_pickle *p, int on_line)
{
    dc3_pickle_value *id, *result;
    DC3_TRY(on_line ? dc3_op_take_line(p, &id) : dc3_pickle_pop(p, &id));
    DC3_TRY(dc3_pickle_persistent(p, id, &result));
    if (result->kind == DC3_PICKLE_STORAGE) DC3_TRY(dc3_pickle_extend(p, p->storages, &result, 1));
    return dc3_pickle_push(p, result);
}
