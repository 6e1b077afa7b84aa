/* What PyTorch's pickles ask for, and what stands for it here. */
#include <stdio.h>
#include <string.h>
#include "io/pth/pth_pickle.h"

/* What stands for a global's result:
 *   DICT        a dict, of pairs or another dict that it is given
 *   SAME        its first argument (a parameter's tensor; the tuple of a torch.Size)
 *   FROM_CLASS  an object of its first argument, a class
 *   FROM_TYPE   what its first argument, a function, makes of its third
 *   TENSOR      a tensor of a storage
 *   ODD         a tensor of a kind that dc3 does not read
 *   BYTES       the characters of its first argument, a text, as bytes (Python 3's bytes at protocols 0 to 2)
 *   ARRAY       a NumPy array, which is given its type, shape and bytes as attributes
 *   BUFFER      a NumPy array of its arguments: bytes, type, shape, order
 *   TYPE        a NumPy type, called by its first argument
 *   STORAGE     the class of a storage; OTHER_STORAGE of a type that dc3 does not have */
typedef enum role {
    DICT,
    SAME,
    FROM_CLASS,
    FROM_TYPE,
    TENSOR,
    ODD,
    BYTES,
    ARRAY,
    BUFFER,
    TYPE,
    STORAGE,
    OTHER_STORAGE
} role;

