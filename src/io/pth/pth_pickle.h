/* The pickles inside .pth files, read by a machine that makes containers, numbers, strings, storages and
 * tensors and calls nothing: a pickle is a program, and this one has no instruction that leaves it. What it
 * does not know becomes a value without a meaning. Nothing here recurses, so nesting and cycles need no
 * limit.
 */
#ifndef DC3_IO_PTH_PICKLE_H
#define DC3_IO_PTH_PICKLE_H

#include "tensor/tensor.h"

typedef enum dc3_pickle_kind {
    DC3_PICKLE_NONE,
    DC3_PICKLE_BOOL,
    DC3_PICKLE_INT,
    DC3_PICKLE_TEXT,
    DC3_PICKLE_TUPLE,
    DC3_PICKLE_LIST,
    DC3_PICKLE_DICT,
    DC3_PICKLE_GLOBAL,
    DC3_PICKLE_STORAGE,
    DC3_PICKLE_TENSOR,
    DC3_PICKLE_ODD,  /* a tensor that cannot be read here, or a NumPy array; text: what it is */
    DC3_PICKLE_OTHER /* floats, bytes, long integers, objects of any class */
} dc3_pickle_kind;

/* How bytes stand in a pickle: as they are; each a character of UTF-8, of Python's raw-unicode-escape, or of
 * Python 2's string with its escapes. */
enum { DC3_PICKLE_PLAIN, DC3_PICKLE_UTF8, DC3_PICKLE_RAW_UNICODE, DC3_PICKLE_STRING };

typedef struct dc3_pickle_value dc3_pickle_value;
struct dc3_pickle_value {
    dc3_pickle_kind kind;
    int global; /* GLOBAL: its place in the list of those known, DC3_PICKLE_UNKNOWN for others */
    /* BOOL, INT; DICT: tensors under strings; STORAGE: 1 for a part of another one; ODD: 1 for a NumPy array;
     * TEXT, bytes: how they stand there (DC3_PICKLE_PLAIN, ...). */
    int64_t number;
    /* TEXT, bytes, long integers, a GLOBAL's name, a NumPy type's: inside the pickle, no zero byte behind. */
    const unsigned char *text;
    size_t size; /* bytes of text, or items */
    /* A GLOBAL's module (a TEXT); the GLOBAL that OTHER was made from, NULL for what is no object. */
    const dc3_pickle_value *of;
    const dc3_pickle_value *state; /* what an object of OTHER was given as its attributes */
    /* TUPLE, LIST; DICT: keys and values by turns; STORAGE ("storage", class, key, device, elements) and
     * TENSOR (storage, offset, shape, strides): the arguments they were made from, checked. */
    dc3_pickle_value **items;
};

typedef struct dc3_pickle dc3_pickle;

/* Reads the pickle (protocols 0 to 5) at the start of data, which stays the caller's and must outlive it;
 * `origin` names the file in errors. *used: its bytes. Always close. */
dc3_status dc3_pickle_load(const char *origin, const unsigned char *data, size_t size, dc3_pickle **pickle,
                           size_t *used);
void dc3_pickle_close(dc3_pickle **pickle);
const dc3_pickle_value *dc3_pickle_root(const dc3_pickle *pickle);
/* A LIST of the storages that the pickle names, one as often as it is named. */
const dc3_pickle_value *dc3_pickle_storages(const dc3_pickle *pickle);

/* "a tuple", ... */
const char *dc3_pickle_what(const dc3_pickle_value *value);
/* The same, but "an object of 'module.Class'" for such; into text, which it returns. */
const char *dc3_pickle_describe(const dc3_pickle_value *value, char *text, size_t size);
/* The TEXT as a string, cut to size and with '?' for what is not printable ASCII; returns 1 if it needed
 * neither. */
int dc3_pickle_string(const dc3_pickle_value *value, char *text, size_t size);
/* The value under `key` of a DICT, or NULL. */
const dc3_pickle_value *dc3_pickle_find(const dc3_pickle_value *dict, const char *key);

/* A TEXT or bytes as the bytes that are meant, *size of them; `to` NULL: only counts. 0: it is none, or not
 * well formed. */
int dc3_pickle_decode(const dc3_pickle_value *value, unsigned char *to, size_t *size);
/* 1 for a NumPy array that can be read, of a type that dc3 has, little-endian and not empty: its type and
 * shape into tensor, without data. All sizes are checked against the bytes that the pickle has. NULL is none.
 */
int dc3_pickle_array(const dc3_pickle_value *value, dc3_tensor *tensor);
/* Of such an array: its bytes as the pickle has them, and whether the first index runs fastest in them. */
const dc3_pickle_value *dc3_pickle_array_bytes(const dc3_pickle_value *array, int *fortran);
/* Of such an array: gives the tensor its data in row-major order, new memory for free(). */
dc3_status dc3_pickle_array_copy(const dc3_pickle_value *array, dc3_tensor *tensor);

/* What the machine asks for (pth_torch.c): */
enum { DC3_PICKLE_UNKNOWN = -1 };
/* The place of module.name among the globals that are known, or DC3_PICKLE_UNKNOWN. */
int dc3_pickle_global(const dc3_pickle_value *module, const dc3_pickle_value *name);
/* What stands for the result of calling a GLOBAL, or another value, with a TUPLE; and for a persistent id: a
 * STORAGE, a module's class, or OTHER. */
dc3_status dc3_pickle_call(dc3_pickle *pickle, const dc3_pickle_value *callee, const dc3_pickle_value *args,
                           dc3_pickle_value **result);
dc3_status dc3_pickle_persistent(dc3_pickle *pickle, const dc3_pickle_value *id, dc3_pickle_value **result);
/* Bytes of one of the storage's elements. */
size_t dc3_pickle_element(const dc3_pickle_value *storage);
/* "FloatStorage", and whether dc3 has its type. */
const char *dc3_pickle_storage_type(const dc3_pickle_value *storage, int *known, dc3_dtype *dtype);

/* What pth_torch.c asks of the machine: a new value, more items for it, and "file: pickle byte N: expected
 * ..., found ...". */
dc3_status dc3_pickle_new(dc3_pickle *pickle, dc3_pickle_kind kind, dc3_pickle_value **value);
dc3_status dc3_pickle_extend(dc3_pickle *pickle, dc3_pickle_value *value, dc3_pickle_value *const *items,
                             size_t count);
dc3_status dc3_pickle_bad(const dc3_pickle *pickle, const char *expected, const char *found);

#endif
