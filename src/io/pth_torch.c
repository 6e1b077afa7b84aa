/* What PyTorch's pickles ask for, and what stands for it here. */
#include <stdlib.h>
#include <string.h>
#include "io/pth_pickle.h"

typedef enum role { ORDERED_DICT, NAMESPACE, TENSOR, PARAMETER, STORAGE, OTHER_STORAGE } role;

/* OTHER_STORAGE: of a type that dc3 does not have; harmless where its tensors are not needed. */
static const struct {
    const char *module, *name;
    role role;
    dc3_dtype dtype;
    size_t element;
} globals[] = {
    {"collections", "OrderedDict", ORDERED_DICT, 0, 0},
    {"argparse", "Namespace", NAMESPACE, 0, 0},
    {"torch._utils", "_rebuild_tensor_v2", TENSOR, 0, 0},
    {"torch._utils", "_rebuild_tensor", TENSOR, 0, 0},
    {"torch._utils", "_rebuild_parameter", PARAMETER, 0, 0},
    {"torch.nn.parameter", "Parameter", PARAMETER, 0, 0},
    {"torch", "FloatStorage", STORAGE, DC3_F32, 4},
    {"torch", "HalfStorage", STORAGE, DC3_F16, 2},
    {"torch", "BFloat16Storage", STORAGE, DC3_BF16, 2},
    {"torch", "DoubleStorage", STORAGE, DC3_F64, 8},
    {"torch", "LongStorage", STORAGE, DC3_I64, 8},
    {"torch", "IntStorage", STORAGE, DC3_I32, 4},
    {"torch", "ByteStorage", STORAGE, DC3_U8, 1},
    {"torch", "BoolStorage", STORAGE, DC3_BOOL, 1},
    {"torch", "ShortStorage", OTHER_STORAGE, 0, 2},
    {"torch", "CharStorage", OTHER_STORAGE, 0, 1},
    {"torch", "ComplexFloatStorage", OTHER_STORAGE, 0, 8},
    {"torch", "ComplexDoubleStorage", OTHER_STORAGE, 0, 16},
};
enum { GLOBALS = sizeof globals / sizeof *globals };

int dc3_pickle_string(const dc3_pickle_value *value, char *text, size_t size)
{
    int exact = value->size < size;
    size_t count = exact ? value->size : size - 1;
    for (size_t i = 0; i < count; i++) {
        int printable = value->text[i] >= ' ' && value->text[i] < 0x7f;
        text[i] = printable ? (char)value->text[i] : '?';
        exact &= printable;
    }
    text[count] = 0;
    return exact;
}

static int is_text(const dc3_pickle_value *value, const char *text)
{
    return value->kind == DC3_PICKLE_TEXT && value->size == strlen(text) &&
           memcmp(value->text, text, value->size) == 0;
}

const dc3_pickle_value *dc3_pickle_find(const dc3_pickle_value *dict, const char *key)
{
    if (dict->kind != DC3_PICKLE_DICT) return NULL;
    for (size_t i = 0; i < dict->size; i += 2)
        if (is_text(dict->items[i], key)) return dict->items[i + 1];
    return NULL;
}

dc3_status dc3_pickle_global(const char *origin, const dc3_pickle_value *module, const dc3_pickle_value *name,
                             int *global)
{
    char modules[128], names[128];
    for (int i = 0; i < GLOBALS; i++) {
        /* Old checkpoints of models on a GPU name torch.cuda's storages. */
        int cuda = globals[i].element && is_text(module, "torch.cuda");
        if ((cuda || is_text(module, globals[i].module)) && is_text(name, globals[i].name)) {
            *global = i;
            return DC3_OK;
        }
    }
    dc3_pickle_string(module, modules, sizeof modules);
    dc3_pickle_string(name, names, sizeof names);
    return dc3_fail(DC3_ERR_FORMAT,
                    "%s: the pickle asks for '%s.%s', which is not a tensor; dc3 executes nothing from a "
                    "checkpoint; save only the weights: torch.save(model.state_dict(), FILE)",
                    origin, modules, names);
}

/* Python 2 gives the pairs as an argument, Python 3 sets them later. */
static dc3_status ordered_dict(dc3_pickle *p, const dc3_pickle_value *args, dc3_pickle_value **dict)
{
    DC3_TRY(dc3_pickle_new(p, DC3_PICKLE_DICT, dict));
    if (!args->size) return DC3_OK;
    const dc3_pickle_value *list = args->items[0];
    if (args->size > 1 || list->kind != DC3_PICKLE_LIST)
        return dc3_pickle_bad(p, "an OrderedDict of a list", dc3_pickle_what(list));
    for (size_t i = 0; i < list->size; i++) {
        const dc3_pickle_value *pair = list->items[i];
        if ((pair->kind != DC3_PICKLE_LIST && pair->kind != DC3_PICKLE_TUPLE) || pair->size != 2)
            return dc3_pickle_bad(p, "pairs in an OrderedDict", dc3_pickle_what(pair));
        DC3_TRY(dc3_pickle_extend(p, *dict, pair->items, 2));
    }
    return DC3_OK;
}