static const struct {
    const char *module, *name;
    role role;
    dc3_dtype dtype;
    size_t element;  /* bytes */
    const char *odd; /* what an ODD tensor is */
} globals[] = {
    {"collections", "OrderedDict", DICT, 0, 0, NULL},
    {"collections", "defaultdict", DICT, 0, 0, NULL},
    {"collections", "Counter", DICT, 0, 0, NULL},
    {"builtins", "dict", DICT, 0, 0, NULL},
    {"__builtin__", "dict", DICT, 0, 0, NULL},
    {"copyreg", "_reconstructor", FROM_CLASS, 0, 0, NULL},
    {"copy_reg", "_reconstructor", FROM_CLASS, 0, 0, NULL},
    {"copyreg", "__newobj__", FROM_CLASS, 0, 0, NULL},
    {"torch._utils", "_rebuild_tensor_v2", TENSOR, 0, 0, NULL},
    {"torch._utils", "_rebuild_tensor", TENSOR, 0, 0, NULL},
    {"torch._utils", "_rebuild_parameter", SAME, 0, 0, NULL},
    {"torch._utils", "_rebuild_parameter_with_state", SAME, 0, 0, NULL},
    {"torch._utils", "_rebuild_device_tensor_from_cpu_tensor", SAME, 0, 0, NULL},
    {"torch.nn.parameter", "Parameter", SAME, 0, 0, NULL},
    {"torch.nn.parameter", "Buffer", SAME, 0, 0, NULL},
    {"torch", "Size", SAME, 0, 0, NULL},
    {"torch._tensor", "_rebuild_from_type_v2", FROM_TYPE, 0, 0, NULL},
    {"torch._utils", "_rebuild_tensor_v3", ODD, 0, 0, "a tensor of a type that dc3 does not have"},
    {"torch._utils", "_rebuild_qtensor", ODD, 0, 0, "a quantised tensor"},
    {"torch._utils", "_rebuild_sparse_tensor", ODD, 0, 0, "a sparse tensor"},
    {"torch._utils", "_rebuild_sparse_csr_tensor", ODD, 0, 0, "a sparse tensor"},
    {"torch._utils", "_rebuild_nested_tensor", ODD, 0, 0, "a nested tensor"},
    {"torch._utils", "_rebuild_meta_tensor_no_storage", ODD, 0, 0,
     "a tensor of the meta device, without values"},
    {"torch._utils", "_rebuild_wrapper_subclass", ODD, 0, 0, "a tensor of a class of its own"},
    {"torch._utils", "_rebuild_device_tensor_from_numpy", ODD, 0, 0, "a NumPy array"},
    {"numpy.core.multiarray", "_reconstruct", ARRAY, 0, 0, "a NumPy array"},
    {"numpy._core.multiarray", "_reconstruct", ARRAY, 0, 0, "a NumPy array"},
    {"numpy.core.numeric", "_frombuffer", BUFFER, 0, 0, "a NumPy array"},
    {"numpy._core.numeric", "_frombuffer", BUFFER, 0, 0, "a NumPy array"},
    {"numpy", "dtype", TYPE, 0, 0, NULL},
    {"_codecs", "encode", BYTES, 0, 0, NULL},
    {"torch", "FloatStorage", STORAGE, DC3_F32, 4, NULL},
    {"torch", "HalfStorage", STORAGE, DC3_F16, 2, NULL},
    {"torch", "BFloat16Storage", STORAGE, DC3_BF16, 2, NULL},
    {"torch", "DoubleStorage", STORAGE, DC3_F64, 8, NULL},
    {"torch", "LongStorage", STORAGE, DC3_I64, 8, NULL},
    {"torch", "IntStorage", STORAGE, DC3_I32, 4, NULL},
    {"torch", "ShortStorage", STORAGE, DC3_I16, 2, NULL},
    {"torch", "CharStorage", STORAGE, DC3_I8, 1, NULL},
    {"torch", "ByteStorage", STORAGE, DC3_U8, 1, NULL},
    {"torch", "BoolStorage", STORAGE, DC3_BOOL, 1, NULL},
    {"torch", "ComplexFloatStorage", OTHER_STORAGE, 0, 8, NULL},
    {"torch", "ComplexDoubleStorage", OTHER_STORAGE, 0, 16, NULL},
    {"torch", "QInt8Storage", OTHER_STORAGE, 0, 1, NULL},
    {"torch", "QUInt8Storage", OTHER_STORAGE, 0, 1, NULL},
    {"torch", "QInt32Storage", OTHER_STORAGE, 0, 4, NULL},
    {"torch", "QUInt4x2Storage", OTHER_STORAGE, 0, 1, NULL},
    {"torch", "QUInt2x4Storage", OTHER_STORAGE, 0, 1, NULL},
    {"torch.storage", "UntypedStorage", OTHER_STORAGE, 0, 1, NULL},
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

int dc3_pickle_global(const dc3_pickle_value *module, const dc3_pickle_value *name)
{
    for (int i = 0; i < GLOBALS; i++) {
        /* Old checkpoints of models on a GPU name torch.cuda's storages. */
        int cuda = globals[i].element && is_text(module, "torch.cuda");
        if ((cuda || is_text(module, globals[i].module)) && is_text(name, globals[i].name)) return i;
    }
    return DC3_PICKLE_UNKNOWN;
}

const char *dc3_pickle_describe(const dc3_pickle_value *value, char *text, size_t size)
{
    char module[128], name[128];
    const dc3_pickle_value *class = value->kind == DC3_PICKLE_GLOBAL ? value : value->of;
    if (value->kind == DC3_PICKLE_ODD)
        snprintf(text, size, "%.*s", (int)value->size, (const char *)value->text);
    else if (class && class->of) {
        dc3_pickle_string(class->of, module, sizeof module);
        dc3_pickle_string(class, name, sizeof name);
        snprintf(text, size, "%s'%s.%s'", class == value ? "" : "an object of ", module, name);
    } else
        snprintf(text, size, "%s", dc3_pickle_what(value));
    return text;
}

/* Python 2 gives the pairs of an OrderedDict as an argument, Python 3 sets them later; a Counter is given a
 * dict. */
static dc3_status dict_of(dc3_pickle *p, const dc3_pickle_value *args, dc3_pickle_value **dict)
{
    DC3_TRY(dc3_pickle_new(p, DC3_PICKLE_DICT, dict));
    const dc3_pickle_value *from = args->size ? args->items[0] : NULL;
    if (from && from->kind == DC3_PICKLE_DICT) return dc3_pickle_extend(p, *dict, from->items, from->size);
    for (size_t i = 0; from && from->kind == DC3_PICKLE_LIST && i < from->size; i++) {
        const dc3_pickle_value *pair = from->items[i];
        if ((pair->kind == DC3_PICKLE_LIST || pair->kind == DC3_PICKLE_TUPLE) && pair->size == 2)
            DC3_TRY(dc3_pickle_extend(p, *dict, pair->items, 2));
    }
    return DC3_OK;
}

static int is_kind(const dc3_pickle_value *args, size_t i, dc3_pickle_kind kind)
{
    return args->size > i && args->items[i]->kind == kind;
}

static dc3_status odd(dc3_pickle *p, const char *what, dc3_pickle_value **made)
{
    DC3_TRY(dc3_pickle_new(p, DC3_PICKLE_ODD, made));
    (*made)->text = (const unsigned char *)what;
    (*made)->size = strlen(what);
    return DC3_OK;
}

/* (storage, offset, shape, strides, requires_grad, hooks, metadata); only the first four before PyTorch 0.4.
 * The metadata say whether values are to be negated or conjugated. */
static dc3_status tensor(dc3_pickle *p, const dc3_pickle_value *args, dc3_pickle_value **made)
{
    if (!is_kind(args, 0, DC3_PICKLE_STORAGE)) return odd(p, "a tensor without a storage in the file", made);
    if (!is_kind(args, 1, DC3_PICKLE_INT) || !is_kind(args, 2, DC3_PICKLE_TUPLE) ||
        !is_kind(args, 3, DC3_PICKLE_TUPLE))
        return odd(p, "a tensor without an offset, a shape and strides", made);
    if (args->size > 6 && args->items[6]->kind != DC3_PICKLE_NONE &&
        (args->items[6]->kind != DC3_PICKLE_DICT || args->items[6]->size))
        return odd(p, "a tensor whose values are stored negated or conjugated", made);
    if (args->items[0]->number) return odd(p, "a tensor of a part of another storage", made);
    DC3_TRY(dc3_pickle_new(p, DC3_PICKLE_TENSOR, made));
    (*made)->items = args->items;
    (*made)->size = args->size;
    return DC3_OK;
}

static dc3_status object(dc3_pickle *p, const dc3_pickle_value *class, dc3_pickle_value **made)
{
    DC3_TRY(dc3_pickle_new(p, DC3_PICKLE_OTHER, made));
    (*made)->of = class->kind == DC3_PICKLE_GLOBAL ? class : class->of;
    return DC3_OK;
}

static dc3_status bytes(dc3_pickle *p, const dc3_pickle_value *args, dc3_pickle_value **made)
{
    DC3_TRY(dc3_pickle_new(p, DC3_PICKLE_OTHER, made));
    if (!is_kind(args, 0, DC3_PICKLE_TEXT) || args->size < 2 || !is_text(args->items[1], "latin1"))
        return DC3_OK;
    const dc3_pickle_value *text = args->items[0];
    (*made)->text = text->text;
    (*made)->size = text->size;
    (*made)->number = text->number == DC3_PICKLE_PLAIN ? DC3_PICKLE_UTF8 : text->number;
    return DC3_OK;
}

static dc3_status array(dc3_pickle *p, const char *what, dc3_pickle_value **made)
{
    DC3_TRY(odd(p, what, made));
    (*made)->number = 1;
    return DC3_OK;
}

/* Gets the attributes that an array of the older form is given: version, shape, type, order and bytes. */
static dc3_status buffer(dc3_pickle *p, const dc3_pickle_value *args, const char *what,
                         dc3_pickle_value **made)
{
    dc3_pickle_value *state, *fortran;
    DC3_TRY(array(p, what, made));
    if (!is_kind(args, 3, DC3_PICKLE_TEXT)) return DC3_OK;
    int first = is_text(args->items[3], "F");
    if (!first && !is_text(args->items[3], "C")) return DC3_OK;
    DC3_TRY(dc3_pickle_new(p, DC3_PICKLE_BOOL, &fortran));
    fortran->number = first;
    DC3_TRY(dc3_pickle_new(p, DC3_PICKLE_TUPLE, &state));
    dc3_pickle_value *const parts[] = {fortran, args->items[2], args->items[1], fortran, args->items[0]};
    DC3_TRY(dc3_pickle_extend(p, state, parts, sizeof parts / sizeof *parts));
    (*made)->state = state;
    return DC3_OK;
}

static dc3_status type(dc3_pickle *p, const dc3_pickle_value *callee, const dc3_pickle_value *args,
                       dc3_pickle_value **made)
{
    DC3_TRY(object(p, callee, made));
    if (!is_kind(args, 0, DC3_PICKLE_TEXT)) return DC3_OK;
    (*made)->text = args->items[0]->text;
    (*made)->size = args->items[0]->size;
    return DC3_OK;
}

static int role_of(const dc3_pickle_value *value)
{
    int known = value->kind == DC3_PICKLE_GLOBAL && value->global != DC3_PICKLE_UNKNOWN;
    return known ? (int)globals[value->global].role : -1;
}

dc3_status dc3_pickle_call(dc3_pickle *p, const dc3_pickle_value *callee, const dc3_pickle_value *args,
                           dc3_pickle_value **result)
{
    while (role_of(callee) == FROM_TYPE && args->size > 2 && args->items[2]->kind == DC3_PICKLE_TUPLE) {
        callee = args->items[0];
        args = args->items[2];
    }
    switch (role_of(callee)) {
    case DICT:
        return dict_of(p, args, result);
    case FROM_CLASS:
        if (!args->size) break;
        if (role_of(args->items[0]) == DICT) return dc3_pickle_new(p, DC3_PICKLE_DICT, result);
        return object(p, args->items[0], result);
    case TENSOR:
        return tensor(p, args, result);
    case ODD:
        return odd(p, globals[callee->global].odd, result);
    case BYTES:
        return bytes(p, args, result);
    case ARRAY:
        return array(p, globals[callee->global].odd, result);
    case BUFFER:
        return buffer(p, args, globals[callee->global].odd, result);
    case TYPE:
        return type(p, callee, args, result);
    case SAME:
        if (!args->size) break;
        *result = args->items[0];
        return DC3_OK;
    default:
        break;
    }
    return object(p, callee, result);
}

dc3_status dc3_pickle_persistent(dc3_pickle *p, const dc3_pickle_value *id, dc3_pickle_value **result)
{
    static const dc3_pickle_kind kinds[] = {DC3_PICKLE_TEXT, DC3_PICKLE_GLOBAL, DC3_PICKLE_TEXT,
                                            DC3_PICKLE_TEXT, DC3_PICKLE_INT};
    int is_storage = id->kind == DC3_PICKLE_TUPLE;
    /* The form before 1.6 gives a module's class with its source: ("module", class, file, source). */
    if (is_storage && is_kind(id, 1, DC3_PICKLE_GLOBAL) && is_text(id->items[0], "module")) {
        *result = id->items[1];
        return DC3_OK;
    }
    for (size_t i = 0; is_storage && i < sizeof kinds / sizeof *kinds; i++)
        is_storage = is_kind(id, i, kinds[i]);
    is_storage = is_storage && is_text(id->items[0], "storage") && role_of(id->items[1]) >= STORAGE;
    DC3_TRY(dc3_pickle_new(p, is_storage ? DC3_PICKLE_STORAGE : DC3_PICKLE_OTHER, result));
    if (!is_storage) return DC3_OK;
    (*result)->items = id->items;
    (*result)->size = id->size;
    (*result)->number = id->size > 5 && id->items[5]->kind != DC3_PICKLE_NONE;
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