/* The kinds of the first arguments; a value of another kind is named in the refusal. */
static dc3_status check(const dc3_pickle *p, const char *what, const dc3_pickle_value *args,
                        const dc3_pickle_kind *kinds, size_t count)
{
    if (args->size < count) return dc3_pickle_bad(p, what, "fewer arguments");
    for (size_t i = 0; i < count; i++)
        if (args->items[i]->kind != kinds[i]) return dc3_pickle_bad(p, what, dc3_pickle_what(args->items[i]));
    return DC3_OK;
}

/* (storage, offset, shape, strides, requires_grad, hooks, metadata); only the first four before PyTorch 0.4.
 * The metadata say whether values are to be negated or conjugated. */
static dc3_status tensor(dc3_pickle *p, const dc3_pickle_value *args, dc3_pickle_value **made)
{
    static const dc3_pickle_kind kinds[] = {DC3_PICKLE_STORAGE, DC3_PICKLE_INT, DC3_PICKLE_TUPLE,
                                            DC3_PICKLE_TUPLE};
    DC3_TRY(check(p, "a tensor of a storage, an offset, a shape and strides", args, kinds, 4));
    if (args->size > 6 && args->items[6]->kind != DC3_PICKLE_NONE &&
        (args->items[6]->kind != DC3_PICKLE_DICT || args->items[6]->size))
        return dc3_pickle_bad(p, "a tensor without metadata", dc3_pickle_what(args->items[6]));
    DC3_TRY(dc3_pickle_new(p, DC3_PICKLE_TENSOR, made));
    (*made)->items = args->items;
    (*made)->size = args->size;
    return DC3_OK;
}

dc3_status dc3_pickle_call(dc3_pickle *p, const dc3_pickle_value *callee, const dc3_pickle_value *args,
                           dc3_pickle_value **result)
{
    static const dc3_pickle_kind kinds[] = {DC3_PICKLE_TENSOR};
    switch (globals[callee->global].role) {
    case ORDERED_DICT:
        return ordered_dict(p, args, result);
    case NAMESPACE:
        return dc3_pickle_new(p, DC3_PICKLE_OTHER, result);
    case TENSOR:
        return tensor(p, args, result);
    case PARAMETER:
        DC3_TRY(check(p, "a parameter of a tensor", args, kinds, 1));
        *result = args->items[0];
        return DC3_OK;
    default:
        return dc3_pickle_bad(p, "a dict or a tensor to be made", globals[callee->global].name);
    }
}

dc3_status dc3_pickle_persistent(dc3_pickle *p, const dc3_pickle_value *id, dc3_pickle_value **storage)
{
    static const char what[] = "a storage of a class, a key, a device and a number of elements";
    static const dc3_pickle_kind kinds[] = {DC3_PICKLE_TEXT, DC3_PICKLE_GLOBAL, DC3_PICKLE_TEXT,
                                            DC3_PICKLE_TEXT, DC3_PICKLE_INT};
    if (id->kind != DC3_PICKLE_TUPLE) return dc3_pickle_bad(p, what, dc3_pickle_what(id));
    DC3_TRY(check(p, what, id, kinds, 5));
    if (!is_text(id->items[0], "storage")) return dc3_pickle_bad(p, what, "another persistent id");
    if (!globals[id->items[1]->global].element)
        return dc3_pickle_bad(p, what, globals[id->items[1]->global].name);
    if (id->size > 5 && id->items[5]->kind != DC3_PICKLE_NONE)
        return dc3_pickle_bad(p, "a whole storage", "a view of another storage");
    DC3_TRY(dc3_pickle_new(p, DC3_PICKLE_STORAGE, storage));
    (*storage)->items = id->items;
    (*storage)->size = id->size;
    return DC3_OK;
}

size_t dc3_pickle_element(const dc3_pickle_value *storage)
{
    return globals[storage->items[1]->global].element;
}

const char *dc3_pickle_storage_type(const dc3_pickle_value *storage, int *known, dc3_dtype *dtype)
{
    int global = storage->items[1]->global;
    *known = globals[global].role == STORAGE;
    *dtype = globals[global].dtype;
    return globals[global].name;
}
